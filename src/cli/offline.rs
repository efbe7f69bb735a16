//! `verify` and `inspect`: no network, no gateway.
//!
//! Refuses to mix the two: only `verify` says whether something is true.

use super::purpose::Purpose;
use super::{Exit, batch, bundle, input, show};
use crate::credential;
use crate::crypto::{Engine, Mode};
use crate::failure::{Code, Failure};
use crate::model::{Environment, UnixTime};
use crate::server::federation::Directory;
use crate::server::gateway::{Clock, pinned};
use crate::snapshot::Snapshot;
use crate::trust::Source;
use crate::verify::{self, Asked, Locale, Outcome, Policy, Presented, Verdict, View};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of `verify`.
#[derive(Args)]
pub(super) struct Verify {
    /// The credential: its text, a file with it, or `-` for standard input.
    credential: Option<String>,
    /// Verify every line of a file, or of standard input for `-`: prints number, outcome and codes a line.
    #[arg(long, value_name = "FILE", conflicts_with = "credential")]
    batch: Option<PathBuf>,
    #[command(flatten)]
    trusted: Trusted,
    /// The instant to judge at, RFC 3339; now if left out.
    #[arg(long)]
    at: Option<String>,
    /// Print the whole verdict as JSON.
    #[arg(long)]
    json: bool,
    /// How much of the certificate to show: result, gate, officer or holder; in a batch, with --json.
    #[arg(long, default_value = "result")]
    view: String,
    /// The language of messages: en or id; in a batch, with --json.
    #[arg(long, default_value = "en")]
    locale: String,
    #[command(flatten)]
    purpose: Purpose,
}

/// Who is trusted, without a gateway.
#[derive(Args)]
pub(super) struct Trusted {
    /// A file or folder of trusted signers (PEM, DER or a known JSON list); may be repeated. Or a bundle, which is the whole
    /// world: signers, withdrawals, rules. Without it, the pinned signers in the data folder.
    #[arg(long)]
    trust: Vec<PathBuf>,
    /// SHA-256 of the root that is to prove the bundle, 64 hexadecimal digits.
    #[arg(long, value_name = "SHA256")]
    root: Option<String>,
    /// Whose pinned signers: demo, test or production; demo if left out. A bundle says whose it is.
    #[arg(long)]
    environment: Option<String>,
    /// The data folder of a gateway on this machine.
    #[arg(long, default_value = "lintas-data")]
    data: PathBuf,
}

impl Verify {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        self.verified().or_else(|failure| {
            // Too old to say anything is no fault of the arguments: it is to be checked by hand.
            if failure.code() != Code::BundleStale {
                return Err(failure);
            }
            show::failure(&failure);
            Ok(Exit::Indeterminate)
        })
    }

    fn verified(self) -> Result<Exit, Failure> {
        let invalid = |what: &str| Code::RequestInvalid.because(format!("--{what}"));
        let at = instant(self.at.as_deref())?;
        let view = View::parse(&self.view).ok_or_else(|| invalid("view is not known"))?;
        let locale = Locale::parse(&self.locale).ok_or_else(|| invalid("locale is not known"))?;
        let asked = Asked {
            journey: self.purpose.journey()?,
            holder: self.purpose.holder()?,
            with_rules: self.purpose.all_rules,
            with_colour: false,
        };
        let mut snapshot = self.trusted.snapshot(at)?;
        if self.purpose.has_rules() {
            if self.trusted.root.is_some() {
                let reason = "rules and --value-sets: the bundle has its own";
                return Err(invalid(reason));
            }
            snapshot = snapshot.with_acceptance(Arc::new(self.purpose.acceptance()?));
        }
        if let Some(journey) = &asked.journey {
            journey.check(at, &snapshot)?;
            if !journey.circumstances.is_empty() && snapshot.policies().all().is_empty() {
                show::note(
                    "no rule here asks for mode, sector or wilayah: the policy set of a gateway does",
                );
            }
        }
        if let Some(path) = &self.batch {
            let judge = batch::Judge {
                engine: engine(&snapshot),
                snapshot,
                policy: Policy::default(),
                asked,
                at,
                simulated: self.at.is_some(),
                form: if self.json {
                    batch::Form::Json(view, locale)
                } else {
                    batch::Form::Table
                },
            };
            return batch::run(path, judge);
        }
        let text = input::text(self.credential.as_deref())?;
        let policy = Policy::default();
        let opened = verify::open(&text, &snapshot);
        let presented = [Presented::of(&opened)].into_iter();
        let mut verdict = asked.verdict(presented, at, &snapshot, &policy);
        verdict.simulated = self.at.is_some();
        if self.json {
            show::json(&verdict.to_json(view, Some(locale), None))?;
        } else {
            lines(&verdict, view, locale)?;
        }
        Ok(match verdict.outcome() {
            Outcome::Accept => Exit::Success,
            Outcome::Reject => Exit::Reject,
            Outcome::Indeterminate => Exit::Indeterminate,
        })
    }
}

impl Trusted {
    /// The signers in the named places; files that were just read are as fresh as the question. Of a bundle its world.
    pub(super) fn snapshot(&self, at: UnixTime) -> Result<Snapshot, Failure> {
        let unknown = || Code::RequestInvalid.because("--environment is not known");
        let named = self.environment.as_deref();
        let named = named.map(|it| Environment::parse(it).ok_or_else(unknown));
        let named = named.transpose()?;
        if let Some(world) = self.bundled(at)? {
            if named.is_some_and(|it| it != world.environment()) {
                return Err(Code::EnvironmentMismatch.because("a bundle of another environment"));
            }
            return Ok(world);
        }
        let environment = named.unwrap_or(Environment::Demo);
        let mut readings = Vec::new();
        if self.trust.is_empty() {
            let folder = self.data.join("trust").join(environment.name());
            if folder.is_dir() {
                readings.push(reading(&folder, environment, at)?);
            }
        } else {
            for path in &self.trust {
                readings.push(reading(path, environment, at)?);
            }
        }
        let (mut snapshot, report) = pinned::assemble(environment, 1, &readings);
        if snapshot.trust().signers().is_empty() && !self.trust.is_empty() {
            // A list that was named and holds nobody is no reason to turn anybody away.
            readings
                .iter_mut()
                .for_each(|reading| reading.list.source.as_of = UnixTime::EPOCH);
            snapshot = pinned::assemble(environment, 1, &readings).0;
        } else if self.trust.is_empty() && environment == Environment::Demo {
            show::note(
                "trust: the signers of the demo environment, which prove nothing outside it",
            );
        }
        if !report.refused.is_empty() {
            let (admitted, refused) = (report.admitted, report.refused.len());
            show::note(&format!(
                "trust: {admitted} signers admitted, {refused} entries refused"
            ));
            for refusal in report.refused.iter().take(MAX_SHOWN) {
                let (place, code, detail) = (&refusal.place, refusal.code, &refusal.detail);
                show::note(&format!("  {place}: {code}: {detail}"));
            }
        }
        if snapshot.trust().signers().is_empty() {
            show::note("trust: no signer is known; name a list with --trust PATH");
        }
        Ok(snapshot)
    }
}

impl Trusted {
    /// The world of the bundle that is trusted, where one is.
    fn bundled(&self, at: UnixTime) -> Result<Option<Snapshot>, Failure> {
        let invalid = |what: &str| Err(Code::RequestInvalid.because(what));
        // Where a root is named, whatever is named beside it is meant to be a bundle.
        let is_meant = |it: &&PathBuf| self.root.is_some() || bundle::is_bundle(it);
        match (self.trust.iter().find(is_meant), &self.root) {
            (None, None) => Ok(None),
            (None, Some(_)) => invalid("--root proves a bundle, and --trust names none"),
            (Some(_), None) => invalid(
                "a bundle is believed by its root alone: name it with --root SHA256, as the ministry told it by another way",
            ),
            (Some(_), Some(_)) if self.trust.len() > 1 => {
                invalid("a bundle is the whole world: no other --trust beside it")
            }
            (Some(path), Some(root)) => bundle::world(path, root, at).map(Some),
        }
    }
}

/// The instant that `text` names, RFC 3339; now without one.
///
/// # Errors
/// `request_invalid`.
pub(super) fn instant(text: Option<&str>) -> Result<UnixTime, Failure> {
    let odd = || Code::RequestInvalid.because("--at is not RFC 3339 with a zone");
    text.map_or(Ok(Clock::System.now()), |text| {
        UnixTime::parse(text).ok_or_else(odd)
    })
}

/// The fast judge of signatures, which knows the signers of `snapshot`.
pub(super) fn engine(snapshot: &Snapshot) -> Option<Arc<Engine>> {
    let engine = Engine::start(Mode::KnownSigner)
        .inspect_err(|failure| show::note(&format!("the library judges: {failure}")))
        .ok()?;
    snapshot.know(&engine);
    Some(engine)
}

fn reading(
    path: &Path,
    environment: Environment,
    at: UnixTime,
) -> Result<pinned::Reading, Failure> {
    let source = Source::new(path.display().to_string(), environment, at);
    pinned::read_directory(source, &Directory::new(path))
}

/// How many refused entries are shown one by one.
const MAX_SHOWN: usize = 10;

fn lines(verdict: &Verdict, view: View, locale: Locale) -> Result<(), Failure> {
    let outcome = verdict.outcome();
    show::line(outcome.name())?;
    if let Some(message) = verdict.message(locale) {
        show::line(&format!("  {} {}", message.sentence, message.remedy))?;
    }
    for (_, finding) in verdict.findings() {
        show::line(&format!("finding {}: {}", finding.code, finding.detail))?;
        if let Some(message) = finding.message(&verdict.messages, locale) {
            show::line(&format!("  {} {}", message.sentence, message.remedy))?;
        }
    }
    let body = verdict.to_json(view, None, None);
    for part in [
        "quirks",
        "credentials/0/signer",
        "credentials/0/certificate",
        "credentials/0/identity",
        "credentials/0/rules",
        "at",
        "recheck_by",
    ] {
        match body.pointer(&format!("/{part}")) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) if items.is_empty() => {}
            Some(Value::String(text)) => show::line(&format!("{part}: {text}"))?,
            Some(value) => {
                let name = part.rsplit('/').next().unwrap_or(part);
                show::line(&format!("{name}: {value}"))?;
            }
        }
    }
    Ok(())
}

/// Arguments of `inspect`.
#[derive(Args)]
pub(super) struct Inspect {
    /// The credential: its text, a file with it, or `-` for standard input.
    credential: Option<String>,
}

impl Inspect {
    /// Prints JSON; everything in it is only what the credential says of itself.
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let text = input::text(self.credential.as_deref())?;
        show::note("NOT VERIFIED: this is what the text says of itself; nobody vouches for it");
        let unverified = match credential::read(&text) {
            Ok(unverified) => unverified,
            Err(failure) => {
                show::json(&json!({ "verified": false, "error": failure_json(&failure) }))?;
                return Ok(Exit::Reject);
            }
        };
        let inspection = unverified.inspect_without_authentication();
        let hint = unverified.hint();
        let claims = match &inspection.claims {
            Err(failure) => json!({ "error": failure_json(failure) }),
            Ok(claims) => json!({
                "issuer": claims.issuer,
                "not_before": claims.not_before.map(|at| at.to_string()),
                "issued_at": claims.issued_at.to_string(),
                "expires_at": claims.expires_at.to_string(),
            }),
        };
        let certificate = inspection
            .certificate
            .as_ref()
            .map(|certificate| match certificate {
                Err(failure) => json!({ "error": failure_json(failure) }),
                Ok(certificate) => {
                    verify::certificate_json(certificate, View::Holder).unwrap_or_default()
                }
            });
        show::json(&json!({
            "verified": false,
            "format": inspection.format.name(),
            "kid": hint.kid.as_ref().map(ToString::to_string),
            "algorithm": hint.algorithm,
            "claims": claims,
            "certificate": certificate,
            "quirks": inspection.quirks.iter().map(|quirk| quirk.name()).collect::<Vec<_>>(),
        }))?;
        Ok(Exit::Success)
    }
}

fn failure_json(failure: &Failure) -> Value {
    json!({ "code": failure.code().name(), "detail": failure.detail() })
}
