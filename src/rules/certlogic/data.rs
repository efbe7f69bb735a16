//! What logic sees and what it gives: borrowed data, found by path, and values that point into it.
//!
//! Refuses to copy: texts and lists of the data stay where they are. A number without a fraction is an integer, whether it
//! was written `3` or `3.0`.
//!
//! Source: CertLogic specification 1.3.3, `var` and truthiness.

use super::budget::{Budget, Fault};
use super::time::Time;
use crate::model::Date;
use crate::rules::{ValueSet, ValueSets};
use serde_json::Value as Json;
use std::rc::Rc;

/// What logic may see.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// A text.
    Text(&'a str),
    /// A JSON value.
    Json(&'a Json),
    /// Members by name, each once.
    Members(&'a [(&'a str, Self)]),
    /// Every value set in force on a day, by its id, as the list of its codes.
    ValueSets(&'a ValueSets, Date),
    /// The codes of a value set, in order.
    Codes(&'a ValueSet),
}

/// What logic comes to.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Nothing, and whatever is not there.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number, up to 2^53 - 1 either way.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// An instant.
    Time(Time),
    /// A list or members of the data or of the logic itself.
    Data(Data<'a>),
    /// A list that was made.
    List(Rc<List<'a>>),
}

/// A list that logic made.
#[derive(Debug)]
pub struct List<'a> {
    pub(super) items: Box<[Value<'a>]>,
    /// How deep lists stand in it, itself included.
    depth: usize,
}

impl<'a> From<&'a Json> for Data<'a> {
    fn from(json: &'a Json) -> Self {
        Self::Json(json)
    }
}

impl<'a> Data<'a> {
    /// What stands in it under `name`, which is `index` if it is a number; nothing in a text or a number.
    pub(super) fn member(
        self,
        name: &str,
        index: Option<usize>,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Fault> {
        Ok(match self {
            Self::Json(Json::Object(members)) if members.len() <= FEW => {
                // A handful of names is compared faster than hashed.
                let found = members.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| Self::Json(value))
            }
            Self::Json(Json::Object(members)) => members.get(name).map(Self::Json),
            Self::Json(Json::Array(items)) => {
                index.and_then(|index| items.get(index)).map(Self::Json)
            }
            Self::Text(_) | Self::Json(_) => None,
            Self::Members(members) => {
                let found = members.iter().find(|(known, _)| *known == name);
                found.map(|(_, data)| *data)
            }
            Self::ValueSets(sets, day) => sets.on(name, day).map(Self::Codes),
            Self::Codes(set) => match index {
                None => None,
                Some(index) => {
                    budget.look(index)?;
                    set.values.keys().nth(index).map(|code| Self::Text(code))
                }
            },
        })
    }

    /// How many items or members it has; `None` where it is neither a list nor has members.
    fn len(self) -> Option<usize> {
        Some(match self {
            Self::Json(Json::Array(items)) => items.len(),
            Self::Json(Json::Object(members)) => members.len(),
            Self::Text(_) | Self::Json(_) => return None,
            Self::Members(members) => members.len(),
            Self::ValueSets(sets, day) => {
                sets.ids().filter(|id| sets.on(id, day).is_some()).count()
            }
            Self::Codes(set) => set.values.len(),
        })
    }
}

impl<'a> From<Data<'a>> for Value<'a> {
    fn from(data: Data<'a>) -> Self {
        match data {
            Data::Text(text) => Self::Text(text),
            Data::Json(Json::Null) => Self::Null,
            Data::Json(Json::Bool(value)) => Self::Bool(*value),
            Data::Json(Json::String(text)) => Self::Text(text),
            Data::Json(Json::Number(number)) => match whole(number) {
                Some(whole) => Self::Integer(whole),
                None => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            },
            Data::Json(Json::Array(_) | Json::Object(_))
            | Data::Members(_)
            | Data::ValueSets(..)
            | Data::Codes(_) => Self::Data(data),
        }
    }
}

impl<'a> Value<'a> {
    /// A list of `items`.
    pub(super) fn list(items: Vec<Self>) -> Result<Self, Fault> {
        let depths = items.iter().map(|item| match item {
            Self::List(list) => list.depth,
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::Data(_) => 0,
        });
        let depth = depths.max().unwrap_or_default() + 1;
        if depth > MAX_DEPTH {
            return Err(Fault::Range);
        }
        let items = items.into_boxed_slice();
        Ok(Self::List(Rc::new(List { items, depth })))
    }

    /// Whether it holds as a condition; an instant is no condition.
    pub(super) fn truth(&self) -> Result<bool, Fault> {
        match self {
            Self::Null => Ok(false),
            Self::Bool(value) => Ok(*value),
            Self::Integer(number) => Ok(*number != 0),
            Self::Number(number) if number.is_nan() => Err(Fault::Operand),
            Self::Number(_) => Ok(true),
            Self::Text(text) => Ok(!text.is_empty()),
            Self::Time(_) => Err(Fault::Operand),
            Self::Data(data) => data.len().map(|len| len > 0).ok_or(Fault::Operand),
            Self::List(list) => Ok(!list.items.is_empty()),
        }
    }

    /// Whether it is the same as `other`. Two instants, or two lists or objects, are not compared: evaluators part on them.
    pub(super) fn equals(&self, other: &Self, budget: &mut Budget) -> Result<bool, Fault> {
        Ok(match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Integer(left), Self::Integer(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::Text(left), Self::Text(right)) if left.len() == right.len() => {
                budget.read(left.len())?;
                left == right
            }
            (Self::Time(_), Self::Time(_))
            | (Self::Data(_) | Self::List(_), Self::Data(_) | Self::List(_)) => {
                return Err(Fault::Operand);
            }
            _ => false,
        })
    }

    /// Whether it is a list, and `needle` is in it.
    pub(super) fn contains(&self, needle: &Self, budget: &mut Budget) -> Result<bool, Fault> {
        if let Self::Data(Data::Codes(set)) = self {
            return Ok(matches!(needle, Self::Text(code) if set.values.contains_key(*code)));
        }
        let items = self.items()?;
        for (position, item) in items.enumerate() {
            // Every eighth item is a step, the first one is part of the operation.
            if position % 8 == 7 {
                budget.step()?;
            }
            if item.equals(needle, budget)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Its items, if it is a list.
    pub(super) fn items(&self) -> Result<Box<dyn Iterator<Item = Self> + '_>, Fault> {
        Ok(match self {
            Self::Data(Data::Json(Json::Array(items))) => {
                Box::new(items.iter().map(|item| Self::from(Data::Json(item))))
            }
            Self::Data(Data::Codes(set)) => Box::new(set.values.keys().map(|it| Self::Text(it))),
            Self::List(list) => Box::new(list.items.iter().cloned()),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::Data(_) => return Err(Fault::Operand),
        })
    }

    /// Whether it is what `json` says; an instant is no JSON.
    pub fn is(&self, json: &Json) -> bool {
        let same = |items: &mut dyn Iterator<Item = Value<'a>>, others: &[Json]| {
            others
                .iter()
                .all(|json| items.next().is_some_and(|item| item.is(json)))
                && items.next().is_none()
        };
        match (self, json) {
            (Self::Data(Data::Json(own)), Json::Object(_)) => *own == json,
            (_, Json::Object(_)) => false,
            (_, Json::Array(others)) => {
                self.items().is_ok_and(|mut items| same(&mut items, others))
            }
            (_, Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => {
                let mut budget = Budget::of(usize::MAX, usize::MAX);
                let other = Value::from(Data::Json(json));
                self.equals(&other, &mut budget) == Ok(true)
            }
        }
    }
}

/// The whole number that `number` is, whatever it was written as.
pub(super) fn whole(number: &serde_json::Number) -> Option<i64> {
    let whole = match number.as_i64() {
        Some(whole) => whole,
        None => whole_of(number.as_f64()?)?,
    };
    (-MAX_INTEGER..=MAX_INTEGER)
        .contains(&whole)
        .then_some(whole)
}

#[allow(
    clippy::as_conversions,
    reason = "no other conversion exists; range and wholeness are checked before it"
)]
fn whole_of(number: f64) -> Option<i64> {
    let fits = number.fract() == 0.0 && number.abs() < 9e15;
    fits.then_some(number as i64)
}

/// The largest whole number that every evaluator can hold.
pub(super) const MAX_INTEGER: i64 = (1 << 53) - 1;
/// Lists in lists that logic makes.
const MAX_DEPTH: usize = 16;
const FEW: usize = 16;
