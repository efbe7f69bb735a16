//! The EU DCC payload, versions 1.0 to 1.3, both ways.
//!
//! Refuses what no published schema allows, except for the named quirks; more than one entry; dates of events that are
//! in no calendar. A rule that only a later version than the declared one allows is followed and told.
//!
//! Source: ehn-dcc-schema, tags 1.0.0 to 1.3.3 (`DCC.combined-schema.json`).

use super::{hcert, spelled};
use crate::codec::cbor::Value;
use crate::codec::item::{Entries, Item, Items, Kind};
use crate::failure::{Code, Failure};
use crate::model::{
    AsWritten, Coded, Date, Dated, Entry, HealthCertificate, PartialDate, Person, PersonName,
    Purpose, Recovery, Test, UnixTime, Uvci, Vaccination, known_spelling,
};
use crate::quirk::{Quirk, Quirks};
use smallvec::SmallVec;
use smol_str::SmolStr;

/// The schema version that Lintas issues under.
pub const VERSION: &str = "1.3.0";

/// A schema version, `major.minor.patch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaVersion(u32, u32, u32);

impl SchemaVersion {
    /// The version in `text`; `None` where it is no three numbers with dots between.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        });
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }
}

const V1_1: SchemaVersion = SchemaVersion(1, 1, 0);
const V1_3: SchemaVersion = SchemaVersion(1, 3, 0);
const V1_3_2: SchemaVersion = SchemaVersion(1, 3, 2);

/// The health certificate in `payload`, by the rules of the version it declares, or of `version` where one is given.
///
/// `quirks` learns what was odd.
///
/// # Errors
/// `payload_invalid` (the detail names the field, never the value), `entries_not_one`.
pub fn read(
    payload: Item<'_>,
    version: Option<SchemaVersion>,
    quirks: &mut Quirks,
) -> Result<HealthCertificate, Failure> {
    let entries = payload.as_map();
    let entries =
        entries.ok_or_else(|| Code::PayloadInvalid.because("the certificate is not a map"))?;
    let schema_version = entries.get_text("ver").and_then(Item::as_text);
    let schema_version = schema_version.ok_or_else(|| invalid("ver", "is missing or no text"))?;
    let declared = SchemaVersion::parse(schema_version)
        .filter(|version| version.0 == 1)
        .ok_or_else(|| invalid("ver", "is no version 1 of three numbers"))?;
    let mut reader = Reader {
        version: version.unwrap_or(declared),
        quirks,
        as_written: AsWritten::default(),
    };
    let person = Person {
        name: reader.name(entries)?,
        birth_date: reader.birth_date(entries)?,
    };
    let entry = reader.entry(entries)?;
    Ok(HealthCertificate {
        schema_version: schema_version.into(),
        person,
        entry,
        as_written: reader.as_written,
    })
}

/// Which kinds of entry `payload` holds, whether or not it obeys the schema: its signer must be authorised for all.
pub fn purposes(payload: Item<'_>) -> SmallVec<[Purpose; 3]> {
    let fields = payload.as_map().unwrap_or_default();
    let holds = |group: &str| {
        let items = fields.get_text(group).and_then(Item::as_array);
        items.is_some_and(|mut items| items.next().is_some())
    };
    let groups = [
        ("v", Purpose::Vaccination),
        ("t", Purpose::Test),
        ("r", Purpose::Recovery),
    ];
    let held = groups.into_iter().filter(|(group, _)| holds(group));
    held.map(|(_, purpose)| purpose).collect()
}

/// `certificate` as a payload, with absent fields left out; `None` where it is of another form.
pub fn write(certificate: &HealthCertificate) -> Option<Value> {
    let name = &certificate.person.name;
    let names = [
        ("fn", &name.family),
        ("gn", &name.given),
        ("fnt", &name.family_icao),
        ("gnt", &name.given_icao),
    ];
    let names = names
        .iter()
        .filter_map(|(key, part)| part.as_ref().map(|part| pair(key, part.as_str())));
    let (group, entry) = match &certificate.entry {
        Entry::Vaccination(it) => (
            "v",
            vec![
                pair("tg", it.disease.0.as_str()),
                pair("vp", it.vaccine.0.as_str()),
                pair("mp", it.product.0.as_str()),
                pair("ma", it.manufacturer.0.as_str()),
                pair("dn", it.dose),
                pair("sd", it.doses),
                pair("dt", it.date.to_string()),
                pair("co", it.country.as_str()),
                pair("is", it.issuer.as_str()),
                pair("ci", it.uvci.as_str()),
            ],
        ),
        Entry::Test(it) => {
            let mut fields = vec![
                pair("tg", it.disease.0.as_str()),
                pair("tt", it.test_type.0.as_str()),
            ];
            fields.extend(it.name.as_deref().map(|name| pair("nm", name)));
            fields.extend(
                it.device
                    .as_ref()
                    .map(|device| pair("ma", device.0.as_str())),
            );
            fields.push(pair("sc", it.sampled_at.to_string()));
            fields.push(pair("tr", it.result.0.as_str()));
            fields.extend(it.centre.as_deref().map(|centre| pair("tc", centre)));
            fields.push(pair("co", it.country.as_str()));
            fields.push(pair("is", it.issuer.as_str()));
            fields.push(pair("ci", it.uvci.as_str()));
            ("t", fields)
        }
        Entry::Recovery(it) => (
            "r",
            vec![
                pair("tg", it.disease.0.as_str()),
                pair("fr", it.first_positive.to_string()),
                pair("co", it.country.as_str()),
                pair("is", it.issuer.as_str()),
                pair("df", it.valid_from.to_string()),
                pair("du", it.valid_until.to_string()),
                pair("ci", it.uvci.as_str()),
            ],
        ),
        Entry::WhoVaccination(_) | Entry::WhoTest(_) => return None,
    };
    Some(Value::Map(vec![
        pair("ver", certificate.schema_version.as_str()),
        pair("nam", Value::Map(names.collect())),
        pair("dob", certificate.person.birth_date.to_string()),
        pair(group, Value::Array(vec![Value::Map(entry)])),
    ]))
}

fn pair(key: &str, value: impl Into<Value>) -> (Value, Value) {
    (Value::from(key), value.into())
}

struct Reader<'q> {
    version: SchemaVersion,
    quirks: &'q mut Quirks,
    as_written: AsWritten,
}

impl Reader<'_> {
    fn name(&mut self, entries: Entries<'_>) -> Result<PersonName, Failure> {
        let fields = entries.get_text("nam").and_then(Item::as_map);
        let fields = fields.ok_or_else(|| invalid("nam", "is missing or no map"))?;
        let name = PersonName {
            family: self.text(fields, "fn")?.map(SmolStr::from),
            given: self.text(fields, "gn")?.map(SmolStr::from),
            family_icao: self.icao(fields, "fnt")?,
            given_icao: self.icao(fields, "gnt")?,
            full: None,
        };
        if name.family_icao.is_none() {
            if name.given_icao.is_none() {
                return Err(invalid("nam", "has neither fnt nor gnt"));
            }
            self.later_rule(V1_3_2);
        }
        Ok(name)
    }

    fn icao(&mut self, fields: Entries<'_>, key: &str) -> Result<Option<SmolStr>, Failure> {
        let text = self.text(fields, key)?;
        let letters = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'<')
        };
        if text.is_some_and(|text| !letters(text)) {
            return Err(invalid(key, "holds other characters than A to Z and <"));
        }
        Ok(text.map(SmolStr::from))
    }

    fn birth_date(&mut self, entries: Entries<'_>) -> Result<PartialDate, Failure> {
        let text = self.dated_text(entries, "dob")?;
        let day = match text.split_once('T') {
            Some((day, _)) if Date::parse_with_time(text).is_some() => {
                self.quirks.note(Quirk::DatetimeInDate);
                day
            }
            _ => text,
        };
        let (date, dropped) =
            PartialDate::parse(day).ok_or_else(|| invalid("dob", "is no date"))?;
        if dropped {
            self.quirks.note(Quirk::ImpossibleDate);
        }
        if dropped || day.len() != text.len() {
            self.as_written.keep(Dated::Birth, text);
        }
        if day.is_empty() {
            self.later_rule(V1_3);
        } else if day.len() < FULL_DATE {
            self.later_rule(V1_1);
        }
        Ok(date)
    }

    fn entry(&mut self, entries: Entries<'_>) -> Result<Entry, Failure> {
        let (mut count, mut found) = (0, None);
        for group in ["v", "t", "r"] {
            let Some(items) = self.group(entries, group)? else {
                continue;
            };
            let first = items.clone().next();
            found = found.or_else(|| first.map(|item| (group, item)));
            count += items.count();
        }
        let Some((group, item)) = found else {
            return Err(Code::PayloadInvalid.because("there is no v, t or r"));
        };
        if count > hcert::LIMITS.entries {
            let limit = hcert::LIMITS.entries;
            return Err(Code::EntriesNotOne.because(format!("{count} entries, expected {limit}")));
        }
        let fields = item.as_map();
        let fields = fields.ok_or_else(|| invalid(group, "holds something that is no map"))?;
        match group {
            "v" => self.vaccination(fields).map(Entry::Vaccination),
            "t" => self.test(fields).map(Entry::Test),
            _ => self.recovery(fields).map(Entry::Recovery),
        }
    }

    /// The entries of one kind, one at least, where there is such a list.
    fn group<'d>(
        &mut self,
        entries: Entries<'d>,
        group: &str,
    ) -> Result<Option<Items<'d>>, Failure> {
        let items = match entries.get_text(group).map(Item::kind) {
            None => return Ok(None),
            Some(Kind::Null) => {
                self.quirks.note(Quirk::NullField);
                return Ok(None);
            }
            Some(Kind::Array(items)) => items,
            Some(_) => return Err(invalid(group, "is no list")),
        };
        if items.clone().next().is_none() {
            return Err(invalid(group, "is an empty list"));
        }
        Ok(Some(items))
    }

    fn vaccination(&mut self, fields: Entries<'_>) -> Result<Vaccination, Failure> {
        Ok(Vaccination {
            disease: self.code(fields, "tg")?,
            vaccine: self.code(fields, "vp")?,
            product: self.code(fields, "mp")?,
            manufacturer: self.code(fields, "ma")?,
            dose: self.dose(fields, "dn")?,
            doses: self.dose(fields, "sd")?,
            date: self.date(fields, "dt", Dated::Dose)?,
            country: self.country(fields)?,
            issuer: self.issuer(fields)?,
            uvci: self.uvci(fields)?,
        })
    }

    fn test(&mut self, fields: Entries<'_>) -> Result<Test, Failure> {
        let centre = self.text(fields, "tc")?;
        if centre.is_none() {
            self.later_rule(V1_3);
        }
        Ok(Test {
            disease: self.code(fields, "tg")?,
            test_type: self.code(fields, "tt")?,
            name: self.text(fields, "nm")?.map(SmolStr::from),
            device: self.optional_code(fields, "ma")?,
            sampled_at: self.sampled_at(fields)?,
            result: self.code(fields, "tr")?,
            centre: centre.map(SmolStr::from),
            country: self.country(fields)?,
            issuer: self.issuer(fields)?,
            uvci: self.uvci(fields)?,
        })
    }

    fn recovery(&mut self, fields: Entries<'_>) -> Result<Recovery, Failure> {
        Ok(Recovery {
            disease: self.code(fields, "tg")?,
            first_positive: self.date(fields, "fr", Dated::FirstPositive)?,
            valid_from: self.date(fields, "df", Dated::ValidFrom)?,
            valid_until: self.date(fields, "du", Dated::ValidUntil)?,
            country: self.country(fields)?,
            issuer: self.issuer(fields)?,
            uvci: self.uvci(fields)?,
        })
    }

    /// An optional text of at most 80 characters, 50 before version 1.3.
    fn text<'d>(&mut self, fields: Entries<'d>, key: &str) -> Result<Option<&'d str>, Failure> {
        let text = match fields.get_text(key).map(Item::kind) {
            None => return Ok(None),
            Some(Kind::Null) => {
                self.quirks.note(Quirk::NullField);
                return Ok(None);
            }
            Some(Kind::Text(text)) => text,
            Some(_) => return Err(invalid(key, "is no text")),
        };
        // As many bytes are no more characters.
        if text.len() > 50 {
            match text.chars().count() {
                0..=50 => {}
                51..=80 => self.later_rule(V1_3),
                _ => return Err(invalid(key, "is over 80 characters")),
            }
        }
        Ok(Some(text))
    }

    fn required<'d>(&mut self, fields: Entries<'d>, key: &str) -> Result<&'d str, Failure> {
        self.text(fields, key)?
            .ok_or_else(|| invalid(key, "is missing"))
    }

    fn code(&mut self, fields: Entries<'_>, key: &str) -> Result<Coded, Failure> {
        self.optional_code(fields, key)?
            .ok_or_else(|| invalid(key, "is missing"))
    }

    fn optional_code(&mut self, fields: Entries<'_>, key: &str) -> Result<Option<Coded>, Failure> {
        let Some(code) = self.text(fields, key)? else {
            return Ok(None);
        };
        let right = known_spelling(code);
        if right.is_some() {
            self.quirks.note(Quirk::LegacySpelling);
        }
        Ok(Some(Coded(right.unwrap_or(code).into())))
    }

    fn country(&mut self, fields: Entries<'_>) -> Result<SmolStr, Failure> {
        let country = self.required(fields, "co")?;
        if country.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Ok(country.into())
        } else {
            Err(invalid("co", "is no country code"))
        }
    }

    fn issuer(&mut self, fields: Entries<'_>) -> Result<SmolStr, Failure> {
        self.required(fields, "is").map(SmolStr::from)
    }

    fn uvci(&mut self, fields: Entries<'_>) -> Result<Uvci, Failure> {
        Uvci::parse(self.required(fields, "ci")?).ok_or_else(|| invalid("ci", "is empty"))
    }

    fn dose(&mut self, fields: Entries<'_>, key: &str) -> Result<u32, Failure> {
        let item = fields.get_text(key);
        let item = item.ok_or_else(|| invalid(key, "is missing"))?;
        let number = spelled::counted(item, self.quirks);
        let number = number.ok_or_else(|| invalid(key, "is no whole number from 1"))?;
        if number > 9 {
            self.later_rule(V1_3);
        }
        Ok(number)
    }

    fn date(&mut self, fields: Entries<'_>, key: &str, which: Dated) -> Result<Date, Failure> {
        let text = self.dated_text(fields, key)?;
        let (date, cut) = Date::parse_with_time(text).ok_or_else(|| invalid(key, "is no date"))?;
        if cut {
            self.quirks.note(Quirk::DatetimeInDate);
            self.as_written.keep(which, text);
        }
        Ok(date)
    }

    fn sampled_at(&mut self, fields: Entries<'_>) -> Result<UnixTime, Failure> {
        let text = self.dated_text(fields, "sc")?;
        let at = UnixTime::parse(text);
        let at = at.ok_or_else(|| invalid("sc", "is no date and time with a zone"))?;
        if at.to_string() != text {
            self.as_written.keep(Dated::Sample, text);
        }
        Ok(at)
    }

    fn dated_text<'d>(&mut self, fields: Entries<'d>, key: &str) -> Result<&'d str, Failure> {
        spelled::dated(fields.get_text(key), self.quirks)
            .ok_or_else(|| invalid(key, "is missing or no text"))
    }

    /// Notes that a rule was followed which only came with version `since`.
    fn later_rule(&mut self, since: SchemaVersion) {
        if self.version < since {
            self.quirks.note(Quirk::OutsideVersion);
        }
    }
}

fn invalid(field: &str, what: &str) -> Failure {
    Code::PayloadInvalid.because(format!("{field} {what}"))
}

const FULL_DATE: usize = 10;
