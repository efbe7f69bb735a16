use crate::support::gateway::TestGateway;
use crate::support::{conformance_dir, issued_at};
use lintas::server::gateway::Clock;

#[actix_web::test]
async fn the_signers_in_force_are_public() {
    let gateway = TestGateway::start().await;
    let list = gateway.get("/v1/trust").await.json();
    assert_eq!(list["environment"], "demo");
    assert_eq!(list["signers"].as_array().unwrap().len(), 1);
    let signer = &list["signers"][0];
    assert_eq!(
        (&signer["countries"][0], &signer["algorithm"]),
        (&"ZZ".into(), &"ES256".into())
    );
    assert_eq!(
        signer["purposes"],
        serde_json::json!(["test", "vaccination", "recovery"])
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_signer_taken_out_of_the_folder_is_unknown_at_the_next_look() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let before = gateway.verify(&text).await;
    assert_eq!(before["outcome"], "accept");
    std::fs::remove_file(gateway.data.path().join("trust/demo/dsc.pem")).unwrap();
    gateway.gateway().refresh();
    let after = gateway.verify(&text).await;
    assert_eq!(after["findings"][0]["code"], "unknown_signer");
    assert_ne!(after["snapshot"]["id"], before["snapshot"]["id"]);
    assert!(after["snapshot"]["sequence"].as_u64() > before["snapshot"]["sequence"].as_u64());
    gateway.stop().await;
}

#[actix_web::test]
async fn an_unreadable_folder_keeps_its_last_word_and_the_look_that_finds_nothing_new_keeps_the_number()
 {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let before = gateway.verify(&text).await["snapshot"].clone();
    gateway.gateway().refresh();
    assert_eq!(gateway.verify(&text).await["snapshot"], before);
    std::fs::remove_dir_all(gateway.data.path().join("trust")).unwrap();
    gateway.gateway().refresh();
    assert_eq!(gateway.verify(&text).await["outcome"], "accept");
    assert_eq!(
        gateway.get("/v1/trust").await.json()["sources"][0]["readable"],
        false
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_real_list_is_read_whole_and_its_odd_entries_are_told() {
    let Some(dir) = conformance_dir() else { return };
    let toml = "environment = \"test\"\n[issuer]\ncountry = \"ID\"";
    let list = dir.join("trustlists/de/acc/dsc-list.signed");
    let gateway = TestGateway::configured(
        toml,
        |data| {
            let folder = data.join("trust/test");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::copy(list, folder.join("de.json")).unwrap();
            std::fs::write(folder.join("broken.pem"), "no certificate").unwrap();
        },
        Clock::Fixed(issued_at()),
    )
    .await;
    let trust = gateway.get("/v1/trust").await.json();
    let signers = trust["signers"].as_array().unwrap();
    assert_eq!(
        (signers.len(), &trust["sources"][0]["refused"]),
        (610, &1.into())
    );
    let weak: Vec<_> = signers
        .iter()
        .filter(|it| it["unusable"] == "signer_key_weak")
        .collect();
    assert_eq!((weak.len(), &weak[0]["countries"][0]), (1, &"MK".into()));
    let text = std::fs::read_to_string(dir.join("dcc-qa/MK/1.3.0/VAC_MK.txt")).unwrap();
    assert_eq!(
        gateway.verify(&text).await["findings"][0]["code"],
        "signer_key_weak"
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_gateway_that_never_read_its_signers_sends_nobody_away() {
    let toml = "environment = \"test\"\n[issuer]\ncountry = \"ID\"";
    let gateway = TestGateway::configured(toml, |_| {}, Clock::Fixed(issued_at())).await;
    let text = crate::support::TestSigner::new(9).issue(crate::support::VACCINATION);
    let verdict = gateway.verify(&text).await;
    assert_eq!(verdict["outcome"], "indeterminate");
    assert_eq!(verdict["findings"][0]["code"], "trust_list_stale");
    assert_eq!(gateway.get("/health/ready").await.status, 503);
    gateway.stop().await;
}

#[actix_web::test]
async fn a_list_that_is_damaged_keeps_what_it_said_and_its_age() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let before = gateway.verify(&text).await;
    let file = gateway.data.path().join("trust/demo/dsc.pem");
    std::fs::write(&file, "-----BEGIN CERT").unwrap();
    gateway.gateway().refresh();
    let after = gateway.verify(&text).await;
    assert_eq!(after["outcome"], "accept");
    assert_eq!(after["snapshot"]["id"], before["snapshot"]["id"]);
    assert_eq!(gateway.get("/health/ready").await.status, 503);
    gateway.stop().await;
}
