//! What came of many lines: counted by outcome and code, shown while it runs and at the end.
//!
//! Refuses anything of the lines themselves.

use super::Exit;
use crate::failure::Code;
use crate::verify::{CredentialVerdict, Outcome};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;

/// What came out, by outcome and by code.
#[derive(Default)]
pub(super) struct Tally {
    /// How many lines there were.
    pub(super) lines: u64,
    outcomes: BTreeMap<Outcome, u64>,
    codes: BTreeMap<Code, u64>,
}

impl Tally {
    pub(super) fn count(&mut self, verdict: &CredentialVerdict) {
        self.lines += 1;
        *self.outcomes.entry(verdict.outcome()).or_default() += 1;
        for finding in &verdict.findings {
            *self.codes.entry(finding.code).or_default() += 1;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += count;
        }
        for (code, count) in &other.codes {
            *self.codes.entry(*code).or_default() += count;
        }
    }

    /// The worst that came out.
    pub(super) fn exit(&self) -> Exit {
        match self.outcomes.keys().max() {
            None | Some(Outcome::Accept) => Exit::Success,
            Some(Outcome::Indeterminate) => Exit::Indeterminate,
            Some(Outcome::Reject) => Exit::Reject,
        }
    }

    pub(super) fn rate(&self, progress: &ProgressBar) -> String {
        let micros = progress.elapsed().as_micros().max(1);
        let rate = u128::from(self.lines) * 1_000_000 / micros;
        let rate = HumanCount(u64::try_from(rate).unwrap_or(u64::MAX));
        format!("{} lines, {rate} a second", HumanCount(self.lines))
    }

    pub(super) fn summary(&self, progress: &ProgressBar) -> Vec<String> {
        let mut lines = vec![self.rate(progress)];
        let outcomes = self.outcomes.iter().map(|(it, count)| (it.name(), count));
        let codes = self.codes.iter().map(|(it, count)| (it.name(), count));
        lines.extend(outcomes.map(|(name, count)| format!("{name}: {}", HumanCount(*count))));
        lines.extend(codes.map(|(name, count)| format!("  {name}: {}", HumanCount(*count))));
        lines
    }
}

/// Shows on standard error how far it is, if that is a terminal.
pub(super) fn progress(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{wide_bar} {percent}% {msg}, {eta} left",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {msg}, {elapsed}"),
    };
    // The template is a constant, so an error here never reaches a user.
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
