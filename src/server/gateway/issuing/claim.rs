//! A claim: the secret on a holder's slip, by which, and by nothing else, certificates are fetched.
//!
//! Refuses text whose check characters do not fit, and to be printed by accident. Two keys are derived from a claim: one
//! under which the certificates lie, one under which they are encrypted; neither leads to the other or back.
//!
//! Source: RFC 4648 section 6 (the letters); RFC 5869 (derivation). The check characters are those of a Reed-Solomon code
//! over GF(32), so any two wrong characters, and any two that changed places, are noticed.

use crate::failure::{Code, Failure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use std::fmt;
use zeroize::Zeroizing;

/// 128 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim(Zeroizing<[u8; 16]>);

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim(<redacted>)")
    }
}

impl Claim {
    /// A new one.
    ///
    /// # Errors
    /// `internal` without randomness.
    pub fn draw() -> Result<Self, Failure> {
        let mut bits = Zeroizing::new([0; 16]);
        aws_lc_rs::rand::fill(bits.as_mut())
            .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
        Ok(Self(bits))
    }

    /// The claim with these bits.
    pub fn from_bits(bits: [u8; 16]) -> Self {
        Self(Zeroizing::new(bits))
    }

    /// Its bits.
    pub fn bits(&self) -> &[u8; 16] {
        &self.0
    }

    /// The claim that `text` spells: 28 characters, in either case, with spaces and hyphens anywhere; 0 is read as O, 1 as
    /// I, 8 as B.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut digits = [0_u8; LENGTH];
        let mut room = digits.iter_mut();
        for letter in text.bytes().filter(|letter| !b" -\t\r\n".contains(letter)) {
            let letter = match letter.to_ascii_uppercase() {
                b'0' => b'O',
                b'1' => b'I',
                b'8' => b'B',
                letter => letter,
            };
            let digit = LETTERS.iter().position(|it| *it == letter)?;
            *room.next()? = u8::try_from(digit).ok()?;
        }
        if room.next().is_some() {
            return None;
        }
        let (payload, check) = digits.split_last_chunk::<CHECK>()?;
        if check_digits(payload) != *check {
            return None;
        }
        let value = payload.iter().try_fold(0_u128, |value, digit| {
            // 26 digits hold 130 bits; the first two of them are none of the claim's.
            let room = value.leading_zeros() >= 5;
            room.then_some((value << 5) | u128::from(*digit))
        })?;
        Some(Self::from_bits(value.to_be_bytes()))
    }

    /// Its text: seven groups of four characters with hyphens between.
    pub fn text(&self) -> Zeroizing<String> {
        let value = u128::from_be_bytes(*self.0);
        let mut digits = [0_u8; LENGTH];
        if let Some((payload, check)) = digits.split_last_chunk_mut::<CHECK>() {
            for (position, digit) in payload.iter_mut().rev().enumerate() {
                let shifted = value >> (5 * position);
                *digit = u8::try_from(shifted & 31).unwrap_or_default();
            }
            *check = check_digits(payload);
        }
        let mut text = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
        for (position, digit) in digits.iter().enumerate() {
            if position > 0 && position % GROUP == 0 {
                text.push('-');
            }
            let letter = LETTERS.get(usize::from(*digit)).unwrap_or(&b'A');
            text.push(char::from(*letter));
        }
        text
    }

    /// The key under which the certificates lie.
    pub fn lookup_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        // Both are of fixed length, so nothing can fail; zeros would be no claim's key.
        let _ = self.derive(LOOKUP, &mut key);
        key
    }

    /// `plain`, encrypted for whoever has the claim.
    ///
    /// # Errors
    /// `internal`.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, Failure> {
        seal(&self.key()?, &self.lookup_key(), plain)
    }

    /// What [`Self::seal`] encrypted; `None` for anything else.
    pub fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open(&self.key().ok()?, &self.lookup_key(), sealed)
    }

    fn key(&self) -> Result<LessSafeKey, Failure> {
        let mut key = Zeroizing::new([0; 32]);
        self.derive(SEAL, key.as_mut())?;
        aes(&key)
    }

    fn derive(&self, branch: &[u8], key: &mut [u8]) -> Result<(), Failure> {
        derive(self.0.as_ref(), SALT, branch, key)
    }
}

/// Fills `key` from `secret`: HKDF-SHA-256.
pub(super) fn derive(
    secret: &[u8],
    salt: &[u8],
    branch: &[u8],
    key: &mut [u8],
) -> Result<(), Failure> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let branches = [branch];
    let expanded = extracted.expand(&branches, Length(key.len()));
    let filled = expanded.and_then(|it| it.fill(key));
    filled.map_err(|error| Code::Internal.caused_by("a key was not derived", error))
}

pub(super) fn aes(key: &[u8; 32]) -> Result<LessSafeKey, Failure> {
    let key = UnboundKey::new(&AES_256_GCM, key);
    let key = key.map_err(|error| Code::Internal.caused_by("a key cannot be used", error))?;
    Ok(LessSafeKey::new(key))
}

/// A random nonce, then the ciphertext and its tag.
pub(super) fn seal(key: &LessSafeKey, about: &[u8], plain: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut nonce = [0; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce)
        .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
    let mut sealed = Zeroizing::new(plain.to_vec());
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(about),
            sealed.as_mut_slice(),
        )
        .map_err(|error| Code::Internal.caused_by("nothing was encrypted", error))?;
    Ok([nonce.as_slice(), &sealed, tag.as_ref()].concat())
}

/// What [`seal`] encrypted under the same key about the same; `None` for anything else.
pub(super) fn open(key: &LessSafeKey, about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut opened = Zeroizing::new(rest.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = key
        .open_in_place(nonce, Aad::from(about), opened.as_mut_slice())
        .ok()?
        .len();
    opened.truncate(length);
    Some(opened)
}

/// The remainder of the digits, shifted by two places, divided by (x - 2)(x - 4) over GF(32).
fn check_digits(payload: &[u8]) -> [u8; CHECK] {
    // (x - 2)(x - 4) = x^2 + 6x + 8.
    let [mut high, mut low] = [0_u8; CHECK];
    for digit in payload {
        let lead = high ^ digit;
        high = low ^ product(lead, 6);
        low = product(lead, 8);
    }
    [high, low]
}

/// The product in GF(32) modulo x^5 + x^2 + 1.
fn product(mut one: u8, mut other: u8) -> u8 {
    let mut product = 0;
    while other != 0 {
        if other & 1 == 1 {
            product ^= one;
        }
        other >>= 1;
        one <<= 1;
        if one & 32 != 0 {
            one ^= 0b10_0101;
        }
    }
    product
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters of a claim, its check characters included.
const LENGTH: usize = 28;
const CHECK: usize = 2;
const GROUP: usize = 4;
/// Bytes of a text that can spell a claim.
const MAX_TEXT: usize = 100;
const SALT: &[u8] = b"lintas/claim/v1";
const LOOKUP: &[u8] = b"lookup";
const SEAL: &[u8] = b"certificates";

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim::from_bits(*b"\xffsixteen bytes\x00\x01")
    }

    #[test]
    fn a_claim_is_read_as_people_write_it() {
        let claim = claim();
        let text = claim.text();
        assert_eq!((text.len(), text.matches('-').count()), (34, 6));
        let plain = text.replace('-', "");
        for written in [
            text.to_string(),
            text.to_lowercase(),
            plain.clone(),
            text.replace('-', " "),
            format!(" {plain}\n"),
            text.replace('O', "0").replace('I', "1").replace('B', "8"),
        ] {
            assert_eq!(Claim::parse(&written).as_ref(), Some(&claim), "{written}");
        }
        assert!(Claim::draw().unwrap() != Claim::draw().unwrap());
    }

    #[test]
    fn any_two_wrong_characters_are_noticed() {
        let text = claim().text().replace('-', "");
        let changed = |changes: &[(usize, u8)]| {
            let mut letters = text.clone().into_bytes();
            for (position, letter) in changes {
                letters[*position] = *letter;
            }
            String::from_utf8(letters).unwrap()
        };
        for first in 0..LENGTH {
            for letter in LETTERS {
                let one = changed(&[(first, *letter)]);
                assert_eq!(Claim::parse(&one).is_some(), one == text);
                for second in first + 1..LENGTH {
                    let two = changed(&[(first, *letter), (second, b'Q')]);
                    assert_eq!(Claim::parse(&two).is_some(), two == text);
                }
            }
            for second in first + 1..LENGTH {
                let letters = text.as_bytes();
                let swapped = changed(&[(first, letters[second]), (second, letters[first])]);
                assert_eq!(Claim::parse(&swapped).is_some(), swapped == text);
            }
        }
        for odd in [
            "",
            "A",
            &text[1..],
            &format!("{text}A"),
            &text.replace('A', "é"),
            &"A".repeat(200),
        ] {
            assert!(Claim::parse(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn what_is_sealed_opens_under_its_own_claim_alone() {
        let (claim, other) = (claim(), Claim::from_bits([7; 16]));
        let sealed = claim.seal(b"certificates").unwrap();
        assert_eq!(claim.open(&sealed).unwrap().as_slice(), b"certificates");
        assert!(other.open(&sealed).is_none() && claim.open(&sealed[1..]).is_none());
        assert!(claim.open(b"").is_none());
        assert_ne!(claim.lookup_key(), other.lookup_key());
        assert_ne!(claim.seal(b"certificates").unwrap(), sealed);
    }

    #[test]
    fn a_claim_is_never_printed() {
        assert_eq!(format!("{:?}", claim()), "Claim(<redacted>)");
    }
}
