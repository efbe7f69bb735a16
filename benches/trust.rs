//! How long it takes to load the WHO's production list, in each way in which it may be believed.
//!
//! Prints a line a mode: signers admitted, of these expired at the list's date, refused, and the least and the median time
//! of reading, proving and admitting all of it on one core. Says so where the list is not at `../shared`.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and may panic"
)]

use lintas::crypto::sha256;
use lintas::exchange::did::read_signer;
use lintas::exchange::{Record, RecordKind, onboarding};
use lintas::model::{Environment, Thumbprint, UnixTime};
use lintas::snapshot::{
    DidProof, DidTrust, FeedProof, FeedRecords, Snapshot, read_feed, statements,
};
use lintas::trust::Source;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const DID: &str = "did:web:tng-cdn.who.int:v2:trustlist";
const DEV: &str = "did:web:tng-cdn-dev.who.int:v2:trustlist";
const DEV_SIGNER: &str = "did:web:raw.githubusercontent.com:WorldHealthOrganization:tng-participants-dev:main:WHO:signing:DID";
/// 2026-08-23T00:00:00Z, after the list was taken.
const AT: i64 = 1_787_443_200;
const ROUNDS: usize = 15;

fn record(kind: RecordKind, name: &str, path: PathBuf) -> Record {
    Record {
        kind,
        source: "who".to_owned(),
        name: name.to_owned(),
        country: None,
        received_at: UnixTime::EPOCH,
        body: std::fs::read(path).unwrap(),
    }
}

fn feed<'r>(environment: Environment, proof: FeedProof, records: &'r [Record]) -> FeedRecords<'r> {
    FeedRecords {
        source: Source::new("who", environment, UnixTime::EPOCH),
        proof,
        records: records.iter().collect(),
        withdrawn: HashSet::new(),
        retired: Vec::new(),
    }
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/who");
    if !folder.is_dir() {
        println!("skipped: the WHO's list is not at {}", folder.display());
        return;
    }
    let list = folder.join("trustlist/prod/root.did.json");
    let production = [record(RecordKind::DidDocument, DID, list)];
    let statement = folder.join("participants/IDN/prod.TNG_TA.signed.SCA.json");
    let statement = [record(RecordKind::ListDocument, "SCA", statement)];
    let anchor = onboarding::Statement::read(&statement[0].body).unwrap();
    let anchors = vec![Thumbprint(sha256(anchor.signer()))];
    let onboarding = feed(
        Environment::Production,
        FeedProof::Statements(anchors.clone()),
        &statement,
    );
    let statements = statements(&onboarding);
    let dev = [
        record(
            RecordKind::DidDocument,
            DEV,
            folder.join("trustlist/dev/root.did.json"),
        ),
        record(
            RecordKind::DidDocument,
            DEV_SIGNER,
            folder.join("trustlist/dev/WHO_signing_DID.did.json"),
        ),
    ];
    let key = read_signer(&dev[1].body, DEV_SIGNER).unwrap();
    let pinned = DidProof::Pinned(Thumbprint(*key.spki_digest()));
    for (name, environment, did, proof, records) in [
        (
            "production, tls_only",
            Environment::Production,
            DID,
            DidProof::TlsOnly,
            &production[..],
        ),
        (
            "production, when_published",
            Environment::Production,
            DID,
            DidProof::WhenPublished,
            &production[..],
        ),
        (
            "development, pinned",
            Environment::Test,
            DEV,
            pinned,
            &dev[..],
        ),
    ] {
        let trust = DidTrust {
            did: did.to_owned(),
            proof,
            domains: vec!["DCC".to_owned()],
            anchors: anchors.clone(),
        };
        let feed = feed(environment, FeedProof::Did(trust), records);
        let mut times: Vec<Duration> = Vec::new();
        let mut told = String::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let content = read_feed(&feed, &statements);
            let (snapshot, report) = Snapshot::assemble(environment, 1, [&content.list]);
            times.push(started.elapsed());
            let signers = snapshot.trust().signers().iter();
            let expired = signers
                .filter(|dsc| dsc.validity.not_after.seconds() < AT)
                .count();
            let refused = content.refused.len() + report.refused.len();
            told = format!(
                "{} admitted, {expired} expired, {refused} refused",
                report.admitted
            );
        }
        times.sort_unstable();
        let (least, median) = (times[0], times[ROUNDS / 2]);
        println!("{name:<28} {told}; {least:.1?} ({median:.1?})");
    }
}
