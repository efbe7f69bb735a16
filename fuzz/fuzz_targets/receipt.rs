//! Any bytes as a receipt, and as what a receipt says: nothing panics, and what is read is written in the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::typed::Unsigned;
use lintas::verify::{RECEIPT, Unproven};

fuzz_target!(|bytes: &[u8]| {
    // As it came, and as what was signed.
    let unsigned = Unsigned::new(RECEIPT, &[1; 32], None, bytes.to_vec()).unwrap();
    let framed = unsigned.complete(vec![7; 64]).unwrap();
    for message in [bytes, &framed] {
        if let Ok(unproven) = Unproven::read(message) {
            // Nobody signed it.
            assert!(unproven.prove([]).is_err());
        }
    }
});
