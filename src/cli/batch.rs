//! `verify --batch`: one code a line, however many, in constant memory and on every core.
//!
//! Refuses to hold more than a few chunks: reading waits for judging, judging for printing. Answers come in the order of the
//! lines, and are printed whole or not at all. A line that is too long or no text is judged like any other, and rejected.

use super::tally::{Tally, progress};
use super::{Exit, show};
use crate::crypto::Engine;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::snapshot::Snapshot;
use crate::verify::{self, CredentialVerdict, Locale, Policy, Verdict, View};
use actix_web::rt::signal::unix::{SignalKind, signal};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write, stdin, stdout};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// How the lines are judged, and what is said of each.
pub(super) struct Judge {
    pub(super) snapshot: Snapshot,
    pub(super) policy: Policy,
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
    let mut answers = judged(input, Arc::new(judge));
    let progress = progress(length);
    let mut tally = Tally::default();
    let mut printed = 0_u64;
    let ended = loop {
        if stop.load(Ordering::Relaxed) {
            break Ended::Interrupted;
        }
        let chunk = match answers.next() {
            Next::Chunk(Ok(chunk)) => chunk,
            Next::Chunk(Err(failure)) => break Ended::Broken(failure),
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

fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(stdin()), None));
    }
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let length = file.metadata().ok().filter(|it| it.is_file());
    Ok((Box::new(file), length.map(|it| it.len())))
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Code::InputOutput.caused_by(format!("{} cannot be read", path.display()), error)
}

/// Some lines in a row; none at the end of the input.
struct Chunk {
    /// The number of the first, from 1.
    first: u64,
    texts: Vec<String>,
    /// How much of the input they were.
    bytes: u64,
}

/// What is to be printed of a chunk.
struct Judged {
    lines: Vec<u8>,
    tally: Tally,
    bytes: u64,
}

/// The answers, taken in turn from one judging thread after the other, as the chunks were given to them.
struct Answers {
    judges: Vec<Receiver<Result<Judged, Failure>>>,
    turn: usize,
}

enum Next {
    Chunk(Result<Judged, Failure>),
    NotYet,
    Nothing,
}

impl Answers {
    fn next(&mut self) -> Next {
        let Some(judge) = self.judges.get(self.turn) else {
            return Next::Nothing;
        };
        match judge.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Timeout) => Next::NotYet,
            // The end is told, so whoever falls silent before it is broken.
            Err(RecvTimeoutError::Disconnected) => {
                Next::Chunk(Err(Code::Internal.because("the work on a part broke off")))
            }
            Ok(Ok(end)) if end.tally.lines == 0 => Next::Nothing,
            Ok(chunk) => {
                self.turn = (self.turn + 1) % self.judges.len();
                Next::Chunk(chunk)
            }
        }
    }
}

/// Starts one thread that reads and one a core that judges; all end with the program, whatever they wait for.
fn judged(input: Box<dyn Read + Send>, judge: Arc<Judge>) -> Answers {
    let mut chunks = Vec::new();
    let mut judges = Vec::new();
    for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
        let (to_judge, given) = sync_channel::<Result<Chunk, Failure>>(CHUNKS_WAITING);
        let (to_printer, answers) = sync_channel(CHUNKS_WAITING);
        let judge = Arc::clone(&judge);
        thread::spawn(move || {
            for chunk in given {
                if to_printer.send(chunk.map(|it| judge.judged(&it))).is_err() {
                    break;
                }
            }
        });
        chunks.push(to_judge);
        judges.push(answers);
    }
    thread::spawn(move || read(input, &chunks, judge));
    Answers { judges, turn: 0 }
}

/// Deals the lines of `input` out to `judges`, chunk by chunk.
fn read(
    input: Box<dyn Read + Send>,
    judges: &[SyncSender<Result<Chunk, Failure>>],
    judge: Arc<Judge>,
) {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let mut first = 1;
    let mut cold = Some(judge);
    let mut broken = None;
    for judge in judges.iter().cycle() {
        let next = match broken.take() {
            Some(failure) => Err(failure),
            None => match chunk(&mut input, first) {
                (chunk, Some(failure)) if chunk.texts.is_empty() => Err(failure),
                (chunk, failure) => {
                    broken = failure;
                    Ok(chunk)
                }
            },
        };
        let lines = next.as_ref().map_or(0, |chunk| chunk.texts.len());
        first += u64::try_from(lines).unwrap_or_default();
        if judge.send(next).is_err() || lines == 0 {
            break;
        }
        if let Some(judge) = cold.take_if(|_| first > WARM_AFTER) {
            thread::spawn(move || judge.warm());
        }
    }
}

/// The next lines, as many as are at hand, and what broke the reading off after them.
fn chunk(input: &mut BufReader<impl Read>, first: u64) -> (Chunk, Option<Failure>) {
    let mut chunk = Chunk {
        first,
        texts: Vec::new(),
        bytes: 0,
    };
    while chunk.texts.len() < CHUNK_LINES {
        let (text, bytes) = match line(input) {
            Ok((Some(text), bytes)) => (text, bytes),
            Ok((None, _)) => break,
            Err(failure) => return (chunk, Some(failure)),
        };
        chunk.texts.push(text);
        chunk.bytes += bytes;
        // Whoever types or scans is answered before the next code is there whole.
        if !input.buffer().contains(&b'\n') {
            break;
        }
    }
    (chunk, None)
}

/// One line without its end, and how many bytes it was; `None` at the end of the input.
///
/// Of a line that is too long the start is kept and marked, so that nobody takes it for a whole one.
fn line(input: &mut impl BufRead) -> Result<(Option<String>, u64), Failure> {
    let failed = |error| Code::InputOutput.caused_by("the input broke off", error);
    let mut bytes = Vec::new();
    let mut start = input.by_ref().take(MAX_LINE);
    let mut length = start.read_until(b'\n', &mut bytes).map_err(failed)?;
    if length == 0 {
        return Ok((None, 0));
    }
    let mut whole = bytes.ends_with(b"\n");
    let mut too_long = false;
    while !whole {
        let rest = input.fill_buf().map_err(failed)?;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(rest.len(), |end| end + 1);
        // Nothing more: the last line has no end. Its end alone: the line just fits.
        too_long |= used > usize::from(end.is_some());
        whole = end.is_some() || used == 0;
        input.consume(used);
        length += used;
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut text = text.strip_suffix('\r').unwrap_or(text).to_owned();
    if too_long {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Ok((Some(text), u64::try_from(length).unwrap_or_default()))
}

impl Judge {
    /// Makes tables of the signers, those that were met most first; until then the library judges.
    fn warm(&self) {
        if let Some(engine) = &self.engine {
            self.snapshot.warm(engine, TABLES);
        }
    }

    fn judged(&self, chunk: &Chunk) -> Judged {
        let texts: Vec<_> = chunk.texts.iter().map(String::as_str).collect();
        let mut judged = Judged {
            lines: Vec::new(),
            tally: Tally::default(),
            bytes: chunk.bytes,
        };
        for (number, opened) in (chunk.first..).zip(verify::open_batch(&texts, &self.snapshot)) {
            let asked = verify::Registered::NotAsked;
            let verdict = verify::judge(&opened, self.at, &self.snapshot, &self.policy, asked);
            judged.tally.count(&verdict);
            let line = self.line(number, verdict);
            judged.lines.extend_from_slice(line.as_bytes());
            judged.lines.push(b'\n');
        }
        judged
    }

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

/// Turns true when the user interrupts; a second time ends the program at once.
fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let (ready, listening) = sync_channel(1);
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let interrupts = signal(SignalKind::interrupt());
            let _ = ready.send(());
            let Ok(mut interrupts) = interrupts else {
                return;
            };
            while interrupts.recv().await.is_some() {
                if told.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(INTERRUPTED));
                }
            }
        });
    });
    // From the first line on, an interrupt leaves whole lines.
    let _ = listening.recv();
    stop
}

/// The exit code of a program that an interrupt ended.
pub(super) const INTERRUPTED: u8 = 130;
/// Lines that are judged together.
const CHUNK_LINES: usize = 1024;
/// From how many lines on a table of every signer is worth its two milliseconds.
const WARM_AFTER: u64 = 8 * 1024;
/// After so many chunks, about half a second, a table is looked at and rejections may be judged again.
const WATCH_CHUNKS: u64 = 64;
/// How many of them: about 70 microseconds each, so one hundredth of what the chunks took.
const REJECTIONS: u32 = 90;
/// Bytes of tables: 512 signers.
const TABLES: usize = 128 * 1024 * 1024;
/// Chunks that wait before and behind each judging thread.
const CHUNKS_WAITING: usize = 2;
/// Twice the largest text of any format.
const MAX_LINE: u64 = 8 * 1024;
const BUFFER: usize = 1024 * 1024;
/// How long to wait for answers before looking whether they are still wanted.
const PATIENCE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<String> {
        let mut input = BufReader::with_capacity(7, input);
        let next = || line(&mut input).unwrap().0;
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_line_ends_as_tools_end_it_and_the_last_may_not_end() {
        assert_eq!(lines(b"a\r\nb\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(lines(b"a\n"), ["a"]);
        assert!(lines(b"").is_empty());
        assert_eq!(lines(b"\xff\n"), ["\u{fffd}"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_marked_and_the_next_is_whole() {
        let max = usize::try_from(MAX_LINE).unwrap();
        for (length, cut) in [
            (max - 1, false),
            (max, false),
            (max + 1, true),
            (5 * max, true),
        ] {
            for end in ["\n", ""] {
                let input = format!("{}{end}", "A".repeat(length));
                let read = lines(input.as_bytes());
                assert_eq!(
                    (read.len(), read[0].ends_with('\u{fffd}')),
                    (1, cut),
                    "{length}"
                );
                assert!(read[0].len() <= max + 3);
            }
            let input = format!("{}\nnext\n", " ".repeat(length));
            assert_eq!(lines(input.as_bytes())[1], "next");
        }
    }
}
