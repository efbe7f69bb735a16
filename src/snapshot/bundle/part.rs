//! The parts of a bundle, a row each.
//!
//! Refuses rows of another shape. Rules, value sets and policy sets have the rows of the archive, those of one country in a chunk,
//! and of what rules say in words only Indonesian and English are kept.

use super::{array, invalid, signers, withdrawn};
use crate::codec::cbor::Value;
use crate::codec::item::Item;
use crate::failure::Failure;
use crate::model::{Environment, SnapshotId};
use crate::revocation::RevocationList;
use crate::rules::{Policies, Rule, RuleSet, ValueSets};
use crate::snapshot::archive::{acceptance, policies};
use crate::snapshot::archive::{document, items, written};
use crate::snapshot::messages::{Locale, Message, Messages};
use crate::snapshot::{Acceptance, Own, Snapshot};
use crate::trust::{Listed, TrustList};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A part: how it is taken apart and put together.
pub(super) struct Part {
    pub(super) name: &'static str,
    /// How many rows it has, where they can be counted.
    pub(super) rows: fn(&Snapshot) -> Option<usize>,
    /// Gives its chunks, before they are deflated, to whoever takes them.
    pub(super) chunks: fn(&Snapshot, Taker<'_>) -> Result<(), Failure>,
    /// Takes the next chunk in.
    pub(super) take: fn(&mut Draft, &[u8]) -> Result<(), Failure>,
}

/// Whoever takes chunks.
pub(super) type Taker<'t> = &'t mut dyn FnMut(Vec<u8>) -> Result<(), Failure>;

/// Every part, in the order of the manifest.
pub(super) const PARTS: [Part; 7] = [
    Part {
        name: "signers",
        rows: |world| Some(world.trust().signers().len()),
        chunks: signers::chunks,
        take: signers::take,
    },
    Part {
        name: "own",
        rows: |world| Some(world.own().len()),
        chunks: withdrawn::own,
        take: withdrawn::take_own,
    },
    Part {
        name: "foreign",
        rows: |_| None,
        chunks: withdrawn::foreign,
        take: withdrawn::take_foreign,
    },
    Part {
        name: "rules",
        rows: |world| Some(world.rules().rules().count()),
        chunks: rules,
        take: |draft, chunk| {
            let document = document(chunk)?;
            acceptance::take_rule_rows(&mut draft.rules, items(document.root())?)
        },
    },
    Part {
        name: "value_sets",
        rows: |world| Some(world.value_sets().sets().count()),
        chunks: value_sets,
        take: |draft, chunk| {
            let document = document(chunk)?;
            acceptance::take_value_set_rows(&mut draft.value_sets, items(document.root())?)
        },
    },
    Part {
        name: "policies",
        rows: |world| Some(world.policies().all().len()),
        chunks: policies::chunks,
        take: |draft, chunk| policies::take_into(&mut draft.policies, chunk),
    },
    Part {
        name: "messages",
        rows: |world| Some(world.messages().replaced().count()),
        chunks: messages,
        take: take_messages,
    },
];

/// A world of which some chunks were read.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) signers: Vec<Listed>,
    pub(super) own: Own,
    pub(super) offline: withdrawn::Drafted,
    pub(super) rules: RuleSet,
    pub(super) value_sets: ValueSets,
    pub(super) policies: Policies,
    messages: Messages,
}

impl Draft {
    /// The world, when all chunks were read; without a number, and without sources.
    pub(super) fn finish(self, environment: Environment) -> Result<Snapshot, Failure> {
        let snapshot = Snapshot {
            environment,
            id: SnapshotId([0; 32]),
            sequence: 0,
            trust: Arc::new(TrustList::of_listed(self.signers)?),
            acceptance: Arc::new(Acceptance::new(self.rules, self.value_sets)),
            policies: Arc::new(self.policies),
            revocations: Arc::new(RevocationList::default()),
            own: Arc::new(self.own),
            offline: Arc::new(self.offline.finish()),
            messages: Arc::new(self.messages),
            sources: Arc::default(),
        };
        Ok(snapshot.identified())
    }
}

fn rules(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let mut of_countries: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for rule in snapshot.rules().rules() {
        let row = acceptance::row(&told(rule));
        of_countries.entry(rule.country).or_default().push(row);
    }
    for country in snapshot.rules().unread() {
        let rows = of_countries.entry(country).or_default();
        rows.push(Value::Text(country.to_string()));
    }
    of_countries
        .into_values()
        .try_for_each(|rows| taker(written(rows)?))
}

/// `rule` with the words that a bundle has room for.
pub(super) fn told(rule: &Rule) -> Rule {
    let spoken = |(lang, _): &&(String, String)| {
        LANGUAGES
            .iter()
            .any(|it| lang.to_ascii_lowercase().starts_with(it))
    };
    let descriptions = rule.descriptions.iter();
    let mut descriptions: Vec<_> = descriptions.filter(spoken).cloned().collect();
    if descriptions.is_empty() {
        // Whatever it says is more than nothing.
        descriptions.extend(rule.descriptions.first().cloned());
    }
    Rule {
        descriptions,
        ..Rule::clone(rule)
    }
}

fn value_sets(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let rows = snapshot.value_sets().sets().map(acceptance::value_set_row);
    taker(written(rows.collect())?)
}

/// One chunk of `[language, name, sentence, remedy]` a message that is not the program's; none where all are.
fn messages(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let text = |text: &str| Value::Text(text.to_owned());
    let rows = snapshot.messages().replaced();
    let rows: Vec<_> = rows
        .map(|(locale, name, message)| {
            let (sentence, remedy) = (text(&message.sentence), text(&message.remedy));
            Value::Array(vec![text(locale.tag()), text(name), sentence, remedy])
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    taker(written(rows)?)
}

fn take_messages(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    let document = document(chunk)?;
    for row in items(document.root())? {
        let [locale, name, sentence, remedy] = array(row)?;
        let text = |item: Item<'_>| {
            let text = item.as_text().map(str::to_owned);
            text.ok_or_else(|| invalid("a message without text"))
        };
        let locale = locale.as_text().and_then(Locale::parse);
        let message = Message {
            sentence: text(sentence)?,
            remedy: text(remedy)?,
        };
        let locale = locale.ok_or_else(|| invalid("a message in no language"))?;
        draft.messages.replace(&text(name)?, locale, message)?;
    }
    Ok(())
}

/// Indonesian and English, as rules name languages: `id`, `en`, `en-GB` ...
const LANGUAGES: [&str; 2] = ["id", "en"];
