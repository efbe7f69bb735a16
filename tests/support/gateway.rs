//! A real gateway on a free port, over TLS, with a throw-away PKI in a temporary folder, and a witness of what it logs.

use lintas::model::UnixTime;
use lintas::server::config::Config;
use lintas::server::gateway::Clock;
use lintas::server::{DemoClient, Running, Server, client};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use tracing_subscriber::fmt::MakeWriter;

/// What must never be in a log, a metric or an error: the person, the credential, the identity number, the token.
pub const PERSONAL: [&str; 8] = [
    "Kusumawardhani",
    "KUSUMAWARDHANI",
    "Dewi",
    "1987-03-09",
    "HC1:",
    "UVCI",
    "3201234567890001",
    "secret-token",
];

pub struct TestGateway {
    running: Option<Running>,
    pub client: reqwest::Client,
    pub base: String,
    pub metrics: String,
    pub token: String,
    pub data: tempfile::TempDir,
}

/// An answer, read whole.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("no JSON in the answer with {}", self.status))
    }

    /// The machine code of problem details, whose form is checked on the way.
    pub fn problem(&self) -> String {
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert_eq!(
            body["type"],
            format!("/codes/{}", body["code"].as_str().unwrap())
        );
        assert_eq!(
            self.headers["lintas-trace"],
            body["trace"].as_str().unwrap()
        );
        assert!(body["title"].is_string() && body["detail"].is_string());
        body["code"].as_str().unwrap().to_owned()
    }
}

impl TestGateway {
    /// A demo gateway whose clock stands at the time of the test certificates.
    pub async fn start() -> Self {
        Self::configured("", |_| {}, Clock::Fixed(super::issued_at())).await
    }

    /// A gateway with `toml` as its configuration and whatever `prepare` puts into the data folder first.
    pub async fn configured(toml: &str, prepare: impl FnOnce(&Path), clock: Clock) -> Self {
        Self::built(toml, prepare, clock, |server| server).await
    }

    pub async fn built(
        toml: &str,
        prepare: impl FnOnce(&Path),
        clock: Clock,
        change: impl FnOnce(Server) -> Server,
    ) -> Self {
        witness();
        let data = tempfile::tempdir().unwrap();
        prepare(data.path());
        let mut config = Config::parse(toml, data.path()).unwrap();
        config.data = data.path().to_owned();
        config.https.set_port(0);
        config.metrics.set_port(0);
        let running = change(Server::build(&config, clock).await.unwrap())
            .start()
            .unwrap();
        let token_file = data.path().join("demo-token");
        let token = DemoClient { token_file }.token().unwrap_or_default();
        Self {
            client: client::trusting(&data.path().join("tls/ca.pem")).unwrap(),
            base: format!("https://localhost:{}", running.https.port()),
            metrics: format!("http://{}/metrics", running.metrics),
            running: Some(running),
            token,
            data,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.client.get(format!("{}{path}", self.base))).await
    }

    /// Posts `body` as nobody in particular.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        read(self.request(path, body.to_string())).await
    }

    /// Posts `body` as the demo client.
    pub async fn post_as_client(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(path, body.to_string());
        read(request.header(AUTHORIZATION, format!("Bearer {}", self.token))).await
    }

    pub fn request(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
    }

    /// The text of a fresh vaccination certificate of the person who must not be logged.
    pub async fn issue(&self) -> String {
        let claims: Value = serde_json::from_str(super::VACCINATION).unwrap();
        let answer = self.post_as_client("/v1/issue", &claims).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["credential"].as_str().unwrap().to_owned()
    }

    pub async fn verify(&self, text: &str) -> Value {
        let answer = self
            .post("/v1/verify", &json!({ "credential": text }))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub fn gateway(&self) -> &Arc<lintas::server::gateway::Gateway> {
        &self.running.as_ref().unwrap().gateway
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// Ends the server and asks the witness whether anything personal was logged or counted.
    pub async fn stop(mut self) {
        let metrics = read(self.client.get(&self.metrics)).await;
        assert_eq!(metrics.status, 200);
        assert!(metrics.text.contains("lintas_http_requests_total"));
        assert_nothing_personal(&metrics.text, "the metrics");
        let running = self.running.take().unwrap();
        // An open connection would keep the server waiting for its next request.
        drop(std::mem::replace(
            &mut self.client,
            client::trusting(&self.data.path().join("tls/ca.pem")).unwrap(),
        ));
        running.stop().await;
        assert_nothing_personal(&logged(), "the log");
        assert!(logged().contains("\"route\":"), "nothing was logged at all");
    }
}

pub async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}

pub fn assert_nothing_personal(text: &str, place: &str) {
    for word in PERSONAL {
        assert!(!text.contains(word), "{word} is in {place}");
    }
}

/// Everything that was logged in this process, at the finest level of our own code.
pub fn logged() -> String {
    String::from_utf8_lossy(&witness().0.lock().unwrap()).into_owned()
}

#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<u8>>>);

impl Write for Witness {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Witness {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn witness() -> &'static Witness {
    static WITNESS: OnceLock<Witness> = OnceLock::new();
    WITNESS.get_or_init(|| {
        let witness = Witness::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(lintas::server::telemetry::filter("trace"))
            .with_writer(witness.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        witness
    })
}

/// The instant `seconds` after the test certificates were issued.
pub fn later(seconds: i64) -> UnixTime {
    super::issued_at().plus(seconds)
}
