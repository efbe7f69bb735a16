//! What a view shows of a certificate.
//!
//! Refuses to show anything of it below the view `gate`.

use super::Text;
use crate::model::{Coding, Entry, HealthCertificate, PersonName};
use crate::verify::View;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use smol_str::SmolStr;

/// What `view` shows of `certificate`; `None` where that is nothing.
pub fn certificate_json(certificate: &HealthCertificate, view: View) -> Option<Value> {
    let shown = Certificate { certificate, view };
    (view > View::Result).then(|| serde_json::to_value(shown).unwrap_or_default())
}

/// A certificate in a view that shows something of it.
pub(super) struct Certificate<'v> {
    pub(super) certificate: &'v HealthCertificate,
    pub(super) view: View,
}

impl Serialize for Certificate<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let certificate = self.certificate;
        let person = &certificate.person;
        let mut body = serializer.serialize_map(None)?;
        let PersonName {
            family,
            given,
            family_icao,
            given_icao,
            full,
        } = &person.name;
        let name = Name {
            family,
            given,
            family_icao,
            given_icao,
            full,
        };
        body.serialize_entry("name", &name)?;
        if self.view < View::Officer {
            body.serialize_entry("birth_year", &person.birth_date.year())?;
            return body.end();
        }
        body.serialize_entry("birth_date", &Text(&person.birth_date))?;
        body.serialize_entry("schema_version", &certificate.schema_version)?;
        let entry = &certificate.entry;
        let with_uvci = self.view == View::Holder;
        body.serialize_entry(entry.purpose().name(), &Event { entry, with_uvci })?;
        body.end()
    }
}

#[derive(Serialize)]
struct Name<'v> {
    family: &'v Option<SmolStr>,
    given: &'v Option<SmolStr>,
    family_icao: &'v Option<SmolStr>,
    given_icao: &'v Option<SmolStr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full: &'v Option<SmolStr>,
}

struct Event<'v> {
    entry: &'v Entry,
    with_uvci: bool,
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        match self.entry {
            Entry::Vaccination(it) => {
                body.serialize_entry("disease", &it.disease.0)?;
                body.serialize_entry("vaccine", &it.vaccine.0)?;
                body.serialize_entry("product", &it.product.0)?;
                body.serialize_entry("manufacturer", &it.manufacturer.0)?;
                body.serialize_entry("dose", &it.dose)?;
                body.serialize_entry("doses", &it.doses)?;
                body.serialize_entry("date", &Text(&it.date))?;
                body.serialize_entry("country", &it.country)?;
                body.serialize_entry("issuer", &it.issuer)?;
            }
            Entry::Test(it) => {
                let device = it.device.as_ref().map(|device| &device.0);
                body.serialize_entry("disease", &it.disease.0)?;
                body.serialize_entry("type", &it.test_type.0)?;
                body.serialize_entry("name", &it.name)?;
                body.serialize_entry("device", &device)?;
                body.serialize_entry("sampled_at", &Text(&it.sampled_at))?;
                body.serialize_entry("result", &it.result.0)?;
                body.serialize_entry("centre", &it.centre)?;
                body.serialize_entry("country", &it.country)?;
                body.serialize_entry("issuer", &it.issuer)?;
            }
            Entry::Recovery(it) => {
                body.serialize_entry("disease", &it.disease.0)?;
                body.serialize_entry("first_positive", &Text(&it.first_positive))?;
                body.serialize_entry("valid_from", &Text(&it.valid_from))?;
                body.serialize_entry("valid_until", &Text(&it.valid_until))?;
                body.serialize_entry("country", &it.country)?;
                body.serialize_entry("issuer", &it.issuer)?;
            }
            Entry::WhoVaccination(it) => {
                let made_by = it.manufacturer.as_ref().or(it.holder.as_ref());
                body.serialize_entry("disease", &said(it.disease.as_ref()))?;
                body.serialize_entry("vaccine", it.vaccine.as_str())?;
                body.serialize_entry("product", &said(it.brand.as_ref()))?;
                body.serialize_entry("manufacturer", &said(made_by))?;
                body.serialize_entry("dose", &it.dose)?;
                body.serialize_entry("doses", &it.doses)?;
                body.serialize_entry("date", &it.date.as_ref().map(Text))?;
                body.serialize_entry("country", &said(it.country.as_ref()))?;
                body.serialize_entry("issuer", &it.issuer)?;
                body.serialize_entry("lot", &it.lot)?;
                body.serialize_entry("centre", &it.centre)?;
                body.serialize_entry("valid_from", &it.valid_from.as_ref().map(Text))?;
                body.serialize_entry("next_dose", &it.next_dose.as_ref().map(Text))?;
                let systems = [
                    ("disease", it.disease.as_ref()),
                    ("vaccine", Some(&it.vaccine)),
                    ("product", it.brand.as_ref()),
                    ("manufacturer", made_by),
                    ("country", it.country.as_ref()),
                ];
                body.serialize_entry("systems", &Systems(&systems))?;
            }
            Entry::WhoTest(it) => {
                body.serialize_entry("disease", it.pathogen.as_str())?;
                body.serialize_entry("type", it.test_type.as_str())?;
                body.serialize_entry("name", &Option::<&str>::None)?;
                body.serialize_entry("device", &said(it.brand.as_ref()))?;
                body.serialize_entry("sampled_at", &Text(&it.sampled_at))?;
                body.serialize_entry("result", &said(it.result.as_ref()))?;
                body.serialize_entry("centre", &it.centre)?;
                body.serialize_entry("country", &said(it.country.as_ref()))?;
                body.serialize_entry("issuer", &it.issuer)?;
                body.serialize_entry("manufacturer", &said(it.manufacturer.as_ref()))?;
                body.serialize_entry("origin", &said(it.origin.as_ref()))?;
                let systems = [
                    ("disease", Some(&it.pathogen)),
                    ("type", Some(&it.test_type)),
                    ("device", it.brand.as_ref()),
                    ("result", it.result.as_ref()),
                    ("manufacturer", it.manufacturer.as_ref()),
                    ("origin", it.origin.as_ref()),
                    ("country", it.country.as_ref()),
                ];
                body.serialize_entry("systems", &Systems(&systems))?;
            }
        }
        if self.with_uvci {
            body.serialize_entry("uvci", self.entry.uvci().as_str())?;
        }
        body.end()
    }
}

fn said(coding: Option<&Coding>) -> Option<&str> {
    coding.map(Coding::as_str)
}

/// Which systems the codes are of, by the member that has the code.
struct Systems<'v>(&'v [(&'static str, Option<&'v Coding>)]);

impl Serialize for Systems<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = |(member, coding): &(&'static str, Option<&Coding>)| {
            let system = coding.and_then(|coding| coding.system.clone())?;
            Some((*member, system))
        };
        serializer.collect_map(self.0.iter().filter_map(named))
    }
}
