//! One certificate from what it states to QR text, on one core: prepared, signed by AWS-LC, framed, compressed, encoded.
//!
//! Refuses to leave the read-back out in silence: with it is how the gateway issues, without it is what it costs.
//!
//! In `benches/peers`: `cargo run --release --bin issue -- [--rounds N | --quick] [--json]`

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use lintas::codec::cose;
use lintas::credential::hcert;
use lintas::crypto::Algorithm;
use lintas::issue;
use lintas::model::{Country, HealthCertificate};
use lintas_peers::issuing::{self, expires_at, issued_at};
use lintas_peers::rounds::{self, Options, Table};
use lintas_peers::signers::Signer;
use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match Options::from_arguments(&[]) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(64);
        }
    };
    options.say(&format!("machine: {}", rounds::machine()));
    let signers = Signer::first(1);
    let snapshot = issuing::snapshot(&signers);
    let listed = issuing::listed(&signers[0], &snapshot);
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &signers[0].pkcs8());
    let (key, random) = (key.expect("a private key"), SystemRandom::new());
    let sign = |message: &[u8]| {
        let signature = key.sign(&random, message).expect("a signature");
        signature.as_ref().to_vec()
    };
    let certificates: Vec<HealthCertificate> = (0..ITEMS).map(issuing::certificate).collect();
    let prepare = |certificate: &HealthCertificate| {
        let (from, until) = (issued_at(), expires_at());
        issue::prepare(certificate.clone(), Country::DEMO, from, until, listed)
            .expect("it is covered")
    };
    let signed_bytes: Vec<Vec<u8>> = certificates
        .iter()
        .map(|it| prepare(it).signed_bytes())
        .collect();
    let texts = certificates.iter().map(|it| {
        let prepared = prepare(it);
        let signature = sign(&prepared.signed_bytes());
        prepared
            .complete(signature)
            .expect("it reads back")
            .text
            .len()
    });
    let mean = texts.sum::<usize>() / ITEMS;
    options.say(&format!(
        "{ITEMS} certificates, {mean} characters on average"
    ));
    let mut table = Table::new("one certificate issued");
    table.reference("signing alone, aws-lc-rs", ITEMS, 1, |range| {
        for message in &signed_bytes[range] {
            black_box(sign(message));
        }
    });
    table.row("lintas, prepare, sign, complete", ITEMS, 1, |range| {
        for certificate in &certificates[range] {
            let prepared = prepare(certificate);
            let signature = sign(&prepared.signed_bytes());
            black_box(prepared.complete(signature).expect("it reads back").text);
        }
    });
    table.row("lintas, without the read-back", ITEMS, 1, |range| {
        for certificate in &certificates[range] {
            let (from, until) = (issued_at().seconds(), expires_at().seconds());
            let payload =
                hcert::write_certificate(Country::DEMO.as_str(), from, until, certificate);
            let payload = payload.expect("claims have an encoding");
            let message =
                cose::Unsigned::new(Algorithm::Es256.cose(), listed.kid.as_bytes(), payload);
            let message = message.expect("a header has an encoding");
            let signature = sign(&message.signed_bytes());
            let envelope = message
                .complete(signature)
                .expect("an envelope has an encoding");
            black_box(hcert::write(&envelope).expect("it fits"));
        }
    });
    table.measure(&options).print(&options);
    ExitCode::SUCCESS
}

const ITEMS: usize = 500;
