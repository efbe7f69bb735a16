//! The known-signer engine against p256 and aws-lc-rs on random signatures, good and bad, on all cores:
//! `cargo run --release --example engine_differential -- 10000000`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::as_conversions,
    reason = "a program that judges judges stops at the first oddity"
)]

#[path = "../tests/support/differential.rs"]
mod differential;

use differential::Differential;

fn main() {
    let asked = std::env::args().nth(1).and_then(|it| it.parse().ok());
    let count = asked.unwrap_or(100_000_u64);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let seed = u64::from(std::process::id());
    let share = count.div_ceil(cores as u64);
    let threads: Vec<_> = (0..cores as u64)
        .map(|core| {
            std::thread::spawn(move || {
                let mut differential = Differential::new(seed.wrapping_add(core), 64);
                let mut tally = differential.run(0);
                while tally.judged < share {
                    tally = differential.run(share.min(tally.judged + STRIDE) - tally.judged);
                    let (judged, valid) = (tally.judged, tally.valid);
                    println!("core {core}: {judged} judged, {valid} of them good, no disagreement");
                }
                tally
            })
        })
        .collect();
    let totals = threads.into_iter().map(|thread| thread.join().unwrap());
    let (judged, valid) = totals.fold((0, 0), |sum, it| (sum.0 + it.judged, sum.1 + it.valid));
    println!(
        "seed {seed}: {judged} signatures, {valid} of them good: every judge gave one answer to each"
    );
}

/// How many signatures are judged between two lines.
const STRIDE: u64 = 100_000;
