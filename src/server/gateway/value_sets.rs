//! Value sets that other backends may fetch and that rules look up: the files of the folder `valuesets`, and behind them those of foreign feeds.
//!
//! Refuses folders over 200 files or 16 MiB, and files that are no value sets, each by itself and told once. Of two files with
//! one id the first by name counts.
//!
//! Source: EU DGCG, `GET /valuesets`.

use super::Gateway;
use crate::exchange::{RecordKind, read_value_set};
use crate::failure::Failure;
use crate::rules;
use crate::server::federation::Directory;
use actix_web::web::Bytes;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tracing::{info, warn};

/// The value sets of the folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ValueSets {
    by_id: BTreeMap<String, Bytes>,
    /// The same, read.
    pub(super) read: rules::ValueSets,
    /// What was left out: the name, the machine code.
    left_out: BTreeSet<(String, &'static str)>,
}

impl Gateway {
    /// Reads the folder again.
    pub(super) fn look_at_value_sets(&self) {
        let folder = self.data.join(FOLDER);
        let mut found = ValueSets::default();
        if folder.is_dir() {
            match Directory::new(folder).fetch_within(MAX_FILES, MAX_SUM) {
                Ok(files) => {
                    let files = files.into_iter().filter(|it| it.name.ends_with(".json"));
                    files.for_each(|file| found.take(file.name, file.bytes));
                }
                Err(failure) => {
                    found
                        .left_out
                        .insert((FOLDER.to_owned(), failure.code().name()));
                }
            }
        }
        let before = self.value_sets.load();
        for (name, code) in found.left_out.difference(&before.left_out) {
            warn!(code, name, "not among the value sets: {name}: {code}");
        }
        if found.by_id != before.by_id {
            let count = found.by_id.len();
            info!(count, "value sets in force: {count}");
        }
        if found != **before {
            self.value_sets.store(Arc::new(found));
        }
    }

    /// The ids of all value sets, in their order.
    pub fn value_set_ids(&self) -> Vec<String> {
        let mut ids: BTreeSet<_> = self.value_sets.load().by_id.keys().cloned().collect();
        let foreign = self.foreign();
        for (_, record) in foreign.records_of(RecordKind::ValueSet) {
            ids.insert(record.name.clone());
        }
        ids.into_iter().collect()
    }

    /// The value set with this id, as it is kept.
    pub fn value_set(&self, id: &str) -> Option<Bytes> {
        if let Some(own) = self.value_sets.load().by_id.get(id) {
            return Some(own.clone());
        }
        let foreign = self.foreign();
        let mut records = foreign.records_of(RecordKind::ValueSet);
        let (_, record) = records.find(|(_, record)| record.name == id)?;
        Some(Bytes::copy_from_slice(&record.body))
    }
}

impl ValueSets {
    fn take(&mut self, name: String, bytes: Result<Vec<u8>, Failure>) {
        let read = bytes.and_then(|bytes| Ok((read_value_set(&bytes)?, bytes)));
        match read {
            Ok((set, bytes)) => {
                if let Entry::Vacant(place) = self.by_id.entry(set.id.clone()) {
                    place.insert(Bytes::from(bytes));
                    // The first of its id, so nothing contradicts it.
                    let _ = self.read.add(set);
                }
            }
            Err(failure) => {
                self.left_out.insert((name, failure.code().name()));
            }
        }
    }
}

const FOLDER: &str = "valuesets";
const MAX_FILES: usize = 200;
const MAX_SUM: u64 = 16 * 1024 * 1024;
