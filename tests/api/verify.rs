use crate::support::gateway::{Answer, TestGateway, later, read};
use crate::support::{TestSigner, VACCINATION, issued_at};
use lintas::codec::{base45, deflate};
use lintas::server::gateway::Clock;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

fn code(verdict: &Value) -> &str {
    verdict["findings"][0]["code"].as_str().unwrap()
}

#[actix_web::test]
async fn a_good_credential_is_accepted_and_nothing_personal_is_shown() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let answer = gateway
        .post("/v1/verify", &json!({ "credential": text }))
        .await;
    assert_eq!(
        (answer.status, &answer.headers["cache-control"]),
        (200, &"no-store".parse().unwrap())
    );
    crate::support::gateway::assert_nothing_personal(&answer.text, "the answer");
    let verdict = answer.json();
    assert_eq!(verdict["outcome"], "accept");
    assert_eq!(verdict["findings"], json!([]));
    assert_eq!(
        verdict["credentials"][0]["signer"]["countries"],
        json!(["ZZ"])
    );
    assert_eq!(verdict["credentials"][0]["assurance"], "pinned_signer");
    assert_eq!(verdict["policy"], json!({ "id": "default", "version": 1 }));
    assert_eq!(verdict["at"], issued_at().to_string());
    assert!(verdict["credentials"][0].get("certificate").is_none());
    assert!(verdict.get("simulated").is_none());
    let snapshot = verdict["snapshot"]["id"].as_str().unwrap();
    assert_eq!(answer.headers["lintas-snapshot"], snapshot);
    gateway.stop().await;
}

#[actix_web::test]
async fn every_text_however_bad_gets_a_verdict() {
    let gateway = TestGateway::start().await;
    let good = gateway.issue().await;
    let bomb = base45::encode(&deflate::deflate(&vec![0; 200_000]).unwrap());
    let stranger = TestSigner::new(9).issue(VACCINATION);
    let mut tampered = base45::decode(&good[4..]).unwrap();
    let inflated = deflate::inflate(&tampered, 65_536).unwrap();
    let mut changed = inflated.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    tampered.truncate(100);
    let text = |bytes: &[u8]| format!("HC1:{}", base45::encode(bytes));
    for (given, expected) in [
        (String::new(), "format_unknown"),
        ("HC2:ABC".to_owned(), "format_unknown"),
        (
            "https://example.org/?name=Dewi".to_owned(),
            "format_unknown",
        ),
        ("HC1:".to_owned(), "inflate_invalid"),
        ("HC1:=".to_owned(), "base45_invalid"),
        (format!("HC1:{}", "A".repeat(5000)), "input_too_large"),
        (format!("HC1:{bomb}"), "input_too_large"),
        (text(&tampered), "inflate_invalid"),
        (text(&inflated), "inflate_invalid"),
        (text(&deflate::deflate(&[0xff]).unwrap()), "cbor_invalid"),
        (text(&deflate::deflate(&[0x80]).unwrap()), "cose_invalid"),
        (
            text(&deflate::deflate(&changed).unwrap()),
            "signature_invalid",
        ),
        (stranger, "unknown_signer"),
    ] {
        let verdict = gateway.verify(&given).await;
        assert_eq!(
            (verdict["outcome"].as_str(), code(&verdict)),
            (Some("reject"), expected)
        );
        assert!(verdict["findings"][0]["class"].is_string());
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn what_a_scanner_does_to_a_text_is_tolerated_and_told() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let verdict = gateway
        .verify(&format!("  {}\r\n", text.to_lowercase()))
        .await;
    assert_eq!(verdict["outcome"], "accept");
    assert_eq!(
        verdict["quirks"],
        json!(["whitespace_trimmed", "lower_cased"])
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_credential_expires_and_says_when_to_ask_again() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let verdict = gateway.verify(&text).await;
    // The source of signers goes stale after 72 hours, long before the certificate ends.
    assert_eq!(verdict["recheck_by"], later(72 * 3600 + 1).to_string());
    let expired = later(180 * 86_400 + 1).to_string();
    let body = json!({ "credential": text, "at": expired });
    let verdict = gateway.post_as_client("/v1/verify", &body).await.json();
    assert_eq!(
        (verdict["outcome"].as_str(), code(&verdict)),
        (Some("reject"), "expired")
    );
    assert_eq!(
        (&verdict["simulated"], &verdict["at"]),
        (&json!(true), &json!(expired))
    );
    let early = json!({ "credential": text, "at": later(-3600).to_string() });
    assert_eq!(
        code(&gateway.post_as_client("/v1/verify", &early).await.json()),
        "not_yet_valid"
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_signer_unknown_to_a_stale_source_is_no_reason_to_refuse() {
    let gateway = TestGateway::start().await;
    let stranger = TestSigner::new(9).issue(VACCINATION);
    let body = json!({ "credential": stranger, "at": later(73 * 3600).to_string() });
    let verdict = gateway.post_as_client("/v1/verify", &body).await.json();
    assert_eq!(
        (verdict["outcome"].as_str(), code(&verdict)),
        (Some("indeterminate"), "trust_list_stale")
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn several_credentials_are_judged_and_one_good_one_is_enough() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let rows =
        json!([{ "ref": "old", "credential": "HC1:=" }, { "ref": "new", "credential": text }]);
    let verdict = gateway
        .post("/v1/verify", &json!({ "credentials": rows }))
        .await
        .json();
    assert_eq!(
        (&verdict["outcome"], &verdict["findings"]),
        (&json!("accept"), &json!([]))
    );
    assert_eq!(verdict["credentials"][0]["ref"], "old");
    assert_eq!(
        verdict["credentials"][0]["findings"][0]["code"],
        "base45_invalid"
    );
    let bad = json!([{ "ref": "a", "credential": "x" }, { "ref": "b", "credential": "HC1:=" }]);
    let verdict = gateway
        .post("/v1/verify", &json!({ "credentials": bad }))
        .await
        .json();
    let references: Vec<_> = verdict["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["ref"])
        .collect();
    assert_eq!(references, ["a", "b"]);
    gateway.stop().await;
}

#[actix_web::test]
async fn each_view_shows_what_it_grants_and_no_more() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let certificate = async |view: &str| {
        let body = json!({ "credential": text, "view": view });
        let verdict = gateway.post_as_client("/v1/verify", &body).await.json();
        verdict["credentials"][0]
            .get("certificate")
            .cloned()
            .unwrap_or_default()
    };
    assert!(certificate("result").await.is_null());
    let gate = certificate("gate").await;
    assert_eq!(
        (&gate["name"]["family"], &gate["birth_year"]),
        (&json!("Kusumawardhani"), &json!(1987))
    );
    assert_eq!(gate.as_object().unwrap().len(), 2);
    let officer = certificate("officer").await;
    assert_eq!(officer["vaccination"]["product"], "CoronaVac");
    assert!(officer["vaccination"].get("uvci").is_none());
    let holder = certificate("holder").await;
    assert!(
        holder["vaccination"]["uvci"]
            .as_str()
            .unwrap()
            .starts_with("URN:UVCI:01:ZZ:")
    );
    // A credential that is not authentic shows nothing to anybody.
    let stranger = TestSigner::new(9).issue(VACCINATION);
    let body = json!({ "credential": stranger, "view": "holder" });
    let verdict = gateway.post_as_client("/v1/verify", &body).await.json();
    assert!(verdict["credentials"][0].get("certificate").is_none());
    gateway.stop().await;
}

#[actix_web::test]
async fn messages_come_in_the_language_that_was_asked_for() {
    let gateway = TestGateway::start().await;
    let ask = async |locale: &str| {
        let body = json!({ "credential": "x", "locale": locale });
        gateway.post("/v1/verify", &body).await.json()["findings"][0]["message"].clone()
    };
    let (id, en) = (ask("id").await, ask("en").await);
    assert!(id.is_string() && en.is_string() && id != en);
    gateway.stop().await;
}

#[actix_web::test]
async fn a_member_that_is_not_served_is_refused_by_name() {
    let gateway = TestGateway::start().await;
    for (member, value) in [
        ("nonce", json!("Dewi Sartika")),
        ("credentail", json!("HC1:")),
    ] {
        let answer = gateway
            .post("/v1/verify", &json!({ "credential": "x", member: value }))
            .await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "request_invalid")
        );
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains(&format!("`{member}`")) && !detail.contains("Dewi"),
            "{detail}"
        );
    }
    let row = json!({ "credentials": [{ "credential": "x", "for": 1 }] });
    assert_eq!(
        gateway.post("/v1/verify", &row).await.problem(),
        "request_invalid"
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn other_shapes_are_refused_without_a_word_of_what_was_sent() {
    let gateway = TestGateway::start().await;
    for body in [
        json!({}),
        json!([]),
        json!("Dewi Sartika"),
        json!({ "credential": 3_201_234_567_890_001_u64 }),
        json!({ "credential": ["Dewi Sartika"] }),
        json!({ "credential": "x", "credentials": [] }),
        json!({ "credentials": [] }),
        json!({ "credentials": "Dewi Sartika" }),
        json!({ "credentials": ["Dewi Sartika"] }),
        json!({ "credentials": [{ "ref": "", "credential": "x" }] }),
        json!({ "credentials": vec![json!({ "credential": "x" }); 9] }),
        json!({ "credential": "x", "view": "everything" }),
        json!({ "credential": "x", "view": 1 }),
        json!({ "credential": "x", "locale": "de" }),
    ] {
        let answer = gateway.post("/v1/verify", &body).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "request_invalid"),
            "{body}"
        );
        crate::support::gateway::assert_nothing_personal(&answer.text, "the answer");
    }
    let simulated = json!({ "credential": "x", "at": "yesterday" });
    assert_eq!(
        gateway
            .post_as_client("/v1/verify", &simulated)
            .await
            .problem(),
        "request_invalid"
    );
    let repeated = r#"{"credential":"x","credential":"y"}"#;
    assert_eq!(
        read(gateway.request("/v1/verify", repeated))
            .await
            .problem(),
        "request_invalid"
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_body_has_a_ceiling_and_a_media_type() {
    let gateway = TestGateway::start().await;
    let large = "A".repeat(1024 * 1024);
    let announced: Answer = read(gateway.request("/v1/verify", large.clone())).await;
    assert_eq!(
        (announced.status, announced.problem().as_str()),
        (413, "input_too_large")
    );
    let chunks = vec![large.into_bytes()];
    let stream = futures_util::stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
    let streamed = read(gateway.request("/v1/verify", reqwest::Body::wrap_stream(stream))).await;
    assert_eq!(
        (streamed.status, streamed.problem().as_str()),
        (413, "input_too_large")
    );
    let url = format!("{}/v1/verify", gateway.base);
    for media_type in ["text/plain", "application/jsonx", ""] {
        let answer = read(
            gateway
                .client
                .post(&url)
                .header(CONTENT_TYPE, media_type)
                .body("{}"),
        )
        .await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (415, "media_type_unsupported")
        );
    }
    let with_charset = gateway
        .client
        .post(&url)
        .header(CONTENT_TYPE, "application/json; charset=utf-8");
    assert_eq!(
        read(with_charset.body(r#"{"credential":"x"}"#))
            .await
            .status,
        200
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_policy_that_refuses_a_quirk_says_which() {
    let policy = "[policy]\nid = \"strict\"\nversion = 3\nrefused_quirks = [\"lower_cased\"]";
    let gateway = TestGateway::configured(policy, |_| {}, Clock::Fixed(issued_at())).await;
    let text = gateway.issue().await.to_lowercase();
    let verdict = gateway.verify(&text).await;
    assert_eq!(
        (code(&verdict), verdict["outcome"].as_str()),
        ("quirk_refused", Some("reject"))
    );
    assert_eq!(verdict["findings"][0]["detail"], "lower_cased");
    assert_eq!(verdict["policy"], json!({ "id": "strict", "version": 3 }));
    gateway.stop().await;
}
