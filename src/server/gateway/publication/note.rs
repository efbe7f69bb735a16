//! The record of one publication: its number, what came and what went, and the hash that every node has to come to.
//!
//! Refuses what this program did not write: thumbprints and hashes are 64 hexadecimal digits, numbers are positive.

use crate::exchange::{Record, RecordKind};
use crate::model::{Thumbprint, UnixTime};
use serde::{Deserialize, Serialize};

/// One publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its number; later ones are larger.
    pub sequence: u64,
    /// When it was made.
    pub created: UnixTime,
    /// The hash of the manifest before, where there was one.
    pub previous: Option<Thumbprint>,
    /// The snapshot that the node who made it had in force.
    pub snapshot: String,
    /// The hash of what was to be published.
    pub set: Thumbprint,
    /// The signers that came, each with its number.
    pub added: Vec<(Thumbprint, u64)>,
    /// The signers that went.
    pub removed: Vec<Thumbprint>,
    /// The hash of its manifest.
    pub manifest: Thumbprint,
    /// The version of the program that made it.
    pub version: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
    sequence: u64,
    created: i64,
    previous: Option<String>,
    snapshot: String,
    set: String,
    added: Vec<(String, u64)>,
    removed: Vec<String>,
    manifest: String,
    version: String,
}

/// The source under which publications are kept.
pub const PUBLICATION: &str = "publication";

impl Note {
    /// The publication in `record`, if it is one.
    pub(super) fn read(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::Publication || record.name != NAME {
            return None;
        }
        let body: Body = serde_json::from_slice(&record.body).ok()?;
        let added = body.added.iter();
        let added = added.map(|(hex, id)| Some((Thumbprint::parse(hex)?, *id)));
        let removed = body.removed.iter().map(|hex| Thumbprint::parse(hex));
        let previous = body.previous.as_deref().map(Thumbprint::parse);
        Some(Self {
            sequence: body.sequence,
            created: UnixTime::from_seconds(body.created)?,
            previous: match previous {
                None => None,
                Some(hash) => Some(hash?),
            },
            snapshot: body.snapshot,
            set: Thumbprint::parse(&body.set)?,
            added: added.collect::<Option<_>>()?,
            removed: removed.collect::<Option<_>>()?,
            manifest: Thumbprint::parse(&body.manifest)?,
            version: body.version,
        })
    }

    /// Its record.
    pub(super) fn record(&self) -> Record {
        let added = self.added.iter().map(|(it, id)| (it.to_string(), *id));
        let body = Body {
            sequence: self.sequence,
            created: self.created.seconds(),
            previous: self.previous.map(|it| it.to_string()),
            snapshot: self.snapshot.clone(),
            set: self.set.to_string(),
            added: added.collect(),
            removed: self.removed.iter().map(ToString::to_string).collect(),
            manifest: self.manifest.to_string(),
            version: self.version.clone(),
        };
        Record {
            kind: RecordKind::Publication,
            source: PUBLICATION.to_owned(),
            name: NAME.to_owned(),
            country: None,
            received_at: self.created,
            // It is made of numbers and texts, which always have a JSON form.
            body: serde_json::to_vec(&body).unwrap_or_default(),
        }
    }
}

const NAME: &str = "list";

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A publication with this number.
    pub(in crate::server::gateway::publication) fn note(sequence: u64) -> Note {
        Note {
            sequence,
            created: UnixTime::EPOCH.plus(i64::try_from(sequence).unwrap()),
            previous: None,
            snapshot: "s".to_owned(),
            set: Thumbprint([1; 32]),
            added: Vec::new(),
            removed: Vec::new(),
            manifest: Thumbprint([2; 32]),
            version: "0".to_owned(),
        }
    }

    #[test]
    fn a_publication_reads_back() {
        let note = Note {
            previous: Some(Thumbprint([3; 32])),
            added: vec![(Thumbprint([4; 32]), 7)],
            removed: vec![Thumbprint([5; 32])],
            ..note(9)
        };
        assert_eq!(Note::read(&note.record()), Some(note.clone()));
        for (from, to) in [("\"sequence\":9", "\"sequence\":-1"), ("0404", "04")] {
            let mut record = note.record();
            let text = String::from_utf8(record.body).unwrap();
            record.body = text.replacen(from, to, 1).into_bytes();
            assert_eq!(Note::read(&record), None, "{from}");
        }
    }
}
