//! Signers that a party hands in and takes back.
//!
//! Refuses, in this order: a message that its key did not sign; one whose key is no upload certificate of the party; a
//! certificate that does not name the party's country and no other; one that no CA of the country signed; one that is
//! there; one whose key identifier another has. Looks at neither period nor usage, as the reference gateways do not; what
//! is outside the common profile is told in the audit, and refused where this gateway is strict.
//!
//! Source: EU DGCG, validation of uploads; WHO TNG, trusted certificates.

use super::entry::Entry;
use super::message::Handed;
use super::refused::{Reason, Refused};
use super::write::Change;
use super::{HUB, Hub, Party};
use crate::codec::x509::Certificate;
use crate::exchange::{Record, RecordKind};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::gateway::replica;
use crate::trust::Role;
use crate::trust::chain::issued_by;
use serde_json::{Map, Value};

/// What a party of the WHO's network may say beside the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tng {
    /// The part it plays: signer, or one that exchanges data.
    pub role: Role,
    /// A key identifier of its own choice.
    pub kid: Option<String>,
    /// What it is trusted for.
    pub domain: String,
    /// Whatever else.
    pub properties: Map<String, Value>,
}

/// What taking in the certificate in `handed` from `party` comes to.
///
/// # Errors
/// `SignatureInvalid`, `UploadFailed`, `AlreadyExists`.
pub fn upload_signer(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    more: Option<&Tng>,
    is_strict: bool,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    let failed = |details: String| Reason::UploadFailed.because(details);
    let role = more.map_or(Role::Signer, |more| more.role);
    let certificate = checked(
        hub,
        party,
        handed,
        Reason::UploadFailed,
        role == Role::Signer,
    )?;
    let issuer = if role == Role::Desc {
        Role::Deca
    } else {
        Role::Csca
    };
    let mut issuers = hub.of(party.country, issuer);
    if !issuers.any(|it| issued_by(&handed.content, &it.certificate).is_ok()) {
        return Err(failed(format!(
            "No {} of the country signed it",
            issuer.name()
        )));
    }
    let thumbprint = Thumbprint(crate::crypto::sha256(&handed.content));
    let before = hub.entry(thumbprint, role);
    if before.is_some_and(|entry| entry.stands()) {
        let exists = Reason::AlreadyExists.because("Uploaded certificate already exists");
        return Err(exists.sent(format!("{{{thumbprint}}} country:{{{}}}", party.country)));
    }
    let signature = handed.message.rewrapped(None)?;
    let mut entry = Entry::new(role, party.country, handed.content.clone(), signature, at);
    if let Some(more) = more {
        entry.domain.clone_from(&more.domain);
        entry.properties.clone_from(&more.properties);
        if let Some(kid) = &more.kid {
            entry.kid.clone_from(kid);
        }
    }
    let collides = |it: &&std::sync::Arc<Entry>| {
        let same_key = it.thumbprint.0.first_chunk::<8>() == thumbprint.0.first_chunk::<8>();
        it.thumbprint != thumbprint && (same_key || it.kid == entry.kid)
    };
    if hub.all().any(|it| collides(&it)) {
        let details = "A certificate with KID of uploaded certificate already exists";
        return Err(failed(details.to_owned()));
    }
    let warnings = profile(&certificate, role);
    if is_strict && !warnings.is_empty() {
        return Err(failed(format!(
            "Outside the certificate profile: {}",
            warnings.join(", ")
        )));
    }
    let mut change = Change::new(party, "signer.uploaded", thumbprint.to_string());
    if !warnings.is_empty() {
        change.events.iter_mut().for_each(|event| {
            event.detail = format!("outside the profile: {}", warnings.join(", "));
        });
    }
    if before.is_some() {
        // Its country took it back, and its country hands it in again.
        change.records.push(note(
            RecordKind::Readmission,
            &entry.name(),
            party.country,
            at,
        ));
    }
    change.records.push(entry.record());
    Ok(change)
}

/// What taking back the certificate in `handed` comes to.
///
/// # Errors
/// `SignatureInvalid`, `DeleteFailed`, `SignerMissing`.
pub fn delete_signer(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    forgets: bool,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    let thumbprint = Thumbprint(crate::crypto::sha256(&handed.content));
    let roles = [Role::Signer, Role::Desc];
    let mut found = roles
        .into_iter()
        .filter_map(|role| hub.entry(thumbprint, role));
    let entry = found.find(|entry| entry.stands());
    let is_signer = entry.is_none_or(|entry| entry.role == Role::Signer);
    checked(hub, party, handed, Reason::DeleteFailed, is_signer)?;
    let gone = hub.entry(thumbprint, Role::Signer);
    let Some(entry) = entry else {
        // The EU's gateway still has the row, and says that it is done.
        return match gone {
            Some(gone) if !forgets && gone.country == party.country => Ok(Change::nothing()),
            _ => Err(Reason::SignerMissing.into()),
        };
    };
    if entry.country != party.country {
        return Err(Reason::SignerMissing.into());
    }
    let mut change = Change::new(party, "signer.withdrawn", thumbprint.to_string());
    change.records.push(note(
        RecordKind::Tombstone,
        &entry.name(),
        party.country,
        at,
    ));
    Ok(change)
}

/// The certificate in `handed`, if the party signed it with an upload certificate, and it is of the party's country.
fn checked(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    reason: Reason,
    has_country: bool,
) -> Result<Certificate, Refused> {
    if !handed.verified {
        return Err(Reason::SignatureInvalid.into());
    }
    let uploader = handed.signer();
    let mut uploads = hub.of(party.country, Role::Upload);
    if !uploads.any(|upload| upload.thumbprint == uploader) {
        let details = format!(
            "Could not find upload certificate with hash {uploader} and country {}",
            party.country
        );
        return Err(reason.because(details));
    }
    let certificate =
        Certificate::read(&handed.content).map_err(|_| Reason::MessageNoCertificate)?;
    if has_country && certificate.countries != [party.country.as_str()] {
        return Err(reason.because("Country of the certificate is not the uploader's"));
    }
    Ok(certificate)
}

/// What in `certificate` is outside the profile that governance asks for.
fn profile(certificate: &Certificate, role: Role) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if certificate.common_name.is_none() {
        warnings.push("no common name");
    }
    if certificate.authority == Some(true) || certificate.signs_certificates == Some(true) {
        warnings.push("a certification authority");
    }
    if certificate.signs_certificates.is_none() {
        warnings.push("no key usage");
    }
    if certificate.not_after - certificate.not_before < MIN_PERIOD_S {
        warnings.push("valid for less than a day");
    }
    if role == Role::Signer && certificate.public_key.len() > P256_SPKI {
        warnings.push("a key of another kind than P-256");
    }
    warnings
}

/// A note of ours about the entry with this name.
pub(super) fn note(kind: RecordKind, name: &str, country: Country, at: UnixTime) -> Record {
    Record {
        kind,
        source: HUB.to_owned(),
        name: replica::tombstone(RecordKind::TrustListEntry, name),
        country: Some(country),
        received_at: at,
        body: b"{}".to_vec(),
    }
}

const MIN_PERIOD_S: i64 = 86_400;
/// SubjectPublicKeyInfo of an uncompressed point of P-256.
const P256_SPKI: usize = 91;
