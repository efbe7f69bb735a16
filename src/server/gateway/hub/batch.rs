//! A batch of revocations as a party handed it in.
//!
//! Refuses to keep what was taken back: its id and the times of change stay.

use crate::exchange::Record;
use crate::exchange::dgcg::{read_batch, read_message};
use crate::model::{Country, UnixTime};

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The number of its first record.
    pub sequence: u64,
    /// Its id, a UUID in lower case.
    pub id: String,
    /// The country that handed it in.
    pub country: Country,
    /// The message, CMS in Base64 as it came; `None` once it was taken back.
    pub message: Option<String>,
    /// When it came, or was taken back; whole seconds.
    pub changed_at: UnixTime,
    /// When it ends by its own word.
    pub expires_at: UnixTime,
}

impl Batch {
    /// The batch in `record`, if it is one.
    pub(super) fn read(sequence: u64, record: &Record) -> Option<Self> {
        let message = read_message(&record.body).ok()?;
        let content = read_batch(&record.name, &message.content?).ok()?;
        Some(Self {
            sequence,
            id: record.name.clone(),
            country: content.country,
            message: Some(String::from_utf8(record.body.clone()).ok()?),
            changed_at: record.received_at,
            expires_at: content.expires_at,
        })
    }

    /// Whether it was taken back.
    pub fn is_deleted(&self) -> bool {
        self.message.is_none()
    }

    /// Whether it was taken back so long before `at` that nobody needs to hear of it.
    pub fn is_forgotten(&self, at: UnixTime) -> bool {
        self.is_deleted() && self.changed_at.plus(REMEMBERED_S) < at
    }
}

/// How long those who ask hear that a batch was taken back.
const REMEMBERED_S: i64 = 14 * 86_400;
