//! Any bytes as a request for a certificate: nothing panics, and no signature of zeros proves its key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::pkcs10::CertificationRequest;
use lintas::crypto::{ChainAlgorithm, Hash, VerifyingKey, verify_chain};

fuzz_target!(|der: &[u8]| {
    let Ok(request) = CertificationRequest::read(der) else {
        return;
    };
    let Ok(key) = VerifyingKey::from_spki(&request.public_key) else {
        return;
    };
    let ecdsa = ChainAlgorithm::Ecdsa(Hash::Sha256);
    assert!(verify_chain(&key, ecdsa, &request.signed_bytes, &[0; 64]).is_err());
    let _ = ChainAlgorithm::read(&request.signature_algorithm, None);
});
