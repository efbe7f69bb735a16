//! CMS messages from anybody: what is read is within bounds, and reads the same again from its DER.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::ber::Element;
use lintas::codec::cms::Signed;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(element) = Element::read(bytes)
        && let Ok(der) = element.to_der(element.identifier)
    {
        let again = Element::read(&der).expect("DER is BER");
        assert_eq!(again.to_der(again.identifier).expect("it was read"), der);
    }
    if let Ok(message) = Signed::read(bytes) {
        let held = message.content.as_ref().map_or(0, Vec::len) + message.certificate.len();
        assert!(held + message.signature.len() <= bytes.len());
    }
});
