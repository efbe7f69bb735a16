//! Any bytes as a DID document: nothing panics, the lines under a proof are in order and stand once, and a list of the
//! certificates that were read is written and read back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::exchange::did::{DidDocument, Heading, Method, Network, Published, Unsigned};
use lintas::model::{Country, UnixTime};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = DidDocument::read(bytes, DID) else {
        return;
    };
    if let Ok(quads) = document.quads() {
        assert!(quads.lines().is_sorted_by(|one, next| one < next));
    }
    let methods = document.methods.iter().flatten();
    let keys: Vec<_> = methods.filter_map(published).collect();
    let heading = Heading {
        did: DID,
        controller: DID,
        network: Network::Development,
        signer: DID,
        created: UnixTime::EPOCH,
        nonce: "0",
    };
    // Keys that only differ by their kid, and kinds without a form in JSON, are not written.
    let Ok(unsigned) = Unsigned::new(&heading, &keys, &[]) else {
        return;
    };
    let written = unsigned.complete(&[1; 64]).expect("r and s are in range");
    let again = DidDocument::read(&written, DID).expect("it was written");
    assert!(again.quads().is_ok() && again.proof.is_some());
    let again = again
        .methods
        .iter()
        .map(|row| row.as_ref().expect("it was written"));
    assert!(
        again
            .map(|method| &method.chain)
            .eq(keys.iter().map(|key| &key.chain))
    );
});

fn published(method: &Method) -> Option<Published> {
    Some(Published {
        domain: method.domain.clone()?,
        participant: Country::parse(&method.participant)?,
        usage: method.usage.clone(),
        chain: (!method.chain.is_empty()).then(|| method.chain.clone())?,
    })
}

const DID: &str = "did:web:a:v2:trustlist";
