//! From the feeds' folders to a new snapshot.
//!
//! Refuses to lose a refusal: whatever is not admitted is a row in the report, with its place and code.

use super::{Gateway, Trouble, World};
use crate::exchange;
use crate::failure::Failure;
use crate::model::{Environment, UnixTime};
use crate::server::federation::{Directory, FeedConfig};
use crate::snapshot::Snapshot;
use crate::trust::{AdmissionReport, Place, Refusal, Source, SourceList};
use std::path::Path;
use std::sync::Arc;
use tracing::{info, warn};

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
    let list = SourceList {
        source,
        entries: Vec::new(),
    };
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
    let list = SourceList {
        source: source(feed, UnixTime::EPOCH),
        entries: Vec::new(),
    };
    Reading {
        list,
        refused: Vec::new(),
        broken: Vec::new(),
    }
}

fn source(feed: &FeedConfig, as_of: UnixTime) -> Source {
    Source {
        id: feed.id.clone(),
        environment: feed.environment,
        countries: feed.countries.clone(),
        as_of,
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

impl Gateway {
    /// Looks at every source again and puts a new snapshot into force where one says something new.
    ///
    /// A source, or a document in it, that cannot be read keeps what it said before, with the age it had then. A source
    /// that was never read counts as from the beginning of time, so that whoever it might know is answered
    /// "indeterminate".
    pub fn refresh(&self) {
        let before = self.world.load();
        let now = self.clock.now();
        let mut readings = Vec::new();
        let mut troubles = Vec::new();
        let pinned = self.feeds.iter().filter(|feed| feed.enabled);
        let pinned = pinned.filter_map(|feed| Some((feed, feed.pinned_folder()?)));
        for (feed, folder) in pinned {
            let earlier = before
                .readings
                .iter()
                .find(|it| it.list.source.id == feed.id);
            match read_feed(feed, &self.data.join(folder), now) {
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
        let earlier = before.snapshot.sequence();
        let next = u64::try_from(now.seconds())
            .unwrap_or_default()
            .max(earlier + 1);
        let (mut snapshot, report) = assemble(self.environment, next, &readings);
        // Where nothing new is said, only the age of the sources moves on.
        let changed = snapshot.id() != before.snapshot.id() || earlier == 0;
        if !changed {
            snapshot = snapshot.with_sequence(earlier);
        }
        if changed || report != before.report {
            log(&snapshot, &report, &before.report);
        }
        log_troubles(&troubles, &before.troubles);
        let as_of = snapshot.as_of().map_or(0, |at| at.seconds());
        metrics::gauge!("lintas_signers").set(number(snapshot.trust().signers().len()));
        metrics::gauge!("lintas_trust_entries_refused").set(number(report.refused.len()));
        metrics::gauge!("lintas_trust_as_of_seconds")
            .set(number(usize::try_from(as_of).unwrap_or_default()));
        self.judges.know(&snapshot);
        let world = World {
            troubles,
            readings,
            ..World::new(snapshot, report)
        };
        self.world.store(Arc::new(world));
    }
}

/// Logs what is new in `report`: the counts, and every refusal that was not there `before`.
fn log(snapshot: &Snapshot, report: &AdmissionReport, before: &AdmissionReport) {
    let (admitted, refused) = (report.admitted, report.refused.len());
    info!(
        admitted, refused, snapshot = %snapshot.id(), sequence = snapshot.sequence(),
        "trust: {admitted} signers admitted, {refused} entries refused"
    );
    let new: Vec<_> = report
        .refused
        .iter()
        .filter(|refusal| !before.refused.contains(refusal))
        .collect();
    for refusal in new.iter().take(MAX_LOGGED) {
        let (place, code, detail) = (&refusal.place, refusal.code.name(), &refusal.detail);
        warn!(source = %refusal.source, %place, code, "not admitted: {place}: {code} ({detail})");
    }
    let more = new.len().saturating_sub(MAX_LOGGED);
    if more > 0 {
        warn!(more, "not admitted: {more} more entries");
    }
}

fn log_troubles(troubles: &[Trouble], before: &[Trouble]) {
    for trouble in troubles.iter().filter(|trouble| !before.contains(trouble)) {
        let Trouble { source, reason } = trouble;
        warn!(
            source,
            "source {source} keeps what it said before: {reason}"
        );
    }
    for trouble in before.iter().filter(|trouble| !troubles.contains(trouble)) {
        let Trouble { source, reason } = trouble;
        info!(source, "source {source}: no longer so: {reason}");
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// How many refusals of one refresh are logged one by one.
const MAX_LOGGED: usize = 20;
