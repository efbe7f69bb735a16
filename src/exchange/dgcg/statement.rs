//! An entry of a gateway's trust list, with the message that vouches for it:
//! `{kid, timestamp, country, certificateType, thumbprint, signature, rawData}`.
//!
//! Refuses entries without a certificate or a signature (a delta names withdrawn ones so), unknown types, and members that
//! stand twice.
//!
//! Source: EU DGCG, `GET /trustList`; WHO TNG, the same with more types.

use super::message::{message_bytes, write_message};
use crate::codec::json;
use crate::exchange::read::kid_of_base64;
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::trust::{Place, Role, Statement, kid_of};
use serde_json::{Value, json};

/// The statement in the JSON of one entry, which stands at `place`.
///
/// # Errors
/// `entry_invalid`, `cms_invalid`, `input_too_large`.
pub fn read_statement(place: Place, bytes: &[u8]) -> Result<Statement, Failure> {
    let entry = json::read(bytes, MAX_VALUES)
        .map_err(|failure| Code::EntryInvalid.because(failure.detail().to_owned()))?;
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let needed = |name: &str| {
        text(name).ok_or_else(|| Code::EntryInvalid.because(format!("{name} is no text")))
    };
    let role = Role::parse(needed("certificateType")?)
        .ok_or_else(|| Code::EntryInvalid.because("an unknown certificateType"))?;
    let certificate = message_bytes(needed("rawData")?.as_bytes())
        .map_err(|failure| Code::EntryInvalid.caused_by("rawData is not Base64", failure))?;
    // A kid is 8 bytes in Base64, or free text that a participant of the WHO's network chose; the latter names no key.
    let kid = text("kid").and_then(kid_of_base64);
    let thumbprint = text("thumbprint").map(|hex| {
        Thumbprint::parse(hex).ok_or_else(|| Code::EntryInvalid.because("thumbprint is no SHA-256"))
    });
    Ok(Statement {
        place,
        role,
        country: needed("country")?.to_owned(),
        kid: kid.filter(|kid| Some(kid) == kid_of(&certificate).as_ref()),
        thumbprint: thumbprint.transpose()?,
        signature: message_bytes(needed("signature")?.as_bytes())?,
        taken_in_at: text("timestamp").and_then(UnixTime::parse),
        certificate,
    })
}

/// Whether the entry in `bytes` is about health certificates: it names no domain, or theirs.
pub fn is_of_certificates(bytes: &[u8]) -> bool {
    let entry = json::read(bytes, MAX_VALUES);
    let domain = entry.as_ref().ok().and_then(|entry| entry.get("domain"));
    domain
        .and_then(Value::as_str)
        .is_none_or(|it| HEALTH_DOMAINS.contains(&it))
}

/// `statement` as an entry.
pub fn write_statement(statement: &Statement) -> Value {
    let Statement { certificate, .. } = statement;
    let thumbprint = Thumbprint(crate::crypto::sha256(certificate));
    let kid = statement.kid.clone().or_else(|| kid_of(certificate));
    json!({
        "kid": kid.map(|kid| kid.to_string()),
        "timestamp": statement.taken_in_at.map(|at| at.to_string()),
        "country": statement.country,
        "certificateType": statement.role.name(),
        "thumbprint": thumbprint.to_string(),
        "signature": write_message(&statement.signature),
        "rawData": write_message(certificate),
    })
}

/// The domains of the EU's health certificates, under both names that they have.
pub const HEALTH_DOMAINS: [&str; 2] = [DEFAULT_DOMAIN, "DDCC"];
/// What an entry is trusted for where nobody says.
pub const DEFAULT_DOMAIN: &str = "DCC";
const MAX_VALUES: usize = 64;
