//! Base45 text, the alphabet of QR's alphanumeric mode.
//!
//! Refuses characters outside the alphabet, groups over their range and lengths that no encoder makes. Lower case is
//! refused too, unless the caller asks to be told of it instead.
//!
//! Source: RFC 9285. The crate `base45` writes; reading with it takes ten times as long, so there it is the reference of
//! `tests/pipeline.rs`.

use crate::failure::{Code, Failure};

/// The bytes that `text` stands for: two for every three characters, one for a final pair.
///
/// The caller bounds `text`; the result is never longer.
///
/// # Errors
/// `base45_invalid`.
pub fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    match decode_any_case(text)? {
        (bytes, false) => Ok(bytes),
        (_, true) => Err(outside()),
    }
}

/// The same, with lower-case letters read as upper-case ones; the second value tells whether there were any.
///
/// # Errors
/// `base45_invalid`.
pub fn decode_any_case(text: &str) -> Result<(Vec<u8>, bool), Failure> {
    let (triples, rest) = text.as_bytes().as_chunks::<3>();
    if rest.len() == 1 {
        return Err(Code::Base45Invalid.because("a single character is left over at the end"));
    }
    let mut bytes = vec![0; 2 * triples.len() + rest.len() / 2];
    let (pairs, last) = bytes.as_chunks_mut::<2>();
    // What was seen is judged once at the end: the loop has no exit.
    let (mut seen, mut largest) = (0, 0);
    for ([a, b, c], pair) in triples.iter().zip(pairs) {
        let (a, b, c) = (value(*a), value(*b), value(*c));
        seen |= a | b | c;
        let number = (a & DIGIT) + 45 * (b & DIGIT) + 45 * 45 * (c & DIGIT);
        largest = largest.max(number);
        let [_, _, high, low] = number.to_be_bytes();
        *pair = [high, low];
    }
    if let ([a, b], [last]) = (rest, last) {
        let (a, b) = (value(*a), value(*b));
        seen |= a | b;
        let number = (a & DIGIT) + 45 * (b & DIGIT);
        if number > 0xff && seen & OUTSIDE == 0 {
            return Err(Code::Base45Invalid.because("the final pair stands for no byte"));
        }
        let [.., low] = number.to_be_bytes();
        *last = low;
    }
    if seen & OUTSIDE != 0 {
        return Err(outside());
    }
    if largest > 0xffff {
        return Err(Code::Base45Invalid.because("three characters stand for no two bytes"));
    }
    Ok((bytes, seen & LOWER != 0))
}

/// `bytes` as Base45 text.
pub fn encode(bytes: &[u8]) -> String {
    base45::encode(bytes)
}

fn outside() -> Failure {
    Code::Base45Invalid.because("a character outside the alphabet")
}

fn value(letter: u8) -> u32 {
    let entry = VALUES.get(usize::from(letter)).copied();
    u32::from(entry.unwrap_or(0x80))
}

/// The digit of every byte, with [`LOWER`] beside it for a lower-case letter; [`OUTSIDE`] for what is no digit.
const VALUES: [u8; 256] = values();
const DIGIT: u32 = 0x3f;
const LOWER: u32 = 0x40;
const OUTSIDE: u32 = 0x80;
const ALPHABET: [u8; 45] = *b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

#[allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "run by the compiler, which refuses what is out of range"
)]
const fn values() -> [u8; 256] {
    let mut values = [0x80; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        let letter = ALPHABET[digit];
        // Letters alone have a lower case; it is written first, for what is its own.
        values[letter.to_ascii_lowercase() as usize] = 0x40 | digit as u8;
        values[letter as usize] = digit as u8;
        digit += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_read_and_write() {
        for (bytes, text) in [
            ("AB", "BB8"),
            ("Hello!!", "%69 VD92EX0"),
            ("base-45", "UJCLQE7W581"),
            ("ietf!", "QED8WEX0"),
            ("", ""),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
        }
    }

    #[test]
    fn what_no_encoder_makes_is_refused() {
        for text in [
            "A", "BB8A", "GGW", ":::", "::", "bb8", "BB=", "BB\u{e9}", "BB8\n",
        ] {
            assert_eq!(
                decode(text).unwrap_err().code(),
                Code::Base45Invalid,
                "{text:?}"
            );
        }
    }

    #[test]
    fn lower_case_is_read_where_it_is_asked_for_and_told() {
        assert_eq!(
            decode_any_case("%69 VD92EX0").unwrap(),
            (b"Hello!!".to_vec(), false)
        );
        assert_eq!(
            decode_any_case("%69 vd92eX0").unwrap(),
            (b"Hello!!".to_vec(), true)
        );
        assert!(decode_any_case("b=").is_err());
    }

    #[test]
    fn every_pair_and_triple_reads_back_or_is_refused() {
        let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
        for a in alphabet {
            for b in alphabet {
                let pair = [*a, *b];
                let text = std::str::from_utf8(&pair).unwrap();
                assert!(
                    decode(text).map_or(true, |bytes| encode(&bytes) == text),
                    "{text:?}"
                );
                for c in alphabet {
                    let triple = [*a, *b, *c];
                    let text = std::str::from_utf8(&triple).unwrap();
                    assert!(
                        decode(text).map_or(true, |bytes| encode(&bytes) == text),
                        "{text:?}"
                    );
                }
            }
        }
    }
}
