//! `receipt`: what a receipt says, and whether it is to be believed; no network, no gateway.
//!
//! Refuses to show anything of a receipt that proves nothing, and keys that are not of receipts.
//!
//! Source: docs/RECEIPTS.md.

use super::{Exit, input, show};
use crate::failure::{Class, Code, Failure};
use crate::server::files;
use crate::verify::{self, Journey, ReceiptKey, Told, Unproven};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use clap::Args;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Arguments of `receipt`.
#[derive(Args)]
pub(super) struct Receipt {
    /// A file with the receipt as it stands in the answer, or `-` for standard input.
    receipt: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// A file with the text of the credential, to see whether it is the one that was judged; one for each, in their order.
    #[arg(long, value_name = "FILE")]
    text: Vec<PathBuf>,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

/// Whose signature counts.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub(super) struct Keys {
    /// A file of certificates of receipts, PEM; may be repeated.
    #[arg(long, value_name = "PEM")]
    key: Vec<PathBuf>,
    /// A file with what the gateway answered at `/.well-known/lintas`.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

impl Keys {
    /// The keys in the named files.
    ///
    /// # Errors
    /// `request_invalid` where a file holds none; those of [`ReceiptKey::read`]; `input_output`.
    pub(super) fn read(&self) -> Result<Vec<ReceiptKey>, Failure> {
        let mut certificates = Vec::new();
        for path in &self.key {
            let none = || {
                let reason = format!("{} holds no certificate in PEM", path.display());
                Code::RequestInvalid.because(reason)
            };
            let pem = files::read(path)?;
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let read = read.ok().filter(|read| !read.is_empty()).ok_or_else(none)?;
            certificates.extend(read.iter().map(|der| der.to_vec()));
        }
        if let Some(path) = &self.keys {
            let none = || {
                let reason = format!("{} names no keys of receipts", path.display());
                Code::RequestInvalid.because(reason)
            };
            let document: Value =
                serde_json::from_slice(&files::read(path)?).map_err(|_| none())?;
            let rows = document.get("receipt_keys").and_then(Value::as_array);
            for row in rows.ok_or_else(none)? {
                let certificate = row.get("certificate").and_then(Value::as_str);
                let der = certificate.and_then(|it| BASE64_STANDARD.decode(it).ok());
                certificates.push(der.ok_or_else(none)?);
            }
        }
        certificates
            .iter()
            .map(|der| ReceiptKey::read(der))
            .collect()
    }
}

/// The receipt in `text`, as it stands in an answer.
///
/// # Errors
/// `receipt_invalid`, `input_too_large`.
pub(super) fn unproven(text: &str) -> Result<Unproven, Failure> {
    let odd = |error| Code::ReceiptInvalid.caused_by("not base64url", error);
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim()).map_err(odd)?;
    Unproven::read(&bytes)
}

/// The texts in the files at `paths`, each with and without the end of its line: nobody knows which of them was judged.
pub(super) fn texts(paths: &[PathBuf]) -> Result<Vec<Vec<String>>, Failure> {
    paths.iter().map(|path| input::spellings(path)).collect()
}

/// Of the spellings of each text the one that `receipt` is about, else the first.
pub(super) fn chosen<'t>(receipt: &verify::Receipt, texts: &'t [Vec<String>]) -> Vec<&'t str> {
    let texts = texts.iter().enumerate().map(|(place, spellings)| {
        let is_about = |text: &&String| receipt.is_about_at(place, text);
        let judged = spellings.iter().find(is_about);
        let text = judged.or_else(|| spellings.first());
        text.map_or("", String::as_str)
    });
    texts.collect()
}

impl Receipt {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let unproven = unproven(&input::file(&self.receipt)?)?;
        let kid = unproven.kid();
        let receipt = match unproven.prove(&self.keys.read()?) {
            Ok(receipt) => receipt,
            Err(failure) if failure.code().class() == Class::Rejected => {
                show::failure(&failure);
                return Ok(Exit::Reject);
            }
            Err(failure) => return Err(failure),
        };
        let texts = texts(&self.text)?;
        let texts = chosen(&receipt, &texts);
        let is_about = (!texts.is_empty()).then(|| receipt.is_about(&texts));
        if self.json {
            let mut shown = receipt.to_json();
            if let Some(members) = shown.as_object_mut() {
                members.insert("kid".to_owned(), json!(kid.to_string()));
                let agrees = is_about.map(|is_about| ("text_agrees".to_owned(), json!(is_about)));
                members.extend(agrees);
            }
            show::json(&shown)?;
        } else {
            lines(&receipt)?;
            show::line(&format!("signed by {kid}"))?;
            match is_about {
                None => {}
                Some(true) => show::line("text: the one that was judged")?,
                Some(false) => show::line("text: NOT the one that was judged")?,
            }
        }
        Ok(if is_about == Some(false) {
            Exit::Reject
        } else {
            Exit::Success
        })
    }
}

fn lines(receipt: &verify::Receipt) -> Result<(), Failure> {
    show::line(receipt.outcome.name())?;
    for (number, told) in (1..).zip(&receipt.credentials) {
        show::line(&format!("credential {number}: {}", said(told)))?;
    }
    if let Some(journey) = &receipt.journey {
        show::line(&format!("for {}", going(journey)))?;
    }
    match &receipt.colour {
        Some(told) => show::line(&format!("colour {told}"))?,
        None if receipt.with_colour => show::line("colour: none")?,
        None => {}
    }
    let (environment, at) = (receipt.environment, receipt.at);
    show::line(&format!("told {} at {at}, {environment}", receipt.client))?;
    let (id, version) = (&receipt.policy.id, receipt.policy.version);
    show::line(&format!("policy {id}, version {version}"))?;
    let (snapshot, sequence) = (receipt.snapshot, receipt.sequence);
    show::line(&format!("snapshot {snapshot}, number {sequence}"))?;
    for source in &receipt.sources {
        show::line(&format!("source {} as of {}", source.id, source.as_of))?;
    }
    Ok(())
}

/// What was said of a credential, in machine names.
fn said(told: &Told) -> String {
    let names: Vec<_> = told.names().collect();
    if names.is_empty() {
        return "nothing against it".to_owned();
    }
    names.join(", ")
}

/// Where, when and how, as far as it was said.
fn going(journey: &Journey) -> String {
    let how = &journey.circumstances;
    let parts = [
        ("region", journey.region.as_ref().map(ToString::to_string)),
        ("arrival", journey.arrival.map(|at| at.to_string())),
        ("mode", how.mode.clone()),
        ("sector", how.sector.clone()),
        ("wilayah", how.wilayah.clone()),
    ];
    let parts = parts.into_iter();
    let parts = parts.filter_map(|(name, said)| said.map(|said| format!(", {name} {said}")));
    format!("{}{}", journey.destination, parts.collect::<String>())
}
