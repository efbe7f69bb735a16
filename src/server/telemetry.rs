//! Logs and metrics of the process.
//!
//! Refuses to print what a panic says: its words may hold what it was working on; its place in the code may not.

use crate::server::log::{Log, Written};
use crate::server::log_line::JsonLine;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The metrics of this process, collected from the first call on.
    pub fn install() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let builder = builder.set_buckets(&BUCKETS_S).unwrap_or_default();
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Another recorder can only be there already where a program embeds this one; then it keeps its own.
            let _ = metrics::set_global_recorder(recorder);
            handle
        });
        Self(handle.clone())
    }

    /// Lets go of what was counted long ago; to be called now and then.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }

    /// The Prometheus text form.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

/// Sends logs to standard error: JSON lines, or plain ones on a terminal. `wanted` is in the form of `RUST_LOG`.
///
/// A thread of its own writes them; what is dropped last sees to it that they are written to the end.
pub fn log_to_stderr(wanted: &str) -> Written {
    let filter = filter(wanted);
    let (log, written) = Log::to(std::io::stderr());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(log);
    // A second call changes nothing: the first subscriber stays.
    let _ = if std::io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder.event_format(JsonLine).try_init()
    };
    silence_panics();
    written
}

/// What is logged of what is `wanted`, in the form of `RUST_LOG`: never a library that quotes what strangers send.
pub fn filter(wanted: &str) -> EnvFilter {
    let quotes = |directive: &&str| {
        QUIET
            .iter()
            .any(|target| directive.trim().starts_with(target))
    };
    let wanted: Vec<_> = wanted
        .split(',')
        .filter(|directive| !quotes(directive))
        .collect();
    let wanted = EnvFilter::try_new(wanted.join(",")).unwrap_or_else(|_| EnvFilter::new("info"));
    let quiet = QUIET
        .iter()
        .filter_map(|target| format!("{target}=off").parse().ok());
    quiet.fold(wanted, EnvFilter::add_directive)
}

/// Makes a panic log its place and nothing else.
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|place| format!("{}:{}", place.file(), place.line()));
        tracing::error!(code = "internal", place, "panic");
    }));
}

/// Libraries whose words quote what strangers send.
const QUIET: [&str; 4] = ["actix_http", "h2", "hyper", "rustls"];
/// Upper ends of the request-time buckets, in seconds.
const BUCKETS_S: [f64; 9] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0,
];
