//! The one JSON form of a verdict, that every door sends.
//!
//! Refuses to show personal data below the view the caller was granted.

mod certificate;
mod rules;

pub use certificate::certificate_json;

use super::messages::{Locale, Message, Messages};
use super::verdict::{CredentialVerdict, Finding, Signer, Verdict, View};
use crate::credential::Format;
use crate::failure::{Code, Failure};
use crate::model::{SnapshotId, UnixTime};
use crate::quirk::{Quirk, Quirks};
use crate::trust::Dsc;
use certificate::Certificate;
use rules::{Applied, Shade};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::to_raw_value;
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
                told: locale.map(|it| (verdict.messages.as_ref(), it)),
            })
        });
        let credentials = Each(|| {
            let credentials = verdict.credentials.iter();
            credentials.map(|credential| Credential {
                credential,
                view,
                told: locale.map(|it| (verdict.messages.as_ref(), it)),
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
        told(&mut body, locale.and_then(|it| verdict.message(it)))?;
        if let Some(coloured) = &verdict.colour {
            body.serialize_entry("colour", &Shade { coloured, locale })?;
        }
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
    told: Option<(&'v Messages, Locale)>,
}

impl Serialize for Credential<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let credential = self.credential;
        let findings = Each(|| {
            credential.findings.iter().map(|finding| Reason {
                finding,
                reference: None,
                told: self.told,
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
        if let Some(identity) = credential.identity {
            let told = Compared {
                tier: identity.name(),
                agreement: identity.agreement().name(),
            };
            body.serialize_entry("identity", &told)?;
        }
        if let Some(rules) = &credential.rules {
            let rules = Each(|| {
                rules.iter().map(|result| Applied {
                    result,
                    locale: self.told.map(|(_, locale)| locale),
                })
            });
            body.serialize_entry("rules", &rules)?;
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

/// How far holder and certificate agree.
#[derive(Serialize)]
struct Compared {
    tier: &'static str,
    agreement: &'static str,
}

struct Reason<'v> {
    finding: &'v Finding,
    reference: Option<&'v str>,
    /// In which words, and in which language.
    told: Option<(&'v Messages, Locale)>,
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
        if let Some(rule) = &self.finding.rule {
            body.serialize_entry("rule", &rule.identifier)?;
            let text = self.told.and_then(|(_, it)| rules::description(rule, it));
            if let Some(text) = text {
                body.serialize_entry("description", text)?;
            }
        }
        let message = self.told;
        let message = message.and_then(|(messages, it)| self.finding.message(messages, it));
        told(&mut body, message)?;
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
