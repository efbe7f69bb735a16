//! Whose bundles count: a root of several keys, of which some sign together, and the key of bundles that they name for a month at
//! most.
//!
//! Refuses a root that is not the pinned one, or that the pinned one and itself have not both signed; statements that fewer keys
//! signed than the root asks for; and a key of bundles of another environment, or for longer than 30 days.
//!
//! | message | payload |
//! |---|---|
//! | `bundle-root`, by old and new keys | `[1, environment, number of signatures, [public key, ...]]` |
//! | `bundle-key`, by keys of the root | `[1, environment, SHA-256 of the root, public key, from, until]` |
//! | `bundle-epoch`, by keys of the root | `[1, environment, SHA-256 of the root, epoch]` |
//!
//! Source: The Update Framework, 5.3 (rotation of the root); RFC 9052, RFC 9596.

use super::{array, instant, invalid, whole};
use crate::codec::cbor::{self, Value};
use crate::codec::typed::{self, Kind, Typed};
use crate::crypto::{self, Algorithm, VerifyingKey, sha256};
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, Validity};
use std::collections::BTreeSet;

/// The message by which a root says who comes after it.
pub const ROOT: Kind = Kind::named("bundle-root");
/// The message by which a root names the key of bundles.
pub const KEY: Kind = Kind::named("bundle-key");
/// The message by which a root begins to count anew.
pub const EPOCH: Kind = Kind::named("bundle-epoch");

/// A root: keys that sign together, offline.
#[derive(Clone, Debug)]
pub struct Root {
    /// The world that it speaks for.
    pub environment: Environment,
    /// How many of its keys have to sign.
    pub threshold: usize,
    keys: Vec<(Thumbprint, VerifyingKey)>,
    bytes: Vec<u8>,
}

impl Root {
    /// The root of `keys`, public keys in DER, of which `threshold` sign together.
    ///
    /// # Errors
    /// `bundle_invalid`.
    pub fn new(
        environment: Environment,
        threshold: usize,
        keys: &[Vec<u8>],
    ) -> Result<Self, Failure> {
        let threshold = i64::try_from(threshold).unwrap_or(i64::MAX);
        Self::read(&cbor::write(&Value::Array(vec![
            VERSION.into(),
            Value::Text(environment.name().to_owned()),
            threshold.into(),
            Value::Array(keys.iter().cloned().map(Value::Bytes).collect()),
        ]))?)
    }

    /// The root in `bytes`.
    ///
    /// # Errors
    /// `bundle_invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let document = whole(bytes, MAX_STATEMENT)?;
        let [version, environment, threshold, keys] = array(document.root())?;
        if version.as_i64() != Some(VERSION) {
            return Err(invalid("a root of another version"));
        }
        let keys = keys.as_array().ok_or_else(|| invalid("no keys"))?;
        let keys = keys.take(MAX_KEYS + 1).map(|key| {
            let key = key.as_bytes().ok_or_else(|| invalid("no key"))?;
            let key = VerifyingKey::from_spki(key).map_err(|it| invalid(it.detail()))?;
            if key.algorithm() != Algorithm::Es256 {
                return Err(invalid("a key that is not on P-256"));
            }
            Ok((Thumbprint(*key.spki_digest()), key))
        });
        let keys = keys.collect::<Result<Vec<_>, Failure>>()?;
        let different: BTreeSet<_> = keys.iter().map(|(name, _)| name.0).collect();
        let threshold = threshold.as_i64().and_then(|it| usize::try_from(it).ok());
        let threshold = threshold.filter(|it| (1..=keys.len()).contains(it));
        if different.len() != keys.len() || keys.len() > MAX_KEYS {
            return Err(invalid("one key twice, or too many"));
        }
        Ok(Self {
            environment: super::environment(environment)?,
            threshold: threshold.ok_or_else(|| invalid("more signatures than keys"))?,
            keys,
            bytes: bytes.to_vec(),
        })
    }

    /// By what scanners know it: SHA-256 over its bytes.
    pub fn fingerprint(&self) -> Thumbprint {
        Thumbprint(sha256(&self.bytes))
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The SHA-256 of each of its public keys.
    pub fn keys(&self) -> impl Iterator<Item = Thumbprint> {
        self.keys.iter().map(|(name, _)| *name)
    }

    /// The key of this root that signed `message`; nothing where none did.
    pub(super) fn signer(&self, message: &Typed) -> Option<Thumbprint> {
        let named = |(name, _): &&(Thumbprint, VerifyingKey)| name.0 == *message.kid;
        let (name, key) = self.keys.iter().find(named)?;
        let good = crypto::verify(key, message.signed_bytes(), &message.signature);
        good.is_ok().then_some(*name)
    }

    /// That `signed` of its keys are enough.
    ///
    /// # Errors
    /// `proof_invalid`.
    pub(super) fn suffices(&self, signed: usize) -> Result<(), Failure> {
        if signed >= self.threshold {
            return Ok(());
        }
        let needs = self.threshold;
        let reason = format!("{signed} of the root's keys signed, and {needs} have to");
        Err(Code::ProofInvalid.because(reason))
    }

    /// That enough of its keys signed `payload` as a message of this kind, among `messages`.
    ///
    /// # Errors
    /// `proof_invalid`; `bundle_invalid` for what is no message.
    fn proves(&self, kind: Kind, payload: &[u8], messages: &[Vec<u8>]) -> Result<(), Failure> {
        let mut signed = BTreeSet::new();
        for message in messages {
            let message = Typed::read(message, kind).map_err(|it| invalid(it.detail()))?;
            if message.payload == payload {
                signed.extend(self.signer(&message).map(|name| name.0));
            }
        }
        self.suffices(signed.len())
    }

    /// The root in `bytes`, if this one says so together with itself.
    ///
    /// # Errors
    /// `proof_invalid`, `bundle_invalid`, `environment_mismatch`.
    pub fn followed_by(&self, bytes: &[u8], messages: &[Vec<u8>]) -> Result<Self, Failure> {
        let next = Self::read(bytes)?;
        if next.environment != self.environment {
            return Err(Code::EnvironmentMismatch.because("a root of another environment"));
        }
        self.proves(ROOT, bytes, messages)?;
        next.proves(ROOT, bytes, messages)?;
        Ok(next)
    }
}

/// A key of bundles, as a root names it.
#[derive(Clone, Debug)]
pub struct BundleKey {
    /// SHA-256 over its public key.
    pub kid: Thumbprint,
    /// When it may sign.
    pub validity: Validity,
    pub(super) key: VerifyingKey,
    spki: Vec<u8>,
}

impl BundleKey {
    /// The payload by which `root` names the public key `spki`, DER, for this time.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn payload(root: &Root, spki: &[u8], validity: Validity) -> Result<Vec<u8>, Failure> {
        cbor::write(&Value::Array(vec![
            VERSION.into(),
            Value::Text(root.environment.name().to_owned()),
            Value::Bytes(root.fingerprint().0.to_vec()),
            Value::Bytes(spki.to_vec()),
            validity.not_before.seconds().into(),
            validity.not_after.seconds().into(),
        ]))
    }

    /// The key that `root` names in `messages`, which have one payload.
    ///
    /// # Errors
    /// `proof_invalid`, `bundle_invalid`, `environment_mismatch`.
    pub fn read(root: &Root, messages: &[Vec<u8>]) -> Result<Self, Failure> {
        let payload = payload(KEY, messages)?;
        root.proves(KEY, &payload, messages)?;
        Self::stated(root, &payload)
    }

    /// The key in `payload`, which is about `root`; nobody need have signed it.
    ///
    /// # Errors
    /// `bundle_invalid`, `environment_mismatch`.
    pub(super) fn stated(root: &Root, payload: &[u8]) -> Result<Self, Failure> {
        let document = whole(payload, MAX_STATEMENT)?;
        let [version, environment, of, spki, from, until] = array(document.root())?;
        of_root(root, version.as_i64(), environment, of.as_bytes())?;
        let spki = spki.as_bytes().ok_or_else(|| invalid("no key"))?;
        let key = VerifyingKey::from_spki(spki).map_err(|it| invalid(it.detail()))?;
        if key.algorithm() != Algorithm::Es256 {
            return Err(invalid("a key that is not on P-256"));
        }
        let validity = Validity {
            not_before: instant(from)?,
            not_after: instant(until)?,
        };
        if validity.not_before.plus(MAX_KEY_S) < validity.not_after {
            return Err(invalid("a key of bundles for over 30 days"));
        }
        Ok(Self {
            kid: Thumbprint(*key.spki_digest()),
            validity,
            key,
            spki: spki.to_vec(),
        })
    }

    /// Its public key: SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }
}

/// The payload by which `root` says that bundles of `epoch` take the place of all before.
///
/// # Errors
/// `internal` if the writer fails.
pub fn epoch_payload(root: &Root, epoch: u64) -> Result<Vec<u8>, Failure> {
    cbor::write(&Value::Array(vec![
        VERSION.into(),
        Value::Text(root.environment.name().to_owned()),
        Value::Bytes(root.fingerprint().0.to_vec()),
        i64::try_from(epoch).unwrap_or(i64::MAX).into(),
    ]))
}

/// The epoch that `root` states in `messages`; the first where there are none.
///
/// # Errors
/// `proof_invalid`, `bundle_invalid`, `environment_mismatch`.
pub(super) fn read_epoch(root: &Root, messages: &[Vec<u8>]) -> Result<u64, Failure> {
    if messages.is_empty() {
        return Ok(0);
    }
    let payload = payload(EPOCH, messages)?;
    root.proves(EPOCH, &payload, messages)?;
    stated_epoch(root, &payload)
}

/// The epoch in `payload`, which is about `root`; nobody need have signed it.
///
/// # Errors
/// `bundle_invalid`, `environment_mismatch`.
pub(super) fn stated_epoch(root: &Root, payload: &[u8]) -> Result<u64, Failure> {
    let document = whole(payload, MAX_STATEMENT)?;
    let [version, environment, of, epoch] = array(document.root())?;
    of_root(root, version.as_i64(), environment, of.as_bytes())?;
    super::count(epoch)
}

/// A statement of a root that awaits the signature of one of its keys, whose SHA-256 is `kid`.
///
/// # Errors
/// `internal` if the writer fails.
pub fn statement(kind: Kind, kid: Thumbprint, payload: &[u8]) -> Result<typed::Unsigned, Failure> {
    typed::Unsigned::new(kind, &kid.0, None, payload.to_vec())
}

fn payload(kind: Kind, messages: &[Vec<u8>]) -> Result<Vec<u8>, Failure> {
    let first = messages.first().ok_or_else(|| invalid("nobody signed"))?;
    let message = Typed::read(first, kind).map_err(|it| invalid(it.detail()))?;
    Ok(message.payload)
}

fn of_root(
    root: &Root,
    version: Option<i64>,
    environment: crate::codec::item::Item<'_>,
    of: Option<&[u8]>,
) -> Result<(), Failure> {
    if version != Some(VERSION) || of != Some(&root.fingerprint().0) {
        return Err(invalid(
            "a statement of another version, or about another root",
        ));
    }
    if super::environment(environment)? != root.environment {
        return Err(Code::EnvironmentMismatch.because("a statement of another environment"));
    }
    Ok(())
}

const VERSION: i64 = 1;
/// Keys of a root.
const MAX_KEYS: usize = 16;
/// Bytes of a statement, signatures apart.
const MAX_STATEMENT: usize = 4 * 1024;
/// How long a root may name a key of bundles: 30 days.
pub const MAX_KEY_S: i64 = 30 * 24 * 60 * 60;
