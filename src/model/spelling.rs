//! The codes that Indonesia's first EU-format certificates misspelt, and what they mean.
//!
//! Refuses to guess: only these four, letter for letter.
//!
//! Source: the mapping table of the software that issued them (DIVOC, eu-master-vaccine-checklist); the EU value sets
//! `vaccine-medicinal-product` and `vaccine-mah-manf` for the right spellings.

/// The published code that the misspelt `code` stands for, if it is one of the known four.
pub fn known_spelling(code: &str) -> Option<&'static str> {
    SPELLINGS
        .iter()
        .find(|(misspelt, _)| *misspelt == code)
        .map(|(_, right)| *right)
}

const SPELLINGS: &[(&str, &str)] = &[
    ("Sinovac- Biontech", "Sinovac-Biotech"),
    ("BBIBP- CorV", "BBIBP-CorV"),
    ("Sputnik V", "Sputnik-V"),
    ("NVX - CoV2373", "NVX-CoV2373"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_known_misspellings_are_read() {
        assert_eq!(known_spelling("Sinovac- Biontech"), Some("Sinovac-Biotech"));
        assert_eq!(known_spelling("Sinovac-Biotech"), None);
        assert_eq!(known_spelling("sinovac- biontech"), None);
    }
}
