//! The three hashes of a certificate under which the EU gateway's lists name it.
//!
//! Refuses whole ECDSA signatures: only `r` is hashed, since whoever holds a signature can make another with the same `r`.
//!
//! Source: the EU gateway's revocation batches (SHA-256, the first 16 bytes); the German app's published samples, which
//! settle that the signature's hash is over `r` for ECDSA and over all of it for RSASSA-PSS.

use crate::crypto::{Algorithm, sha256};
use crate::model::Uvci;
use base64::Engine;
use base64::engine::{GeneralPurpose, general_purpose};
use base64::prelude::BASE64_STANDARD;
use std::fmt;

/// What a hash is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashKind {
    /// The certificate's signature.
    Signature,
    /// The certificate's unique identifier.
    Uci,
    /// The issuing country and the unique identifier.
    CountryCodeUci,
}

impl HashKind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Signature, Self::Uci, Self::CountryCodeUci];

    /// The name in the EU gateway's batches.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "SIGNATURE",
            Self::Uci => "UCI",
            Self::CountryCodeUci => "COUNTRYCODEUCI",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The first 16 bytes of a SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevocationHash(pub [u8; 16]);

impl RevocationHash {
    /// Over the unique identifier as written, its prefix and check character included where they are there.
    pub fn of_uci(uvci: &Uvci) -> Self {
        Self::of(uvci.as_str().as_bytes())
    }

    /// Over `country` and the unique identifier, with nothing between.
    ///
    /// Lists in circulation mean the issuer of the claims; some mean the country of the entry. Where they differ, both are
    /// to be asked for.
    pub fn of_country_and_uci(country: &str, uvci: &Uvci) -> Self {
        Self::of([country, uvci.as_str()].concat().as_bytes())
    }

    /// Over `signature`, made with `algorithm`: over its first half for ECDSA.
    pub fn of_signature(signature: &[u8], algorithm: Algorithm) -> Self {
        let hashed = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
                signature.get(..signature.len() / 2)
            }
            Algorithm::Ps256 => Some(signature),
        };
        Self::of(hashed.unwrap_or_default())
    }

    /// The hash in `text`, standard Base64 of exactly 16 bytes. The four bits behind them may be anything, as gateways'
    /// readers have it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = LENIENT.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    fn of(bytes: &[u8]) -> Self {
        let digest = sha256(bytes);
        // SHA-256 has 32 bytes, so the empty default is never taken.
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// What the register of issued certificates knows one by: the first 16 bytes of a SHA-256 over the hash of its signature and
/// over everything that was signed.
///
/// The hash of an ECDSA signature alone would not do. Whoever has the signer's key finds out the number that was drawn for a
/// signature, and signs something else under the same `r`; so another content must not have the same mark. Nor would the
/// content alone: signed anew, a withdrawn certificate would have another hash, under which no list names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegisterMark(pub [u8; 16]);

impl RegisterMark {
    /// That of a certificate whose signature has the hash `signature` and is over the bytes `signed`.
    pub fn of(signature: RevocationHash, signed: &[u8]) -> Self {
        let both = [signature.0.as_slice(), &sha256(signed)].concat();
        Self(RevocationHash::of(&both).0)
    }
}

impl fmt::Display for RevocationHash {
    /// Standard Base64, padded, as the EU gateway writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for RevocationHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    general_purpose::PAD.with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_written_and_read_as_the_eu_gateway_does() {
        let uvci = Uvci::parse("URN:UVCI:01:ZZ:ABC#7").unwrap();
        let hash = RevocationHash::of_uci(&uvci);
        assert_eq!(RevocationHash::parse(&hash.to_string()), Some(hash));
        assert_ne!(RevocationHash::of_country_and_uci("ZZ", &uvci), hash);
        let loose = RevocationHash::parse("AAAAAAAAAAAAAAAAAAAAAB==");
        assert_eq!(loose, Some(RevocationHash([0; 16])));
        for odd in [
            "",
            "AAAA",
            "TA/gJg6xoyUDqeElh0QmXA",
            "TA_gJg6xoyUDqeElh0QmXA==",
            "TA/gJg6xoyUDqeElh0QmXAA=",
        ] {
            assert_eq!(RevocationHash::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn another_s_of_the_same_signature_is_still_revoked() {
        let (mut one, mut other) = ([7; 64], [7; 64]);
        (one[63], other[63]) = (1, 2);
        let hash = |signature: &[u8]| RevocationHash::of_signature(signature, Algorithm::Es256);
        assert_eq!(hash(&one), hash(&other));
        let whole = |signature: &[u8]| RevocationHash::of_signature(signature, Algorithm::Ps256);
        assert_ne!(whole(&one), whole(&other));
    }

    #[test]
    fn kinds_have_the_names_of_the_batches() {
        for kind in HashKind::ALL {
            assert_eq!(HashKind::parse(kind.name()), Some(kind));
        }
        assert_eq!(HashKind::parse("uci"), None);
    }
}
