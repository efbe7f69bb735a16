//! Where and why somebody is asked for certificates, in words that rules compare.
//!
//! Refuses words over 32 letters, and every letter but `a` to `z`, digits, `_` and `-`: they stand in receipts as they were
//! asked, so nothing of a person is to fit into them easily.

use crate::failure::{Code, Failure};

/// Where and why somebody is asked for certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// How they travel, where they do.
    pub mode: Option<String>,
    /// What they want to enter.
    pub sector: Option<String>,
    /// The code of the region where that is, or where they go.
    pub wilayah: Option<String>,
}

impl Circumstances {
    /// What was asked in these words.
    ///
    /// # Errors
    /// `request_invalid` for what is no word, with the member of `for` that it stands in; never with what stands there.
    pub fn read(
        mode: Option<String>,
        sector: Option<String>,
        wilayah: Option<String>,
    ) -> Result<Self, Failure> {
        for (member, said) in [
            ("for.mode", &mode),
            ("for.sector", &sector),
            ("for.wilayah", &wilayah),
        ] {
            if !said.as_deref().is_none_or(is_word) {
                let reason = format!("member `{member}` is not {WORD}");
                return Err(Code::RequestInvalid.because(reason).about(member));
            }
        }
        Ok(Self {
            mode,
            sector,
            wilayah,
        })
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether `text` is a word that a question may name.
pub(super) fn is_word(text: &str) -> bool {
    let letters = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || [b'_', b'-'].contains(&byte)
    };
    (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(letters)
}

/// What a word is, in words.
pub(super) const WORD: &str = "1 to 32 of a-z, 0-9, _ and -";
const MAX_WORD: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_no_room_for_a_person() {
        for (word, fits) in [
            ("air", true),
            ("public_service", true),
            ("9471", true),
            ("", false),
            ("Melati", false),
            ("melati contoh", false),
            ("1990/04/17", false),
            ("melati@contoh.id", false),
            (&"a".repeat(32), true),
            (&"a".repeat(33), false),
        ] {
            let read = Circumstances::read(None, Some(word.to_owned()), None);
            assert_eq!(read.is_ok(), fits, "{word}");
            if let Err(refused) = read {
                assert_eq!(refused.member(), Some("for.sector"));
                assert!(word.is_empty() || !refused.detail().contains(word));
            }
        }
    }
}
