//! The keys of receipts: sealed, of one purpose, one after the other.

use crate::ground::day;
use lintas::failure::Code;
use lintas::model::{Country, Environment};
use lintas::server::keys::{
    KeyPlace, Passphrase, PublicationKeys, ReceiptKeys, make_receipt_key, publication_keys,
};
use std::fs;
use zeroize::Zeroizing;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
}

#[test]
fn of_several_keys_the_newest_signs_and_all_are_known() {
    let data = tempfile::tempdir().unwrap();
    let right = passphrase("correct horse battery");
    let country = Country::parse("ID").unwrap();
    let environment = Environment::Test;
    let open = |with: Option<&Passphrase>| ReceiptKeys::open(data.path(), environment, with, None);
    let none = open(None).unwrap();
    assert!(none.signer.is_none() && none.known.is_empty());
    let make = |at| {
        let place = KeyPlace::Sealed(&right);
        make_receipt_key(data.path(), environment, country, at, &place).unwrap()
    };
    let (old_file, old) = make(day(0));
    let (_, new) = make(day(0).plus(1));
    let keys = open(Some(&right)).unwrap();
    assert_eq!(keys.signer.unwrap().key.kid, new);
    let known: Vec<_> = keys.known.iter().map(|(_, key)| key.kid).collect();
    assert_eq!(known, [new, old]);
    let wrong = passphrase("correct horse");
    for passphrase in [Some(&wrong), None] {
        let refused = open(passphrase).err().unwrap();
        assert_eq!(refused.code(), Code::KeySealed);
    }
    // A node that signs none, and one of another environment.
    let known = ReceiptKeys::known(data.path(), environment).unwrap();
    assert!(known.signer.is_none() && known.known.len() == 2);
    let refused = ReceiptKeys::known(data.path(), Environment::Production)
        .err()
        .unwrap();
    assert_eq!(refused.code(), Code::ConfigurationInvalid);
    // The certificate of one key beside the other.
    let newer: String = new.to_string().chars().take(16).collect();
    fs::copy(
        old_file,
        data.path().join(format!("keys/receipt/{newer}.pem")),
    )
    .unwrap();
    let refused = open(Some(&right)).err().unwrap();
    assert_eq!(refused.code(), Code::ConfigurationInvalid);
}

#[test]
fn a_key_of_receipts_and_one_of_publication_do_not_stand_in_for_each_other() {
    let data = tempfile::tempdir().unwrap();
    publication_keys(data.path(), Country::DEMO, day(0)).unwrap();
    let keys = ReceiptKeys::demo(data.path(), day(0)).unwrap();
    let kid = keys.signer.unwrap().key.kid.to_string();
    let receipt = data.path().join("keys/receipt").join(&kid[..16]);
    let kept = ["key", "pem"].map(|kind| fs::read(receipt.with_extension(kind)).unwrap());
    for purpose in ["did", "list", "archive"] {
        let place = data.path().join("keys/publication").join(purpose);
        let theirs = ["key", "pem"].map(|kind| fs::read(place.with_extension(kind)).unwrap());
        for (kind, (ours, theirs)) in ["key", "pem"].iter().zip(kept.iter().zip(&theirs)) {
            fs::write(place.with_extension(kind), ours).unwrap();
            fs::write(receipt.with_extension(kind), theirs).unwrap();
        }
        let refused = PublicationKeys::open(data.path()).unwrap_err();
        assert_eq!(refused.code(), Code::ConfigurationInvalid, "{purpose}");
        let refused = ReceiptKeys::demo(data.path(), day(0)).err().unwrap();
        assert_eq!(refused.code(), Code::ConfigurationInvalid, "{purpose}");
        for (kind, (ours, theirs)) in ["key", "pem"].iter().zip(kept.iter().zip(&theirs)) {
            fs::write(place.with_extension(kind), theirs).unwrap();
            fs::write(receipt.with_extension(kind), ours).unwrap();
        }
    }
    assert!(ReceiptKeys::demo(data.path(), day(0)).is_ok());
    assert!(PublicationKeys::open(data.path()).is_ok());
}

#[test]
fn the_demo_makes_a_new_key_when_the_old_one_has_ended() {
    let data = tempfile::tempdir().unwrap();
    let key = |at| {
        ReceiptKeys::demo(data.path(), at)
            .unwrap()
            .signer
            .unwrap()
            .key
            .kid
    };
    let first = key(day(0));
    assert_eq!(key(day(300)), first);
    assert_ne!(key(day(800)), first);
}
