//! Any bytes as a list document: nothing panics, every entry is admitted, repeated or refused, and no key identifier
//! has more than 16 candidates.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::exchange;
use lintas::model::{Environment, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{Source, SourceList};

fuzz_target!(|bytes: &[u8]| {
    let Ok(rows) = exchange::read("fuzz", bytes) else {
        return;
    };
    let entries: Vec<_> = rows.into_iter().filter_map(Result::ok).collect();
    let readable = entries.len();
    let source = Source::new("fuzz", Environment::Test, UnixTime::EPOCH);
    let list = SourceList::pinned(source, entries);
    let (snapshot, report) = Snapshot::assemble(Environment::Test, 1, &[list]);
    let trust = snapshot.trust();
    assert_eq!(report.admitted, trust.signers().len());
    assert_eq!(
        report.admitted + report.repeated + report.refused.len(),
        readable
    );
    for signer in trust.signers() {
        assert!((1..=MAX_PER_KID).contains(&trust.candidates(&signer.kid).count()));
    }
});

const MAX_PER_KID: usize = 16;
