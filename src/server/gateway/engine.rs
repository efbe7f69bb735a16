//! The known-signer engine in the gateway: started, warmed, watched.
//!
//! Refuses to stop the gateway: whatever is wrong with the engine, the library judges, and an operator is told.

use super::Gateway;
use crate::crypto::{Engine, Mode};
use crate::failure::Code;
use crate::snapshot::Snapshot;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::{error, info};

/// The engine, if it works, and what was said of it.
pub(super) struct Judges {
    mode: Mode,
    engine: Option<Arc<Engine>>,
    /// The most bytes that its tables may take.
    budget: usize,
    alarmed: AtomicBool,
}

impl Judges {
    pub(super) fn new(mode: Mode, memory_mib: u32) -> Self {
        let start = || {
            let started = Engine::start(mode).inspect_err(|failure| {
                error!(
                    code = failure.code().name(),
                    "the library judges: {failure}"
                );
            });
            started.ok()
        };
        let engine = match mode {
            Mode::Library => None,
            Mode::KnownSigner | Mode::Both => start(),
        };
        let budget = usize::try_from(memory_mib).unwrap_or_default() * 1024 * 1024;
        Self {
            mode,
            alarmed: AtomicBool::new(false),
            engine,
            budget,
        }
    }

    /// Lets the keys of `snapshot` share the tables that are there, before anybody is judged by it.
    pub(super) fn know(&self, snapshot: &Snapshot) {
        if let Some(engine) = &self.engine {
            snapshot.know(engine);
        }
    }
}

impl Gateway {
    /// Makes tables of the signers in force. Slow: not for a thread that somebody waits for.
    pub fn warm(&self) {
        let Some(engine) = &self.judges.engine else {
            return;
        };
        let before = engine.counts().tables;
        self.world().snapshot.warm(engine, self.judges.budget);
        if let Some(issuance) = &self.issuance {
            issuance.know(engine);
        }
        let (tables, path) = (engine.counts().tables, engine.path().name());
        if tables != before {
            info!(
                tables,
                path, "engine: {tables} signers have tables ({path})"
            );
        }
    }

    /// What is to be done once a second: grants what may be judged again, looks at a table, tells of an alarm.
    pub fn watch_engine(&self) {
        metrics::gauge!("lintas_engine_alarm").set(if self.judged_by() == OFF { 1.0 } else { 0.0 });
        let Some(engine) = &self.judges.engine else {
            return;
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        engine.grant(
            u32::try_from(cores)
                .unwrap_or(u32::MAX)
                .saturating_mul(REJECTIONS_A_SECOND),
        );
        engine.scrub();
        if let Some(alarm) = engine.alarm()
            && !self.judges.alarmed.swap(true, Ordering::Relaxed)
        {
            // What the engine opened is opened again, by the library.
            self.opening.forget();
            let code = Code::EngineDisagreement.name();
            error!(
                code,
                "the engine is off, the library judges: {}",
                alarm.sentence()
            );
        }
        let counts = engine.counts();
        for (answer, count) in [
            ("good", counts.accepted),
            ("bad", counts.rejected),
            ("none", counts.unanswered),
        ] {
            metrics::counter!("lintas_engine_signatures_total", "answer" => answer).absolute(count);
        }
        metrics::counter!("lintas_engine_rejudged_total").absolute(counts.rejudged);
        metrics::gauge!("lintas_engine_tables").set(number(counts.tables));
        metrics::gauge!("lintas_engine_bytes").set(number(counts.bytes));
    }

    /// Who judges signatures now: the mode's name, or `off` where the engine should and does not.
    pub fn judged_by(&self) -> &'static str {
        let works = |engine: &Arc<Engine>| engine.alarm().is_none();
        match self.judges.mode {
            Mode::Library => Mode::Library.name(),
            mode if self.judges.engine.as_ref().is_some_and(works) => mode.name(),
            Mode::KnownSigner | Mode::Both => OFF,
        }
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

const OFF: &str = "off";
/// How many rejected signatures a core may judge again in a second: about 70 microseconds each, so one hundredth of it.
const REJECTIONS_A_SECOND: u32 = 140;
