//! A gateway that issues, with operators and a door for each, and the events that they hand in.

use crate::support::gateway::{Answer, TestGateway, read};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::model::{Thumbprint, UnixTime};
use lintas::server::client;
use lintas::server::gateway::registry::{Operator, OperatorRole, Request, signed_bytes};
use lintas::server::gateway::{Clock, enrol};
use lintas::server::keys::OperatorKey;
use lintas::server::store::{self, StoreConfig};
use rcgen::{CertificateParams, DnType, KeyPair, SigningKey};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use sqlx::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

/// A running gateway with two operators who may do everything everywhere.
pub(crate) struct Ground {
    pub(crate) gateway: TestGateway,
    pub(crate) ana: Caller,
    pub(crate) budi: Caller,
}

/// An operator with their key, and a client that presents their certificate.
pub(crate) struct Caller {
    pub(crate) id: String,
    key: KeyPair,
    der: Vec<u8>,
    client: Option<reqwest::Client>,
    admin: String,
}

/// The instant at which tests stand: 2026-06-01T00:00:00Z.
pub(crate) fn now() -> UnixTime {
    crate::support::issued_at()
}

/// A clock that a test moves.
pub(crate) fn clock() -> &'static AtomicI64 {
    Box::leak(Box::new(AtomicI64::new(now().seconds())))
}

impl Ground {
    /// One on SQLite whose time stands still.
    pub(crate) async fn open() -> Self {
        Self::configured("", Clock::Fixed(now())).await
    }

    /// One with `toml` in its configuration.
    pub(crate) async fn configured(toml: &str, clock: Clock) -> Self {
        let toml = format!("{toml}\n[listen]\nadmin = \"127.0.0.1:0\"\n");
        let (mut ana, mut budi) = (Caller::new("ana"), Caller::new("budi"));
        let gateway = TestGateway::configured(&toml, |_| {}, clock).await;
        let records = gateway.gateway().records().unwrap();
        let operators = [&ana, &budi].map(|it| it.operator(&["*"]));
        let [one, two] = &operators;
        enrol::enrol(records.store().as_ref(), [one, two], clock.now())
            .await
            .unwrap();
        gateway.gateway().follow().await.unwrap();
        ana.enter(&gateway);
        budi.enter(&gateway);
        Self { gateway, ana, budi }
    }

    /// Somebody else, who becomes an operator with these roles at these facilities.
    pub(crate) async fn join(
        &self,
        id: &str,
        roles: &[OperatorRole],
        facilities: &[&str],
    ) -> Caller {
        let mut caller = Caller::new(id);
        let act = json!({
            "act": "operator.add", "id": id, "name": id, "facilities": facilities,
            "roles": roles.iter().map(|it| it.name()).collect::<Vec<_>>(),
            "certificate": BASE64_STANDARD.encode(&caller.der),
        });
        self.does(&act).await;
        caller.enter(&self.gateway);
        caller
    }

    /// Ana asks for `act`, Budi approves.
    pub(crate) async fn does(&self, act: &Value) {
        let asked = self.ana.post_json("/admin/v1/requests", act).await;
        assert_eq!(asked.status, 201, "{}", asked.text);
        let id = asked.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/admin/v1/requests/{id}");
        let request = Request::parse(self.budi.get(&path).await.json()["request"].clone()).unwrap();
        let signature = self.budi.signs(&request);
        let body = json!({ "signature": BASE64_STANDARD.encode(signature) });
        let approved = self.budi.post_json(&format!("{path}/approve"), &body).await;
        assert_eq!(approved.status, 200, "{}", approved.text);
    }

    /// What a holder gets for `claim`, with `more` in the request.
    pub(crate) async fn fetch(&self, claim: &str, more: &Value) -> Answer {
        let mut body = json!({ "claim": claim });
        let members = body.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        self.gateway.post("/v1/claims", &body).await
    }

    /// The same as JSON, once the certificates are there.
    pub(crate) async fn fetched(&self, claim: &str) -> Value {
        for _ in 0..600 {
            let answer = self.fetch(claim, &json!({})).await;
            match answer.status {
                200 => return answer.json(),
                202 => tokio::time::sleep(Duration::from_millis(20)).await,
                _ => panic!("{}", answer.text),
            }
        }
        panic!("no certificate in time");
    }

    /// The QR text of the one certificate under `claim`, which this gateway accepts.
    pub(crate) async fn text(&self, claim: &str) -> String {
        let fetched = self.fetched(claim).await;
        let certificates = fetched["certificates"].as_array().unwrap();
        assert_eq!(certificates.len(), 1, "{fetched}");
        assert_eq!(certificates[0]["outcome"], "accept", "{fetched}");
        let text = certificates[0]["qr_text"].as_str().unwrap().to_owned();
        assert_eq!(self.gateway.verify(&text).await["outcome"], "accept");
        text
    }

    /// Waits until nothing waits any more.
    pub(crate) async fn settles(&self) {
        let records = self.gateway.gateway().records().unwrap();
        for _ in 0..600 {
            if records.store().backlog().await.unwrap().0 == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("something waits on");
    }

    /// Hands `body` in at the public listener with a token.
    pub(crate) async fn hand_in_by_token(&self, token: &str, event: &Value) -> Answer {
        let request = self.gateway.request("/v1/events", event.to_string());
        read(request.header(AUTHORIZATION, format!("Bearer {token}"))).await
    }

    pub(crate) async fn ends(self) {
        drop((self.ana, self.budi));
        self.gateway.stop().await;
    }
}

impl Caller {
    pub(crate) fn new(id: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, id);
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        Self {
            id: id.to_owned(),
            key,
            der,
            client: None,
            admin: String::new(),
        }
    }

    /// The operator that they are, or would be, at these facilities.
    pub(crate) fn operator(&self, facilities: &[&str]) -> Operator {
        let operator = Operator::new(&self.id, &self.id, &OperatorRole::ALL, &self.der).unwrap();
        let facilities: Vec<_> = facilities.iter().map(|it| (*it).to_owned()).collect();
        operator.at(&facilities).unwrap()
    }

    /// Their signature under an approval of `request`.
    pub(crate) fn signs(&self, request: &Request) -> Vec<u8> {
        self.key.sign(&signed_bytes(&request.hash())).unwrap()
    }

    pub(crate) fn certificate(&self) -> Thumbprint {
        Thumbprint(lintas::crypto::sha256(&self.der))
    }

    /// Makes the client for the operators' listener of `gateway`.
    pub(crate) fn enter(&mut self, gateway: &TestGateway) {
        let data = gateway.data.path();
        let (certificate, key) = (
            data.join(format!("{}.pem", self.id)),
            data.join(format!("{}.key", self.id)),
        );
        let base64 = BASE64_STANDARD.encode(&self.der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        fs::write(&certificate, pem).unwrap();
        fs::write(&key, self.key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let key = OperatorKey::open(&certificate, &key).unwrap();
        self.client = Some(client::operating(&data.join("tls/ca.pem"), &key).unwrap());
        let port = gateway.running().admin.unwrap().port();
        self.admin = format!("https://localhost:{port}");
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let client = self.client.as_ref().unwrap();
        read(client.get(format!("{}{path}", self.admin))).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, "application/json", body.to_string()).await
    }

    pub(crate) async fn post(&self, path: &str, kind: &str, body: String) -> Answer {
        let client = self.client.as_ref().unwrap();
        let request = client.post(format!("{}{path}", self.admin));
        read(request.header(CONTENT_TYPE, kind).body(body)).await
    }

    /// Posts `body` under the key `key`.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let client = self.client.as_ref().unwrap();
        let request = client.post(format!("{}{path}", self.admin));
        let request = request.header(CONTENT_TYPE, "application/json");
        read(request.header(KEY, key).body(body.to_string())).await
    }

    /// Hands one event in, and gets its row of the answer.
    pub(crate) async fn hands_in(&self, event: &Value) -> Value {
        let answer = self.post_json("/v1/events", event).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut rows = answer.json()["rows"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    /// The same of an event that is taken in: its claim.
    pub(crate) async fn claims(&self, event: &Value) -> String {
        let row = self.hands_in(event).await;
        assert_eq!(row["status"], "taken", "{row}");
        row["claim"].as_str().unwrap().to_owned()
    }

    /// The code and the member of an event that is refused.
    pub(crate) async fn is_refused(&self, event: &Value) -> (String, Option<String>) {
        let row = self.hands_in(event).await;
        assert_eq!(row["status"], "refused", "{row}");
        let text = |name: &str| row["problem"][name].as_str().map(str::to_owned);
        (text("code").unwrap(), text("member"))
    }

    /// A token for these roles.
    pub(crate) async fn token(&self, roles: &[&str]) -> Answer {
        let body = json!({ "roles": roles, "minutes": 10 });
        self.post_json("/admin/v1/tokens", &body).await
    }
}

/// The header of keys that callers make.
pub(crate) const KEY: &str = "Idempotency-Key";

/// A dose of the person who must not be logged.
pub(crate) fn dose(id: &str) -> Value {
    json!({
        "source_id": id,
        "person": { "family_name": "Kusumawardhani", "given_name": "Dewi Sartika", "birth_date": "1987-03-09" },
        "vaccination": { "product": "coronavac", "dose": 2, "date": "2026-05-20", "lot": "A1" },
        "facility": "3174001",
    })
}

/// The same with `action`.
pub(crate) fn dose_with(id: &str, action: &str) -> Value {
    let mut event = dose(id);
    event["action"] = json!(action);
    event
}

/// The bytes of the database below `data` and of the files beside it.
pub(crate) fn database(data: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for name in ["lintas.db", "lintas.db-wal"] {
        bytes.extend(fs::read(data.join(name)).unwrap_or_default());
    }
    bytes
}

/// Another node's folder, of the same store and with the same keys.
pub(crate) fn beside(data: &Path) -> (tempfile::TempDir, String) {
    let other = tempfile::tempdir().unwrap();
    crate::support::copy(&data.join("keys"), &other.path().join("keys"));
    let url = data.join("lintas.db");
    (
        other,
        format!("[store]\nurl = \"sqlite:{}\"\n", url.display()),
    )
}

/// Writes a file for its owner alone.
pub(crate) fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The configuration of a gateway on a PostgreSQL database of its own; `None` where there is no server.
pub(crate) async fn postgres() -> Option<String> {
    let server = crate::postgres::server()?;
    let database = server.fresh_name();
    let owner = |place: &str| server.url("postgres", place);
    execute(&owner("postgres"), &format!("CREATE DATABASE {database}")).await;
    let logins = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/postgres.sql");
    execute(&owner(&database), &fs::read_to_string(logins).unwrap()).await;
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("migrate.url");
    write_private(&file, &server.url("lintas_migrate", &database));
    let url = server.url("lintas_write", &database);
    let config = StoreConfig {
        url: Some(url.clone()),
        migrate_url_file: Some(file),
        ..StoreConfig::default()
    };
    store::migrate(&config, data.path()).await.unwrap();
    Some(format!("[store]\nurl = \"{url}\"\n"))
}

/// Has the database at `url` execute `sql`, as somebody with every right to it.
pub(crate) async fn execute(url: &str, sql: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(url).await.unwrap();
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
