//! The data key, and what is derived from it: by it events are known again, and kept so that a database alone tells nobody
//! whom they are about.
//!
//! Refuses a key file that others may read, to make a new key where events are kept under another, and to decrypt what
//! was not encrypted about the same thing.
//!
//! Source: RFC 5869 (derivation), RFC 2104 (HMAC), NIST SP 800-38D (AES-GCM).

use super::claim::{Claim, aes, derive, open, seal};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::files::{self, PRIVATE};
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::path::Path;
use zeroize::Zeroizing;

/// The keys derived from the data key.
pub(in crate::server) struct Vault {
    source: hmac::Key,
    digest: hmac::Key,
    token: hmac::Key,
    import: hmac::Key,
    attempt: hmac::Key,
    asked: hmac::Key,
    body: LessSafeKey,
    again: LessSafeKey,
    answer: LessSafeKey,
    fingerprint: [u8; 32],
}

impl Vault {
    /// That of the key below the folder `data`; `None` where there is none.
    ///
    /// # Errors
    /// `input_output`; `configuration_invalid` where it is of another length or open to others.
    pub(in crate::server) fn read(data: &Path) -> Result<Option<Self>, Failure> {
        let path = data.join("keys").join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = files::read_private(&path)?;
        let key: Zeroizing<[u8; KEY_BYTES]> = match bytes.as_slice().try_into() {
            Ok(key) => Zeroizing::new(key),
            Err(_) => {
                let reason = format!("{} does not hold {KEY_BYTES} bytes", path.display());
                return Err(Code::ConfigurationInvalid.because(reason));
            }
        };
        Self::of(&key).map(Some)
    }

    /// The same, with a key made where there is none.
    ///
    /// # Errors
    /// Those of [`Self::read`]; `internal` without randomness.
    pub(in crate::server) fn make(data: &Path) -> Result<Self, Failure> {
        let _making = files::lock(data)?;
        if let Some(made) = Self::read(data)? {
            return Ok(made);
        }
        let folder = data.join("keys");
        files::create_private_dir(&folder)?;
        let mut random = Zeroizing::new([0; KEY_BYTES]);
        aws_lc_rs::rand::fill(random.as_mut())
            .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
        files::write(&folder.join(FILE), random.as_ref(), PRIVATE)?;
        Self::of(&random)
    }

    fn of(key: &[u8; KEY_BYTES]) -> Result<Self, Failure> {
        let branch = |name: &str| -> Result<Zeroizing<[u8; 32]>, Failure> {
            let mut derived = Zeroizing::new([0; 32]);
            derive(key, SALT, name.as_bytes(), derived.as_mut())?;
            Ok(derived)
        };
        let mac = |name: &str| -> Result<hmac::Key, Failure> {
            Ok(hmac::Key::new(hmac::HMAC_SHA256, branch(name)?.as_ref()))
        };
        let mut fingerprint = [0; 32];
        derive(key, SALT, b"fingerprint", &mut fingerprint)?;
        Ok(Self {
            source: mac("source")?,
            digest: mac("digest")?,
            token: mac("token")?,
            import: mac("import")?,
            attempt: mac("attempt")?,
            asked: mac("asked")?,
            body: aes(&*branch("body")?)?,
            again: aes(&*branch("again")?)?,
            answer: aes(&*branch("answer")?)?,
            fingerprint,
        })
    }

    /// By which the event with the source id `id` is known again.
    pub(super) fn source_key(&self, id: &str) -> [u8; 32] {
        mac(&self.source, id.as_bytes())
    }

    /// By which it is known whether an event says the same again.
    pub(super) fn digest(&self, said: &[u8]) -> [u8; 32] {
        mac(&self.digest, said)
    }

    /// The proof of an operator's token.
    pub(super) fn token_proof(&self, token: &[u8]) -> [u8; 32] {
        mac(&self.token, token)
    }

    /// The import that the operator calls `name`, 32 hexadecimal digits: nobody names another's.
    pub(super) fn import(&self, operator: &str, name: &str) -> String {
        let [digits, _] = halves(mac(&self.import, format!("{operator}\n{name}").as_bytes()));
        base16ct::lower::encode_string(&digits)
    }

    /// What is kept of the event `id` while it waits: what it says, `said`, and its claim.
    pub(super) fn seal_body(
        &self,
        id: &[u8; 16],
        claim: &Claim,
        said: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        let plain = Zeroizing::new([claim.bits().as_slice(), said].concat());
        seal(&self.body, id, &plain)
    }

    /// What [`Self::seal_body`] encrypted.
    ///
    /// # Errors
    /// `seal_invalid`.
    pub(super) fn open_body(
        &self,
        id: &[u8; 16],
        sealed: &[u8],
    ) -> Result<(Claim, Zeroizing<Vec<u8>>), Failure> {
        let other = || Code::SealInvalid.because("an event was not encrypted under this data key");
        let opened = open(&self.body, id, sealed).ok_or_else(other)?;
        let (bits, said) = opened.split_first_chunk::<16>().ok_or_else(other)?;
        Ok((Claim::from_bits(*bits), Zeroizing::new(said.to_vec())))
    }

    /// A claim, kept so that `operator` can be told it again.
    pub(super) fn seal_again(
        &self,
        source_key: &[u8; 32],
        operator: &str,
        claim: &Claim,
    ) -> Result<Vec<u8>, Failure> {
        let about = [source_key, operator.as_bytes()].concat();
        seal(&self.again, &about, claim.bits())
    }

    /// The claim in `sealed`, where it was `operator` who handed that event in.
    pub(super) fn open_again(
        &self,
        source_key: &[u8; 32],
        operator: &str,
        sealed: &[u8],
    ) -> Option<Claim> {
        let about = [source_key, operator.as_bytes()].concat();
        let opened = open(&self.again, &about, sealed)?;
        Some(Claim::from_bits(opened.as_slice().try_into().ok()?))
    }

    /// By which the attempts under a key of the caller's own are known: `of` names caller, route and key.
    pub(super) fn attempt_slot(&self, of: &[&[u8]]) -> [u8; 32] {
        mac_over(&self.attempt, of)
    }

    /// By which it is known whether the same is asked again: `said` is all that is asked.
    pub(super) fn asked(&self, said: &[&[u8]]) -> [u8; 32] {
        mac_over(&self.asked, said)
    }

    /// An answer, kept for whoever asks the same again under this `slot`.
    pub(super) fn seal_answer(&self, slot: &[u8; 32], answer: &[u8]) -> Result<Vec<u8>, Failure> {
        seal(&self.answer, slot, answer)
    }

    /// What [`Self::seal_answer`] encrypted.
    pub(super) fn open_answer(&self, slot: &[u8; 32], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open(&self.answer, slot, sealed)
    }

    /// The record that says under which key events are kept, from `at` on.
    pub(super) fn record(&self, at: UnixTime) -> Record {
        let body = Body {
            fingerprint: base16ct::lower::encode_string(&self.fingerprint),
        };
        Record {
            kind: RecordKind::DataKey,
            source: RECORDS.to_owned(),
            name: "data".to_owned(),
            country: None,
            received_at: at,
            // Plain fields of text always become JSON.
            body: serde_json::to_vec(&body).unwrap_or_default(),
        }
    }

    /// Refuses to be another key than the one in `named`.
    ///
    /// # Errors
    /// `configuration_invalid`.
    pub(super) fn is_named(&self, named: &[u8; 32]) -> Result<(), Failure> {
        if self.fingerprint == *named {
            return Ok(());
        }
        let reason = "keys/data.key is not the key under which events are kept; copy it from the node that made it";
        Err(Code::ConfigurationInvalid.because(reason))
    }
}

/// The fingerprint in a record of a data key; `None` where `record` is none of ours.
pub(super) fn named(record: &Record) -> Option<[u8; 32]> {
    if record.kind != RecordKind::DataKey || record.source != RECORDS {
        return None;
    }
    let body: Body = serde_json::from_slice(&record.body).ok()?;
    let bytes = base16ct::lower::decode_vec(body.fingerprint).ok()?;
    bytes.try_into().ok()
}

fn mac(key: &hmac::Key, message: &[u8]) -> [u8; 32] {
    filled(&hmac::sign(key, message))
}

fn filled(tag: &hmac::Tag) -> [u8; 32] {
    let mut made = [0; 32];
    for (to, from) in made.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    made
}

/// The same over several parts, each behind its length.
fn mac_over(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        // No part has more bytes than 64 bits can tell.
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(part);
    }
    filled(&context.sign())
}

fn halves(bytes: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    for (to, from) in halves.as_flattened_mut().iter_mut().zip(bytes) {
        *to = from;
    }
    halves
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    fingerprint: String,
}

const FILE: &str = "data.key";
const KEY_BYTES: usize = 32;
const SALT: &[u8] = b"lintas/data-key/v1";
/// Where records of data keys come from.
const RECORDS: &str = "issuing";

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        assert!(Vault::read(data.path()).unwrap().is_none());
        let made = Vault::make(data.path()).unwrap();
        let again = Vault::make(data.path()).unwrap();
        assert_eq!(made.source_key("a"), again.source_key("a"));
        assert_ne!(made.source_key("a"), made.digest(b"a"));
        let named = named(&made.record(UnixTime::EPOCH)).unwrap();
        assert!(again.is_named(&named).is_ok());
        let other = tempfile::tempdir().unwrap();
        let refused = Vault::make(other.path()).unwrap().is_named(&named);
        assert_eq!(refused.unwrap_err().code(), Code::ConfigurationInvalid);
        let file = data.path().join("keys/data.key");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Vault::read(data.path()).err().map(|it| it.code());
        assert_eq!(refused, Some(Code::ConfigurationInvalid));
    }

    #[test]
    fn what_waits_opens_for_its_own_event_and_a_claim_for_its_own_operator() {
        let data = tempfile::tempdir().unwrap();
        let vault = Vault::make(data.path()).unwrap();
        let claim = Claim::from_bits([7; 16]);
        let body = vault.seal_body(&[1; 16], &claim, b"said").unwrap();
        let (read, said) = vault.open_body(&[1; 16], &body).unwrap();
        assert_eq!((&read, said.as_slice()), (&claim, b"said".as_slice()));
        assert!(vault.open_body(&[2; 16], &body).is_err());
        let again = vault.seal_again(&[1; 32], "ana", &claim).unwrap();
        assert_eq!(vault.open_again(&[1; 32], "ana", &again), Some(claim));
        assert_eq!(vault.open_again(&[1; 32], "budi", &again), None);
        assert_eq!(vault.open_again(&[2; 32], "ana", &again), None);
    }
}
