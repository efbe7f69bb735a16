//! The answer: an outcome, its findings, and the one JSON form that every door sends.
//!
//! Refuses to show personal data below the view the caller was granted, and to show any of a credential that is not
//! authentic.
//!
//! Source: ETSI EN 319 102-1 for the three outcomes.

use super::messages::{self, Locale};
use super::policy::Policy;
use crate::credential::{Format, Work};
use crate::failure::{Class, Code, Failure};
use crate::model::{Entry, HealthCertificate, SnapshotId, UnixTime};
use crate::quirk::Quirks;
use crate::snapshot::Snapshot;
use crate::trust::Dsc;
use serde_json::{Map, Value, json};

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing speaks against it.
    Accept,
    /// No answer is possible now; to be checked by hand.
    Indeterminate,
    /// Something speaks against it.
    Reject,
}

impl Outcome {
    /// What `findings` come to.
    pub(super) fn of(findings: &[Finding]) -> Self {
        findings
            .iter()
            .map(|finding| outcome_of(finding.code))
            .max()
            .unwrap_or(Self::Accept)
    }

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Indeterminate => "indeterminate",
            Self::Reject => "reject",
        }
    }
}

/// How much of a certificate a caller may see; each view contains the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// Nothing of it.
    #[default]
    Result,
    /// Name and birth year, to compare with an identity document.
    Gate,
    /// Everything but the unique identifier.
    Officer,
    /// Everything.
    Holder,
}

impl View {
    /// The view with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Result, Self::Gate, Self::Officer, Self::Holder]
            .into_iter()
            .find(|it| it.name() == name)
    }

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Gate => "gate",
            Self::Officer => "officer",
            Self::Holder => "holder",
        }
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The machine code.
    pub code: Code,
    /// The reason for engineers; no personal data.
    pub detail: String,
}

impl From<&Failure> for Finding {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code(),
            detail: failure.detail().to_owned(),
        }
    }
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    kid: String,
    countries: Vec<String>,
    thumbprint: String,
    sources: Vec<String>,
    assurance: &'static str,
    not_before: UnixTime,
    not_after: UnixTime,
}

impl Signer {
    pub(super) fn of(dsc: &Dsc) -> Self {
        Self {
            kid: dsc.kid.to_string(),
            countries: dsc.countries.iter().map(ToString::to_string).collect(),
            thumbprint: dsc.thumbprint.to_string(),
            sources: dsc.sources.clone(),
            assurance: dsc.assurance.name(),
            not_before: dsc.validity.not_before,
            not_after: dsc.validity.not_after,
        }
    }
}

/// The verdict on one credential.
#[derive(Clone, Debug)]
pub struct CredentialVerdict {
    /// The caller's own name for it.
    pub reference: Option<String>,
    /// The format, where the prefix told one.
    pub format: Option<Format>,
    /// What speaks against it; empty if nothing does.
    pub findings: Vec<Finding>,
    /// What is odd about it and tolerated.
    pub quirks: Quirks,
    /// Who signed it, where that was proven.
    pub signer: Option<Signer>,
    /// What it states, where it is authentic and readable.
    pub certificate: Option<HealthCertificate>,
    /// When time alone could next change the verdict.
    pub recheck_by: Option<UnixTime>,
    /// How much was done.
    pub work: Work,
}

impl CredentialVerdict {
    /// Any rejection rejects; else any doubt is indeterminate; else it is accepted.
    pub fn outcome(&self) -> Outcome {
        Outcome::of(&self.findings)
    }
}

fn outcome_of(code: Code) -> Outcome {
    match code.class() {
        Class::Indeterminate | Class::Unavailable | Class::Internal => Outcome::Indeterminate,
        Class::Malformed
        | Class::TooLarge
        | Class::Rejected
        | Class::Unauthenticated
        | Class::Forbidden
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::UnsupportedMedia
        | Class::Timeout => Outcome::Reject,
    }
}

/// The verdict on the credentials of one request.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// One verdict each, in the order asked.
    pub credentials: Vec<CredentialVerdict>,
    /// The instant it is about.
    pub at: UnixTime,
    /// Whether that instant was the caller's choice, not the clock's.
    pub simulated: bool,
    policy: (String, u32),
    snapshot: (SnapshotId, u64, Option<UnixTime>),
}

impl Verdict {
    /// The verdict made of those on each credential.
    pub fn of(
        credentials: Vec<CredentialVerdict>,
        at: UnixTime,
        snapshot: &Snapshot,
        policy: &Policy,
    ) -> Self {
        Self {
            credentials,
            at,
            simulated: false,
            policy: (policy.id.clone(), policy.version),
            snapshot: (snapshot.id(), snapshot.sequence(), snapshot.as_of()),
        }
    }

    /// The content hash of the snapshot it was reached under.
    pub fn snapshot_id(&self) -> SnapshotId {
        self.snapshot.0
    }

    /// The best outcome of the credentials: a person needs one good certificate.
    pub fn outcome(&self) -> Outcome {
        self.credentials
            .iter()
            .map(CredentialVerdict::outcome)
            .min()
            .unwrap_or(Outcome::Reject)
    }

    /// The findings that decide: none where it is accepted, else those of all credentials.
    pub fn findings(&self) -> impl Iterator<Item = (&CredentialVerdict, &Finding)> {
        let decisive = self.outcome() != Outcome::Accept;
        let credentials = self.credentials.iter().filter(move |_| decisive);
        credentials
            .flat_map(|credential| credential.findings.iter().map(move |it| (credential, it)))
    }

    /// When time alone could next change the verdict on any of the credentials.
    pub fn recheck_by(&self) -> Option<UnixTime> {
        self.credentials
            .iter()
            .filter_map(|credential| credential.recheck_by)
            .min()
    }

    /// The JSON form, with as much of the certificates as `view` grants, and messages in `locale` if one is given.
    pub fn to_json(&self, view: View, locale: Option<Locale>, trace: Option<&str>) -> Value {
        let mut quirks = Quirks::default();
        self.credentials
            .iter()
            .for_each(|credential| quirks.extend(&credential.quirks));
        let findings = self.findings().map(|(credential, finding)| {
            finding_json(finding, credential.reference.as_deref(), locale)
        });
        let credentials = self
            .credentials
            .iter()
            .map(|it| credential_json(it, view, locale));
        let (id, sequence, as_of) = &self.snapshot;
        let mut body = object(json!({
            "outcome": self.outcome().name(),
            "findings": findings.collect::<Vec<_>>(),
            "quirks": names(&quirks),
            "credentials": credentials.collect::<Vec<_>>(),
            "policy": { "id": self.policy.0, "version": self.policy.1 },
            "snapshot": { "id": id.to_string(), "sequence": sequence, "as_of": as_of.map(|at| at.to_string()) },
            "at": self.at.to_string(),
            "recheck_by": self.recheck_by().map(|at| at.to_string()),
        }));
        if let Some(message) = locale.and_then(|locale| self.outcome().message(locale)) {
            body.insert("message".into(), json!(message.sentence));
            body.insert("remedy".into(), json!(message.remedy));
        }
        if self.simulated {
            body.insert("simulated".into(), json!(true));
        }
        if let Some(trace) = trace {
            body.insert("trace".into(), json!(trace));
        }
        Value::Object(body)
    }
}

fn credential_json(credential: &CredentialVerdict, view: View, locale: Option<Locale>) -> Value {
    let findings = credential
        .findings
        .iter()
        .map(|finding| finding_json(finding, None, locale));
    let mut body = object(json!({
        "format": credential.format.map(Format::name),
        "outcome": credential.outcome().name(),
        "findings": findings.collect::<Vec<_>>(),
        "quirks": names(&credential.quirks),
    }));
    if let Some(reference) = &credential.reference {
        body.insert("ref".into(), json!(reference));
    }
    if let Some(signer) = &credential.signer {
        body.insert(
            "signer".into(),
            json!({
                "kid": signer.kid,
                "countries": signer.countries,
                "thumbprint": signer.thumbprint,
                "sources": signer.sources,
                "not_before": signer.not_before.to_string(),
                "not_after": signer.not_after.to_string(),
            }),
        );
        body.insert("assurance".into(), json!(signer.assurance));
    }
    if let Some(certificate) = credential
        .certificate
        .as_ref()
        .and_then(|it| certificate_json(it, view))
    {
        body.insert("certificate".into(), certificate);
    }
    Value::Object(body)
}

fn finding_json(finding: &Finding, reference: Option<&str>, locale: Option<Locale>) -> Value {
    let code = finding.code;
    let mut body = object(json!({
        "code": code.name(),
        "class": code.class().name(),
        "stage": code.stage().name(),
        "detail": finding.detail,
    }));
    if let Some(reference) = reference {
        body.insert("ref".into(), json!(reference));
    }
    if let Some(message) = locale.and_then(|locale| messages::message(code, locale)) {
        body.insert("message".into(), json!(message.sentence));
        body.insert("remedy".into(), json!(message.remedy));
    }
    Value::Object(body)
}

/// What `view` shows of `certificate`; `None` where that is nothing.
pub fn certificate_json(certificate: &HealthCertificate, view: View) -> Option<Value> {
    if view == View::Result {
        return None;
    }
    let person = &certificate.person;
    let name = json!({
        "family": person.name.family,
        "given": person.name.given,
        "family_icao": person.name.family_icao,
        "given_icao": person.name.given_icao,
    });
    if view == View::Gate {
        return Some(json!({ "name": name, "birth_year": person.birth_date.year() }));
    }
    let mut entry = object(entry_json(&certificate.entry));
    if view == View::Holder {
        entry.insert("uvci".into(), json!(certificate.entry.uvci().as_str()));
    }
    Some(json!({
        "name": name,
        "birth_date": person.birth_date.to_string(),
        "schema_version": certificate.schema_version,
        (certificate.entry.purpose().name()): entry,
    }))
}

fn entry_json(entry: &Entry) -> Value {
    match entry {
        Entry::Vaccination(it) => json!({
            "disease": it.disease.0,
            "vaccine": it.vaccine.0,
            "product": it.product.0,
            "manufacturer": it.manufacturer.0,
            "dose": it.dose,
            "doses": it.doses,
            "date": it.date.to_string(),
            "country": it.country,
            "issuer": it.issuer,
        }),
        Entry::Test(it) => json!({
            "disease": it.disease.0,
            "type": it.test_type.0,
            "name": it.name,
            "device": it.device.as_ref().map(|device| &device.0),
            "sampled_at": it.sampled_at.to_string(),
            "result": it.result.0,
            "centre": it.centre,
            "country": it.country,
            "issuer": it.issuer,
        }),
        Entry::Recovery(it) => json!({
            "disease": it.disease.0,
            "first_positive": it.first_positive.to_string(),
            "valid_from": it.valid_from.to_string(),
            "valid_until": it.valid_until.to_string(),
            "country": it.country,
            "issuer": it.issuer,
        }),
    }
}

fn names(quirks: &Quirks) -> Vec<&'static str> {
    quirks.iter().map(|quirk| quirk.name()).collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
