//! The content of a revocation batch: `{country, expires, kid, hashType, entries: [{hash}]}`.
//!
//! Refuses more than 1,000 hashes, hashes of other than 16 bytes, unknown kinds, and members that stand twice. Members
//! that are not known are passed over, as the EU gateway does.
//!
//! Source: EU DGCG, `POST /revocation-list`.

use crate::codec::json;
use crate::exchange::read::kid_of_base64;
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid, UnixTime};
use crate::revocation::{HashKind, RevocationBatch, RevocationHash};
use serde_json::{Value, json};

/// The batch named `id` in `bytes`, the content of the message that came with it.
///
/// # Errors
/// `revocation_invalid`.
pub fn read_batch(id: &str, bytes: &[u8]) -> Result<RevocationBatch, Failure> {
    let batch = json::read(bytes, MAX_VALUES)
        .map_err(|failure| Code::RevocationInvalid.because(failure.detail().to_owned()))?;
    let text = |name: &str| batch.get(name).and_then(Value::as_str);
    let country = text("country").and_then(Country::parse);
    let expires_at = text("expires").and_then(UnixTime::parse);
    let kind = text("hashType").and_then(HashKind::parse);
    let entries = batch.get("entries").and_then(Value::as_array);
    let entries = entries.filter(|entries| (1..=MAX_HASHES).contains(&entries.len()));
    let hashes = entries
        .ok_or_else(|| invalid("entries is no array of 1 to 1000"))?
        .iter()
        .map(|entry| {
            // Some gateways' parsers take the bare text, too, so it may circulate.
            let hash = entry.get("hash").unwrap_or(entry).as_str();
            hash.and_then(RevocationHash::parse)
                .ok_or_else(|| invalid("a hash is no 16 bytes in Base64"))
        });
    Ok(RevocationBatch {
        id: id.to_owned(),
        country: country.ok_or_else(|| invalid("country is none"))?,
        kid: kid(batch.get("kid"))?,
        kind: kind.ok_or_else(|| invalid("an unknown hashType"))?,
        expires_at: expires_at.ok_or_else(|| invalid("expires is no instant"))?,
        hashes: hashes.collect::<Result<_, _>>()?,
    })
}

/// `batch` as the content of a message.
pub fn write_batch(batch: &RevocationBatch) -> Value {
    let entries = batch
        .hashes
        .iter()
        .map(|hash| json!({ "hash": hash.to_string() }));
    json!({
        "country": batch.country.as_str(),
        "expires": batch.expires_at.to_string(),
        "kid": batch.kid.as_ref().map_or_else(|| UNKNOWN_KID.to_owned(), Kid::to_string),
        "hashType": batch.kind.name(),
        "entries": entries.collect::<Vec<_>>(),
    })
}

/// The signer, in Base64 whose padding may lack; the word for "unknown", one as long that is no Base64, and nothing at all
/// are none.
fn kid(stated: Option<&Value>) -> Result<Option<Kid>, Failure> {
    match stated {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text == UNKNOWN_KID => Ok(None),
        Some(Value::String(text)) => {
            let padded = if text.len() == KID_CHARACTERS - 1 {
                kid_of_base64(&format!("{text}="))
            } else {
                kid_of_base64(text)
            };
            let is_word = (KID_CHARACTERS - 1..=KID_CHARACTERS).contains(&text.len());
            match padded {
                // Words of other gateways for a signer that nobody knows: revoked is revoked.
                None if is_word => Ok(None),
                None => Err(invalid("kid is no Base64")),
                kid => Ok(kid),
            }
        }
        Some(_) => Err(invalid("kid is no text")),
    }
}

fn invalid(reason: &str) -> Failure {
    Code::RevocationInvalid.because(reason)
}

const UNKNOWN_KID: &str = "UNKNOWN_KID";
/// Of the 8 bytes of a kid in Base64.
const KID_CHARACTERS: usize = 12;
const MAX_HASHES: usize = 1000;
const MAX_VALUES: usize = 4 * MAX_HASHES;

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: &str = r#"{"country":"DE","expires":"2022-11-01T00:00:00Z","kid":"2Rk3X8HntrI=","hashType":"SIGNATURE",
        "entries":[{"hash":"rj97Otl6J9QZXVkU18gxCQ=="}],"more":1}"#;

    #[test]
    fn a_batch_is_written_as_it_was_read() {
        let batch = read_batch("id", BATCH.as_bytes()).unwrap();
        assert_eq!(
            (batch.country.as_str(), batch.kind),
            ("DE", HashKind::Signature)
        );
        let written = write_batch(&batch).to_string();
        assert_eq!(read_batch("id", written.as_bytes()).unwrap(), batch);
        for unknown in ["null", "\"UNKNOWN_KID\""] {
            let text = BATCH.replace("\"2Rk3X8HntrI=\"", unknown);
            let batch = read_batch("id", text.as_bytes()).unwrap();
            assert_eq!(batch.kid, None);
            assert!(write_batch(&batch).to_string().contains("UNKNOWN_KID"));
        }
        let word = read_batch(
            "id",
            BATCH.replace("2Rk3X8HntrI=", "unknown-kid").as_bytes(),
        );
        assert_eq!(word.unwrap().kid, None);
        let cut = read_batch("id", BATCH.replace("trI=", "trI").as_bytes()).unwrap();
        assert_eq!(cut.kid, batch.kid);
    }

    #[test]
    fn odd_batches_are_refused() {
        let many = format!(
            "{}{{\"hash\":\"rj97Otl6J9QZXVkU18gxCQ==\"}}",
            "{\"hash\":\"rj97Otl6J9QZXVkU18gxCQ==\"},".repeat(1000)
        );
        for (from, to) in [
            ("DE", "Germany"),
            ("SIGNATURE", "signature"),
            ("2022-11-01T00:00:00Z", "2022-11-01"),
            ("rj97Otl6J9QZXVkU18gxCQ==", "rj97Otl6J9QZXVkU18gx"),
            ("{\"hash\":\"rj97Otl6J9QZXVkU18gxCQ==\"}", ""),
            ("{\"hash\":\"rj97Otl6J9QZXVkU18gxCQ==\"}", many.as_str()),
            ("\"more\"", "\"kid\""),
            ("2Rk3X8HntrI=", "?"),
        ] {
            let failure = read_batch("id", BATCH.replace(from, to).as_bytes()).unwrap_err();
            assert_eq!(failure.code(), Code::RevocationInvalid, "{from}");
        }
    }
}
