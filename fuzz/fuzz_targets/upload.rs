//! What backends hand in, from anybody: messages as they stand in requests, and what the WHO's network says beside them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::cms::{Signed, SignedData};
use lintas::exchange::dgcg::{
    message_bytes, read_handed_certificate, read_handed_reference, read_own_reference,
    read_reference_id, write_reference,
};
use lintas::trust::proof::proves;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = message_bytes(bytes)
        && let Ok(data) = SignedData::read(&message)
        && let Some(content) = data.content.clone()
        && let Ok(message) = data.single()
    {
        let _ = proves(&message, &content);
        // What is kept has to read the same for whoever fetches it.
        if let Ok(bare) = message.rewrapped(None) {
            let again = Signed::read(&bare).expect("it was written");
            assert!(again.content.is_none());
            assert_eq!(again.certificate, message.certificate);
            assert_eq!(again.signed_bytes(&content), message.signed_bytes(&content));
        }
    }
    let _ = read_handed_certificate(bytes);
    let _ = read_reference_id(bytes);
    if let Ok(reference) = read_handed_reference(bytes) {
        let kept = write_reference(&reference).to_string();
        let again = read_own_reference(kept.as_bytes());
        // A new one has no UUID yet.
        if !reference.uuid.is_empty() {
            assert_eq!(again.expect("it was taken in"), reference);
        }
    }
});
