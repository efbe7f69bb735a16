//! The bytes that seals and hashes are made over.
//!
//! Refuses ambiguity: each field stands behind its length, so no two lists of fields give the same bytes.

use crate::crypto;

/// Hands `fields` to `sink`, each behind its length (8 bytes, big-endian).
pub(super) fn prefixed(fields: &[&[u8]], mut sink: impl FnMut(&[u8])) {
    for field in fields {
        let length = u64::try_from(field.len()).unwrap_or(u64::MAX);
        sink(&length.to_be_bytes());
        sink(field);
    }
}

/// `fields`, each behind its length.
pub(super) fn bytes(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    prefixed(fields, |part| out.extend_from_slice(part));
    out
}

/// SHA-256 over `fields`, each behind its length.
pub(super) fn digest(fields: &[&[u8]]) -> [u8; 32] {
    crypto::sha256(&bytes(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_changes_its_field_changes_the_bytes() {
        assert_ne!(bytes(&[b"ab", b"c"]), bytes(&[b"a", b"bc"]));
        assert_ne!(bytes(&[b"a", b""]), bytes(&[b"a"]));
    }
}
