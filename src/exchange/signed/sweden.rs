//! Sweden's trust list: one JWS, `{iss, iat, exp, dsc_trust_list: {country: {keys: [JWK], eku: {kid: [OID]}}}}`.
//!
//! Refuses a signer that is not pinned itself, and entries without a certificate or with other numbers than its. One kid may
//! stand under several countries, each an entry of its own, and need not stand in the table of key usages.
//!
//! Source: DIGGSweden/dgc-trust, "DSC Trust List"; dgcg.covidbevis.se/tp/trust-list.

use super::anchors::{Anchors, unproven, within};
use super::list::{PublishedSigner, SignedList};
use crate::codec::json;
use crate::codec::jws::{self, Jws};
use crate::codec::x509::Certificate;
use crate::crypto::{self, VerifyingKey, sha256};
use crate::exchange::jwk::Jwk;
use crate::exchange::read::{Found, MAX_VALUES, Unread, kid_of_base64, rows};
use crate::failure::{Code, Failure};
use crate::model::{Purpose, UnixTime};
use crate::trust::{Purposes, kid_of};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

pub(super) fn read(
    document: &str,
    bytes: &[u8],
    anchors: &Anchors<'_>,
    at: UnixTime,
) -> Result<SignedList, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Code::JwsInvalid.caused_by("not text", error))?;
    let message = Jws::read(text.trim_ascii_end())?;
    let signer = anchors.pinned(message.header.certificates.first())?;
    let algorithm = &message.header.algorithm;
    crypto::verify_jose(
        &signer.key,
        algorithm,
        message.signed_bytes(),
        &message.signature,
    )
    .map_err(unproven)?;
    let list = json::read(&message.payload, MAX_VALUES)
        .map_err(|failure| Code::ListInvalid.caused_by("signed, and not JSON", failure))?;
    let time = |name: &str| {
        let time = list.get(name).and_then(Value::as_i64);
        let time = time.and_then(UnixTime::from_seconds);
        time.ok_or_else(|| Code::ListInvalid.because("a list without its times"))
    };
    let (issued_at, expires_at) = (time("iat")?, time("exp")?);
    within(Some(issued_at), Some(expires_at), at)?;
    let countries = list.get("dsc_trust_list").and_then(Value::as_object);
    let countries = countries.ok_or_else(|| Code::ListInvalid.because("no dsc_trust_list"))?;
    let mut found = Vec::new();
    for (country, list) in countries {
        let usages = list.get("eku").and_then(Value::as_object);
        match list.get("keys").and_then(Value::as_array) {
            Some(keys) => found.extend(keys.iter().map(|key| entry(key, country, usages))),
            None => found.push(Err(Unread::new(None, "a country without a list of keys"))),
        }
    }
    Ok(SignedList {
        entries: rows(document, found)?,
        signer: signer.fingerprint,
        issued_at: Some(issued_at),
        expires_at: Some(expires_at),
    })
}

fn entry(
    value: &Value,
    country: &str,
    usages: Option<&Map<String, Value>>,
) -> Result<Found, Unread> {
    let stated = value.get("kid").and_then(Value::as_str);
    let kid = stated.and_then(kid_of_base64);
    let unread = |failure| Unread {
        kid: kid.clone(),
        failure,
    };
    let mut key = Jwk::read(value).map_err(unread)?;
    if key.certificates.is_empty() || kid.is_none() {
        return Err(Unread::new(kid, "no certificate, or no key identifier"));
    }
    let der = key.certificates.swap_remove(0);
    let digest = value.get("x5t#S256").and_then(Value::as_str);
    if digest.is_some_and(|digest| digest != BASE64_URL_SAFE_NO_PAD.encode(sha256(&der))) {
        return Err(Unread::new(kid, "x5t#S256 is of another certificate"));
    }
    let usages = stated
        .and_then(|kid| usages?.get(kid))
        .and_then(Value::as_array);
    let usages = usages.into_iter().flatten().filter_map(Value::as_str);
    Ok(Found {
        kid,
        country: Some(country.to_owned()),
        purposes: Purposes::of_usages(usages),
        ..Found::certificate(der)
    })
}

/// What stands over a list.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// Who publishes it, a country or a name.
    pub issuer: &'a str,
    /// Whom it is for.
    pub audience: &'a [&'a str],
    /// What makes it unlike any other.
    pub id: &'a str,
    /// When it is signed.
    pub issued_at: UnixTime,
    /// The last second in which it may be used.
    pub expires_at: UnixTime,
}

/// A list that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned(jws::Unsigned);

impl Unsigned {
    /// The list of `signers`, to be signed by the key of `certificate` (X.509, DER).
    ///
    /// # Errors
    /// `entry_invalid` and `algorithm_unsupported` for certificates whose key has no form in JSON.
    pub fn new(
        heading: &Heading<'_>,
        signers: &[PublishedSigner],
        certificate: Vec<u8>,
    ) -> Result<Self, Failure> {
        let mut countries = Map::new();
        for signer in signers {
            let country = countries.entry(signer.country.as_str());
            let country = country.or_insert_with(|| json!({ "keys": [], "eku": {} }));
            let kid = kid_of(&signer.certificate).map(|kid| kid.to_string());
            let kid = kid.ok_or_else(|| Code::Internal.because("no kid"))?;
            let mut key = Jwk {
                kid: Some(kid.clone()),
                purpose: None,
                algorithm: None,
                public_key: Certificate::read(&signer.certificate)?.public_key,
                certificates: vec![signer.certificate.clone()],
                written_thumbprint: None,
            }
            .write()?;
            let digest = BASE64_URL_SAFE_NO_PAD.encode(sha256(&signer.certificate));
            if let Some(key) = key.as_object_mut() {
                key.insert("x5t#S256".to_owned(), digest.into());
            }
            if let Some(Value::Array(keys)) = country.get_mut("keys") {
                keys.push(key);
            }
            if let (Some(purposes), Some(Value::Object(usages))) =
                (signer.purposes.restriction(), country.get_mut("eku"))
            {
                let purposes: Vec<_> = purposes.iter().map(|it| usage_of(*it)).collect();
                usages.insert(kid, json!(purposes));
            }
        }
        let list = json!({
            "iss": heading.issuer,
            "iat": heading.issued_at.seconds(),
            "exp": heading.expires_at.seconds(),
            "id": heading.id,
            "aud": heading.audience,
            "dsc_trust_list": countries,
        });
        let key = VerifyingKey::from_spki(&Certificate::read(&certificate)?.public_key)?;
        let header = jws::Header {
            algorithm: key.algorithm().name().to_owned(),
            kind: Some("JOSE".to_owned()),
            certificates: vec![certificate],
            ..jws::Header::default()
        };
        Ok(Self(jws::Unsigned::new(
            &header,
            list.to_string().into_bytes(),
        )))
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.0.signed_bytes()
    }

    /// The list with `signature` over it, `r ‖ s` for ECDSA.
    pub fn complete(&self, signature: &[u8]) -> Vec<u8> {
        self.0.complete(signature).into_bytes()
    }
}

fn usage_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Test => "1.3.6.1.4.1.1847.2021.1.1",
        Purpose::Vaccination => "1.3.6.1.4.1.1847.2021.1.2",
        Purpose::Recovery => "1.3.6.1.4.1.1847.2021.1.3",
    }
}
