//! Any bytes as the content of a list of ours: nothing panics, what is read names its own kid, and what is written again reads
//! the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::typed::{Typed, Unsigned};
use lintas::exchange;
use lintas::exchange::signed::own::KIND;
use lintas::trust::{KeyMaterial, kid_of};

fuzz_target!(|bytes: &[u8]| {
    // As it came.
    let _ = exchange::read("fuzz", bytes);
    let message = Unsigned::new(KIND, &[1; 8], Some(vec![0x30, 0]), bytes.to_vec()).unwrap();
    let signed = message.signed_bytes().to_vec();
    let framed = message.complete(vec![7; 64]).unwrap();
    let typed = Typed::read(&framed, KIND).unwrap();
    assert_eq!(typed.signed_bytes(), signed);
    assert_eq!(typed.payload, bytes);
    let Ok(rows) = exchange::read("fuzz", &framed) else {
        return;
    };
    for entry in rows.into_iter().flatten() {
        let KeyMaterial::Certificate(der) = &entry.key else {
            panic!("a bare key");
        };
        assert_eq!(entry.kid, kid_of(der));
    }
});
