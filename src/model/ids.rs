//! Identifiers: of keys, of public keys, of certificates and of snapshots.
//!
//! Refuses to make them: hashes are computed where the bytes are (`crypto::sha256`); here they are only carried.
//!
//! Source: hcert-spec 3.3.3 and A.1 (kid); EU interoperability of health certificates, annex 2 (UVCI).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::fmt;

/// Key identifier of a DSC as a credential states it: a hint, not proof, and not unique.
///
/// For HCERT the first 8 bytes of SHA-256 over the DSC's DER, but foreign lists carry 1 to 16 bytes and free text,
/// so any 1 to 64 bytes are kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid(SmallVec<[u8; USUAL_KID]>);

impl Kid {
    /// A kid of 1 to 64 bytes; `None` for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (1..=MAX_KID)
            .contains(&bytes.len())
            .then(|| Self(bytes.into()))
    }

    /// The bytes as stated.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Kid {
    /// Standard Base64, padded, as the EU gateway writes kids.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; MAX_KID.div_ceil(3) * 4];
        // A kid is at most as long as there is room for, so neither empty default is taken.
        let length = BASE64_STANDARD.encode_slice(&self.0, &mut text);
        let text = text.get(..length.unwrap_or_default()).unwrap_or_default();
        f.pad(std::str::from_utf8(text).unwrap_or_default())
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// SHA-256 over something that identifies a key: a DSC's DER, or a SubjectPublicKeyInfo.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint(pub [u8; 32]);

impl Thumbprint {
    /// The key identifier of the certificate that this is the SHA-256 of: its first 8 bytes. Always there.
    pub fn kid(&self) -> Option<Kid> {
        let head: Option<&[u8; COMPUTED_KID]> = self.0.first_chunk();
        head.and_then(|head| Kid::from_bytes(head))
    }

    /// The thumbprint in `hex`, 64 hexadecimal digits of either case.
    pub fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let read = base16ct::mixed::decode(hex, &mut bytes).ok()?.len();
        (read == bytes.len()).then_some(Self(bytes))
    }
}

/// Content hash of a snapshot: equal parts give equal ids on every node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(pub [u8; 32]);

macro_rules! shown_in_hex {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            /// Lower-case hexadecimal, 64 characters.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // 64 characters are what 32 bytes take, so the empty default is never taken.
                let mut text = [0; 64];
                f.pad(base16ct::lower::encode_str(&self.0, &mut text).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

shown_in_hex! { Thumbprint SnapshotId }

/// Unique vaccination or certificate identifier, as written in the certificate.
///
/// 1 to 80 characters. It points at a person's record, so it is personal data.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uvci(pub(super) SmolStr);

impl Uvci {
    /// A UVCI of 1 to 80 characters; no form beyond that is demanded, because issuers differ.
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.chars().count() <= MAX_UVCI).then(|| Self(text.into()))
    }

    /// The text as written; revocation hashes are over exactly this.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Uvci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

const MAX_KID: usize = 64;
/// Bytes of a key identifier that is computed.
const COMPUTED_KID: usize = 8;
/// Longer ones are kept elsewhere.
const USUAL_KID: usize = 16;
const MAX_UVCI: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kid_is_shown_as_the_eu_gateway_writes_it() {
        let kid = Kid::from_bytes(&[0xaa, 0xba, 0x14, 0xfa, 0x10, 0xc3, 0xa2, 0xfb]).unwrap();
        assert_eq!(kid.to_string(), "qroU+hDDovs=");
    }

    #[test]
    fn empty_and_endless_kids_are_refused() {
        assert!(Kid::from_bytes(&[]).is_none());
        assert!(Kid::from_bytes(&[0; 65]).is_none());
    }

    #[test]
    fn a_thumbprint_is_64_digits_and_nothing_else() {
        let hex = "0a".repeat(32);
        let thumbprint = Thumbprint::parse(&hex).unwrap();
        assert_eq!(
            (thumbprint.0, thumbprint.to_string()),
            ([10; 32], hex.clone())
        );
        assert_eq!(Thumbprint::parse(&hex.to_uppercase()), Some(thumbprint));
        for odd in [
            "",
            "0a",
            &hex[1..],
            &format!("{hex}0a"),
            &hex.replacen('0', "g", 1),
        ] {
            assert_eq!(Thumbprint::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_uvci_never_prints() {
        assert_eq!(
            format!("{:?}", Uvci::parse("URN:UVCI:01:ZZ:ABC").unwrap()),
            "<redacted>"
        );
    }
}
