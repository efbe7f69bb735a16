//! From the feeds' folders to a new snapshot.
//!
//! Refuses to lose a refusal: whatever is not admitted is a row in the report, with its place and code.

use crate::exchange;
use crate::failure::Failure;
use crate::model::{Environment, UnixTime};
use crate::server::federation::{Directory, FeedConfig};
use crate::snapshot::Snapshot;
use crate::trust::{AdmissionReport, Place, Refusal, Source, TrustEntry};
use std::path::Path;

/// A source's entries, and what could not be read among them.
#[derive(Debug)]
pub struct Reading {
    /// The source, as of the reading.
    pub source: Source,
    /// What it says.
    pub entries: Vec<TrustEntry>,
    /// What could not be read.
    pub refused: Vec<Refusal>,
}

/// Reads everything in `directory` as said by `source`.
///
/// # Errors
/// `input_output` where the folder itself cannot be listed.
pub fn read_directory(source: Source, directory: &Directory) -> Result<Reading, Failure> {
    let mut reading = Reading {
        source,
        entries: Vec::new(),
        refused: Vec::new(),
    };
    for document in directory.fetch()? {
        let rows = document
            .bytes
            .and_then(|bytes| exchange::read(&document.name, &bytes));
        match rows {
            Ok(rows) => rows.into_iter().for_each(|row| match row {
                Ok(entry) => reading.entries.push(entry),
                Err(row) => {
                    reading.refused.push(Refusal::new(
                        &reading.source,
                        row.place,
                        row.kid,
                        &row.failure,
                    ));
                }
            }),
            Err(failure) => {
                let place = Place {
                    document: document.name,
                    position: 0,
                };
                reading
                    .refused
                    .push(Refusal::new(&reading.source, place, None, &failure));
            }
        }
    }
    Ok(reading)
}

/// Reads the folder of one feed below the data folder.
///
/// # Errors
/// `input_output`.
pub fn read_feed(feed: &FeedConfig, data: &Path, at: UnixTime) -> Result<Reading, Failure> {
    let source = Source {
        id: feed.id.clone(),
        environment: feed.environment,
        countries: feed.countries.clone(),
        as_of: at,
    };
    read_directory(source, &Directory::new(data.join(&feed.path)))
}

/// Assembles a snapshot from `readings`; the report holds what was refused while reading, too.
pub fn assemble(
    environment: Environment,
    sequence: u64,
    readings: Vec<Reading>,
) -> (Snapshot, AdmissionReport) {
    let mut refused = Vec::new();
    let sources = readings.into_iter().map(|reading| {
        refused.extend(reading.refused);
        (reading.source, reading.entries)
    });
    let sources = sources.collect();
    let (snapshot, mut report) = Snapshot::assemble(environment, sequence, sources);
    report.refused.splice(..0, refused);
    (snapshot, report)
}
