//! The suites of other systems' vectors, one manifest for all: those of the WHO's trust list and of the EU gateway.
//!
//! Rows of suites that are not judged here are not counted. Every count that a row publishes is compared.

use super::trust_lists::pem;
use super::{Suite, cases, text};
use crate::codec::cms::Signed;
use crate::codec::x509::Certificate;
use crate::crypto::{VerifyingKey, sha256};
use crate::exchange::did::{DidDocument, Method, MethodRow, Usage, read_signer};
use crate::exchange::onboarding::Statement;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::files;
use crate::trust::chain::issued_by;
use crate::trust::proof::proves;
use crate::trust::{Place, kid_of};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Grades the rows of `manifest.json` whose suite is `name`.
pub(super) fn grade(dir: &Path, manifest: &Value, name: &'static str) -> Result<Suite, Failure> {
    let mut suite = Suite::new(name);
    for case in cases(manifest)?
        .iter()
        .filter(|case| text(case, "suite") == Some(name))
    {
        if case.get("graded") == Some(&json!(false)) {
            suite.skipped += 1;
            continue;
        }
        let path = text(case, "path").unwrap_or_default();
        let ours = answer(dir, path, case);
        let (expected, agrees) = compare(case, &ours);
        suite.record(path, expected, ours.text, agrees);
    }
    Ok(suite)
}

/// What we make of a row.
struct Ours {
    /// As the manifest spells it, with the step where it is a rejection.
    text: String,
    /// The counts and the proof of a list that was read.
    facts: Map<String, Value>,
}

impl Ours {
    fn says(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            facts: Map::new(),
        }
    }

    fn rejects(failure: &Failure) -> Self {
        let (_, step) = STEPS
            .iter()
            .find(|(codes, _)| codes.contains(&failure.code()))
            .unwrap_or(&(&[], "decode"));
        Self::says(format!("reject:{step}"))
    }
}

fn compare(case: &Value, ours: &Ours) -> (String, bool) {
    let expect = text(case, "expect").unwrap_or_default();
    let mut expected = match text(case, "step") {
        Some(step) => format!("{expect}:{step}"),
        None => expect.to_owned(),
    };
    let published = expected.clone();
    let others = case
        .get("alt")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut accepted = others.filter_map(Value::as_str).chain([published.as_str()]);
    let said =
        accepted.any(|answer| answer == ours.text || Some(answer) == ours.text.split(':').next());
    let counts = case.get("counts").and_then(Value::as_object);
    let proof = case.get("proof").map(|proof| ("proof", proof));
    let facts = counts
        .into_iter()
        .flatten()
        .map(|(name, number)| (name.as_str(), number));
    let wrong = facts
        .chain(proof)
        .find(|(name, fact)| ours.facts.get(*name) != Some(fact));
    if let Some((name, fact)) = wrong {
        let found = ours.facts.get(name).unwrap_or(&Value::Null);
        expected = format!("{expected} with {name} {fact}, not {found}");
    }
    (expected, said && wrong.is_none())
}

fn answer(dir: &Path, path: &str, case: &Value) -> Ours {
    let trust = case
        .get("trust")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let trust: Vec<_> = trust
        .filter_map(Value::as_str)
        .map(|it| dir.join(it))
        .collect();
    let trusted = || {
        trust
            .iter()
            .map(|path| files::read(path))
            .collect::<Result<Vec<_>, _>>()
    };
    let at = text(case, "at").and_then(UnixTime::parse);
    let judged = || {
        let at = at.ok_or_else(|| Code::RequestInvalid.because("a row without a clock"))?;
        let (bytes, trusted) = (files::read(&dir.join(path))?, trusted()?);
        match text(case, "kind") {
            Some("trust_list") => list(&bytes, &trusted, at),
            Some("chain") => chain(&bytes, &trusted, at),
            Some("cms") if path.ends_with(".json") => statement(&bytes, &trusted),
            Some("cms") => message(&bytes, text(case, "payload").unwrap_or_default()),
            _ => Err(Code::RequestInvalid.because("a kind of row that is not known")),
        }
    };
    judged().unwrap_or_else(|failure| Ours::rejects(&failure))
}

/// A DID document, one of a signer, or keys of the first version in a list.
fn list(bytes: &[u8], trusted: &[Vec<u8>], at: UnixTime) -> Result<Ours, Failure> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Code::ListInvalid.caused_by("not JSON", error))?;
    let mut ours = Ours::says("load");
    if let Value::Array(methods) = &value {
        let methods: Vec<_> = methods.iter().map(bare).collect();
        ours.facts = counts(&methods, at);
        ours.facts.insert("proof".to_owned(), "none".into());
        return Ok(ours);
    }
    let did = text(&value, "id").unwrap_or_default();
    let document = DidDocument::read(bytes, did)?;
    ours.facts = counts(&document.methods, at);
    // The key of a signer stands in no place of a list, and is read as what it is.
    if let Some(signer) = value
        .get("proof")
        .is_none()
        .then(|| read_signer(bytes, did))
    {
        ours.facts
            .insert("loadable".to_owned(), usize::from(signer.is_ok()).into());
    }
    let host = |did: &str| did.split(':').nth(2).map(str::to_owned);
    let references = document.references.iter();
    let foreign = references.filter(|it| host(it) != host(did)).count();
    let all = document.methods.len() + document.references.len();
    for (name, number) in [
        ("entries", all),
        ("references", document.references.len()),
        ("foreign_references", foreign),
    ] {
        ours.facts.insert(name.to_owned(), number.into());
    }
    let signer = document.proof.as_ref().map(|proof| proof.signer.as_str());
    let proof = match (signer, trusted) {
        (None, _) => "none",
        (Some(_), []) => "unverifiable",
        (Some(signer), trusted) => {
            let keys: Vec<VerifyingKey> = trusted
                .iter()
                .filter_map(|bytes| read_signer(bytes, signer).ok())
                .collect();
            let proven = keys.iter().any(|key| document.proven_by(key).is_ok());
            if proven {
                "verifies"
            } else {
                "does not verify"
            }
        }
    };
    ours.facts.insert("proof".to_owned(), proof.into());
    Ok(ours)
}

fn bare(value: &Value) -> MethodRow {
    let place = Place {
        document: "list".to_owned(),
        position: 1,
    };
    let members = value.as_object().cloned().unwrap_or_default();
    Method::read(place.clone(), &members).map_err(|failure| {
        Box::new(crate::exchange::RowFailure {
            place,
            kid: None,
            failure,
        })
    })
}

/// Every number that rows publish of the keys of a list.
fn counts(rows: &[MethodRow], at: UnixTime) -> Map<String, Value> {
    let methods: Vec<_> = rows.iter().flatten().collect();
    let mut facts = Map::new();
    let mut fact = |name: &str, number: usize| {
        facts.insert(name.to_owned(), number.into());
    };
    fact("entries", rows.len());
    fact("loadable", methods.len());
    let unnamed = methods.iter().filter(|method| method.curve_unnamed);
    fact("unknown_curve", unnamed.count());
    let mut kids = BTreeMap::<_, usize>::new();
    methods
        .iter()
        .for_each(|method| *kids.entry(&method.kid).or_default() += 1);
    fact(
        "duplicate_kids",
        kids.values().filter(|count| **count > 1).count(),
    );
    let other_kid = methods.iter().filter(|method| {
        let kid = method.chain.first().and_then(|der| kid_of(der));
        kid.as_ref() != Some(&method.kid)
    });
    fact("kid_not_certificate_hash", other_kid.count());
    let mut expired = Map::new();
    for (name, usage) in USAGES {
        let of_usage = methods.iter().filter(|method| method.usage == usage);
        fact(name, of_usage.clone().count());
        let ended = of_usage.filter(|method| ended(method, at)).count();
        if matches!(usage, Usage::Dsc | Usage::Csca) {
            expired.insert(name.to_owned(), ended.into());
        }
    }
    // Rows leave out the usages of which there are none.
    let present = |name: &String, _: &mut Value| facts.get(name) != Some(&json!(0));
    expired.retain(present);
    facts.insert("expired_at_clock".to_owned(), expired.into());
    facts
}

fn ended(method: &Method, at: UnixTime) -> bool {
    let leaf = method.chain.first().map(|der| Certificate::read(der));
    leaf.is_some_and(|leaf| leaf.is_ok_and(|leaf| leaf.not_after < at.seconds()))
}

/// A chain, leaf first, up to what is trusted, or to its own end where nothing is.
fn chain(bytes: &[u8], trusted: &[Vec<u8>], at: UnixTime) -> Result<Ours, Failure> {
    let mut certificates = blocks(bytes);
    let entries = certificates.len();
    match trusted
        .iter()
        .find_map(|bytes| blocks(bytes).into_iter().next())
    {
        Some(anchor) => certificates.push(anchor),
        None => certificates.extend(certificates.last().cloned()),
    }
    for pair in certificates.windows(2) {
        if let [certificate, issuer] = pair {
            issued_by(certificate, issuer)?;
        }
    }
    for certificate in &certificates {
        let certificate = Certificate::read(certificate)?;
        if at.seconds() > certificate.not_after {
            return Err(Code::SignerExpired.because("a certificate of the chain"));
        }
        if at.seconds() < certificate.not_before {
            return Err(Code::SignerNotYetValid.because("a certificate of the chain"));
        }
    }
    let mut ours = Ours::says("accept");
    ours.facts.insert("entries".to_owned(), entries.into());
    Ok(ours)
}

/// What a trust anchor says of a certificate, under the certificates of its chain.
fn statement(bytes: &[u8], trusted: &[Vec<u8>]) -> Result<Ours, Failure> {
    let statement = Statement::read(bytes)?;
    let pinned: Vec<_> = trusted
        .iter()
        .flat_map(|it| blocks(it))
        .map(|der| sha256(&der))
        .collect();
    statement.proven_by(&pinned)?;
    Ok(Ours::says("signature_good"))
}

/// A message in Base64, over its own content or over `payload`.
fn message(bytes: &[u8], payload: &str) -> Result<Ours, Failure> {
    let text: String = String::from_utf8_lossy(bytes).split_whitespace().collect();
    let message = BASE64_STANDARD
        .decode(text)
        .map_err(|error| Code::CmsInvalid.caused_by("not Base64", error))?;
    let message = Signed::read(&message)?;
    let other = message
        .content
        .as_ref()
        .is_some_and(|it| it != payload.as_bytes());
    let good = !other && proves(&message, payload.as_bytes()).is_ok();
    Ok(Ours::says(if good {
        "signature_good"
    } else {
        "signature_bad"
    }))
}

/// The certificates of a PEM file.
fn blocks(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    let blocks = text.split(BEGIN).skip(1);
    blocks
        .map(|block| pem(format!("{BEGIN}{block}").as_bytes()))
        .collect()
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const USAGES: [(&str, Usage); 4] = [
    ("dsc", Usage::Dsc),
    ("sca", Usage::Csca),
    ("deca", Usage::Deca),
    ("desc", Usage::Desc),
];
/// The manifest's steps.
const STEPS: [(&[Code], &str); 3] = [
    (&[Code::AnchorUnknown], "signer"),
    (
        &[
            Code::ChainInvalid,
            Code::ProofInvalid,
            Code::SignatureInvalid,
        ],
        "signature",
    ),
    (&[Code::SignerExpired, Code::SignerNotYetValid], "time"),
];
