//! Which core a process has, and which share of it the process takes.
//!
//! Refuses to guess: the kernel's own account, in ticks of 10 ms.

use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::Instant;

/// Binds this process to one core.
pub(crate) fn pin(core: usize) -> Result<(), Box<dyn Error>> {
    let own = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["-cp", &core.to_string(), &own])
        .output()
        .map_err(|error| format!("taskset does not run: {error}"))?;
    if !pinned.status.success() {
        return Err(format!("this machine has no core {core} for the generator of load").into());
    }
    Ok(())
}

/// A watch on the processor time of a server and of this process.
pub(crate) struct Watch {
    server: u32,
    at: Instant,
    ticks: (u64, u64),
}

/// Shares of a core, 1 for all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    /// The server's.
    pub(crate) server: f64,
    /// The generator's.
    pub(crate) generator: f64,
}

impl Watch {
    /// A watch that starts now on the process `server`.
    pub(crate) fn start(server: u32) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            server,
            at: Instant::now(),
            ticks: (ticks(server)?, ticks(std::process::id())?),
        })
    }

    /// What was taken since the start.
    pub(crate) fn stop(self) -> Result<Shares, Box<dyn Error>> {
        let all = self.at.elapsed().as_secs_f64() * TICKS_A_SECOND;
        let share = |before: u64, after: u64| (after - before) as f64 / all;
        Ok(Shares {
            server: share(self.ticks.0, ticks(self.server)?),
            generator: share(self.ticks.1, ticks(std::process::id())?),
        })
    }
}

/// The load average of the last minute: how quiet the machine was.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

/// User and system time of a process, in ticks.
fn ticks(process: u32) -> Result<u64, Box<dyn Error>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))
        .map_err(|error| format!("the server is gone: {error}"))?;
    // The program's name in brackets may hold anything; the state follows it.
    let (_, fields) = stat.rsplit_once(')').ok_or("no account of the process")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |position: usize| fields.get(position).and_then(|it| it.parse::<u64>().ok());
    let (user, system) = (
        field(USER).ok_or("no user time")?,
        field(SYSTEM).ok_or("no system time")?,
    );
    Ok(user + system)
}

const TICKS_A_SECOND: f64 = 100.0;
/// Fields of `/proc/<pid>/stat` after the name.
const USER: usize = 11;
const SYSTEM: usize = 12;
