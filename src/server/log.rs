//! The log's way out: lines are handed over in memory, and a thread of its own writes them.
//!
//! Refuses to let a request wait for whoever reads the log. Where they are slower than lines come, and more than a mebibyte
//! waits, lines are dropped, counted in `lintas_log_lines_dropped_total`, and the log says how many.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing::warn;
use tracing_subscriber::fmt::MakeWriter;

/// Takes lines.
pub(super) struct Log(Arc<Shared>);

/// That what was logged is written; dropping it waits for that, but not for ever.
#[must_use]
pub struct Written(Arc<Shared>);

#[derive(Default)]
struct Shared {
    lines: Mutex<Lines>,
    /// There is something to write, or the end has come.
    called: Condvar,
    /// The end has come, and all is written.
    ended: Condvar,
}

#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
    dropped: u64,
    closed: bool,
    ended: bool,
}

impl Log {
    /// A log whose lines go to `out`.
    pub(super) fn to(out: impl Write + Send + 'static) -> (Self, Written) {
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        thread::spawn(move || writer.write_out(out));
        (Self(Arc::clone(&shared)), Written(shared))
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Log {
    /// Takes one line, whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lines();
        if lines.closed || lines.waiting.len() + line.len() > CEILING {
            lines.dropped += 1;
            return Ok(line.len());
        }
        let before = lines.waiting.len();
        lines.waiting.extend_from_slice(line);
        // The thread is called when it has nothing to do, or should not gather any longer.
        if before == 0 || (before < CEILING / 2 && lines.waiting.len() >= CEILING / 2) {
            self.0.called.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        // A panic cannot leave the lines half changed.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_out(&self, mut out: impl Write) {
        let mut taken = Vec::new();
        loop {
            let (dropped, closed) = self.take(&mut taken);
            // There is nobody to tell that the log cannot be written.
            let _ = out.write_all(&taken).and_then(|()| out.flush());
            taken.clear();
            if dropped > 0 {
                metrics::counter!("lintas_log_lines_dropped_total").increment(dropped);
                warn!(dropped, "{dropped} lines of the log were dropped");
            }
            if closed {
                break;
            }
        }
        self.lines().ended = true;
        self.ended.notify_all();
    }

    /// Takes the lines that wait, as soon as there are some; tells how many were dropped, and whether these are the last.
    fn take(&self, taken: &mut Vec<u8>) -> (u64, bool) {
        let idle = |lines: &mut Lines| lines.waiting.is_empty() && !lines.closed;
        let lines = self.called.wait_while(self.lines(), idle);
        let lines = lines.unwrap_or_else(PoisonError::into_inner);
        // Many lines in one write cost hardly more than one.
        let few = |lines: &mut Lines| lines.waiting.len() < CEILING / 2 && !lines.closed;
        let gathered = self.called.wait_timeout_while(lines, GATHERING, few);
        let (mut lines, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut lines.waiting, taken);
        (std::mem::take(&mut lines.dropped), lines.closed)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let mut lines = self.0.lines();
        lines.closed = true;
        self.0.called.notify_one();
        let writing = |lines: &mut Lines| !lines.ended;
        // Whoever reads the log may have stopped for good.
        drop(self.0.ended.wait_timeout_while(lines, PATIENCE, writing));
    }
}

/// The most bytes that wait.
const CEILING: usize = 1024 * 1024;
/// How long lines are gathered before they are written.
const GATHERING: Duration = Duration::from_millis(5);
/// How long the end of the program waits for the log.
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A reader that takes a write only when it is allowed to.
    struct Slow {
        allowed: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.allowed.recv();
            let _ = self.written.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Slow, Sender<()>, Receiver<Vec<u8>>) {
        let ((allow, allowed), (written, read)) = (channel(), channel());
        (Slow { allowed, written }, allow, read)
    }

    #[test]
    fn every_line_is_written_in_order_before_the_end() {
        let (out, allow, read) = slow();
        drop(allow);
        let (log, written) = Log::to(out);
        let mut expected = Vec::new();
        for number in 0..1000 {
            let line = format!("line {number}\n");
            (&log).write_all(line.as_bytes()).unwrap();
            expected.extend(line.into_bytes());
        }
        drop(written);
        assert_eq!(
            read.iter().take(1000).flatten().collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn a_reader_that_stands_still_makes_nobody_wait_and_costs_no_more_than_the_ceiling() {
        let (out, allow, read) = slow();
        let (log, written) = Log::to(out);
        let line = [b'x'; 1024];
        for _ in 0..10_000 {
            (&log).write_all(&line).unwrap();
        }
        assert!(log.0.lines().waiting.len() <= CEILING);
        drop(allow);
        drop(written);
        let length: usize = read.iter().map(|it| it.len()).sum();
        assert!(length.is_multiple_of(line.len()) && length <= 2 * CEILING);
    }
}
