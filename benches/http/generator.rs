//! The generator of load: one thread, many kept connections, requests that were written beforehand.
//!
//! Refuses coordinated omission: in an open loop a request has the instant at which it is due, and waits from then on,
//! also where every connection is busy; and any answer but 200.

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::ServerName;
use std::collections::VecDeque;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where to, and how.
pub(crate) struct Target {
    /// The address.
    pub(crate) address: SocketAddr,
    /// How TLS is spoken, where it is.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// What to send.
#[derive(Clone, Copy)]
pub(crate) struct Load<'a> {
    /// Requests, in rotation.
    pub(crate) requests: &'a [Vec<u8>],
    /// How many connections are kept.
    pub(crate) connections: usize,
    /// How long.
    pub(crate) window: Duration,
}

/// When the next request is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// When an answer came.
    Closed,
    /// This many times a second, whatever comes.
    Open(f64),
}

/// What came of a window of load.
#[derive(Debug)]
pub(crate) struct Window {
    /// Answers a second, within the window.
    pub(crate) rate: f64,
    /// How long each answer took from when its request was due, ns.
    pub(crate) latencies: Vec<u64>,
    /// Requests that were due and had no answer in time.
    pub(crate) unanswered: u64,
    /// The share of the window that the generator did not wait.
    pub(crate) busy: f64,
}

/// Connections that are open and idle.
pub(crate) struct Generator<'a> {
    load: Load<'a>,
    poll: Poll,
    connections: Vec<Connection>,
    /// Taken in turn, so that none idles for so long that the server closes it.
    idle: VecDeque<usize>,
    next: usize,
}

impl<'a> Generator<'a> {
    /// Opens the connections of `load`; the first request will be number `next`.
    pub(crate) fn connect(
        target: &Target,
        load: Load<'a>,
        next: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in 0..load.connections {
            let mut connection = Connection::open(target)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut connection.stream, Token(number), interest)?;
            connections.push(connection);
        }
        Ok(Self {
            load,
            poll,
            idle: (0..connections.len()).collect(),
            connections,
            next,
        })
    }

    /// The number of the request that comes next.
    pub(crate) fn next(&self) -> usize {
        self.next
    }

    /// Sends requests for a window, and waits for the answers that are still to come.
    pub(crate) fn run(&mut self, pace: Pace) -> Result<Window, Box<dyn Error>> {
        let started = Instant::now();
        let ends = started + self.load.window;
        let mut events = Events::with_capacity(self.load.connections);
        let mut schedule = Schedule::new(pace, started, self.load.window);
        let mut latencies = Vec::new();
        let (mut in_window, mut waited) = (0_u64, Duration::ZERO);
        loop {
            let now = Instant::now();
            while let Some(due) = schedule.due(now, !self.idle.is_empty()) {
                self.send(due)?;
            }
            let under_way = self.connections.len() - self.idle.len();
            if (schedule.is_over(now) && under_way == 0) || now > ends + GRACE {
                break;
            }
            let before = Instant::now();
            self.poll.poll(
                &mut events,
                Some(schedule.patience(before, !self.idle.is_empty())),
            )?;
            let after = Instant::now();
            if after < ends {
                waited += after - before;
            }
            for event in &events {
                let Token(number) = event.token();
                let connection = &mut self.connections[number];
                if connection.go_on()? {
                    let done = Instant::now();
                    in_window += u64::from(done < ends);
                    latencies.push(u64::try_from((done - connection.due).as_nanos())?);
                    self.idle.push_back(number);
                }
            }
        }
        let under_way = self.connections.len() - self.idle.len();
        let seconds = self.load.window.as_secs_f64();
        Ok(Window {
            rate: in_window as f64 / seconds,
            latencies,
            unanswered: schedule.left() + u64::try_from(under_way)?,
            busy: 1.0 - waited.as_secs_f64() / seconds,
        })
    }

    fn send(&mut self, due: Instant) -> Result<(), Box<dyn Error>> {
        let number = self.idle.pop_front().ok_or("no connection is idle")?;
        let request = &self.load.requests[self.next % self.load.requests.len()];
        self.next += 1;
        self.connections[number].send(request, due)
    }
}

/// When requests are due.
struct Schedule {
    pace: Pace,
    started: Instant,
    ends: Instant,
    sent: u64,
    all: u64,
}

impl Schedule {
    fn new(pace: Pace, started: Instant, window: Duration) -> Self {
        let all = match pace {
            Pace::Closed => 0,
            Pace::Open(rate) => (rate * window.as_secs_f64()) as u64,
        };
        Self {
            pace,
            started,
            ends: started + window,
            sent: 0,
            all,
        }
    }

    /// When the next request is or was due, if a connection is `free` to send it.
    fn due(&mut self, now: Instant, free: bool) -> Option<Instant> {
        let due = match self.pace {
            Pace::Closed => (now < self.ends).then_some(now),
            Pace::Open(rate) => (self.sent < self.all)
                .then(|| self.started + Duration::from_secs_f64(self.sent as f64 / rate)),
        };
        let due = due.filter(|due| free && *due <= now)?;
        self.sent += 1;
        Some(due)
    }

    fn is_over(&self, now: Instant) -> bool {
        match self.pace {
            Pace::Closed => now >= self.ends,
            Pace::Open(_) => self.sent == self.all,
        }
    }

    /// How long to wait for answers: not at all where the next request is due within the timer's grain.
    fn patience(&self, now: Instant, free: bool) -> Duration {
        let Pace::Open(rate) = self.pace else {
            return TICK;
        };
        if !free || self.sent == self.all {
            return TICK;
        }
        let due = self.started + Duration::from_secs_f64(self.sent as f64 / rate);
        due.saturating_duration_since(now + GRAIN).min(TICK)
    }

    fn left(&self) -> u64 {
        self.all.saturating_sub(self.sent)
    }
}

/// A kept connection with at most one request under way.
struct Connection {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    unsent: Vec<u8>,
    received: Vec<u8>,
    expected: Option<usize>,
    due: Instant,
    under_way: bool,
}

impl Connection {
    /// Connects, and shakes hands where TLS is spoken.
    fn open(target: &Target) -> Result<Self, Box<dyn Error>> {
        let mut stream = std::net::TcpStream::connect(target.address)?;
        stream.set_nodelay(true)?;
        let tls = match &target.tls {
            None => None,
            Some(config) => {
                let name = ServerName::try_from("localhost")?;
                let mut tls = Box::new(ClientConnection::new(Arc::clone(config), name)?);
                tls.set_buffer_limit(None);
                while tls.is_handshaking() {
                    tls.complete_io(&mut stream)?;
                }
                Some(tls)
            }
        };
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            tls,
            unsent: Vec::new(),
            received: Vec::new(),
            expected: None,
            due: Instant::now(),
            under_way: false,
        })
    }

    fn send(&mut self, request: &[u8], due: Instant) -> Result<(), Box<dyn Error>> {
        (self.due, self.under_way) = (due, true);
        self.received.clear();
        self.expected = None;
        match &mut self.tls {
            Some(tls) => tls.writer().write_all(request)?,
            None => {
                let sent = patient(self.stream.write(request))?.unwrap_or_default();
                self.unsent.extend_from_slice(&request[sent..]);
            }
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Box<dyn Error>> {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() && patient(tls.write_tls(&mut self.stream))?.is_some() {}
            return Ok(());
        }
        while !self.unsent.is_empty() {
            let Some(sent) = patient(self.stream.write(&self.unsent))? else {
                break;
            };
            self.unsent.drain(..sent);
        }
        Ok(())
    }

    /// Sends what is left and reads what is there; whether an answer is complete now.
    fn go_on(&mut self) -> Result<bool, Box<dyn Error>> {
        self.flush()?;
        let mut buffer = [0; 16 * 1024];
        loop {
            let read = match &mut self.tls {
                None => patient(self.stream.read(&mut buffer))?,
                Some(tls) => {
                    let read = patient(tls.read_tls(&mut self.stream))?;
                    tls.process_new_packets()?;
                    while let Some(plain) = patient(tls.reader().read(&mut buffer))? {
                        self.received.extend_from_slice(&buffer[..plain]);
                    }
                    read
                }
            };
            match read {
                None => return Ok(false),
                Some(0) => return Err("the server closed the connection".into()),
                Some(plain) if self.tls.is_none() => {
                    self.received.extend_from_slice(&buffer[..plain]);
                }
                Some(_) => {}
            }
            if self.under_way && self.is_complete()? {
                self.under_way = false;
                return Ok(true);
            }
        }
    }

    fn is_complete(&mut self) -> Result<bool, Box<dyn Error>> {
        if self.expected.is_none() {
            let Some(head) = self.received.windows(4).position(|it| it == b"\r\n\r\n") else {
                return Ok(false);
            };
            let head = std::str::from_utf8(&self.received[..head])?;
            if !head.starts_with("HTTP/1.1 200 ") {
                return Err(format!("answered {}", head.lines().next().unwrap_or_default()).into());
            }
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then_some(value)
            });
            let length: usize = length.ok_or("an answer without a length")?.trim().parse()?;
            self.expected = Some(head.len() + 4 + length);
        }
        Ok(self
            .expected
            .is_some_and(|expected| self.received.len() >= expected))
    }
}

/// The body of the answer to one `request`.
pub(crate) fn ask(target: &Target, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut connection = Connection::open(target)?;
    connection.send(request, Instant::now())?;
    let asked = Instant::now();
    while !connection.go_on()? {
        if asked.elapsed() > GRACE {
            return Err("no answer in time".into());
        }
        std::thread::sleep(GRAIN);
    }
    let head = connection
        .received
        .windows(4)
        .position(|it| it == b"\r\n\r\n");
    Ok(connection.received.split_off(head.unwrap_or_default() + 4))
}

/// `None` where it would block.
fn patient(done: std::io::Result<usize>) -> std::io::Result<Option<usize>> {
    match done {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// The grain of the kernel's timer for waiting.
const GRAIN: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(10);
/// How long answers may still take after a window.
const GRACE: Duration = Duration::from_secs(5);
