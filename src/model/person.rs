//! Whom a certificate is about: a name in two spellings and a birth date as far as it is known.
//!
//! Refuses to print: `Debug` shows no personal data. Display is the verdict's business, in a view the caller may see.
//!
//! Source: ICAO Doc 9303 part 3, section 6 (transliteration of national characters); EU DCC schema, `person_name`.

use super::PartialDate;
use smol_str::SmolStr;
use std::fmt;

/// Whom a certificate is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: PersonName,
    /// The birth date, as far as it is known.
    pub birth_date: PartialDate,
}

/// A name as written and as transliterated for machine-readable travel documents; each part 1 to 80 characters.
///
/// At least one of the transliterated parts is present, or the name as one text alone where the format knows no parts.
/// Many people have a single name.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName {
    /// Family name as written.
    pub family: Option<SmolStr>,
    /// Given names as written.
    pub given: Option<SmolStr>,
    /// Family name in `A-Z` and `<`.
    pub family_icao: Option<SmolStr>,
    /// Given names in `A-Z` and `<`.
    pub given_icao: Option<SmolStr>,
    /// The whole name as one text, 1 to 200 characters, in a format that knows no parts.
    pub full: Option<SmolStr>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// `name` in `A-Z` and `<`, as in the machine-readable zone of a passport.
///
/// White space and hyphens become one `<`; apostrophes, full stops and other punctuation fall away; Latin letters with
/// marks follow the ICAO table, whether the mark is part of the letter or follows it. `None` where a character has no
/// transliteration here (another script): such a name must be given in transliterated form by the passport office's rule,
/// not guessed.
pub fn transliterate(name: &str) -> Option<String> {
    spelled(name, latin)
}

/// [`transliterate`], with one letter where the ICAO table has two for `Ä`, `Å`, `Ö`, `Ø` and `Ü`, and with `NXX` for `Ñ`.
///
/// The table leaves that to the country for all but `Ø`; airlines and many others type one letter.
pub fn transliterate_otherwise(name: &str) -> Option<String> {
    spelled(name, |letter| match letter {
        'Ä' | 'Å' => Some("A"),
        'Ö' | 'Ø' => Some("O"),
        'Ü' => Some("U"),
        'Ñ' => Some("NXX"),
        _ => latin(letter),
    })
}

fn spelled(name: &str, latin: impl Fn(char) -> Option<&'static str>) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut letters = name.chars().flat_map(char::to_uppercase).peekable();
    while let Some(mut written) = letters.next() {
        if let Some(composed) = letters.peek().and_then(|mark| composed(written, *mark)) {
            letters.next();
            written = composed;
        }
        match written {
            'A'..='Z' => out.push(written),
            '-' | '\u{2010}'..='\u{2015}' | '<' => push_filler(&mut out),
            _ if written.is_whitespace() => push_filler(&mut out),
            _ if written.is_ascii_punctuation() => {}
            '\u{2018}' | '\u{2019}' | '\u{02bb}' | '\u{02bc}' | '\u{00b4}' | '\u{00b7}' => {}
            '\u{0300}'..='\u{036f}' => {}
            '\u{ff21}'..='\u{ff3a}' => {
                out.extend(char::from_u32(u32::from(written) - FULL_WIDTH));
            }
            _ => out.push_str(latin(written)?),
        }
    }
    while out.ends_with('<') {
        out.pop();
    }
    Some(out)
}

/// The letters whose mark makes two letters of them, from letter and mark.
fn composed(letter: char, mark: char) -> Option<char> {
    match (letter, mark) {
        ('A', '\u{0308}') => Some('Ä'),
        ('A', '\u{030a}') => Some('Å'),
        ('O', '\u{0308}') => Some('Ö'),
        ('U', '\u{0308}') => Some('Ü'),
        _ => None,
    }
}

fn push_filler(out: &mut String) {
    if !out.is_empty() && !out.ends_with('<') {
        out.push('<');
    }
}

fn latin(letter: char) -> Option<&'static str> {
    LATIN
        .iter()
        .find(|(letters, _)| letters.contains(letter))
        .map(|(_, ascii)| *ascii)
}

/// From a letter to the same of the width of a Chinese character.
const FULL_WIDTH: u32 = 0xfee0;
const LATIN: &[(&str, &str)] = &[
    ("ÁÀÂÃĂĀĄẢẠẮẰẲẴẶẤẦẨẪẬǍ", "A"),
    ("ÄÆ", "AE"),
    ("Å", "AA"),
    ("ĆĈČÇĊ", "C"),
    ("ĎĐ", "D"),
    ("Ð", "D"),
    ("ÉÈÊËĚĒĖĘĔẺẼẸẾỀỂỄỆ", "E"),
    ("ĜĞĠĢ", "G"),
    ("ĤĦ", "H"),
    ("ÍÌÎÏĨĬĪĮİỈỊ", "I"),
    ("Ĳ", "IJ"),
    ("Ĵ", "J"),
    ("ĶK", "K"),
    ("ŁĹĽĻĿ", "L"),
    ("ŃŇŅÑ", "N"),
    ("Ŋ", "N"),
    ("ÓÒÔÕŐŌŎỎỌỐỒỔỖỘƠỚỜỞỠỢ", "O"),
    ("ÖØŒ", "OE"),
    ("ŔŘŖ", "R"),
    ("ŚŜŠŞȘ", "S"),
    ("ẞ", "SS"),
    ("ŤŢȚŦ", "T"),
    ("Þ", "TH"),
    ("ÚÙÛŬŰŮŪŲŨỦỤƯỨỪỬỮỰ", "U"),
    ("Ü", "UE"),
    ("Ŵ", "W"),
    ("ÝŶŸỲỶỸỴ", "Y"),
    ("ŹŽŻ", "Z"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_transliterated_as_in_a_passport() {
        for (written, icao) in [
            ("Siti Nurhaliza", "SITI<NURHALIZA"),
            ("Suharto", "SUHARTO"),
            ("d'Arsøns - van Halen", "DARSOENS<VAN<HALEN"),
            ("François-Joan", "FRANCOIS<JOAN"),
            ("Dr. H. Müßig", "DR<H<MUESSIG"),
            ("  Ida   Ayu  ", "IDA<AYU"),
            ("Nguyễn", "NGUYEN"),
            ("Mu\u{308}ller-A\u{30a}se", "MUELLER<AASE"),
            ("Nguye\u{302}\u{303}n", "NGUYEN"),
        ] {
            assert_eq!(transliterate(written).as_deref(), Some(icao), "{written}");
        }
    }

    #[test]
    fn a_letter_with_a_mark_may_be_one_letter() {
        for (written, short) in [
            ("Müller", "MULLER"),
            ("Mu\u{308}ller", "MULLER"),
            ("Søren Åberg", "SOREN<ABERG"),
            ("Häußler", "HAUSSLER"),
            ("Æsa", "AESA"),
        ] {
            assert_eq!(
                transliterate_otherwise(written).as_deref(),
                Some(short),
                "{written}"
            );
        }
    }

    #[test]
    fn other_scripts_are_not_guessed() {
        assert_eq!(transliterate("Иван"), None);
    }

    #[test]
    fn personal_data_never_prints() {
        let (birth_date, _) = PartialDate::parse("1990-04-17").unwrap();
        let name = PersonName {
            family: Some("Melati".into()),
            given: None,
            family_icao: Some("MELATI".into()),
            given_icao: None,
            full: None,
        };
        let shown = format!("{:?}", Person { name, birth_date });
        assert_eq!(shown, "<redacted>");
    }
}
