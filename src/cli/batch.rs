//! `verify --batch`: one code a line, however many, in constant memory and on every core.
//!
//! Refuses to print out of order or by halves: answers come in the order of the lines, and are printed whole or not at all. A
//! line that is too long or no text is judged like any other, and rejected.

use super::lines::{Chunk, Next, Work, open, stop_on_interrupt, worked};
use super::tally::{Tally, progress};
use super::{Exit, show};
use crate::crypto::Engine;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::snapshot::Snapshot;
use crate::verify::{self, Asked, CredentialVerdict, Locale, Policy, Presented, Verdict, View};
use std::io::{ErrorKind, Write, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How the lines are judged, and what is said of each.
pub(super) struct Judge {
    pub(super) snapshot: Snapshot,
    pub(super) policy: Policy,
    /// What is asked of each credential.
    pub(super) asked: Asked,
    pub(super) at: UnixTime,
    /// Whether the caller chose that instant.
    pub(super) simulated: bool,
    pub(super) form: Form,
    /// Gets tables of the signers once there are lines enough to be worth them.
    pub(super) engine: Option<Arc<Engine>>,
}

/// What is printed of a verdict.
pub(super) enum Form {
    /// Number of the line, outcome and codes, with tabs between.
    Table,
    /// The whole verdict.
    Json(View, Locale),
}

/// Judges every line of the file at `path`, or of standard input for `-`.
///
/// # Errors
/// `input_output`.
pub(super) fn run(path: &Path, judge: Judge) -> Result<Exit, Failure> {
    let (input, length) = open(path)?;
    let stop = stop_on_interrupt();
    let engine = judge.engine.clone();
    let mut answers = worked(input, Arc::new(judge));
    let progress = progress(length);
    let mut tally = Tally::default();
    let mut printed = 0_u64;
    let ended = loop {
        if stop.load(Ordering::Relaxed) {
            break Ended::Interrupted;
        }
        let chunk = match answers.next() {
            Next::Answer(Ok(chunk)) => chunk,
            Next::Answer(Err(failure)) => break Ended::Broken(failure),
            Next::Nothing => break Ended::Whole,
            Next::NotYet => continue,
        };
        if !print(&chunk.lines)? {
            break Ended::Unwanted;
        }
        tally.add(&chunk.tally);
        printed += 1;
        if let Some(engine) = engine
            .as_ref()
            .filter(|_| printed.is_multiple_of(WATCH_CHUNKS))
        {
            engine.grant(REJECTIONS);
            engine.scrub();
        }
        progress.inc(chunk.bytes);
        progress.set_message(tally.rate(&progress));
    };
    progress.finish_and_clear();
    if let Some(alarm) = engine.and_then(|engine| engine.alarm()) {
        let sentence = alarm.sentence();
        show::note(&format!(
            "the engine is off, from then on the library judged: {sentence}"
        ));
    }
    if !matches!(ended, Ended::Unwanted) {
        tally
            .summary(&progress)
            .iter()
            .for_each(|it| show::note(it));
    }
    match ended {
        Ended::Broken(failure) => Err(failure),
        Ended::Interrupted => Ok(Exit::Interrupted),
        Ended::Whole | Ended::Unwanted => Ok(tally.exit()),
    }
}

enum Ended {
    Whole,
    /// By the user.
    Interrupted,
    /// By whoever read the answers.
    Unwanted,
    /// By what went wrong.
    Broken(Failure),
}

/// What is to be printed of a chunk.
pub(super) struct Judged {
    lines: Vec<u8>,
    tally: Tally,
    bytes: u64,
}

impl Work for Judge {
    type Answer = Judged;

    /// Makes tables of the signers, those that were met most first; until then the library judges.
    fn warm(&self) {
        if let Some(engine) = &self.engine {
            self.snapshot.warm(engine, TABLES);
        }
    }

    fn done(&self, chunk: &Chunk) -> Judged {
        let texts: Vec<_> = chunk.texts.iter().map(String::as_str).collect();
        let mut judged = Judged {
            lines: Vec::new(),
            tally: Tally::default(),
            bytes: chunk.bytes,
        };
        for (number, opened) in (chunk.first..).zip(verify::open_batch(&texts, &self.snapshot)) {
            let (asked, presented) = (&self.asked, Presented::of(&opened));
            let verdict = asked.verdict_on_one(presented, self.at, &self.snapshot, &self.policy);
            judged.tally.count(&verdict);
            let line = self.line(number, verdict);
            judged.lines.extend_from_slice(line.as_bytes());
            judged.lines.push(b'\n');
        }
        judged
    }
}

impl Judge {
    fn line(&self, number: u64, judged: CredentialVerdict) -> String {
        match self.form {
            Form::Table => {
                let codes = judged.findings.iter().map(|finding| finding.code.name());
                let codes = codes.collect::<Vec<_>>().join(",");
                format!("{number}\t{}\t{codes}", judged.outcome().name())
            }
            Form::Json(view, locale) => {
                let mut verdict = Verdict::of(vec![judged], self.at, &self.snapshot, &self.policy);
                verdict.simulated = self.simulated;
                let json = verdict
                    .write_json(view, Some(locale), None)
                    .unwrap_or_default();
                show::escaped(str::from_utf8(&json).unwrap_or_default())
            }
        }
    }
}

/// Prints `lines`; `false` where whoever read them has gone away.
fn print(lines: &[u8]) -> Result<bool, Failure> {
    let mut out = stdout().lock();
    match out.write_all(lines).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Code::InputOutput.caused_by("standard output cannot be written", error)),
    }
}

/// After so many chunks, about half a second, a table is looked at and rejections may be judged again.
const WATCH_CHUNKS: u64 = 64;
/// How many of them: about 70 microseconds each, so one hundredth of what the chunks took.
const REJECTIONS: u32 = 90;
/// Bytes of tables: 512 signers.
pub(super) const TABLES: usize = 128 * 1024 * 1024;
