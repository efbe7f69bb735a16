//! A key in a DID document: who holds it, and what it is for.
//!
//! Refuses keys that stand elsewhere than their document may speak of, identifiers that are said in two ways, attributes
//! that contradict the path, and numbers that are not those of the certificate. Each such key is a row with its reason.
//!
//! Source: WHO smart-trust, trust list v2; W3C DID Core, section 5.2; `JsonWebKey2020`.

use super::address::{self, ANY, Address};
use super::quads;
use crate::exchange::jwk::Jwk;
use crate::exchange::read::{RowFailure, kid_of_base64};
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid};
use crate::trust::{KeyMaterial, Place, Purposes, TrustEntry};
use serde_json::{Map, Value};

/// A key of a document, or why it is none.
pub type MethodRow = Result<Method, Box<RowFailure>>;

/// A key as a trust list names it.
#[derive(Clone, Debug)]
pub struct Method {
    /// Where it stands.
    pub place: Place,
    /// Its key identifier.
    pub kid: Kid,
    /// The domain of trust, `DCC` for example; the first version of the list names none, nor does a document for all domains
    /// whose keys have no attributes.
    pub domain: Option<String>,
    /// The participant in upper case, usually an alpha-3 code.
    pub participant: String,
    /// What the key is for.
    pub usage: Usage,
    /// Its certificate, X.509 in DER, and after it those that the list takes for its issuers; empty for a bare key.
    pub chain: Vec<Vec<u8>>,
    /// The key: the certificate where there is one.
    pub key: KeyMaterial,
    /// Whether the list gave the key's curve no name, as the WHO's does for P-384 and P-521.
    pub curve_unnamed: bool,
}

/// What a key of a trust list is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Signing health certificates.
    Dsc,
    /// Signing those signers' certificates; `SCA` in the WHO's paths.
    Csca,
    /// Signing certificates for the exchange of data.
    Deca,
    /// Signing exchanged data.
    Desc,
    /// Something else.
    Other(String),
}

impl Usage {
    /// The usage of this name, in paths or in attributes.
    pub fn parse(name: &str) -> Self {
        match name {
            "DSC" => Self::Dsc,
            "SCA" | "CSCA" => Self::Csca,
            "DECA" => Self::Deca,
            "DESC" => Self::Desc,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name in paths.
    pub fn name(&self) -> &str {
        match self {
            Self::Dsc => "DSC",
            Self::Csca => "SCA",
            Self::Deca => "DECA",
            Self::Desc => "DESC",
            Self::Other(name) => name,
        }
    }

    /// The name in the attribute `keyusage`.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Csca => "CSCA",
            Self::Dsc | Self::Deca | Self::Desc | Self::Other(_) => self.name(),
        }
    }
}

/// What the network calls the participant of `country`: its alpha-3 code, or one of the network's own. A code without one
/// stands as it is.
pub fn participant_of(country: Country) -> String {
    let code = match country.as_str() {
        "XK" => "XXK",
        "XL" => "XCL",
        "XM" => "XML",
        // Left to users, and without a row in the network's table.
        alpha2 @ ("XQ" | "XR" | "XT" | "XU" | "XV" | "XX" | "XY" | "XZ") => alpha2,
        alpha2 => country.alpha3().unwrap_or(alpha2),
    };
    code.to_owned()
}

impl Method {
    /// One key apart from any document, as `members`: for lists in pieces. Nothing proves it.
    ///
    /// # Errors
    /// `entry_invalid`, `kid_mismatch`, `test_signer`.
    pub fn read(place: Place, members: &Map<String, Value>) -> Result<Self, Failure> {
        Self::within(None, place, members)
    }

    /// The key in `members`, in the document at the address `home`.
    pub(super) fn within(
        home: Option<&Address<'_>>,
        place: Place,
        members: &Map<String, Value>,
    ) -> Result<Self, Failure> {
        let id = members.get("id").and_then(Value::as_str);
        let (did, fragment) = id
            .and_then(address::split)
            .ok_or_else(|| invalid("an id in another alphabet"))?;
        let address =
            Address::of(did).ok_or_else(|| invalid("an id that is no place in a trust list"))?;
        if home.is_some_and(|home| !home.holds(&address)) {
            return Err(Code::OutOfScope.because("a key from elsewhere than its document"));
        }
        let jwk = members.get("publicKeyJwk");
        let jwk = jwk.ok_or_else(|| invalid("a method without publicKeyJwk"))?;
        let curve_unnamed = jwk.get("crv").and_then(Value::as_str) == Some("UNKNOWN CURVE");
        let jwk = Jwk::read(jwk)?;
        if jwk.kid.as_ref().is_some_and(|kid| kid != fragment) {
            return Err(Code::KidMismatch.because("its id and its key name different kids"));
        }
        let kid = kid_of_base64(fragment)
            .ok_or_else(|| invalid("a key identifier that is not Base64"))?;
        // In a document for all domains a key's own domain stands in its attribute, which is under the proof as well.
        let stated = |step: Option<&str>, name: &str| match step {
            Some(ANY) => members
                .get(name)
                .and_then(quads::code_of)
                .map(str::to_owned),
            step => step.map(str::to_owned),
        };
        let participant = stated(address.participant, "participant");
        let participant = participant.ok_or_else(|| invalid("an id without a participant"))?;
        let usage = match (address.first_version, address.usage) {
            (true, _) => Usage::Dsc,
            (false, Some(usage)) => Usage::parse(usage),
            (false, None) => return Err(invalid("an id without a usage")),
        };
        let method = Self {
            place,
            kid,
            domain: stated(address.domain, "domain"),
            participant: participant.to_ascii_uppercase(),
            usage,
            key: match jwk.certificates.first() {
                Some(der) => KeyMaterial::Certificate(der.clone()),
                None => KeyMaterial::PublicKey(jwk.public_key),
            },
            chain: jwk.certificates,
            curve_unnamed,
        };
        method.agrees_with(members)?;
        Ok(method)
    }

    /// That the attributes say what the path says, where they are of the form that is signed.
    fn agrees_with(&self, members: &Map<String, Value>) -> Result<(), Failure> {
        let code = |name: &str| members.get(name).and_then(quads::code_of);
        let domain = code("domain").is_none_or(|code| Some(code) == self.domain.as_deref());
        let participant = code("participant").is_none_or(|code| code == self.participant);
        let usage = code("keyusage").is_none_or(|code| Usage::parse(code) == self.usage);
        if domain && participant && usage {
            return Ok(());
        }
        Err(invalid("its attributes contradict its id"))
    }

    /// The entry of a trust list that this key is, if the caller takes it for a signer.
    pub fn entry(&self) -> TrustEntry {
        // A participant that is no country is stated all the same, so that no certificate of its signs for one.
        let own = match self.participant.as_str() {
            // The network's own codes for two participants, whose certificates say `XL` and `XM`.
            "XCL" => "XL",
            "XML" => "XM",
            participant => participant,
        };
        let country = Country::parse(own).map(|country| country.to_string());
        let country = Some(country.unwrap_or_else(|| self.participant.clone()));
        TrustEntry {
            place: self.place.clone(),
            key: self.key.clone(),
            kid: Some(self.kid.clone()),
            country,
            purposes: Purposes::ALL,
        }
    }
}

fn invalid(reason: &str) -> Failure {
    Code::EntryInvalid.because(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_participant_is_read_back_as_its_country() {
        for (code, participant) in [
            ("ID", "IDN"),
            ("XA", "XXA"),
            ("XK", "XXK"),
            ("XL", "XCL"),
            ("XQ", "XQ"),
            ("ZZ", "ZZ"),
            ("EU", "EU"),
        ] {
            let country = Country::parse(code).unwrap();
            assert_eq!(participant_of(country), participant);
            let own = match participant {
                "XCL" => "XL",
                other => other,
            };
            assert_eq!(Country::parse(own), Some(country));
        }
    }
}
