//! Reads either form into the model.
//!
//! Refuses two events in one certificate.
//!
//! Source: as the module above.

use super::fields::{ALONE, Bound, CURRENT, Reader, invalid};
use super::{TEST, VACCINATION};
use crate::codec::item::{Entries, Item};
use crate::failure::{Code, Failure};
use crate::model::{
    AsWritten, Entry, HealthCertificate, Person, PersonName, Purpose, UnixTime, Uvci, WhoTest,
    WhoVaccination,
};
use crate::quirk::Quirks;
use smallvec::SmallVec;
use smol_str::SmolStr;

/// What a certificate states, and the period that it gives itself.
#[derive(Debug)]
pub struct Stated {
    /// The certificate.
    pub certificate: HealthCertificate,
    /// The first second, where one is stated.
    pub start: Option<UnixTime>,
    /// The last second, where one is stated.
    pub end: Option<UnixTime>,
}

/// The certificate in `container`, the map of claim -260.
///
/// `quirks` learns what was odd.
///
/// # Errors
/// `payload_invalid` (the detail names the field, never the value), `entries_not_one`.
pub fn read(container: Entries<'_>, quirks: &mut Quirks) -> Result<Stated, Failure> {
    let (root, purpose) = match (container.get(VACCINATION), container.get(TEST)) {
        (Some(root), None) => (root, Purpose::Vaccination),
        (None, Some(root)) => (root, Purpose::Test),
        (Some(_), Some(_)) => return Err(two()),
        (None, None) => return Err(Code::HcertMissing.because("no entry 3 or 4 in claim -260")),
    };
    let root = root.as_map();
    let root = root.ok_or_else(|| Code::PayloadInvalid.because("the certificate is not a map"))?;
    let mut reader = Reader {
        form: &CURRENT,
        quirks,
    };
    let about = reader.group(root, "certificate")?;
    let paper = Paper {
        version: reader.required(about, "version")?.into(),
        issuer: Some(reader.issuer(about)?),
        uvci: reader.identifier(about, "hcid")?,
    };
    let event = reader.group(root, purpose.name())?;
    let period = reader.optional_group(about, "period")?.unwrap_or_default();
    Ok(Stated {
        start: reader.bound(period, "start", Bound::Start)?,
        end: reader.bound(period, "end", Bound::End)?,
        certificate: reader.certificate(root, event, purpose, paper)?,
    })
}

/// The certificate in `root`, which has no claims around it.
///
/// # Errors
/// As [`read`].
pub fn read_alone(root: Item<'_>, quirks: &mut Quirks) -> Result<Stated, Failure> {
    let root = root.as_map().unwrap_or_default();
    let mut reader = Reader {
        form: &ALONE,
        quirks,
    };
    let (purpose, event) = match alone(root) {
        (true, false) => (Purpose::Vaccination, root),
        (false, true) => (Purpose::Test, reader.group(root, "test")?),
        (true, true) => return Err(two()),
        (false, false) => return Err(invalid("vaccine", "is missing, and so is test")),
    };
    let paper = Paper {
        version: SmolStr::default(),
        issuer: reader.text(root, "pha")?.map(SmolStr::from),
        uvci: reader.identifier_alone(root)?,
    };
    Ok(Stated {
        start: reader.bound(root, "valid_from", Bound::Start)?,
        end: reader.bound(root, "valid_until", Bound::End)?,
        certificate: reader.certificate(root, event, purpose, paper)?,
    })
}

/// Whether `root` is a certificate that stands alone, not a set of claims: those have numbers for keys.
pub fn stands_alone(root: Item<'_>) -> bool {
    let root = root.as_map().unwrap_or_default();
    let first = root.iter().next();
    first.is_some_and(|(key, _)| key.as_text().is_some())
        && root.get_text("name").is_some()
        && alone(root) != (false, false)
}

/// Which kinds of event `container` holds, whether or not it obeys the rules.
pub fn purposes(container: Entries<'_>) -> SmallVec<[Purpose; 3]> {
    let labels = [(VACCINATION, Purpose::Vaccination), (TEST, Purpose::Test)];
    let held = labels.into_iter();
    let held = held.filter(|(label, _)| container.get(*label).is_some());
    held.map(|(_, purpose)| purpose).collect()
}

/// The same of a certificate that stands alone.
pub fn purposes_alone(root: Item<'_>) -> SmallVec<[Purpose; 3]> {
    let (vaccination, test) = alone(root.as_map().unwrap_or_default());
    let held = [(vaccination, Purpose::Vaccination), (test, Purpose::Test)];
    let held = held.into_iter().filter(|(held, _)| *held);
    held.map(|(_, purpose)| purpose).collect()
}

/// Whether it holds a vaccination, and whether it holds a test.
fn alone(root: Entries<'_>) -> (bool, bool) {
    let held = |name| root.get_text(name).is_some();
    (held("vaccine"), held("test"))
}

/// What a certificate says of itself.
struct Paper {
    version: SmolStr,
    issuer: Option<SmolStr>,
    uvci: Uvci,
}

impl Reader<'_> {
    fn certificate(
        &mut self,
        root: Entries<'_>,
        event: Entries<'_>,
        purpose: Purpose,
        paper: Paper,
    ) -> Result<HealthCertificate, Failure> {
        let schema_version = paper.version.clone();
        let full = self.required(root, "name")?;
        let name = PersonName {
            family: None,
            given: None,
            family_icao: None,
            given_icao: None,
            full: Some(full.into()),
        };
        let birth_date = self.birth_date(root)?;
        let entry = match purpose {
            Purpose::Vaccination => {
                Entry::WhoVaccination(Box::new(self.vaccination(event, paper)?))
            }
            Purpose::Test | Purpose::Recovery => Entry::WhoTest(Box::new(self.test(event, paper)?)),
        };
        Ok(HealthCertificate {
            schema_version,
            person: Person { name, birth_date },
            entry,
            as_written: AsWritten::default(),
        })
    }

    fn vaccination(
        &mut self,
        fields: Entries<'_>,
        paper: Paper,
    ) -> Result<WhoVaccination, Failure> {
        let form = self.form;
        let manufacturer = self.coding(fields, "manufacturer")?;
        let holder = self.coding(fields, form.holder)?;
        if manufacturer.is_none() && holder.is_none() {
            self.missing(form.holder)?;
        }
        let (brand, lot) = (self.coding(fields, "brand")?, self.text(fields, "lot")?);
        Ok(WhoVaccination {
            disease: self.coding(fields, "disease")?,
            vaccine: self.required_coding(fields, "vaccine")?,
            brand: self.expected(brand, "brand")?,
            manufacturer,
            holder,
            lot: self.expected(lot, "lot")?.map(SmolStr::from),
            date: {
                let date = self.date(fields, "date")?;
                self.expected(date, "date")?
            },
            valid_from: self.date(fields, form.valid_from)?,
            dose: self
                .number(fields, "dose")?
                .ok_or_else(|| invalid("dose", "is missing"))?,
            doses: self.number(fields, form.doses)?,
            next_dose: self.date(fields, form.next_dose)?,
            country: {
                let country = self.coding(fields, "country")?;
                self.expected(country, "country")?
            },
            centre: self.text(fields, "centre")?.map(SmolStr::from),
            issuer: paper.issuer,
            uvci: paper.uvci,
        })
    }

    fn test(&mut self, fields: Entries<'_>, paper: Paper) -> Result<WhoTest, Failure> {
        let country = self.coding(fields, "country")?;
        Ok(WhoTest {
            pathogen: self.required_coding(fields, "pathogen")?,
            test_type: self.required_coding(fields, "type")?,
            brand: self.coding(fields, "brand")?,
            manufacturer: self.coding(fields, "manufacturer")?,
            origin: self.coding(fields, "origin")?,
            sampled_at: self.instant(fields, "date")?,
            result: self.coding(fields, "result")?,
            centre: self.place(fields, "centre")?,
            country: self.expected(country, "country")?,
            issuer: paper.issuer,
            uvci: paper.uvci,
        })
    }
}

fn two() -> Failure {
    Code::EntriesNotOne.because("a vaccination and a test, expected 1")
}
