//! Certificates of throw-away signers, from claims to text.
//!
//! Refuses nothing of its own: issuing does.

use crate::cases;
use crate::signers::Signer;
use lintas::crypto::sha256;
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, HealthCertificate, Kid, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{Dsc, KeyMaterial};

/// The snapshot in which all `signers` are trusted, each under a key identifier made of its key.
pub fn snapshot(signers: &[Signer]) -> Snapshot {
    cases::snapshot(
        signers
            .iter()
            .map(|it| (KeyMaterial::PublicKey(it.spki.clone()), Some(kid(it)))),
    )
}

/// The key identifier of `signer` in [`snapshot`].
pub fn kid(signer: &Signer) -> Kid {
    let hash = sha256(&signer.spki);
    Kid::from_bytes(&hash[..8]).expect("8 bytes are a key identifier")
}

/// The entry of `signer` in `snapshot`.
pub fn listed<'a>(signer: &Signer, snapshot: &'a Snapshot) -> &'a Dsc {
    let kid = kid(signer);
    let found = snapshot.trust().candidates(&kid).next();
    found.expect("the snapshot lists it")
}

/// When the certificates are issued: 2026-06-01T00:00:00Z.
pub fn issued_at() -> UnixTime {
    UnixTime::from_seconds(1_780_272_000).expect("an instant of this century")
}

/// Until when they are valid.
pub fn expires_at() -> UnixTime {
    issued_at().plus(180 * 24 * 60 * 60)
}

/// What the certificate with this number states: each another person and another identifier.
pub fn certificate(number: usize) -> HealthCertificate {
    let hash = sha256(format!("certificate {number}").as_bytes());
    let mut random = [0; 16];
    random.copy_from_slice(&hash[..16]);
    let claims = serde_json::json!({
        "person": {
            "family_name": format!("Kusumawardhani {}", letters(number)),
            "given_name": "Dewi Sartika",
            "birth_date": format!("19{:02}-03-09", 30 + number % 70),
        },
        "vaccination": {
            "vaccine": "1157024006", "product": "CoronaVac", "manufacturer": "Sinovac-Biotech",
            "dose": 2, "doses": 2, "date": "2026-05-20",
        },
    });
    let claims: Claims = serde_json::from_value(claims).expect("claims as documented");
    let issuer = Issuer {
        country: Country::DEMO,
        name: "Ministry of Benches".to_owned(),
    };
    let uvci = issue::uvci_from_random(Country::DEMO, random).expect("an identifier");
    issue::check(&claims, &issuer, uvci, issued_at()).expect("claims that hold")
}

/// The text of certificate `number`, signed by `signer`, whose entry is `listed`.
pub fn text(number: usize, signer: &Signer, listed: &Dsc) -> String {
    let (from, until) = (issued_at(), expires_at());
    let prepared = issue::prepare(certificate(number), Country::DEMO, from, until, listed);
    let prepared = prepared.expect("a signer that covers it");
    let signature = signer.sign(&prepared.signed_bytes());
    prepared
        .complete(signature.to_vec())
        .expect("it reads back")
        .text
}

/// A number in letters, since names have no digits.
fn letters(number: usize) -> String {
    number
        .to_string()
        .bytes()
        .map(|digit| char::from(b'a' + digit - b'0'))
        .collect()
}
