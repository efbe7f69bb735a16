//! The listener for operators, over mutual TLS, and what it changes at the public one.

use crate::people::{Person, two_operators};
use crate::support::gateway::{Answer, TestGateway, later, read};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::crypto::sha256;
use lintas::server::client;
use lintas::server::gateway::Clock;
use lintas::server::gateway::registry::{Act, OperatorRole, Request};
use lintas::server::keys::OperatorKey;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const TOKEN: &str = "secret-token";

/// A running gateway with two operators.
struct Office {
    gateway: TestGateway,
    ana: Caller,
    budi: Caller,
}

/// Somebody at the door.
struct Caller {
    person: Person,
    client: reqwest::Client,
    base: String,
}

impl Office {
    async fn open(clients: &str) -> Self {
        let prepare = |data: &std::path::Path| {
            if !clients.is_empty() {
                let path = data.join("clients.toml");
                fs::write(&path, clients).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
        };
        let toml = "[listen]\nadmin = \"127.0.0.1:0\"\n";
        let gateway = TestGateway::configured(toml, prepare, Clock::Fixed(later(0))).await;
        let (ana, budi) = two_operators(gateway.gateway()).await;
        Self {
            ana: Caller::new(&gateway, ana),
            budi: Caller::new(&gateway, budi),
            gateway,
        }
    }

    fn caller(&self, person: Person) -> Caller {
        Caller::new(&self.gateway, person)
    }

    /// Ana asks, Budi approves.
    async fn does(&self, act: &Value) -> Value {
        let asked = self.ana.post("requests", act).await;
        assert_eq!(asked.status, 201, "{}", asked.text);
        let asked = asked.json();
        let approved = self.budi.approves(asked["id"].as_str().unwrap()).await;
        assert_eq!(approved.status, 200, "{}", approved.text);
        approved.json()
    }

    /// A verdict with name and birth year, for whoever has the token.
    async fn gate(&self, text: &str) -> Answer {
        let body = json!({ "credential": text, "view": "gate" }).to_string();
        let request = self.gateway.request("/v1/verify", body);
        read(request.header(AUTHORIZATION, format!("Bearer {TOKEN}"))).await
    }

    async fn ends(self) {
        drop((self.ana, self.budi));
        self.gateway.stop().await;
    }
}

impl Caller {
    fn new(gateway: &TestGateway, person: Person) -> Self {
        let data = gateway.data.path();
        let (certificate, key) = (
            data.join(format!("{}.pem", person.id)),
            data.join(format!("{}.key", person.id)),
        );
        let base64 = BASE64_STANDARD.encode(&person.der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        fs::write(&certificate, pem).unwrap();
        fs::write(&key, person.key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let key = OperatorKey::open(&certificate, &key).unwrap();
        let port = gateway.running().admin.unwrap().port();
        Self {
            client: client::operating(&data.join("tls/ca.pem"), &key).unwrap(),
            base: format!("https://localhost:{port}/admin/v1"),
            person,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        read(self.client.get(format!("{}/{path}", self.base))).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, body.to_string()).await
    }

    async fn post_text(&self, path: &str, body: String) -> Answer {
        let request = self.client.post(format!("{}/{path}", self.base));
        let request = request.header(CONTENT_TYPE, "application/json");
        read(request.body(body)).await
    }

    async fn approves(&self, id: &str) -> Answer {
        let shown = self.get(&format!("requests/{id}")).await.json();
        let request = Request::parse(shown["request"].clone()).unwrap();
        assert_eq!(shown["hash"], request.hash());
        let signature = BASE64_STANDARD.encode(self.person.signs(&request));
        let body = json!({ "signature": signature });
        self.post(&format!("requests/{id}/approve"), &body).await
    }
}

fn client_added(id: &str, scopes: &[&str]) -> Value {
    let hash = base16ct::lower::encode_string(&sha256(TOKEN.as_bytes()));
    json!({ "act": "client.add", "id": id, "token_sha256": hash, "scopes": scopes })
}

#[actix_web::test]
async fn two_operators_let_a_client_in_and_out() {
    let office = Office::open("").await;
    let text = office.gateway.issue().await;
    assert_eq!(office.gate(&text).await.problem(), "unauthenticated");
    let act = client_added("airline", &["verify:gate"]);
    let asked = office.ana.post("requests", &act);
    let asked = asked.await.json();
    let id = asked["id"].as_str().unwrap();
    assert_eq!(asked["expires"], later(86_400).to_string());
    assert_eq!(asked["preview"]["change"], "a new client");
    assert_eq!(office.gate(&text).await.problem(), "unauthenticated");
    let alone = office.ana.approves(id).await;
    assert_eq!(
        (alone.status, alone.problem()),
        (422, "approval_not_apart".into())
    );
    let approved = office.budi.approves(id).await;
    assert_eq!(
        (approved.status, &approved.json()["state"]),
        (200, &"approved".into())
    );
    let verdict = office.gate(&text).await;
    assert_eq!(verdict.status, 200, "{}", verdict.text);
    let again = office.budi.approves(id).await;
    assert_eq!(
        (again.status, again.problem()),
        (422, "approval_decided".into())
    );
    let clients = office.ana.get("clients").await.json();
    assert_eq!(
        clients["clients"],
        json!([{ "id": "airline", "scopes": ["verify:gate"], "quota": null, "enabled": true,
                 "named_in_clients_toml": false }])
    );
    assert!(!clients.to_string().contains("token"));
    office
        .does(&json!({ "act": "client.disable", "id": "airline" }))
        .await;
    assert_eq!(office.gate(&text).await.problem(), "unauthenticated");
    let open = office.budi.get("requests?state=open").await.json();
    assert_eq!(open, json!({ "requests": [] }));
    let all = office.budi.get("requests").await.json();
    assert_eq!(all["requests"].as_array().unwrap().len(), 2);
    assert_eq!(all["requests"][1]["decision"]["by"], "budi");
    office.ends().await;
}

#[actix_web::test]
async fn a_client_that_operators_added_has_the_quota_that_they_gave_it() {
    let office = Office::open("").await;
    let text = office.gateway.issue().await;
    let add = |quota: Value| {
        let token = base16ct::lower::encode_string(&sha256(TOKEN.as_bytes()));
        json!({ "act": "client.add", "id": "airline", "token_sha256": token, "scopes": ["verify:gate"],
                "quota": quota })
    };
    for odd in [
        json!({ "units_per_minute": 0 }),
        json!({ "burst": 1 }),
        json!({ "units": 1 }),
    ] {
        let refused = office.ana.post("requests", &add(odd)).await;
        assert_eq!(refused.problem(), "request_invalid");
    }
    office
        .does(&add(json!({ "units_per_minute": 60, "burst": 2 })))
        .await;
    for _ in 0..2 {
        assert_eq!(office.gate(&text).await.status, 200);
    }
    assert_eq!(office.gate(&text).await.problem(), "rate_limited");
    let clients = office.ana.get("clients").await.json();
    let quota = json!({ "units_per_minute": 60, "burst": 2 });
    assert_eq!(clients["clients"][0]["quota"], quota);
    // Another quota begins full.
    office
        .does(&add(json!({ "units_per_minute": 60, "burst": 1 })))
        .await;
    assert_eq!(office.gate(&text).await.status, 200);
    assert_eq!(office.gate(&text).await.problem(), "rate_limited");
    office.ends().await;
}

#[actix_web::test]
async fn the_file_of_clients_wins() {
    let file = "[[client]]\nid = \"airline\"\ntoken_sha256 = \
                \"0000000000000000000000000000000000000000000000000000000000000000\"\nscopes = []\n";
    let office = Office::open(file).await;
    let done = office
        .does(&client_added("airline", &["verify:gate", "issue"]))
        .await;
    assert_eq!(done["act"], "client.add");
    assert_eq!(office.gate("HC1:").await.problem(), "unauthenticated");
    let clients = office.budi.get("clients").await.json();
    assert_eq!(clients["clients"][0]["named_in_clients_toml"], true);
    office.ends().await;
}

#[actix_web::test]
async fn strangers_and_lacking_roles_are_told_so_at_every_door() {
    let office = Office::open("").await;
    let stranger = office.caller(Person::new("stranger"));
    let dewi = Person::new("dewi");
    office
        .does(&dewi.joins(&[OperatorRole::Audit]).to_json())
        .await;
    let dewi = office.caller(dewi);
    let looks = [
        "operators",
        "clients",
        "requests",
        "requests/00",
        "parties",
        "feeds",
    ];
    for path in looks {
        let answer = stranger.get(path).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (401, "unauthenticated".into())
        );
        let answer = dewi.get(path).await;
        let expected = if path == "requests/00" { 404 } else { 200 };
        assert_eq!(answer.status, expected, "{path}: {}", answer.text);
    }
    let body = json!({ "act": "client.disable", "id": "x" });
    for path in [
        "requests",
        "requests/00/approve",
        "requests/00/refuse",
        "feeds/eu/sync",
    ] {
        let answer = stranger.post(path, &body).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (401, "unauthenticated".into())
        );
    }
    let decisions = [
        ("requests", body.clone()),
        ("requests/00/approve", json!({ "signature": "" })),
        ("requests/00/refuse", json!({ "reason": "no" })),
        ("feeds/eu/sync", json!({})),
    ];
    for (path, body) in decisions {
        let answer = dewi.post(path, &body).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (403, "forbidden".into()),
            "{path}"
        );
    }
    let operators = dewi.get("operators").await.json();
    assert_eq!(operators["operators"].as_array().unwrap().len(), 3);
    drop((stranger, dewi));
    office.ends().await;
}

#[actix_web::test]
async fn what_cannot_be_read_is_refused() {
    let office = Office::open("").await;
    let ana = &office.ana;
    let refused = |answer: Answer| (answer.status, answer.problem());
    for body in [
        "",
        "[]",
        "{",
        r#"{"act":"SECRET"}"#,
        r#"{"act":"client.disable","id":"a","id":"b"}"#,
    ] {
        let answer = ana.post_text("requests", body.to_owned()).await;
        assert!(!answer.text.contains("SECRET"));
        assert_eq!(refused(answer), (400, "request_invalid".into()), "{body}");
    }
    let unknown = ana
        .post(
            "requests",
            &json!({ "act": "client.disable", "id": "nobody" }),
        )
        .await;
    assert_eq!(refused(unknown), (404, "not_found".into()));
    let large = ana.post_text("requests", " ".repeat(1024 * 1024 + 1)).await;
    assert_eq!(refused(large), (413, "input_too_large".into()));
    let plain = ana.client.post(format!("{}/requests", ana.base)).body("{}");
    assert_eq!(
        refused(read(plain).await),
        (415, "media_type_unsupported".into())
    );
    for path in ["requests?state=odd", "requests?limit=1"] {
        assert_eq!(
            refused(ana.get(path).await),
            (400, "request_invalid".into())
        );
    }
    let more = json!({ "reason": "no", "signature": "AAAA" });
    let more = ana.post("requests/00/refuse", &more).await;
    assert_eq!(refused(more), (400, "request_invalid".into()));
    assert_eq!(refused(ana.get("nothing").await), (404, "not_found".into()));
    let method = read(ana.client.delete(format!("{}/operators", ana.base))).await;
    assert_eq!(refused(method), (405, "method_not_allowed".into()));
    let feed = ana.post("feeds/eu/sync", &json!({})).await;
    assert_eq!(refused(feed), (404, "not_found".into()));
    office.ends().await;
}

#[actix_web::test]
async fn a_disabled_operator_is_cut_off() {
    let office = Office::open("").await;
    let citra = Person::new("citra");
    office
        .does(&citra.joins(&OperatorRole::ALL).to_json())
        .await;
    let citra = office.caller(citra);
    assert_eq!(citra.get("operators").await.status, 200);
    let disable = Act::OperatorDisable {
        id: "citra".to_owned(),
    };
    office.does(&disable.to_json()).await;
    // On the connection that she has open: she is told so, or it is gone already.
    let open = citra.client.get(format!("{}/operators", citra.base));
    if let Ok(answer) = open.send().await {
        assert_eq!(answer.status().as_u16(), 401);
    }
    let again = office.caller(Person {
        id: "again",
        ..citra.person
    });
    let answer = again.get("operators").await;
    assert_eq!(
        (answer.status, answer.problem()),
        (401, "unauthenticated".into())
    );
    drop(again);
    drop(citra.client);
    office.ends().await;
}
