//! What publishers of lists found odd in a certificate: its key, its usages, how it was signed.

use crate::codec::ber::Element;
use crate::codec::x509::{Certificate, Envelope};
use crate::trust::Purposes;
use der::Decode;
use der::asn1::ObjectIdentifier;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// Whether a certificate is odd in the way that `what` names; `None` for ways that are not judged here.
pub(super) fn is_odd(what: &str, der: &[u8]) -> Option<bool> {
    let certificate = Certificate::read(der).ok()?;
    let usages = &certificate.extended_key_usages;
    if what == "EKU present but no DCC purpose" {
        let purposes = Purposes::of_usages(usages.iter().map(String::as_str));
        return Some(!usages.is_empty() && purposes == Purposes::ALL);
    }
    if what.starts_with("EKU with the historic") {
        return Some(usages.iter().any(|usage| usage.starts_with(HISTORIC_ARC)));
    }
    if let Some(algorithm) = what.strip_prefix("certificate signed with ") {
        let (_, oid) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm)?;
        let identifier = Envelope::read(der).ok()?.signature_algorithm;
        let identifier = AlgorithmIdentifierRef::from_der(identifier).ok()?;
        return Some(identifier.oid.to_string() == *oid);
    }
    let key = what.strip_prefix("key ")?;
    Some(key_of(der) == key)
}

/// The kind of a certificate's key: `rsa` with its bits, or the curve as OpenSSL calls it.
pub(super) fn key_of(der: &[u8]) -> String {
    let kind = || {
        let spki = Certificate::read(der).ok()?.public_key;
        let spki = SubjectPublicKeyInfoRef::from_der(&spki).ok()?;
        let curve = spki.algorithm.parameters;
        let curve = curve.and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
        if let Some(curve) = curve {
            let known = CURVES.iter().find(|(_, oid)| *oid == curve.to_string());
            return known.map(|(name, _)| (*name).to_owned());
        }
        let numbers = Element::read(spki.subject_public_key.as_bytes()?)
            .ok()?
            .children()
            .ok()?;
        let modulus = numbers.first()?.contents;
        let zeros = modulus.iter().take_while(|digit| **digit == 0).count();
        Some(format!("rsa{}", (modulus.len() - zeros) * 8))
    };
    kind().unwrap_or_default()
}

const HISTORIC_ARC: &str = "1.3.6.1.4.1.0.1847.";
const CURVES: [(&str, &str); 3] = [
    ("secp256r1", "1.2.840.10045.3.1.7"),
    ("secp384r1", "1.3.132.0.34"),
    ("secp521r1", "1.3.132.0.35"),
];
const ALGORITHMS: [(&str, &str); 7] = [
    ("ecdsa-with-SHA1", "1.2.840.10045.4.1"),
    ("ecdsa-with-SHA384", "1.2.840.10045.4.3.3"),
    ("ecdsa-with-SHA512", "1.2.840.10045.4.3.4"),
    ("rsassaPss", "1.2.840.113549.1.1.10"),
    ("sha1WithRSAEncryption", "1.2.840.113549.1.1.5"),
    ("sha512WithRSAEncryption", "1.2.840.113549.1.1.13"),
    ("md5WithRSAEncryption", "1.2.840.113549.1.1.4"),
];
