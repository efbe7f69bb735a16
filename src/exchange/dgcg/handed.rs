//! What a party of the WHO's network hands in as JSON: a certificate with what else it says of it, and a reference to a
//! document elsewhere.
//!
//! Refuses members of another kind than the network's, and members that stand twice. What a gateway allows is for the
//! gateway; unknown members are left alone.
//!
//! Source: WHO TNG, `POST /trustedCertificate`, `POST /trust/reference`, `DELETE /trust/reference`.

use super::issuer::TrustedReference;
use crate::codec::json;
use crate::failure::{Code, Failure};
use crate::model::Country;
use serde_json::{Map, Value};

/// A certificate as it is handed in, with what its party says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedCertificate {
    /// The message that holds the certificate, CMS in Base64.
    pub cms: String,
    /// A key identifier of the party's choice.
    pub kid: Option<String>,
    /// What it is: `DSC` where nothing is said.
    pub group: Option<String>,
    /// What it is trusted for.
    pub domain: Option<String>,
    /// Whatever else, texts by name.
    pub properties: Map<String, Value>,
}

/// The certificate in the JSON of `bytes`.
///
/// # Errors
/// `request_invalid` where it is no such JSON, `entry_invalid` where a member is of another kind.
pub fn read_handed_certificate(bytes: &[u8]) -> Result<HandedCertificate, Failure> {
    let mut members = object(bytes)?;
    let Some(Value::Object(stated)) = members.shift_remove("properties") else {
        return Err(invalid("properties is no object"));
    };
    let mut properties = Map::new();
    for (name, value) in stated {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => return Err(invalid("a property is no text")),
        };
        if text.len() > MAX_TEXT {
            return Err(invalid("a property is too long"));
        }
        properties.insert(name, text.into());
    }
    Ok(HandedCertificate {
        cms: optional(&mut members, "cms")?.unwrap_or_default(),
        kid: optional(&mut members, "kid")?,
        group: optional(&mut members, "group")?,
        domain: optional(&mut members, "domain")?,
        properties,
    })
}

/// A reference as it is handed in: that of the UUID, where it names one, or a new one.
///
/// The UUID of a new one is empty.
///
/// # Errors
/// `request_invalid` where it is no JSON, `entry_invalid` where a member is missing or out of bounds.
pub fn read_handed_reference(bytes: &[u8]) -> Result<TrustedReference, Failure> {
    let mut members = object(bytes)?;
    let mut needed = |name: &str, longest: usize| {
        let text = optional(&mut members, name)?.unwrap_or_default();
        let length = text.chars().count();
        if length == 0 || length > longest || text.chars().any(char::is_control) {
            return Err(invalid(format!("{name} is not 1 to {longest} characters")));
        }
        Ok(text)
    };
    let url = needed("url", MAX_URL)?;
    let country = needed("country", COUNTRY)?;
    let country = Country::parse(&country).ok_or_else(|| invalid("country is none"))?;
    let kind = needed("type", MAX_WORD)?;
    if !KINDS.contains(&kind.as_str()) {
        return Err(invalid("an unknown type"));
    }
    let mut more = Map::new();
    for (name, longest) in NEEDED {
        more.insert((*name).to_owned(), needed(name, *longest)?.into());
    }
    let signed = more.get("signatureType").and_then(Value::as_str);
    if !signed.is_some_and(|it| SIGNATURES.contains(&it)) {
        return Err(invalid("an unknown signatureType"));
    }
    Ok(TrustedReference {
        uuid: optional(&mut members, "uuid")?.unwrap_or_default(),
        url,
        country,
        kind,
        domain: optional(&mut members, "domain")?,
        more,
    })
}

/// The UUID in the JSON by which a reference is taken back.
///
/// # Errors
/// `request_invalid` where it is no JSON, `entry_invalid` where there is no UUID.
pub fn read_reference_id(bytes: &[u8]) -> Result<String, Failure> {
    let mut members = object(bytes)?;
    optional(&mut members, "uuid")?.ok_or_else(|| invalid("uuid is missing"))
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Failure> {
    match json::read(bytes, MAX_VALUES)? {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Code::RequestInvalid.because("not a JSON object"))
        }
    }
}

fn optional(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Failure> {
    match members.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(invalid(format!("{name} is no text")))
        }
    }
}

fn invalid(reason: impl Into<String>) -> Failure {
    Code::EntryInvalid.because(reason)
}

/// What a reference says beside where it is, each with its longest text in characters.
const NEEDED: &[(&str, usize)] = &[
    ("service", MAX_URL),
    ("thumbprint", 64),
    ("name", 512),
    ("sslPublicKey", MAX_TEXT),
    ("contentType", MAX_URL),
    ("signatureType", MAX_WORD),
    ("referenceVersion", MAX_URL),
];
const KINDS: [&str; 2] = ["DCC", "FHIR"];
const SIGNATURES: [&str; 3] = ["CMS", "JWS", "NONE"];
const COUNTRY: usize = 2;
const MAX_WORD: usize = 20;
const MAX_URL: usize = 100;
const MAX_TEXT: usize = 4096;
const MAX_VALUES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reference() -> Value {
        json!({
            "url": "https://x.example/list", "country": "XA", "type": "FHIR", "service": "ValueSet",
            "thumbprint": "ab", "name": "a list", "sslPublicKey": "k", "contentType": "application/json",
            "signatureType": "NONE", "referenceVersion": "1.0", "more": [1],
        })
    }

    #[test]
    fn a_certificate_without_properties_is_refused() {
        let read = |text: &str| read_handed_certificate(text.as_bytes());
        let code = |text: &str| read(text).unwrap_err().code();
        assert_eq!(code(r#"{"cms":"x"}"#), Code::EntryInvalid);
        assert_eq!(code(r#"{"cms":"x","properties":null}"#), Code::EntryInvalid);
        assert_eq!(
            code(r#"{"cms":"x","properties":{"a":[]}}"#),
            Code::EntryInvalid
        );
        assert_eq!(
            code(r#"{"cms":"x","cms":"y","properties":{}}"#),
            Code::RequestInvalid
        );
        let read = read(r#"{"cms":"x","properties":{"scope":7,"old":null},"new":1}"#).unwrap();
        assert_eq!(Value::Object(read.properties), json!({ "scope": "7" }));
        assert_eq!((read.kid, read.group, read.domain), (None, None, None));
    }

    #[test]
    fn every_member_of_a_reference_is_needed_and_bounded() {
        let read = read_handed_reference(reference().to_string().as_bytes()).unwrap();
        assert_eq!((read.uuid.as_str(), read.domain), ("", None));
        assert!(!read.more.contains_key("more"));
        for name in NEEDED
            .iter()
            .map(|it| it.0)
            .chain(["url", "country", "type"])
        {
            for odd in [
                Value::Null,
                json!(""),
                json!("x".repeat(5000)),
                json!("a\nb"),
                json!(7),
            ] {
                let mut spoiled = reference();
                spoiled[name] = odd;
                let failure = read_handed_reference(spoiled.to_string().as_bytes()).unwrap_err();
                assert_eq!(failure.code(), Code::EntryInvalid, "{name}");
            }
        }
    }
}
