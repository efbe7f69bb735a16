//! `rules`: policy sets, from a file that somebody wrote to one that is in force.
//!
//! Refuses to activate what is not signed: whoever asks hands over the country's message as it is, and the gateway judges it.
//!
//! Source: docs/POLICY.md.

use super::door::{Operator, act};
use super::dry_run::DryRun;
use super::operate::block_on;
use super::{Exit, offline, show};
use crate::codec::x509::Certificate;
use crate::crypto::sha256;
use crate::exchange::check_policy_set;
use crate::exchange::dgcg::{message_bytes, read_message, write_message};
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::rules::{Difference, Flaw, PolicySet, differences};
use crate::server::files;
use crate::server::gateway::Clock;
use crate::server::keys::{FileSigner, certificate_of, sign_message};
use crate::trust::proof::proves;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What `rules` can do.
#[derive(Subcommand)]
pub(super) enum Rules {
    /// Print a policy set to begin with.
    Sample,
    /// Read a policy set and tell everything that is wrong with it: exit code 0 where nothing is.
    Check {
        /// The set, JSON, or the signed message that holds it.
        file: PathBuf,
    },
    /// What differs between two policy sets.
    Diff {
        /// The set before.
        old: PathBuf,
        /// The set after.
        new: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Colour a file of certificates by a policy set, and tell what differs from another.
    DryRun(DryRun),
    /// Sign a policy set by the country's key.
    Sign {
        /// The set, JSON.
        file: PathBuf,
        /// The certificate, PEM.
        #[arg(long)]
        certificate: PathBuf,
        /// Its key, PEM, which nobody else may read.
        #[arg(long)]
        key: PathBuf,
        /// Where the message goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Ask that a signed policy set is in force from an instant on.
    Activate {
        /// The signed message.
        file: PathBuf,
        /// From when on, RFC 3339.
        #[arg(long)]
        at: String,
        #[command(flatten)]
        operator: Operator,
    },
    /// The policy sets that were activated and are not over.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        operator: Operator,
    },
}

impl Rules {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Sample => {
                SAMPLE.lines().try_for_each(show::line)?;
                Ok(Exit::Success)
            }
            Self::Check { file } => check(&file),
            Self::Diff { old, new, json } => diff(&old, &new, json),
            Self::DryRun(dry_run) => dry_run.run(),
            Self::Sign {
                file,
                certificate,
                key,
                out,
            } => sign(&file, &certificate, &key, &out),
            Self::Activate { file, at, operator } => {
                let at = offline::instant(Some(&at))?;
                let message = message_bytes(&files::read(&file)?)?;
                let members = json!({
                    "message": BASE64_STANDARD.encode(message), "at": at.to_string(),
                });
                let act = act("policy.activate", &members)?;
                let door = operator.door()?;
                block_on(door.ask_for(&act))
            }
            Self::List { json, operator } => list(&operator, json),
        }
    }
}

/// The policy set in the file at `path`, JSON or a signed message.
///
/// # Errors
/// `input_output`; otherwise the first flaw, and every one is told.
pub(super) fn read(path: &Path) -> Result<PolicySet, Failure> {
    checked(path)?.map_err(|flaws| {
        flaws.iter().for_each(|flaw| show::note(&told(flaw)));
        let reason = format!("{} holds no policy set", path.display());
        Code::PolicyInvalid.because(reason)
    })
}

fn checked(path: &Path) -> Result<Result<PolicySet, Vec<Flaw>>, Failure> {
    let bytes = files::read(path)?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(check_policy_set(&bytes));
    }
    let message = read_message(&bytes)?;
    let empty = || Code::CmsInvalid.because("the message does not hold its content");
    let content = message.content.as_deref().ok_or_else(empty)?;
    proves(&message, content)?;
    let signer = Thumbprint(sha256(&message.certificate));
    show::note(&format!("{} is signed under {signer}", path.display()));
    Ok(check_policy_set(content))
}

fn told(flaw: &Flaw) -> String {
    format!("{}: {}", flaw.place, flaw.failure)
}

fn check(path: &Path) -> Result<Exit, Failure> {
    match checked(path)? {
        Ok(set) => {
            show::line(&named(&set))?;
            show::line(&format!(
                "sha256 {}",
                base16ct::lower::encode_string(set.digest())
            ))?;
            Ok(Exit::Success)
        }
        Err(flaws) => {
            for flaw in &flaws {
                show::line(&told(flaw))?;
            }
            Ok(Exit::Reject)
        }
    }
}

/// A set in a line: what it is called, how much is in it, and its period.
pub(super) fn named(set: &PolicySet) -> String {
    format!(
        "{} {}: {} colour rules, {} rules; from {} until {}",
        set.identifier,
        set.version,
        set.colours().count(),
        set.rules().rules().count(),
        set.valid_from,
        set.valid_to,
    )
}

fn diff(old: &Path, new: &Path, as_json: bool) -> Result<Exit, Failure> {
    let (old, new) = (read(old)?, read(new)?);
    let found = differences(Some(&old), &new);
    if as_json {
        let rows = found.iter().map(Difference::parts);
        let rows = rows.map(|(change, part)| json!({ "change": change, "part": part }));
        show::json(&json!({ "differences": rows.collect::<Vec<_>>() }))?;
        return Ok(Exit::Success);
    }
    for difference in &found {
        show::line(&difference.to_string())?;
    }
    if found.is_empty() {
        show::note("nothing differs but version and period");
    }
    Ok(Exit::Success)
}

fn sign(file: &Path, certificate: &Path, key: &Path, out: &Path) -> Result<Exit, Failure> {
    let content = files::read(file)?;
    let set = read(file)?;
    let der = certificate_of(certificate)?;
    let key = FileSigner::open(key)?;
    if Certificate::read(&der)?.public_key != key.spki()? {
        let reason = "the key does not belong to the certificate";
        return Err(Code::ConfigurationInvalid.because(reason));
    }
    let message = sign_message(&key, &der, &content, true, Clock::System.now())?;
    files::write(out, write_message(&message).as_bytes(), files::PUBLIC)?;
    show::line(&named(&set))?;
    show::line(&format!("signed under {}", Thumbprint(sha256(&der))))?;
    Ok(Exit::Success)
}

fn list(operator: &Operator, as_json: bool) -> Result<Exit, Failure> {
    let shown = block_on(operator.door()?.get("/admin/v1/policies"))?;
    if as_json {
        show::json(&shown)?;
        return Ok(Exit::Success);
    }
    let rows = shown.get("policies").and_then(Value::as_array);
    for row in rows.into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or("-");
        let in_force = row.get("in_force").and_then(Value::as_bool) == Some(true);
        show::line(&format!(
            "{} {}: from {} until {}{}; asked for by {}, approved by {}; sha256 {}",
            text("identifier"),
            text("version"),
            text("from"),
            text("until"),
            if in_force { ", IN FORCE" } else { "" },
            text("asked_by"),
            text("approved_by"),
            text("sha256"),
        ))?;
    }
    Ok(Exit::Success)
}

/// Indonesia's, as it could be.
const SAMPLE: &str = include_str!("../../policies/id.json");
