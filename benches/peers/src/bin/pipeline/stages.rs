//! Where the time of one certificate goes, stage by stage, without its signature.
//!
//! Refuses subtraction: every stage is timed by itself, on what the stage before it gave; so the copies that a whole
//! run would not make are counted against it.

use super::{ITEMS, answer, judged};
use lintas::credential::{self, Authentic};
use lintas::crypto::{self, VerifyingKey};
use lintas::snapshot::Snapshot;
use lintas::verify::{self, Opened, Verdict, View};
use lintas_peers::cases::Case;
use lintas_peers::rounds::{Options, Table};
use std::hint::black_box;

/// Measures and prints the stages over the `agreed` texts.
pub fn compare(snapshot: &Snapshot, agreed: &[Case], options: &Options) {
    let cases: Vec<Case> = agreed.iter().cycle().take(ITEMS).cloned().collect();
    let half: Vec<Half> = cases.iter().map(|case| Half::of(case, snapshot)).collect();
    let checks: Vec<Signature> = cases
        .iter()
        .map(|case| Signature::of(case, snapshot))
        .collect();
    let mut table = Table::new("the stages of one certificate");
    table.row("lintas, whole", ITEMS, 1, |range| {
        for case in &cases[range] {
            let opened = verify::open(&case.text, snapshot);
            black_box(answer(&judged(&opened, case, snapshot), View::Holder));
        }
    });
    table.reference("signature, by the engine", ITEMS, 1, |range| {
        for it in &checks[range] {
            assert!(crypto::verify(it.key, &it.message, &it.signature).is_ok());
        }
    });
    table.row("everything but the signature", ITEMS, 1, |range| {
        for (case, half) in cases[range.clone()].iter().zip(&half[range]) {
            read(case);
            find(half, snapshot);
            open(half);
            black_box(answer(&judged(&half.opened, case, snapshot), View::Holder));
        }
    });
    table.row("- read: text to envelope", ITEMS, 1, |range| {
        cases[range].iter().for_each(read);
    });
    table.row("- find the signer", ITEMS, 1, |range| {
        half[range].iter().for_each(|half| find(half, snapshot));
    });
    table.row("- open: claims and certificate", ITEMS, 1, |range| {
        half[range].iter().for_each(open);
    });
    table.row("- judge: period, signer, content", ITEMS, 1, |range| {
        for (case, half) in cases[range.clone()].iter().zip(&half[range]) {
            black_box(judged(&half.opened, case, snapshot));
        }
    });
    table.row("- answer: verdict to JSON", ITEMS, 1, |range| {
        for half in &half[range] {
            black_box(answer(&half.verdict, View::Holder));
        }
    });
    table.measure(options).print(options);
}

/// A certificate half way: what every stage starts from.
struct Half {
    kid: lintas::model::Kid,
    authentic: Authentic,
    opened: Opened,
    verdict: Verdict,
}

impl Half {
    fn of(case: &Case, snapshot: &Snapshot) -> Self {
        let unverified = credential::read(&case.text).expect("an agreed text");
        let kid = unverified
            .hint()
            .kid
            .clone()
            .expect("an agreed text names its signer");
        let candidates = snapshot.trust().candidates(&kid);
        let keys = candidates.filter_map(|dsc| dsc.key.as_ref().ok());
        let authenticated = unverified.authenticate(keys);
        let (authentic, _) = authenticated.expect("an agreed text is authentic");
        let opened = verify::open(&case.text, snapshot);
        let verdict = judged(&opened, case, snapshot);
        Self {
            kid,
            authentic,
            opened,
            verdict,
        }
    }
}

fn read(case: &Case) {
    assert!(black_box(credential::read(&case.text)).is_ok());
}

fn find(half: &Half, snapshot: &Snapshot) {
    assert!(
        black_box(snapshot.trust().candidates(&half.kid))
            .next()
            .is_some()
    );
}

fn open(half: &Half) {
    assert!(black_box(half.authentic.open()).claims.is_ok());
}

/// The one signature of a certificate.
struct Signature<'a> {
    key: &'a VerifyingKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Signature<'a> {
    fn of(case: &Case, snapshot: &'a Snapshot) -> Self {
        let envelope = lintas_peers::ordinary::Envelope::read(&case.text).expect("an agreed text");
        let kid = lintas::model::Kid::from_bytes(&envelope.kid).expect("a key identifier");
        let candidates = snapshot.trust().candidates(&kid);
        let mut keys = candidates.filter_map(|dsc| dsc.key.as_ref().ok());
        let good = |key: &&VerifyingKey| {
            crypto::verify(key, &envelope.signed_bytes, &envelope.signature).is_ok()
        };
        Self {
            key: keys.find(good).expect("an agreed text is authentic"),
            message: envelope.signed_bytes,
            signature: envelope.signature,
        }
    }
}
