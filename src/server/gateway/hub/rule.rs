//! A version of a rule as its country handed it in.
//!
//! Refuses what is no rule any more by the present reader.

use crate::exchange::Record;
use crate::exchange::dgcg::{read_message, read_rule, read_rule_row};
use crate::model::UnixTime;
use crate::rules::Rule;

/// A version of a rule.
#[derive(Clone, Debug)]
pub struct StoredRule {
    /// The number of its first record.
    pub sequence: u64,
    /// What it says.
    pub rule: Rule,
    /// The message, CMS in Base64 as it came.
    pub message: String,
    /// Exactly what the message holds.
    pub content: Vec<u8>,
    /// When it came.
    pub created_at: UnixTime,
}

impl StoredRule {
    /// The rule in `record`, if it is one.
    pub(super) fn read(sequence: u64, record: &Record) -> Option<Self> {
        let text = read_rule_row(&record.body).ok()?;
        let content = read_message(text.as_bytes()).ok()?.content?;
        Some(Self {
            sequence,
            rule: read_rule(&content).ok()?,
            message: text,
            content,
            created_at: record.received_at,
        })
    }

    /// The name of its record.
    pub(super) fn name(&self) -> String {
        format!("{}@{}", self.rule.identifier, self.rule.version)
    }
}
