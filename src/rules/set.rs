//! The rules that are known, read once: which of them a certificate has to meet, and what each says of it.
//!
//! Refuses a rule whose logic is no CertLogic, and two contents under one identifier and version. Refuses to answer for a rule
//! that it cannot read or evaluate: such a rule is open, and only a human can say.
//!
//! Selection is that of the EU's apps: acceptance rules of the country of arrival and its region, invalidation rules of the
//! countries that issued; those about certificates of the kind or all; the highest version that has begun, if it has not ended.
//! The logic of both kinds is true where nothing is wrong. Value sets are all their codes, in use or not, as the apps have
//! them: a code that is not in use any more still stands in old certificates.
//!
//! Source: EU, dgca-validation-service and dgc-certlogic (`external`, engine and schema versions); eHealth Network, CertLogic
//! specification 1.3.3.

use super::certlogic::{Budget, Data, Fault, Logic, Value};
use super::{CertificateType, Rule, RuleKind, ValueSets, Version};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid, Purpose, UnixTime};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rules of all countries, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    known: BTreeMap<Country, BTreeMap<String, BTreeMap<Version, Arc<Compiled>>>>,
    unread: BTreeSet<Country>,
}

#[derive(Clone, Debug)]
struct Compiled {
    rule: Arc<Rule>,
    hash: [u8; 32],
    logic: Result<Logic, Open>,
}

/// What is asked about a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The country of arrival.
    pub country: Country,
    /// The region of arrival.
    pub region: Option<&'q str>,
    /// Who issued it, as its claims say.
    pub issuer: &'q str,
    /// The countries whose signer signed it: their rules invalidate it, whatever its claims say.
    pub signers: &'q [Country],
    /// What it states.
    pub about: Purpose,
    /// The instant that is asked about.
    pub clock: UnixTime,
    /// When it was issued, by its claims.
    pub issued_at: UnixTime,
    /// When it ends, by its claims.
    pub expires_at: UnixTime,
    /// The key identifier that it names.
    pub kid: Option<&'q Kid>,
    /// More members of `external`; those above come first.
    pub more: &'q [(&'q str, Data<'q>)],
}

/// What a rule says of a certificate.
#[derive(Clone, Debug)]
pub struct RuleResult {
    /// The rule: its identifier, version and kind, and what it says in words.
    pub rule: Arc<Rule>,
    /// What it says.
    pub answer: Answer,
}

/// What a rule can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The certificate meets it.
    Pass,
    /// The certificate does not meet it.
    Fail,
    /// It cannot be told.
    Open(Open),
}

/// Why it cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// The rule is for another engine, or a later version of this one.
    Engine,
    /// The rule's logic is none.
    Logic,
    /// The certificate is of another form, or of an older version of its schema than the rule is for.
    Schema,
    /// The logic came to something that is neither true nor false.
    NoAnswer,
    /// The logic came to nothing. [`Fault::Budget`] is for whoever keeps the rules to look into.
    Fault(Fault),
}

impl Open {
    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Logic => "logic",
            Self::Schema => "schema",
            Self::NoAnswer => "no_answer",
            Self::Fault(fault) => fault.name(),
        }
    }
}

impl Answer {
    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Open(_) => "open",
        }
    }
}

impl RuleSet {
    /// Takes `rule` in, even where it fails: its country asks for something, and what that is cannot be told.
    ///
    /// # Errors
    /// `rule_invalid` where its logic is none, or another rule is known under its identifier and version: then one of them is
    /// kept, the same whichever came first. `input_too_large` where its logic is over a ceiling.
    pub fn add(&mut self, rule: Arc<Rule>) -> Result<(), Failure> {
        let (engine, version) = &rule.engine;
        let ours = engine.eq_ignore_ascii_case(ENGINE) && *version <= ENGINE_VERSION;
        let (logic, refused) = match ours.then(|| Logic::read(&rule.logic)) {
            None => (Err(Open::Engine), Ok(())),
            Some(Ok(logic)) => (Ok(logic), Ok(())),
            Some(Err(failure)) => (Err(Open::Logic), Err(failure)),
        };
        let inserted = self.insert(Arc::new(Compiled {
            logic,
            hash: sha256(&row(&rule)),
            rule,
        }));
        refused.and(inserted)
    }

    /// Remembers that `country` has published a rule that nobody here can read.
    pub fn add_unread(&mut self, country: Country) {
        self.unread.insert(country);
    }

    /// The countries that have published a rule that nobody here can read.
    pub fn unread(&self) -> impl Iterator<Item = Country> {
        self.unread.iter().copied()
    }

    /// Whether `country` has published a rule that nobody here can read.
    pub fn has_unread(&self, country: Country) -> bool {
        self.unread.contains(&country)
    }

    /// Takes in all of `other`; where both have different rules of one version, one of the two is kept, the same whichever
    /// came first, and the failure is among those returned.
    #[must_use]
    pub fn merge(&mut self, other: &Self) -> Vec<Failure> {
        self.unread.extend(&other.unread);
        let inserted = other.all().map(|it| self.insert(Arc::clone(it)));
        inserted.filter_map(Result::err).collect()
    }

    fn insert(&mut self, compiled: Arc<Compiled>) -> Result<(), Failure> {
        let rule = &compiled.rule;
        let rules = self.known.entry(rule.country).or_default();
        let versions = rules.entry(rule.identifier.clone()).or_default();
        let known = versions.get(&rule.version).map(|known| known.hash);
        let refused = known.filter(|known| *known != compiled.hash).map(|_| {
            let (identifier, version) = (&rule.identifier, rule.version);
            let reason = format!("two different rules {identifier} of version {version}");
            Code::RuleInvalid.because(reason)
        });
        if known.is_none_or(|known| compiled.hash < known) {
            versions.insert(rule.version, Arc::clone(&compiled));
        }
        refused.map_or(Ok(()), Err)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// A hash over all rules; equal sets have equal hashes, in whatever order they came.
    pub fn content_hash(&self) -> [u8; 32] {
        let unread = self.unread.iter().map(|it| sha256(it.as_str().as_bytes()));
        let hashes = self.all().map(|compiled| compiled.hash).chain(unread);
        sha256(&hashes.collect::<Vec<_>>().concat())
    }

    /// The rules, by country, identifier and version.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.all().map(|compiled| &compiled.rule)
    }

    /// What every rule says that concerns the certificate in `question`: acceptance rules first, each kind by identifier.
    ///
    /// `payload` is the certificate in the form that rules read (`credential::payload`); without one, all are open.
    /// `sets` are taken as on the day of the clock. All rules share `budget`; when it is spent, the rest is open.
    pub fn judge(
        &self,
        question: &Question<'_>,
        payload: Option<&Json>,
        sets: &ValueSets,
        budget: &mut Budget,
    ) -> Vec<RuleResult> {
        let selected = self.selected(question);
        let (clock, issued_at) = (question.clock.to_string(), question.issued_at.to_string());
        let expires_at = question.expires_at.to_string();
        let kid = question.kid.map(Kid::to_string).unwrap_or_default();
        let mut external = vec![
            ("validationClock", Data::Text(&clock)),
            ("valueSets", Data::ValueSets(sets, question.clock.date())),
            ("countryCode", Data::Text(question.country.as_str())),
            ("exp", Data::Text(&expires_at)),
            ("iat", Data::Text(&issued_at)),
            ("issuerCountryCode", Data::Text(question.issuer)),
            ("kid", Data::Text(&kid)),
            ("region", Data::Text(question.region.unwrap_or_default())),
        ];
        external.extend_from_slice(question.more);
        let schema_version = payload.and_then(|payload| payload.get("ver"));
        let schema_version = schema_version
            .and_then(Json::as_str)
            .and_then(Version::parse);
        let results = selected.map(|compiled| {
            let answer = match (&compiled.logic, payload, schema_version) {
                (Err(open), _, _) => Answer::Open(*open),
                (Ok(logic), Some(payload), Some(version)) if is_for(&compiled.rule, version) => {
                    let data = [
                        ("payload", Data::Json(payload)),
                        ("external", Data::Members(&external)),
                    ];
                    answer(logic.evaluate(Data::Members(&data), budget))
                }
                (Ok(_), _, _) => Answer::Open(Open::Schema),
            };
            RuleResult {
                rule: Arc::clone(&compiled.rule),
                answer,
            }
        });
        results.collect()
    }

    /// The rules that concern the certificate in `question`.
    fn selected<'s>(&'s self, question: &Question<'_>) -> impl Iterator<Item = &'s Arc<Compiled>> {
        let of = |country: Country, kind| {
            let rules = self.known.get(&country);
            let rules = rules.into_iter().flat_map(BTreeMap::values);
            let (region, about, clock) = (question.region, question.about, question.clock);
            rules.filter_map(move |versions| {
                let mut newest = versions.values().rev();
                // A version that has begun takes the place of those before it, even if it has ended.
                let latest = newest.find(|it| it.rule.valid_from <= clock)?;
                let rule = &latest.rule;
                let holds = rule.kind == kind
                    && rule.valid_to >= clock
                    && covers(rule.about, about)
                    && (kind == RuleKind::Invalidation || is_in(rule, region));
                holds.then_some(latest)
            })
        };
        let stated = Country::parse(question.issuer);
        let issuers = stated.into_iter().chain(question.signers.iter().copied());
        let issuers: BTreeSet<_> = issuers.collect();
        let accepting: Vec<_> = of(question.country, RuleKind::Acceptance).collect();
        let invalidating = issuers.into_iter();
        let invalidating = invalidating.flat_map(|country| of(country, RuleKind::Invalidation));
        let invalidating: Vec<_> = invalidating.collect();
        accepting.into_iter().chain(invalidating)
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Compiled>> {
        let rules = self.known.values().flat_map(BTreeMap::values);
        rules.flat_map(BTreeMap::values)
    }
}

fn answer(value: Result<Value<'_>, Fault>) -> Answer {
    let value = match value {
        Ok(value) => value,
        Err(fault) => return Answer::Open(Open::Fault(fault)),
    };
    let Value::Bool(holds) = value else {
        return Answer::Open(Open::NoAnswer);
    };
    if holds { Answer::Pass } else { Answer::Fail }
}

fn covers(about: CertificateType, purpose: Purpose) -> bool {
    match about {
        CertificateType::General => true,
        CertificateType::Vaccination => purpose == Purpose::Vaccination,
        CertificateType::Test => purpose == Purpose::Test,
        CertificateType::Recovery => purpose == Purpose::Recovery,
    }
}

/// Whether `rule` holds in `region`, be it because it holds in all.
fn is_in(rule: &Rule, region: Option<&str>) -> bool {
    let of = rule.region.as_deref().unwrap_or_default();
    of.is_empty() || region.is_some_and(|region| region.eq_ignore_ascii_case(of))
}

/// Whether `rule` is for certificates of the schema `version`.
fn is_for(rule: &Rule, version: Version) -> bool {
    rule.schema_version.0 == version.0 && rule.schema_version <= version
}

/// All that `rule` says, each part with its length before it.
fn row(rule: &Rule) -> Vec<u8> {
    let mut row = Vec::new();
    let mut part = |text: &str| row.extend(format!("{}:{text}", text.len()).into_bytes());
    let Rule {
        identifier,
        version,
        kind,
        country,
        region,
        about,
        valid_from,
        valid_to,
        engine,
        schema_version,
        descriptions,
        affected_fields,
        logic,
    } = rule;
    part(identifier);
    part(&version.to_string());
    part(kind.name());
    part(country.as_str());
    part(region.as_deref().unwrap_or_default());
    part(about.name());
    part(&valid_from.to_string());
    part(&valid_to.to_string());
    part(&engine.0);
    part(&engine.1.to_string());
    part(&schema_version.to_string());
    part(&descriptions.len().to_string());
    for (lang, description) in descriptions {
        part(lang);
        part(description);
    }
    part(&affected_fields.len().to_string());
    affected_fields.iter().for_each(|field| part(field));
    part(&logic.to_string());
    row
}

/// The engine that rules are written for.
pub const ENGINE: &str = "CERTLOGIC";
/// The version of the specification that is followed.
pub const ENGINE_VERSION: Version = Version(1, 3, 3);
