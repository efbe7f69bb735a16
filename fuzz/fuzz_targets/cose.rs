//! Any bytes as a signed message: nothing panics, the signature is over the parts as received, and a certificate that
//! was read is written and read back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::cbor::{self, Value};
use lintas::codec::item::Item;
use lintas::codec::{cose::Sign1, cwt};
use lintas::credential::{eu_dcc, hcert::LIMITS};
use lintas::quirk::Quirks;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Sign1::read(bytes, LIMITS.cbor) else {
        return;
    };
    assert!(message.items <= 2 * LIMITS.cbor.items);
    let parts = [&b""[..], message.payload()].map(|part| Value::from(part.to_vec()));
    let [no_aad, payload] = parts;
    let protected = Value::from(message.protected().to_vec());
    let signed = Value::Array(vec!["Signature1".into(), protected, no_aad, payload]);
    assert_eq!(message.signed_bytes(), cbor::write(&signed).unwrap());

    let Ok(claims) = cwt::Claims::read(message.payload(), LIMITS.cbor) else {
        return;
    };
    let container = claims.claim(HCERT).and_then(Item::as_map);
    let payload = container.and_then(|entries| entries.get(EU_DCC_V1));
    let read = |payload: Item<'_>| eu_dcc::read(payload, None, &mut Quirks::default());
    if let Some(Ok(certificate)) = payload.map(read) {
        let written = cbor::write(&eu_dcc::write(&certificate).unwrap()).unwrap();
        let again = read(cbor::read(&written, LIMITS.cbor).unwrap().root()).unwrap();
        assert!(again == certificate);
    }
});

const HCERT: i64 = -260;
const EU_DCC_V1: i64 = 1;
