//! The suite of withdrawn certificates: published hashes against ours, what a batch of each kind does to a verdict, and the bytes
//! of filters over hashes.

use super::certificates::{clock, list_entries, snapshot};
use super::{Suite, cases, json_file, text};
use crate::codec::cose::Sign1;
use crate::codec::{base45, deflate};
use crate::credential;
use crate::credential::hcert::LIMITS;
use crate::crypto::Algorithm;
use crate::exchange::dgcg::slice::{BloomFilter, VarHashList};
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::revocation::{HashKind, RevocationBatch, RevocationHash, RevocationList};
use crate::server::files;
use crate::snapshot::Snapshot;
use crate::verify::{self, Policy};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// Grades `revocation/published-revoked.json` and the German app's samples beside it; `qa` is the manifest of the codes.
pub(super) fn grade(dir: &Path, qa: &Value) -> Result<Suite, Failure> {
    let mut suite = Suite::new("revocation");
    let entries = cases(qa)?.iter().find_map(|case| text(case, "trust_list"));
    let entries = entries.and_then(|list| list_entries(&dir.join(list)));
    let world = snapshot(entries.unwrap_or_default());
    let published = json_file(&dir.join("revocation/published-revoked.json"))?;
    for case in cases(&published)? {
        let path = text(case, "path").unwrap_or_default();
        let mut named = cases(qa)?
            .iter()
            .filter(|it| text(it, "path") == Some(path));
        let at = named
            .find_map(|it| text(it, "clock_accept"))
            .and_then(clock);
        let code = files::read(&dir.join(path))?;
        let code = String::from_utf8_lossy(&code);
        for kind in HashKind::ALL {
            let hex = case.get("hashes_hex").and_then(|it| text(it, kind.name()));
            let expected = hex.unwrap_or("a hash");
            let ours = hash(&code, kind).unwrap_or_else(|failure| failure.code().name().to_owned());
            let answer = withdrawn(&code, kind, expected, &world, at.unwrap_or(UnixTime::EPOCH));
            suite.record(
                &format!("{path}#{}", kind.name()),
                format!("{expected}: not revoked without its batch, revoked with it"),
                format!("{ours}: {answer}"),
                ours == expected && answer == ANSWER,
            );
        }
    }
    let samples = json_file(&dir.join("revocation/cwa/RevocationCalculationSampleData.json"))?;
    for sample in samples.as_array().into_iter().flatten() {
        let (name, code) = (text(sample, "description"), text(sample, "barcodeData"));
        for kind in HashKind::ALL {
            let expected = text(sample, &format!("exp{}", kind.name())).unwrap_or("a hash");
            let ours = hash(code.unwrap_or_default(), kind);
            let ours = ours.unwrap_or_else(|failure| failure.code().name().to_owned());
            let path = format!("cwa/{}#{}", name.unwrap_or_default(), kind.name());
            let agrees = ours == expected;
            suite.record(&path, expected.to_owned(), ours, agrees);
        }
    }
    let published = dir.join(PUBLISHED);
    if published.exists() {
        grade_slices(&json_file(&published)?, &mut suite)?;
    }
    Ok(suite)
}

/// Grades the filters of slices: their bytes over the three hashes of `published`, against those of the reference.
fn grade_slices(published: &Value, suite: &mut Suite) -> Result<(), Failure> {
    let code = text(published, "PREFIX").unwrap_or_default();
    let of = |kind: HashKind| {
        let hex = hash(code, kind)?;
        let mut bytes = [0; 16];
        let odd = |_| Code::Internal.because("a hash of another length");
        base16ct::lower::decode(hex, &mut bytes).map_err(odd)?;
        Ok::<_, Failure>(RevocationHash(bytes))
    };
    let uci = of(HashKind::Uci)?;
    let all = [uci, of(HashKind::CountryCodeUci)?, of(HashKind::Signature)?];
    let written = [
        BloomFilter::of(&all, 1e-12)?.write(),
        BloomFilter::of(&[uci], 0.01)?.write(),
        VarHashList::of_size(&all, 4, 1e-12)?.write(),
    ];
    for ((name, expected), written) in SLICES.into_iter().zip(written) {
        let ours = base16ct::lower::encode_string(&written);
        let agrees = ours == expected;
        suite.record(&format!("slices/{name}"), expected.to_owned(), ours, agrees);
    }
    Ok(())
}

/// The hash of this kind for the certificate in `code`, in hexadecimal.
fn hash(code: &str, kind: HashKind) -> Result<String, Failure> {
    let missing = |what: &str| Code::PayloadInvalid.because(what);
    let unverified = credential::read(code)?;
    let content = unverified.inspect_without_authentication();
    let certificate = content
        .certificate
        .ok_or_else(|| missing("no certificate"))??;
    let uvci = certificate.entry.uvci();
    let hash = match kind {
        HashKind::Uci => RevocationHash::of_uci(uvci),
        HashKind::CountryCodeUci => {
            let issuer = content.claims?.issuer;
            let issuer = issuer.ok_or_else(|| missing("no issuer"))?;
            RevocationHash::of_country_and_uci(&issuer, uvci)
        }
        HashKind::Signature => {
            let text = code.trim().strip_prefix("HC1:").unwrap_or_default();
            let message = deflate::inflate(&base45::decode(text)?, LIMITS.inflated)?;
            let message = Sign1::read(&message, LIMITS.cbor)?;
            let algorithm = message.algorithm.and_then(Algorithm::from_cose);
            let algorithm = algorithm.ok_or_else(|| missing("no algorithm"))?;
            RevocationHash::of_signature(message.signature(), algorithm)
        }
    };
    Ok(base16ct::lower::encode_string(&hash.0))
}

/// What the verdict on `code` says without and with a batch that its signer's country hands in.
fn withdrawn(
    code: &str,
    kind: HashKind,
    hex: &str,
    world: &Snapshot,
    at: UnixTime,
) -> &'static str {
    let mut hash = [0; 16];
    let opened = verify::open(code, world);
    let signer = opened
        .kid()
        .and_then(|kid| world.trust().candidates(kid).next());
    let country: Option<&Country> = signer.and_then(|dsc| dsc.countries.first());
    let (Some(country), Ok(_)) = (country, base16ct::lower::decode(hex, &mut hash)) else {
        return "no signer or no hash";
    };
    let batch = RevocationBatch {
        id: "published".to_owned(),
        country: *country,
        kid: opened.kid().cloned(),
        kind,
        expires_at: UnixTime::END,
        hashes: vec![RevocationHash(hash)],
    };
    let revoked = |world: &Snapshot| {
        let verdict = verify::verify(code, at, world, &Policy::default());
        verdict
            .findings()
            .any(|(_, finding)| finding.code == Code::Revoked)
    };
    let with = world
        .clone()
        .with_revocations(Arc::new(RevocationList::new([batch])));
    match (revoked(world), revoked(&with)) {
        (false, true) => ANSWER,
        (false, false) => "never revoked",
        (true, _) => "revoked without its batch",
    }
}

/// A published certificate, whose hashes the filters of the reference are over.
const PUBLISHED: &str = "dcc/AT/2DCode/raw/1.json";
/// What the reference's filters come to: over all three hashes with a rate of 1e-12, over that of the identifier with 0.01, and
/// the first four bytes of all three.
const SLICES: [(&str, &str); 3] = [
    (
        "bloom-three",
        "000134002b8cbccc00000003000000030000000718cba3e999214c0ec543d1329bf2fb7931c7ef8ada5c56a0e6cde000",
    ),
    (
        "bloom-one",
        "00012c003c23d70a000000010000000100000002a069c5685a2fd3aa",
    ),
    (
        "var-hash-list",
        "00012b8cbccc0000000304ae3f7b3ac85845794c0fe026",
    ),
];
const ANSWER: &str = "not revoked without its batch, revoked with it";
