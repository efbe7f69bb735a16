//! COSE_Sign1 messages of our own: each of one kind, which its header states and its signature covers once more.
//!
//! Refuses a message of another kind, whatever is odd about the envelope, other algorithms than ES256, and critical headers.
//! A signature over one kind never holds for another, nor for a credential, whose signed bytes have no such context.
//!
//! Source: RFC 9052, section 4.4 (`external_aad`); RFC 9596 (`typ`); RFC 9360 (`x5chain`).

use super::cbor::{self, Limits, Value};
use super::cose::Sign1;
use crate::failure::{Code, Failure};
use crate::quirk::Quirks;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(&'static str);

impl Kind {
    /// The kind with this name: small letters and dashes.
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The media type in the header.
    pub fn media_type(self) -> String {
        format!("application/vnd.lintas.{}+cose", self.0)
    }

    /// What is signed beside header and payload.
    fn context(self) -> Vec<u8> {
        format!("lintas/{}/v1", self.0).into_bytes()
    }
}

/// A message as received; nothing in it is proven.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The key identifier that it states.
    pub kid: Vec<u8>,
    /// The certificate that it states for its key, X.509, DER, where it states one; nobody vouches for it here.
    pub certificate: Option<Vec<u8>>,
    /// What was signed.
    pub payload: Vec<u8>,
    /// The signature, `r ‖ s` where it is one.
    pub signature: Vec<u8>,
    signed_bytes: Vec<u8>,
}

impl Typed {
    /// The message of the kind `kind` in `bytes`.
    ///
    /// # Errors
    /// `cbor_invalid`, `cose_invalid`, `algorithm_unsupported`.
    pub fn read(bytes: &[u8], kind: Kind) -> Result<Self, Failure> {
        let message = Sign1::read(bytes, ENVELOPE)?;
        if message.quirks != Quirks::default() {
            return Err(invalid("an envelope that none of ours has"));
        }
        if message.algorithm != Some(ES256) {
            return Err(Code::AlgorithmUnsupported.because("a message that is not ES256"));
        }
        let header = cbor::read(message.protected(), ENVELOPE)?;
        let header = header.root().as_map().unwrap_or_default();
        let stated = header.get(TYPE).and_then(super::item::Item::as_text);
        if stated != Some(kind.media_type().as_str()) {
            return Err(invalid("a message of another kind"));
        }
        let certificate = match header.get(CHAIN) {
            None => None,
            Some(item) => {
                let certificate = item.as_bytes();
                Some(certificate.ok_or_else(|| invalid("a certificate that is not bytes"))?)
            }
        };
        let kid = message.kid().ok_or_else(|| invalid("no key identifier"))?;
        Ok(Self {
            kid: kid.to_vec(),
            certificate: certificate.map(<[u8]>::to_vec),
            signed_bytes: signed_bytes(kind, message.protected(), message.payload())?,
            payload: message.payload().to_vec(),
            signature: message.signature().to_vec(),
        })
    }

    /// The bytes that the signature is over.
    pub fn signed_bytes(&self) -> &[u8] {
        &self.signed_bytes
    }
}

/// A message that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    protected: Vec<u8>,
    payload: Vec<u8>,
    signed_bytes: Vec<u8>,
}

impl Unsigned {
    /// A message of the kind `kind` around `payload`, to be signed with ES256 by the key whose identifier is `kid`, and whose
    /// `certificate` (X.509, DER) it states where one is given.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn new(
        kind: Kind,
        kid: &[u8],
        certificate: Option<Vec<u8>>,
        payload: Vec<u8>,
    ) -> Result<Self, Failure> {
        let mut header = vec![
            (ALGORITHM.into(), ES256.into()),
            (KID.into(), Value::Bytes(kid.to_vec())),
            (TYPE.into(), Value::Text(kind.media_type())),
        ];
        header.extend(certificate.map(|it| (CHAIN.into(), Value::Bytes(it))));
        let protected = cbor::write(&Value::Map(header))?;
        Ok(Self {
            signed_bytes: signed_bytes(kind, &protected, &payload)?,
            protected,
            payload,
        })
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> &[u8] {
        &self.signed_bytes
    }

    /// The message under tag 18, with `signature` in it.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn complete(self, signature: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let parts = vec![
            Value::Bytes(self.protected),
            Value::Map(Vec::new()),
            Value::Bytes(self.payload),
            Value::Bytes(signature),
        ];
        cbor::write(&Value::Tag(SIGN1_TAG, Box::new(Value::Array(parts))))
    }
}

fn signed_bytes(kind: Kind, protected: &[u8], payload: &[u8]) -> Result<Vec<u8>, Failure> {
    cbor::write(&Value::Array(vec![
        Value::Text("Signature1".to_owned()),
        Value::Bytes(protected.to_vec()),
        Value::Bytes(kind.context()),
        Value::Bytes(payload.to_vec()),
    ]))
}

fn invalid(reason: &str) -> Failure {
    Code::CoseInvalid.because(reason)
}

const ENVELOPE: Limits = Limits {
    depth: 4,
    items: 32,
};
const SIGN1_TAG: u64 = 18;
const ES256: i64 = -7;
const ALGORITHM: i64 = 1;
const KID: i64 = 4;
const TYPE: i64 = 16;
const CHAIN: i64 = 33;

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Kind = Kind::named("list");

    fn message(kind: Kind) -> Vec<u8> {
        let unsigned = Unsigned::new(kind, &[1; 8], Some(vec![0x30, 0]), vec![0xa0]).unwrap();
        unsigned.complete(vec![7; 64]).unwrap()
    }

    #[test]
    fn a_message_reads_back_and_is_no_other_kind() {
        let unsigned = Unsigned::new(LIST, &[1; 8], Some(vec![0x30, 0]), vec![0xa0]).unwrap();
        let read = Typed::read(&message(LIST), LIST).unwrap();
        assert_eq!(read.signed_bytes(), unsigned.signed_bytes());
        assert_eq!(
            (read.kid, read.certificate),
            (vec![1; 8], Some(vec![0x30, 0]))
        );
        assert_eq!(read.payload, [0xa0]);
        let other = Kind::named("other");
        let failure = Typed::read(&message(LIST), other).unwrap_err();
        assert_eq!(failure.code(), Code::CoseInvalid);
        let [ours, theirs] = [LIST, other].map(|kind| {
            let unsigned = Unsigned::new(kind, &[1; 8], None, vec![0xa0]).unwrap();
            unsigned.signed_bytes().to_vec()
        });
        assert_ne!(ours, theirs);
    }

    #[test]
    fn the_signed_bytes_are_none_of_a_credentials() {
        let bytes = message(LIST);
        let credential = Sign1::read(&bytes, ENVELOPE).unwrap();
        let own = Typed::read(&bytes, LIST).unwrap();
        assert_ne!(credential.signed_bytes(), own.signed_bytes());
    }

    #[test]
    fn whatever_is_odd_is_refused() {
        let untagged = &message(LIST)[1..];
        let failure = Typed::read(untagged, LIST).unwrap_err();
        assert_eq!(failure.code(), Code::CoseInvalid);
        let credential = super::super::cose::Unsigned::new(-7, &[1], vec![0xa0]).unwrap();
        let credential = credential.complete(vec![1; 64]).unwrap();
        assert!(Typed::read(&credential, LIST).is_err());
    }
}
