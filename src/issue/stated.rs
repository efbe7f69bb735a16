//! What facilities and people write: names, birth dates, days and short texts, as certificates can state them.
//!
//! Refuses names without transliteration, texts over 80 characters or with characters that nobody sees, and days before birth
//! or in the future. The detail of a refusal names the field and what to do, never the value.
//!
//! Source: EU DCC schema 1.3.3 (80 characters); ICAO Doc 9303 part 3 (transliterated names in `A-Z` and `<`).

use crate::failure::{Code, Failure};
use crate::model::{Date, PartialDate, Person, PersonName, UnixTime, transliterate};
use smol_str::SmolStr;

/// A person as written.
pub(super) struct Written<'a> {
    pub(super) family_name: Option<&'a str>,
    pub(super) given_name: Option<&'a str>,
    /// As a passport transliterates it, where that is known or cannot be computed.
    pub(super) family_name_icao: Option<&'a str>,
    pub(super) given_name_icao: Option<&'a str>,
    pub(super) birth_date: &'a str,
}

/// The person that is written.
///
/// # Errors
/// `claim_invalid`.
pub(super) fn person(written: &Written<'_>) -> Result<Person, Failure> {
    let family = part("family_name", written.family_name, written.family_name_icao)?;
    let given = part("given_name", written.given_name, written.given_name_icao)?;
    let (birth_date, impossible) = PartialDate::parse(written.birth_date)
        .ok_or_else(|| invalid("birth_date", "is not YYYY-MM-DD, YYYY-MM or YYYY"))?;
    if impossible {
        return Err(invalid("birth_date", "is in no calendar"));
    }
    // A single name is a family name: verifiers before schema 1.3.2 ask for that part.
    let (family, given) = match (family, given) {
        (None, None) => return Err(invalid("family_name", "or given_name is required")),
        (None, Some(single)) => (Some(single), None),
        both => both,
    };
    let (family, family_icao) = family.unzip();
    let (given, given_icao) = given.unzip();
    let name = PersonName {
        family,
        given,
        family_icao,
        given_icao,
        full: None,
    };
    Ok(Person { name, birth_date })
}

/// A part of a name, and its transliteration.
fn part(
    field: &str,
    name: Option<&str>,
    icao: Option<&str>,
) -> Result<Option<(SmolStr, SmolStr)>, Failure> {
    let icao_field = format!("{field}_icao");
    let Some(name) = name else {
        return match icao {
            Some(_) => Err(invalid(&icao_field, &format!("stands without {field}"))),
            None => Ok(None),
        };
    };
    let name = required(field, name)?;
    let icao = match icao {
        Some(icao) => passport_form(&icao_field, icao)?,
        None => {
            let icao = transliterate(&name).ok_or_else(|| {
                let what = "has letters without transliteration: the passport's form is needed";
                invalid(field, what)
            })?;
            if icao.is_empty() {
                return Err(invalid(field, "has no letters"));
            }
            if icao.len() > MAX_TEXT {
                let what = "is over 80 letters in transliteration: the passport's form is needed";
                return Err(invalid(field, what));
            }
            icao.into()
        }
    };
    Ok(Some((name, icao)))
}

/// `text` where it is of the form of a passport's machine-readable name: words of `A-Z`, one `<` between two.
fn passport_form(field: &str, text: &str) -> Result<SmolStr, Failure> {
    let plain = text
        .split('<')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase()));
    if !plain {
        return Err(invalid(field, "is not words of A-Z with one < between two"));
    }
    if text.len() > MAX_TEXT {
        return Err(invalid(field, "is over 80 characters"));
    }
    Ok(text.into())
}

/// A text that may be left out.
pub(super) fn optional(field: &str, text: Option<&str>) -> Result<Option<SmolStr>, Failure> {
    text.map(|text| required(field, text)).transpose()
}

/// A text of 1 to 80 characters, without the white space around it.
pub(super) fn required(field: &str, text: &str) -> Result<SmolStr, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(invalid(field, "is empty"));
    }
    if text.chars().count() > MAX_TEXT {
        let what = "is over 80 characters: shorten it";
        return Err(invalid(field, what));
    }
    if text.chars().any(unseen) {
        return Err(invalid(field, "holds control characters"));
    }
    Ok(text.into())
}

/// Whether nobody sees `letter`, though it changes what is seen around it or means something to a machine.
pub(super) fn unseen(letter: char) -> bool {
    let directs = matches!(
        letter,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    letter.is_control() || directs
}

/// Refuses a `day` that, at the instant `at`, is in the future everywhere.
pub(super) fn not_in_future(field: &str, day: Date, at: UnixTime) -> Result<(), Failure> {
    if day > last_day(at) {
        return Err(invalid(field, "lies in the future"));
    }
    Ok(())
}

/// The last day that has begun somewhere at the instant `at`: a day begins in Papua hours before it does in Greenwich.
pub(super) fn last_day(at: UnixTime) -> Date {
    at.plus(DATE_LINE_S).date()
}

/// Refuses a `day` before `birth`, as far as that is known.
pub(super) fn not_before_birth(field: &str, day: Date, birth: PartialDate) -> Result<(), Failure> {
    let (birth, day) = (birth.to_string(), day.to_string());
    // Dates of this form are in order as texts, as far as both go.
    if day.get(..birth.len()).is_some_and(|day| *day < *birth) {
        return Err(invalid(field, "lies before birth"));
    }
    Ok(())
}

/// `claim_invalid` about `field`, which `what` says of.
pub(super) fn invalid(field: &str, what: &str) -> Failure {
    Code::ClaimInvalid
        .because(format!("{field} {what}"))
        .about(field)
}

const MAX_TEXT: usize = 80;
const DATE_LINE_S: i64 = 14 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'a>(family: Option<&'a str>, icao: Option<&'a str>) -> Written<'a> {
        Written {
            family_name: family,
            given_name: None,
            family_name_icao: icao,
            given_name_icao: None,
            birth_date: "1988-03",
        }
    }

    fn refused(family: Option<&str>, icao: Option<&str>) -> (Code, String) {
        let failure = person(&written(family, icao)).unwrap_err();
        (failure.code(), failure.member().unwrap().to_owned())
    }

    #[test]
    fn a_name_that_cannot_be_transliterated_needs_the_passports_form() {
        assert_eq!(refused(Some("Иванов"), None).1, "family_name");
        let person = person(&written(Some("Иванов"), Some("IVANOV"))).unwrap();
        assert_eq!(person.name.family_icao.as_deref(), Some("IVANOV"));
        let long = "A".repeat(81);
        for icao in [
            "ivanov",
            "IVAN OV",
            "<IVANOV",
            "IVAN<<OV",
            "",
            long.as_str(),
        ] {
            let (code, field) = refused(Some("Иванов"), Some(icao));
            assert_eq!(
                (code, field.as_str()),
                (Code::ClaimInvalid, "family_name_icao")
            );
        }
        assert_eq!(refused(None, Some("IVANOV")).1, "family_name_icao");
    }

    #[test]
    fn a_long_transliteration_can_be_shortened_by_hand() {
        let name = "Ü".repeat(41);
        assert_eq!(refused(Some(&name), None).1, "family_name");
        assert!(person(&written(Some(&name), Some("UEUE"))).is_ok());
        assert_eq!(refused(Some(&"a".repeat(81)), Some("AA")).1, "family_name");
    }

    #[test]
    fn what_turns_the_direction_of_text_is_no_part_of_a_name() {
        for letter in ["\u{202e}", "\u{2066}", "\u{200f}", "\u{feff}", "\t", "\n"] {
            let name = format!("Sari{letter}Dewi");
            assert_eq!(refused(Some(&name), Some("SARI")).1, "family_name");
        }
    }

    #[test]
    fn a_day_is_held_against_what_is_known_of_the_birth() {
        let day = |text| Date::parse(text).unwrap();
        for (birth, before, not_before) in [
            ("1988", "1987-12-31", "1988-01-01"),
            ("1988-03", "1988-02-29", "1988-03-01"),
            ("1988-03-05", "1988-03-04", "1988-03-05"),
        ] {
            let (birth, _) = PartialDate::parse(birth).unwrap();
            assert!(not_before_birth("date", day(before), birth).is_err());
            assert!(not_before_birth("date", day(not_before), birth).is_ok());
        }
        let (unknown, _) = PartialDate::parse("").unwrap();
        assert!(not_before_birth("date", day("1901-01-01"), unknown).is_ok());
    }

    #[test]
    fn a_day_that_has_begun_somewhere_is_not_in_the_future() {
        let at = UnixTime::parse("2026-11-20T11:00:00Z").unwrap();
        assert!(not_in_future("date", Date::parse("2026-11-21").unwrap(), at).is_ok());
        assert!(not_in_future("date", Date::parse("2026-11-22").unwrap(), at).is_err());
    }
}
