//! Evaluating logic over data.
//!
//! Refuses to guess: an operand of another kind than the operation takes is a fault, not a conversion. Within a reduction
//! there is nothing but `accumulator` and `current`.
//!
//! Source: CertLogic specification 1.3.3.

use super::budget::{Budget, Fault};
use super::data::{Data, MAX_INTEGER, Value};
use super::expression::{Compared, Expression, Fragment, Logic, Order};
use super::time::Time;
use smallvec::SmallVec;

impl Logic {
    /// What it comes to over `data`. It costs `budget` a step an operation.
    ///
    /// # Errors
    /// The fault in which it ended instead, the third answer of a rule: no panic and no loop can.
    pub fn evaluate<'a>(
        &'a self,
        data: impl Into<Data<'a>>,
        budget: &mut Budget,
    ) -> Result<Value<'a>, Fault> {
        evaluate(&self.0, Scope::Data(data.into()), budget)
    }
}

/// What `var` sees.
#[derive(Clone, Copy)]
enum Scope<'s, 'a> {
    Data(Data<'a>),
    Reduction {
        accumulator: &'s Value<'a>,
        current: &'s Value<'a>,
    },
}

fn evaluate<'a>(
    expression: &'a Expression,
    scope: Scope<'_, 'a>,
    budget: &mut Budget,
) -> Result<Value<'a>, Fault> {
    budget.step()?;
    match expression {
        Expression::Constant(json) => Ok(Value::from(Data::Json(json))),
        Expression::List(items) => {
            let items = items.iter().map(|item| evaluate(item, scope, budget));
            Value::list(items.collect::<Result<_, _>>()?)
        }
        Expression::Var(path) => access(path, scope, budget),
        Expression::If(operands) => {
            let [guard, then, otherwise] = &**operands;
            let holds = evaluate(guard, scope, budget)?.truth()?;
            evaluate(if holds { then } else { otherwise }, scope, budget)
        }
        Expression::And(operands) => {
            let mut last = Value::Bool(true);
            for operand in operands {
                last = evaluate(operand, scope, budget)?;
                if !last.truth()? {
                    break;
                }
            }
            Ok(last)
        }
        Expression::Not(operand) => {
            let holds = evaluate(operand, scope, budget)?.truth()?;
            Ok(Value::Bool(!holds))
        }
        Expression::Equal(operands) => {
            let [left, right] = both(operands, scope, budget)?;
            left.equals(&right, budget).map(Value::Bool)
        }
        Expression::In(operands) => {
            let [needle, list] = both(operands, scope, budget)?;
            list.contains(&needle, budget).map(Value::Bool)
        }
        Expression::Add(operands) => {
            let [left, right] = both(operands, scope, budget)?;
            let sum = integer(&left)? + integer(&right)?;
            let fits = (-MAX_INTEGER..=MAX_INTEGER).contains(&sum);
            fits.then_some(Value::Integer(sum)).ok_or(Fault::Range)
        }
        Expression::Compare(order, Compared::Integers, operands) => {
            in_order(*order, operands, scope, budget, integer)
        }
        Expression::Compare(order, Compared::Times, operands) => {
            in_order(*order, operands, scope, budget, instant)
        }
        Expression::PlusTime(date, amount, unit) => {
            let date = text(&evaluate(date, scope, budget)?)?;
            Time::read(date)?.plus(*amount, *unit).map(Value::Time)
        }
        Expression::Reduce(operands) => reduce(operands, scope, budget),
        Expression::FromUvci(uvci, index) => {
            let uvci = evaluate(uvci, scope, budget)?;
            if matches!(uvci, Value::Null) {
                return Ok(Value::Null);
            }
            let uvci = text(&uvci)?;
            budget.read(uvci.len())?;
            let bare = uvci.strip_prefix(UVCI_PREFIX).unwrap_or(uvci);
            let part = index.and_then(|index| bare.split(['/', '#', ':']).nth(index));
            Ok(part.map_or(Value::Null, Value::Text))
        }
        Expression::BirthDate(date) => {
            let date = text(&evaluate(date, scope, budget)?)?;
            Time::read_birth_date(date).map(Value::Time)
        }
    }
}

fn access<'a>(
    path: &[Fragment],
    scope: Scope<'_, 'a>,
    budget: &mut Budget,
) -> Result<Value<'a>, Fault> {
    budget.spend(path.len())?;
    let (mut value, rest) = match scope {
        Scope::Data(data) => (Value::from(data), path),
        Scope::Reduction {
            accumulator,
            current,
        } => {
            // Both together are no value that anything could be done with.
            let (first, rest) = path.split_first().ok_or(Fault::Operand)?;
            let value = match &*first.name {
                "accumulator" => accumulator.clone(),
                "current" => current.clone(),
                _ => Value::Null,
            };
            (value, rest)
        }
    };
    for fragment in rest {
        value = match value {
            Value::Data(data) => {
                let member = data.member(&fragment.name, fragment.index, budget)?;
                member.map_or(Value::Null, Value::from)
            }
            Value::List(list) => {
                let item = fragment.index.and_then(|index| list.items.get(index));
                item.cloned().unwrap_or(Value::Null)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Time(_) => return Ok(Value::Null),
        };
    }
    Ok(value)
}

fn reduce<'a>(
    operands: &'a [Expression; 3],
    scope: Scope<'_, 'a>,
    budget: &mut Budget,
) -> Result<Value<'a>, Fault> {
    let [list, each, initial] = operands;
    let list = evaluate(list, scope, budget)?;
    if matches!(list, Value::Null) {
        return evaluate(initial, scope, budget);
    }
    let items = list.items()?;
    let mut accumulator = evaluate(initial, scope, budget)?;
    for current in items {
        let scope = Scope::Reduction {
            accumulator: &accumulator,
            current: &current,
        };
        accumulator = evaluate(each, scope, budget)?;
    }
    Ok(accumulator)
}

fn both<'a>(
    operands: &'a [Expression; 2],
    scope: Scope<'_, 'a>,
    budget: &mut Budget,
) -> Result<[Value<'a>; 2], Fault> {
    let [left, right] = operands;
    Ok([
        evaluate(left, scope, budget)?,
        evaluate(right, scope, budget)?,
    ])
}

/// Whether each operand stands in `order` to the next. All of them are evaluated, and have to be of the kind.
fn in_order<'a, T: Ord>(
    order: Order,
    operands: &'a [Expression],
    scope: Scope<'_, 'a>,
    budget: &mut Budget,
    read: fn(&Value<'a>) -> Result<T, Fault>,
) -> Result<Value<'a>, Fault> {
    let values = operands.iter();
    let values = values.map(|operand| read(&evaluate(operand, scope, budget)?));
    let mut values = values.collect::<Result<SmallVec<[T; 3]>, _>>()?.into_iter();
    let mut last = values.next().ok_or(Fault::Operand)?;
    let mut holds = true;
    for next in values {
        holds &= match order {
            Order::Less => last < next,
            Order::Greater => last > next,
            Order::NotGreater => last <= next,
            Order::NotLess => last >= next,
        };
        last = next;
    }
    Ok(Value::Bool(holds))
}

fn integer(value: &Value<'_>) -> Result<i64, Fault> {
    if let Value::Integer(number) = value {
        Ok(*number)
    } else {
        Err(Fault::Operand)
    }
}

fn instant(value: &Value<'_>) -> Result<Time, Fault> {
    if let Value::Time(time) = value {
        Ok(*time)
    } else {
        Err(Fault::Operand)
    }
}

fn text<'a>(value: &Value<'a>) -> Result<&'a str, Fault> {
    if let Value::Text(text) = value {
        Ok(text)
    } else {
        Err(Fault::Operand)
    }
}

const UVCI_PREFIX: &str = "URN:UVCI:";
