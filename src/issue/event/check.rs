//! The rules that events of every form are held against.
//!
//! Refuses members that are missing or not of their form, identity numbers where names of things belong, products and doses that
//! no table holds, and what happened before birth or has not happened yet. Fields have one name in all forms.
//!
//! Source: the structure of an NIK (region, day of birth with 40 added for women, month, year, serial).

use super::{Action, Event, Happening, Profile, Wanted};
use crate::failure::{Code, Failure};
use crate::issue::products::Products;
use crate::issue::stated::{self, Written};
use crate::model::{Country, Date, Person, UnixTime};

/// An event as a form states it, before anything is known to be right.
#[derive(Default)]
pub(super) struct Stated {
    pub(super) source_id: Option<String>,
    pub(super) action: Option<String>,
    pub(super) family_name: Option<String>,
    pub(super) given_name: Option<String>,
    pub(super) family_name_icao: Option<String>,
    pub(super) given_name_icao: Option<String>,
    pub(super) birth_date: Option<String>,
    pub(super) happening: Option<StatedHappening>,
    pub(super) facility: Option<String>,
    pub(super) operator: Option<String>,
    pub(super) profiles: Option<Vec<String>>,
    pub(super) destination: Option<String>,
}

/// What happened, as a form states it.
pub(super) enum StatedHappening {
    Vaccination {
        product: Option<Named>,
        dose: Option<u32>,
        date: Option<String>,
        lot: Option<String>,
    },
    Test {
        test: Option<Named>,
        sampled_at: Option<String>,
        result: Option<String>,
        centre: Option<String>,
    },
    Recovery {
        first_positive: Option<String>,
    },
}

/// A row of the table of products, by its id or by codes that may mean it.
pub(super) enum Named {
    Id(String),
    /// Pairs of system and code; for a test also the number of its device.
    Codes {
        codes: Vec<(String, String)>,
        device: Option<String>,
    },
}

impl Stated {
    /// The event that is stated, with codes of products read by `products`.
    ///
    /// # Errors
    /// `event_invalid`, `claim_invalid`, `product_unknown`, about a field.
    pub(super) fn event(self, products: &Products) -> Result<Event, Failure> {
        let source_id = source_id(self.source_id)?;
        let action = match self.action.as_deref() {
            None => Action::New,
            Some(name) => Action::parse(name)
                .ok_or_else(|| wrong("action", "is none of new, correct, cancel, renew"))?,
        };
        let birth_date = self.birth_date.ok_or_else(|| missing("birth_date"))?;
        let person = stated::person(&Written {
            family_name: self.family_name.as_deref(),
            given_name: self.given_name.as_deref(),
            family_name_icao: self.family_name_icao.as_deref(),
            given_name_icao: self.given_name_icao.as_deref(),
            birth_date: &birth_date,
        })?;
        let happening = self
            .happening
            .ok_or_else(|| missing("vaccination"))?
            .happening(&person, products)?;
        let facility = self.facility.ok_or_else(|| missing("facility"))?;
        let wanted = wanted(self.profiles, self.destination)?;
        Ok(Event {
            source_id,
            action,
            person,
            happening,
            facility: plain("facility", facility)?,
            operator: self
                .operator
                .map(|operator| plain("operator", operator))
                .transpose()?,
            wanted,
        })
    }
}

impl StatedHappening {
    fn happening(self, person: &Person, products: &Products) -> Result<Happening, Failure> {
        let day = |field: &str, text: Option<String>| {
            let text = text.ok_or_else(|| missing(field))?;
            let day = Date::parse(&text)
                .ok_or_else(|| wrong(field, "is not a day of the calendar, YYYY-MM-DD"))?;
            stated::not_before_birth(field, day, person.birth_date)?;
            Ok(day)
        };
        Ok(match self {
            Self::Vaccination {
                product,
                dose,
                date,
                lot,
            } => Happening::Vaccination {
                product: product
                    .ok_or_else(|| missing("product"))?
                    .id("product", |(system, code), _| {
                        products.by_code(system, code)
                    })?,
                dose: dose.ok_or_else(|| missing("dose"))?,
                date: day("date", date)?,
                lot: lot.map(|lot| short("lot", &lot, MAX_LOT)).transpose()?,
            },
            Self::Test {
                test,
                sampled_at,
                result,
                centre,
            } => {
                let test = test.ok_or_else(|| missing("test"))?;
                let test = test.id("test", |(system, code), device| {
                    products.test_by_code(system, code, device)
                })?;
                let text = sampled_at.ok_or_else(|| missing("sampled_at"))?;
                let sampled_at = UnixTime::parse(&text)
                    .ok_or_else(|| wrong("sampled_at", "is no date and time with a zone"))?;
                let day = stated::last_day(sampled_at);
                stated::not_before_birth("sampled_at", day, person.birth_date)?;
                let detected = match result.ok_or_else(|| missing("result"))?.as_str() {
                    DETECTED => true,
                    NOT_DETECTED => false,
                    _ => return Err(wrong("result", "is neither detected nor not_detected")),
                };
                let centre = stated::optional("centre", centre.as_deref())?;
                Happening::Test {
                    test,
                    sampled_at,
                    detected,
                    centre: centre.map(String::from),
                }
            }
            Self::Recovery { first_positive } => Happening::Recovery {
                first_positive: day("first_positive", first_positive)?,
            },
        })
    }
}

impl Named {
    /// The id that is named; codes must mean one row together, though some may mean none.
    fn id<'p>(
        self,
        field: &str,
        find: impl Fn((&str, &str), Option<&str>) -> Option<&'p str>,
    ) -> Result<String, Failure> {
        let (codes, device) = match self {
            Self::Id(id) => return Ok(id),
            Self::Codes { codes, device } => (codes, device),
        };
        let mut found: Option<&str> = None;
        for (system, code) in &codes {
            let Some(id) = find((system, code), device.as_deref()) else {
                continue;
            };
            if found.is_some_and(|earlier| earlier != id) {
                return Err(wrong(field, "has codes of different products"));
            }
            found = Some(id);
        }
        found.map(str::to_owned).ok_or_else(|| unknown(field))
    }
}

impl Event {
    /// Holds the event against the table of products and the instant `at`: what a certificate could not be made of is refused.
    ///
    /// An event that is cancelled makes no certificate, so that it can always be cancelled.
    ///
    /// # Errors
    /// `product_unknown`, `dose_invalid`, `claim_invalid` (in the future), about a field.
    pub fn check(&self, products: &Products, at: UnixTime) -> Result<(), Failure> {
        if self.action == Action::Cancel {
            return Ok(());
        }
        match &self.happening {
            Happening::Vaccination {
                product,
                dose,
                date,
                ..
            } => {
                let vaccine = products.vaccines.get(product);
                let vaccine = vaccine.ok_or_else(|| unknown("product"))?;
                vaccine.check_dose(*dose)?;
                stated::not_in_future("date", *date, at)
            }
            Happening::Test {
                test, sampled_at, ..
            } => {
                if !products.tests.contains_key(test) {
                    return Err(unknown("test"));
                }
                if *sampled_at > at {
                    return Err(stated::invalid("sampled_at", "lies in the future"));
                }
                Ok(())
            }
            Happening::Recovery { first_positive } => {
                stated::not_in_future("first_positive", *first_positive, at)
            }
        }
    }
}

fn source_id(text: Option<String>) -> Result<String, Failure> {
    let text = text.ok_or_else(|| missing("source_id"))?;
    let text = short("source_id", &text, MAX_SOURCE_ID)?;
    not_a_person("source_id", &text)?;
    Ok(text)
}

/// The name of a facility or an operator.
fn plain(field: &str, text: String) -> Result<String, Failure> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !plain || !(1..=MAX_PLAIN).contains(&text.len()) {
        let what = format!("is not 1 to {MAX_PLAIN} of A-Z a-z 0-9 . _ -");
        return Err(wrong(field, &what));
    }
    not_a_person(field, &text)?;
    Ok(text)
}

/// Refuses an identity number: what is kept for good must lead to nobody.
fn not_a_person(field: &str, text: &str) -> Result<(), Failure> {
    if text.len() != NIK_DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let two = |from: usize| {
        let digits = text.get(from..from + 2).unwrap_or_default();
        digits.parse::<u32>().unwrap_or_default()
    };
    let (day, month) = (two(6), two(8));
    if matches!(day, 1..=31 | 41..=71) && (1..=12).contains(&month) {
        return Err(wrong(field, "has the form of an identity number"));
    }
    Ok(())
}

/// A text of 1 to `most` characters that are all seen.
fn short(field: &str, text: &str, most: usize) -> Result<String, Failure> {
    let text = text.trim();
    if !(1..=most).contains(&text.chars().count()) || text.chars().any(stated::unseen) {
        return Err(wrong(
            field,
            &format!("is not 1 to {most} printable characters"),
        ));
    }
    Ok(text.to_owned())
}

fn wanted(profiles: Option<Vec<String>>, destination: Option<String>) -> Result<Wanted, Failure> {
    match (profiles, destination) {
        (None, None) => Ok(Wanted::Usual),
        (Some(_), Some(_)) => Err(wrong("destination", "stands beside profiles")),
        (None, Some(country)) => Country::parse(&country)
            .map(Wanted::For)
            .ok_or_else(|| wrong("destination", "is no country's code of ISO 3166-1")),
        (Some(names), None) => {
            let mut profiles = Vec::new();
            for name in &names {
                let profile = Profile::parse(name)
                    .ok_or_else(|| wrong("profiles", "names one that does not exist"))?;
                if profiles.contains(&profile) {
                    return Err(wrong("profiles", "names one twice"));
                }
                profiles.push(profile);
            }
            if profiles.is_empty() {
                return Err(wrong("profiles", "is empty"));
            }
            profiles.sort();
            Ok(Wanted::These(profiles))
        }
    }
}

pub(super) fn missing(field: &str) -> Failure {
    wrong(field, "is missing")
}

/// `event_invalid` about `field`, which `what` says of.
pub(super) fn wrong(field: &str, what: &str) -> Failure {
    Code::EventInvalid
        .because(format!("{field} {what}"))
        .about(field)
}

fn unknown(field: &str) -> Failure {
    Code::ProductUnknown
        .because(format!("{field} is not in the table"))
        .about(field)
}

pub(super) const DETECTED: &str = "detected";
pub(super) const NOT_DETECTED: &str = "not_detected";
const MAX_SOURCE_ID: usize = 200;
const MAX_PLAIN: usize = 64;
const MAX_LOT: usize = 20;
const NIK_DIGITS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_identity_number_is_no_name_of_a_thing() {
        let products = Products::embedded().unwrap();
        let event = |source_id: &str, operator: &str| {
            let event = json!({ "source_id": source_id, "facility": "3174001", "operator": operator,
                "person": { "family_name": "Sari", "birth_date": "" }, "recovery": { "first_positive": "2026-11-01" } });
            Event::from_json(event, &products)
        };
        for number in ["3174014107880003", "3174013112880003"] {
            let failure = event(number, "c").unwrap_err();
            assert_eq!(failure.member(), Some("source_id"));
            let failure = event("NAR-1", number).unwrap_err();
            assert_eq!(failure.member(), Some("operator"));
        }
        // No day of birth, and not sixteen digits.
        for other in ["3174019907880003", "31740141078800031"] {
            assert!(event(other, "c").is_ok(), "{other}");
        }
    }

    #[test]
    fn what_has_not_happened_yet_is_refused_unless_it_is_cancelled() {
        let products = Products::embedded().unwrap();
        let at = UnixTime::parse("2026-11-20T10:00:00Z").unwrap();
        for (happening, field, code) in [
            (
                json!({ "vaccination": { "product": "coronavac", "dose": 1, "date": "2026-11-23" } }),
                "date",
                Code::ClaimInvalid,
            ),
            (
                json!({ "test": { "test": "pcr", "sampled_at": "2026-11-20T10:00:01Z", "result": "detected" } }),
                "sampled_at",
                Code::ClaimInvalid,
            ),
            (
                json!({ "recovery": { "first_positive": "2026-11-22" } }),
                "first_positive",
                Code::ClaimInvalid,
            ),
            (
                json!({ "vaccination": { "product": "coronavac", "dose": 5, "date": "2026-11-20" } }),
                "dose",
                Code::DoseInvalid,
            ),
            (
                json!({ "vaccination": { "product": "none", "dose": 1, "date": "2026-11-20" } }),
                "product",
                Code::ProductUnknown,
            ),
            (
                json!({ "test": { "test": "none", "sampled_at": "2026-11-20T10:00:00Z", "result": "detected" } }),
                "test",
                Code::ProductUnknown,
            ),
        ] {
            let mut event = json!({ "source_id": "NAR-1", "facility": "3174001",
                "person": { "family_name": "Sari", "birth_date": "" } });
            for (name, value) in happening.as_object().unwrap() {
                event[name] = value.clone();
            }
            let read = Event::from_json(event.clone(), &products).unwrap();
            let failure = read.check(&products, at).unwrap_err();
            assert_eq!((failure.code(), failure.member()), (code, Some(field)));
            event["action"] = json!("cancel");
            let read = Event::from_json(event, &products).unwrap();
            assert!(read.check(&products, at).is_ok());
        }
    }
}
