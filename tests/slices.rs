//! Slices of withdrawn certificates: the bytes of their filters, and the set that follows from batches.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use lintas::exchange::dgcg::slice::{
    BloomFilter, FilterType, Mode, SliceList, SliceLists, VarHashList,
};
use lintas::model::{Country, Kid, Thumbprint, UnixTime};
use lintas::revocation::{HashKind, RevocationBatch, RevocationHash};
use std::collections::BTreeMap;
use std::io::Read;

/// The hashes of a published certificate of Austria: of its identifier, of its country and identifier, of its signature.
const PUBLISHED: [&str; 3] = [
    "4c0fe0260eb1a32503a9e1258744265c",
    "c858457924125662298b400d12210760",
    "ae3f7b3ad97a27d4195d5914d7c83109",
];

fn bytes(hex: &str) -> Vec<u8> {
    base16ct::lower::decode_vec(hex).unwrap()
}

fn published() -> Vec<RevocationHash> {
    let hash = |hex: &&str| RevocationHash(bytes(hex).try_into().unwrap());
    PUBLISHED.iter().map(hash).collect()
}

/// Hashes that nobody chose, from `seed` on.
fn some_hashes(seed: u64, count: u64) -> Vec<RevocationHash> {
    let hash = |number: u64| {
        let digest = lintas::crypto::sha256(&[seed.to_be_bytes(), number.to_be_bytes()].concat());
        RevocationHash(digest[..16].try_into().unwrap())
    };
    (0..count).map(hash).collect()
}

fn at(seconds: i64) -> UnixTime {
    UnixTime::EPOCH.plus(seconds)
}

fn batch(id: &str, kid: u8, expires_at: i64, hashes: Vec<RevocationHash>) -> RevocationBatch {
    RevocationBatch {
        id: id.to_owned(),
        country: Country::parse("AT").unwrap(),
        kid: Kid::from_bytes(&[kid; 8]),
        kind: HashKind::Signature,
        expires_at: at(expires_at),
        hashes,
    }
}

#[test]
fn bloom_filters_are_the_reference_s_byte_for_byte() {
    let hashes = published();
    for (hashes, rate, hex) in [
        (
            &hashes[..],
            1e-12,
            "000134002b8cbccc00000003000000030000000718cba3e999214c0ec543d1329bf2fb7931c7ef8ada5c56a0e6cde000",
        ),
        (
            &hashes[..1],
            0.01,
            "00012c003c23d70a000000010000000100000002a069c5685a2fd3aa",
        ),
    ] {
        let filter = BloomFilter::of(hashes, rate).unwrap();
        assert_eq!(base16ct::lower::encode_string(&filter.write()), hex);
        let read = BloomFilter::read(&bytes(hex)).unwrap();
        assert_eq!(read, filter);
        assert!(hashes.iter().all(|hash| read.may_hold(*hash)));
    }
}

#[test]
fn lists_of_hashes_are_the_reference_s_byte_for_byte() {
    let hex = "00012b8cbccc0000000304ae3f7b3ac85845794c0fe026";
    let list = VarHashList::of_size(&published(), 4, 1e-12).unwrap();
    assert_eq!(base16ct::lower::encode_string(&list.write()), hex);
    let read = VarHashList::read(&bytes(hex)).unwrap();
    assert_eq!(read, list);
    assert!(published().iter().all(|hash| read.may_hold(*hash)));
    // Whatever order others write them in.
    let mut turned = bytes(hex);
    turned[11..].rotate_left(4);
    assert_eq!(VarHashList::read(&turned).unwrap(), list);
}

#[test]
fn filters_find_what_is_in_them_and_of_others_as_many_as_they_say() {
    let (hashes, others) = (some_hashes(1, 2000), some_hashes(2, 10_000));
    let found = |holds: &dyn Fn(RevocationHash) -> bool| {
        assert!(hashes.iter().all(|hash| holds(*hash)));
        others.iter().filter(|hash| holds(**hash)).count()
    };
    let bloom = BloomFilter::of(&hashes, 1e-12).unwrap();
    let list = VarHashList::of(&hashes, 0, 1e-12).unwrap();
    assert_eq!(found(&|hash| bloom.may_hold(hash)), 0);
    assert_eq!(found(&|hash| list.may_hold(hash)), 0);
    // One in a hundred, give or take.
    let loose = BloomFilter::of(&hashes, 0.01).unwrap();
    assert!((30..300).contains(&found(&|hash| loose.may_hold(hash))));
}

/// Whether `list` finds `hash` in a filter of this kind, as an app looks for it.
fn finds(list: &SliceList, filter_type: FilterType, hash: RevocationHash) -> bool {
    let cell = list.mode.cell(hash);
    let here = list
        .partitions
        .iter()
        .filter(|it| (it.x, it.y) == (cell.x, cell.y));
    let slices = here
        .filter_map(|partition| partition.chunks.get(&cell.chunk))
        .flat_map(BTreeMap::values);
    let mut filters = slices.map(|slice| &slice.filter(filter_type).bytes);
    filters.any(|bytes| match filter_type {
        FilterType::Bloom => BloomFilter::read(bytes).unwrap().may_hold(hash),
        FilterType::VarHashList => VarHashList::read(bytes).unwrap().may_hold(hash),
    })
}

#[test]
fn every_withdrawn_certificate_is_found_under_its_signer_and_no_other() {
    let (one, two, others) = (
        some_hashes(1, 900),
        some_hashes(2, 300),
        some_hashes(3, 1000),
    );
    let batches = [
        batch("a", 1, 6000, one[..500].to_vec()),
        batch("b", 1, 9000, one[500..].to_vec()),
        batch("c", 2, 6000, two.clone()),
    ];
    let lists = SliceLists::of(&batches, None, UnixTime::EPOCH).unwrap();
    let [first, second] = lists.lists() else {
        panic!("{} signers", lists.lists().len());
    };
    assert_eq!(first.kid, "AQEBAQEBAQE");
    for kid in ["AQEBAQEBAQE", "AQEBAQEBAQE="] {
        assert_eq!(lists.list(kid).unwrap().kid, first.kid);
    }
    assert!(lists.list("AQEBAQEBAQI").is_none());
    for filter_type in FilterType::ALL {
        let found = |list: &SliceList, hashes: &[RevocationHash]| {
            let found = hashes.iter().filter(|it| finds(list, filter_type, **it));
            found.count()
        };
        assert_eq!(found(first, &one), 900);
        assert_eq!(found(second, &two), 300);
        assert_eq!(found(first, &two) + found(second, &one), 0);
        assert_eq!(found(first, &others) + found(second, &others), 0);
    }
}

#[test]
fn a_set_is_called_by_what_is_in_it_and_keeps_the_times_of_what_stays() {
    let hashes = some_hashes(1, 200);
    let mut batches = vec![
        batch("a", 1, 6000, hashes[..100].to_vec()),
        batch("b", 2, 6000, hashes[100..].to_vec()),
    ];
    let first = SliceLists::of(&batches, None, at(10)).unwrap();
    assert_eq!(first.tag().len(), 36);
    assert_eq!(first.ends(), Some(at(6000)));
    batches.reverse();
    let again = SliceLists::of(&batches, None, at(70)).unwrap();
    assert_eq!(again.tag(), first.tag());
    let same = SliceLists::of(&batches, Some(&first), at(70)).unwrap();
    assert!(same.lists().iter().all(|list| list.since == at(10)));
    let more = hashes.iter().copied().filter(|hash| hash.0[0] < 0x10);
    batches.push(batch("c", 2, 9000, more.collect()));
    let second = SliceLists::of(&batches, Some(&first), at(70)).unwrap();
    assert_ne!(second.tag(), first.tag());
    let since: Vec<_> = second.lists().iter().map(|list| list.since).collect();
    assert_eq!(since, [at(10), at(70)]);
    let chunks = &second.lists()[1].partitions[0].chunks;
    let kept = chunks[&'a'].values();
    assert!(kept.into_iter().all(|slice| slice.since == at(10)));
    // Two sets never have one time, whatever the clock says.
    let third = SliceLists::of(&batches[..1], Some(&second), at(70)).unwrap();
    let fourth = SliceLists::of(&batches, Some(&third), at(70)).unwrap();
    assert_eq!(fourth.lists()[1].since, at(72));
}

#[test]
fn a_signer_with_many_hashes_has_a_partition_for_each_half_byte() {
    let hashes = some_hashes(1, 100_001);
    let batches: Vec<_> = hashes
        .chunks(1000)
        .map(|some| batch("id", 1, 6000, some.to_vec()))
        .collect();
    let lists = SliceLists::of(&batches, None, UnixTime::EPOCH).unwrap();
    let list = &lists.lists()[0];
    assert_eq!((list.mode, list.partitions.len()), (Mode::Vector, 16));
    assert!(list.partition("null").is_none() && list.partition("a3").is_none());
    let partition = list.partition("a").unwrap();
    let written = list.write(partition, FilterType::VarHashList);
    assert_eq!(
        (&written["id"], &written["x"], &written["y"]),
        (&"a".into(), &"a".into(), &serde_json::Value::Null)
    );
    assert_eq!(partition.chunks.len(), 16);
    for filter_type in FilterType::ALL {
        let some = hashes.iter().step_by(2000);
        assert!(some.clone().all(|hash| finds(list, filter_type, *hash)));
        let others = some_hashes(2, 50);
        assert!(!others.iter().any(|hash| finds(list, filter_type, *hash)));
    }
}

#[test]
fn lists_and_archives_are_as_apps_read_them() {
    let hashes = published();
    let lists = SliceLists::of(&[batch("a", 1, 6059, hashes)], None, at(10)).unwrap();
    let list = &lists.lists()[0];
    assert_eq!(list.mode, Mode::Point);
    assert_eq!(
        lists.write(),
        serde_json::json!([{
            "kid": "AQEBAQEBAQE",
            "mode": "POINT",
            "hashTypes": ["SIGNATURE"],
            "expires": "1970-01-01T01:40:00Z",
            "lastUpdated": "1970-01-01T00:00:10Z",
        }])
    );
    let partition = list.partition("null").unwrap();
    let written = list.write(partition, FilterType::Bloom);
    let chunk = &written["chunks"]["4"]["1970-01-01T01:40:00Z"];
    assert_eq!(
        (&chunk["type"], &chunk["version"]),
        (&"BLOOMFILTER".into(), &"1.0".into())
    );
    assert_eq!(written["lastUpdated"], "1970-01-01T00:00:10.000000Z");
    assert_eq!(written["expired"], "1970-01-01T01:40:00Z");
    for name in ["id", "x", "y"] {
        assert!(written[name].is_null() && written.as_object().unwrap().contains_key(name));
    }
    let slice = &partition.chunks[&'4'][&at(6000)];
    let filter = slice.filter(FilterType::Bloom);
    assert_eq!(chunk["hash"], filter.id.to_string());
    let archive = list.archive(partition, [('4', filter)]).unwrap();
    let mut plain = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(&archive[..]);
    reader.read_to_end(&mut plain).unwrap();
    let name = format!("AQEBAQEBAQE/null/4/{}", filter.id);
    assert_eq!(&plain[..name.len()], name.as_bytes());
    assert_eq!(plain.len() % 512, 0);
    assert_eq!(&plain[512..512 + filter.bytes.len()], &filter.bytes);
    let digest = lintas::crypto::sha256(&filter.bytes);
    assert_eq!(Thumbprint(digest), filter.id);
}
