//! Any bytes as a WHO certificate, in either form: nothing panics, and what is read is written and read back as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::cbor::{self, Value};
use lintas::codec::item::Item;
use lintas::credential::{hcert, who_ddcc};
use lintas::quirk::Quirks;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = cbor::read(bytes, hcert::LIMITS.cbor) else {
        return;
    };
    let mut quirks = Quirks::default();
    if who_ddcc::stands_alone(document.root()) {
        if let Ok(stated) = who_ddcc::read_alone(document.root(), &mut quirks) {
            let purposes = who_ddcc::purposes_alone(document.root());
            assert_eq!(purposes.as_slice(), [stated.certificate.entry.purpose()]);
        }
        return;
    }
    let Some(container) = document.root().as_map() else {
        return;
    };
    let Ok(stated) = who_ddcc::read(container, &mut quirks) else {
        return;
    };
    let certificate = stated.certificate;
    let purposes = who_ddcc::purposes(container);
    assert_eq!(purposes.as_slice(), [certificate.entry.purpose()]);
    let (label, content) = who_ddcc::write(&certificate).expect("it is of this form");
    let container = Value::Map(vec![(Value::from(label), content)]);
    let written = cbor::write(&container).expect("it has an encoding");
    let document = cbor::read(&written, hcert::LIMITS.cbor).expect("it is within the ceilings");
    let (container, mut quirks) = (document.root(), Quirks::default());
    let container = Item::as_map(container).expect("a map was written");
    let again = who_ddcc::read(container, &mut quirks).expect("it was read before");
    assert!(again.certificate == certificate && again.start.is_none() && again.end.is_none());
    assert!(quirks.is_empty());
});
