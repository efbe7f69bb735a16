//! Many lines on every core: read in chunks, worked on in parallel, given back in their order, in constant memory.
//!
//! Refuses to hold more than a few chunks: reading waits for work, and work for whoever takes the answers. A line that is
//! too long or no text is a line like any other.

use crate::failure::{Code, Failure};
use actix_web::rt::signal::unix::{SignalKind, signal};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Some lines in a row; none at the end of the input.
pub(super) struct Chunk {
    /// The number of the first, from 1.
    pub(super) first: u64,
    pub(super) texts: Vec<String>,
    /// How much of the input they were.
    pub(super) bytes: u64,
}

/// What is done with lines.
pub(super) trait Work: Send + Sync + 'static {
    /// What comes of a chunk.
    type Answer: Send + 'static;

    /// Does it.
    fn done(&self, chunk: &Chunk) -> Self::Answer;

    /// Prepares for many more lines, beside the work.
    fn warm(&self) {}
}

/// The answers, taken in turn from one thread after the other, as the chunks were given to them.
pub(super) struct Answers<T> {
    workers: Vec<Receiver<Result<Option<T>, Failure>>>,
    turn: usize,
}

/// What comes next.
pub(super) enum Next<T> {
    Answer(Result<T, Failure>),
    NotYet,
    Nothing,
}

impl<T> Answers<T> {
    /// The next answer, or that it is not there yet.
    pub(super) fn next(&mut self) -> Next<T> {
        let Some(worker) = self.workers.get(self.turn) else {
            return Next::Nothing;
        };
        match worker.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Timeout) => Next::NotYet,
            // The end is told, so whoever falls silent before it is broken.
            Err(RecvTimeoutError::Disconnected) => {
                Next::Answer(Err(Code::Internal.because("the work on a part broke off")))
            }
            Ok(Ok(None)) => Next::Nothing,
            Ok(Ok(Some(answer))) => {
                self.turn = (self.turn + 1) % self.workers.len();
                Next::Answer(Ok(answer))
            }
            Ok(Err(failure)) => Next::Answer(Err(failure)),
        }
    }
}

/// The file at `path`, or standard input for `-`, and how long it is.
///
/// # Errors
/// `input_output`.
pub(super) fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Failure> {
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

/// Starts one thread that reads and one a core that works; all end with the program, whatever they wait for.
pub(super) fn worked<W: Work>(input: Box<dyn Read + Send>, work: Arc<W>) -> Answers<W::Answer> {
    let mut chunks = Vec::new();
    let mut workers = Vec::new();
    for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
        let (to_worker, given) = sync_channel::<Result<Chunk, Failure>>(CHUNKS_WAITING);
        let (to_taker, answers) = sync_channel(CHUNKS_WAITING);
        let work = Arc::clone(&work);
        thread::spawn(move || {
            for chunk in given {
                let answer =
                    chunk.map(|chunk| (!chunk.texts.is_empty()).then(|| work.done(&chunk)));
                if to_taker.send(answer).is_err() {
                    break;
                }
            }
        });
        chunks.push(to_worker);
        workers.push(answers);
    }
    thread::spawn(move || read(input, &chunks, work));
    Answers { workers, turn: 0 }
}

/// Deals the lines of `input` out to `workers`, chunk by chunk.
fn read<W: Work>(
    input: Box<dyn Read + Send>,
    workers: &[SyncSender<Result<Chunk, Failure>>],
    work: Arc<W>,
) {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let mut first = 1;
    let mut cold = Some(work);
    let mut broken = None;
    for worker in workers.iter().cycle() {
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
        if worker.send(next).is_err() || lines == 0 {
            break;
        }
        if let Some(work) = cold.take_if(|_| first > WARM_AFTER) {
            thread::spawn(move || work.warm());
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

/// Turns true when the user interrupts; a second time ends the program at once.
pub(super) fn stop_on_interrupt() -> Arc<AtomicBool> {
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
/// Lines that are worked on together.
const CHUNK_LINES: usize = 1024;
/// From how many lines on a table of every signer is worth its two milliseconds.
const WARM_AFTER: u64 = 8 * 1024;
/// Chunks that wait before and behind each working thread.
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
