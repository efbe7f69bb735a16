//! A policy set: what a country accepts at its own doors, and the colour that a person is shown there.
//!
//! Refuses sets whose parts do not fit each other; of which a rule holds for a part of the period only, since what falls silent
//! would consent; without a last rule that always holds and is not green, so that everybody gets a colour and what nobody
//! thought of is not let in; and with logic that is none. Tells every flaw, not the first. A colour is never greener because
//! something failed: a rule of which it cannot be told whether it holds counts wherever its colour is less green than what
//! follows.
//!
//! Source: docs/POLICY.md; the colours and levels of PeduliLindungi and PPKM.

use super::certlogic::{Budget, Data, Logic};
use super::circumstances::{self, Circumstances};
use super::colour::{Colour, ColourRule, Coloured, Words};
use super::rule::{Rule, Version};
use super::set::{ENGINE, ENGINE_VERSION, RuleSet};
use super::wilayah::{self, Wilayah};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A policy set, ready to be applied.
#[derive(Clone, Debug)]
pub struct PolicySet {
    /// Its identifier, such as `PS-ID-0001`.
    pub identifier: String,
    /// The country whose it is.
    pub country: Country,
    /// Its version; of two the higher counts.
    pub version: Version,
    /// The first second at which it may be in force.
    pub valid_from: UnixTime,
    /// The last.
    pub valid_to: UnixTime,
    /// What it is about.
    pub description: Words,
    modes: BTreeSet<String>,
    sectors: BTreeSet<String>,
    rules: RuleSet,
    wilayah: Wilayah,
    colours: Vec<Arc<ColourRule>>,
    default: Arc<ColourRule>,
    content: Arc<[u8]>,
    digest: [u8; 32],
}

/// A policy set as it is stated, of which nobody knows yet whether it is one.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its identifier.
    pub identifier: String,
    /// The country.
    pub country: Country,
    /// Its version.
    pub version: Version,
    /// The first second.
    pub valid_from: UnixTime,
    /// The last.
    pub valid_to: UnixTime,
    /// What it is about.
    pub description: Words,
    /// How people may travel, as questions name it: `air`, `sea` ...
    pub modes: Vec<String>,
    /// Where they may want to enter: `mall`, `office` ...
    pub sectors: Vec<String>,
    /// What the country accepts.
    pub rules: Vec<Rule>,
    /// Regions with their levels, each from an instant on.
    pub wilayah: Vec<(String, Vec<(UnixTime, u8)>)>,
    /// The rules that give colours, in their order.
    pub colours: Vec<ColourDraft>,
    /// The bytes that were signed.
    pub content: Vec<u8>,
}

/// A rule that gives a colour, as it is stated.
#[derive(Clone, Debug)]
pub struct ColourDraft {
    /// Its identifier.
    pub identifier: String,
    /// The colour.
    pub colour: Colour,
    /// Why.
    pub reason: Words,
    /// What to do about it.
    pub remedy: Words,
    /// Where it holds; nothing for the last.
    pub logic: Option<Value>,
}

/// What is wrong with a part of a policy set.
#[derive(Debug)]
pub struct Flaw {
    /// The identifier of the rule, or what the part is called.
    pub place: String,
    /// What is wrong.
    pub failure: Failure,
}

impl Flaw {
    /// That something is wrong with the part `place`.
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            failure: Code::PolicyInvalid.because(reason),
        }
    }
}

/// What the verdicts on a person's certificates come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// One is good.
    Accept,
    /// None is known to be good, and of one it cannot be told.
    Indeterminate,
    /// None is good.
    Reject,
}

impl Standing {
    /// The machine name, as logic reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Indeterminate => "indeterminate",
            Self::Reject => "reject",
        }
    }
}

impl PolicySet {
    /// The set that `draft` states.
    ///
    /// # Errors
    /// Everything that is wrong with it, at least one flaw.
    pub fn compile(draft: Draft) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        let mut flaw = |place: &str, reason: &str| flaws.push(Flaw::new(place, reason));
        if !is_identifier(&draft.identifier, "PS", draft.country) {
            flaw(WHOLE, "Identifier is not PS, the country and four digits");
        }
        if draft.valid_to <= draft.valid_from {
            flaw(WHOLE, "ValidTo is not after ValidFrom");
        }
        let modes = words(&draft.modes).unwrap_or_else(|reason| {
            flaw("Modes", reason);
            BTreeSet::new()
        });
        let sectors = words(&draft.sectors).unwrap_or_else(|reason| {
            flaw("Sectors", reason);
            BTreeSet::new()
        });
        let mut wilayah = Wilayah::default();
        for (code, levels) in draft.wilayah {
            if let Err(reason) = wilayah.add(&code, levels) {
                flaw(&format!("Wilayah {code}"), reason);
            }
        }
        let (mut rules, mut seen) = (RuleSet::default(), BTreeSet::new());
        for rule in draft.rules {
            let identifier = rule.identifier.clone();
            if rule.country != draft.country {
                flaw(&identifier, "Country is another one than the set's");
            }
            if rule.descriptions.iter().all(|(lang, _)| lang != "id") {
                flaw(&identifier, "no Description in Indonesian");
            }
            if rule.engine.0 != ENGINE || rule.engine.1 > ENGINE_VERSION {
                flaw(
                    &identifier,
                    "Engine is not CERTLOGIC, or a later version of it",
                );
            }
            if rule.valid_from > draft.valid_from || rule.valid_to < draft.valid_to {
                flaw(
                    &identifier,
                    "ValidFrom and ValidTo leave out a part of the set's period, in which it would be silent",
                );
            }
            if !seen.insert((identifier.clone(), rule.version)) {
                flaw(&identifier, "the rule stands twice in one version");
            }
            if let Err(failure) = rules.add(Arc::new(rule)) {
                flaw(&identifier, failure.detail());
            }
        }
        let mut named = BTreeSet::new();
        let last = draft.colours.len();
        let mut colours = Vec::new();
        for (position, colour) in (1..).zip(draft.colours) {
            let identifier = colour.identifier.as_str();
            if !is_identifier(identifier, "CR", draft.country) {
                flaw(
                    identifier,
                    "Identifier is not CR, the country and four digits",
                );
            }
            if !named.insert(identifier.to_owned()) {
                flaw(identifier, "the rule stands twice");
            }
            if colour.logic.is_none() != (position == last) {
                flaw(identifier, "the last rule, and no other, has no Logic");
            }
            let compiled = colour.logic.as_ref().map(Logic::read).transpose();
            let compiled = compiled.unwrap_or_else(|failure| {
                flaw(identifier, failure.detail());
                None
            });
            colours.push(Arc::new(ColourRule {
                identifier: colour.identifier,
                colour: colour.colour,
                reason: colour.reason,
                remedy: colour.remedy,
                logic: colour.logic,
                compiled,
            }));
        }
        let default = colours.pop();
        match &default {
            None => flaw("Colours", "there is no rule"),
            Some(default) if default.colour == Colour::Green => {
                flaw(&default.identifier, "what nobody thought of is not green");
            }
            Some(_) => {}
        }
        match default {
            Some(default) if flaws.is_empty() => Ok(Self {
                identifier: draft.identifier,
                country: draft.country,
                version: draft.version,
                valid_from: draft.valid_from,
                valid_to: draft.valid_to,
                description: draft.description,
                modes,
                sectors,
                rules,
                wilayah,
                colours,
                default,
                digest: sha256(&draft.content),
                content: draft.content.into(),
            }),
            Some(_) | None => Err(flaws),
        }
    }

    /// The bytes that were signed.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// SHA-256 over them.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What the country accepts.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The rules that give colours, in their order, the one that always holds last.
    pub fn colours(&self) -> impl Iterator<Item = &Arc<ColourRule>> {
        self.colours.iter().chain([&self.default])
    }

    /// Regions with their levels.
    pub fn wilayah(&self) -> &Wilayah {
        &self.wilayah
    }

    /// What a question may name: ways to travel, and places to enter.
    pub fn parameters(&self) -> (&BTreeSet<String>, &BTreeSet<String>) {
        (&self.modes, &self.sectors)
    }

    /// What rules are told beside certificates: `mode`, `sector`, `wilayah`, the `province` around it, the level `ppkm` there
    /// at `at`, each where it is known.
    ///
    /// # Errors
    /// `request_invalid` for a mode or sector that the set does not name, since its rules would pass it by; and for what is
    /// no code of a region.
    pub fn external(
        &self,
        circumstances: &Circumstances,
        at: UnixTime,
    ) -> Result<Map<String, Value>, Failure> {
        let mut external = Map::new();
        let named = [
            ("mode", &circumstances.mode, &self.modes),
            ("sector", &circumstances.sector, &self.sectors),
        ];
        for (member, asked, known) in named {
            if let Some(asked) = asked {
                if !known.contains(asked) {
                    let reason = format!("the policy set in force knows no such {member}");
                    return Err(Code::RequestInvalid.because(reason).about(member));
                }
                external.insert(member.to_owned(), asked.as_str().into());
            }
        }
        if let Some(code) = &circumstances.wilayah {
            if !wilayah::is_code(code) {
                let reason = "a wilayah is a code of 2, 4, 6 or 10 digits";
                return Err(Code::RequestInvalid.because(reason).about("wilayah"));
            }
            external.insert("wilayah".to_owned(), code.as_str().into());
            let province = code.get(..wilayah::PROVINCE).unwrap_or_default();
            external.insert("province".to_owned(), province.into());
            let level = self.wilayah.level(code, at);
            external.extend(level.map(|level| ("ppkm".to_owned(), level.into())));
        }
        Ok(external)
    }

    /// The colour of a person at `at`, whose good certificates together say `payload`.
    ///
    /// The first rule that holds gives it. A rule of which it cannot be told (it asks for what is not there, or the budget is
    /// spent) is open: where its colour is less green than that of the rule that holds, it counts as if it held. So nobody is
    /// shown a greener colour than if nothing had failed, whatever the rule would have come to.
    ///
    /// # Errors
    /// Those of [`Self::external`].
    pub fn colour(
        &self,
        payload: &Value,
        standing: Standing,
        circumstances: &Circumstances,
        at: UnixTime,
        budget: &mut Budget,
    ) -> Result<Coloured, Failure> {
        let external = self.told(standing, circumstances, at)?;
        let data = [
            ("payload", Data::Json(payload)),
            ("external", Data::Json(&external)),
        ];
        Ok(self.coloured(Data::Members(&data), budget))
    }

    /// The rules that give no answer about a person as [`Self::colour`] is asked about, each tried whatever the others say, all
    /// within the budget of one verdict.
    ///
    /// # Errors
    /// Those of [`Self::external`].
    pub fn silent(
        &self,
        payload: &Value,
        circumstances: &Circumstances,
        at: UnixTime,
    ) -> Result<Vec<&str>, Failure> {
        let external = self.told(Standing::Accept, circumstances, at)?;
        let data = [
            ("payload", Data::Json(payload)),
            ("external", Data::Json(&external)),
        ];
        let (mut budget, mut silent) = (Budget::default(), Vec::new());
        for rule in &self.colours {
            if rule.holds(Data::Members(&data), &mut budget).is_none() {
                silent.push(rule.identifier.as_str());
            }
        }
        Ok(silent)
    }

    fn told(
        &self,
        standing: Standing,
        circumstances: &Circumstances,
        at: UnixTime,
    ) -> Result<Value, Failure> {
        let mut external = self.external(circumstances, at)?;
        external.insert("validationClock".to_owned(), at.to_string().into());
        external.insert("verdict".to_owned(), standing.name().into());
        Ok(Value::Object(external))
    }

    fn coloured<'d>(&'d self, data: Data<'d>, budget: &mut Budget) -> Coloured {
        let mut open = Vec::new();
        let mut worst: Option<&Arc<ColourRule>> = None;
        let mut given = &self.default;
        for rule in &self.colours {
            match rule.holds(data, budget) {
                Some(false) => {}
                Some(true) => {
                    given = rule;
                    break;
                }
                None => {
                    open.push(rule.identifier.clone());
                    if worst.is_none_or(|worst| worst.colour < rule.colour) {
                        worst = Some(rule);
                    }
                }
            }
        }
        let rule = worst.filter(|worst| worst.colour > given.colour);
        Coloured {
            rule: Arc::clone(rule.unwrap_or(given)),
            open,
            is_doubtful: false,
        }
    }
}

/// Whether `text` is `prefix`, the country and four digits.
fn is_identifier(text: &str, prefix: &str, country: Country) -> bool {
    let start = format!("{prefix}-{country}-");
    let number = text.strip_prefix(&start);
    number.is_some_and(|it| it.len() == 4 && it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Names of what questions may name, each once.
fn words(names: &[String]) -> Result<BTreeSet<String>, &'static str> {
    if !names.iter().all(|name| circumstances::is_word(name)) {
        return Err(circumstances::WORD);
    }
    let set: BTreeSet<_> = names.iter().cloned().collect();
    if set.len() != names.len() {
        return Err("a name stands twice");
    }
    Ok(set)
}

/// How a flaw calls what is about no part of a set.
pub const WHOLE: &str = "policy set";
