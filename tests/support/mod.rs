//! What several test programs need: where foreign data is, and a throw-away signer.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

pub mod country;
pub mod gateway;
pub mod guide;
pub mod meddled;
pub mod openssl;
pub mod program;
pub mod python;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, Environment, Kid, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePublicKey;
use std::path::{Path, PathBuf};

/// The folder of published cases: `LINTAS_CONFORMANCE`, else `../shared/conformance`.
///
/// Where there is none, the test says so in one line and is skipped, unless `LINTAS_REQUIRE=all` makes that a failure.
pub fn conformance_dir() -> Option<PathBuf> {
    #[allow(
        clippy::disallowed_methods,
        reason = "tests take their data's place from the environment"
    )]
    let named = std::env::var_os("LINTAS_CONFORMANCE").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    available("published cases", named.unwrap_or(beside))
}

/// The folder of sample credentials of other systems, `../shared/vectors`.
pub fn vectors_dir() -> Option<PathBuf> {
    available(
        "sample credentials",
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"),
    )
}

fn available(what: &str, dir: PathBuf) -> Option<PathBuf> {
    if dir.is_dir() {
        return Some(dir);
    }
    skipped(&format!("{what} are not at {}", dir.display()));
    None
}

/// Says in one line why a test is skipped; a failure where everything is required.
pub fn skipped(why: &str) {
    #[allow(
        clippy::disallowed_methods,
        reason = "the switch that makes a skip a failure"
    )]
    let required = std::env::var("LINTAS_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!required, "required, but {why}");
    eprintln!("skipped: {why}");
}

/// Copies a folder with its modes.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// A throw-away signer and the one world that knows it.
pub struct TestSigner {
    key: SigningKey,
    pub snapshot: Snapshot,
}

/// 2026-06-01T00:00:00Z, when the test certificates are issued.
pub const ISSUED_AT: i64 = 1_780_272_000;

impl TestSigner {
    /// The signer whose private scalar is `seed` in every byte.
    pub fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
        let kid = Kid::from_bytes(&[seed; 8]).unwrap();
        let entry = TrustEntry {
            place: Place {
                document: "test".into(),
                position: 1,
            },
            key: KeyMaterial::PublicKey(spki),
            kid: Some(kid),
            country: Some(Country::DEMO.to_string()),
            purposes: Purposes::ALL,
        };
        let source = Source::new("test", Environment::Demo, issued_at());
        let (snapshot, report) = Snapshot::assemble(
            Environment::Demo,
            1,
            &[SourceList::pinned(source, vec![entry])],
        );
        assert_eq!((report.admitted, report.refused.len()), (1, 0));
        Self { key, snapshot }
    }

    /// The public key as lists write it.
    pub fn spki_base64(&self) -> String {
        let spki = self.key.verifying_key().to_public_key_der().unwrap();
        BASE64_STANDARD.encode(spki.as_bytes())
    }

    /// Its signature over any bytes, `r ‖ s`.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = self.key.sign(bytes);
        signature.to_vec()
    }

    /// The QR text of what `claims` (our JSON) state, valid for a year.
    pub fn issue(&self, claims: &str) -> String {
        let claims: Claims = serde_json::from_str(claims).unwrap();
        let issuer = Issuer {
            country: Country::DEMO,
            name: "Ministry of Tests".into(),
        };
        let uvci = issue::uvci_from_random(Country::DEMO, [7; 16]).unwrap();
        let certificate = issue::check(&claims, &issuer, uvci, issued_at()).unwrap();
        let expires_at = issued_at().plus(365 * 24 * 60 * 60);
        let signer = &self.snapshot.trust().signers()[0];
        let prepared =
            issue::prepare(certificate, Country::DEMO, issued_at(), expires_at, signer).unwrap();
        let signature: p256::ecdsa::Signature = self.key.sign(&prepared.signed_bytes());
        prepared.complete(signature.to_vec()).unwrap().text
    }
}

pub fn issued_at() -> UnixTime {
    UnixTime::from_seconds(ISSUED_AT).unwrap()
}

pub const VACCINATION: &str = r#"{
    "person": {"family_name": "Kusumawardhani", "given_name": "Dewi Sartika", "birth_date": "1987-03-09"},
    "vaccination": {"vaccine": "1157024006", "product": "CoronaVac", "manufacturer": "Sinovac-Biotech",
                    "dose": 2, "doses": 2, "date": "2026-05-20"}}"#;

pub const TEST: &str = r#"{
    "person": {"family_name": "Suharto", "birth_date": "1964"},
    "test": {"type": "LP6464-4", "name": "PCR", "sampled_at": "2026-05-30T08:15:00+07:00",
             "result": "260415000", "centre": "Labkesda Probolinggo"}}"#;

pub const RECOVERY: &str = r#"{
    "person": {"family_name": "d'Arsøns - van Halen", "given_name": "François-Joan", "birth_date": "2000-05"},
    "recovery": {"first_positive": "2026-04-02", "valid_from": "2026-04-13", "valid_until": "2026-09-29"}}"#;
