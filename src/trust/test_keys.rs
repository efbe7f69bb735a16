//! Keys that prove nothing, because anybody can sign with them.
//!
//! Refuses nothing itself: admission does, in production. Source: `trust-lists/test-keys.txt`, which says where each private
//! half is printed.

use crate::crypto::VerifyingKey;
use crate::model::Thumbprint;
use std::sync::LazyLock;

/// Whether the private half of `key` is public.
pub(super) fn is_public(key: &VerifyingKey) -> bool {
    DIGESTS.contains(&Thumbprint(*key.spki_digest()))
}

static DIGESTS: LazyLock<Vec<Thumbprint>> = LazyLock::new(|| {
    let rows = LIST.lines().filter(|line| !line.starts_with('#'));
    let digests = rows.filter_map(|line| line.split_whitespace().next());
    digests.filter_map(Thumbprint::parse).collect()
});

const LIST: &str = include_str!("../../trust-lists/test-keys.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_digest() {
        let rows = LIST
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        assert_eq!(DIGESTS.len(), rows.count());
        assert!(DIGESTS.len() > 5);
    }

    #[test]
    fn the_base_point_is_nobodys_key() {
        let point = p256::AffinePoint::GENERATOR;
        let key = p256::PublicKey::from_affine(point).unwrap();
        let spki = p256::pkcs8::EncodePublicKey::to_public_key_der(&key).unwrap();
        assert!(is_public(
            &VerifyingKey::from_spki(spki.as_bytes()).unwrap()
        ));
    }
}
