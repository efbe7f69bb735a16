//! The published ES256 certificates: texts, clocks, and the certificates of their signers.
//!
//! Refuses to make up cases: without the folder there is nothing to compare, and it says so.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lintas::crypto::{Engine, Mode};
use lintas::model::{Environment, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A published case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The QR text.
    pub text: String,
    /// When it is to be judged.
    pub at: UnixTime,
    /// Its signer's certificate, DER.
    pub certificate: Vec<u8>,
}

/// Where the published cases are: `LINTAS_CONFORMANCE`, else `../shared/conformance` beside the repository.
pub fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    std::env::var_os("LINTAS_CONFORMANCE").map_or(beside, PathBuf::from)
}

/// The cases in `folder` whose text is signed with ES256 and whose signer's key is on P-256, whatever is to be thought of
/// them.
///
/// # Errors
/// A sentence that says what is not there or not as expected.
pub fn read(folder: &Path) -> Result<Vec<Case>, String> {
    let manifest = json(&folder.join("dcc-manifest.json"))?;
    let listed = manifest.get("cases").and_then(Value::as_array);
    let listed = listed.ok_or("dcc-manifest.json lists no cases")?;
    let mut cases = Vec::new();
    for case in listed {
        let text = |pointer: &str| case.pointer(pointer).and_then(Value::as_str);
        let es256 = case.pointer("/facts/alg").and_then(Value::as_i64) == Some(ES256);
        if !es256 || text("/cert/key") != Some("secp256r1") {
            continue;
        }
        let path = text("/path").ok_or("a case has no path")?;
        let file = json(&folder.join(path))?;
        let of_file = |pointer: &str| file.pointer(pointer).and_then(Value::as_str);
        let certificate =
            of_file("/TESTCTX/CERTIFICATE").and_then(|it| BASE64_STANDARD.decode(it).ok());
        if let (Some(text), Some(at), Some(certificate)) = (
            of_file("/PREFIX"),
            text("/clock").and_then(clock),
            certificate,
        ) {
            cases.push(Case {
                text: text.to_owned(),
                at,
                certificate,
            });
        }
    }
    if cases.is_empty() {
        return Err("dcc-manifest.json lists no ES256 case".to_owned());
    }
    Ok(cases)
}

fn json(path: &Path) -> Result<Value, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// A published clock; without a zone it is in UTC.
fn clock(text: &str) -> Option<UnixTime> {
    UnixTime::parse(text).or_else(|| UnixTime::parse(&format!("{text}Z")))
}

/// The certificates of all signers of `cases`, each once.
pub fn certificates(cases: &[Case]) -> Vec<&[u8]> {
    let all: BTreeSet<&[u8]> = cases
        .iter()
        .map(|case| case.certificate.as_slice())
        .collect();
    all.into_iter().collect()
}

/// The snapshot in which all these keys are trusted, by whatever certificate or key identifier they come with.
pub fn snapshot(
    keys: impl IntoIterator<Item = (KeyMaterial, Option<lintas::model::Kid>)>,
) -> Snapshot {
    let entry = |(position, (key, kid))| TrustEntry {
        place: Place {
            document: "benches".to_owned(),
            position,
        },
        key,
        kid,
        country: None,
        purposes: Purposes::ALL,
    };
    let source = Source::new("benches", Environment::Demo, UnixTime::END);
    let list = SourceList::pinned(source, (1..).zip(keys).map(entry).collect());
    Snapshot::assemble(Environment::Demo, 1, &[list]).0
}

/// Makes all signers of `snapshot` known to an engine of its own.
pub fn known(snapshot: &Snapshot) {
    let engine = Engine::start(Mode::KnownSigner).expect("it gives the known answers");
    snapshot.warm(&engine, usize::MAX);
    assert!(engine.counts().tables > 0, "no signer is known");
}

const ES256: i64 = -7;
