//! `replay`: the verdicts of receipts, reached once more by what the archive kept, however many; no network, no gateway.
//!
//! Refuses receipts that prove nothing, and to hold more than some hundred lines and a few snapshots. Answers come in the order
//! of the receipts.
//!
//! Source: docs/RECEIPTS.md.

use super::receipt::{Keys, chosen, texts, unproven};
use super::{Exit, input, show};
use crate::failure::{Code, Failure};
use crate::model::SnapshotId;
use crate::server::gateway::receipts::Archive;
use crate::snapshot::Snapshot;
use crate::verify::{Policy, Receipt, ReceiptKey, Replayed};
use clap::Args;
use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Arguments of `replay`.
#[derive(Args)]
pub(super) struct Replay {
    /// Files with receipts, all for the same credentials.
    #[arg(required_unless_present = "batch", requires = "text")]
    receipts: Vec<PathBuf>,
    /// A file with the text of the credential; one for each that was judged, in their order.
    #[arg(long, value_name = "FILE")]
    text: Vec<PathBuf>,
    /// A file of lines, or `-`: each a JSON object with `receipt`, and `credential` or a list of `credentials`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["receipts", "text"])]
    batch: Option<PathBuf>,
    /// The folder of the archive.
    #[arg(long, value_name = "DIR")]
    archive: PathBuf,
    #[command(flatten)]
    keys: Keys,
}

impl Replay {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let replayer = Replayer {
            archive: Archive::at(self.archive),
            keys: self.keys.read()?,
            snapshots: Mutex::default(),
            policies: Mutex::default(),
        };
        let mut tally = Tally::default();
        if let Some(path) = &self.batch {
            replayer.batch(path, &mut tally)?;
        } else {
            let texts = texts(&self.text)?;
            for path in &self.receipts {
                let receipt = input::file(path)?;
                let row = Row::of(receipt, texts.clone());
                tally.tell(&path.display().to_string(), &replayer.replay(&row))?;
            }
        }
        Ok(tally.exit())
    }
}

/// A receipt, and the texts that it is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    receipt: String,
    credential: Option<String>,
    credentials: Option<Vec<String>>,
    /// Texts out of files, each as it may have been judged.
    #[serde(skip)]
    spellings: Vec<Vec<String>>,
}

impl Row {
    fn of(receipt: String, spellings: Vec<Vec<String>>) -> Self {
        Self {
            receipt,
            credential: None,
            credentials: None,
            spellings,
        }
    }

    fn read(line: &[u8]) -> Result<Self, Failure> {
        let row: Self = serde_json::from_slice(line).map_err(|error| {
            // What a parser quotes may be a credential.
            let reason = format!("no such row (column {})", error.column());
            Code::RequestInvalid.because(reason)
        })?;
        if row.credential.is_some() == row.credentials.is_some() {
            let reason = "give either `credential` or `credentials`";
            return Err(Code::RequestInvalid.because(reason));
        }
        Ok(row)
    }

    fn texts(&self, receipt: &Receipt) -> Vec<&str> {
        let several = self.credentials.iter().flatten();
        let all = self.credential.iter().chain(several);
        let all = all.map(String::as_str);
        all.chain(chosen(receipt, &self.spellings)).collect()
    }
}

/// What reaches verdicts again.
struct Replayer {
    archive: Archive,
    keys: Vec<ReceiptKey>,
    snapshots: Mutex<Kept<SnapshotId, Snapshot>>,
    policies: Mutex<Kept<[u8; 32], Policy>>,
}

/// What was read last, the newest first.
type Kept<K, V> = Vec<(K, Arc<V>)>;

impl Replayer {
    fn replay(&self, row: &Row) -> Result<Replayed, Failure> {
        let receipt = unproven(&row.receipt)?.prove(&self.keys)?;
        let (id, policy) = (receipt.snapshot, receipt.policy.hash);
        let snapshot = kept(&self.snapshots, id, || self.archive.snapshot(id))?;
        let policy = kept(&self.policies, policy, || self.archive.policy(policy))?;
        receipt.replay(&row.texts(&receipt), &snapshot, &policy)
    }

    fn batch(&self, path: &Path, tally: &mut Tally) -> Result<(), Failure> {
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(stdin())
        } else {
            let unreadable = |error| {
                Code::InputOutput.caused_by(format!("{} cannot be read", path.display()), error)
            };
            Box::new(File::open(path).map_err(unreadable)?)
        };
        let mut input = BufReader::new(input);
        let mut number = 0_u64;
        loop {
            let lines = some_lines(&mut input)?;
            if lines.is_empty() {
                return Ok(());
            }
            for answer in self.replay_all(&lines) {
                number += 1;
                tally.tell(&number.to_string(), &answer)?;
            }
        }
    }

    /// The answers to `lines`, in their order, by every core.
    fn replay_all(&self, lines: &[Vec<u8>]) -> Vec<Result<Replayed, Failure>> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = lines.len().div_ceil(cores).max(1);
        thread::scope(|scope| {
            let parts = lines.chunks(share).map(|part| {
                scope.spawn(move || {
                    let answers = part.iter().map(|line| self.replay(&Row::read(line)?));
                    answers.collect::<Vec<_>>()
                })
            });
            let parts: Vec<_> = parts.collect();
            let broken = |_| vec![Err(Code::Internal.because("the work on a part broke off"))];
            let answers = parts
                .into_iter()
                .map(|part| part.join().unwrap_or_else(broken));
            answers.flatten().collect()
        })
    }
}

/// The value of `key`, as it was read before or as `read` reads it; whoever wants another waits meanwhile.
fn kept<K: PartialEq, V>(
    places: &Mutex<Kept<K, V>>,
    key: K,
    read: impl FnOnce() -> Result<V, Failure>,
) -> Result<Arc<V>, Failure> {
    let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
    let found = places.iter().position(|(known, _)| *known == key);
    let place = match found {
        Some(position) => places.remove(position),
        None => (key, Arc::new(read()?)),
    };
    let value = Arc::clone(&place.1);
    places.insert(0, place);
    places.truncate(MAX_KEPT);
    Ok(value)
}

/// The next lines that are not blank, as many as are replayed together.
fn some_lines(input: &mut impl BufRead) -> Result<Vec<Vec<u8>>, Failure> {
    let broken = |error| Code::InputOutput.caused_by("the input broke off", error);
    let mut lines = Vec::new();
    while lines.len() < TOGETHER {
        let mut line = Vec::new();
        let mut start = input.by_ref().take(MAX_LINE);
        if start.read_until(b'\n', &mut line).map_err(broken)? == 0 {
            break;
        }
        if !line.ends_with(b"\n") && !input.fill_buf().map_err(broken)?.is_empty() {
            return Err(Code::InputTooLarge.because(format!("a line over {MAX_LINE} bytes")));
        }
        if !line.trim_ascii().is_empty() {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// How many receipts came to what.
#[derive(Default)]
struct Tally {
    same: u64,
    different: u64,
    failed: u64,
}

impl Tally {
    /// Prints what the receipt called `name` came to, and counts it.
    fn tell(&mut self, name: &str, answer: &Result<Replayed, Failure>) -> Result<(), Failure> {
        match answer {
            Ok(Replayed::Same) => {
                self.same += 1;
                show::line(&format!("{name} same"))
            }
            Ok(Replayed::Different(now)) => {
                self.different += 1;
                show::line(&format!("{name} different: {now}"))
            }
            Err(failure) => {
                self.failed += 1;
                show::line(&format!("{name} failed: {failure}"))
            }
        }
    }

    /// Any difference is a difference; else whatever could not be reached again leaves it open.
    fn exit(&self) -> Exit {
        let (same, different, failed) = (self.same, self.different, self.failed);
        show::note(&format!(
            "{same} the same, {different} different, {failed} not replayed"
        ));
        match (different, failed) {
            (0, 0) => Exit::Success,
            (0, _) => Exit::Indeterminate,
            _ => Exit::Reject,
        }
    }
}

/// Snapshots that are at hand at once.
const MAX_KEPT: usize = 8;
const TOGETHER: usize = 1024;
/// Well above what a receipt and eight texts of any format are, at most.
const MAX_LINE: u64 = 256 * 1024;
