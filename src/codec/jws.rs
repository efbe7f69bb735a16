//! JWS in its compact form, attached and detached, both ways.
//!
//! Refuses more or fewer than three parts, Base64url with padding, other letters or stray bits, headers that are no JSON
//! object or hold a member twice, critical headers other than `b64`, and everything past its ceilings. Judges nothing: the
//! signature is over the parts as received, and `crypto` says whether it holds.
//!
//! Source: RFC 7515, sections 3.1, 4.1 and 5.2; RFC 7797 (`b64`).

use super::json;
use crate::failure::{Code, Failure};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

/// The members of a protected header that mean something here; others are read over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The algorithm by its name in the JOSE registry.
    pub algorithm: String,
    /// The key identifier.
    pub kid: Option<String>,
    /// The media type of the whole.
    pub kind: Option<String>,
    /// How the payload was compressed.
    pub compression: Option<String>,
    /// The certificate of the key, X.509, and after it whatever leads to its anchor; nobody vouches for them.
    pub certificates: Vec<Vec<u8>>,
    /// Whether the payload is signed as it is, not in Base64url.
    pub unencoded: bool,
}

/// A message as received; nothing in it is proven.
#[derive(Clone, PartialEq, Eq)]
pub struct Jws {
    /// The protected header.
    pub header: Header,
    /// What was signed.
    pub payload: Vec<u8>,
    /// The signature, of any length.
    pub signature: Vec<u8>,
    signed_bytes: Vec<u8>,
}

impl Jws {
    /// The message in `text`, which holds nothing else.
    ///
    /// # Errors
    /// `jws_invalid`, `input_too_large`.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let [header_text, payload, signature] = parts(text)?;
        let header = header(header_text)?;
        if header.unencoded {
            return Err(invalid(
                "a payload that is not encoded has no attached form",
            ));
        }
        let signed = text.len() - signature.len() - 1;
        Ok(Self {
            header,
            payload: base64url(payload)?,
            signature: base64url(signature)?,
            signed_bytes: text.as_bytes().get(..signed).unwrap_or_default().to_vec(),
        })
    }

    /// The bytes that the signature is over.
    pub fn signed_bytes(&self) -> &[u8] {
        &self.signed_bytes
    }
}

impl std::fmt::Debug for Jws {
    /// Its header, and nothing of what it holds, which may be personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jws")
            .field("header", &self.header)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A signature over a payload that stands elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detached {
    /// The protected header.
    pub header: Header,
    /// The signature, of any length.
    pub signature: Vec<u8>,
    header_text: String,
}

impl Detached {
    /// The signature in `text`, whose middle part is empty.
    ///
    /// # Errors
    /// `jws_invalid`, `input_too_large`.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let [header_text, payload, signature] = parts(text)?;
        if !payload.is_empty() {
            return Err(invalid("a payload where none was expected"));
        }
        Ok(Self {
            header: header(header_text)?,
            signature: base64url(signature)?,
            header_text: header_text.to_owned(),
        })
    }

    /// The bytes that the signature is over, if the payload is `payload`.
    pub fn signed_bytes(&self, payload: &[u8]) -> Vec<u8> {
        signed_bytes(&self.header_text, self.header.unencoded, payload)
    }
}

/// A message that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    header_text: String,
    unencoded: bool,
    payload: Vec<u8>,
}

impl Unsigned {
    /// A message over `payload` under `header`.
    pub fn new(header: &Header, payload: Vec<u8>) -> Self {
        let mut members = Map::new();
        if header.unencoded {
            members.insert("b64".to_owned(), json!(false));
            members.insert("crit".to_owned(), json!(["b64"]));
        }
        members.insert("alg".to_owned(), json!(header.algorithm));
        let texts = [
            ("kid", &header.kid),
            ("typ", &header.kind),
            ("zip", &header.compression),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                members.insert(name.to_owned(), json!(value));
            }
        }
        if !header.certificates.is_empty() {
            let chain = header.certificates.iter();
            let chain: Vec<_> = chain.map(|der| BASE64_STANDARD.encode(der)).collect();
            members.insert("x5c".to_owned(), json!(chain));
        }
        Self {
            header_text: BASE64_URL_SAFE_NO_PAD.encode(Value::Object(members).to_string()),
            unencoded: header.unencoded,
            payload,
        }
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&self.header_text, self.unencoded, &self.payload)
    }

    /// The message with `signature` in it; `r ‖ s` for ECDSA.
    pub fn complete(&self, signature: &[u8]) -> String {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(&self.payload);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        format!("{}.{payload}.{signature}", self.header_text)
    }

    /// The same, with the payload left out.
    pub fn complete_detached(&self, signature: &[u8]) -> String {
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        format!("{}..{signature}", self.header_text)
    }
}

fn signed_bytes(header_text: &str, unencoded: bool, payload: &[u8]) -> Vec<u8> {
    let encoded = (!unencoded).then(|| BASE64_URL_SAFE_NO_PAD.encode(payload));
    let payload = encoded.as_ref().map_or(payload, |text| text.as_bytes());
    [header_text.as_bytes(), b".", payload].concat()
}

fn parts(text: &str) -> Result<[&str; 3], Failure> {
    if text.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("a JWS over {MAX_BYTES} bytes")));
    }
    let mut parts = text.split('.');
    let three = [parts.next(), parts.next(), parts.next(), parts.next()];
    let [Some(header), Some(payload), Some(signature), None] = three else {
        return Err(invalid("not three parts"));
    };
    if header.len() > MAX_HEADER {
        return Err(Code::InputTooLarge.because(format!("a JWS header over {MAX_HEADER} bytes")));
    }
    Ok([header, payload, signature])
}

/// Base64url without padding; the bits that stand for nothing are zero.
fn base64url(part: &str) -> Result<Vec<u8>, Failure> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|error| Code::JwsInvalid.caused_by("a part is not Base64url", error))
}

fn header(part: &str) -> Result<Header, Failure> {
    let read = json::read(&base64url(part)?, MAX_HEADER_VALUES)
        .map_err(|failure| Code::JwsInvalid.caused_by("the header is not JSON", failure))?;
    let Value::Object(members) = read else {
        return Err(invalid("the header is not an object"));
    };
    let text = |name: &str| match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(format!("{name} is not text"))),
    };
    let critical = match members.get("crit") {
        None => false,
        // RFC 7515, 4.1.11: not empty, and every name is understood.
        Some(Value::Array(names)) if names.len() == 1 && names.contains(&json!("b64")) => true,
        Some(_) => return Err(invalid("a critical header is not understood")),
    };
    let unencoded = match (members.get("b64"), critical) {
        (None | Some(Value::Bool(true)), false) | (Some(Value::Bool(true)), true) => false,
        (Some(Value::Bool(false)), true) => true,
        _ => return Err(invalid("b64 and crit do not agree")),
    };
    Ok(Header {
        algorithm: text("alg")?.ok_or_else(|| invalid("no algorithm"))?,
        kid: text("kid")?,
        kind: text("typ")?,
        compression: text("zip")?,
        certificates: certificates(members.get("x5c"))?,
        unencoded,
    })
}

fn certificates(chain: Option<&Value>) -> Result<Vec<Vec<u8>>, Failure> {
    let Some(chain) = chain else {
        return Ok(Vec::new());
    };
    let odd = || invalid("x5c is no list of certificates");
    let chain = chain.as_array().ok_or_else(odd)?;
    if chain.len() > MAX_CERTIFICATES {
        return Err(invalid(format!("over {MAX_CERTIFICATES} certificates")));
    }
    let chain = chain.iter().map(|it| {
        let der = it.as_str().map(|text| BASE64_STANDARD.decode(text));
        der.and_then(Result::ok).ok_or_else(odd)
    });
    chain.collect()
}

fn invalid(reason: impl Into<String>) -> Failure {
    Code::JwsInvalid.because(reason)
}

/// The ceiling of a message, in bytes; signed lists of keys are under 1 MiB in circulation.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The ceiling of a header, in bytes as received.
const MAX_HEADER: usize = 64 * 1024;
const MAX_HEADER_VALUES: usize = 64;
const MAX_CERTIFICATES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            algorithm: "ES256".into(),
            kid: Some("a+b/c=".into()),
            kind: Some("JOSE".into()),
            compression: None,
            certificates: vec![vec![0x30, 0], vec![0x30, 1, 0]],
            unencoded: false,
        }
    }

    fn with_header(text: &str) -> Result<Jws, Failure> {
        Jws::read(&format!("{}.e30.AA", BASE64_URL_SAFE_NO_PAD.encode(text)))
    }

    #[test]
    fn a_message_of_ours_reads_back() {
        let unsigned = Unsigned::new(&header(), b"{}".to_vec());
        let read = Jws::read(&unsigned.complete(&[1, 2, 3])).unwrap();
        assert_eq!(read.signed_bytes(), unsigned.signed_bytes());
        assert_eq!(read.header, header());
        assert_eq!(
            (&read.payload[..], &read.signature[..]),
            (&b"{}"[..], &[1, 2, 3][..])
        );
        let detached = Detached::read(&unsigned.complete_detached(&[9])).unwrap();
        assert_eq!(detached.signed_bytes(b"{}"), unsigned.signed_bytes());
        let raw = Header {
            unencoded: true,
            ..header()
        };
        let unsigned = Unsigned::new(&raw, vec![0xff, b'.']);
        let detached = Detached::read(&unsigned.complete_detached(&[9])).unwrap();
        assert_eq!(
            detached.signed_bytes(&[0xff, b'.']),
            unsigned.signed_bytes()
        );
        assert!(detached.signed_bytes(&[0xff]).ends_with(&[b'.', 0xff]));
    }

    #[test]
    fn the_example_of_the_standard_reads() {
        // RFC 7515, A.2, header and payload.
        let text = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                    cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.AA";
        let read = Jws::read(text).unwrap();
        assert_eq!(read.header.algorithm, "RS256");
        assert!(read.payload.starts_with(b"{\"iss\":\"joe\",\r\n"));
    }

    #[test]
    fn base64url_is_taken_strictly() {
        for text in [
            "",
            "e30.e30",
            "e30.e30.AA.AA",
            "eyJhbGciOiJFUzI1NiJ9.e30=.AA",
            "eyJhbGciOiJFUzI1NiJ9.e31.AA",
            "eyJhbGciOiJFUzI1NiJ9.e3+.AA",
            "eyJhbGciOiJFUzI1NiJ9.e30.AB",
            "eyJhbGciOiJFUzI1NiJ9.e30.AA\n",
            " eyJhbGciOiJFUzI1NiJ9.e30.AA",
        ] {
            assert_eq!(
                Jws::read(text).unwrap_err().code(),
                Code::JwsInvalid,
                "{text}"
            );
        }
        assert!(Jws::read("eyJhbGciOiJFUzI1NiJ9.e30.AA").is_ok());
        assert!(Detached::read("eyJhbGciOiJFUzI1NiJ9.e30.AA").is_err());
        let endless = "A".repeat(MAX_BYTES + 1);
        assert_eq!(Jws::read(&endless).unwrap_err().code(), Code::InputTooLarge);
    }

    #[test]
    fn headers_that_could_mean_two_things_are_refused() {
        for odd in [
            "[]",
            "{}",
            r#"{"alg":7}"#,
            r#"{"alg":"ES256","alg":"ES256"}"#,
            r#"{"alg":"ES256","kid":7}"#,
            r#"{"alg":"ES256","crit":[]}"#,
            r#"{"alg":"ES256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"ES256","crit":["b64"]}"#,
            r#"{"alg":"ES256","b64":false}"#,
            r#"{"alg":"ES256","b64":false,"crit":["b64"]}"#,
            r#"{"alg":"ES256","x5c":"MAA="}"#,
            r#"{"alg":"ES256","x5c":["?"]}"#,
        ] {
            assert_eq!(
                with_header(odd).unwrap_err().code(),
                Code::JwsInvalid,
                "{odd}"
            );
        }
        assert!(with_header(r#"{"alg":"ES256","jwk":{"d":""},"b64":true}"#).is_ok());
    }
}
