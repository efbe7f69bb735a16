//! What countries accept. A rule is `[identifier, version, kind, country, region, certificates, from, to, engine, its version,
//! version of the schema, [[language, description], ...], [affected field, ...], logic]`, null for no region, the logic as JSON;
//! instead of a rule that nobody can read, the text that names its country; a value set is its document.
//!
//! Refuses value sets that a set of them would refuse; logic that is none is kept, as its rule is open. Rules are not kept in the
//! form in which countries sign them: one country has two codes there, and here one.

use super::part::unless_null;
use super::part::{Draft, Taker, country, document, fixed, instant, invalid, items, spread, text};
use crate::codec::cbor::Value;
use crate::codec::item::{Item, Items};
use crate::codec::json;
use crate::exchange::{read_value_set, write_value_set};
use crate::failure::Failure;
use crate::rules::{CertificateType, Rule, RuleKind, RuleSet, ValueSet, ValueSets, Version};
use crate::snapshot::Snapshot;
use std::sync::Arc;

/// Rules whose identifiers have hashes with the same first byte make a chunk.
pub(super) fn rules(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let rules = snapshot.rules().rules();
    let rules = rules.map(|rule| (rule.identifier.clone(), row(rule)));
    let unread = snapshot.rules().unread().map(|country| {
        let country = country.to_string();
        (country.clone(), Value::Text(country))
    });
    spread(rules.chain(unread), taker)
}

/// A rule as a row.
pub(in crate::snapshot) fn row(rule: &Rule) -> Value {
    let text = |text: &str| Value::Text(text.to_owned());
    let version = |version: Version| Value::Text(version.to_string());
    let descriptions = rule.descriptions.iter();
    let descriptions =
        descriptions.map(|(lang, words)| Value::Array(vec![text(lang), text(words)]));
    let fields = rule.affected_fields.iter().map(|field| text(field));
    let (engine, engine_version) = &rule.engine;
    Value::Array(vec![
        text(&rule.identifier),
        version(rule.version),
        text(rule.kind.name()),
        text(rule.country.as_str()),
        rule.region.as_deref().map_or(Value::Null, text),
        text(rule.about.name()),
        rule.valid_from.seconds().into(),
        rule.valid_to.seconds().into(),
        text(engine),
        version(*engine_version),
        version(rule.schema_version),
        Value::Array(descriptions.collect()),
        Value::Array(fields.collect()),
        Value::Text(rule.logic.to_string()),
    ])
}

/// Takes the rules of `chunk` in.
///
/// # Errors
/// `archive_invalid`.
pub(super) fn take_rules(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    take_rule_rows(&mut draft.rules, items(document(chunk)?.root())?)
}

/// Takes `rows` into `rules`.
///
/// # Errors
/// `archive_invalid`.
pub(in crate::snapshot) fn take_rule_rows(
    rules: &mut RuleSet,
    rows: Items<'_>,
) -> Result<(), Failure> {
    for row in rows {
        if row.as_text().is_some() {
            rules.add_unread(country(row)?);
        } else {
            // Whatever was wrong with it was wrong with it then; that the set is the same is shown by its hash.
            let _ = rules.add(Arc::new(rule(row)?));
        }
    }
    Ok(())
}

fn rule(row: Item<'_>) -> Result<Rule, Failure> {
    let [
        identifier,
        version,
        kind,
        of,
        region,
        about,
        from,
        to,
        engine,
        engine_version,
        schema_version,
        descriptions,
        fields,
        logic,
    ] = fixed(row)?;
    let owned = |item| text(item).map(str::to_owned);
    let (kind, about) = (text(kind)?, text(about)?);
    let kind = RuleKind::ALL.into_iter().find(|it| it.name() == kind);
    let about = CertificateType::ALL
        .into_iter()
        .find(|it| it.name() == about);
    let descriptions = items(descriptions)?.map(|it| {
        let [lang, words] = fixed(it)?;
        Ok((owned(lang)?, owned(words)?))
    });
    let logic = text(logic)?;
    if logic.len() > MAX_LOGIC {
        return Err(invalid(format!("logic over {MAX_LOGIC} bytes")));
    }
    Ok(Rule {
        identifier: owned(identifier)?,
        version: numbers(version)?,
        kind: kind.ok_or_else(|| invalid("no such kind of rule"))?,
        country: country(of)?,
        region: unless_null(region, owned)?,
        about: about.ok_or_else(|| invalid("no such certificates"))?,
        valid_from: instant(from)?,
        valid_to: instant(to)?,
        engine: (owned(engine)?, numbers(engine_version)?),
        schema_version: numbers(schema_version)?,
        descriptions: descriptions.collect::<Result<_, Failure>>()?,
        affected_fields: items(fields)?.map(owned).collect::<Result<_, _>>()?,
        logic: json::read(logic.as_bytes(), MAX_VALUES).map_err(odd)?,
    })
}

fn numbers(item: Item<'_>) -> Result<Version, Failure> {
    Version::parse(text(item)?).ok_or_else(|| invalid("no version"))
}

/// Value sets whose ids and dates have hashes with the same first byte make a chunk.
pub(super) fn value_sets(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let rows = snapshot.value_sets().sets();
    let rows = rows.map(|set| (format!("{} {}", set.id, set.date), value_set_row(set)));
    spread(rows, taker)
}

/// A value set as a row.
pub(in crate::snapshot) fn value_set_row(set: &ValueSet) -> Value {
    Value::Text(write_value_set(set).to_string())
}

/// Takes the value sets of `chunk` in.
///
/// # Errors
/// `archive_invalid`.
pub(super) fn take_value_sets(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    take_value_set_rows(&mut draft.value_sets, items(document(chunk)?.root())?)
}

/// Takes `rows` into `sets`.
///
/// # Errors
/// `archive_invalid`.
pub(in crate::snapshot) fn take_value_set_rows(
    sets: &mut ValueSets,
    rows: Items<'_>,
) -> Result<(), Failure> {
    for row in rows {
        let set = read_value_set(text(row)?.as_bytes()).map_err(odd)?;
        sets.add(set).map_err(odd)?;
    }
    Ok(())
}

fn odd(failure: Failure) -> Failure {
    invalid(failure.detail().to_owned())
}

/// Above the whole rule as countries sign it.
const MAX_LOGIC: usize = 512 * 1024;
const MAX_VALUES: usize = 20_000;
