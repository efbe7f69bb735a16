//! How many signers are in use: the same run over certificates of 10 to 1,000 signers in rotation.
//!
//! Refuses warm memory: every signer comes round once in as many texts as there are signers.

use super::{answer, open_judge_answer};
use lintas::snapshot::Snapshot;
use lintas::verify::{self, Policy, Verdict, View};
use lintas_peers::cases::{self, Case};
use lintas_peers::issuing;
use lintas_peers::ordinary::{Envelope, Verifier};
use lintas_peers::rounds::{Options, Table};
use lintas_peers::signers::Signer;
use std::hint::black_box;

/// Measures and prints the gateway's runs by number of signers.
pub fn compare(options: &Options) {
    let signers = Signer::first(MOST_SIGNERS);
    let worlds: Vec<(usize, Snapshot, Vec<Case>)> = NUMBERS
        .iter()
        .map(|number| world(&signers[..*number]))
        .collect();
    let mut yardstick = Verifier::default();
    for signer in &signers {
        yardstick.add(issuing::kid(signer).as_bytes(), signer.point());
    }
    let (_, _, most) = worlds.last().expect("the numbers are listed");
    let envelopes: Vec<Envelope> = most
        .iter()
        .filter_map(|case| Envelope::read(&case.text))
        .collect();
    let mut table = Table::new("text to JSON, by number of signers in use");
    table.reference(
        "signature alone, aws-lc-rs, 1000 signers",
        envelopes.len(),
        1,
        |range| {
            for it in &envelopes[range] {
                let key = yardstick.key(&it.kid).expect("a signer");
                assert!(key.verify_sig(&it.signed_bytes, &it.signature).is_ok());
            }
        },
    );
    for (number, snapshot, cases) in &worlds {
        table.row(
            format!("lintas, {number} signers, one by one"),
            cases.len(),
            1,
            |range| {
                for case in &cases[range] {
                    let opened = verify::open(&case.text, snapshot);
                    let policy = Policy::default();
                    let judged = verify::judge(
                        &opened,
                        case.at,
                        snapshot,
                        &policy,
                        verify::Registered::NotAsked,
                    );
                    let verdict = Verdict::of(vec![judged], case.at, snapshot, &policy);
                    black_box(answer(&verdict, View::Holder));
                }
            },
        );
        table.row(
            format!("lintas, {number} signers, batches of {BATCH}"),
            cases.len(),
            BATCH,
            |range| {
                for batch in cases[range].chunks(BATCH) {
                    open_judge_answer(batch, snapshot, View::Holder);
                }
            },
        );
    }
    table.measure(options).print(options);
}

/// The world of these signers, with [`super::ITEMS`] certificates that they signed in rotation.
fn world(signers: &[Signer]) -> (usize, Snapshot, Vec<Case>) {
    let snapshot = issuing::snapshot(signers);
    cases::known(&snapshot);
    let case = |number: usize| {
        let signer = &signers[number % signers.len()];
        Case {
            text: issuing::text(number, signer, issuing::listed(signer, &snapshot)),
            at: issuing::issued_at().plus(1),
            certificate: Vec::new(),
        }
    };
    let cases = (0..super::ITEMS).map(case).collect();
    (signers.len(), snapshot, cases)
}

const NUMBERS: [usize; 4] = [10, 100, 300, MOST_SIGNERS];
const MOST_SIGNERS: usize = 1000;
const BATCH: usize = 64;
