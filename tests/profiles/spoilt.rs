//! Spoilt WHO certificates: nothing panics, and what is still read is written and read back as the same.

use crate::ground::*;
use lintas::codec::cbor::{self, Value};
use lintas::credential::{hcert, who_ddcc};
use lintas::issue::event::{Profile, Wanted};
use lintas::quirk::Quirks;

/// The `SplitMix64` generator: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Whether `bytes` still hold a certificate.
fn survives(bytes: &[u8]) -> bool {
    let Ok(document) = cbor::read(bytes, hcert::LIMITS.cbor) else {
        return false;
    };
    if who_ddcc::stands_alone(document.root()) {
        return who_ddcc::read_alone(document.root(), &mut Quirks::default()).is_ok();
    }
    let Some(container) = document.root().as_map() else {
        return false;
    };
    let Ok(stated) = who_ddcc::read(container, &mut Quirks::default()) else {
        return false;
    };
    let (label, content) = who_ddcc::write(&stated.certificate).unwrap();
    let written = cbor::write(&Value::Map(vec![(Value::from(label), content)])).unwrap();
    let document = cbor::read(&written, hcert::LIMITS.cbor).unwrap();
    let mut quirks = Quirks::default();
    let again = who_ddcc::read(document.root().as_map().unwrap(), &mut quirks).unwrap();
    assert_eq!(again.certificate, stated.certificate);
    assert!(quirks.is_empty(), "{quirks:?}");
    true
}

#[test]
fn what_is_read_of_spoilt_bytes_is_written_and_read_back_as_the_same() {
    let national = National::new();
    let container = |event| {
        let text = national.certify(&event, Profile::WhoDdcc).unwrap().text;
        let claims = payload(&text);
        let entries = claims.into_map().unwrap();
        let held = entries
            .into_iter()
            .find(|(key, _)| *key == Value::from(-260));
        cbor::write(&held.unwrap().1).unwrap()
    };
    let alone = serde_json::json!({
        "name": "Dewi", "vaccine": { "code": "XM1NL1" }, "brand": "x", "manufacturer": { "code": "x" }, "lot": "A1",
        "date": "2026-05-01", "dose": 1, "total_doses": null, "country": { "code": "IDN" }, "hcid": "IDN-1",
    });
    let goods = [
        container(event(dose("coronavac", 2), Wanted::Usual)),
        container(event(dose("indovac", 1), Wanted::Usual)),
        container(event(test("antigen_panbio", true), Wanted::Usual)),
        cbor::write(&cbor(&alone)).unwrap(),
    ];
    let mut random = Random(6);
    let (mut read, rounds) = (0, 20_000);
    for round in 0..rounds {
        let good = &goods[round % goods.len()];
        assert!(survives(good));
        let mut bytes = good.clone();
        for _ in 0..=random.below(3) {
            let place = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[place] = u8::try_from(random.below(256)).unwrap(),
                1 => bytes[place] ^= 1 << random.below(8),
                2 => drop(bytes.remove(place)),
                _ => bytes.insert(place, u8::try_from(random.below(256)).unwrap()),
            }
        }
        read += usize::from(survives(&bytes));
    }
    // Many a flipped letter leaves a certificate.
    assert!((rounds / 20..rounds).contains(&read), "{read}");
}
