//! Any bytes as a string of a header field: nothing panics, and what is read reads the same once it is written in quotes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::field;

fuzz_target!(|value: &[u8]| {
    let Some(read) = field::string(value) else {
        return;
    };
    assert!(read.len() <= value.len());
    let mut written = vec![b'"'];
    for byte in &read {
        if b"\"\\".contains(byte) {
            written.push(b'\\');
        }
        written.push(*byte);
    }
    written.push(b'"');
    assert_eq!(field::string(&written), Some(read));
});
