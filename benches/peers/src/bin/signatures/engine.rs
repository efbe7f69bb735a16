//! The gateway's engine for known signers: one at a time by number of signers, in batches, and what a key costs.
//!
//! Refuses to hide the price: beside what a known signer saves stands what it takes to make it known.

use super::aws_lc_keys;
use lintas::crypto::{self, Check, Engine, Mode, Path, VerifyingKey};
use lintas_peers::rounds::{Options, Table};
use lintas_peers::signers::{Signed, Signer, signed};
use std::sync::Arc;

/// Measures and prints the engine against the yardstick; its guard is on, as it always is.
pub fn compare(options: &Options) {
    let signers = Signer::first(MOST_SIGNERS);
    let by_number = NUMBERS.map(|number| (number, signed(&signers[..number], MOST_SIGNERS)));
    let (_, most) = by_number.last().expect("the numbers are listed");
    let (fast, portable) = (
        Known::on(Path::detect(), &signers),
        Known::on(Path::PORTABLE, &signers),
    );
    let both = Known::start(Path::detect(), Mode::Both, &signers[..BATCH_SIGNERS]);
    let name = fast.engine.path().name();
    let yardstick = aws_lc_keys(&signers);
    let messages = signed(&signers[..BATCH_SIGNERS], MOST_SIGNERS);
    let (fast_checks, portable_checks) = (fast.checks(&messages), portable.checks(&messages));
    let mut table = Table::new("one ES256 verification by the engine");
    table.reference("aws-lc-rs, 1000 signers", most.len(), 1, |range| {
        for it in &most[range] {
            let key = &yardstick[it.signer];
            assert!(key.verify_sig(&it.message, &it.signature).is_ok());
        }
    });
    for (number, messages) in &by_number {
        let row = format!("lintas {name}, {number} signers");
        table.row(row, messages.len(), 1, |range| {
            fast.verify(&messages[range])
        });
    }
    for size in BATCHES {
        let row = format!("lintas {name}, {BATCH_SIGNERS} signers, batches of {size}");
        let checks = &fast_checks;
        table.row(row, checks.len(), size, move |range| {
            batches(&checks[range], size)
        });
    }
    for (number, messages) in &by_number {
        let row = format!("lintas portable, {number} signers");
        table.row(row, messages.len(), 1, |range| {
            portable.verify(&messages[range])
        });
    }
    for size in BATCHES {
        let row = format!("lintas portable, {BATCH_SIGNERS} signers, batches of {size}");
        let checks = &portable_checks;
        table.row(row, checks.len(), size, move |range| {
            batches(&checks[range], size)
        });
    }
    let row = format!("lintas {name} and the library, both, {BATCH_SIGNERS} signers");
    table.row(row, messages.len(), 1, |range| {
        both.verify(&messages[range])
    });
    table.measure(options).print(options);
    let counts = fast.engine.counts();
    options.say(&format!(
        "{} tables of {} bytes; {} of {} answers judged again by the guard",
        counts.tables,
        counts.bytes / counts.tables.max(1),
        counts.rejudged,
        counts.accepted
    ));
    for known in [&fast, &portable, &both] {
        assert!(
            known.engine.alarm().is_none(),
            "the engine turned itself off"
        );
    }
    price(options);
}

/// What it takes to make a key known: its table, after it was read.
fn price(options: &Options) {
    let signers = Signer::first(NEW_KEYS);
    let paths = [Path::detect(), Path::PORTABLE];
    let engines = paths.map(|path| Engine::start_on(path, Mode::KnownSigner).expect("it answers"));
    let read = |signer: &Signer| VerifyingKey::from_spki(&signer.spki).expect("a public key");
    let mut table = Table::new("one new key");
    table.row("read", NEW_KEYS, 1, |range| {
        for signer in &signers[range] {
            std::hint::black_box(read(signer));
        }
    });
    for engine in &engines {
        let row = format!("read and made known, {}", engine.path().name());
        let signers = &signers;
        // There is room for one table, so each gives way to the next.
        table.row(row, NEW_KEYS, 1, move |range| {
            for signer in &signers[range] {
                engine.warm([&read(signer)], ONE_TABLE);
            }
        });
    }
    table.measure(options).print(options);
}

/// An engine that knows some signers, and their keys.
struct Known {
    engine: Arc<Engine>,
    keys: Vec<VerifyingKey>,
}

impl Known {
    fn on(path: Path, signers: &[Signer]) -> Self {
        Self::start(path, Mode::KnownSigner, signers)
    }

    fn start(path: Path, mode: Mode, signers: &[Signer]) -> Self {
        let engine = Engine::start_on(path, mode).expect("it gives the known answers");
        // A key knows one engine, so each engine has its own.
        let keys: Vec<_> = signers
            .iter()
            .map(|it| VerifyingKey::from_spki(&it.spki).expect("a public key"))
            .collect();
        engine.warm(&keys, usize::MAX);
        assert_eq!(engine.counts().tables, keys.len());
        Self { engine, keys }
    }

    fn verify(&self, messages: &[Signed]) {
        for it in messages {
            assert!(crypto::verify(&self.keys[it.signer], &it.message, &it.signature).is_ok());
        }
    }

    fn checks<'a>(&'a self, messages: &'a [Signed]) -> Vec<Check<'a>> {
        let check = |it: &'a Signed| Check {
            key: &self.keys[it.signer],
            message: &it.message,
            signature: &it.signature,
        };
        messages.iter().map(check).collect()
    }
}

fn batches(checks: &[Check], size: usize) {
    for batch in checks.chunks(size) {
        assert!(crypto::verify_batch(batch).iter().all(Result::is_ok));
    }
}

const NUMBERS: [usize; 4] = [10, 100, 300, MOST_SIGNERS];
const MOST_SIGNERS: usize = 1000;
const BATCH_SIGNERS: usize = 300;
const BATCHES: [usize; 3] = [8, 64, 1000];
const NEW_KEYS: usize = 50;
/// Room for one table, not for two.
const ONE_TABLE: usize = 300 * 1024;
