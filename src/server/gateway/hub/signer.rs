//! Signers that a party hands in and takes back.
//!
//! Refuses, in this order: a message that its key did not sign; one whose key is no upload certificate of the party; a
//! certificate that does not name the party's country and no other; one that no CA of the country signed; one that is
//! there; one more than a country may have; one whose key identifier another has. Looks at neither period nor usage, as the reference gateways do not; what
//! is outside the common profile is told in the audit, and refused where this gateway is strict.
//!
//! Source: EU DGCG, validation of uploads; WHO TNG, trusted certificates.

use super::entry::Entry;
use super::message::Handed;
use super::refused::{Reason, Refused};
use super::write::Change;
use super::{HUB, Hub, Party};
use crate::codec::x509::Certificate;
use crate::crypto::VerifyingKey;
use crate::exchange::dgcg::Dialect;
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
    /// Whether the certificate has to name the party's country.
    pub names_country: bool,
}

/// How uploads are judged at one door.
#[derive(Clone, Copy, Debug)]
pub struct Conduct {
    /// Whose gateway it behaves like.
    pub dialect: Dialect,
    /// Whether what is outside the common profile is refused.
    pub is_strict: bool,
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
    conduct: Conduct,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    let thumbprint = Thumbprint(crate::crypto::sha256(&handed.content));
    uploaded(hub, party, handed, more, conduct, at)
        .map_err(|refused| told(refused, thumbprint, party))
}

fn uploaded(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    more: Option<&Tng>,
    conduct: Conduct,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    let failed = |details: String| Reason::UploadFailed.because(details);
    let role = more.map_or(Role::Signer, |more| more.role);
    let certificate = signed_by_party(hub, party, handed, Reason::UploadFailed)?;
    if more.is_none_or(|more| more.names_country) {
        names(&certificate, party, Reason::UploadFailed)?;
    }
    let issuer = if role == Role::Desc {
        Role::Deca
    } else {
        Role::Csca
    };
    let mut issuers = hub.of(party.country, issuer).peekable();
    let issuer = issuer.name();
    if issuers.peek().is_none() {
        return Err(failed(format!(
            "{issuer} list for country {} is empty",
            party.country
        )));
    }
    if !issuers.any(|it| issued_by(&handed.content, &it.certificate).is_ok()) {
        return Err(failed(format!(
            "Could not verify certificate with {issuer} list"
        )));
    }
    let signature = handed.message.rewrapped(None)?;
    let mut entry = Entry::new(role, party.country, handed.content.clone(), signature, at);
    let before: Vec<_> = SIGNERS
        .into_iter()
        .filter_map(|role| hub.entry(entry.thumbprint, role))
        .collect();
    let is_others = |entry: &Entry| entry.country != party.country;
    if before.iter().any(|it| it.stands() || is_others(it)) {
        return Err(Reason::AlreadyExists.because("Uploaded certificate already exists"));
    }
    let of_country = hub
        .all()
        .filter(|it| it.country == party.country && SIGNERS.contains(&it.role));
    if of_country.filter(|it| !it.is_forgotten(at)).count() >= MAX_SIGNERS {
        let details = format!(
            "a country has {MAX_SIGNERS} signers at most, those it took back lately among them"
        );
        return Err(failed(details));
    }
    if let Some(more) = more {
        entry.domain.clone_from(&more.domain);
        entry.properties.clone_from(&more.properties);
        if let Some(kid) = &more.kid {
            entry.kid.clone_from(kid);
        }
    }
    if hub
        .all()
        .any(|it| collides(&entry, it, conduct.dialect, at))
    {
        let details = "A certificate with KID of uploaded certificate already exists";
        return Err(failed(details.to_owned()));
    }
    let warnings = profile(&certificate, role).join(", ");
    if conduct.is_strict && !warnings.is_empty() {
        return Err(failed(format!(
            "Outside the certificate profile: {warnings}"
        )));
    }
    let mut change = Change::new(party, "signer.uploaded", entry.thumbprint.to_string());
    if !warnings.is_empty() {
        change.events.iter_mut().for_each(|event| {
            event.detail = format!("outside the profile: {warnings}");
        });
    }
    for gone in before {
        // Its country took it back, and its country hands it in again.
        let name = gone.name();
        change
            .records
            .push(note(RecordKind::Readmission, &name, party.country, at));
    }
    change.records.push(entry.record());
    Ok(change)
}

/// Whether `other` takes the key identifier of `entry` from it. The EU's gateway keeps rows that were taken back, for a while.
fn collides(entry: &Entry, other: &Entry, dialect: Dialect, at: UnixTime) -> bool {
    let is_there = match dialect {
        Dialect::Eu => !other.is_forgotten(at),
        Dialect::Tng => other.stands(),
    };
    let head = |it: &Entry| it.thumbprint.0.first_chunk::<8>().copied();
    // Whoever chose a word has to choose another; nobody can keep a certificate out by taking its own identifier for a word.
    let is_word = entry.thumbprint.kid().map(|kid| kid.to_string()).as_ref() != Some(&entry.kid);
    let same = head(entry) == head(other) || (is_word && entry.kid == other.kid);
    is_there && same && entry.thumbprint != other.thumbprint
}

/// What taking back the certificate in `handed` comes to.
///
/// # Errors
/// `SignatureInvalid`, `DeleteFailed`, `SignerMissing`.
pub fn delete_signer(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    dialect: Dialect,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    let thumbprint = Thumbprint(crate::crypto::sha256(&handed.content));
    deleted(hub, party, handed, dialect, at).map_err(|refused| told(refused, thumbprint, party))
}

fn deleted(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    dialect: Dialect,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    let certificate = signed_by_party(hub, party, handed, Reason::DeleteFailed)?;
    let thumbprint = Thumbprint(crate::crypto::sha256(&handed.content));
    let own: Vec<_> = SIGNERS
        .into_iter()
        .filter_map(|role| hub.entry(thumbprint, role))
        .filter(|entry| entry.country == party.country)
        .collect();
    let Some(entry) = own.iter().find(|entry| entry.stands()) else {
        // Some kinds need not name the country; what the party has there it may take back, whatever it names.
        names(&certificate, party, Reason::DeleteFailed)?;
        // The EU's gateway still has the row, and says that it is done.
        let has_row = own.iter().any(|entry| !entry.is_forgotten(at));
        return match dialect {
            Dialect::Eu if has_row => Ok(Change::nothing()),
            Dialect::Eu | Dialect::Tng => {
                Err(Reason::SignerMissing.because("Could not find existing certificate"))
            }
        };
    };
    let mut change = Change::new(party, "signer.withdrawn", thumbprint.to_string());
    let name = entry.name();
    change
        .records
        .push(note(RecordKind::Tombstone, &name, party.country, at));
    Ok(change)
}

/// The certificate in `handed`, if the party signed it with an upload certificate.
fn signed_by_party(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    reason: Reason,
) -> Result<Certificate, Refused> {
    if !handed.verified {
        return Err(Reason::SignatureInvalid.into());
    }
    if !hub.is_uploader(party.country, handed) {
        let details = format!(
            "Could not find upload certificate with hash {} and country {}",
            handed.signer(),
            party.country
        );
        return Err(reason.because(details));
    }
    Ok(Certificate::read(&handed.content).map_err(|_| Reason::MessageNoCertificate)?)
}

/// That `certificate` names the country of `party` and no other.
fn names(certificate: &Certificate, party: &Party, reason: Reason) -> Result<(), Refused> {
    match certificate.countries.as_slice() {
        [country] if country == party.country.as_str() => Ok(()),
        [_] => Err(reason.because("Country of certificate does not match your authentication")),
        _ => Err(reason.because("Certificate does not name exactly one country")),
    }
}

/// `refused`, telling back what it is about.
fn told(refused: Refused, thumbprint: Thumbprint, party: &Party) -> Refused {
    if refused.reason == Reason::SignatureInvalid {
        return refused;
    }
    let sent = format!("{{{thumbprint}}} country:{{{}}}", party.country);
    refused.sent(sent)
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
    if VerifyingKey::from_spki(&certificate.public_key).is_err() {
        warnings.push("a key that verifiers cannot read");
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

/// The parts in which certificates are handed in.
const SIGNERS: [Role; 2] = [Role::Signer, Role::Desc];
/// As many as a list that our own readers take in has, and none of them for the others, would be too many.
const MAX_SIGNERS: usize = 10_000;
const MIN_PERIOD_S: i64 = 86_400;
/// SubjectPublicKeyInfo of an uncompressed point of P-256.
const P256_SPKI: usize = 91;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_of_a_fingerprint_are_one_certificates() {
        let at = UnixTime::parse("2026-06-15T00:00:00Z").unwrap();
        let entry = |thumbprint: Thumbprint| Entry {
            thumbprint,
            kid: thumbprint.kid().unwrap().to_string(),
            ..Entry::new(Role::Signer, Country::DEMO, vec![1], Vec::new(), at)
        };
        let one = entry(Thumbprint([7; 32]));
        let mut tail = [7; 32];
        tail[8] = 8;
        let mut same_head = entry(Thumbprint(tail));
        let mut head = [7; 32];
        head[7] = 8;
        let other = entry(Thumbprint(head));
        let both = |other: &Entry, at: UnixTime| {
            [Dialect::Eu, Dialect::Tng].map(|dialect| collides(&one, other, dialect, at))
        };
        assert_eq!(both(&one, at), [false, false]);
        assert_eq!(both(&other, at), [false, false]);
        assert_eq!(both(&same_head, at), [true, true]);
        // The row of what was taken back is there for a while, on the EU's side alone.
        same_head.deleted_at = Some(at);
        assert_eq!(both(&same_head, at), [true, false]);
        assert_eq!(both(&same_head, at.plus(15 * 86_400)), [false, false]);
    }
}
