//! How a country becomes a party, and ceases to be one.
//!
//! Refuses certificates that no pinned trust anchor vouches for, that name another country or none, or that do not fit the
//! part they are to play; a CA with another party's key, under which others' signers would pass for its own; and a party
//! without a certificate for TLS. Whether operators agree is for approvals.
//!
//! Source: EU DGCG and WHO TNG, onboarding (out of band in both); certificate governance.

use super::entry::Entry;
use super::party::{Party, PartyRole};
use super::signer::note;
use super::{HUB, Hub};
use crate::codec::cms::Signed;
use crate::codec::x509::Certificate;
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::gateway::replica;
use crate::trust::{Place, Role, Statement, vouched_by};

/// What a country brings, signed by the trust anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The country.
    pub country: Country,
    /// Its name, for operators.
    pub name: String,
    /// What it may do with revocations.
    pub roles: Vec<PartyRole>,
    /// Its certificates, each in its part and with the anchor's message over it, CMS in DER.
    pub certificates: Vec<(Role, Vec<u8>, Vec<u8>)>,
}

impl Joining {
    /// The records by which it joins, or changes what it is. What it had and does not bring again goes.
    ///
    /// # Errors
    /// `request_invalid`; `anchor_unknown`, `cms_invalid`, `proof_invalid`, `country_mismatch`, `entry_invalid`.
    pub fn records(&self, hub: &Hub, at: UnixTime) -> Result<Vec<Record>, Failure> {
        if self.name.is_empty() || self.name.len() > MAX_NAME {
            return Err(invalid("a party's name is 1 to 200 bytes"));
        }
        if self.certificates.len() > MAX_CERTIFICATES {
            return Err(Code::InputTooLarge.because("more than 64 certificates of one party"));
        }
        let entries = self.certificates.iter();
        let entries: Vec<_> = entries
            .map(|(role, certificate, signature)| {
                self.entry(hub, *role, certificate, signature, at)
            })
            .collect::<Result<_, _>>()?;
        if !entries.iter().any(|it| it.role == Role::Authentication) {
            return Err(invalid("a party without a certificate for TLS"));
        }
        let taken = |entry: &Entry| {
            entry.role == Role::Authentication
                && hub
                    .caller(&entry.thumbprint)
                    .is_some_and(|it| it.country != self.country)
        };
        // An upload certificate may say that it is a CA, as OpenSSL's own habit is; it may not be one that issues signers.
        let is_ca = |it: &Entry| matches!(it.role, Role::Csca | Role::Deca);
        let issues = |upload: &Entry| {
            let mut authorities = entries.iter().filter(|it| is_ca(it));
            upload.role == Role::Upload && authorities.any(|it| it.thumbprint == upload.thumbprint)
        };
        if entries.iter().any(issues) {
            return Err(invalid("an upload certificate that is a CA of the party"));
        }
        if entries.iter().any(taken) {
            return Err(invalid("a certificate for TLS that another party has"));
        }
        let authority = |it: &Entry| matches!(it.role, Role::Csca | Role::Deca);
        let key = |it: &Entry| Some(Certificate::read(&it.certificate).ok()?.public_key);
        let foreign = |entry: &Entry| {
            let others = hub.all().filter(|it| it.stands() && authority(it));
            let mut others = others.filter(|it| it.country != self.country);
            others.any(|it| key(it) == key(entry))
        };
        if entries.iter().filter(|it| authority(it)).any(foreign) {
            return Err(invalid("a CA whose key is another party's"));
        }
        let mut records = vec![
            Party {
                country: self.country,
                name: self.name.clone(),
                roles: self.roles.clone(),
                since: at,
            }
            .record(),
        ];
        for entry in entries {
            match hub.entry(entry.thumbprint, entry.role) {
                Some(known) if known.stands() && known.country == self.country => continue,
                Some(known) if !known.stands() => {
                    let back = note(RecordKind::Readmission, &entry.name(), self.country, at);
                    records.push(back);
                }
                _ => {}
            }
            records.push(entry.record());
        }
        let brought = |it: &Entry| {
            let mut brought = self.certificates.iter();
            brought.any(|(role, der, _)| *role == it.role && *der == it.certificate)
        };
        let gone = PARTS
            .into_iter()
            .flat_map(|role| hub.of(self.country, role));
        let gone = gone.filter(|it| !brought(it));
        records.extend(gone.map(|it| note(RecordKind::Tombstone, &it.name(), self.country, at)));
        Ok(records)
    }

    fn entry(
        &self,
        hub: &Hub,
        role: Role,
        certificate: &[u8],
        signature: &[u8],
        at: UnixTime,
    ) -> Result<Entry, Failure> {
        if !PARTS.contains(&role) {
            return Err(invalid("a part that no party plays by its anchor's word"));
        }
        let signature = Signed::read(signature)?.rewrapped(None)?;
        let statement = Statement {
            place: Place {
                document: role.name().to_owned(),
                position: 1,
            },
            role,
            country: self.country.to_string(),
            kid: None,
            thumbprint: Some(Thumbprint(crate::crypto::sha256(certificate))),
            certificate: certificate.to_vec(),
            signature: signature.clone(),
            taken_in_at: Some(at),
        };
        let (_, read) = vouched_by(&statement, hub.anchors())?;
        fits(role, &read, self.country)?;
        Ok(Entry::new(
            role,
            self.country,
            certificate.to_vec(),
            signature,
            at,
        ))
    }
}

/// The records by which the party of `country` goes, with everything it named: signers, rules, references. What it revoked
/// stays revoked, and what our own trust anchor signed of its issuers is for operators to remove.
///
/// # Errors
/// `not_found`.
pub fn leaving(hub: &Hub, country: Country, at: UnixTime) -> Result<Vec<Record>, Failure> {
    if hub.party(country).is_none() {
        return Err(Code::NotFound.because(format!("no party {country}")));
    }
    let party = Record {
        kind: RecordKind::Tombstone,
        source: HUB.to_owned(),
        name: replica::tombstone(RecordKind::Party, country.as_str()),
        country: Some(country),
        received_at: at,
        body: b"{}".to_vec(),
    };
    let entries = Role::ALL.into_iter().flat_map(|role| hub.of(country, role));
    let entries = entries.map(|it| note(RecordKind::Tombstone, &it.name(), country, at));
    let rules = hub.rules().filter(|it| it.rule.country == country);
    let rules = rules.map(|it| (RecordKind::Rule, it.name()));
    let references = hub.documents(RecordKind::TrustedReference);
    let references = references.filter(|it| it.country == Some(country));
    let references = references.map(|it| (it.kind, it.name.clone()));
    let documents = rules.chain(references).map(|(kind, name)| Record {
        name: replica::tombstone(kind, &name),
        ..party.clone()
    });
    let documents: Vec<_> = documents.collect();
    let all = std::iter::once(party).chain(entries).chain(documents);
    Ok(all.collect())
}

/// That a certificate can play its part, and names the party's country: whoever reads lists compares it.
fn fits(role: Role, certificate: &Certificate, country: Country) -> Result<(), Failure> {
    if certificate.countries != [country.as_str()] {
        let reason = format!("a certificate whose subject does not name {country} alone");
        return Err(Code::CountryMismatch.because(reason));
    }
    let is_authority = matches!(role, Role::Csca | Role::Deca);
    if is_authority
        && (certificate.authority == Some(false) || certificate.signs_certificates == Some(false))
    {
        return Err(invalid(
            "a CA whose certificate says that it signs no certificates",
        ));
    }
    Ok(())
}

fn invalid(reason: &str) -> Failure {
    Code::RequestInvalid.because(reason)
}

/// The parts that the trust anchor vouches for.
const PARTS: [Role; 4] = [Role::Authentication, Role::Upload, Role::Csca, Role::Deca];
const MAX_NAME: usize = 200;
const MAX_CERTIFICATES: usize = 64;
