//! Any bytes as a bundle, as a manifest, as a layer, as a filter, as a root, as its statements and as a chunk of each part: nothing
//! panics, nothing is proven, and what is read is written as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::deflate::deflate;
use lintas::crypto::sha256;
use lintas::model::{Country, Environment, Kid, SnapshotId, Thumbprint, UnixTime};
use lintas::revocation::{Filter, HashKind, Layer, RevocationHash, SignedBy};
use lintas::snapshot::Snapshot;
use lintas::snapshot::bundle::{Bundle, Manifest, Proven, Root, Statements};
use p256::ecdsa::SigningKey;
use p256::pkcs8::EncodePublicKey;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A root of one key on P-256.
static ROOT: LazyLock<Root> = LazyLock::new(|| {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
    Root::new(Environment::Demo, 1, &[spki]).unwrap()
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bundle) = Bundle::read(bytes) {
        let again = Bundle::read(&bundle.write().unwrap()).unwrap();
        assert_eq!(again.manifest, bundle.manifest);
        assert!(bundle.prove(ROOT.fingerprint(), None).is_err());
    }
    if let Ok(manifest) = Manifest::read(bytes) {
        assert_eq!(Manifest::read(&manifest.write().unwrap()).unwrap(), manifest);
    }
    if let Ok(root) = Root::read(bytes) {
        assert!(root.followed_by(bytes, &[bytes.to_vec()]).is_err());
    }
    if let Ok(statements) = Statements::read(bytes) {
        let again = Statements::read(&statements.write().unwrap()).unwrap();
        assert_eq!(again.hash().unwrap(), statements.hash().unwrap());
        assert!(statements.frame().stated(ROOT.fingerprint()).is_err());
    }
    let hash = RevocationHash(*sha256(bytes).first_chunk().unwrap());
    if let Ok(layer) = Layer::read(bytes) {
        layer.withdraws(hash.into());
        Layer::read(&layer.to_bytes()).unwrap();
    }
    if let Ok(filter) = Filter::read(bytes) {
        let signed = SignedBy {
            countries: &[Country::DEMO],
            kids: &[&Kid::from_bytes(&[1; 8]).unwrap()],
        };
        for kind in HashKind::ALL {
            filter.may_withdraw(kind, hash, signed);
        }
    }
    let chunk = deflate(bytes).unwrap();
    let name = Thumbprint(sha256(&chunk));
    let none = Bundle::chunks_of(&Snapshot::empty(Environment::Demo)).unwrap().0;
    for position in 0..none.len() {
        let mut parts = vec![Vec::new(); none.len()];
        parts[position].push(name);
        let proven = Proven {
            root: ROOT.clone(),
            manifest: Manifest {
                environment: Environment::Demo,
                epoch: 0,
                sequence: 1,
                issued_at: UnixTime::EPOCH,
                warn_after_s: 1,
                stop_after_s: 1,
                snapshot: SnapshotId([0; 32]),
                sources: Vec::new(),
                parts,
            },
            name,
        };
        let bundle = Bundle {
            chunks: BTreeMap::from([(name, chunk.clone())]),
            ..Bundle::default()
        };
        if let Ok(world) = bundle.snapshot(&proven) {
            // What was read can be carried on.
            Bundle::chunks_of(&world).unwrap();
        }
    }
});
