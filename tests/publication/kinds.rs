//! Keys of one purpose and messages of one kind: every swap is refused.

use lintas::codec::typed::{Kind, Typed, Unsigned};
use lintas::crypto::{VerifyingKey, verify};
use lintas::model::Country;
use lintas::server::keys::{PublicationKeys, Signer, publication_keys};
use std::fs;

#[test]
fn a_message_of_one_kind_is_none_of_another() {
    let data = tempfile::tempdir().unwrap();
    let keys = publication_keys(data.path(), Country::DEMO, crate::support::issued_at()).unwrap();
    let key = &keys.list;
    let public = VerifyingKey::from_spki(key.public_key()).unwrap();
    let kinds = ["trust-list", "bundle", "receipt", "status-pass"].map(Kind::named);
    let make =
        |kind| Unsigned::new(kind, &[1; 8], Some(key.certificate().to_vec()), vec![0xa0]).unwrap();
    for signed in kinds {
        let unsigned = make(signed);
        let signature = key.sign(unsigned.signed_bytes()).unwrap();
        let bytes = unsigned.complete(signature.clone()).unwrap();
        for read in kinds {
            let typed = Typed::read(&bytes, read);
            if read == signed {
                let typed = typed.unwrap();
                verify(&public, typed.signed_bytes(), &typed.signature).unwrap();
                continue;
            }
            assert_eq!(typed.unwrap_err().code().name(), "cose_invalid");
            // The same signature under the other header does not hold either.
            let forged = make(read).complete(signature.clone()).unwrap();
            let forged = Typed::read(&forged, read).unwrap();
            let held = verify(&public, forged.signed_bytes(), &forged.signature);
            assert_eq!(held.unwrap_err().code().name(), "signature_invalid");
        }
    }
}

#[test]
fn a_key_of_one_purpose_is_none_of_another() {
    let data = tempfile::tempdir().unwrap();
    publication_keys(data.path(), Country::DEMO, crate::support::issued_at()).unwrap();
    let folder = data.path().join("keys/publication");
    let purposes = ["did", "list", "archive"];
    for from in purposes {
        for to in purposes.into_iter().filter(|to| *to != from) {
            let kept =
                ["key", "pem"].map(|kind| fs::read(folder.join(format!("{to}.{kind}"))).unwrap());
            for kind in ["key", "pem"] {
                fs::copy(
                    folder.join(format!("{from}.{kind}")),
                    folder.join(format!("{to}.{kind}")),
                )
                .unwrap();
            }
            let refused = PublicationKeys::open(data.path()).unwrap_err();
            assert_eq!(
                refused.code().name(),
                "configuration_invalid",
                "{from} as {to}"
            );
            for (kind, bytes) in ["key", "pem"].into_iter().zip(kept) {
                fs::write(folder.join(format!("{to}.{kind}")), bytes).unwrap();
            }
        }
    }
    assert!(PublicationKeys::open(data.path()).is_ok());
}
