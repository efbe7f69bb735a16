//! A trusted issuer: where else a country publishes keys, as our trust anchor signed it.
//!
//! Refuses one that no pinned trust anchor vouches for. The dialects sign different texts, so an issuer has a message for
//! each, and is listed where it has one.
//!
//! Source: EU DGCG, `GET /trustList/issuers`; WHO TNG, the same without the last semicolon.

use super::{HUB, Hub, uuid_of};
use crate::exchange::dgcg::{
    DEFAULT_DOMAIN, Dialect, TrustedIssuer, read_issuer, read_message, write_issuer, write_message,
};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::gateway::replica;
use serde_json::{Value, json};

/// A trusted issuer, with the trust anchor's messages over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredIssuer {
    /// What it is. Its signature is one of those below.
    pub issuer: TrustedIssuer,
    /// The message over what the EU's dialect signs, CMS without its content, DER.
    pub signature_eu: Option<Vec<u8>>,
    /// The message over what the WHO's network signs.
    pub signature_tng: Option<Vec<u8>>,
}

impl StoredIssuer {
    /// `issuer` with these messages over it, if each is one of `anchors` (SHA-256 over their certificates).
    ///
    /// # Errors
    /// `entry_invalid` where there is no message, or something that cannot be listed; `anchor_unknown`, `cms_invalid`,
    /// `proof_invalid`.
    pub fn new(
        issuer: TrustedIssuer,
        signature_eu: Option<Vec<u8>>,
        signature_tng: Option<Vec<u8>>,
        anchors: &[Thumbprint],
    ) -> Result<Self, Failure> {
        let Some(one) = signature_eu.as_ref().or(signature_tng.as_ref()) else {
            return Err(Code::EntryInvalid.because("no trust anchor signed it"));
        };
        let stored = Self {
            issuer: TrustedIssuer {
                signature: one.clone(),
                ..issuer
            },
            signature_eu,
            signature_tng,
        };
        for dialect in [Dialect::Eu, Dialect::Tng] {
            if let Some(issuer) = stored.in_dialect(dialect) {
                issuer.proven(dialect, anchors)?;
            }
        }
        // What cannot be read back would never be listed.
        read_issuer(&stored.body(UnixTime::EPOCH))?;
        Ok(stored)
    }

    /// The issuer in `record`, if it is one.
    pub fn read(record: &Record) -> Option<Self> {
        let mut issuer = read_issuer(&record.body).ok()?;
        let mut message = |name: &str| {
            let text = issuer.more.shift_remove(name)?;
            let message = read_message(text.as_str()?.as_bytes()).ok()?;
            // Without its content, so that nobody gets it twice.
            message.rewrapped(None).ok()
        };
        let (signature_eu, signature_tng) = (message(SIGNATURE_EU), message(SIGNATURE_TNG));
        Some(Self {
            issuer,
            signature_eu,
            signature_tng,
        })
    }

    /// Its record, as taken in at `at`.
    pub fn record(&self, at: UnixTime) -> Record {
        Record {
            kind: RecordKind::TrustedIssuer,
            source: HUB.to_owned(),
            name: self.issuer.url.clone(),
            country: Some(self.issuer.country),
            received_at: at,
            body: self.body(at),
        }
    }

    fn body(&self, at: UnixTime) -> Vec<u8> {
        let mut body = write_issuer(&TrustedIssuer {
            taken_in_at: Some(at),
            ..self.issuer.clone()
        });
        let messages = [
            (SIGNATURE_EU, &self.signature_eu),
            (SIGNATURE_TNG, &self.signature_tng),
        ];
        if let Some(members) = body.as_object_mut() {
            for (name, message) in messages {
                let text = message.as_ref().map(|it| write_message(it).into());
                members.extend(text.map(|text| (name.to_owned(), text)));
            }
        }
        body.to_string().into_bytes()
    }

    /// It as `dialect` lists it, where it has the message for that.
    pub fn in_dialect(&self, dialect: Dialect) -> Option<TrustedIssuer> {
        let signature = match dialect {
            Dialect::Eu => self.signature_eu.clone()?,
            Dialect::Tng => self.signature_tng.clone()?,
        };
        let mut issuer = TrustedIssuer {
            signature,
            ..self.issuer.clone()
        };
        issuer
            .domain
            .get_or_insert_with(|| DEFAULT_DOMAIN.to_owned());
        let uuid = uuid_of(issuer.url.as_bytes());
        for (name, value) in [
            ("sslPublicKey", Value::Null),
            ("keyStorageType", Value::Null),
            ("uuid", json!(uuid)),
        ] {
            issuer.more.entry(name).or_insert(value);
        }
        Some(issuer)
    }
}

impl Hub {
    /// The trusted issuers as `dialect` lists them, in the order of their addresses.
    pub fn issuers(&self, dialect: Dialect) -> impl Iterator<Item = TrustedIssuer> {
        let records = self.documents(RecordKind::TrustedIssuer);
        records.filter_map(move |record| StoredIssuer::read(record)?.in_dialect(dialect))
    }

    /// The record by which the trusted issuer at `url` goes.
    ///
    /// # Errors
    /// `not_found`.
    pub fn issuer_leaving(&self, url: &str, at: UnixTime) -> Result<Record, Failure> {
        let kind = RecordKind::TrustedIssuer;
        let known = self.document(kind, url);
        let known = known.ok_or_else(|| Code::NotFound.because("no such trusted issuer"))?;
        Ok(Record {
            kind: RecordKind::Tombstone,
            source: HUB.to_owned(),
            name: replica::tombstone(kind, url),
            country: known.country,
            received_at: at,
            body: b"{}".to_vec(),
        })
    }
}

const SIGNATURE_EU: &str = "signature_eu";
const SIGNATURE_TNG: &str = "signature_tng";
