//! Any bytes as either kind of a slice's filter: nothing panics, what is read is written and reads the same, and what a filter
//! is made of is found in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::exchange::dgcg::slice::{BloomFilter, VarHashList};
use lintas::revocation::RevocationHash;

fuzz_target!(|bytes: &[u8]| {
    let (chunks, _) = bytes.as_chunks::<16>();
    let mut hashes: Vec<_> = chunks.iter().copied().map(RevocationHash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.truncate(MOST);
    if let Ok(filter) = BloomFilter::read(bytes) {
        let written = filter.write();
        assert_eq!(written, bytes);
        assert_eq!(BloomFilter::read(&written).unwrap(), filter);
        hashes.iter().for_each(|hash| {
            filter.may_hold(*hash);
        });
    }
    if let Ok(list) = VarHashList::read(bytes) {
        assert_eq!(VarHashList::read(&list.write()).unwrap(), list);
        hashes.iter().for_each(|hash| {
            list.may_hold(*hash);
        });
    }
    if hashes.is_empty() {
        return;
    }
    let filter = BloomFilter::of(&hashes, RATE).unwrap();
    assert_eq!(BloomFilter::read(&filter.write()).unwrap(), filter);
    let list = VarHashList::of(&hashes, 1, RATE).unwrap();
    assert_eq!(VarHashList::read(&list.write()).unwrap(), list);
    for hash in hashes {
        assert!(filter.may_hold(hash) && list.may_hold(hash));
    }
});

const MOST: usize = 64;
const RATE: f32 = 1e-12;
