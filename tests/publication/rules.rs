//! Business rules and value sets, byte for byte.

use crate::site::{Site, asked, json, published_after};
use crate::support::country::Identity;
use crate::support::gateway::TestGateway;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::crypto::sha256;
use lintas::exchange::dgcg::{read_rule, write_message, write_rule_row};
use lintas::exchange::{Record, RecordKind};
use lintas::model::{Country, Thumbprint, UnixTime};
use lintas::server::gateway::hub::{Change, HUB, Joining};
use lintas::trust::Role;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use serde_json::{Value, json};

/// A rule as its country writes it, with white space that nobody may touch.
fn rule(version: &str, from: UnixTime) -> Vec<u8> {
    let rule = json!({
        "Identifier": "VR-ID-0001", "Type": "Acceptance", "Country": "ID", "Version": version, "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC", "EngineVersion": "1.0.0", "CertificateType": "Vaccination",
        "Description": [{ "lang": "en", "desc": "A rule that is there for a test." }],
        "ValidFrom": from.to_string(), "ValidTo": from.plus(1_000_000).to_string(), "AffectedFields": ["v.0.dn"],
        "Logic": { "and": [true, true] },
    });
    serde_json::to_string_pretty(&rule).unwrap().into_bytes()
}

/// Keeps `content` as a rule that a party handed in.
async fn hands_in(gateway: &TestGateway, upload: &Identity, content: &[u8], at: UnixTime) {
    let rule = read_rule(content).unwrap();
    let message = write_message(&upload.sign(content, true));
    let record = Record {
        kind: RecordKind::Rule,
        source: HUB.to_owned(),
        name: format!("{}@{}", rule.identifier, rule.version),
        country: Some(rule.country),
        received_at: at,
        body: write_rule_row(&rule, &message).to_string().into_bytes(),
    };
    let store = gateway.gateway().records().unwrap().store().clone();
    store.append(&[record], &[], None).await.unwrap();
    gateway.gateway().follow().await.unwrap();
}

/// Its country becomes a party, whose uploads `upload` signs.
async fn joins(gateway: &TestGateway, anchor: &Identity, upload: &Identity) {
    let tls = Identity::self_signed("ID", "NBtls", false);
    let signed = |role: Role, it: &Identity| (role, it.der.clone(), anchor.sign(&it.der, false));
    let joining = Joining {
        country: Country::parse("ID").unwrap(),
        name: "a backend".to_owned(),
        roles: Vec::new(),
        certificates: vec![
            signed(Role::Authentication, &tls),
            signed(Role::Upload, upload),
        ],
    };
    let joined = gateway.gateway().hand_in(|hub, at| {
        let records = joining.records(hub, at)?;
        Ok(Change {
            records,
            events: Vec::new(),
            answer: (),
        })
    });
    joined.await.unwrap();
}

/// What stands at the hash of `row`, if hash and signature are right.
async fn body(gateway: &TestGateway, path: &str, key: &VerifyingKey) -> Vec<u8> {
    let answer = gateway.get(path).await;
    assert_eq!(answer.status, 200, "{path}");
    let hash = Thumbprint(sha256(answer.text.as_bytes())).to_string();
    let signature = answer.headers["x-signature"].to_str().unwrap();
    let signature = BASE64_STANDARD.decode(signature).unwrap();
    key.verify(hash.as_bytes(), &Signature::from_der(&signature).unwrap())
        .unwrap();
    answer.text.into_bytes()
}

async fn key(gateway: &TestGateway) -> VerifyingKey {
    let spki = BASE64_STANDARD
        .decode(gateway.get("/publickey").await.text)
        .unwrap();
    VerifyingKey::from_public_key_der(&spki).unwrap()
}

#[actix_web::test]
async fn rules_stand_at_the_hash_of_their_bytes() {
    let anchor = Identity::self_signed("ID", "trust anchor", false);
    let federation = format!("[federation]\nanchors = [\"{}\"]\n", anchor.thumbprint());
    let site = Site::new().with(&federation);
    site.pins("one");
    let gateway = site.serves().await;
    published_after(&gateway, 0).await;
    let key = key(&gateway).await;
    let upload = Identity::self_signed("ID", "NBup", false);
    joins(&gateway, &anchor, &upload).await;
    let now = site.now();
    // One that no party signed is not passed on, whoever put it into the store.
    let stranger = Identity::self_signed("ID", "NBup", false);
    hands_in(&gateway, &stranger, &rule("2.0.0", now.plus(-5)), now).await;
    assert_eq!(json(&gateway, "/rules").await, json!([]));
    let (old, new, next) = (
        rule("1.0.0", now.plus(-100)),
        rule("1.0.1", now.plus(-10)),
        rule("1.1.0", now.plus(500)),
    );
    for content in [&old, &new, &next] {
        hands_in(&gateway, &upload, content, now).await;
    }
    let rows = json(&gateway, "/rules").await;
    let versions = |rows: &Value| -> Vec<String> {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["version"].as_str().unwrap().to_owned())
            .collect()
    };
    // The one in force and the one that follows.
    assert_eq!(versions(&rows), ["1.1.0", "1.0.1"]);
    for (row, content) in rows.as_array().unwrap().iter().zip([&next, &new]) {
        assert_eq!(
            (&row["identifier"], &row["country"]),
            (&"VR-ID-0001".into(), &"ID".into())
        );
        let path = format!("/rules/ID/{}", row["hash"].as_str().unwrap());
        assert_eq!(&body(&gateway, &path, &key).await, content);
        let kept = gateway.get(&path).await;
        assert_eq!(
            kept.headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        let tag = kept.headers["etag"].to_str().unwrap();
        assert_eq!(
            asked(&gateway, &path, "if-none-match", tag).await.status,
            304
        );
    }
    assert_eq!(json(&gateway, "/rules/id").await, rows);
    assert_eq!(json(&gateway, "/rules/FR").await, json!([]));
    assert_eq!(json(&gateway, "/countrylist").await, json!(["ID"]));
    body(&gateway, "/rules", &key).await;
    for (path, status, code) in [
        ("/rules/IDN", 400, "0x004"),
        ("/rules/1D/00", 400, "0x004"),
        ("/rules/ID/00", 404, "0x006"),
        ("/rules/FR/00", 404, "0x006"),
        ("/valuesets/00", 404, "0x006"),
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &code.into()),
            "{path}"
        );
    }
    site.passes(600);
    assert_eq!(versions(&json(&gateway, "/rules").await), ["1.1.0"]);
    gateway.stop().await;
}

#[actix_web::test]
async fn value_sets_are_the_operators_files_byte_for_byte() {
    let site = Site::new();
    site.pins("one");
    let folder = site.path().join("valuesets");
    std::fs::create_dir(&folder).unwrap();
    let set = "{ \"valueSetId\": \"disease-agent-targeted\", \"valueSetDate\": \"2021-04-27\",\n \"valueSetValues\": \
        {\"840539006\": {\"display\": \"COVID-19\", \"lang\": \"en\", \"active\": true, \"system\": \"http://snomed.info/sct\", \"version\": \"1\"}}}\n";
    std::fs::write(folder.join("disease.json"), set).unwrap();
    std::fs::write(folder.join("broken.json"), "{").unwrap();
    let gateway = site.serves().await;
    published_after(&gateway, 0).await;
    let key = key(&gateway).await;
    let rows = json(&gateway, "/valuesets").await;
    let hash = Thumbprint(sha256(set.as_bytes())).to_string();
    assert_eq!(
        rows,
        json!([{ "id": "disease-agent-targeted", "hash": hash }])
    );
    assert_eq!(
        body(&gateway, &format!("/valuesets/{hash}"), &key).await,
        set.as_bytes()
    );
    gateway.stop().await;
}
