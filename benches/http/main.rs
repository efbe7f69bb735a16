//! The gateway under load over HTTP: the most it answers, and how long it takes at half and at nine tenths of that.
//!
//! Refuses latencies of a closed loop: they are measured at a given rate, from the instant at which a request was due.
//!
//! `cargo bench --bench http -- [--rounds N] [--seconds S] [--quick] [--only WORD] [--json]`; needs two cores and
//! `taskset`. The server has core 0 and one worker, the generator of load core 1 and one thread; both talk over loopback.
#![allow(clippy::indexing_slicing, reason = "a bench may panic")]
#![allow(clippy::as_conversions, reason = "figures are rounded for print")]
#![allow(clippy::print_stdout, reason = "the figures are the result")]
#![allow(clippy::disallowed_methods, reason = "a bench reads the stopwatch")]

mod cpu;
mod generator;
mod report;
mod scenarios;
mod server;
mod world;

use generator::{Load, Pace, Window};
use report::{Closed, Open};
use scenarios::Scenario;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let options = match Options::from_arguments() {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(64);
        }
    };
    let ended = match &options.server {
        Some(config) => server::run(config),
        None => compare(&options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<(), Box<dyn Error>> {
    cpu::pin(GENERATOR_CORE)?;
    let world = world::World::make(options.codes)?;
    let servers = server::start_all(world.data.path(), SERVER_CORE)?;
    let mut scenarios = scenarios::all(&world, &servers, options.only.as_deref())?;
    let mut closed: Vec<Closed> = scenarios.iter().map(|_| Closed::default()).collect();
    for _ in 0..options.rounds {
        for (scenario, closed) in scenarios.iter_mut().zip(&mut closed) {
            let (window, cpu) = run(scenario, Pace::Closed, options.window)?;
            closed.note(&window, cpu);
        }
    }
    report::closed(options, &scenarios, &closed);
    let mut open: Vec<Vec<Open>> = scenarios
        .iter()
        .map(|_| LOADS.iter().map(|_| Open::default()).collect())
        .collect();
    for _ in 0..options.rounds {
        for ((scenario, closed), open) in scenarios.iter_mut().zip(&closed).zip(&mut open) {
            // A window too short for one answer says nothing of a rate.
            let open = open.iter_mut().filter(|_| closed.median() > 0.0);
            for (load, open) in LOADS.iter().zip(open) {
                let pace = Pace::Open(closed.median() * load);
                let (window, cpu) = run(scenario, pace, options.window)?;
                open.note(&window, cpu);
            }
        }
    }
    report::open(options, &scenarios, &LOADS, &mut open);
    Ok(())
}

/// One window of load on a scenario, and which share of its core the server and the generator took.
fn run(
    scenario: &mut Scenario,
    pace: Pace,
    window: Duration,
) -> Result<(Window, cpu::Shares), Box<dyn Error>> {
    let load = Load {
        requests: &scenario.requests,
        connections: scenario.connections,
        window: window * scenario.stretch,
    };
    let mut generator = generator::Generator::connect(&scenario.target, load, scenario.next)?;
    let watch = cpu::Watch::start(scenario.server)?;
    let window = generator.run(pace)?;
    let shares = watch.stop()?;
    scenario.next = generator.next();
    Ok((window, shares))
}

/// What the command line asked for.
pub(crate) struct Options {
    rounds: usize,
    window: Duration,
    codes: usize,
    only: Option<String>,
    json: bool,
    server: Option<PathBuf>,
}

impl Options {
    fn from_arguments() -> Result<Self, String> {
        let mut options = Self {
            rounds: 7,
            window: Duration::from_secs(1),
            codes: 20_000,
            only: None,
            json: false,
            server: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                // What cargo adds.
                "--bench" => {}
                "--json" => options.json = true,
                "--only" => options.only = Some(value()?),
                "--server" => options.server = Some(value()?.into()),
                "--quick" => {
                    options.rounds = 1;
                    options.window = Duration::from_millis(300);
                    options.codes = 2_000;
                }
                "--rounds" => {
                    let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                    options.rounds = rounds.ok_or("--rounds is a number from 1")?;
                }
                "--seconds" => {
                    let seconds = value()?.parse().ok().filter(|seconds| *seconds > 0.0);
                    let seconds = seconds.ok_or("--seconds is a number above 0")?;
                    options.window = Duration::from_secs_f64(seconds);
                }
                other => return Err(format!("{other} is not known")),
            }
        }
        Ok(options)
    }
}

const SERVER_CORE: usize = 0;
const GENERATOR_CORE: usize = 1;
/// Shares of the most that a scenario answers, at which its latency is measured.
const LOADS: [f64; 2] = [0.5, 0.9];
