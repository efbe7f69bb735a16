//! Any bytes as a national list, unsigned and under a good signature, and as what else gateways publish of keys: nothing
//! panics, every entry knows its place, and what a list or a set names is written and read back the same.

#![no_main]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;
use lintas::codec::ber::{SEQUENCE, der};
use lintas::codec::{cbor, cose, jws};
use lintas::crypto::sha256;
use lintas::exchange::onboarding::Statement;
use lintas::exchange::signed::{self, Anchors, ListForm, PublishedSigner, SignedList, germany};
use lintas::exchange::{jwks, vci};
use lintas::model::{Country, UnixTime};
use lintas::trust::{KeyMaterial, Purposes, kid_of};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;

fuzz_target!(|bytes: &[u8]| {
    let secret = SigningKey::from_slice(&[7; 32]).expect("a scalar");
    let sign = |message: &[u8]| {
        let signature: Signature = secret.sign(message);
        signature.to_bytes().to_vec()
    };
    let spki = secret
        .verifying_key()
        .to_public_key_der()
        .expect("a key")
        .into_vec();
    let root = certificate(&spki);
    let read = |form, parts: &[&[u8]]| {
        let anchors = Anchors {
            pinned: &[sha256(&spki), sha256(&root)],
            material: &[&spki, &root],
        };
        signed::read(form, "fuzz", parts, &anchors, UnixTime::EPOCH)
    };
    for form in ListForm::ALL {
        let _ = read(*form, &[bytes]);
        let _ = read(*form, &[bytes, bytes]);
    }
    let _ = (Statement::read(bytes), vci::read_directory(bytes));
    if let Ok(rows) = jwks::read("fuzz", bytes) {
        let keys: Vec<_> = rows.into_iter().flatten().collect();
        if let Ok(set) = jwks::write(&keys) {
            let again = jwks::read("fuzz", &set).expect("it was written");
            let again = again.into_iter().map(|row| row.expect("it was written"));
            assert!(
                again
                    .map(|key| key.public_key)
                    .eq(keys.into_iter().map(|key| key.public_key))
            );
        }
    }
    let line = |content: &[u8]| {
        [
            BASE64_STANDARD.encode(sign(content)).as_bytes(),
            b"\n",
            content,
        ]
        .concat()
    };
    if let Ok(list) = read(ListForm::Germany, &[&line(bytes)]) {
        let signers = published(&list);
        let unsigned = germany::Unsigned::new(&signers);
        let again = unsigned.complete(&sign(unsigned.signed_bytes()));
        let again = published(&read(ListForm::Germany, &[&again]).expect("it was written"));
        let both = signers.iter().zip(&again);
        assert!(
            signers.len() == again.len()
                && both.into_iter().all(|(one, other)| {
                    one.certificate == other.certificate && one.country == other.country
                })
        );
    }
    let header = jws::Header {
        algorithm: "ES256".to_owned(),
        certificates: vec![root.clone()],
        ..jws::Header::default()
    };
    let wrapped = |payload: &[u8]| {
        let unsigned = jws::Unsigned::new(&header, payload.to_vec());
        unsigned
            .complete(&sign(&unsigned.signed_bytes()))
            .into_bytes()
    };
    placed(read(ListForm::Sweden, &[&wrapped(bytes)]).ok());
    let (active, keys) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    placed(read(ListForm::Switzerland, &[&wrapped(active), &wrapped(keys)]).ok());
    let stated = cbor::Value::Map(vec![
        (2.into(), cbor::Value::Bytes(sha256(bytes).to_vec())),
        (4.into(), 1.into()),
        (5.into(), 0.into()),
    ]);
    let kid = kid_of(&root).expect("a digest");
    let stated = cbor::write(&stated).expect("memory");
    let unsigned = cose::Unsigned::new(-7, kid.as_bytes(), stated).expect("an algorithm");
    let signature = sign(&unsigned.signed_bytes());
    let signature = unsigned.complete(signature).expect("memory");
    placed(read(ListForm::Austria, &[bytes, &signature]).ok());
});

fn placed(list: Option<SignedList>) {
    for (index, row) in list.into_iter().flat_map(|list| list.entries).enumerate() {
        let place = row.map_or_else(|refused| refused.place, |entry| entry.place);
        assert_eq!(place.position, index + 1);
    }
}

/// The signers that a list names with a certificate and a country.
fn published(list: &SignedList) -> Vec<PublishedSigner> {
    let entries = list.entries.iter().flatten();
    let signers = entries.filter_map(|entry| match &entry.key {
        KeyMaterial::Certificate(der) => Some(PublishedSigner {
            country: Country::parse(entry.country.as_deref()?)?,
            certificate: der.clone(),
            purposes: Purposes::ALL,
            admitted_at: UnixTime::EPOCH,
            upload: None,
        }),
        KeyMaterial::PublicKey(_) => None,
    });
    signers.collect()
}

/// A certificate of version 1 for a key, with a signature by nobody.
fn certificate(spki: &[u8]) -> Vec<u8> {
    let algorithm = der(
        SEQUENCE,
        &[&[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]],
    );
    let name = der(SEQUENCE, &[]);
    let period = der(
        SEQUENCE,
        &[
            &der(0x17, &[b"700101000000Z"]),
            &der(0x17, &[b"300101000000Z"]),
        ],
    );
    let signed = [&[2, 1, 1], &algorithm[..], &name, &period, &name, spki];
    der(SEQUENCE, &[&der(SEQUENCE, &signed), &algorithm, &[3, 1, 0]])
}
