//! The suites of whole certificates: a text, a trust list, a clock, and the published verdict with its step.

use super::{Suite, cases, json_file, text};
use crate::exchange;
use crate::failure::{Code, Failure};
use crate::model::{Environment, UnixTime};
use crate::server::files;
use crate::snapshot::Snapshot;
use crate::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use crate::verify::{self, Outcome, Policy, Verdict};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// The manifests' steps, in the order in which a verifier takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Prefix,
    Base45,
    Zlib,
    Cose,
    Kid,
    Signature,
    Cwt,
    Time,
    Hcert,
    Schema,
    SingleEntry,
    KeyUsage,
    /// Anything that the manifests do not speak of.
    Beyond,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Base45 => "base45",
            Self::Zlib => "zlib",
            Self::Cose => "cose",
            Self::Kid => "kid",
            Self::Signature => "signature",
            Self::Cwt => "cwt",
            Self::Time => "time",
            Self::Hcert => "hcert",
            Self::Schema => "schema",
            Self::SingleEntry => "single-entry",
            Self::KeyUsage => "key-usage",
            Self::Beyond => "beyond",
        }
    }

    /// The step at which a finding with this code stands.
    ///
    /// From version 1.3 on the schema itself allows one entry only, so `entries_not_one` may be published as either of
    /// two steps; it is graded as `single-entry`, and `schema` is taken for it, too.
    fn of(code: Code) -> Self {
        TABLE
            .iter()
            .find(|(_, codes)| codes.contains(&code))
            .map_or(Self::Beyond, |(step, _)| *step)
    }
}

/// What we make of a case.
struct Ours {
    outcome: Outcome,
    /// The earliest step that speaks against it.
    step: Option<Step>,
    codes: Vec<Code>,
}

impl Ours {
    /// Our answer, with the findings at the `disputed` step left out of the comparison.
    fn of(verdict: &Verdict, disputed: Option<Step>) -> Self {
        let codes: Vec<_> = verdict
            .findings()
            .map(|(_, finding)| finding.code)
            .collect();
        let steps = codes.iter().map(|code| Step::of(*code));
        let step = steps.filter(|step| Some(*step) != disputed).min();
        let outcome = if step.is_none() && disputed.is_some() {
            Outcome::Accept
        } else {
            verdict.outcome()
        };
        Self {
            outcome,
            step,
            codes,
        }
    }

    fn passes(&self, last: Step) -> bool {
        self.step.is_none_or(|step| step > last)
    }

    fn describe(&self) -> String {
        let codes: Vec<_> = self.codes.iter().map(|code| code.name()).collect();
        match self.step {
            None => self.outcome.name().to_owned(),
            Some(step) => format!(
                "{} at {} ({})",
                self.outcome.name(),
                step.name(),
                codes.join(", ")
            ),
        }
    }

    fn rejects_at(&self, published: Option<&str>) -> bool {
        let Some(step) = self.step.filter(|_| self.outcome == Outcome::Reject) else {
            return false;
        };
        match published {
            None => true,
            Some(published) => {
                published == step.name()
                    || (step == Step::SingleEntry && published == Step::Schema.name())
            }
        }
    }
}

/// Grades the cases of `dcc-manifest.json`: each carries its one trusted certificate and its clock.
pub(super) fn grade_dcc(dir: &Path, manifest: &Value) -> Result<Suite, Failure> {
    let mut suite = Suite::new("dcc");
    for case in cases(manifest)? {
        let path = text(case, "path").unwrap_or_default();
        if text(case, "verdict") == Some("disputed")
            && text(case, "disputed_step") != Some("schema")
        {
            suite.skipped += 1;
            continue;
        }
        let Ok(file) = json_file(&dir.join(path)) else {
            suite.record(
                path,
                "a readable case".into(),
                "no readable file".into(),
                false,
            );
            continue;
        };
        let certificate = file.pointer("/TESTCTX/CERTIFICATE");
        let entry = certificate
            .and_then(Value::as_str)
            .and_then(|it| pinned(it, path));
        let (Some(credential), Some(at)) =
            (text(&file, "PREFIX"), text(case, "clock").and_then(clock))
        else {
            suite.record(
                path,
                "a text and a clock".into(),
                "a case without".into(),
                false,
            );
            continue;
        };
        let trusted = entry.is_some();
        let world = snapshot(entry.into_iter().collect());
        let verdict = verify::verify(credential, at, &world, &Policy::default());
        let ours = Ours::of(&verdict, disputed(case));
        if trusted || ours.step.is_some_and(|step| step < Step::Kid) {
            grade(&mut suite, path, case, &ours);
        } else {
            // With nobody to trust every signer is unknown, which proves nothing.
            suite.record(
                path,
                "a certificate to trust".into(),
                "a case without".into(),
                false,
            );
        }
    }
    Ok(suite)
}

/// Grades the cases of `dcc-qa-manifest.json` at their accepting clock, and again at their expired clock.
pub(super) fn grade_qa(dir: &Path, manifest: &Value) -> Result<(Suite, Suite), Failure> {
    let mut verdicts = Suite::new("dcc-qa");
    let mut expiries = Suite::new("dcc-qa-expired");
    let mut lists = HashMap::new();
    let policy = Policy::default();
    let fallback = cases(manifest)?
        .iter()
        .find_map(|case| text(case, "trust_list"));
    for case in cases(manifest)? {
        let path = text(case, "path").unwrap_or_default();
        if text(case, "verdict") == Some("accept-signature/dispute-key") {
            verdicts.skipped += 1;
            continue;
        }
        let Ok(credential) =
            files::read(&dir.join(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        else {
            verdicts.record(
                path,
                "a readable case".into(),
                "no readable file".into(),
                false,
            );
            continue;
        };
        // The list a case names, or else its own certificate; an unknown signer is unknown to any list.
        let single = text(case, "dsc").and_then(|it| pinned(it, path));
        let (name, world) = match (text(case, "trust_list"), single, fallback) {
            (Some(list), _, _) | (None, None, Some(list)) => (
                list,
                lists
                    .entry(list)
                    .or_insert_with(|| list_entries(&dir.join(list)).map(snapshot)),
            ),
            (None, Some(entry), _) => (
                path,
                lists
                    .entry(path)
                    .or_insert_with(|| Some(snapshot(vec![entry]))),
            ),
            (None, None, None) => (path, lists.entry(path).or_default()),
        };
        let Some(snapshot) = world else {
            verdicts.record(
                path,
                format!("the signers of {name}"),
                "no readable list".into(),
                false,
            );
            continue;
        };
        // A published clock where there is one; an unknown signer is unknown at any time.
        let at = text(case, "clock_accept")
            .or_else(|| text(case, "iat"))
            .and_then(clock);
        let at = at.unwrap_or(UnixTime::EPOCH);
        let ours = Ours::of(&verify::verify(&credential, at, snapshot, &policy), None);
        grade(&mut verdicts, path, case, &ours);
        let past = text(case, "clock_expired").and_then(clock);
        if let Some(past) = past.filter(|_| text(case, "verdict") == Some("accept")) {
            let ours = Ours::of(&verify::verify(&credential, past, snapshot, &policy), None);
            let agrees =
                ours.rejects_at(Some(Step::Time.name())) && ours.codes.contains(&Code::Expired);
            expiries.record(
                path,
                "reject at time (expired)".into(),
                ours.describe(),
                agrees,
            );
        }
    }
    Ok((verdicts, expiries))
}

/// The step on which publisher and oracle part in a case whose verdict stands all the same.
fn disputed(case: &Value) -> Option<Step> {
    let graded = text(case, "verdict") == Some("reject");
    let rows = case
        .get("disagreements")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let schema = rows
        .iter()
        .any(|row| text(row, "key") == Some("EXPECTEDSCHEMAVALIDATION"));
    (graded && schema && text(case, "reject_step") != Some(Step::Schema.name()))
        .then_some(Step::Schema)
}

fn grade(suite: &mut Suite, path: &str, case: &Value, ours: &Ours) {
    let verdict = text(case, "verdict").unwrap_or_default();
    let step = text(case, "reject_step");
    let (expected, agrees) = match verdict {
        "accept" => ("accept".to_owned(), ours.outcome == Outcome::Accept),
        "reject" => (
            step.map_or_else(|| "reject".to_owned(), |step| format!("reject at {step}")),
            ours.rejects_at(step),
        ),
        // Only what stands before the schema is beyond dispute.
        "disputed" => match case.pointer("/core/verdict").and_then(Value::as_str) {
            None | Some("accept") => ("accept before schema".to_owned(), ours.passes(Step::Hcert)),
            Some("reject") => ("reject before schema".to_owned(), !ours.passes(Step::Hcert)),
            Some(_) => ("a known verdict of the core".to_owned(), false),
        },
        _ if verdict.starts_with("accept-signature") => (
            "accept the signature".to_owned(),
            ours.passes(Step::Signature),
        ),
        _ => ("a known verdict".to_owned(), false),
    };
    suite.record(path, expected, ours.describe(), agrees);
}

fn pinned(certificate: &str, path: &str) -> Option<TrustEntry> {
    let der = BASE64_STANDARD.decode(certificate).ok()?;
    Some(TrustEntry {
        place: Place {
            document: path.to_owned(),
            position: 1,
        },
        key: KeyMaterial::Certificate(der),
        kid: None,
        country: None,
        purposes: Purposes::ALL,
    })
}

/// The entries of a trust list: a file, or a folder with a file `dsc-list.signed`; `None` where there are none.
pub(super) fn list_entries(path: &Path) -> Option<Vec<TrustEntry>> {
    let file = if path.is_dir() {
        path.join("dsc-list.signed")
    } else {
        path.to_owned()
    };
    let rows = files::read(&file)
        .and_then(|bytes| exchange::read(&file.to_string_lossy(), &bytes))
        .ok()?;
    let entries: Vec<_> = rows.into_iter().filter_map(Result::ok).collect();
    (!entries.is_empty()).then_some(entries)
}

/// A world of these signers, in the environment that admits those of every country.
pub(super) fn snapshot(entries: Vec<TrustEntry>) -> Snapshot {
    let environment = Environment::Demo;
    let id = "conformance".to_owned();
    let source = Source::new(id, environment, UnixTime::END);
    Snapshot::assemble(environment, 1, &[SourceList::pinned(source, entries)]).0
}

/// A published clock; without a zone it is in UTC.
pub(super) fn clock(text: &str) -> Option<UnixTime> {
    UnixTime::parse(text).or_else(|| UnixTime::parse(&format!("{text}Z")))
}

/// Which findings stand at which of the manifests' steps.
const TABLE: &[(Step, &[Code])] = &[
    (Step::Prefix, &[Code::FormatUnknown]),
    (Step::Base45, &[Code::Base45Invalid]),
    (Step::Zlib, &[Code::InflateInvalid, Code::InputTooLarge]),
    (Step::Cose, &[Code::CborInvalid, Code::CoseInvalid]),
    (Step::Kid, &[Code::KidMissing, Code::UnknownSigner]),
    (
        Step::Signature,
        &[
            Code::AlgorithmUnsupported,
            Code::AlgorithmMismatch,
            Code::SignerKeyWeak,
            Code::SignatureInvalid,
        ],
    ),
    (Step::Cwt, &[Code::CwtInvalid]),
    (
        Step::Time,
        &[
            Code::Expired,
            Code::NotYetValid,
            Code::SignerExpired,
            Code::SignerNotYetValid,
        ],
    ),
    (Step::Hcert, &[Code::HcertMissing]),
    (Step::Schema, &[Code::PayloadInvalid]),
    (Step::SingleEntry, &[Code::EntriesNotOne]),
    (Step::KeyUsage, &[Code::SignerNotAuthorised]),
];
