//! Verifies a credential against a file of trusted signers, with the library alone: no server, no clock, no network.
//!
//! `cargo run --example verify_offline -- SIGNERS CREDENTIAL INSTANT`, with a list of signers (PEM, DER or a known JSON
//! list), a file with the credential's text, and an RFC 3339 instant.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example prints and reads its arguments"
)]

use lintas::exchange;
use lintas::model::{Environment, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{Source, SourceList};
use lintas::verify::{self, Policy, View};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .ok_or("usage: verify_offline SIGNERS CREDENTIAL INSTANT")
    };
    let (signers, credential, instant) = (next()?, next()?, next()?);
    let at = UnixTime::parse(&instant).ok_or("the instant is not RFC 3339 with a zone")?;

    // The trust river: a document becomes entries, entries are admitted to a snapshot.
    let rows = exchange::read(&signers, &std::fs::read(&signers)?)?;
    let source = Source::new(signers, Environment::Demo, at);
    let entries = rows.into_iter().filter_map(Result::ok).collect();
    let list = SourceList::pinned(source, entries);
    let (snapshot, report) = Snapshot::assemble(Environment::Demo, 1, &[list]);
    println!(
        "{} signers admitted, {} refused",
        report.admitted,
        report.refused.len()
    );

    // The credential river meets it.
    let text = std::fs::read_to_string(credential)?;
    let verdict = verify::verify(&text, at, &snapshot, &Policy::default());
    println!("{:#}", verdict.to_json(View::Result, None, None));
    Ok(())
}
