//! Colours, as gate staff act on them, and the rules that give them.
//!
//! Refuses nothing by itself: which rules make a policy set is for `policy_set`.
//!
//! Source: the colours of PeduliLindungi: green may enter, yellow is looked at more closely, red is turned away, black is
//! somebody who may carry the infection.

use super::certlogic::{Budget, Data, Logic, Value as Holds};
use serde_json::Value;
use std::sync::Arc;

/// What a gate shows; of two the later is the less green.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Colour {
    /// May enter.
    Green,
    /// May enter after a closer look.
    Yellow,
    /// May not enter.
    Red,
    /// May not enter, and may carry the infection.
    Black,
}

impl Colour {
    /// All of them, the greenest first.
    pub const ALL: [Self; 4] = [Self::Green, Self::Yellow, Self::Red, Self::Black];

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Black => "black",
        }
    }

    /// The colour with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|colour| colour.name() == name)
    }
}

/// A text in the two languages that users read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Indonesian.
    pub id: String,
    /// English.
    pub en: String,
}

/// A rule that gives a colour.
#[derive(Clone, Debug)]
pub struct ColourRule {
    /// Its identifier, such as `CR-ID-0001`.
    pub identifier: String,
    /// The colour that it gives.
    pub colour: Colour,
    /// Why, for whoever is shown the colour.
    pub reason: Words,
    /// What to do about it.
    pub remedy: Words,
    /// Where it holds, in JSON; nothing where it always holds.
    pub logic: Option<Value>,
    /// The same, compiled.
    pub(super) compiled: Option<Logic>,
}

impl ColourRule {
    /// Whether it holds over `data`; `None` where that cannot be told.
    pub(super) fn holds<'d>(&'d self, data: Data<'d>, budget: &mut Budget) -> Option<bool> {
        match self.compiled.as_ref()?.evaluate(data, budget) {
            Ok(Holds::Bool(holds)) => Some(holds),
            Ok(_) | Err(_) => None,
        }
    }
}

impl PartialEq for ColourRule {
    /// Whether both say the same.
    fn eq(&self, other: &Self) -> bool {
        (&self.identifier, self.colour, &self.logic)
            == (&other.identifier, other.colour, &other.logic)
            && (&self.reason, &self.remedy) == (&other.reason, &other.remedy)
    }
}

/// The colour that a policy set gives.
#[derive(Clone, Debug)]
pub struct Coloured {
    /// The rule that gave it, with its reason and remedy.
    pub rule: Arc<ColourRule>,
    /// The identifiers of the rules of which it could not be told whether they hold. Where the rule that gave the colour is
    /// among them, its reason is not known to be true: it counts because nothing better was known.
    pub open: Vec<String>,
    /// Whether it rests on certificates of which it cannot be told whether they are good.
    pub is_doubtful: bool,
}

impl Coloured {
    /// The colour.
    pub fn colour(&self) -> Colour {
        self.rule.colour
    }

    /// Whether the rule that gave it is not known to hold, so that somebody has to look.
    pub fn is_open(&self) -> bool {
        self.is_doubtful || self.open.contains(&self.rule.identifier)
    }
}
