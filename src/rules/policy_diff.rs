//! What differs between two policy sets, part by part.
//!
//! Refuses to weigh: whether a difference matters, a dry run shows.

use super::policy_set::PolicySet;
use std::collections::BTreeMap;
use std::fmt;

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// A part is new.
    Added(String),
    /// A part is gone.
    Removed(String),
    /// A part says something else.
    Changed(String),
}

impl Difference {
    /// What happened to the part, and what it is called.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Added(part) => ("added", part),
            Self::Removed(part) => ("removed", part),
            Self::Changed(part) => ("changed", part),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, part) = self.parts();
        write!(f, "{what} {part}")
    }
}

/// The differences from `old`, where there is one, to `new`: colour rules and their order, rules, regions, parameters. What
/// every set has of its own, its version and period, is none.
pub fn differences(old: Option<&PolicySet>, new: &PolicySet) -> Vec<Difference> {
    let mut found = Vec::new();
    let colours = |set: &PolicySet| {
        let colours = set.colours().map(|it| (it.identifier.clone(), it.clone()));
        colours.collect::<BTreeMap<_, _>>()
    };
    compare(old.map(colours), colours(new), &mut found);
    let order = |set: &PolicySet, among: &PolicySet| {
        let known = colours(among);
        let shared = set.colours().map(|it| it.identifier.clone());
        shared
            .filter(|it| known.contains_key(it))
            .collect::<Vec<_>>()
    };
    if old.is_some_and(|old| order(old, new) != order(new, old)) {
        found.push(Difference::Changed("order of colours".to_owned()));
    }
    let rules = |set: &PolicySet| {
        let rules = set.rules().rules();
        let rules = rules.map(|it| (format!("{}@{}", it.identifier, it.version), it.clone()));
        rules.collect::<BTreeMap<_, _>>()
    };
    compare(old.map(rules), rules(new), &mut found);
    let regions = |set: &PolicySet| {
        let rows = set.wilayah().rows().iter();
        let rows = rows.map(|(code, levels)| (format!("wilayah {code}"), levels.clone()));
        rows.collect::<BTreeMap<_, _>>()
    };
    compare(old.map(regions), regions(new), &mut found);
    let parameters = |set: &PolicySet| {
        let (modes, sectors) = set.parameters();
        let modes = modes.iter().map(|it| (format!("mode {it}"), ()));
        let sectors = sectors.iter().map(|it| (format!("sector {it}"), ()));
        modes.chain(sectors).collect::<BTreeMap<_, _>>()
    };
    compare(old.map(parameters), parameters(new), &mut found);
    found
}

fn compare<T: PartialEq>(
    old: Option<BTreeMap<String, T>>,
    new: BTreeMap<String, T>,
    found: &mut Vec<Difference>,
) {
    let old = old.unwrap_or_default();
    let gone = old.keys().filter(|part| !new.contains_key(*part));
    found.extend(gone.map(|part| Difference::Removed(part.clone())));
    for (part, says) in new {
        match old.get(&part) {
            None => found.push(Difference::Added(part)),
            Some(said) if *said != says => found.push(Difference::Changed(part)),
            Some(_) => {}
        }
    }
}
