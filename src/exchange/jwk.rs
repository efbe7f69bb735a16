//! One JSON Web Key, both ways: numbers, and the certificates that may stand beside them.
//!
//! Refuses keys without numbers and without certificates, numbers that are not those of the certificate beside them,
//! shared secrets, and keys that come with their private half. Numbers are read with the sign bytes and without the leading
//! zeros that real lists have, and written in full width.
//!
//! Source: RFC 7517; RFC 7518, section 6; RFC 7638 (thumbprints).

use crate::codec::x509::Certificate;
use crate::crypto;
use crate::failure::{Code, Failure};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use base64::{Engine, alphabet};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Sequence};
use serde_json::{Map, Value, json};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// A public key as a JSON object states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// The key identifier as written.
    pub kid: Option<String>,
    /// What it is for, `sig` for signatures.
    pub purpose: Option<String>,
    /// The one algorithm to use it with, where that is stated.
    pub algorithm: Option<String>,
    /// The SubjectPublicKeyInfo, DER: the certificate's where there is one, else made of the numbers.
    pub public_key: Vec<u8>,
    /// Its certificate, X.509 in DER, and after it its issuers.
    pub certificates: Vec<Vec<u8>>,
    /// The thumbprint of the numbers as they were written, where that is another: two published keys lack a leading zero,
    /// and are named by what they lack.
    pub written_thumbprint: Option<String>,
}

impl Jwk {
    /// The key that `value` states.
    ///
    /// # Errors
    /// `entry_invalid`; `test_signer` where it holds its private half.
    pub fn read(value: &Value) -> Result<Self, Failure> {
        let members = value
            .as_object()
            .ok_or_else(|| invalid("a key that is no object"))?;
        if PRIVATE.iter().any(|name| members.contains_key(*name)) {
            return Err(Code::TestSigner.because("the key comes with its private half"));
        }
        let text = |name: &str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(invalid(format!("{name} is not text"))),
        };
        let certificates = certificates(members.get("x5c"))?;
        let numbers = Numbers::read(members)?;
        let public_key = match (certificates.first(), &numbers) {
            (Some(der), numbers) => {
                let spki = Certificate::read(der)?.public_key;
                if numbers
                    .as_ref()
                    .is_some_and(|numbers| !numbers.are_of(&spki))
                {
                    return Err(invalid("its numbers are not those of its certificate"));
                }
                spki
            }
            (None, Some(numbers)) => numbers
                .spki()
                .ok_or_else(|| invalid("its numbers make no key of a known kind"))?,
            (None, None) => return Err(invalid("neither numbers nor a certificate")),
        };
        let mut key = Self {
            kid: text("kid")?,
            purpose: text("use")?,
            algorithm: text("alg")?,
            public_key,
            certificates,
            written_thumbprint: None,
        };
        let written = thumbprint(members);
        let differs = key.thumbprint().is_ok_and(|own| own != written);
        key.written_thumbprint = differs.then_some(written);
        Ok(key)
    }

    /// The key as a JSON object.
    ///
    /// # Errors
    /// `algorithm_unsupported` for kinds of key that have no form here.
    pub fn write(&self) -> Result<Value, Failure> {
        let numbers = self.numbers()?;
        let mut members = numbers.members();
        let texts = [
            ("kid", &self.kid),
            ("use", &self.purpose),
            ("alg", &self.algorithm),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                members.insert(name.to_owned(), json!(value));
            }
        }
        if !self.certificates.is_empty() {
            let chain = self.certificates.iter();
            let chain: Vec<_> = chain.map(|der| BASE64_STANDARD.encode(der)).collect();
            members.insert("x5c".to_owned(), json!(chain));
        }
        Ok(Value::Object(members))
    }

    /// SHA-256 over the members that make the key, in Base64url: the same for everybody who has the key.
    ///
    /// # Errors
    /// `algorithm_unsupported` for kinds of key that have no form here.
    pub fn thumbprint(&self) -> Result<String, Failure> {
        Ok(thumbprint(&self.numbers()?.members()))
    }

    fn numbers(&self) -> Result<Numbers, Failure> {
        Numbers::of(&self.public_key)
            .ok_or_else(|| Code::AlgorithmUnsupported.because("a key without a form in JSON"))
    }
}

/// SHA-256 over the members that make a key, as they stand, in Base64url.
fn thumbprint(members: &Map<String, Value>) -> String {
    let essential = ESSENTIAL
        .iter()
        .filter_map(|name| members.get_key_value(*name));
    let essential: Map<_, _> = essential
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let digest = crypto::sha256(Value::Object(essential).to_string().as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

/// Standard Base64 of certificates, in a list.
fn certificates(chain: Option<&Value>) -> Result<Vec<Vec<u8>>, Failure> {
    let odd = || invalid("x5c is no list of certificates");
    let chain = match chain {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(chain) => chain.as_array().ok_or_else(odd)?,
    };
    if chain.is_empty() || chain.len() > MAX_CERTIFICATES {
        return Err(odd());
    }
    let chain = chain.iter().map(|it| {
        let der = it.as_str().map(|text| BASE64_STANDARD.decode(text));
        der.and_then(Result::ok).ok_or_else(odd)
    });
    chain.collect()
}

/// The numbers of a key, the most significant byte first, without leading zeros.
#[derive(Debug, PartialEq, Eq)]
enum Numbers {
    /// A curve, where it has a name here, and a point.
    Ec(Option<&'static Curve>, Vec<u8>, Vec<u8>),
    /// A modulus and an exponent.
    Rsa(Vec<u8>, Vec<u8>),
}

impl Numbers {
    /// The numbers in `members`, if there are any.
    fn read(members: &Map<String, Value>) -> Result<Option<Self>, Failure> {
        let number = |name: &str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let digits = value.as_str().map(|it| NUMBERS.decode(it));
                let digits = digits.and_then(Result::ok);
                let digits = digits.ok_or_else(|| invalid(format!("{name} is not Base64url")))?;
                Ok(Some(trimmed(&digits)))
            }
        };
        let pair = |first, second| match (number(first)?, number(second)?) {
            (Some(first), Some(second)) => Ok(Some((first, second))),
            (None, None) => Ok(None),
            _ => Err(invalid("half of its numbers")),
        };
        match members.get("kty").and_then(Value::as_str) {
            Some("EC") => {
                let name = members.get("crv").and_then(Value::as_str);
                let curve = CURVES.iter().find(|curve| Some(curve.name) == name);
                Ok(pair("x", "y")?.map(|(x, y)| Self::Ec(curve, x, y)))
            }
            Some("RSA") => Ok(pair("n", "e")?.map(|(n, e)| Self::Rsa(n, e))),
            _ => Err(invalid("a key of no known kind")),
        }
    }

    /// The numbers in a SubjectPublicKeyInfo, DER.
    fn of(spki: &[u8]) -> Option<Self> {
        let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
        let bits = spki.subject_public_key.as_bytes()?;
        if spki.algorithm.oid != EC_PUBLIC_KEY {
            let key = RsaPublicKey::from_der(bits).ok()?;
            let [n, e] = [key.modulus, key.public_exponent].map(|it| trimmed(it.as_bytes()));
            return Some(Self::Rsa(n, e));
        }
        let oid = spki.algorithm.parameters;
        let oid = oid.and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
        let curve = CURVES.iter().find(|curve| Some(curve.oid) == oid);
        let (form, point) = bits.split_first()?;
        let (x, y) = point.split_at_checked(point.len() / 2)?;
        (*form == UNCOMPRESSED).then(|| Self::Ec(curve, trimmed(x), trimmed(y)))
    }

    /// Whether these are the numbers in `spki`; a curve that either side cannot name is not compared.
    fn are_of(&self, spki: &[u8]) -> bool {
        match (self, Self::of(spki)) {
            (Self::Ec(named, x, y), Some(Self::Ec(curve, its_x, its_y))) => {
                (*x == its_x && *y == its_y)
                    && (named.is_none() || curve.is_none() || *named == curve)
            }
            (Self::Rsa(n, e), Some(Self::Rsa(its_n, its_e))) => *n == its_n && *e == its_e,
            _ => false,
        }
    }

    fn spki(&self) -> Option<Vec<u8>> {
        match self {
            Self::Ec(curve, x, y) => ec_spki((*curve)?, x, y),
            Self::Rsa(n, e) => rsa_spki(n, e),
        }
    }

    fn members(&self) -> Map<String, Value> {
        let text = |digits: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(digits);
        let members = match self {
            Self::Ec(curve, x, y) => {
                let (name, width) = curve.map_or((UNKNOWN_CURVE, 0), |it| (it.name, it.width));
                let wide = |digits: &[u8]| text(&widened(digits, width).unwrap_or_default());
                vec![
                    ("kty", "EC".into()),
                    ("crv", name.into()),
                    ("x", wide(x)),
                    ("y", wide(y)),
                ]
            }
            Self::Rsa(n, e) => vec![("kty", "RSA".into()), ("n", text(n)), ("e", text(e))],
        };
        let members = members.into_iter();
        members
            .map(|(name, value): (&str, String)| (name.to_owned(), value.into()))
            .collect()
    }
}

/// A curve with a name in the JOSE registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Curve {
    name: &'static str,
    oid: ObjectIdentifier,
    /// The bytes of a coordinate.
    width: usize,
}

/// The SubjectPublicKeyInfo of a point; `None` where a coordinate is too long.
pub(super) fn ec_spki(curve: &Curve, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let (x, y) = (widened(x, curve.width)?, widened(y, curve.width)?);
    let point = [&[UNCOMPRESSED][..], &x, &y].concat();
    spki(EC_PUBLIC_KEY, AnyRef::from(&curve.oid), &point)
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

/// The SubjectPublicKeyInfo of a modulus and an exponent.
pub(super) fn rsa_spki(n: &[u8], e: &[u8]) -> Option<Vec<u8>> {
    let key = RsaPublicKey {
        modulus: UintRef::new(n).ok()?,
        public_exponent: UintRef::new(e).ok()?,
    };
    spki(RSA_ENCRYPTION, AnyRef::NULL, &key.to_der().ok()?)
}

fn spki(kind: ObjectIdentifier, parameters: AnyRef<'_>, key: &[u8]) -> Option<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef {
        oid: kind,
        parameters: Some(parameters),
    };
    let subject_public_key = BitStringRef::from_bytes(key).ok()?;
    SubjectPublicKeyInfoRef {
        algorithm,
        subject_public_key,
    }
    .to_der()
    .ok()
}

fn trimmed(digits: &[u8]) -> Vec<u8> {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.get(zeros..).unwrap_or_default().to_vec()
}

fn widened(digits: &[u8], width: usize) -> Option<Vec<u8>> {
    let digits = trimmed(digits);
    let missing = width.checked_sub(digits.len())?;
    Some([vec![0; missing], digits].concat())
}

fn invalid(reason: impl Into<String>) -> Failure {
    Code::EntryInvalid.because(reason)
}

/// Base64url, with padding or without: the first version of the WHO's list has some.
const NUMBERS: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The members that make a key, in the order in which they are hashed.
const ESSENTIAL: [&str; 6] = ["crv", "e", "kty", "n", "x", "y"];
/// The members that no public key has.
const PRIVATE: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];
const MAX_CERTIFICATES: usize = 8;
const UNCOMPRESSED: u8 = 0x04;
const UNKNOWN_CURVE: &str = "UNKNOWN CURVE";
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const P_256: Curve = Curve {
    name: "P-256",
    oid: ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
    width: 32,
};
const CURVES: [Curve; 3] = [
    P_256,
    Curve {
        name: "P-384",
        oid: ObjectIdentifier::new_unwrap("1.3.132.0.34"),
        width: 48,
    },
    Curve {
        name: "P-521",
        oid: ObjectIdentifier::new_unwrap("1.3.132.0.35"),
        width: 66,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 7517, A.1.
    fn example() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "use": "enc", "kid": "1",
                "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" })
    }

    fn code_of(value: &Value) -> Code {
        Jwk::read(value).unwrap_err().code()
    }

    #[test]
    fn a_key_reads_and_writes_the_same() {
        let key = Jwk::read(&example()).unwrap();
        assert_eq!(key.write().unwrap(), example());
        assert_eq!(Jwk::read(&key.write().unwrap()).unwrap(), key);
    }

    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        // RFC 7638, 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX\
                 jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqz\
                 s8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-\
                 G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = Jwk::read(&json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256" })).unwrap();
        assert_eq!(
            key.thumbprint().unwrap(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    #[test]
    fn sign_bytes_and_missing_zeros_make_no_other_key() {
        let key = Jwk::read(&example()).unwrap();
        let mut loose = example();
        let x = BASE64_URL_SAFE_NO_PAD
            .decode(loose["x"].as_str().unwrap())
            .unwrap();
        loose["x"] = BASE64_URL_SAFE_NO_PAD
            .encode([vec![0, 0], x].concat())
            .into();
        let loose = Jwk::read(&loose).unwrap();
        assert_eq!(loose.public_key, key.public_key);
        assert_eq!(loose.thumbprint().unwrap(), key.thumbprint().unwrap());
        assert!(loose.written_thumbprint.is_some() && key.written_thumbprint.is_none());
    }

    #[test]
    fn odd_keys_are_refused() {
        let changed = |name: &str, value: Value| {
            let mut key = example();
            key[name] = value;
            key
        };
        let wide = BASE64_URL_SAFE_NO_PAD.encode([1; 33]);
        for odd in [
            json!(7),
            json!({}),
            json!({ "kty": "EC", "crv": "P-256" }),
            changed("kty", json!("oct")),
            changed("crv", json!("secp256k1")),
            changed("x", json!(wide)),
            changed("x", json!("A+/A")),
            changed("y", Value::Null),
            changed("kid", json!(1)),
            changed("x5c", json!([])),
            changed("x5c", json!(["MAA="])),
        ] {
            assert_eq!(code_of(&odd), Code::EntryInvalid, "{odd}");
        }
        assert_eq!(code_of(&changed("d", json!("AA"))), Code::TestSigner);
    }
}
