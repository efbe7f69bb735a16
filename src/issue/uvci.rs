//! Unique certificate identifiers that say nothing about their holder.
//!
//! Refuses guessable identifiers: 128 random bits, which are an argument.
//!
//! Source: EU interoperability of health certificates, annex 2 (form and check character).

use crate::model::{Country, Uvci};

/// `URN:UVCI:01:<country>:` with 26 Base32 characters of `random` and a check character.
pub fn uvci_from_random(country: Country, random: [u8; 16]) -> Option<Uvci> {
    let opaque = base32(u128::from_be_bytes(random));
    let text = format!("URN:UVCI:01:{country}:{opaque}");
    let check = check_character(&text)?;
    Uvci::parse(&format!("{text}#{check}"))
}

/// The Luhn character, modulus 38, of an identifier without its `#`; `None` for characters outside the alphabet.
pub fn check_character(text: &str) -> Option<char> {
    let mut sum = 0;
    for (index, byte) in text.bytes().rev().enumerate() {
        let value = ALPHABET.iter().position(|letter| *letter == byte)?;
        let product = if index % 2 == 0 { 2 * value } else { value };
        sum += product / ALPHABET.len() + product % ALPHABET.len();
    }
    let check = (ALPHABET.len() - sum % ALPHABET.len()) % ALPHABET.len();
    ALPHABET.get(check).map(|letter| char::from(*letter))
}

/// 26 characters of RFC 4648 Base32, most significant first.
fn base32(value: u128) -> String {
    let digit = |position: u32| {
        let index = usize::try_from((value >> (5 * position)) & 0x1f).unwrap_or_default();
        char::from(*BASE32.get(index).unwrap_or(&b'A'))
    };
    (0..26).rev().map(digit).collect()
}

const ALPHABET: &[u8; 38] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_character_is_that_of_the_published_example() {
        assert_eq!(check_character("URN:UVCI:01:NL:187/37512422923"), Some('Z'));
        assert_eq!(check_character("urn"), None);
    }

    #[test]
    fn every_random_bit_shows() {
        let zero = uvci_from_random(Country::DEMO, [0; 16]).unwrap();
        assert!(
            zero.as_str()
                .starts_with("URN:UVCI:01:ZZ:AAAAAAAAAAAAAAAAAAAAAAAAAA#")
        );
        for bit in 0..128 {
            let random = (1_u128 << bit).to_be_bytes();
            assert_ne!(
                uvci_from_random(Country::DEMO, random).unwrap(),
                zero,
                "{bit}"
            );
        }
    }
}
