//! What is claimed about a person, in our own JSON, and the checks before anything is signed.
//!
//! Refuses names that cannot be transliterated, events in the future or before birth, empty codes, and codes in the
//! known misspellings. The detail of a refusal names the field, never the value.

use super::stated::{self, Written, invalid, optional, required};
use crate::credential::eu_dcc;
use crate::failure::{Code, Failure, printable};
use crate::model::{
    AsWritten, Coded, Country, Date, Entry, HealthCertificate, Recovery, Test, UnixTime, Uvci,
    Vaccination, known_spelling,
};
use serde::Deserialize;
use serde_json::Value;
use smol_str::SmolStr;

/// Claims as they are handed in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Whom they are about.
    pub person: PersonClaims,
    /// What happened.
    #[serde(flatten)]
    pub event: EventClaims,
}

impl Claims {
    /// The claims in `value`.
    ///
    /// # Errors
    /// `request_invalid`, with the member's name where it is about one; never a value.
    pub fn from_json(value: Value) -> Result<Self, Failure> {
        if value
            .pointer("/person")
            .is_some_and(|person| !person.is_object())
        {
            return Err(Code::RequestInvalid
                .because("member `person` is not an object")
                .about("person"));
        }
        serde_json::from_value(value).map_err(|error| {
            // The parser's own words may quote a claim, so only a member's name is taken from them.
            let words = error.to_string();
            let missing = words.starts_with("missing field");
            if !missing && !words.starts_with("unknown field") {
                return Code::RequestInvalid.because("the claims are not of the documented shape");
            }
            let name = printable(words.split('`').nth(1).unwrap_or_default());
            let state = if missing { "missing" } else { "not known" };
            Code::RequestInvalid
                .because(format!("member `{name}` is {state}"))
                .about(name)
        })
    }
}

/// A person as claimed; at least one name.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonClaims {
    /// Family name as written, 1 to 80 characters.
    pub family_name: Option<String>,
    /// Given names as written, 1 to 80 characters.
    pub given_name: Option<String>,
    /// `YYYY-MM-DD`, `YYYY-MM`, `YYYY`, or empty.
    pub birth_date: String,
}

/// The one event that is claimed.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EventClaims {
    /// A dose was given.
    Vaccination {
        /// SNOMED CT; COVID-19 if left out.
        #[serde(default = "covid_19")]
        disease: String,
        /// The kind of vaccine.
        vaccine: String,
        /// The product.
        product: String,
        /// The manufacturer.
        manufacturer: String,
        /// From 1.
        dose: u32,
        /// From 1.
        doses: u32,
        /// `YYYY-MM-DD`.
        date: String,
    },
    /// A test was made.
    Test {
        /// SNOMED CT; COVID-19 if left out.
        #[serde(default = "covid_19")]
        disease: String,
        /// LOINC.
        #[serde(rename = "type")]
        test_type: String,
        /// The name of a nucleic-acid test.
        name: Option<String>,
        /// The device identifier of a rapid antigen test.
        device: Option<String>,
        /// RFC 3339.
        sampled_at: String,
        /// SNOMED CT.
        result: String,
        /// Where it was made.
        centre: Option<String>,
    },
    /// A recovery.
    Recovery {
        /// SNOMED CT; COVID-19 if left out.
        #[serde(default = "covid_19")]
        disease: String,
        /// `YYYY-MM-DD`.
        first_positive: String,
        /// `YYYY-MM-DD`.
        valid_from: String,
        /// `YYYY-MM-DD`.
        valid_until: String,
    },
}

fn covid_19() -> String {
    "840539006".to_owned()
}

/// Who vouches.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The country, also of the event.
    pub country: Country,
    /// The authority's name, 1 to 80 characters.
    pub name: String,
}

/// The health certificate that `claims` make, identified by `uvci`, stated at the instant `at`.
///
/// # Errors
/// `claim_invalid`.
pub fn check(
    claims: &Claims,
    issuer: &Issuer,
    uvci: Uvci,
    at: UnixTime,
) -> Result<HealthCertificate, Failure> {
    let person = stated::person(&claims.person.written())?;
    let country = SmolStr::from(issuer.country.as_str());
    let issuer = required("issuer", &issuer.name)?;
    let past = |field, text: &str| {
        let day = Date::parse(text).ok_or_else(|| invalid(field, "is not YYYY-MM-DD"))?;
        stated::not_in_future(field, day, at)?;
        stated::not_before_birth(field, day, person.birth_date)?;
        Ok(day)
    };
    let entry = match &claims.event {
        EventClaims::Vaccination {
            disease,
            vaccine,
            product,
            manufacturer,
            dose,
            doses,
            date,
        } => {
            if *dose == 0 || *doses == 0 {
                return Err(invalid("dose", "is counted from 1"));
            }
            Entry::Vaccination(Vaccination {
                disease: code("disease", disease)?,
                vaccine: code("vaccine", vaccine)?,
                product: code("product", product)?,
                manufacturer: code("manufacturer", manufacturer)?,
                dose: *dose,
                doses: *doses,
                date: past("date", date)?,
                country,
                issuer,
                uvci,
            })
        }
        EventClaims::Test {
            disease,
            test_type,
            name,
            device,
            sampled_at,
            result,
            centre,
        } => {
            let sampled_at = UnixTime::parse(sampled_at)
                .ok_or_else(|| invalid("sampled_at", "is no date and time with a zone"))?;
            if sampled_at > at {
                return Err(invalid("sampled_at", "lies in the future"));
            }
            Entry::Test(Test {
                disease: code("disease", disease)?,
                test_type: code("type", test_type)?,
                name: optional("name", name.as_deref())?,
                device: device
                    .as_deref()
                    .map(|device| code("device", device))
                    .transpose()?,
                sampled_at,
                result: code("result", result)?,
                centre: optional("centre", centre.as_deref())?,
                country,
                issuer,
                uvci,
            })
        }
        EventClaims::Recovery {
            disease,
            first_positive,
            valid_from,
            valid_until,
        } => {
            let day = |field, text: &str| {
                Date::parse(text).ok_or_else(|| invalid(field, "is not YYYY-MM-DD"))
            };
            let first_positive = past("first_positive", first_positive)?;
            let valid_from = day("valid_from", valid_from)?;
            let valid_until = day("valid_until", valid_until)?;
            if valid_from < first_positive || valid_until < valid_from {
                return Err(invalid("valid_until", "ends a period before it begins"));
            }
            Entry::Recovery(Recovery {
                disease: code("disease", disease)?,
                first_positive,
                valid_from,
                valid_until,
                country,
                issuer,
                uvci,
            })
        }
    };
    Ok(HealthCertificate {
        schema_version: eu_dcc::VERSION.into(),
        person,
        entry,
        as_written: AsWritten::default(),
    })
}

impl PersonClaims {
    fn written(&self) -> Written<'_> {
        Written {
            family_name: self.family_name.as_deref(),
            given_name: self.given_name.as_deref(),
            family_name_icao: None,
            given_name_icao: None,
            birth_date: &self.birth_date,
        }
    }
}

fn code(field: &str, text: &str) -> Result<Coded, Failure> {
    let text = required(field, text)?;
    if known_spelling(&text).is_some() {
        return Err(invalid(field, "is a known misspelling of a code"));
    }
    Ok(Coded(text))
}
