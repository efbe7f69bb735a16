//! Folders of directly trusted signers, read where they lie.
//!
//! Refuses to lose a refusal: whatever is not admitted is a row in the report, with its place and code.

use super::Trouble;
use crate::exchange;
use crate::failure::Failure;
use crate::model::{Environment, UnixTime};
use crate::server::federation::{Directory, FeedConfig};
use crate::snapshot::Snapshot;
use crate::trust::{AdmissionReport, Place, Refusal, Source, SourceList};
use std::path::Path;

/// What a source says, and what of it could not be read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The source, as of the reading, and its entries.
    pub list: SourceList,
    /// What could not be read.
    pub refused: Vec<Refusal>,
    /// The documents that could not be read at all, by name.
    pub broken: Vec<String>,
}

impl Reading {
    /// Takes over what `earlier` read of the documents that are broken now, and its age with it; tells whether there was
    /// anything to take over.
    ///
    /// A document that is caught half written, or damaged, must not send away everybody whom it knows.
    fn keep_broken_documents_of(&mut self, earlier: Option<&Self>) -> bool {
        let Some(earlier) = earlier else { return false };
        let kept: Vec<_> = earlier
            .list
            .entries
            .iter()
            .filter(|entry| self.broken.contains(&entry.place.document))
            .cloned()
            .collect();
        if kept.is_empty() {
            return false;
        }
        self.list.entries.extend(kept);
        self.list.source.as_of = earlier.list.source.as_of;
        true
    }
}

/// Reads everything in `directory` as said by `source`.
///
/// # Errors
/// `input_output` where the folder itself cannot be listed.
pub fn read_directory(source: Source, directory: &Directory) -> Result<Reading, Failure> {
    let list = SourceList::pinned(source, Vec::new());
    let mut reading = Reading {
        list,
        refused: Vec::new(),
        broken: Vec::new(),
    };
    for document in directory.fetch()? {
        let rows = document
            .bytes
            .and_then(|bytes| exchange::read(&document.name, &bytes));
        match rows {
            Ok(rows) => rows.into_iter().for_each(|row| match row {
                Ok(entry) => reading.list.entries.push(entry),
                Err(row) => {
                    reading.refused.push(Refusal::new(
                        &reading.list.source,
                        row.place,
                        row.kid,
                        &row.failure,
                    ));
                }
            }),
            Err(failure) => {
                reading.broken.push(document.name.clone());
                let place = Place {
                    document: document.name,
                    position: 0,
                };
                reading
                    .refused
                    .push(Refusal::new(&reading.list.source, place, None, &failure));
            }
        }
    }
    Ok(reading)
}

/// Reads the pinned signers of `feed` in `folder`.
///
/// # Errors
/// `input_output`.
pub fn read_feed(feed: &FeedConfig, folder: &Path, at: UnixTime) -> Result<Reading, Failure> {
    read_directory(source(feed, at), &Directory::new(folder))
}

fn never_read(feed: &FeedConfig) -> Reading {
    let list = SourceList::pinned(source(feed, UnixTime::EPOCH), Vec::new());
    Reading {
        list,
        refused: Vec::new(),
        broken: Vec::new(),
    }
}

fn source(feed: &FeedConfig, as_of: UnixTime) -> Source {
    Source {
        countries: feed.countries.clone(),
        ..Source::new(feed.id.as_str(), feed.environment, as_of)
    }
}

/// Assembles a snapshot from `readings`; the report holds what was refused while reading, too.
pub fn assemble(
    environment: Environment,
    sequence: u64,
    readings: &[Reading],
) -> (Snapshot, AdmissionReport) {
    let lists = readings.iter().map(|reading| &reading.list);
    let (snapshot, mut report) = Snapshot::assemble(environment, sequence, lists);
    report.refused.splice(
        ..0,
        readings
            .iter()
            .flat_map(|reading| reading.refused.iter().cloned()),
    );
    (snapshot, report)
}

/// Reads every one of `feeds`, and tells what could not be read.
///
/// A source, or a document in it, that cannot be read keeps what it said in `before`, with the age it had then. A source
/// that was never read counts as from the beginning of time, so that whoever it might know is answered "indeterminate".
pub(super) fn read_all(
    feeds: &[FeedConfig],
    data: &Path,
    before: &[Reading],
    now: UnixTime,
) -> (Vec<Reading>, Vec<Trouble>) {
    let mut readings = Vec::new();
    let mut troubles = Vec::new();
    let enabled = feeds.iter().filter(|feed| feed.enabled);
    let pinned = enabled.filter_map(|feed| Some((feed, feed.pinned_folder()?)));
    for (feed, folder) in pinned {
        let earlier = before.iter().find(|it| it.list.source.id == feed.id);
        match read_feed(feed, &data.join(folder), now) {
            Ok(mut reading) => {
                if reading.keep_broken_documents_of(earlier) {
                    let documents = reading.broken.join(", ");
                    troubles.push(Trouble::new(feed, format!("{documents} cannot be read")));
                }
                readings.push(reading);
            }
            Err(failure) => {
                troubles.push(Trouble::new(feed, failure.detail().to_owned()));
                readings.push(earlier.cloned().unwrap_or_else(|| never_read(feed)));
            }
        }
    }
    (readings, troubles)
}
