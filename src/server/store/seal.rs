//! Intake seals: HMAC-SHA-256 over a record, its number and its predecessor, under a key that the database never holds.
//!
//! Refuses a key file that others may read, and to make a new key where records already bear the seals of another.
//!
//! Source: RFC 2104, FIPS 198-1.

use super::canonical;
use crate::failure::{Code, Failure};
use crate::server::files::{self, PRIVATE};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What a seal is made over.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) sequence: u64,
    /// The good record before this one; 0 for the first.
    pub(super) previous: u64,
    pub(super) previous_seal: [u8; 32],
    pub(super) kind: String,
    pub(super) source: String,
    pub(super) name: String,
    pub(super) country: Option<String>,
    pub(super) received_at: i64,
    pub(super) body: Vec<u8>,
}

/// The key of the seals.
pub(super) struct SealKey(hmac::Key);

impl SealKey {
    /// The key below the folder `data`, made if there is none and `may_make` says that no record needs another one.
    ///
    /// # Errors
    /// `input_output`; `configuration_invalid` where the key is missing, of another length, or open to others.
    pub(super) fn open(data: &Path, may_make: bool) -> Result<Self, Failure> {
        let path = path(data);
        let _making = files::lock(data)?;
        if !path.exists() {
            if !may_make {
                let reason = format!(
                    "the database holds records, but {} is not there; copy it from the node that wrote them",
                    path.display()
                );
                return Err(Code::ConfigurationInvalid.because(reason));
            }
            files::create_private_dir(path.parent().unwrap_or(data))?;
            let mut random = Zeroizing::new([0; KEY_BYTES]);
            let drawn = SystemRandom::new().fill(random.as_mut());
            drawn.map_err(|_| Code::Internal.because("no random numbers"))?;
            files::write(&path, random.as_ref(), PRIVATE)?;
        }
        let bytes = files::read_private(&path)?;
        if bytes.len() != KEY_BYTES {
            let reason = format!("{} does not hold {KEY_BYTES} bytes", path.display());
            return Err(Code::ConfigurationInvalid.because(reason));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The seal of `sealed`.
    pub(super) fn seal(&self, sealed: &Sealed) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        let fields: [&[u8]; 10] = [
            DOMAIN,
            &sealed.sequence.to_be_bytes(),
            &sealed.previous.to_be_bytes(),
            &sealed.previous_seal,
            sealed.kind.as_bytes(),
            sealed.source.as_bytes(),
            sealed.name.as_bytes(),
            // A country is never empty, so nothing else looks like none.
            sealed.country.as_deref().unwrap_or_default().as_bytes(),
            &sealed.received_at.to_be_bytes(),
            &sealed.body,
        ];
        canonical::prefixed(&fields, |part| context.update(part));
        let mut seal = [0; 32];
        for (to, from) in seal.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        seal
    }

    /// Another key, derived from this one, for what `domain` names.
    pub(super) fn derive(&self, domain: &str) -> hmac::Key {
        let input = canonical::bytes(&[DERIVED, domain.as_bytes()]);
        let derived = hmac::sign(&self.0, &input);
        hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
    }

    /// Whether `seal` is that of `sealed`.
    pub(super) fn holds(&self, sealed: &Sealed, seal: &[u8; 32]) -> bool {
        // A row without a country must not pass for one with an empty one.
        sealed.country.as_deref() != Some("") && bool::from(self.seal(sealed).ct_eq(seal))
    }
}

fn path(data: &Path) -> PathBuf {
    data.join("keys").join("seal.key")
}

const DOMAIN: &[u8] = b"lintas/record/v1";
const DERIVED: &[u8] = b"lintas/derived/v1";
const KEY_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Sealed {
        Sealed {
            sequence: 2,
            previous: 1,
            previous_seal: [7; 32],
            kind: "tombstone".into(),
            source: "own".into(),
            name: "signer/00".into(),
            country: None,
            received_at: 1,
            body: b"{}".to_vec(),
        }
    }

    #[test]
    fn every_field_is_under_the_seal() {
        let data = tempfile::tempdir().unwrap();
        let key = SealKey::open(data.path(), true).unwrap();
        let seal = key.seal(&sealed());
        assert!(key.holds(&sealed(), &seal));
        let changes: [fn(&mut Sealed); 9] = [
            |it| it.sequence = 3,
            |it| it.previous = 0,
            |it| it.previous_seal = [8; 32],
            |it| it.kind = "readmission".into(),
            |it| it.source = "owns".into(),
            |it| it.name = "igner/00".into(),
            |it| it.country = Some("ZZ".into()),
            |it| it.received_at = 2,
            |it| it.body = b"[]".to_vec(),
        ];
        for change in changes {
            let mut changed = sealed();
            change(&mut changed);
            assert!(!key.holds(&changed, &seal));
        }
        let mut empty = sealed();
        empty.country = Some(String::new());
        assert!(!key.holds(&empty, &seal));
    }

    #[test]
    fn a_key_is_made_once_and_only_where_no_record_needs_another() {
        let data = tempfile::tempdir().unwrap();
        let refused = SealKey::open(data.path(), false).err().map(|it| it.code());
        assert_eq!(refused, Some(Code::ConfigurationInvalid));
        let seal = SealKey::open(data.path(), true).unwrap().seal(&sealed());
        let again = SealKey::open(data.path(), true).unwrap();
        assert!(again.holds(&sealed(), &seal));
    }
}
