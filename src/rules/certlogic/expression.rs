//! CertLogic as a tree: every operation with operands of the right number, every path taken apart.
//!
//! Refuses whatever is outside the language, so that it is refused once, where it comes in, and not at every certificate;
//! and logic that is too deep, too large, or reduces within a reduction within a reduction.
//!
//! Source: CertLogic specification 1.3.3, its JSON schema and its validation suite.

use super::data::whole;
use super::time::Unit;
use crate::failure::{Code, Failure, printable};
use serde_json::Value as Json;

/// Logic that was read and may be evaluated, any number of times and from many threads.
#[derive(Clone, Debug)]
pub struct Logic(pub(super) Expression);

#[derive(Clone, Debug)]
pub(super) enum Expression {
    /// A literal, or a list of such.
    Constant(Json),
    List(Box<[Self]>),
    Var(Box<[Fragment]>),
    If(Box<[Self; 3]>),
    And(Box<[Self]>),
    Not(Box<Self>),
    Equal(Box<[Self; 2]>),
    In(Box<[Self; 2]>),
    Add(Box<[Self; 2]>),
    /// Of two or three integers, or of as many instants.
    Compare(Order, Compared, Box<[Self]>),
    PlusTime(Box<Self>, i64, Unit),
    Reduce(Box<[Self; 3]>),
    /// `None` for a part that no UVCI has.
    FromUvci(Box<Self>, Option<usize>),
    BirthDate(Box<Self>),
}

/// A part of a path.
#[derive(Clone, Debug)]
pub(super) struct Fragment {
    pub(super) name: Box<str>,
    /// The place in a list that it names.
    pub(super) index: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Less,
    Greater,
    NotGreater,
    NotLess,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Compared {
    Integers,
    Times,
}

impl Logic {
    /// The logic in `json`.
    ///
    /// # Errors
    /// `rule_invalid` where it is no CertLogic; `input_too_large` where it is over a ceiling: 64 expressions deep, 20,000 of
    /// them, 64 KiB of texts, two reductions in each other.
    pub fn read(json: &Json) -> Result<Self, Failure> {
        let mut reader = Reader {
            expressions: MAX_EXPRESSIONS,
            text: MAX_TEXT,
        };
        reader.expression(json, Place::default()).map(Self)
    }
}

/// What is left of the ceilings.
struct Reader {
    expressions: usize,
    text: usize,
}

/// Where an expression stands.
#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    reductions: usize,
}

impl Reader {
    fn expression(&mut self, json: &Json, place: Place) -> Result<Expression, Failure> {
        let place = Place {
            depth: place.depth + 1,
            ..place
        };
        if place.depth > MAX_DEPTH {
            return Err(too_large(format!(
                "logic over {MAX_DEPTH} expressions deep"
            )));
        }
        self.expressions = self
            .expressions
            .checked_sub(1)
            .ok_or_else(|| too_large(format!("logic over {MAX_EXPRESSIONS} expressions")))?;
        match json {
            Json::Bool(_) => Ok(Expression::Constant(json.clone())),
            Json::Number(number) if whole(number).is_some() => {
                Ok(Expression::Constant(json.clone()))
            }
            Json::Number(_) => Err(invalid("a number that is no integer")),
            Json::String(text) => {
                self.text(text)?;
                Ok(Expression::Constant(json.clone()))
            }
            Json::Null => Err(invalid("null")),
            Json::Array(items) => {
                let read = self.all(items, place)?;
                // A list of literals is as it stands, and is never made again.
                let constant = read.iter().all(|it| matches!(it, Expression::Constant(_)));
                Ok(match constant {
                    true => Expression::Constant(json.clone()),
                    false => Expression::List(read.into()),
                })
            }
            Json::Object(members) => {
                let mut members = members.iter();
                let (Some((operator, operands)), None) = (members.next(), members.next()) else {
                    return Err(invalid("an object that is not one operation"));
                };
                self.operation(operator, operands, place)
            }
        }
    }

    fn operation(
        &mut self,
        operator: &str,
        operands: &Json,
        place: Place,
    ) -> Result<Expression, Failure> {
        let operands = match (operator, operands) {
            ("var", Json::String(path)) => return self.path(path),
            ("var", _) => return Err(invalid("var: no path")),
            (_, Json::Array(operands)) => operands.as_slice(),
            (_, _) => return Err(wrong(operator)),
        };
        if let Some((order, compared)) = comparison(operator) {
            let number = (2..=3).contains(&operands.len());
            let operands = self.all(if number { operands } else { &[] }, place)?;
            let operands = (!operands.is_empty()).then_some(operands);
            let operands = operands.ok_or_else(|| wrong(operator))?;
            return Ok(Expression::Compare(order, compared, operands.into()));
        }
        match operator {
            "if" => Ok(Expression::If(self.exactly(operator, operands, place)?)),
            "and" if operands.len() >= 2 => Ok(Expression::And(self.all(operands, place)?.into())),
            "!" => Ok(Expression::Not(self.one(operator, operands, place)?)),
            "===" => Ok(Expression::Equal(self.exactly(operator, operands, place)?)),
            "in" => Ok(Expression::In(self.exactly(operator, operands, place)?)),
            "+" => Ok(Expression::Add(self.exactly(operator, operands, place)?)),
            "plusTime" => {
                let [date, amount, unit] = operands else {
                    return Err(wrong(operator));
                };
                let amount = integer(amount).filter(|it| (-MAX_AMOUNT..=MAX_AMOUNT).contains(it));
                let unit = unit.as_str().and_then(Unit::parse);
                let (Some(amount), Some(unit)) = (amount, unit) else {
                    return Err(wrong(operator));
                };
                let date = self.expression(date, place)?;
                Ok(Expression::PlusTime(Box::new(date), amount, unit))
            }
            "reduce" => {
                let reductions = place.reductions + 1;
                if reductions > MAX_REDUCTIONS {
                    let detail = format!("over {MAX_REDUCTIONS} reductions in each other");
                    return Err(too_large(detail));
                }
                let place = Place {
                    reductions,
                    ..place
                };
                Ok(Expression::Reduce(self.exactly(operator, operands, place)?))
            }
            "extractFromUVCI" => {
                let [uvci, index] = operands else {
                    return Err(wrong(operator));
                };
                let index = integer(index).ok_or_else(|| wrong(operator))?;
                let uvci = self.expression(uvci, place)?;
                Ok(Expression::FromUvci(
                    Box::new(uvci),
                    usize::try_from(index).ok(),
                ))
            }
            "dccDateOfBirth" => Ok(Expression::BirthDate(self.one(operator, operands, place)?)),
            "and" => Err(wrong(operator)),
            _ => Err(invalid(format!("no operation: {}", printable(operator)))),
        }
    }

    fn all(&mut self, operands: &[Json], place: Place) -> Result<Vec<Expression>, Failure> {
        operands
            .iter()
            .map(|it| self.expression(it, place))
            .collect()
    }

    fn exactly<const N: usize>(
        &mut self,
        operator: &str,
        operands: &[Json],
        place: Place,
    ) -> Result<Box<[Expression; N]>, Failure> {
        if operands.len() != N {
            return Err(wrong(operator));
        }
        let read = self.all(operands, place)?.into_boxed_slice();
        read.try_into().map_err(|_| wrong(operator))
    }

    fn one(
        &mut self,
        operator: &str,
        operands: &[Json],
        place: Place,
    ) -> Result<Box<Expression>, Failure> {
        let [operand] = operands else {
            return Err(wrong(operator));
        };
        self.expression(operand, place).map(Box::new)
    }

    fn path(&mut self, path: &str) -> Result<Expression, Failure> {
        self.text(path)?;
        if path.is_empty() {
            return Ok(Expression::Var(Box::default()));
        }
        let fragments: Vec<_> = path.split('.').map(fragment).collect();
        if fragments.len() > MAX_FRAGMENTS {
            return Err(too_large(format!("a path over {MAX_FRAGMENTS} parts")));
        }
        if fragments.iter().any(|fragment| fragment.name.is_empty()) {
            return Err(invalid("var: a path with an empty part"));
        }
        Ok(Expression::Var(fragments.into()))
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        let left = self.text.checked_sub(text.len());
        self.text =
            left.ok_or_else(|| too_large(format!("logic over {MAX_TEXT} bytes of texts")))?;
        Ok(())
    }
}

fn comparison(operator: &str) -> Option<(Order, Compared)> {
    Some(match operator {
        "<" => (Order::Less, Compared::Integers),
        ">" => (Order::Greater, Compared::Integers),
        "<=" => (Order::NotGreater, Compared::Integers),
        ">=" => (Order::NotLess, Compared::Integers),
        "before" => (Order::Less, Compared::Times),
        "after" => (Order::Greater, Compared::Times),
        "not-after" => (Order::NotGreater, Compared::Times),
        "not-before" => (Order::NotLess, Compared::Times),
        _ => return None,
    })
}

fn fragment(name: &str) -> Fragment {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    Fragment {
        name: name.into(),
        index: digits.then(|| name.parse().ok()).flatten(),
    }
}

fn integer(json: &Json) -> Option<i64> {
    json.as_number().and_then(whole)
}

/// An operation whose operands are too few, too many, or not what it takes.
fn wrong(operator: &str) -> Failure {
    invalid(format!("{}: not its operands", printable(operator)))
}

fn invalid(detail: impl Into<String>) -> Failure {
    Code::RuleInvalid.because(detail)
}

fn too_large(detail: String) -> Failure {
    Code::InputTooLarge.because(detail)
}

/// Those in circulation are 23 deep at most.
const MAX_DEPTH: usize = 64;
const MAX_EXPRESSIONS: usize = 20_000;
const MAX_TEXT: usize = 64 * 1024;
const MAX_FRAGMENTS: usize = 32;
const MAX_REDUCTIONS: usize = 2;
/// In whatever unit: as many days as instants have.
const MAX_AMOUNT: i64 = 100_000_000;
