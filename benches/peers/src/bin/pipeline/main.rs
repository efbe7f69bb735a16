//! QR text to verdict to JSON, on one core, over the published ES256 certificates.
//!
//! Refuses to time verifiers that do not agree: a text counts where every one of them accepts it.
//!
//! In `benches/peers`: `cargo run --release --bin pipeline -- [--rounds N | --quick] [--json] [--export FILE] [--beside COMMAND ...]`; with
//! `--export` the texts and keys go to a file that verifiers in other languages read, and nothing is timed; with `--beside`
//! such verifiers take part in the first table, and the others are left out. `benches/peers/run` does both.

mod beside;
mod stages;
mod worlds;

use beside::Beside;
use lintas::snapshot::Snapshot;
use lintas::trust::KeyMaterial;
use lintas::verify::{self, Opened, Outcome, Policy, Verdict, View};
use lintas_peers::cases::{self, Case};
use lintas_peers::ordinary::{Envelope, Verifier};
use lintas_peers::rounds::{self, Options, Table};
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match Options::from_arguments(&["--export", "--beside"]) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(64);
        }
    };
    let folder = cases::folder();
    let cases = match cases::read(&folder) {
        Ok(cases) => cases,
        Err(sentence) => {
            eprintln!("no published cases, nothing compared: {sentence}");
            return ExitCode::from(66);
        }
    };
    options.say(&format!("machine: {}", rounds::machine()));
    let everyone = Everyone::trusting(&cases);
    let agreed = everyone.agreed(&cases, &options);
    if let Some(path) = options.others("--export").next() {
        return export(&agreed, &cases, path);
    }
    let beside = options.others("--beside").map(Beside::start);
    let beside = match beside.collect::<Result<Vec<_>, _>>() {
        Ok(beside) => beside,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::FAILURE;
        }
    };
    let alone = beside.is_empty();
    compare(&everyone, &agreed, beside, &options);
    if alone {
        stages::compare(&everyone.snapshot, &agreed, &options);
        worlds::compare(&options);
    }
    ExitCode::SUCCESS
}

/// The verifiers, each with the same signers in memory.
struct Everyone {
    /// Its signers are known to the engine.
    snapshot: Snapshot,
    /// Its signers are judged by the library.
    by_library: Snapshot,
    ordinary: Verifier,
    dgc: dgc::TrustList,
}

impl Everyone {
    fn trusting(cases: &[Case]) -> Self {
        let certificates = cases::certificates(cases);
        let trusting = || {
            let keys = certificates.iter();
            cases::snapshot(keys.map(|der| (KeyMaterial::Certificate(der.to_vec()), None)))
        };
        let (snapshot, by_library) = (trusting(), trusting());
        cases::known(&snapshot);
        let mut ordinary = Verifier::default();
        let mut dgc = dgc::TrustList::new();
        for (kid, point) in points(&certificates) {
            ordinary.add(&kid, &point);
            dgc.add(&kid, point);
        }
        Self {
            snapshot,
            by_library,
            ordinary,
            dgc,
        }
    }

    /// The texts that everyone accepts, as many as [`ITEMS`]: repeated in their order where there are less.
    fn agreed(&self, cases: &[Case], options: &Options) -> Vec<Case> {
        let lintas = |case: &Case| {
            let opened = verify::open(&case.text, &self.snapshot);
            judged(&opened, case, &self.snapshot).outcome() == Outcome::Accept
        };
        let ordinary = |case: &Case| {
            self.ordinary
                .verify(&case.text, case.at.seconds())
                .is_some()
        };
        let dgc = |case: &Case| {
            dgc::validate(&case.text, &self.dgc).is_ok_and(|(_, validity)| validity.is_valid())
        };
        let count = |accepts: &dyn Fn(&Case) -> bool| cases.iter().filter(|it| accepts(it)).count();
        options.say(&format!(
            "{} ES256 texts; accepted by lintas {}, ordinary crates {}, dgc {}",
            cases.len(),
            count(&lintas),
            count(&ordinary),
            count(&dgc)
        ));
        let agreed: Vec<Case> = cases
            .iter()
            .filter(|it| lintas(it) && ordinary(it) && dgc(it))
            .cloned()
            .collect();
        assert!(
            agreed.len() >= LEAST,
            "only {} texts are accepted by all",
            agreed.len()
        );
        let sum = |of: fn(&Case) -> usize| agreed.iter().map(of).sum::<usize>() / agreed.len();
        options.say(&format!(
            "{} texts of {} signers are accepted by all and compared; {} characters on average",
            agreed.len(),
            cases::certificates(&agreed).len(),
            sum(|case| case.text.len())
        ));
        agreed
    }
}

/// Key identifier and point of every certificate.
fn points(certificates: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let point = |der: &&[u8]| {
        let certificate = lintas::codec::x509::Certificate::read(der).ok()?;
        let spki = certificate.public_key;
        let kid = lintas::trust::kid_of(der)?.as_bytes().to_vec();
        Some((kid, spki[spki.len() - POINT..].to_vec()))
    };
    certificates.iter().filter_map(point).collect()
}

/// The verdict on what was `opened` of `case`.
fn judged(opened: &Opened, case: &Case, snapshot: &Snapshot) -> Verdict {
    let policy = Policy::default();
    let credential = verify::judge(
        opened,
        case.at,
        snapshot,
        &policy,
        verify::Registered::NotAsked,
    );
    Verdict::of(vec![credential], case.at, snapshot, &policy)
}

/// The answer as it would be sent, with what `view` shows of the certificate.
fn answer(verdict: &Verdict, view: View) -> Vec<u8> {
    assert_eq!(verdict.outcome(), Outcome::Accept);
    let json = verdict.write_json(view, None, None);
    json.expect("a verdict has an encoding")
}

fn compare(everyone: &Everyone, agreed: &[Case], beside: Vec<Beside>, options: &Options) {
    let Everyone {
        snapshot,
        by_library,
        ordinary,
        dgc,
    } = everyone;
    let cases: Vec<Case> = agreed.iter().cycle().take(ITEMS).cloned().collect();
    let envelopes: Vec<Envelope> = cases
        .iter()
        .filter_map(|case| Envelope::read(&case.text))
        .collect();
    let mut table = Table::new(format!(
        "text to JSON, {} signers in the list",
        snapshot.trust().signers().len()
    ));
    table.reference("dgc 0.0.7, validate (no JSON)", ITEMS, 1, |range| {
        for case in &cases[range] {
            let (_, validity) = dgc::validate(&case.text, dgc).expect("a certificate");
            assert!(validity.is_valid());
        }
    });
    table.reference("signature alone, aws-lc-rs", ITEMS, 1, |range| {
        for it in &envelopes[range] {
            let key = ordinary.key(&it.kid).expect("a signer");
            assert!(key.verify_sig(&it.signed_bytes, &it.signature).is_ok());
        }
    });
    table.row("ordinary crates", ITEMS, 1, |range| {
        for case in &cases[range] {
            assert!(ordinary.verify(&case.text, case.at.seconds()).is_some());
        }
    });
    for (name, snapshot, view) in [
        (
            "lintas by the library, one by one",
            by_library,
            View::Holder,
        ),
        ("lintas, one by one", snapshot, View::Holder),
        ("lintas, one by one, view `result`", snapshot, View::Result),
    ] {
        let cases = &cases;
        table.row(name, ITEMS, 1, move |range| {
            for case in &cases[range] {
                let opened = verify::open(&case.text, snapshot);
                std::hint::black_box(answer(&judged(&opened, case, snapshot), view));
            }
        });
    }
    let everything = BATCHES.map(|size| (size, View::Holder, ""));
    for (size, view, of) in everything
        .into_iter()
        .chain([(64, View::Result, ", view `result`")])
    {
        let cases = &cases;
        table.row(
            format!("lintas, batches of {size}{of}"),
            ITEMS,
            size,
            move |range| {
                for batch in cases[range].chunks(size) {
                    open_judge_answer(batch, snapshot, view);
                }
            },
        );
    }
    for mut beside in beside {
        table.row(beside.name.clone(), ITEMS, 1, move |range| {
            beside.run(range)
        });
    }
    table.measure(options).print(options);
}

/// A batch from texts to answers.
fn open_judge_answer(batch: &[Case], snapshot: &Snapshot, view: View) {
    let texts: Vec<&str> = batch.iter().map(|case| case.text.as_str()).collect();
    let opened = verify::open_batch(&texts, snapshot);
    for (opened, case) in opened.iter().zip(batch) {
        std::hint::black_box(answer(&judged(opened, case, snapshot), view));
    }
}

/// Writes the agreed texts and the keys of their signers to the file at `path`.
fn export(agreed: &[Case], cases: &[Case], path: &str) -> ExitCode {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    let texts: Vec<_> = agreed
        .iter()
        .map(|case| serde_json::json!({ "text": case.text, "at": case.at.seconds() }))
        .collect();
    let keys: Vec<_> = cases::certificates(cases)
        .iter()
        .filter_map(|der| {
            let certificate = lintas::codec::x509::Certificate::read(der).ok()?;
            Some(serde_json::json!({
                "kid": BASE64_STANDARD.encode(lintas::trust::kid_of(der)?.as_bytes()),
                "spki": BASE64_STANDARD.encode(certificate.public_key),
            }))
        })
        .collect();
    let document = serde_json::json!({ "texts": texts, "keys": keys });
    match fs::write(path, document.to_string()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::from(74)
        }
    }
}

/// How many texts a round goes over.
const ITEMS: usize = 1000;
/// Fewer agreed texts than this are no comparison.
const LEAST: usize = 250;
const BATCHES: [usize; 3] = [8, 64, 1000];
/// The length of an uncompressed point on P-256, which ends a SubjectPublicKeyInfo.
const POINT: usize = 65;
