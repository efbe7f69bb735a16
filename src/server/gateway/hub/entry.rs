//! An entry of the trust list: a certificate in its part, the message that vouches for it, and when it came and went.
//!
//! Refuses a party's certificate that no pinned trust anchor vouches for. What a party vouches for itself (signers) is
//! judged when it is handed in, and by whoever reads the list.

use super::{HUB, uuid_of};
use crate::codec::cms::Signed;
use crate::exchange::dgcg::{
    DEFAULT_DOMAIN, TrustedCertificate, read_statement, write_message, write_statement,
};
use crate::exchange::{Record, RecordKind};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::trust::{Place, Role, Statement, kid_of, vouched_by};
use serde_json::{Map, Value};

/// A certificate in its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of its record.
    pub sequence: u64,
    /// The part it plays.
    pub role: Role,
    /// The country it belongs to.
    pub country: Country,
    /// SHA-256 over the certificate.
    pub thumbprint: Thumbprint,
    /// What it is called in lists: the first 8 bytes of that in Base64, or a word that its party chose.
    pub kid: String,
    /// The certificate, X.509, DER.
    pub certificate: Vec<u8>,
    /// The message that vouches for it, CMS without its content, DER.
    pub signature: Vec<u8>,
    /// When it was taken in; whole seconds.
    pub created_at: UnixTime,
    /// When it was taken back, if it was.
    pub deleted_at: Option<UnixTime>,
    /// What it is trusted for, `DCC` as a rule.
    pub domain: String,
    /// What else its party said of it.
    pub properties: Map<String, Value>,
}

impl Entry {
    /// The entry in `record`, if it is one, and, for what a party is, if one of `anchors` vouches for it.
    pub(super) fn read(sequence: u64, record: &Record, anchors: &[Thumbprint]) -> Option<Self> {
        let place = Place {
            document: record.name.clone(),
            position: 1,
        };
        let statement = read_statement(place, &record.body).ok()?;
        let more: Value = serde_json::from_slice(&record.body).ok()?;
        let text = |name: &str| more.get(name).and_then(Value::as_str).map(str::to_owned);
        if statement.role != Role::Signer && statement.role != Role::Desc {
            vouched_by(&statement, anchors).ok()?;
        }
        Some(Self {
            sequence,
            role: statement.role,
            country: Country::parse(&statement.country)?,
            thumbprint: Thumbprint(crate::crypto::sha256(&statement.certificate)),
            kid: text("kid")?,
            created_at: record.received_at,
            deleted_at: None,
            domain: text("domain").unwrap_or_else(|| DEFAULT_DOMAIN.to_owned()),
            properties: more
                .get("properties")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            // Without its content, so that nobody gets the certificate twice.
            signature: Signed::read(&statement.signature)
                .and_then(|message| message.rewrapped(None))
                .ok()?,
            certificate: statement.certificate,
        })
    }

    /// One that was taken in at `at`, with the usual key identifier, domain and no properties.
    pub fn new(
        role: Role,
        country: Country,
        certificate: Vec<u8>,
        signature: Vec<u8>,
        at: UnixTime,
    ) -> Self {
        let kid = kid_of(&certificate).map(|kid| kid.to_string());
        Self {
            sequence: 0,
            role,
            country,
            thumbprint: Thumbprint(crate::crypto::sha256(&certificate)),
            kid: kid.unwrap_or_default(),
            certificate,
            signature,
            created_at: at,
            deleted_at: None,
            domain: DEFAULT_DOMAIN.to_owned(),
            properties: Map::new(),
        }
    }

    /// Its record, to be kept.
    pub fn record(&self) -> Record {
        let mut body = write_statement(&Statement {
            place: Place {
                document: String::new(),
                position: 1,
            },
            role: self.role,
            country: self.country.to_string(),
            kid: None,
            thumbprint: Some(self.thumbprint),
            certificate: self.certificate.clone(),
            signature: self.signature.clone(),
            taken_in_at: Some(self.created_at),
        });
        if let Some(members) = body.as_object_mut() {
            members.insert("kid".to_owned(), self.kid.clone().into());
            members.insert("domain".to_owned(), self.domain.clone().into());
            if !self.properties.is_empty() {
                members.insert("properties".to_owned(), self.properties.clone().into());
            }
        }
        Record {
            kind: RecordKind::TrustListEntry,
            source: HUB.to_owned(),
            name: self.name(),
            country: Some(self.country),
            received_at: self.created_at,
            body: body.to_string().into_bytes(),
        }
    }

    /// Whether it was not taken back.
    pub fn stands(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Whether it was taken back so long ago that lists say nothing of it any more.
    pub fn is_forgotten(&self, at: UnixTime) -> bool {
        self.deleted_at
            .is_some_and(|deleted| deleted.plus(REMEMBERED_S) < at)
    }

    /// Whether it is trusted for what most are.
    pub fn is_of_default_domain(&self) -> bool {
        self.domain == DEFAULT_DOMAIN
    }

    /// It as the WHO's network lists it.
    pub fn trusted_certificate(&self) -> TrustedCertificate {
        TrustedCertificate {
            certificate: self.certificate.clone(),
            signature: self.signature.clone(),
            kid: self.kid.clone(),
            role: self.role,
            country: self.country,
            properties: self.properties.clone(),
            uuid: uuid_of(self.name().as_bytes()),
            domain: self.domain.clone(),
            source: None,
        }
    }

    /// The name of its record.
    pub fn name(&self) -> String {
        name(self.thumbprint, self.role)
    }

    /// The message that vouches for it, as gateways carry it.
    pub fn signature_text(&self) -> String {
        write_message(&self.signature)
    }
}

/// The name of the record of the certificate with this fingerprint in this part.
pub(super) fn name(fingerprint: Thumbprint, role: Role) -> String {
    if role == Role::Signer {
        return fingerprint.to_string();
    }
    // One certificate may be a country's for TLS and for uploads.
    format!("{fingerprint}/{}", role.name())
}

/// How long lists of changes name what was taken back.
pub(super) const REMEMBERED_S: i64 = 14 * 86_400;
