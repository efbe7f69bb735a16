//! `bundle`: fetching a bundle as a file, and looking into one; what it says is the world of `verify --trust` as well.
//!
//! Refuses to keep a bundle that its root does not prove, and to call one proven where nobody named the root.

use super::operate::block_on;
use super::{Exit, bundle_key, bundle_root, show};
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime};
use crate::server::client::BundleSource;
use crate::server::files::{self, PUBLIC};
use crate::server::gateway::Clock;
use crate::server::scanner::bounded;
use crate::snapshot::Snapshot;
use crate::snapshot::bundle::{self, Age, Manifest, Proven, Root};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Commands about bundles.
#[derive(Subcommand)]
pub(super) enum Bundle {
    /// Fetch the newest bundle of a gateway, prove it, and keep it whole in a file.
    Fetch(Fetch),
    /// Show what is in a bundle, and whether it proves itself.
    Show(Show),
    /// The root of bundles: keys that lie offline, of which some sign together.
    #[command(subcommand)]
    Root(bundle_root::Root),
    /// The gateway's key of bundles, which the root names for 30 days at most.
    #[command(subcommand)]
    Key(bundle_key::Key),
}

/// Arguments of `bundle fetch`.
#[derive(Args)]
pub(super) struct Fetch {
    #[command(flatten)]
    network: Network,
    /// SHA-256 of the root that is to prove it, 64 hexadecimal digits.
    #[arg(long, value_name = "SHA256")]
    root: String,
    /// The file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Where new bundles come from.
#[derive(Args)]
pub(super) struct Network {
    /// The gateway, `https://HOST:PORT`.
    #[arg(value_name = "GATEWAY")]
    gateway: String,
    /// The CA of its TLS certificate, PEM; the CAs that browsers know if left out.
    #[arg(long, value_name = "PEM")]
    ca: Option<PathBuf>,
}

/// Arguments of `bundle show`.
#[derive(Args)]
pub(super) struct Show {
    /// The file.
    file: PathBuf,
    /// SHA-256 of the root that is to prove it, 64 hexadecimal digits.
    #[arg(long, value_name = "SHA256")]
    root: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Bundle {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Fetch(fetch) => fetch.run(),
            Self::Show(show) => show.run(),
            Self::Root(command) => command.run(),
            Self::Key(command) => command.run(),
        }
    }
}

impl Network {
    /// The newest bundle, or what follows the one that is there; nothing where that is the newest.
    pub(super) fn newer_than(&self, has: Option<Thumbprint>) -> Result<Option<Vec<u8>>, Failure> {
        let source = BundleSource::new(&self.gateway, self.ca.as_deref())?;
        block_on(source.newer_than(has))
    }
}

impl Fetch {
    fn run(self) -> Result<Exit, Failure> {
        let root = fingerprint(&self.root)?;
        let none = || Code::UpstreamInvalid.because("the gateway gives no bundle");
        let bytes = self.network.newer_than(None)?.ok_or_else(none)?;
        let bundle = bundle::Bundle::read(&bytes)?;
        let proven = bundle.prove(root, Some(Clock::System.now()))?;
        // Whatever is not read here would not be read at the gate.
        bundle.snapshot(&proven)?;
        files::write_durably(&self.out, &bytes, PUBLIC)?;
        let (manifest, out) = (&proven.manifest, self.out.display());
        show::line(&format!(
            "{out}: bundle {} of {}, made {}",
            manifest.sequence, manifest.environment, manifest.issued_at
        ))?;
        Ok(Exit::Success)
    }
}

impl Show {
    fn run(self) -> Result<Exit, Failure> {
        let now = Clock::System.now();
        let bytes = bounded(&self.file)?;
        let bundle = bundle::Bundle::read(&bytes)?;
        let none = || Code::BundleInvalid.because("a bundle without a root");
        // Without a root that was named, what the file says of itself is all that there is to look at.
        let pinned = match &self.root {
            Some(root) => fingerprint(root)?,
            None => Root::read(&bundle.roots.first().ok_or_else(none)?.0)?.fingerprint(),
        };
        let proven = bundle.prove(pinned, None)?;
        let (_, key, _) = bundle.stated(pinned)?;
        let parts = bundle.parts(&proven)?;
        let missing: usize = parts.iter().map(|it| it.missing).sum();
        let mut shown = proven.manifest.described(now);
        let rows = parts.iter().map(|it| {
            json!({ "part": it.name, "rows": it.rows, "chunks": it.chunks, "missing": it.missing, "bytes": it.bytes })
        });
        let sources = proven.manifest.sources.iter().map(|it| {
            let withdrawals = it.revocation_as_of.map(|at| at.to_string());
            json!({ "id": it.id, "as_of": it.as_of.to_string(), "withdrawals_as_of": withdrawals })
        });
        let more = json!({
            "proven": self.root.is_some(),
            "root": proven.root.fingerprint().to_string(),
            "key": {
                "kid": key.kid.to_string(),
                "not_before": key.validity.not_before.to_string(),
                "not_after": key.validity.not_after.to_string(),
                "is_over": key.validity.not_after < now,
            },
            "bytes": bytes.len(),
            "missing": missing,
            "parts": rows.collect::<Vec<_>>(),
            "sources": sources.collect::<Vec<_>>(),
        });
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        if self.root.is_none() {
            show::note(
                "NOT PROVEN: this is what the file says of itself; name the ministry's root with --root SHA256",
            );
        }
        if self.json {
            show::json(&shown)?;
            return Ok(Exit::Success);
        }
        let said = |place: &str| shown.pointer(place).map(text).unwrap_or_default();
        show::line(&format!(
            "bundle {} of {}, epoch {}, made {}: {}",
            said("/sequence"),
            said("/environment"),
            said("/epoch"),
            said("/issued_at"),
            told(&proven.manifest, now),
        ))?;
        show::line(&match self.root {
            Some(_) => format!("proven by the root {}", said("/root")),
            None => format!("not proven; it names the root {}", said("/root")),
        })?;
        let over = match key.validity.not_after < now {
            true => ", which is over",
            false => "",
        };
        let (kid, end) = (said("/key/kid"), said("/key/not_after"));
        show::line(&format!("key {kid}, until {end}{over}"))?;
        if missing > 0 {
            show::line(&format!(
                "follows an earlier bundle, which has {missing} of its chunks"
            ))?;
        }
        for part in &parts {
            let rows = part
                .rows
                .map_or_else(|| "?".to_owned(), |it| it.to_string());
            let (name, chunks, bytes) = (part.name, part.chunks, part.bytes);
            show::line(&format!(
                "{name:<12}{rows:>10} rows{chunks:>6} chunks{bytes:>12} bytes"
            ))?;
        }
        for source in &proven.manifest.sources {
            let hours = hours_since(source.as_of, now);
            let (id, at) = (&source.id, source.as_of);
            show::line(&format!("source {id}: as of {at}, {hours} hours ago"))?;
            if let Some(at) = source.revocation_as_of {
                let hours = hours_since(at, now);
                show::line(&format!(
                    "source {id}: withdrawals as of {at}, {hours} hours ago"
                ))?;
            }
        }
        Ok(Exit::Success)
    }
}

/// How old a bundle is, in words.
fn told(manifest: &Manifest, now: UnixTime) -> String {
    let hours = hours_since(manifest.issued_at, now);
    match manifest.age(now) {
        Age::Fresh => format!("{hours} hours old"),
        Age::Old(_) => format!("{hours} hours old, scanners warn"),
        Age::TooOld(_) => format!("{hours} hours old, too old to decide by"),
    }
}

/// Whether a file is meant to be a bundle; one that cannot be read is none.
pub(super) fn is_bundle(path: &Path) -> bool {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|it| it.take(HEAD).read_to_end(&mut bytes));
    read.is_ok() && bundle::Bundle::is_meant(&bytes)
}

/// The world in the bundle at `path`, where the root with the fingerprint `root` proves it and it is not too old at `at`.
///
/// # Errors
/// `bundle_stale`; those of [`bundle::Bundle::prove`] and [`bundle::Bundle::snapshot`]; `request_invalid`, `input_output`.
pub(super) fn world(path: &Path, root: &str, at: UnixTime) -> Result<Snapshot, Failure> {
    let root = fingerprint(root)?;
    let named = |failure: Failure| {
        let reason = format!("{}: {}", path.display(), failure.detail());
        failure.code().because(reason)
    };
    let bundle = bundle::Bundle::read(&bounded(path)?).map_err(named)?;
    let proven = bundle.prove(root, None)?;
    if bundle.parts(&proven)?.iter().any(|it| it.missing > 0) {
        let reason = "it follows an earlier bundle; name a whole one";
        return Err(named(Code::BundleInvalid.because(reason)));
    }
    if proven.manifest.environment == Environment::Demo {
        show::note("trust: a bundle of the demo environment, which proves nothing outside it");
    }
    match proven.manifest.age(at) {
        Age::Fresh => {}
        Age::Old(_) => show::note(&format!(
            "trust: the bundle is {}",
            told(&proven.manifest, at)
        )),
        Age::TooOld(_) => {
            return Err(Code::BundleStale.because(told(&proven.manifest, at)));
        }
    }
    let Proven { manifest, .. } = proven;
    // An instant before it was made is asked about in its world all the same.
    let proven = bundle.prove(root, Some(at.max(manifest.issued_at)))?;
    bundle.snapshot(&proven)
}

fn fingerprint(text: &str) -> Result<Thumbprint, Failure> {
    let none =
        || Code::RequestInvalid.because("--root is no SHA-256, which has 64 hexadecimal digits");
    Thumbprint::parse(text).ok_or_else(none)
}

fn hours_since(at: UnixTime, now: UnixTime) -> i64 {
    now.seconds().saturating_sub(at.seconds()).max(0) / HOUR_S
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Bytes by which a bundle is known.
const HEAD: u64 = 32;
const HOUR_S: i64 = 60 * 60;
