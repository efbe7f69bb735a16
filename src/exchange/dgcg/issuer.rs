//! Trusted issuers and trusted references: where else a country publishes keys, as its gateway's anchor signed it.
//!
//! Refuses unknown kinds, addresses that are neither HTTPS nor a DID, and members that stand twice. Nothing is fetched
//! from any of these addresses.
//!
//! Source: EU DGCG, `GET /trustList/issuers` (the signed text ends with a semicolon); WHO TNG, the same without it, and
//! `GET /trustList/references`.

use super::message::{message_bytes, write_message};
use crate::codec::cms::Signed;
use crate::codec::json;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::trust::proof::proves;
use serde_json::{Map, Value, json};

/// Whose form a gateway speaks, where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The EU's.
    Eu,
    /// The WHO's trust network's.
    Tng,
}

impl Dialect {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Eu, Self::Tng];

    /// The machine name, as in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eu => "eu",
            Self::Tng => "tng",
        }
    }
}

/// An address at which a country publishes keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// The address.
    pub url: String,
    /// How it is to be read: `HTTP` or `DID`.
    pub kind: String,
    /// The country.
    pub country: Country,
    /// The country as written, which is what the anchor signs: some have two names.
    pub country_text: String,
    /// The issuer's name.
    pub name: String,
    /// SHA-256 over what is published there, where it is stated.
    pub thumbprint: Option<Thumbprint>,
    /// What it is trusted for, `DCC` as a rule.
    pub domain: Option<String>,
    /// When the gateway took it in.
    pub taken_in_at: Option<UnixTime>,
    /// The anchor's message over it, CMS without its content.
    pub signature: Vec<u8>,
    /// Whatever else is stated of it, as it came.
    pub more: Map<String, Value>,
}

impl TrustedIssuer {
    /// The text that the anchor signs.
    pub fn signed_text(&self, dialect: Dialect) -> String {
        let Self {
            country_text: country,
            name,
            url,
            kind,
            ..
        } = self;
        match dialect {
            Dialect::Eu => format!("{country};{name};{url};{kind};"),
            Dialect::Tng => format!("{country};{name};{url};{kind}"),
        }
    }

    /// That one of the pinned `anchors` signed it, by the SHA-256 fingerprint of its certificate.
    ///
    /// # Errors
    /// `anchor_unknown`, `cms_invalid`, `proof_invalid`.
    pub fn proven(&self, dialect: Dialect, anchors: &[Thumbprint]) -> Result<(), Failure> {
        let message = Signed::read(&self.signature)?;
        if !anchors.contains(&Thumbprint(sha256(&message.certificate))) {
            return Err(Code::AnchorUnknown.because("vouched for by no pinned trust anchor"));
        }
        proves(&message, self.signed_text(dialect).as_bytes())
    }
}

/// The trusted issuer in `bytes`.
///
/// # Errors
/// `entry_invalid`, `cms_invalid`.
pub fn read_issuer(bytes: &[u8]) -> Result<TrustedIssuer, Failure> {
    let mut members = members(bytes)?;
    let (url, kind) = (take(&mut members, "url")?, take(&mut members, "type")?);
    let fits = match kind.as_str() {
        "HTTP" => url.starts_with("https://"),
        "DID" => url.starts_with("did:"),
        _ => false,
    };
    if !fits {
        return Err(invalid("url does not fit type"));
    }
    let country_text = take(&mut members, "country")?;
    Ok(TrustedIssuer {
        url,
        kind,
        country: country(&country_text)?,
        country_text,
        name: take(&mut members, "name")?,
        thumbprint: optional(&mut members, "thumbprint")?
            .map(|hex| Thumbprint::parse(&hex).ok_or_else(|| invalid("thumbprint is no SHA-256")))
            .transpose()?,
        domain: optional(&mut members, "domain")?,
        taken_in_at: optional(&mut members, "timestamp")?.and_then(|it| UnixTime::parse(&it)),
        signature: message_bytes(take(&mut members, "signature")?.as_bytes())?,
        more: members,
    })
}

/// `issuer` as an entry.
pub fn write_issuer(issuer: &TrustedIssuer) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("url", json!(issuer.url));
    put("type", json!(issuer.kind));
    put("country", json!(issuer.country_text));
    put(
        "thumbprint",
        json!(issuer.thumbprint.map(|it| it.to_string())),
    );
    put("signature", json!(write_message(&issuer.signature)));
    put(
        "timestamp",
        json!(issuer.taken_in_at.map(|at| at.to_string())),
    );
    put("name", json!(issuer.name));
    put("domain", json!(issuer.domain));
    members.extend(issuer.more.clone());
    Value::Object(members)
}

/// A document that a country refers to, as its gateway lists it; the message over it stays with the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedReference {
    /// Its UUID.
    pub uuid: String,
    /// The address.
    pub url: String,
    /// The country.
    pub country: Country,
    /// What is there: `DCC` or `FHIR`.
    pub kind: String,
    /// What it is trusted for.
    pub domain: Option<String>,
    /// Whatever else is stated of it, as it came.
    pub more: Map<String, Value>,
}

/// The trusted reference in `bytes`.
///
/// # Errors
/// `entry_invalid`.
pub fn read_reference(bytes: &[u8]) -> Result<TrustedReference, Failure> {
    let reference = read_own_reference(bytes)?;
    if !reference.url.starts_with("https://") {
        return Err(invalid("url is not of HTTPS"));
    }
    Ok(reference)
}

/// The same of one that was handed in here, whose address may be of any form, as with the reference gateway.
///
/// # Errors
/// `entry_invalid`.
pub fn read_own_reference(bytes: &[u8]) -> Result<TrustedReference, Failure> {
    let mut members = members(bytes)?;
    let kind = take(&mut members, "type")?;
    if !matches!(kind.as_str(), "DCC" | "FHIR") {
        return Err(invalid("an unknown type"));
    }
    let url = take(&mut members, "url")?;
    Ok(TrustedReference {
        uuid: take(&mut members, "uuid")?,
        url,
        country: country(&take(&mut members, "country")?)?,
        kind,
        domain: optional(&mut members, "domain")?,
        more: members,
    })
}

/// `reference` as an entry.
pub fn write_reference(reference: &TrustedReference) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("uuid", json!(reference.uuid));
    put("url", json!(reference.url));
    put("country", json!(reference.country.as_str()));
    put("type", json!(reference.kind));
    put("domain", json!(reference.domain));
    members.extend(reference.more.clone());
    Value::Object(members)
}

fn members(bytes: &[u8]) -> Result<Map<String, Value>, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("an entry over {MAX_BYTES} bytes")));
    }
    match json::read(bytes, MAX_VALUES) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(invalid("not a JSON object")),
        Err(failure) => Err(invalid(failure.detail())),
    }
}

fn take(members: &mut Map<String, Value>, name: &str) -> Result<String, Failure> {
    optional(members, name)?.ok_or_else(|| invalid(format!("{name} is missing")))
}

fn optional(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Failure> {
    match members.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= MAX_TEXT => Ok(Some(text)),
        Some(_) => Err(invalid(format!("{name} is no text"))),
    }
}

fn country(text: &str) -> Result<Country, Failure> {
    Country::parse(text).ok_or_else(|| invalid("country is none"))
}

fn invalid(reason: impl Into<String>) -> Failure {
    Code::EntryInvalid.because(reason)
}

const MAX_BYTES: usize = 64 * 1024;
const MAX_TEXT: usize = 16 * 1024;
const MAX_VALUES: usize = 100;
