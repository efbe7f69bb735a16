//! Receipts over HTTPS.

use crate::support::gateway::{TestGateway, assert_nothing_personal, read};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use lintas::server::gateway::Clock;
use lintas::server::gateway::receipts::Archive;
use lintas::verify::{Receipt, ReceiptKey, Replayed, Unproven};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

/// What the receipt in `answer` says, proven by the keys that the gateway names.
fn proven(gateway: &TestGateway, answer: &Value) -> Receipt {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(answer["receipt"].as_str().unwrap())
        .unwrap();
    let keys = gateway.gateway().receipt_keys().iter().map(|(_, key)| key);
    Unproven::read(&bytes).unwrap().prove(keys).unwrap()
}

fn replay(gateway: &TestGateway, receipt: &Receipt, texts: &[&str]) -> Replayed {
    let archive = Archive::at(gateway.data.path().join("archive"));
    let snapshot = archive.snapshot(receipt.snapshot).unwrap();
    let policy = archive.policy(receipt.policy.hash).unwrap();
    receipt.replay(texts, &snapshot, &policy).unwrap()
}

#[actix_web::test]
async fn a_known_client_gets_a_receipt_that_can_be_reached_again() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let asked = json!({ "credential": text, "receipt": true });
    let answer = gateway.post_as_client("/v1/verify", &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    let receipt = proven(&gateway, &answer);
    assert_eq!(receipt.client, "demo");
    assert_eq!(receipt.outcome.name(), answer["outcome"]);
    assert_eq!(receipt.at.to_string(), answer["at"]);
    assert_eq!(receipt.snapshot.to_string(), answer["snapshot"]["id"]);
    assert_eq!(json!(receipt.sequence), answer["snapshot"]["sequence"]);
    assert_eq!(replay(&gateway, &receipt, &[&text]), Replayed::Same);
    let several =
        json!({ "receipt": true, "credentials": [{ "credential": text }, { "credential": "x" }] });
    let answer = gateway.post_as_client("/v1/verify", &several).await.json();
    let receipt = proven(&gateway, &answer);
    assert_eq!(replay(&gateway, &receipt, &[&text, "x"]), Replayed::Same);
    for asked in [json!(false), json!(null)] {
        let asked = json!({ "credential": text, "receipt": asked });
        let answer = gateway.post_as_client("/v1/verify", &asked).await.json();
        assert!(answer.get("receipt").is_none());
    }
    let mut folders = vec![gateway.data.path().join("archive")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                assert_nothing_personal(&String::from_utf8_lossy(&bytes), "the archive");
            }
        }
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn what_else_was_asked_is_confirmed_too() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let asked = json!({
        "credential": text,
        "receipt": true,
        "view": "gate",
        "for": { "destination": "DE", "mode": "air" },
        "holder": { "name": "Somebody Else", "birth_date": "1970-01-01" },
    });
    let answer = gateway.post_as_client("/v1/verify", &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let receipt = proven(&gateway, &answer.json());
    let shown = receipt.to_json();
    assert_eq!(shown["for"]["destination"], "DE");
    assert_eq!(shown["for"]["mode"], "air");
    assert_eq!(shown["with_colour"], true);
    assert_eq!(shown["credentials"][0]["identity"], "mismatch");
    assert!(!shown.to_string().contains("Somebody"));
    assert_eq!(replay(&gateway, &receipt, &[&text]), Replayed::Same);
    gateway.stop().await;
}

#[actix_web::test]
async fn who_is_not_known_or_chose_the_instant_gets_none() {
    let gateway = TestGateway::start().await;
    let asked = json!({ "credential": "x", "receipt": true });
    let answer = gateway.post("/v1/verify", &asked).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (401, "unauthenticated".to_owned())
    );
    for odd in [json!("yes"), json!(1), json!({})] {
        let asked = json!({ "credential": "x", "receipt": odd });
        let answer = gateway.post_as_client("/v1/verify", &asked).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (400, "request_invalid".to_owned())
        );
    }
    let simulated = json!({ "credential": "x", "receipt": true, "at": "2026-07-01T00:00:00Z" });
    let answer = gateway.post_as_client("/v1/verify", &simulated).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (400, "request_invalid".to_owned())
    );
    assert!(!gateway.data.path().join("archive").exists());
    gateway.stop().await;
}

#[actix_web::test]
async fn each_row_of_a_batch_has_its_own() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let rows = json!([
        { "credential": text, "receipt": true, "ref": "a" },
        { "credential": "x", "receipt": true },
        { "credential": text },
        { "credential": text, "receipt": true, "at": "2026-07-01T00:00:00Z" },
    ]);
    let answers = gateway
        .post_as_client("/v1/verify/batch", &rows)
        .await
        .json();
    for (row, text) in [(0, text.as_str()), (1, "x")] {
        let receipt = proven(&gateway, &answers[row]);
        assert_eq!(replay(&gateway, &receipt, &[text]), Replayed::Same, "{row}");
    }
    assert_eq!(answers[0]["ref"], "a");
    assert!(answers[2].get("receipt").is_none());
    assert_eq!(answers[3]["code"], "request_invalid");
    let anonymous = gateway.post("/v1/verify/batch", &rows).await.json();
    assert_eq!(anonymous[0]["code"], "unauthenticated");
    assert_eq!(anonymous[2]["outcome"], "accept");
    gateway.stop().await;
}

#[actix_web::test]
async fn a_node_without_a_key_says_so() {
    let clients = |data: &std::path::Path| {
        let token = lintas::crypto::sha256(b"secret-token")
            .into_iter()
            .map(|byte| format!("{byte:02x}"));
        let toml = format!(
            "[[client]]\nid = \"a\"\ntoken_sha256 = \"{}\"\nscopes = [\"verify:result\"]\n",
            token.collect::<String>()
        );
        std::fs::write(data.join("clients.toml"), toml).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(data.join("clients.toml"), mode).unwrap();
    };
    let toml = "environment = \"test\"\n[issuer]\ncountry = \"ID\"\n";
    let clock = Clock::Fixed(crate::support::issued_at());
    let gateway = TestGateway::configured(toml, clients, clock).await;
    let asked = json!({ "credential": "x", "receipt": true }).to_string();
    let request = gateway.request("/v1/verify", asked);
    let answer = read(request.header(AUTHORIZATION, "Bearer secret-token")).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (400, "request_invalid".to_owned())
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn the_keys_are_published() {
    let gateway = TestGateway::start().await;
    let document = loop {
        let answer = gateway.get("/.well-known/lintas").await;
        if answer.status == 200 {
            break answer.json();
        }
        tokio::task::yield_now().await;
    };
    let text = gateway.issue().await;
    let asked = json!({ "credential": text, "receipt": true });
    let answer = gateway.post_as_client("/v1/verify", &asked).await.json();
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(answer["receipt"].as_str().unwrap())
        .unwrap();
    let unproven = Unproven::read(&bytes).unwrap();
    let row = &document["receipt_keys"][0];
    assert_eq!(row["kid"], unproven.kid().to_string());
    let der = BASE64_STANDARD
        .decode(row["certificate"].as_str().unwrap())
        .unwrap();
    assert!(unproven.prove([&ReceiptKey::read(&der).unwrap()]).is_ok());
    gateway.stop().await;
}
