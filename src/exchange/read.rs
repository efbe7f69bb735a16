//! Which form a list document has, by its content; then that reader alone is asked.
//!
//! Refuses documents over 16 MiB or 20,000 entries, and forms it does not know.

use super::signed::own;
use super::{at, ch, de, dgcg, nl, pem};
use crate::codec::json;
use crate::failure::{Code, Failure};
use crate::model::Kid;
use crate::trust::{KeyMaterial, Place, Purposes, TrustEntry};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

/// One entry of a list, or why it is none.
pub type Row = Result<TrustEntry, Box<RowFailure>>;

/// An entry that could not be read.
#[derive(Debug)]
pub struct RowFailure {
    /// Where it stands.
    pub place: Place,
    /// Its key identifier, where one could be read.
    pub kid: Option<Kid>,
    /// What is wrong.
    pub failure: Failure,
}

/// The entries of the list in `bytes`; `document` is its name, for operators.
///
/// Reads certificates in PEM (one or many) and DER, the EU gateway's trust list, and the lists of Germany, the
/// Netherlands, Switzerland and Austria in their JSON forms, and our own in CBOR. Signatures over lists are not asked for here.
///
/// # Errors
/// `list_invalid`, `input_too_large`.
pub fn read(document: &str, bytes: &[u8]) -> Result<Vec<Row>, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("a list over {MAX_BYTES} bytes")));
    }
    let found = match bytes.first() {
        None => return Err(Code::ListInvalid.because("the document is empty")),
        Some(_) if bytes.starts_with(DER_SEQUENCE) => vec![Ok(Found::certificate(bytes.to_vec()))],
        Some(&own::FIRST) => own::read_unproven(bytes)?,
        Some(_) => {
            let text = std::str::from_utf8(bytes)
                .map_err(|error| Code::ListInvalid.caused_by("neither DER nor text", error))?;
            match pem::read(text) {
                Some(found) => found,
                None => read_json(de::without_signature(text))?,
            }
        }
    };
    rows(document, found)
}

/// What a form found as the rows of `document`.
pub(super) fn rows(document: &str, found: Vec<Result<Found, Unread>>) -> Result<Vec<Row>, Failure> {
    if found.len() > MAX_ENTRIES {
        return Err(Code::InputTooLarge.because(format!("a list over {MAX_ENTRIES} entries")));
    }
    Ok(found
        .into_iter()
        .enumerate()
        .map(|(index, found)| placed(document, index, found))
        .collect())
}

fn read_json(text: &str) -> Result<Vec<Result<Found, Unread>>, Failure> {
    let list = json::read_joining(text.as_bytes(), MAX_VALUES).map_err(|failure| {
        Code::ListInvalid.because(format!("neither PEM nor JSON: {}", failure.detail()))
    })?;
    let found = match &list {
        Value::Array(items) => dgcg::read(items).or_else(|| at::read(items)),
        Value::Object(members) => de::read(members)
            .or_else(|| nl::read(members))
            .or_else(|| ch::read(members)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    found.ok_or_else(|| Code::ListInvalid.because("JSON of no known list form"))
}

/// An entry as a list form states it.
pub(super) struct Found {
    pub(super) key: KeyMaterial,
    pub(super) kid: Option<Kid>,
    pub(super) country: Option<String>,
    pub(super) purposes: Purposes,
}

impl Found {
    pub(super) fn certificate(der: Vec<u8>) -> Self {
        let key = KeyMaterial::Certificate(der);
        Self {
            key,
            kid: None,
            country: None,
            purposes: Purposes::ALL,
        }
    }

    pub(super) fn public_key(spki: Vec<u8>, kid: Kid) -> Self {
        let key = KeyMaterial::PublicKey(spki);
        Self {
            key,
            kid: Some(kid),
            country: None,
            purposes: Purposes::ALL,
        }
    }
}

/// An entry that a list form states badly.
pub(super) struct Unread {
    pub(super) kid: Option<Kid>,
    pub(super) failure: Failure,
}

impl Unread {
    pub(super) fn new(kid: Option<Kid>, what: &str) -> Self {
        Self {
            kid,
            failure: Code::EntryInvalid.because(what),
        }
    }
}

/// Standard Base64 of a JSON member, if it is that.
pub(super) fn base64_of(value: Option<&Value>) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(value?.as_str()?).ok()
}

/// The kid in standard Base64 of a JSON member or key.
pub(super) fn kid_of_base64(text: &str) -> Option<Kid> {
    BASE64_STANDARD
        .decode(text)
        .ok()
        .and_then(|bytes| Kid::from_bytes(&bytes))
}

/// The entries of a form that files lists of keys under their kids in Base64.
pub(super) fn by_kid(
    keys: &Map<String, Value>,
    entry: fn(Kid, &Value) -> Result<Found, Unread>,
) -> Vec<Result<Found, Unread>> {
    let mut found = Vec::new();
    for (kid, rows) in keys {
        let Some(kid) = kid_of_base64(kid) else {
            found.push(Err(Unread::new(
                None,
                "a key identifier that is not Base64",
            )));
            continue;
        };
        match rows.as_array() {
            Some(rows) => found.extend(rows.iter().map(|row| entry(kid.clone(), row))),
            None => found.push(Err(Unread::new(Some(kid), "no array of keys"))),
        }
    }
    found
}

fn placed(document: &str, index: usize, found: Result<Found, Unread>) -> Row {
    let place = Place {
        document: document.to_owned(),
        position: index + 1,
    };
    match found {
        Ok(Found {
            key,
            kid,
            country,
            purposes,
        }) => Ok(TrustEntry {
            place,
            key,
            kid,
            country,
            purposes,
        }),
        Err(Unread { kid, failure }) => Err(Box::new(RowFailure {
            place,
            kid,
            failure,
        })),
    }
}

/// The ceiling of a list document, in bytes; the largest seen in circulation is 4 MB.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The ceiling of JSON values in one list; Austria's form spends one on every byte.
pub(super) const MAX_VALUES: usize = 2_000_000;
/// The ceiling of entries in one list.
pub const MAX_ENTRIES: usize = 20_000;
/// A DER sequence of 256 bytes or more, as every certificate is; text may begin with a `0`, too.
const DER_SEQUENCE: &[u8] = &[0x30, 0x82];

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(bytes: &[u8]) -> Code {
        read("list", bytes).unwrap_err().code()
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bytes in [
            &b""[..],
            b"[]",
            b"{}",
            b"null",
            b"[1]",
            b"{\"a\":1}",
            b"hello",
            b"\xff\xfe",
        ] {
            assert_eq!(code_of(bytes), Code::ListInvalid, "{bytes:?}");
        }
        assert_eq!(code_of(&vec![b' '; MAX_BYTES + 1]), Code::InputTooLarge);
    }

    #[test]
    fn a_list_has_a_ceiling_of_entries_and_of_values() {
        let list = |count| format!("[{}]", vec![r#"{"rawData":""}"#; count].join(","));
        assert_eq!(
            read("list", list(MAX_ENTRIES).as_bytes()).unwrap().len(),
            MAX_ENTRIES
        );
        assert_eq!(
            code_of(list(MAX_ENTRIES + 1).as_bytes()),
            Code::InputTooLarge
        );
        let numbers = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert_eq!(code_of(numbers.as_bytes()), Code::ListInvalid);
    }

    #[test]
    fn one_bad_entry_never_drops_the_list() {
        let list =
            br#"[{"kid":"AQIDBAUGBwg=","country":"ZZ","certificateType":"DSC","rawData":"MAA="},
                        {"kid":"AQ==","country":"ZZ","certificateType":"DSC","rawData":"?"},
                        7,
                        {"certificateType":"CSCA","rawData":"MAA="}]"#;
        let rows = read("list.json", list).unwrap();
        let good: Vec<_> = rows.iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, false, false, false]);
        let refused = rows[1].as_ref().unwrap_err();
        assert_eq!(
            (refused.failure.code(), refused.place.to_string()),
            (Code::EntryInvalid, "list.json#2".into())
        );
    }

    #[test]
    fn a_bad_first_entry_is_a_row_like_any_other() {
        for list in [
            r#"[7, {"certificateType":"DSC","rawData":"MAA="}]"#,
            r#"[{}, {"kid":[1],"crt":[48,0]}]"#,
            r#"{"AQ==": 7, "Ag==": [{"alg":"ES256","crv":"P-256","x":"","y":""}]}"#,
        ] {
            assert_eq!(
                read("list.json", list.as_bytes()).unwrap().len(),
                2,
                "{list}"
            );
        }
    }

    #[test]
    fn text_before_a_pem_block_may_begin_with_a_zero() {
        let chain = "0 s:C = ZZ\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        assert!(read("chain.pem", chain.as_bytes()).unwrap()[0].is_ok());
    }

    #[test]
    fn a_pem_bundle_is_a_list() {
        let bundle = "text before\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n\
                      -----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n";
        let rows = read("bundle.pem", bundle.as_bytes()).unwrap();
        assert_eq!(
            rows.iter().map(Result::is_ok).collect::<Vec<_>>(),
            [true, false]
        );
    }
}
