//! Walking the records: which rows are good, and whether a good one is missing.
//!
//! Refuses a row without a good seal, which breaks nothing, and everything behind a good row whose predecessor is not
//! there, since no more can be known of it than that something was lost.

use super::contract::{Head, Row, Wholeness};
use super::seal::{SealKey, Sealed};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};

/// A row as it lies in the database: proven by nothing.
pub(super) struct Stored {
    pub(super) sequence: u64,
    /// What it says and its seal, where its columns can be read.
    pub(super) content: Option<(Sealed, [u8; 32])>,
}

/// How far a walk has come.
#[derive(Clone)]
pub(super) struct Chain {
    /// The last good record.
    pub(super) tip: Head,
    /// Records behind gaps that an operator has accepted.
    pub(super) accepted: Vec<Head>,
}

impl Chain {
    /// A walk that begins behind `tip`.
    pub(super) fn at(tip: Head, accepted: Vec<Head>) -> Self {
        Self { tip, accepted }
    }

    /// Takes the next row in order.
    ///
    /// # Errors
    /// The gap, where the row is good and does not follow.
    pub(super) fn take(&mut self, key: &SealKey, stored: Stored) -> Result<Row, Wholeness> {
        let sequence = stored.sequence;
        let good = stored
            .content
            .filter(|(sealed, seal)| key.holds(sealed, seal));
        let Some((sealed, seal)) = good else {
            let reason = format!("record {sequence} has no good seal");
            return Ok(Row {
                sequence,
                record: Err(Code::SealInvalid.because(reason)),
            });
        };
        let head = Head { sequence, seal };
        let follows = sealed.previous == self.tip.sequence && sealed.previous_seal == self.tip.seal;
        if !follows && !self.accepted.contains(&head) {
            return Err(Wholeness::Gap {
                after: self.tip.sequence,
                found: sequence,
            });
        }
        self.tip = head;
        Ok(Row {
            sequence,
            record: record(sealed),
        })
    }
}

/// The record under a good seal.
fn record(sealed: Sealed) -> Result<Record, Failure> {
    let unknown = |what: &str| {
        let reason = format!(
            "record {} is of a {what} that this version does not know",
            sealed.sequence
        );
        Code::StoreUnavailable.because(reason)
    };
    let country = match &sealed.country {
        None => None,
        Some(text) => Some(Country::parse(text).ok_or_else(|| unknown("country"))?),
    };
    Ok(Record {
        kind: RecordKind::parse(&sealed.kind).ok_or_else(|| unknown("kind"))?,
        received_at: UnixTime::from_seconds(sealed.received_at).ok_or_else(|| unknown("time"))?,
        country,
        source: sealed.source,
        name: sealed.name,
        body: sealed.body,
    })
}

/// `record` as the one numbered `sequence`, behind `tip`, ready to be sealed.
pub(super) fn behind(tip: &Head, sequence: u64, record: &Record) -> Sealed {
    Sealed {
        sequence,
        previous: tip.sequence,
        previous_seal: tip.seal,
        kind: record.kind.name().to_owned(),
        source: record.source.clone(),
        name: record.name.clone(),
        country: record.country.map(|it| it.as_str().to_owned()),
        received_at: record.received_at.seconds(),
        body: record.body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_later_kind_is_passed_over_and_followed() {
        let data = tempfile::tempdir().unwrap();
        let key = SealKey::open(data.path(), true).unwrap();
        let record = Record {
            kind: RecordKind::Rule,
            source: "own".into(),
            name: "a".into(),
            country: None,
            received_at: UnixTime::EPOCH,
            body: Vec::new(),
        };
        let mut chain = Chain::at(Head::EMPTY, Vec::new());
        for (sequence, kind) in [(1, "rule"), (2, "kind_of_2031"), (4, "rule")] {
            let mut sealed = behind(&chain.tip, sequence, &record);
            sealed.kind = kind.to_owned();
            let seal = key.seal(&sealed);
            let stored = Stored {
                sequence,
                content: Some((sealed, seal)),
            };
            let row = chain.take(&key, stored).unwrap();
            assert_eq!((row.sequence, chain.tip.sequence), (sequence, sequence));
            let refused = row.record.err().map(|it| it.code());
            let expected = (sequence == 2).then_some(Code::StoreUnavailable);
            assert_eq!(refused, expected);
        }
    }
}
