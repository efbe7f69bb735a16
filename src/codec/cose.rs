//! COSE_Sign1: the signed envelope.
//!
//! Refuses anything but an array of four, critical headers (none is understood), and a payload that stands elsewhere.
//! Signed bytes are kept as received and never encoded again.
//!
//! Source: RFC 9052, section 4.2 and 4.4; hcert-spec 3.3 for what may stand in which header.

use super::cbor::{self, Limits};
use super::item::{Entries, Item, Kind};
use crate::failure::{Code, Failure};
use crate::quirk::{Quirk, Quirks};
use coset::{CborSerializable, TaggedCborSerializable};
use std::fmt;
use std::ops::Range;

/// A COSE_Sign1 message as received; nothing in it is proven.
#[derive(Clone)]
pub struct Sign1 {
    /// The `Sig_structure`, which holds the protected header and the payload, then the signature, then the key
    /// identifier.
    bytes: Vec<u8>,
    protected: Range<usize>,
    payload: Range<usize>,
    signature: Range<usize>,
    has_kid: bool,
    /// The algorithm's number in the COSE registry, the protected one first.
    pub algorithm: Option<i64>,
    /// What was odd.
    pub quirks: Quirks,
    /// How many CBOR items were read.
    pub items: usize,
}

impl Sign1 {
    /// The message in `bytes`: tag 18 or no tag, with or without tag 61 around it.
    ///
    /// # Errors
    /// `cbor_invalid`, `cose_invalid`.
    pub fn read(bytes: &[u8], limits: Limits) -> Result<Self, Failure> {
        let document = cbor::read(bytes, limits)?;
        let mut quirks = Quirks::default();
        let message = untag(document.root(), &mut quirks)?;
        let [protected, unprotected, payload, signature] = four(message)?;
        let protected = bytes_of(protected, "protected header")?;
        let payload = bytes_of(payload, "payload")?;
        let signature = bytes_of(signature, "signature")?;
        let unprotected = unprotected.as_map();
        let unprotected = unprotected
            .ok_or_else(|| Code::CoseInvalid.because("the unprotected header is not a map"))?;
        let mut items = document.items;
        let mut preferred = document.preferred;
        let header = if protected.is_empty() {
            None
        } else {
            let header = cbor::read(protected, limits)?;
            items += header.items;
            preferred &= header.preferred;
            Some(header)
        };
        let headers = match &header {
            None => Entries::default(),
            Some(header) => header
                .root()
                .as_map()
                .ok_or_else(|| Code::CoseInvalid.because("the protected header is not a map"))?,
        };
        if !preferred {
            quirks.note(Quirk::CborNotPreferred);
        }
        for header in [headers, unprotected] {
            if header.get(CRITICAL).is_some() {
                return Err(Code::CoseInvalid.because("a critical header is not understood"));
            }
        }
        // What nobody signed is asked only where what was signed is silent.
        let algorithm = match algorithm(headers)? {
            None => algorithm(unprotected)?.inspect(|_| quirks.note(Quirk::UnprotectedAlgorithm)),
            protected => protected,
        };
        let kid = match kid(headers)? {
            None => kid(unprotected)?.inspect(|_| quirks.note(Quirk::UnprotectedKid)),
            Some(kid) => {
                let other = unprotected.get(KID);
                if other.is_some_and(|other| other.as_bytes() != Some(kid)) {
                    quirks.note(Quirk::UnprotectedKidIgnored);
                }
                Some(kid)
            }
        };
        let length = protected.len() + payload.len() + signature.len() + kid.map_or(0, <[u8]>::len);
        let mut bytes = Vec::with_capacity(length + MAX_HEADS);
        bytes.extend_from_slice(SIG_STRUCTURE);
        let protected = append(&mut bytes, protected);
        append(&mut bytes, &[]);
        let payload = append(&mut bytes, payload);
        bytes.extend_from_slice(signature);
        let signature = payload.end..bytes.len();
        bytes.extend_from_slice(kid.unwrap_or_default());
        Ok(Self {
            bytes,
            protected,
            payload,
            signature,
            has_kid: kid.is_some(),
            algorithm,
            quirks,
            items,
        })
    }

    /// The key identifier, the protected one first; not empty.
    pub fn kid(&self) -> Option<&[u8]> {
        self.has_kid
            .then(|| self.part(self.signature.end..self.bytes.len()))
    }

    /// The protected header's bytes, as signed.
    pub fn protected(&self) -> &[u8] {
        self.part(self.protected.clone())
    }

    /// The content, as signed.
    pub fn payload(&self) -> &[u8] {
        self.part(self.payload.clone())
    }

    /// The bytes that the signature is over: the `Sig_structure` with an empty `external_aad`.
    pub fn signed_bytes(&self) -> &[u8] {
        self.part(0..self.payload.end)
    }

    /// The signature, of any length.
    pub fn signature(&self) -> &[u8] {
        self.part(self.signature.clone())
    }

    /// The ranges were made with the bytes, so the empty default is never taken.
    fn part(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}

impl fmt::Debug for Sign1 {
    /// Its headers, and nothing of what it holds: that is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sign1")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid())
            .field("quirks", &self.quirks)
            .finish_non_exhaustive()
    }
}

/// Appends `content` as a CBOR byte string in preferred serialization, and tells where its bytes are.
fn append(bytes: &mut Vec<u8>, content: &[u8]) -> Range<usize> {
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    let [.., a, b, c, d] = length.to_be_bytes();
    match length {
        0..=23 => bytes.push(0x40 | d),
        24..=0xff => bytes.extend_from_slice(&[0x58, d]),
        0x100..=0xffff => bytes.extend_from_slice(&[0x59, c, d]),
        0x1_0000..=0xffff_ffff => bytes.extend_from_slice(&[0x5a, a, b, c, d]),
        _ => {
            bytes.push(0x5b);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    let start = bytes.len();
    bytes.extend_from_slice(content);
    start..bytes.len()
}

/// A message that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned(coset::CoseSign1);

impl Unsigned {
    /// A message over `payload`, with `algorithm` and `kid` in the protected header.
    ///
    /// # Errors
    /// `internal` where `algorithm` is in no COSE registry.
    pub fn new(algorithm: i64, kid: &[u8], payload: Vec<u8>) -> Result<Self, Failure> {
        use coset::iana::{Algorithm, EnumI64};
        let algorithm = Algorithm::from_i64(algorithm)
            .ok_or_else(|| Code::Internal.because("not a registered algorithm"))?;
        let header = coset::HeaderBuilder::new()
            .algorithm(algorithm)
            .key_id(kid.to_vec())
            .build();
        // Framed once and read back, so that the header's bytes are fixed from here on.
        let draft = coset::CoseSign1Builder::new()
            .protected(header)
            .payload(payload)
            .build();
        let bytes = draft.to_vec().map_err(not_framed)?;
        Ok(Self(
            coset::CoseSign1::from_slice(&bytes).map_err(not_framed)?,
        ))
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.0.tbs_data(&[])
    }

    /// The message under tag 18, with `signature` in it.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn complete(mut self, signature: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.0.signature = signature;
        self.0.to_tagged_vec().map_err(not_framed)
    }
}

fn not_framed(error: coset::CoseError) -> Failure {
    Code::Internal.because(format!("COSE was not framed: {error:?}"))
}

fn untag<'d>(item: Item<'d>, quirks: &mut Quirks) -> Result<Item<'d>, Failure> {
    let (tag, item) = match outer_tag(item) {
        (Some(CWT_TAG), item) => {
            quirks.note(Quirk::CwtTagged);
            outer_tag(item)
        }
        outer => outer,
    };
    match tag {
        Some(SIGN1_TAG) => {}
        Some(tag) => return Err(Code::CoseInvalid.because(format!("tag {tag}, expected 18"))),
        None => quirks.note(Quirk::CoseUntagged),
    }
    Ok(item)
}

fn outer_tag(item: Item<'_>) -> (Option<u64>, Item<'_>) {
    if let Kind::Tag(tag, inner) = item.kind() {
        (Some(tag), inner)
    } else {
        (None, item)
    }
}

fn four(message: Item<'_>) -> Result<[Item<'_>; 4], Failure> {
    let four = message.as_array().and_then(|mut parts| {
        let four = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        parts.next().is_none().then_some(four)
    });
    four.ok_or_else(|| Code::CoseInvalid.because("not an array of four"))
}

fn bytes_of<'d>(item: Item<'d>, part: &str) -> Result<&'d [u8], Failure> {
    let bytes = item.as_bytes();
    bytes.ok_or_else(|| Code::CoseInvalid.because(format!("the {part} is not bytes")))
}

fn algorithm(header: Entries<'_>) -> Result<Option<i64>, Failure> {
    let Some(item) = header.get(ALGORITHM) else {
        return Ok(None);
    };
    let number = item.as_i64().map(Some);
    number.ok_or_else(|| Code::CoseInvalid.because("the algorithm is not a number"))
}

fn kid(header: Entries<'_>) -> Result<Option<&[u8]>, Failure> {
    let Some(item) = header.get(KID) else {
        return Ok(None);
    };
    let bytes = item.as_bytes().filter(|bytes| !bytes.is_empty());
    bytes
        .map(Some)
        .ok_or_else(|| Code::CoseInvalid.because("the key identifier is not bytes"))
}

/// An array of four that begins with the text `Signature1`.
const SIG_STRUCTURE: &[u8] = b"\x84\x6aSignature1";
/// What stands in a `Sig_structure` besides its parts, at most.
const MAX_HEADS: usize = SIG_STRUCTURE.len() + 9 + 1 + 9;
const SIGN1_TAG: u64 = 18;
const CWT_TAG: u64 = 61;
const ALGORITHM: i64 = 1;
const CRITICAL: i64 = 2;
const KID: i64 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use cbor::Value;

    const LIMITS: Limits = Limits {
        depth: 16,
        items: 512,
    };

    fn message(protected: &[u8], unprotected: Vec<(Value, Value)>) -> Value {
        Value::Array(vec![
            Value::Bytes(protected.to_vec()),
            Value::Map(unprotected),
            Value::Bytes(vec![0xa0]),
            Value::Bytes(vec![1; 64]),
        ])
    }

    fn read(value: &Value) -> Result<Sign1, Failure> {
        Sign1::read(&cbor::write(value).unwrap(), LIMITS)
    }

    fn kid_entry(kid: &[u8]) -> (Value, Value) {
        (Value::from(4), Value::Bytes(kid.to_vec()))
    }

    // {1: -7, 4: h'0102'}
    const PROTECTED: [u8; 7] = [0xa2, 0x01, 0x26, 0x04, 0x42, 0x01, 0x02];

    #[test]
    fn a_message_of_ours_reads_back_with_the_same_signed_bytes() {
        let unsigned = Unsigned::new(-7, &[1, 2], vec![0xa0]).unwrap();
        let signed_bytes = unsigned.signed_bytes();
        let message = Sign1::read(&unsigned.complete(vec![9; 64]).unwrap(), LIMITS).unwrap();
        assert_eq!(message.signed_bytes(), signed_bytes);
        assert_eq!(
            (message.algorithm, message.kid()),
            (Some(-7), Some(&[1, 2][..]))
        );
        assert_eq!(message.quirks, Quirks::default());
    }

    #[test]
    fn the_sig_structure_is_over_the_received_header() {
        let read = read(&Value::Tag(18, Box::new(message(&PROTECTED, vec![])))).unwrap();
        let mut expected = vec![0x84, 0x6a];
        expected.extend_from_slice(b"Signature1");
        expected.push(0x47);
        expected.extend_from_slice(&PROTECTED);
        expected.extend_from_slice(&[0x40, 0x41, 0xa0]);
        assert_eq!(read.signed_bytes(), expected);
    }

    #[test]
    fn the_kid_in_the_protected_header_wins() {
        let both = read(&message(&PROTECTED, vec![kid_entry(&[9])])).unwrap();
        assert_eq!(both.kid(), Some(&[1, 2][..]));
        assert!(both.quirks.contains(Quirk::UnprotectedKidIgnored));
        let outside = read(&message(&[], vec![kid_entry(&[9])])).unwrap();
        assert_eq!(outside.kid(), Some(&[9][..]));
        assert!(outside.quirks.contains(Quirk::UnprotectedKid));
    }

    #[test]
    fn tags_are_known_or_refused() {
        let tagged = Value::Tag(
            61,
            Box::new(Value::Tag(18, Box::new(message(&PROTECTED, vec![])))),
        );
        assert!(read(&tagged).unwrap().quirks.contains(Quirk::CwtTagged));
        assert!(
            read(&message(&PROTECTED, vec![]))
                .unwrap()
                .quirks
                .contains(Quirk::CoseUntagged)
        );
        for tag in [17, 98, 55_799] {
            let wrapped = Value::Tag(tag, Box::new(message(&PROTECTED, vec![])));
            assert_eq!(read(&wrapped).unwrap_err().code(), Code::CoseInvalid);
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        let critical = (Value::from(2), Value::Array(vec![Value::from(4)]));
        for odd in [
            Value::Array(vec![]),
            Value::Map(vec![]),
            message(&[0x01], vec![]),
            message(&PROTECTED, vec![critical]),
            message(&[], vec![(Value::from(1), Value::from("ES256"))]),
            message(&[], vec![(Value::from(4), Value::from(1))]),
        ] {
            assert_eq!(read(&odd).unwrap_err().code(), Code::CoseInvalid, "{odd:?}");
        }
    }
}
