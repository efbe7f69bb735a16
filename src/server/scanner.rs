//! The folder of a scanner: its bundle, what it remembers, and how much it scanned.
//!
//! Refuses to work where nobody enrolled it, and where what it remembers is gone: then a supervisor names the root again. What is
//! replaced is never half there: a new file is written and synchronised, takes the old one's place, and the folder is
//! synchronised after that.
//!
//! | file | what |
//! |---|---|
//! | `scanner.json` | the pinned root, the newest bundle, the latest instant that has passed |
//! | `bundle.lintas` | the whole bundle in use |
//! | `tally.json` | how many of each colour, by day |

use super::files::{self, PRIVATE, PUBLIC};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::scan::{Scanned, Scanner};
use crate::snapshot::bundle::{MAX_BUNDLE, Seen};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A scanner and its folder, which no other process uses meanwhile.
pub struct ScannerFolder {
    folder: PathBuf,
    scanner: Scanner,
    kept: Seen,
    tally: Tally,
    _one: File,
}

/// How many of each colour were scanned, by day (UTC).
type Tally = BTreeMap<String, BTreeMap<String, u64>>;

impl ScannerFolder {
    /// Enrols the scanner in `folder`, which pins the root with this fingerprint from now on; what it had is gone.
    ///
    /// # Errors
    /// `input_output`.
    pub fn enrol(folder: &Path, root: Thumbprint) -> Result<Self, Failure> {
        let one = files::lock(folder)?;
        for name in [BUNDLE, TALLY] {
            let path = folder.join(name);
            if path.exists() {
                let failed = |error| Code::InputOutput.caused_by("an old file stays", error);
                std::fs::remove_file(path).map_err(failed)?;
            }
        }
        let scanner = Scanner::enrolled(root);
        let mut enrolled = Self {
            folder: folder.to_owned(),
            kept: scanner.seen().clone(),
            scanner,
            tally: Tally::new(),
            _one: one,
        };
        enrolled.remember()?;
        Ok(enrolled)
    }

    /// The scanner in `folder`, with the bundle that it had last.
    ///
    /// # Errors
    /// `not_enrolled`; `bundle_invalid` and others of [`Scanner::load`] where the bundle is not what it was; `input_output`.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(MEMORY);
        if !path.exists() {
            let reason = format!("{} is not there", path.display());
            return Err(Code::NotEnrolled.because(reason));
        }
        let one = files::lock(folder)?;
        let seen = Seen::read(&files::read_private(&path)?)?;
        let mut scanner = Scanner::remembering(seen);
        let bundle = folder.join(BUNDLE);
        if bundle.exists() {
            scanner.load(&bounded(&bundle)?)?;
        } else if scanner.seen().name.is_some() {
            return Err(Code::BundleInvalid.because("the bundle that it had is gone"));
        }
        let tally = folder.join(TALLY);
        let tally = match tally.exists() {
            true => serde_json::from_slice(&files::read(&tally)?).unwrap_or_default(),
            false => Tally::new(),
        };
        Ok(Self {
            folder: folder.to_owned(),
            kept: scanner.seen().clone(),
            scanner,
            tally,
            _one: one,
        })
    }

    /// The scanner.
    pub fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// The scanner, to ask it.
    pub fn scanner_mut(&mut self) -> &mut Scanner {
        &mut self.scanner
    }

    /// Uses the bundle in `bytes` from now on, which arrived at `at`; whether it is a new one.
    ///
    /// # Errors
    /// Those of [`Scanner::install`], `input_output`; then the old one stays in use and in the folder.
    pub fn install(&mut self, bytes: &[u8], at: UnixTime) -> Result<bool, Failure> {
        let mut next = self.scanner.clone();
        let Some(whole) = next.install(bytes, at)? else {
            return Ok(false);
        };
        // The bundle first: one that is newer than what is remembered is none the worse, an older one is refused.
        files::write_durably(&self.folder.join(BUNDLE), &whole, PUBLIC)?;
        self.scanner = next;
        self.remember()?;
        Ok(true)
    }

    /// Counts what was shown at `at`, and keeps the count and what time it is, if a minute has passed since it was kept.
    ///
    /// # Errors
    /// `input_output`.
    pub fn count(&mut self, scanned: &Scanned, at: UnixTime) -> Result<(), Failure> {
        let today = self.tally.entry(at.date().to_string()).or_default();
        *today.entry(scanned.colour.name().to_owned()).or_default() += 1;
        while self.tally.len() > MAX_DAYS {
            self.tally.pop_first();
        }
        if self.kept.latest.plus(EVERY_S) <= self.scanner.seen().latest {
            self.keep()?;
        }
        Ok(())
    }

    /// How many of each colour were scanned, by day.
    pub fn tally(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, u64>)> {
        self.tally
            .iter()
            .map(|(day, counts)| (day.as_str(), counts))
    }

    /// Keeps what it remembers and has counted.
    ///
    /// # Errors
    /// `input_output`.
    pub fn keep(&mut self) -> Result<(), Failure> {
        self.remember()?;
        let tally = serde_json::to_vec_pretty(&self.tally);
        let tally = tally.map_err(|error| Code::Internal.caused_by("no tally", error))?;
        files::write_durably(&self.folder.join(TALLY), &tally, PUBLIC)
    }

    fn remember(&mut self) -> Result<(), Failure> {
        let seen = self.scanner.seen().clone();
        files::write_durably(&self.folder.join(MEMORY), &seen.write()?, PRIVATE)?;
        self.kept = seen;
        Ok(())
    }
}

/// The bytes of the file at `path`, if they may be a bundle.
///
/// # Errors
/// `input_too_large`, `input_output`.
pub fn bounded(path: &Path) -> Result<Vec<u8>, Failure> {
    let length = std::fs::metadata(path).map_or(0, |it| it.len());
    if length > u64::try_from(MAX_BUNDLE).unwrap_or(u64::MAX) {
        let reason = format!("{} is over {MAX_BUNDLE} bytes", path.display());
        return Err(Code::InputTooLarge.because(reason));
    }
    files::read(path)
}

const MEMORY: &str = "scanner.json";
const BUNDLE: &str = "bundle.lintas";
const TALLY: &str = "tally.json";
/// Days of which counts are kept.
const MAX_DAYS: usize = 31;
/// Seconds of scans that may be forgotten where the power fails.
const EVERY_S: i64 = 60;
