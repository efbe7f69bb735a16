//! The one JSON form of a verdict, that every door sends.
//!
//! Refuses to show personal data below the view the caller was granted.

use super::messages::{self, Locale, Message};
use super::verdict::{CredentialVerdict, Finding, Signer, Verdict, View};
use crate::credential::Format;
use crate::failure::{Code, Failure};
use crate::model::{Coding, Entry, HealthCertificate, PersonName, SnapshotId, UnixTime};
use crate::quirk::{Quirk, Quirks};
use crate::trust::Dsc;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::to_raw_value;
use smol_str::SmolStr;
use std::fmt::Display;

/// A verdict as one caller may see it, to be written in any form that serde knows.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'v> {
    /// What is shown.
    pub verdict: &'v Verdict,
    /// How much of the certificates.
    pub view: View,
    /// The language of the messages, which are left out where there is none.
    pub locale: Option<Locale>,
    /// The trace id of the request.
    pub trace: Option<&'v str>,
}

impl Verdict {
    /// The JSON form, with as much of the certificates as `view` grants, and messages in `locale` if one is given.
    pub fn to_json(&self, view: View, locale: Option<Locale>, trace: Option<&str>) -> Value {
        // The form has text for keys and fails nowhere, so the default is never taken.
        serde_json::to_value(self.shown(view, locale, trace)).unwrap_or_default()
    }

    /// The same as bytes.
    ///
    /// # Errors
    /// `internal` if the writer fails, which it has no reason to.
    pub fn write_json(
        &self,
        view: View,
        locale: Option<Locale>,
        trace: Option<&str>,
    ) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::with_capacity(usual_length(view));
        serde_json::to_writer(&mut bytes, &self.shown(view, locale, trace))
            .map_err(|error| Code::Internal.caused_by("JSON was not written", error))?;
        Ok(bytes)
    }

    fn shown<'v>(
        &'v self,
        view: View,
        locale: Option<Locale>,
        trace: Option<&'v str>,
    ) -> Shown<'v> {
        Shown {
            verdict: self,
            view,
            locale,
            trace,
        }
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            verdict,
            view,
            locale,
            trace,
        } = *self;
        let mut quirks = Quirks::default();
        for credential in &verdict.credentials {
            quirks.extend(&credential.quirks);
        }
        let findings = Each(|| {
            verdict.findings().map(|(credential, finding)| Reason {
                finding,
                reference: credential.reference.as_deref(),
                locale,
            })
        });
        let credentials = Each(|| {
            let credentials = verdict.credentials.iter();
            credentials.map(|credential| Credential {
                credential,
                view,
                locale,
            })
        });
        let outcome = verdict.outcome();
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("outcome", outcome.name())?;
        body.serialize_entry("findings", &findings)?;
        body.serialize_entry("quirks", &Each(|| quirks.iter().map(Quirk::name)))?;
        body.serialize_entry("credentials", &credentials)?;
        let (id, version) = &verdict.policy;
        body.serialize_entry("policy", &Rules { id, version })?;
        let (id, sequence, as_of) = &verdict.snapshot;
        let world = World {
            id: Text(id),
            sequence,
            as_of: as_of.as_ref().map(Text),
        };
        body.serialize_entry("snapshot", &world)?;
        body.serialize_entry("at", &Text(&verdict.at))?;
        body.serialize_entry("recheck_by", &verdict.recheck_by().as_ref().map(Text))?;
        told(&mut body, locale.and_then(|it| outcome.message(it)))?;
        if verdict.simulated {
            body.serialize_entry("simulated", &true)?;
        }
        if let Some(receipt) = &verdict.receipt {
            body.serialize_entry("receipt", receipt)?;
        }
        if let Some(trace) = trace {
            body.serialize_entry("trace", trace)?;
        }
        body.end()
    }
}

#[derive(Serialize)]
struct Rules<'v> {
    id: &'v str,
    version: &'v u32,
}

#[derive(Serialize)]
struct World<'v> {
    id: Text<'v, SnapshotId>,
    sequence: &'v u64,
    as_of: Option<Text<'v, UnixTime>>,
}

struct Credential<'v> {
    credential: &'v CredentialVerdict,
    view: View,
    locale: Option<Locale>,
}

impl Serialize for Credential<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let credential = self.credential;
        let findings = Each(|| {
            credential.findings.iter().map(|finding| Reason {
                finding,
                reference: None,
                locale: self.locale,
            })
        });
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("format", &credential.format.map(Format::name))?;
        body.serialize_entry("outcome", credential.outcome().name())?;
        body.serialize_entry("findings", &findings)?;
        let quirks = Each(|| credential.quirks.iter().map(Quirk::name));
        body.serialize_entry("quirks", &quirks)?;
        if let Some(reference) = &credential.reference {
            body.serialize_entry("ref", reference)?;
        }
        if let Some(signer) = &credential.signer {
            body.serialize_entry("signer", signer)?;
            body.serialize_entry("assurance", signer.0.assurance.name())?;
        }
        if let Some(said) = credential.registered.name() {
            body.serialize_entry("register", said)?;
        }
        if let Some(certificate) = credential.certificate.as_deref()
            && self.view > View::Result
        {
            let view = self.view;
            body.serialize_entry("certificate", &Certificate { certificate, view })?;
        }
        body.end()
    }
}

struct Reason<'v> {
    finding: &'v Finding,
    reference: Option<&'v str>,
    locale: Option<Locale>,
}

impl Serialize for Reason<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let code = self.finding.code;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("code", code.name())?;
        body.serialize_entry("class", code.class().name())?;
        body.serialize_entry("stage", code.stage().name())?;
        body.serialize_entry("detail", &self.finding.detail)?;
        if let Some(reference) = self.reference {
            body.serialize_entry("ref", reference)?;
        }
        told(
            &mut body,
            self.locale.and_then(|it| messages::message(code, it)),
        )?;
        body.end()
    }
}

fn told<M: SerializeMap>(body: &mut M, message: Option<&Message>) -> Result<(), M::Error> {
    if let Some(message) = message {
        body.serialize_entry("message", &message.sentence)?;
        body.serialize_entry("remedy", &message.remedy)?;
    }
    Ok(())
}

impl Serialize for Signer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = self.0.json(|dsc| to_raw_value(&Listed(dsc)).ok());
        match written {
            Some(written) => written.serialize(serializer),
            None => Listed(&self.0).serialize(serializer),
        }
    }
}

/// A signer, as the list has it.
struct Listed<'v>(&'v Dsc);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dsc = self.0;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("kid", &Text(&dsc.kid))?;
        let countries = Each(|| dsc.countries.iter().map(|country| country.as_str()));
        body.serialize_entry("countries", &countries)?;
        body.serialize_entry("thumbprint", &Text(&dsc.thumbprint))?;
        body.serialize_entry("sources", &dsc.sources)?;
        body.serialize_entry("not_before", &Text(&dsc.validity.not_before))?;
        body.serialize_entry("not_after", &Text(&dsc.validity.not_after))?;
        body.end()
    }
}

/// What `view` shows of `certificate`; `None` where that is nothing.
pub fn certificate_json(certificate: &HealthCertificate, view: View) -> Option<Value> {
    let shown = Certificate { certificate, view };
    (view > View::Result).then(|| serde_json::to_value(shown).unwrap_or_default())
}

/// A certificate in a view that shows something of it.
struct Certificate<'v> {
    certificate: &'v HealthCertificate,
    view: View,
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

/// What prints, as text.
struct Text<'v, T: Display>(&'v T);

impl<T: Display> Serialize for Text<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// A list of what the function counts up.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// How long a verdict on one credential is, at most as a rule.
fn usual_length(view: View) -> usize {
    match view {
        View::Result => 1024,
        View::Gate | View::Officer | View::Holder => 2048,
    }
}
