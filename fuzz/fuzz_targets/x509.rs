//! Any bytes as a certificate: nothing panics, and no signature of zeros verifies under any key that is admitted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::x509::Certificate;
use lintas::crypto::{self, VerifyingKey};

fuzz_target!(|der: &[u8]| {
    let Ok(certificate) = Certificate::read(der) else {
        return;
    };
    let Ok(key) = VerifyingKey::from_spki(&certificate.public_key) else {
        return;
    };
    let zeros = vec![0; key.signature_length()];
    assert!(crypto::verify_portable(&key, b"message", &zeros).is_err());
});
