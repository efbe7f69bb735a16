use crate::support::gateway::{TestGateway, assert_nothing_personal};
use crate::support::{RECOVERY, TEST, VACCINATION, issued_at};
use lintas::server::gateway::Clock;
use serde_json::{Value, json};

fn claims(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[actix_web::test]
async fn every_kind_is_issued_and_accepted_here() {
    let gateway = TestGateway::start().await;
    for (kind, text) in [
        ("vaccination", VACCINATION),
        ("test", TEST),
        ("recovery", RECOVERY),
    ] {
        let mut request = claims(text);
        request["qr"] = json!(true);
        let answer = gateway.post_as_client("/v1/issue", &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let issued = answer.json();
        assert!(issued["qr_svg"].as_str().unwrap().starts_with("<svg"));
        assert_eq!(issued["issued_at"], issued_at().to_string());
        let body = json!({ "credential": issued["credential"], "view": "holder" });
        let verdict = gateway.post_as_client("/v1/verify", &body).await.json();
        assert_eq!(
            (&verdict["outcome"], &verdict["quirks"]),
            (&json!("accept"), &json!([]))
        );
        let certificate = &verdict["credentials"][0]["certificate"];
        assert_eq!(
            certificate["name"]["family"],
            request["person"]["family_name"]
        );
        assert_eq!(certificate["birth_date"], request["person"]["birth_date"]);
        assert!(certificate[kind].is_object());
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn claims_that_cannot_be_stated_are_refused_by_field_and_never_repeated() {
    let gateway = TestGateway::start().await;
    let changed = |pointer: &str, value: Value| {
        let mut request = claims(VACCINATION);
        *request.pointer_mut(pointer).unwrap() = value;
        request
    };
    for (request, field) in [
        (changed("/person/family_name", json!("")), "family_name"),
        (changed("/person/family_name", json!("Дэви")), "family_name"),
        (
            changed("/person/family_name", json!("Kusumawardhani".repeat(7))),
            "family_name",
        ),
        (
            changed("/person/given_name", json!("Dewi\u{1b}[2J")),
            "given_name",
        ),
        (
            changed("/person/birth_date", json!("1987-02-30")),
            "birth_date",
        ),
        (changed("/vaccination/date", json!("2027-01-01")), "date"),
        (changed("/vaccination/date", json!("1950-01-01")), "date"),
        (changed("/vaccination/dose", json!(0)), "dose"),
        (
            changed("/vaccination/manufacturer", json!("Sinovac- Biontech")),
            "manufacturer",
        ),
        (changed("/vaccination/product", json!("  ")), "product"),
    ] {
        let answer = gateway.post_as_client("/v1/issue", &request).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "claim_invalid"),
            "{field}"
        );
        assert!(
            answer.json()["detail"].as_str().unwrap().starts_with(field),
            "{}",
            answer.text
        );
        assert_nothing_personal(&answer.text, "the answer");
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn requests_of_another_shape_are_refused_by_member() {
    let gateway = TestGateway::start().await;
    let mut both = claims(VACCINATION);
    both["test"] = claims(TEST)["test"].clone();
    let mut more = claims(VACCINATION);
    more["person"]["nik"] = json!("3201234567890001");
    let mut wrong = claims(VACCINATION);
    wrong["vaccination"]["dose"] = json!("Dewi Sartika");
    let mut none = claims(VACCINATION);
    none.as_object_mut().unwrap().remove("vaccination");
    let mut list = claims(VACCINATION);
    list["person"] = json!(["Kusumawardhani", "Dewi", "1987-03-09"]);
    for request in [
        both,
        more,
        wrong,
        none,
        list,
        json!({}),
        json!({ "qr": "yes" }),
    ] {
        let answer = gateway.post_as_client("/v1/issue", &request).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "request_invalid")
        );
        assert_nothing_personal(&answer.text, "the answer");
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn nobody_in_particular_issues() {
    let gateway = TestGateway::start().await;
    let answer = gateway.post("/v1/issue", &claims(VACCINATION)).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (401, "unauthenticated")
    );
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    gateway.stop().await;
}

#[actix_web::test]
async fn the_route_does_not_exist_outside_the_demo_environment() {
    let toml = "environment = \"test\"\n[issuer]\ncountry = \"ID\"";
    let gateway = TestGateway::configured(
        toml,
        |data| std::fs::create_dir_all(data.join("trust/test")).unwrap(),
        Clock::Fixed(issued_at()),
    )
    .await;
    let answer = gateway
        .post_as_client("/v1/issue", &claims(VACCINATION))
        .await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (404, "not_found")
    );
    assert!(!gateway.gateway().issues());
    assert!(
        !gateway.data.path().join("keys/demo").exists(),
        "a key that signs credentials was made outside demo"
    );
    gateway.stop().await;
}
