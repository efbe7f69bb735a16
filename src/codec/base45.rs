//! Base45 text, the alphabet of QR's alphanumeric mode.
//!
//! Refuses lower case, characters outside the alphabet, groups over their range and lengths that no encoder makes.
//!
//! Source: RFC 9285.

use crate::failure::{Code, Failure};

/// The bytes that `text` stands for: two for every three characters, one for a final pair.
///
/// The caller bounds `text`; the result is never longer.
///
/// # Errors
/// `base45_invalid`.
pub fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    if text.len() % 3 == 1 {
        return Err(Code::Base45Invalid.because("a single character is left over at the end"));
    }
    let bytes =
        base45::decode(text).map_err(|error| Code::Base45Invalid.caused_by("not Base45", error))?;
    // The crate cuts a final pair over 255 down to a byte; writing the pair again tells.
    if text.len() % 3 == 2 {
        let last = bytes
            .last_chunk::<1>()
            .map(base45::encode)
            .unwrap_or_default();
        if !text.ends_with(&last) || last.len() != 2 {
            return Err(Code::Base45Invalid.because("the final pair stands for no byte"));
        }
    }
    Ok(bytes)
}

/// `bytes` as Base45 text.
pub fn encode(bytes: &[u8]) -> String {
    base45::encode(bytes)
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
