//! How much evaluating may cost, and the ways in which it ends without a value.
//!
//! Refuses to go on: what is spent is spent for all logic that shares the budget.

use std::fmt;

/// What is left of the work that one verdict may cost, over all its rules.
#[derive(Clone, Debug)]
pub struct Budget {
    steps: usize,
    text: usize,
}

impl Budget {
    /// `steps` operations, accesses and looks at eight items of a list; `text` bytes of texts over 32 bytes that are compared or
    /// taken apart.
    pub fn of(steps: usize, text: usize) -> Self {
        Self { steps, text }
    }

    /// The steps that are left.
    pub fn steps(&self) -> usize {
        self.steps
    }

    pub(super) fn step(&mut self) -> Result<(), Fault> {
        self.spend(1)
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        let left = self.steps.checked_sub(steps);
        // What could not be paid leaves nothing for the next.
        self.steps = left.unwrap_or_default();
        left.map(drop).ok_or(Fault::Budget)
    }

    /// Looks at `items` of a list.
    pub(super) fn look(&mut self, items: usize) -> Result<(), Fault> {
        self.spend(items / ITEMS_A_STEP)
    }

    /// Reads a text of `bytes`.
    pub(super) fn read(&mut self, bytes: usize) -> Result<(), Fault> {
        if bytes <= SHORT {
            return Ok(());
        }
        let left = self.text.checked_sub(bytes);
        self.text = left.unwrap_or_default();
        left.map(drop).ok_or(Fault::Budget)
    }
}

impl Default for Budget {
    /// What one verdict may cost: 50,000 steps and 64 KiB of long texts.
    fn default() -> Self {
        Self::of(50_000, 64 * 1024)
    }
}

/// Why logic gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// An operand is not of the kind that the operation takes.
    Operand,
    /// A text is no date or instant.
    Date,
    /// A number or an instant left its range.
    Range,
    /// The budget is spent.
    Budget,
}

impl Fault {
    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operand => "operand",
            Self::Date => "date",
            Self::Range => "range",
            Self::Budget => "budget",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const ITEMS_A_STEP: usize = 8;
/// Reading so few bytes is part of the step.
const SHORT: usize = 32;
