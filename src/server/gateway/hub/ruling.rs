//! Rules that a party hands in and deletes, and which of their versions are shown.
//!
//! Refuses, in this order: a message that its key did not sign; one whose key is no upload certificate of the party; what
//! is outside the schema; an identifier that does not fit the type; another country's rule; a version that is not newer;
//! times that are not allowed.
//!
//! Source: EU DGCG, `GET /rules/{cc}`, `POST` and `DELETE /rules`.

use super::message::Handed;
use super::refused::{Reason, Refused};
use super::rule::StoredRule;
use super::write::Change;
use super::{HUB, Hub, Party};
use crate::exchange::dgcg::{has_prefix_of_kind, read_rule_shape, write_rule_row};
use crate::exchange::{Record, RecordKind};
use crate::failure::Code;
use crate::model::{Country, UnixTime};
use crate::rules::{Rule, RuleKind};
use crate::server::gateway::replica;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What taking in the rule in `handed` comes to.
///
/// # Errors
/// `TextSignatureInvalid`, `RuleUploader`, `RuleUnreadable`, `RuleIdentifier`, `RuleCountry`, `RuleVersion`, `RuleTimes`,
/// `RuleUnavailable` for one version too many.
pub fn upload_rule(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    signed_by(hub, party, handed)?;
    let rule = read_rule_shape(&handed.content);
    let rule = rule.map_err(|failure| {
        // Two letters that are no country's are not this party's either.
        if failure.code() == Code::CountryMismatch {
            return Reason::RuleCountry.into();
        }
        Reason::RuleUnreadable.because(failure.detail())
    })?;
    if !has_prefix_of_kind(&rule) {
        let details = "Identifier: a prefix that fits Type and CertificateType";
        return Err(Reason::RuleIdentifier.because(details));
    }
    let named = rule.identifier.split('-').nth(1).and_then(Country::parse);
    if rule.country != party.country || named != Some(party.country) {
        return Err(Reason::RuleCountry.into());
    }
    let versions = hub
        .rules()
        .filter(|it| it.rule.identifier == rule.identifier);
    let latest = versions.max_by_key(|it| it.rule.version);
    if latest.is_some_and(|latest| latest.rule.version >= rule.version) {
        return Err(Reason::RuleVersion.because("Version: newer than the last"));
    }
    times(&rule, latest.map(|it| &it.rule), at)
        .map_err(|details| Reason::RuleTimes.because(details))?;
    let own = hub.rules().filter(|it| it.rule.country == party.country);
    if own.count() >= MAX_VERSIONS {
        let details = format!("a country has {MAX_VERSIONS} versions of rules at most");
        return Err(Reason::RuleUnavailable.because(details));
    }
    let name = format!("{}@{}", rule.identifier, rule.version);
    let mut change = Change::new(party, "rule.uploaded", name.as_str());
    let record = Record {
        kind: RecordKind::Rule,
        source: HUB.to_owned(),
        name,
        country: Some(party.country),
        received_at: at,
        body: write_rule_row(&rule, &handed.text).to_string().into_bytes(),
    };
    // What cannot be read back would be shown nowhere.
    if StoredRule::read(0, &record).is_none() {
        return Err(Reason::RuleIdentifier.because("Identifier: that of Country as it is written"));
    }
    change.records.push(record);
    Ok(change)
}

/// What deleting all versions of the rule that `handed` names comes to.
///
/// # Errors
/// `TextSignatureInvalid`, `RuleUploader`, `RuleDeleteIdentifier`, `RuleDeleteCountry`, `RuleMissing`.
pub fn delete_rule(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    signed_by(hub, party, handed)?;
    let identifier = std::str::from_utf8(&handed.content);
    let identifier = identifier.map_err(|_| Reason::RuleDeleteIdentifier)?;
    let parts: Vec<_> = identifier.split('-').collect();
    let [_, country, _] = parts.as_slice() else {
        return Err(Reason::RuleDeleteIdentifier.into());
    };
    if country.chars().count() != 2 {
        return Err(Reason::RuleDeleteIdentifier.into());
    }
    if Country::parse(country) != Some(party.country) {
        return Err(Reason::RuleDeleteCountry.into());
    }
    let versions = hub.rules().filter(|it| it.rule.identifier == identifier);
    let mut change = Change::new(party, "rule.deleted", identifier);
    change.records.extend(versions.map(|version| Record {
        kind: RecordKind::Tombstone,
        source: HUB.to_owned(),
        name: replica::tombstone(RecordKind::Rule, &version.name()),
        country: Some(party.country),
        received_at: at,
        body: b"{}".to_vec(),
    }));
    if change.records.is_empty() {
        return Err(Reason::RuleMissing.into());
    }
    Ok(change)
}

/// The versions of each rule of `country` that are shown at the instant `at`, the newest first: back to the one in force.
pub fn shown_rules(
    hub: &Hub,
    country: Country,
    at: UnixTime,
) -> BTreeMap<String, Vec<Arc<StoredRule>>> {
    let mut rules: BTreeMap<String, Vec<Arc<StoredRule>>> = BTreeMap::new();
    for stored in hub.rules().filter(|it| it.rule.country == country) {
        let versions = rules.entry(stored.rule.identifier.clone()).or_default();
        versions.push(Arc::clone(stored));
    }
    for versions in rules.values_mut() {
        versions.sort_by_key(|it| Reverse(it.rule.version));
        let in_force = versions.iter().position(|it| it.rule.valid_from <= at);
        if let Some(position) = in_force {
            versions.truncate(position + 1);
        }
    }
    rules
}

fn signed_by(hub: &Hub, party: &Party, handed: &Handed) -> Result<(), Refused> {
    if !handed.verified {
        return Err(Reason::TextSignatureInvalid.into());
    }
    if !hub.is_uploader(party.country, handed) {
        return Err(Reason::RuleUploader.into());
    }
    Ok(())
}

/// That the times of `rule` are allowed after those of the version `before`; else what is not.
fn times(rule: &Rule, before: Option<&Rule>, at: UnixTime) -> Result<(), &'static str> {
    let (from, to) = (rule.valid_from, rule.valid_to);
    let earliest = match rule.kind {
        RuleKind::Acceptance => at.plus(48 * HOUR_S),
        RuleKind::Invalidation => at,
    };
    if to <= from {
        return Err("ValidTo: after ValidFrom");
    }
    if from > at.plus(14 * 24 * HOUR_S) {
        return Err("ValidFrom: within 14 days");
    }
    if from < earliest {
        return Err(match rule.kind {
            RuleKind::Acceptance => "ValidFrom: in 48 hours or later",
            RuleKind::Invalidation => "ValidFrom: not before now",
        });
    }
    if to < from.plus(72 * HOUR_S) {
        return Err("ValidTo: 72 hours after ValidFrom or later");
    }
    if before.is_some_and(|before| from < before.valid_from) {
        return Err("ValidFrom: not before that of the last version");
    }
    Ok(())
}

const HOUR_S: i64 = 3600;
/// Countries have fewer than a hundred rules, each with a few versions.
const MAX_VERSIONS: usize = 10_000;
