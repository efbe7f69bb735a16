//! Any bytes as an index, as a policy and as a chunk of each part: nothing panics, and nothing comes to an id that was not asked
//! for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::cbor::{self, Value};
use lintas::crypto::sha256;
use lintas::model::{SnapshotId, Thumbprint};
use lintas::snapshot::{Index, put_together};
use lintas::verify::Policy;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(index) = Index::read(bytes) {
        assert_eq!(Index::read(&index.write().unwrap()).unwrap(), index);
    }
    if let Ok(policy) = Policy::read(bytes) {
        assert_eq!(Policy::read(&policy.write().unwrap()).unwrap(), policy);
    }
    let list = |chunks: Vec<u8>| cbor::write(&Value::Bytes(chunks)).unwrap();
    let (one, none) = (list(sha256(bytes).to_vec()), list(Vec::new()));
    for position in 0..PARTS.len() {
        let parts = PARTS.iter().enumerate().map(|(part, name)| {
            let list = if part == position { &one } else { &none };
            let [content, list] = [[0; 32], sha256(list)].map(|it| Value::Bytes(it.to_vec()));
            Value::Array(vec![(*name).into(), content, list])
        });
        let index = Value::Array(vec![1.into(), "demo".into(), Value::Array(parts.collect())]);
        let index = Index::read(&cbor::write(&index).unwrap()).unwrap();
        let fetch = |name: Thumbprint| {
            let blobs = [bytes, &one, &none];
            let named = blobs.iter().find(|blob| sha256(blob) == name.0);
            Ok(named.unwrap().to_vec())
        };
        assert!(put_together(SnapshotId([0; 32]), &index, fetch).is_err());
    }
});

const PARTS: [&str; 6] = [
    "trust",
    "revocations",
    "own",
    "rules",
    "value_sets",
    "policies",
];
