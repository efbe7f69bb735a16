//! `scan`: a gate without a network. Reads codes from a scanner that types or writes lines, or from pictures, and shows a colour
//! by word, symbol and sound.
//!
//! Refuses to decide by data that are too old or a clock that went back; see `scan` in the library.
//!
//! Source: docs/SCANNER.md.

use super::bundle::Network;
use super::operate::block_on;
use super::purpose::Stated;
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::rules::{Circumstances, Colour};
use crate::scan::{Scanned, Scanner, symbol, word};
use crate::server::client::BundleSource;
use crate::server::gateway::Clock;
use crate::server::picture;
use crate::server::scanner::{ScannerFolder, bounded};
use crate::verify::Locale;
use clap::{Args, Subcommand};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write, stderr, stdin};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Arguments of `scan`.
#[derive(Args)]
pub(super) struct Scan {
    #[command(subcommand)]
    command: Option<Command>,
    /// The folder of the scanner.
    #[arg(long, default_value = "lintas-scanner", global = true)]
    folder: PathBuf,
    /// Where codes come from, a line each: a serial device, a file, or standard input for `-`.
    #[arg(long, value_name = "PATH", default_value = "-")]
    from: PathBuf,
    /// Pictures with a code each, in place of lines.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    picture: Vec<PathBuf>,
    #[command(flatten)]
    stated: Stated,
    /// The gateway to fetch what is new from, whenever the network is there.
    #[arg(long, value_name = "GATEWAY")]
    fetch: Option<String>,
    /// The CA of its TLS certificate, PEM; the CAs that browsers know if left out.
    #[arg(long, value_name = "PEM", requires = "fetch")]
    fetch_ca: Option<PathBuf>,
    /// Print a line of JSON for each code.
    #[arg(long)]
    json: bool,
    /// Make no sound.
    #[arg(long)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Pin the root of the ministry's bundles, by its fingerprint; what the scanner had is gone.
    Enrol {
        /// SHA-256 of the root, 64 hexadecimal digits.
        #[arg(long)]
        root: String,
    },
    /// Use the bundle in a file, full or following the one in use.
    Install {
        /// The file.
        file: PathBuf,
    },
    /// Fetch what is new from the ministry's gateway, and use it.
    Fetch {
        #[command(flatten)]
        network: Network,
    },
    /// What the scanner has, how old it is, and how much it scanned.
    Status,
}

impl Scan {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let now = Clock::System.now();
        match &self.command {
            Some(Command::Enrol { root }) => {
                let root = Thumbprint::parse(root);
                let none = || Code::RequestInvalid.because("--root is no SHA-256");
                ScannerFolder::enrol(&self.folder, root.ok_or_else(none)?)?;
                show::line(
                    "enrolled; bring it a bundle next: lintas scan fetch GATEWAY, or scan install FILE",
                )?;
                Ok(Exit::Success)
            }
            Some(Command::Install { file }) => {
                let mut scanner = ScannerFolder::open(&self.folder)?;
                let is_new = scanner.install(&bounded(file)?, now)?;
                show::line(if is_new { "in use" } else { "in use already" })?;
                Ok(Exit::Success)
            }
            Some(Command::Fetch { network }) => {
                let mut scanner = ScannerFolder::open(&self.folder)?;
                let newer = network.newer_than(scanner.scanner().bundle())?;
                let is_new = newer
                    .map(|bytes| scanner.install(&bytes, now))
                    .transpose()?;
                show::line(if is_new == Some(true) {
                    "in use"
                } else {
                    "in use already"
                })?;
                Ok(Exit::Success)
            }
            Some(Command::Status) => status(&ScannerFolder::open(&self.folder)?, now),
            None => self.scan(ScannerFolder::open(&self.folder)?),
        }
    }

    fn scan(&self, mut folder: ScannerFolder) -> Result<Exit, Failure> {
        // What the policy set does not know is refused at once.
        let circumstances = self.stated.circumstances()?;
        folder
            .scanner()
            .asked(&circumstances, Clock::System.now())?;
        let mut exit = Exit::Success;
        if !self.picture.is_empty() {
            for path in &self.picture {
                let text = picture::text(&bounded(path)?);
                exit = self.shown(
                    &mut folder,
                    &circumstances,
                    text.as_deref().unwrap_or_default(),
                )?;
            }
            folder.keep()?;
            return Ok(exit);
        }
        let mut lines = lines(&self.from)?;
        let fetching = self.fetching(folder.scanner())?;
        while let Some(text) = next(&mut *lines)? {
            if let Some(fetching) = &fetching {
                fetching.taken(&mut folder);
            }
            if !text.trim().is_empty() {
                exit = self.shown(&mut folder, &circumstances, &text)?;
            }
        }
        folder.keep()?;
        Ok(exit)
    }

    /// Looks for new bundles beside the scanning, where a gateway is named.
    fn fetching(&self, scanner: &Scanner) -> Result<Option<Fetching>, Failure> {
        let Some(gateway) = &self.fetch else {
            return Ok(None);
        };
        let source = BundleSource::new(gateway, self.fetch_ca.as_deref())?;
        Ok(Some(Fetching::begin(source, scanner.bundle())))
    }

    fn shown(
        &self,
        folder: &mut ScannerFolder,
        circumstances: &Circumstances,
        text: &str,
    ) -> Result<Exit, Failure> {
        let at = Clock::System.now();
        let scanned = folder.scanner_mut().scan(text, circumstances, at);
        folder.count(&scanned, at)?;
        if self.json {
            show::line(&scanned.to_json().to_string())?;
        } else {
            told(&scanned)?;
        }
        if !self.quiet {
            sound(scanned.colour);
        }
        Ok(match scanned.colour {
            Colour::Green => Exit::Success,
            Colour::Yellow => Exit::Indeterminate,
            Colour::Red | Colour::Black => Exit::Reject,
        })
    }
}

/// A thread that fetches bundles, and gives them to whoever scans.
struct Fetching {
    fetched: Receiver<Vec<u8>>,
    has: Arc<Mutex<Option<Thumbprint>>>,
}

impl Fetching {
    fn begin(source: BundleSource, has: Option<Thumbprint>) -> Self {
        let (give, fetched) = sync_channel(1);
        let has = Arc::new(Mutex::new(has));
        let known = Arc::clone(&has);
        thread::spawn(move || {
            loop {
                let has = *known.lock().unwrap_or_else(PoisonError::into_inner);
                // Without a network nothing is fetched, and the next time is soon.
                if let Ok(Some(bytes)) = block_on(source.newer_than(has))
                    && give.send(bytes).is_err()
                {
                    return;
                }
                thread::sleep(FETCH_EVERY);
            }
        });
        Self { fetched, has }
    }

    /// Uses what was fetched; what is refused is told, and the old one stays.
    fn taken(&self, folder: &mut ScannerFolder) {
        while let Ok(bytes) = self.fetched.try_recv() {
            match folder.install(&bytes, Clock::System.now()) {
                Ok(_) => {
                    let mut has = self.has.lock().unwrap_or_else(PoisonError::into_inner);
                    *has = folder.scanner().bundle();
                }
                Err(failure) => show::failure(&failure),
            }
        }
    }
}

/// A colour by word and symbol, Indonesian first, with the person for the look at an identity document.
fn told(scanned: &Scanned) -> Result<(), Failure> {
    let colour = scanned.colour;
    for locale in [Locale::Id, Locale::En] {
        show::line(&format!("{} {}", symbol(colour), word(colour, locale)))?;
    }
    if let Some((name, year)) = scanned.person() {
        show::line(&format!("  {name}  ({year})"))?;
    }
    for locale in [Locale::Id, Locale::En] {
        if let Some((reason, remedy)) = scanned.reason(locale) {
            show::line(&format!("  {reason} {remedy}"))?;
        }
    }
    if let Some(finding) = scanned.finding() {
        show::line(&format!("  [{}]", finding.code.name()))?;
    }
    if let Some(age) = scanned.data_age_s {
        let hours = age / HOUR_S;
        show::line(&format!(
            "  ! data pemindai berumur {hours} jam / scanner data are {hours} hours old"
        ))?;
    }
    Ok(())
}

/// One bell for green, two for yellow, three for red, four for black.
fn sound(colour: Colour) {
    let bells = Colour::ALL
        .iter()
        .position(|it| *it == colour)
        .unwrap_or_default()
        + 1;
    let _ = stderr().write_all(&vec![BELL; bells]);
}

fn status(folder: &ScannerFolder, now: UnixTime) -> Result<Exit, Failure> {
    let mut status = folder.scanner().status(now);
    let tally: BTreeMap<_, _> = folder.tally().collect();
    if let Some(rows) = status.as_object_mut() {
        rows.insert("tally".to_owned(), json!(tally));
    }
    show::json(&status)?;
    Ok(Exit::Success)
}

fn lines(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(stdin().lock()));
    }
    let failed = |error| {
        let reason = format!("{} cannot be read", path.display());
        Code::InputOutput.caused_by(reason, error)
    };
    Ok(Box::new(BufReader::new(File::open(path).map_err(failed)?)))
}

/// The next line, cut where it is longer than any code; scanners end it by CR, LF or both.
fn next(lines: &mut dyn BufRead) -> Result<Option<String>, Failure> {
    let failed = |error| Code::InputOutput.caused_by("no more codes can be read", error);
    let mut line = Vec::new();
    loop {
        let read = lines.fill_buf().map_err(failed)?;
        if read.is_empty() {
            // The last line need not be ended.
            let text = String::from_utf8_lossy(&line).into_owned();
            return Ok((!line.is_empty()).then_some(text));
        }
        let end = read.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let part = end.unwrap_or(read.len());
        let room = MAX_LINE.saturating_sub(line.len());
        line.extend(read.iter().take(part.min(room)));
        lines.consume(end.map_or(part, |end| end + 1));
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

/// How often the gateway is asked for a new bundle.
const FETCH_EVERY: Duration = Duration::from_secs(60);
const BELL: u8 = 7;
const HOUR_S: i64 = 60 * 60;
/// Bytes of a line: far more than any code has.
const MAX_LINE: usize = 64 * 1024;
