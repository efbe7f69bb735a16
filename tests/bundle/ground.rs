//! A root of three keys, a key of bundles, and what they sign.

use crate::support::{TestSigner, issued_at};
use lintas::crypto::sha256;
use lintas::model::{Environment, SnapshotId, Thumbprint, UnixTime, Validity};
use lintas::snapshot::Snapshot;
use lintas::snapshot::bundle::{
    Bundle, BundleKey, EPOCH, KEY, Manifest, Proven, ROOT, Root, epoch_payload, statement,
};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;

pub(crate) const DAY_S: i64 = 86_400;

pub(crate) fn day(days: i64) -> UnixTime {
    issued_at().plus(days * DAY_S)
}

/// A private key.
#[derive(Clone)]
pub(crate) struct Key(SigningKey);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        let spki = self.0.verifying_key().to_public_key_der();
        spki.unwrap().into_vec()
    }

    pub(crate) fn kid(&self) -> Thumbprint {
        Thumbprint(sha256(&self.spki()))
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(bytes);
        signature.to_vec()
    }
}

/// Whoever makes bundles.
#[derive(Clone)]
pub(crate) struct Press {
    pub(crate) root: Root,
    pub(crate) keys: Vec<Key>,
    pub(crate) key: Key,
    pub(crate) validity: Validity,
    pub(crate) epoch: u64,
}

impl Press {
    /// With a root of the three keys from `seed` on, of which two sign.
    pub(crate) fn new(environment: Environment, seed: u8) -> Self {
        let keys: Vec<_> = (seed..seed + 3).map(Key::new).collect();
        let spkis: Vec<_> = keys.iter().map(Key::spki).collect();
        Self {
            root: Root::new(environment, 2, &spkis).unwrap(),
            keys,
            key: Key::new(99),
            validity: Validity {
                not_before: day(-1),
                not_after: day(20),
            },
            epoch: 0,
        }
    }

    /// What two of the root's keys sign.
    pub(crate) fn stated(&self, kind: lintas::codec::typed::Kind, payload: &[u8]) -> Vec<Vec<u8>> {
        self.keys[..2]
            .iter()
            .map(|key| signed(key, kind, payload))
            .collect()
    }

    pub(crate) fn manifest(&self, sequence: u64, at: UnixTime) -> Manifest {
        Manifest {
            environment: self.root.environment,
            epoch: self.epoch,
            sequence,
            issued_at: at,
            warn_after_s: DAY_S,
            stop_after_s: 7 * DAY_S,
            snapshot: SnapshotId([5; 32]),
            sources: Vec::new(),
            parts: Bundle::chunks_of(&Snapshot::empty(Environment::Demo))
                .unwrap()
                .0,
        }
    }

    /// The bundle number `sequence` of `snapshot`.
    pub(crate) fn made(&self, snapshot: &Snapshot, sequence: u64, at: UnixTime) -> Bundle {
        let (parts, chunks) = Bundle::chunks_of(snapshot).unwrap();
        let manifest = Manifest {
            parts,
            sources: snapshot.sources().to_vec(),
            ..self.manifest(sequence, at)
        };
        Bundle {
            chunks,
            ..self.framed(&manifest)
        }
    }

    /// `manifest` signed, with the statements of the root.
    pub(crate) fn framed(&self, manifest: &Manifest) -> Bundle {
        let unsigned = Bundle::to_be_signed(manifest, self.key.kid()).unwrap();
        let signature = self.key.sign(unsigned.signed_bytes());
        let payload = BundleKey::payload(&self.root, &self.key.spki(), self.validity).unwrap();
        let epoch = epoch_payload(&self.root, self.epoch).unwrap();
        Bundle {
            roots: vec![(self.root.to_bytes().to_vec(), Vec::new())],
            key: self.stated(KEY, &payload),
            epoch: match self.epoch {
                0 => Vec::new(),
                _ => self.stated(EPOCH, &epoch),
            },
            manifest: unsigned.complete(signature).unwrap(),
            ..Bundle::default()
        }
    }

    /// The press whose root follows this one's, with the messages that say so.
    pub(crate) fn rotated(&self, seed: u8) -> (Self, Vec<Vec<u8>>) {
        let next = Self::new(self.root.environment, seed);
        let bytes = next.root.to_bytes();
        let messages = [self.stated(ROOT, bytes), next.stated(ROOT, bytes)].concat();
        (next, messages)
    }
}

pub(crate) fn signed(key: &Key, kind: lintas::codec::typed::Kind, payload: &[u8]) -> Vec<u8> {
    let unsigned = statement(kind, key.kid(), payload).unwrap();
    let signature = key.sign(unsigned.signed_bytes());
    unsigned.complete(signature).unwrap()
}

/// `bundle`, proven by whoever pins the root of `press`.
pub(crate) fn proven(press: &Press, bundle: &Bundle) -> Proven {
    bundle.prove(press.root.fingerprint(), None).unwrap()
}

/// A demo press, a signer, and the first bundle of its world.
pub(crate) fn first() -> (Press, TestSigner, Bundle) {
    let (press, signer) = (Press::new(Environment::Demo, 40), TestSigner::new(7));
    let bundle = press.made(&signer.snapshot, 1, day(0));
    (press, signer, bundle)
}
