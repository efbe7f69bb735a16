//! The two tables: what a closed loop reached, and how long an open loop waited.
//!
//! Refuses a percentile of too few answers to have one.

use super::Options;
use super::cpu::{self, Shares};
use super::generator::Window;
use super::scenarios::Scenario;
use serde_json::json;

/// What the closed loops of a scenario came to.
#[derive(Default)]
pub(crate) struct Closed {
    rates: Vec<f64>,
    shares: Vec<Shares>,
}

impl Closed {
    /// Takes a window's result.
    pub(crate) fn note(&mut self, window: &Window, shares: Shares) {
        self.rates.push(window.rate);
        self.shares.push(shares);
    }

    fn best(&self) -> f64 {
        self.rates.iter().copied().fold(0.0, f64::max)
    }

    /// The middle rate of all rounds, answers a second.
    pub(crate) fn median(&self) -> f64 {
        middle(self.rates.iter().copied())
    }
}

/// What the open loops of a scenario came to, at one load.
#[derive(Default)]
pub(crate) struct Open {
    latencies: Vec<u64>,
    unanswered: u64,
    rates: Vec<f64>,
    busy: Vec<f64>,
    shares: Vec<Shares>,
}

impl Open {
    /// Takes a window's result.
    pub(crate) fn note(&mut self, window: &Window, shares: Shares) {
        self.latencies.extend(&window.latencies);
        self.unanswered += window.unanswered;
        self.rates.push(window.rate);
        self.busy.push(window.busy);
        self.shares.push(shares);
    }

    /// The latency in microseconds that this share of the answers did not pass, over all rounds; `None` where fewer than
    /// ten answers did.
    fn percentiles(&mut self) -> Vec<(&'static str, Option<f64>)> {
        self.latencies.sort_unstable();
        let count = self.latencies.len();
        let at = |share: f64| {
            let beyond = (count as f64 * (1.0 - share)) as usize;
            (beyond >= 10 || share == 0.5).then_some(())?;
            self.latencies
                .get(count - 1 - beyond.min(count - 1))
                .map(|ns| *ns as f64 / 1000.0)
        };
        PERCENTILES
            .iter()
            .map(|(name, share)| (*name, at(*share)))
            .collect()
    }
}

/// Prints what the closed loops reached, each beside the floor of its kind of connection.
pub(crate) fn closed(options: &Options, scenarios: &[Scenario], closed: &[Closed]) {
    if !options.json {
        println!(
            "\nclosed loop, {} rounds of {:?}, load {}",
            options.rounds,
            options.window,
            cpu::load()
        );
        println!(
            "{:38} {:>11} {:>9} {:>9} {:>9} {:>14} {:>8} {:>10}",
            "",
            "connections",
            "best/s",
            "median/s",
            "codes/s",
            "of the floor",
            "server",
            "generator"
        );
    }
    for (scenario, row) in scenarios.iter().zip(closed) {
        let floor = scenarios
            .iter()
            .zip(closed)
            .find(|(it, _)| it.floor && it.tls == scenario.tls);
        let of_floor =
            floor.map(|(_, floor)| (row.best() / floor.best(), row.median() / floor.median()));
        let server = middle(row.shares.iter().map(|it| it.server));
        let generator = middle(row.shares.iter().map(|it| it.generator));
        if options.json {
            println!(
                "{}",
                json!({
                    "loop": "closed", "scenario": scenario.name, "tls": scenario.tls, "rounds": options.rounds, "load": cpu::load(),
                    "best_per_s": row.best(), "median_per_s": row.median(), "codes_per_request": scenario.codes,
                    "connections": scenario.connections,
                    "of_floor": of_floor.map(|(best, median)| json!({ "best": best, "median": median })),
                    "server_cpu": server, "generator_cpu": generator,
                })
            );
            continue;
        }
        println!(
            "{:38} {:>11} {:>9.0} {:>9.0} {:>9.0} {:>14} {:>7.0}% {:>9.0}%",
            label(scenario),
            scenario.connections,
            row.best(),
            row.median(),
            row.median() * scenario.codes as f64,
            of_floor.map_or_else(
                || "-".to_owned(),
                |(best, median)| format!("{best:.2} ({median:.2})")
            ),
            server * 100.0,
            generator * 100.0
        );
    }
}

/// Prints how long answers took at each of the `loads`.
pub(crate) fn open(
    options: &Options,
    scenarios: &[Scenario],
    loads: &[f64],
    open: &mut [Vec<Open>],
) {
    if !options.json {
        println!(
            "\nopen loop, latency in microseconds from the instant at which a request was due"
        );
        print!("{:38} {:>5} {:>10}", "", "load", "answered/s");
        PERCENTILES
            .iter()
            .for_each(|(name, _)| print!(" {name:>9}"));
        println!(" {:>10} {:>8} {:>10}", "unanswered", "server", "generator");
    }
    for (scenario, rows) in scenarios.iter().zip(open) {
        for (load, row) in loads.iter().zip(rows) {
            let percentiles = row.percentiles();
            let rate = middle(row.rates.iter().copied());
            let server = middle(row.shares.iter().map(|it| it.server));
            let busy = middle(row.busy.iter().copied());
            if options.json {
                let percentiles: serde_json::Map<_, _> = percentiles
                    .iter()
                    .map(|(name, us)| ((*name).to_owned(), json!(us)))
                    .collect();
                println!(
                    "{}",
                    json!({
                        "loop": "open", "scenario": scenario.name, "tls": scenario.tls, "load": load,
                        "answered_per_s": rate, "latency_us": percentiles, "unanswered": row.unanswered,
                        "server_cpu": server, "generator_busy": busy,
                    })
                );
                continue;
            }
            print!("{:38} {:>4.0}% {rate:>10.0}", label(scenario), load * 100.0);
            for (_, us) in percentiles {
                print!(
                    " {:>9}",
                    us.map_or_else(|| "-".to_owned(), |us| format!("{us:.0}"))
                );
            }
            println!(
                " {:>10} {:>7.0}% {:>9.0}%",
                row.unanswered,
                server * 100.0,
                busy * 100.0
            );
        }
    }
}

fn label(scenario: &Scenario) -> String {
    let kind = if scenario.tls { "TLS" } else { "plain" };
    format!("{}, {kind}", scenario.name)
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];
