//! What a gateway lists: certificates in their parts, as the EU's and as the WHO's network write them.
//!
//! Refuses to leave anything out that its clients look for: what was taken back stands with explicit nulls.
//!
//! Source: EU DGCG, `GET /trustList`; WHO TNG, `GET /trustList/certificate`.

use super::message::write_message;
use crate::model::{Country, Thumbprint, UnixTime};
use crate::trust::Role;
use serde_json::{Map, Value, json};

/// A certificate of the trust list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its key identifier.
    pub kid: String,
    /// When it was taken in.
    pub taken_in_at: UnixTime,
    /// The country it belongs to.
    pub country: Country,
    /// The part it plays.
    pub role: Role,
    /// SHA-256 over it.
    pub thumbprint: Thumbprint,
    /// The message that vouches for it (CMS without its content, DER) and the certificate (X.509, DER), if it was not taken
    /// back.
    pub vouched: Option<(&'a [u8], &'a [u8])>,
}

impl Listed<'_> {
    /// `entries` as a list.
    pub fn write(entries: &[Self]) -> Vec<u8> {
        let rows = entries.iter().map(|entry| {
            let vouched = entry.vouched;
            json!({
                "kid": entry.kid,
                "timestamp": entry.taken_in_at.to_string(),
                "country": entry.country.as_str(),
                "certificateType": entry.role.name(),
                "thumbprint": entry.thumbprint.to_string(),
                "signature": vouched.map(|(signature, _)| write_message(signature)),
                "rawData": vouched.map(|(_, certificate)| write_message(certificate)),
            })
        });
        array(rows)
    }
}

/// A certificate as the WHO's network lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedCertificate {
    /// The certificate, X.509, DER.
    pub certificate: Vec<u8>,
    /// The message that vouches for it, CMS without its content, DER.
    pub signature: Vec<u8>,
    /// Its key identifier, or a word that its party chose.
    pub kid: String,
    /// The part it plays.
    pub role: Role,
    /// The country it belongs to.
    pub country: Country,
    /// What else its party said of it.
    pub properties: Map<String, Value>,
    /// Its name.
    pub uuid: String,
    /// What it is trusted for.
    pub domain: String,
    /// Which gateway it came from, if another one.
    pub source: Option<String>,
}

impl TrustedCertificate {
    /// `entries` as a list.
    pub fn write(entries: &[Self]) -> Vec<u8> {
        let rows = entries.iter().map(|entry| {
            let mut row = json!({
                "certificate": write_message(&entry.certificate),
                "signature": write_message(&entry.signature),
                "kid": entry.kid,
                "group": entry.role.name(),
                "country": entry.country.as_str(),
                "properties": entry.properties,
                "uuid": entry.uuid,
                "domain": entry.domain,
                "version": 1,
            });
            if let (Some(source), Some(members)) = (&entry.source, row.as_object_mut()) {
                members.insert("sourceGateway".to_owned(), json!(source));
            }
            row
        });
        array(rows)
    }
}

/// Row by row, because lists are long.
fn array(rows: impl Iterator<Item = Value>) -> Vec<u8> {
    let mut text = String::from("[");
    for (index, row) in rows.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&row.to_string());
    }
    text.push(']');
    text.into_bytes()
}
