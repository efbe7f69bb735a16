//! Verifier apps, as they ask.

use crate::site::{Site, asked, json, published_after};
use crate::support::country::Identity;
use crate::support::gateway::{TestGateway, read};
use lintas::trust::kid_of;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn kid(signer: &Identity) -> String {
    kid_of(&signer.der).unwrap().to_string()
}

/// What an app holds: certificates by their key identifiers, and the number it goes on from.
#[derive(Default)]
struct App {
    keys: BTreeMap<String, Vec<u8>>,
    token: String,
    asked: usize,
}

impl App {
    /// One round, as the apps make it: the status, then one key after the other, then whatever is gone.
    async fn catches_up(&mut self, gateway: &TestGateway) {
        let status = json(gateway, "/signercertificateStatus").await;
        let status: Vec<_> = status
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect();
        loop {
            self.asked += 1;
            let answer = asked(
                gateway,
                "/signercertificateUpdate",
                "x-resume-token",
                &self.token,
            )
            .await;
            if answer.status == 204 {
                assert_eq!(answer.text, "");
                break;
            }
            assert_eq!(answer.status, 200);
            assert!(
                answer.headers["content-type"]
                    .to_str()
                    .unwrap()
                    .starts_with("text/plain")
            );
            let der =
                base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &answer.text).unwrap();
            let kid = answer.headers["x-kid"].to_str().unwrap().to_owned();
            assert_eq!(kid_of(&der).unwrap().to_string(), kid);
            assert!(status.contains(&kid), "a key that the status does not name");
            self.keys.insert(kid, der);
            self.token = answer.headers["x-resume-token"]
                .to_str()
                .unwrap()
                .to_owned();
        }
        self.keys.retain(|kid, _| status.contains(kid));
    }

    fn holds(&self, signers: &[&Identity]) {
        let expected: BTreeMap<_, _> = signers.iter().map(|it| (kid(it), it.der.clone())).collect();
        assert_eq!(self.keys, expected);
    }
}

/// Lets `gateway` look at its folder, and waits until it has published.
async fn publishes(site: &Site, gateway: &TestGateway, before: u64) -> u64 {
    site.passes(600);
    gateway.gateway().refresh();
    published_after(gateway, before).await
}

#[actix_web::test]
async fn an_app_catches_up_key_by_key() {
    let site = Site::new();
    let (one, two) = (site.pins("one"), site.pins("two"));
    let gateway = site.serves().await;
    let folder = gateway.data.path().join("pinned");
    let mut sequence = published_after(&gateway, 0).await;
    let mut app = App::default();
    app.catches_up(&gateway).await;
    app.holds(&[&one, &two]);
    assert_eq!(app.asked, 3);
    // A new one alone is fetched, one that went is dropped, and one that came back is fetched again.
    let three = site.csca.issue("ID", "DSC", &[]);
    std::fs::write(folder.join("three.der"), &three.der).unwrap();
    std::fs::remove_file(folder.join("one.der")).unwrap();
    sequence = publishes(&site, &gateway, sequence).await;
    app.asked = 0;
    app.catches_up(&gateway).await;
    app.holds(&[&two, &three]);
    assert_eq!(app.asked, 2);
    std::fs::write(folder.join("one.der"), &one.der).unwrap();
    publishes(&site, &gateway, sequence).await;
    app.asked = 0;
    app.catches_up(&gateway).await;
    app.holds(&[&one, &two, &three]);
    assert_eq!(app.asked, 2);
    let odd = asked(&gateway, "/signercertificateUpdate", "x-resume-token", "a").await;
    assert_eq!(
        (odd.status, odd.problem().as_str()),
        (400, "request_invalid")
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn what_came_and_went_is_told_since_a_time() {
    let site = Site::new();
    let one = site.pins("one");
    let gateway = site.serves().await;
    let folder = gateway.data.path().join("pinned");
    let sequence = published_after(&gateway, 0).await;
    let begun = site.now();
    let two = site.csca.issue("ID", "DSC", &[]);
    std::fs::write(folder.join("two.der"), &two.der).unwrap();
    std::fs::remove_file(folder.join("one.der")).unwrap();
    publishes(&site, &gateway, sequence).await;
    let path = "/signercertificateStatus/delta";
    let all = json(&gateway, path).await;
    assert_eq!(
        all,
        json!({ "updated": [kid(&two)], "deleted": [kid(&one)] })
    );
    for (since, expected) in [
        (begun.to_string(), all.clone()),
        (site.now().to_string(), all),
        (
            site.now().plus(301).to_string(),
            json!({ "updated": [], "deleted": [] }),
        ),
        (
            "Mon, 15 Jun 2037 00:00:00 GMT".to_owned(),
            json!({ "updated": [], "deleted": [] }),
        ),
    ] {
        let answer = asked(&gateway, path, "if-modified-since", &since).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{since}");
    }
    let odd = asked(&gateway, path, "if-modified-since", "20220101").await;
    assert_eq!(odd.status, 400);
    gateway.stop().await;
}

#[actix_web::test]
async fn several_keys_are_fetched_at_once() {
    let site = Site::new();
    let (one, two) = (site.pins("one"), site.pins("two"));
    let gateway = site.serves().await;
    published_after(&gateway, 0).await;
    let path = "/signercertificateUpdate";
    let some = gateway
        .post(path, &json!([kid(&one), "AAAAAAAAAAA="]))
        .await
        .json();
    let raw = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &one.der);
    assert_eq!(
        some,
        json!({ "ID": [{ "kid": kid(&one), "rawData": raw }] })
    );
    let both = gateway
        .post(path, &json!([kid(&one), kid(&two)]))
        .await
        .json();
    assert_eq!(both["ID"].as_array().unwrap().len(), 2);
    assert_eq!(gateway.post(path, &json!([])).await.json(), json!({}));
    for odd in [json!({}), json!([1]), json!("a")] {
        assert_eq!(gateway.post(path, &odd).await.status, 400, "{odd}");
    }
    let many = Value::from(vec!["AAAAAAAAAAA="; 30_000]);
    assert_eq!(gateway.post(path, &many).await.status, 400);
    let url = format!("{}{path}", gateway.base);
    let other = read(gateway.client.post(url).body("[]")).await;
    assert_eq!(
        (other.status, other.problem().as_str()),
        (415, "media_type_unsupported")
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn apps_learn_how_they_are_set_up() {
    let site = Site::new();
    site.pins("one");
    let gateway = site.serves().await;
    published_after(&gateway, 0).await;
    let usual = json(&gateway, "/context").await;
    assert_eq!(usual["origin"], "trust.example.id");
    let endpoints = &usual["versions"]["default"]["endpoints"];
    for name in ["status", "update", "countryList", "rules", "valuesets"] {
        let url = endpoints[name]["url"].as_str().unwrap();
        let path = url.strip_prefix("https://trust.example.id").unwrap();
        assert!(matches!(gateway.get(path).await.status, 200), "{url}");
    }
    let own = "{ \"origin\": \"ID\" , \"versions\": {}}\n";
    std::fs::write(gateway.data.path().join("context.json"), own).unwrap();
    let answer = gateway.get("/context").await;
    assert_eq!(answer.text, own);
    let tag = answer.headers["etag"].to_str().unwrap();
    assert_eq!(
        asked(&gateway, "/context", "if-none-match", tag)
            .await
            .status,
        304
    );
    std::fs::write(gateway.data.path().join("context.json"), "[").unwrap();
    assert_eq!(
        gateway.get("/context").await.problem(),
        "configuration_invalid"
    );
    let issuers = gateway.get("/trustedissuers").await;
    assert_eq!((issuers.status, issuers.text.as_str()), (200, "[]"));
    let tag = issuers.headers["etag"].to_str().unwrap();
    assert_eq!(
        asked(&gateway, "/trustedissuers", "if-none-match", tag)
            .await
            .status,
        304
    );
    gateway.stop().await;
}
