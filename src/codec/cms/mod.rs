//! CMS SignedData with one certificate and one signer, both ways: BER and DER in, DER out.
//!
//! Refuses other content than data, no or several certificates or signers, attributes that stand twice, attributes
//! without a digest, and everything past 1 MiB. Judges nothing: no digest and no signature is computed here. The
//! certificate is kept as received.
//!
//! Source: RFC 5652, sections 3, 5 and 11; observed output of BouncyCastle (indefinite lengths throughout) and of OpenSSL.

mod write;

pub use write::Unsigned;

use super::ber::{self, Element, SEQUENCE, SET};
use crate::failure::{Code, Failure};
use der::Decode;
use der::asn1::{GeneralizedTime, ObjectIdentifier, UtcTime};

/// SignedData as received, whatever it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedData {
    content_type: ObjectIdentifier,
    /// What was signed; `None` where it stands elsewhere.
    pub content: Option<Vec<u8>>,
    /// The certificates in it, X.509.
    pub certificates: Vec<Vec<u8>>,
    /// Its signers, each a `SignerInfo`.
    pub signers: Vec<Vec<u8>>,
}

/// A signed message as received; nothing in it is proven.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// What was signed; `None` where it stands elsewhere.
    pub content: Option<Vec<u8>>,
    /// The signer's certificate, X.509, as received.
    pub certificate: Vec<u8>,
    /// How the content was digested.
    pub digest_algorithm: ObjectIdentifier,
    /// How it was signed: an AlgorithmIdentifier, DER.
    pub signature_algorithm: Vec<u8>,
    /// What was signed beside the content; without it the signature is over the content itself.
    pub attributes: Option<Attributes>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// The signed attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The bytes that the signature is over: the attributes as a set, DER.
    pub signed_bytes: Vec<u8>,
    /// The digest of the content.
    pub message_digest: Vec<u8>,
    /// When it was signed, by the signer's word; seconds since 1970-01-01T00:00:00Z.
    pub signing_time: Option<i64>,
}

impl SignedData {
    /// The message in `bytes`.
    ///
    /// # Errors
    /// `cms_invalid`, `input_too_large`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.len() > MAX_BYTES {
            return Err(
                Code::InputTooLarge.because(format!("a CMS message over {MAX_BYTES} bytes"))
            );
        }
        let message = Element::read(bytes)?;
        let [kind, explicit] = some(message, SEQUENCE)?;
        if oid(kind)? != SIGNED_DATA {
            return Err(invalid("not SignedData"));
        }
        let [data] = some(explicit, CONTEXT_0)?;
        let mut parts = Parts::of(data, SEQUENCE)?;
        parts.take(INTEGER)?;
        parts.take(SET)?;
        let (content_type, content) = content(parts.take(SEQUENCE)?)?;
        let certificates = parts.optional(CONTEXT_0);
        let certificates = certificates.map_or(Ok(Vec::new()), |it| it.children())?;
        parts.optional(CONTEXT_1);
        let signers = parts.take(SET)?.children()?;
        parts.end()?;
        if certificates.iter().any(|it| it.identifier != SEQUENCE) {
            return Err(invalid("a certificate of another kind than X.509"));
        }
        let bytes = |elements: Vec<Element<'_>>| {
            let elements = elements.into_iter();
            elements.map(|element| element.bytes.to_vec()).collect()
        };
        Ok(Self {
            content_type,
            content,
            certificates: bytes(certificates),
            signers: bytes(signers),
        })
    }

    /// The message as one over data, with one certificate and one signer.
    ///
    /// # Errors
    /// `cms_invalid`.
    pub fn single(self) -> Result<Signed, Failure> {
        if self.content_type != DATA {
            return Err(invalid("its content is no data"));
        }
        let [certificate] = self.certificates.as_slice() else {
            let count = self.certificates.len();
            return Err(invalid(format!("{count} certificates, expected one")));
        };
        let [signer] = self.signers.as_slice() else {
            let count = self.signers.len();
            return Err(invalid(format!("{count} signers, expected one")));
        };
        Signed::signed_by(Element::read(signer)?, self.content, certificate.clone())
    }

    /// Whether its content is data, as in all messages here.
    pub fn is_of_data(&self) -> bool {
        self.content_type == DATA
    }
}

impl Signed {
    /// The message in `bytes`.
    ///
    /// # Errors
    /// `cms_invalid`, `input_too_large`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        SignedData::read(bytes)?.single()
    }

    fn signed_by(
        signer: Element<'_>,
        content: Option<Vec<u8>>,
        certificate: Vec<u8>,
    ) -> Result<Self, Failure> {
        let mut parts = Parts::of(signer, SEQUENCE)?;
        parts.take(INTEGER)?;
        // There is one certificate only, so whatever names it is as good as any other.
        if parts.optional(SEQUENCE).is_none() {
            parts.take(KEY_ID)?;
        }
        let digest_algorithm = parts.take(SEQUENCE)?;
        let attributes = parts.optional(CONTEXT_0).map(attributes).transpose()?;
        let signature_algorithm = parts.take(SEQUENCE)?;
        let signature = parts.next().ok_or_else(|| invalid("a part is missing"))?;
        parts.optional(CONTEXT_1);
        parts.end()?;
        Ok(Self {
            content,
            certificate,
            digest_algorithm: algorithm(digest_algorithm)?,
            signature_algorithm: signature_algorithm.to_der(SEQUENCE)?,
            attributes,
            signature: signature.octets()?,
        })
    }

    /// The bytes that the signature is over, if the content is `content`.
    pub fn signed_bytes<'s>(&'s self, content: &'s [u8]) -> &'s [u8] {
        self.attributes
            .as_ref()
            .map_or(content, |attributes| &attributes.signed_bytes)
    }
}

impl std::fmt::Debug for SignedData {
    /// Its form, and nothing of its content, which may be personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedData")
            .field("content_type", &self.content_type)
            .field("content_bytes", &self.content.as_ref().map(Vec::len))
            .field("certificates", &self.certificates.len())
            .field("signers", &self.signers.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Signed {
    /// Its form, and nothing of its content, which may be personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signed")
            .field("content_bytes", &self.content.as_ref().map(Vec::len))
            .field("digest_algorithm", &self.digest_algorithm)
            .finish_non_exhaustive()
    }
}

fn content(encapsulated: Element<'_>) -> Result<(ObjectIdentifier, Option<Vec<u8>>), Failure> {
    let mut parts = Parts::of(encapsulated, SEQUENCE)?;
    let kind = oid(parts.take(OBJECT_IDENTIFIER)?)?;
    let content = parts.optional(CONTEXT_0);
    parts.end()?;
    let content = content.map(|content| {
        let [content] = some(content, CONTEXT_0)?;
        // Other content than data may be of any form; nothing asks for it.
        if kind == DATA {
            content.octets()
        } else {
            Ok(Vec::new())
        }
    });
    Ok((kind, content.transpose()?))
}

fn attributes(attributes: Element<'_>) -> Result<Attributes, Failure> {
    let (mut kinds, mut message_digest, mut signing_time) = (Vec::new(), None, None);
    for attribute in attributes.children()? {
        let [kind, values] = some(attribute, SEQUENCE)?;
        let kind = oid(kind)?;
        if kinds.contains(&kind) {
            return Err(invalid(format!("attribute {kind} stands twice")));
        }
        kinds.push(kind);
        match kind {
            CONTENT_TYPE => {
                let [value] = some(values, SET)?;
                if oid(value)? != DATA {
                    return Err(invalid("its attributes name other content than data"));
                }
            }
            MESSAGE_DIGEST => {
                let [value] = some(values, SET)?;
                message_digest = Some(value.octets()?);
            }
            SIGNING_TIME => {
                let [value] = some(values, SET)?;
                signing_time = Some(time(value)?);
            }
            _ => {}
        }
    }
    Ok(Attributes {
        signed_bytes: attributes.to_der(SET)?,
        message_digest: message_digest.ok_or_else(|| invalid("attributes without a digest"))?,
        signing_time,
    })
}

fn time(value: Element<'_>) -> Result<i64, Failure> {
    let bytes = value.to_der(value.identifier)?;
    let utc = UtcTime::from_der(&bytes).map(|time| time.to_unix_duration());
    let time = utc.or_else(|_| GeneralizedTime::from_der(&bytes).map(|it| it.to_unix_duration()));
    let time = time.map_err(|error| Code::CmsInvalid.caused_by("its signing time", error))?;
    i64::try_from(time.as_secs()).map_err(|_| invalid("a signing time out of range"))
}

fn algorithm(identifier: Element<'_>) -> Result<ObjectIdentifier, Failure> {
    let parts = identifier.children()?;
    oid(*parts
        .first()
        .ok_or_else(|| invalid("an algorithm without a name"))?)
}

fn oid(element: Element<'_>) -> Result<ObjectIdentifier, Failure> {
    if element.identifier != OBJECT_IDENTIFIER {
        return Err(invalid("no object identifier where one was expected"));
    }
    ObjectIdentifier::from_bytes(element.contents)
        .map_err(|error| Code::CmsInvalid.caused_by("an object identifier", error))
}

/// The children of `element`, exactly `N` of them.
fn some<const N: usize>(element: Element<'_>, identifier: u8) -> Result<[Element<'_>; N], Failure> {
    let children: Vec<_> = Parts::of(element, identifier)?.0.collect();
    let count = children.len();
    <[Element<'_>; N]>::try_from(children)
        .map_err(|_| invalid(format!("{count} parts, expected {N}")))
}

/// What is left of the children of an element.
struct Parts<'a>(std::iter::Peekable<std::vec::IntoIter<Element<'a>>>);

impl<'a> Parts<'a> {
    fn of(element: Element<'a>, identifier: u8) -> Result<Self, Failure> {
        if element.identifier != identifier {
            let found = element.identifier;
            return Err(invalid(format!(
                "element {found:02x}, expected {identifier:02x}"
            )));
        }
        Ok(Self(element.children()?.into_iter().peekable()))
    }

    fn next(&mut self) -> Option<Element<'a>> {
        self.0.next()
    }

    fn optional(&mut self, identifier: u8) -> Option<Element<'a>> {
        self.0.next_if(|part| part.identifier == identifier)
    }

    fn take(&mut self, identifier: u8) -> Result<Element<'a>, Failure> {
        let missing = || invalid(format!("part {identifier:02x} is missing"));
        self.optional(identifier).ok_or_else(missing)
    }

    fn end(mut self) -> Result<(), Failure> {
        match self.next() {
            None => Ok(()),
            Some(more) => Err(invalid(format!(
                "part {:02x} was not expected",
                more.identifier
            ))),
        }
    }
}

fn named(kind: ObjectIdentifier) -> Vec<u8> {
    ber::der(OBJECT_IDENTIFIER, &[kind.as_bytes()])
}

fn invalid(reason: impl Into<String>) -> Failure {
    Code::CmsInvalid.because(reason)
}

/// The ceiling of a message; revocation batches of a thousand entries are under 100 KiB.
const MAX_BYTES: usize = 1024 * 1024;
const ONE: &[u8] = &[INTEGER, 1, 1];
const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;
/// A signer named by the identifier of its key.
const KEY_ID: u8 = 0x80;
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate as far as its signer's name and number.
    fn certificate() -> Vec<u8> {
        let signed = ber::der(
            SEQUENCE,
            &[ONE, &ber::der(SEQUENCE, &[]), &ber::der(SEQUENCE, &[])],
        );
        ber::der(SEQUENCE, &[&signed])
    }

    fn message(content: Option<&[u8]>) -> Vec<u8> {
        let content = content.map(<[u8]>::to_vec);
        let ecdsa = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
        let unsigned = Unsigned::new(content, [7; 32], certificate(), ecdsa, 1_700_000_000);
        unsigned.unwrap().complete(&[1, 2, 3])
    }

    #[test]
    fn a_message_of_ours_reads_back() {
        for content in [None, Some(&b"content"[..]), Some(b"")] {
            let read = Signed::read(&message(content)).unwrap();
            assert_eq!(read.content.as_deref(), content);
            assert_eq!(read.certificate, certificate());
            assert_eq!(
                (read.digest_algorithm, read.signature.as_slice()),
                (SHA_256, &[1, 2, 3][..])
            );
            let attributes = read.attributes.unwrap();
            assert_eq!(attributes.signing_time, Some(1_700_000_000));
            assert_eq!(attributes.message_digest, [7; 32]);
            assert_eq!(attributes.signed_bytes.first(), Some(&SET));
        }
    }

    #[test]
    fn a_message_loses_and_regains_its_content_and_keeps_its_signature() {
        let attached = message(Some(b"content"));
        let read = Signed::read(&attached).unwrap();
        let detached = read.rewrapped(None).unwrap();
        assert_eq!(detached, message(None));
        let read = Signed::read(&detached).unwrap();
        assert_eq!(read.rewrapped(Some(b"content")).unwrap(), attached);
    }

    #[test]
    fn cut_and_lengthened_messages_are_refused() {
        let good = message(Some(b"content"));
        for end in 0..good.len() {
            assert_eq!(
                Signed::read(&good[..end]).unwrap_err().code(),
                Code::CmsInvalid
            );
        }
        assert!(Signed::read(&[good.as_slice(), &[0]].concat()).is_err());
        let huge = Signed::read(&vec![0x30; MAX_BYTES + 1]).unwrap_err();
        assert_eq!(huge.code(), Code::InputTooLarge);
    }

    #[test]
    fn other_counts_of_certificates_and_signers_are_refused() {
        let content = ber::der(SEQUENCE, &[&named(DATA)]);
        let whole = |certificates: &[u8], signers: &[u8]| {
            let parts = [
                ONE,
                &ber::der(SET, &[]),
                &content,
                &ber::der(CONTEXT_0, &[certificates]),
                &ber::der(SET, &[signers]),
            ];
            let data = ber::der(CONTEXT_0, &[&ber::der(SEQUENCE, &parts)]);
            let message = ber::der(SEQUENCE, &[&named(SIGNED_DATA), &data]);
            Signed::read(&message).unwrap_err().detail().to_owned()
        };
        let one = certificate();
        assert_eq!(whole(&[], &[]), "0 certificates, expected one");
        assert_eq!(whole(&one.repeat(2), &[]), "2 certificates, expected one");
        assert_eq!(whole(&one, &[]), "0 signers, expected one");
        assert_eq!(
            whole(&one, &ber::der(SEQUENCE, &[]).repeat(3)),
            "3 signers, expected one"
        );
    }
}
