//! A new signing key of a gateway, in a sealed file or in a token, and the request for its certificate.
//!
//! Refuses to write over what is there. Source: RFC 2986 (PKCS #10).

use super::cohort::Cohort;
use super::passphrase::Passphrase;
use super::remote::Remote;
use super::sealed::make_sealed;
use super::signer::Signer;
use super::token::Token;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::Country;
use crate::server::files::{self, PUBLIC};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose,
};
use std::path::{Path, PathBuf};

/// What a new key of a gateway is for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The country that its signer signs for.
    pub country: Country,
    /// Who issues, for people.
    pub issuer: String,
    /// What its signer is for.
    pub cohort: Cohort,
}

/// Makes a key in a sealed file below `folder` and the request for its certificate beside it; the place of the request.
///
/// # Errors
/// `request_invalid`, `input_output`, `internal`.
pub fn make_sealed_key(
    folder: &Path,
    wanted: &Wanted,
    passphrase: &Passphrase,
) -> Result<PathBuf, Failure> {
    files::create_private_dir(folder)?;
    // The name says which key it is, and the key is not there yet.
    let draft = folder.join(format!(".{}.draft", std::process::id()));
    let made = make_sealed(&draft, passphrase).and_then(|key| {
        let public_key = key.spki()?;
        let stem = stem(&wanted.cohort, &public_key);
        let path = folder.join(format!("{stem}.key"));
        let moved = std::fs::rename(&draft, &path);
        moved.map_err(|error| Code::InputOutput.caused_by("a key was not put in place", error))?;
        ask(folder, &stem, wanted, &key, &public_key)
    });
    if made.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    made
}

/// Makes a key in `token` and the request for its certificate below `folder`; the place of the request.
///
/// # Errors
/// `signer_unavailable`, `key_sealed`, `input_output`, `internal`.
pub fn make_token_key(folder: &Path, wanted: &Wanted, token: &Token) -> Result<PathBuf, Failure> {
    files::create_private_dir(folder)?;
    let public_key = token.make(&wanted.cohort.to_string())?;
    let signer = token.signer(&public_key)?;
    let lost = || Code::SignerUnavailable.because("the token does not find its new key");
    let stem = stem(&wanted.cohort, &public_key);
    ask(
        folder,
        &stem,
        wanted,
        &signer.ok_or_else(lost)?,
        &public_key,
    )
}

fn stem(cohort: &Cohort, public_key: &[u8]) -> String {
    let name = cohort.common_name(&sha256(public_key)).to_lowercase();
    name.replace(' ', "-")
}

fn ask(
    folder: &Path,
    stem: &str,
    wanted: &Wanted,
    key: &dyn Signer,
    public_key: &[u8],
) -> Result<PathBuf, Failure> {
    let mut parameters = CertificateParams::default();
    let name = wanted.cohort.common_name(&sha256(public_key));
    parameters.distinguished_name = subject(wanted.country.as_str(), &wanted.issuer, &name);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = usages(&wanted.cohort);
    let request = parameters.serialize_request(&Remote::new(key, public_key)?);
    let pem = request.and_then(|request| request.pem());
    let pem = pem.map_err(|error| Code::Internal.caused_by("no request was made", error))?;
    let path = folder.join(format!("{stem}.csr"));
    files::write(&path, pem.as_bytes(), PUBLIC)?;
    Ok(path)
}

pub(super) fn subject(country: &str, organization: &str, name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, country);
    subject.push(DnType::OrganizationName, organization);
    subject.push(DnType::CommonName, name);
    subject
}

pub(super) fn usages(cohort: &Cohort) -> Vec<ExtendedKeyUsagePurpose> {
    let usages = cohort.usages().into_iter();
    usages.map(ExtendedKeyUsagePurpose::Other).collect()
}
