//! What the trust anchor signs on its own machine: certificates of a party, texts about an issuer.
//!
//! Refuses certificates of other countries, a CSCA that is no authority, and messages that do not prove what they stand for.
//!
//! Source: eu-dgcg, sections 0 and 1 (a detached CMS message over each certificate; the text over an issuer, a dialect each).

use crate::cli::show;
use crate::codec::cms::Signed;
use crate::codec::x509;
use crate::crypto::sha256;
use crate::exchange::dgcg::{Dialect, TrustedIssuer};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint};
use crate::server::files::{self, PUBLIC};
use crate::server::gateway::Clock;
use crate::server::keys::certificate_of;
use crate::trust::Role;
use crate::trust::proof::proves;
use clap::Args;
use serde_json::Map;
use std::path::{Path, PathBuf};

/// The files of a party's certificates, PEM.
#[derive(Args)]
pub(super) struct Certificates {
    /// That of its backend in TLS; may stand again.
    #[arg(long, required = true)]
    tls: Vec<PathBuf>,
    /// That by which it signs uploads.
    #[arg(long, required = true)]
    upload: Vec<PathBuf>,
    /// Its CSCA.
    #[arg(long, required = true)]
    csca: Vec<PathBuf>,
    /// Its authority for whoever exchanges data.
    #[arg(long)]
    deca: Vec<PathBuf>,
}

impl Certificates {
    /// The certificates, each in its part, as those of `country`.
    pub(super) fn read(&self, country: &str) -> Result<Vec<Signable>, Failure> {
        let parsed = Country::parse(country)
            .ok_or_else(|| Code::RequestInvalid.because("the country is none"))?;
        let parts = [
            (Role::Authentication, &self.tls),
            (Role::Upload, &self.upload),
            (Role::Csca, &self.csca),
            (Role::Deca, &self.deca),
        ];
        let mut found = Vec::new();
        for (role, paths) in parts {
            for (position, path) in paths.iter().enumerate() {
                let stem = format!("{}-{}", role.name().to_ascii_lowercase(), position + 1);
                let der = certificate_of(path)?;
                check(&der, role, parsed).map_err(|failure| {
                    let reason = format!("{}: {}", path.display(), failure.detail());
                    failure.code().because(reason)
                })?;
                found.push(Signable { role, stem, der });
            }
        }
        Ok(found)
    }
}

fn check(der: &[u8], role: Role, country: Country) -> Result<(), Failure> {
    let certificate = x509::Certificate::read(der)?;
    let countries = certificate.countries.iter();
    if !countries
        .filter_map(|it| Country::parse(it))
        .any(|it| it == country)
    {
        return Err(Code::CountryMismatch.because("its subject names another country, or none"));
    }
    let signs_others = matches!(role, Role::Csca | Role::Deca);
    if signs_others && certificate.authority != Some(true) {
        return Err(Code::EntryInvalid.because("it is no certificate of an authority (CA)"));
    }
    let now = Clock::System.now().seconds();
    if !(certificate.not_before..=certificate.not_after).contains(&now) {
        return Err(Code::EntryInvalid.because("it is not valid now"));
    }
    Ok(())
}

/// A certificate that the trust anchor signs.
pub(super) struct Signable {
    pub(super) role: Role,
    stem: String,
    pub(super) der: Vec<u8>,
}

impl Signable {
    /// Writes it into `folder`, and says how it is signed.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        files::create_dir(folder)?;
        let file = format!("{}.der", self.stem);
        files::write(&folder.join(&file), &self.der, PUBLIC)?;
        let fingerprint = Thumbprint(sha256(&self.der));
        show::line(&format!("# {} {fingerprint}", self.role.name()))?;
        show::line(&command(&file, &self.stem))
    }

    /// The message in `folder` that vouches for it.
    pub(super) fn signature(&self, folder: &Path) -> Result<Vec<u8>, Failure> {
        let path = folder.join(format!("{}.p7s", self.stem));
        proven(&path, &self.der)
    }
}

/// An address at which a country publishes keys.
#[derive(Args)]
pub(super) struct Issuer {
    /// The address: `https://...` or `did:...`.
    #[arg(long)]
    pub(super) url: String,
    /// How it is to be read: HTTP or DID.
    #[arg(long = "type")]
    pub(super) kind: String,
    /// The country, as it will be listed.
    #[arg(long)]
    pub(super) country: String,
    /// The issuer's name.
    #[arg(long)]
    pub(super) name: String,
    /// What it is trusted for.
    #[arg(long, default_value = "DCC")]
    pub(super) domain: String,
}

impl Issuer {
    /// Writes the texts into `folder`, and says how each is signed.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        files::create_dir(folder)?;
        for dialect in Dialect::ALL {
            let stem = stem(dialect);
            let file = format!("{stem}.txt");
            let text = self.text(dialect)?;
            files::write(&folder.join(&file), text.as_bytes(), PUBLIC)?;
            show::line(&format!("# {text}"))?;
            show::line(&command(&file, &stem))?;
        }
        Ok(())
    }

    /// The messages in `folder` over the texts, one at least.
    pub(super) fn signatures(&self, folder: &Path) -> Result<Vec<(Dialect, Vec<u8>)>, Failure> {
        let mut found = Vec::new();
        for dialect in Dialect::ALL {
            let path = folder.join(format!("{}.p7s", stem(dialect)));
            if path.exists() {
                found.push((dialect, proven(&path, self.text(dialect)?.as_bytes())?));
            }
        }
        if found.is_empty() {
            let reason = format!(
                "{} holds no issuer-eu.p7s or issuer-tng.p7s",
                folder.display()
            );
            return Err(Code::InputOutput.because(reason));
        }
        Ok(found)
    }

    fn text(&self, dialect: Dialect) -> Result<String, Failure> {
        let country = Country::parse(&self.country)
            .ok_or_else(|| Code::RequestInvalid.because("the country is none"))?;
        let issuer = TrustedIssuer {
            url: self.url.clone(),
            kind: self.kind.clone(),
            country,
            country_text: self.country.clone(),
            name: self.name.clone(),
            thumbprint: None,
            domain: Some(self.domain.clone()),
            taken_in_at: None,
            signature: Vec::new(),
            more: Map::new(),
        };
        Ok(issuer.signed_text(dialect))
    }
}

fn stem(dialect: Dialect) -> String {
    format!("issuer-{}", dialect.name())
}

/// How the trust anchor's holder signs `file`, so that the message stands apart from it.
fn command(file: &str, stem: &str) -> String {
    format!(
        "openssl cms -sign -binary -nosmimecap -md sha256 -in {file} -outform DER -signer ta.pem -inkey ta.key -out {stem}.p7s"
    )
}

/// The message in the file at `path`, which proves `content`.
fn proven(path: &Path, content: &[u8]) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(path)?;
    let named = |failure: Failure| {
        let reason = format!("{}: {}", path.display(), failure.detail());
        failure.code().because(reason)
    };
    let message = Signed::read(&bytes).map_err(named)?;
    if message
        .content
        .as_deref()
        .is_some_and(|within| within != content)
    {
        return Err(named(Code::ProofInvalid.because("it holds other content")));
    }
    proves(&message, content).map_err(named)?;
    let signer = Thumbprint(sha256(&message.certificate));
    show::note(&format!("{}: signed by {signer}", path.display()));
    Ok(bytes)
}
