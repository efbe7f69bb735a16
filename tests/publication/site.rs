//! A gateway that publishes, with pinned signers that come and go.

use crate::support::copy;
use crate::support::country::{Identity, SIGNED_AT};
use crate::support::gateway::{Answer, TestGateway, read};
use lintas::failure::Failure;
use lintas::model::{Country, UnixTime};
use lintas::server::config::Config;
use lintas::server::gateway::{Clock, Gateway};
use lintas::server::keys::publication_keys;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The folder of a node, and the time that all nodes have.
pub(crate) struct Site {
    pub(crate) data: tempfile::TempDir,
    pub(crate) csca: Identity,
    toml: String,
    clock: &'static AtomicI64,
}

impl Site {
    /// One without signers.
    pub(crate) fn new() -> Self {
        let site = Self {
            data: tempfile::tempdir().unwrap(),
            csca: Identity::self_signed("ID", "CSCA", true),
            toml: format!("{CONFIGURATION}[publication]\nhost = \"trust.example.id\"\n"),
            clock: Box::leak(Box::new(AtomicI64::new(SIGNED_AT + 86_400))),
        };
        let feeds = "[[feed]]\nid = \"pinned\"\nkind = \"pinned_signer\"\nenvironment = \"test\"\npath = \"pinned\"\n";
        fs::write(site.path().join("feeds.toml"), feeds).unwrap();
        fs::create_dir(site.path().join("pinned")).unwrap();
        let country = Country::parse("ID").unwrap();
        publication_keys(site.path(), country, site.now()).unwrap();
        site
    }

    /// Another node's of the same store and the same time, with the same keys and signers.
    pub(crate) fn beside(&self) -> Self {
        let data = tempfile::tempdir().unwrap();
        for folder in ["pinned", "keys/publication", "keys"] {
            copy(&self.path().join(folder), &data.path().join(folder));
        }
        fs::copy(
            self.path().join("feeds.toml"),
            data.path().join("feeds.toml"),
        )
        .unwrap();
        let url = self.path().join("lintas.db");
        Self {
            data,
            csca: Identity::self_signed("ID", "CSCA", true),
            toml: format!("{}[store]\nurl = \"sqlite:{}\"\n", self.toml, url.display()),
            clock: self.clock,
        }
    }

    /// The same with `more` in its configuration.
    pub(crate) fn with(mut self, more: &str) -> Self {
        self.toml.push_str(more);
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.clock.load(Ordering::SeqCst)).unwrap()
    }

    /// Lets `seconds` pass.
    pub(crate) fn passes(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A new signer in the folder, under this name.
    pub(crate) fn pins(&self, name: &str) -> Identity {
        let signer = self.csca.issue("ID", "DSC", &[]);
        self.pins_again(name, &signer);
        signer
    }

    pub(crate) fn pins_again(&self, name: &str, signer: &Identity) {
        fs::write(self.path().join(format!("pinned/{name}.der")), &signer.der).unwrap();
    }

    pub(crate) fn unpins(&self, name: &str) {
        fs::remove_file(self.path().join(format!("pinned/{name}.der"))).unwrap();
    }

    /// A node on it that serves nobody.
    pub(crate) async fn node(&self) -> Node {
        lintas::server::telemetry::Metrics::install();
        let mut config = Config::parse(&self.toml, self.path()).unwrap();
        config.data = self.path().to_owned();
        let clock = Clock::Moved(self.clock);
        let gateway = Gateway::open_with_records(&config, clock).await.unwrap();
        gateway.publish_as(&config.publication, 8443).unwrap();
        Node { gateway }
    }

    /// A node on it that serves.
    pub(crate) async fn serves(&self) -> TestGateway {
        let prepare = |data: &Path| copy(self.path(), data);
        TestGateway::configured(&self.toml, prepare, Clock::Moved(self.clock)).await
    }
}

/// A gateway that publishes when it is told to.
pub(crate) struct Node {
    pub(crate) gateway: Arc<Gateway>,
}

impl Node {
    /// Looks at its sources and the store, and publishes what has changed.
    pub(crate) async fn publishes(&self) -> Result<(), Failure> {
        self.gateway.refresh();
        let _ = self.gateway.follow().await;
        self.gateway.keep_published().await
    }

    /// The number of what it serves.
    pub(crate) fn sequence(&self) -> u64 {
        self.edition().sequence
    }

    pub(crate) fn edition(&self) -> Arc<lintas::server::gateway::publication::Edition> {
        self.gateway.publisher().unwrap().edition().unwrap()
    }

    pub(crate) fn state(&self) -> &'static str {
        self.gateway.publisher().unwrap().state().name()
    }

    pub(crate) async fn ends(self) {
        self.gateway.records().unwrap().store().close().await;
    }
}

/// Waits until `gateway` serves another publication than that with the number `before`, and tells its number.
pub(crate) async fn published_after(gateway: &TestGateway, before: u64) -> u64 {
    assert_eq!(gateway.get("/v1/trust").await.status, 200);
    let waiting = async {
        loop {
            let edition = gateway.gateway().publisher().unwrap().edition();
            match edition {
                Ok(edition) if edition.sequence > before => return edition.sequence,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    // It looks once a second; the rest is room for a busy machine.
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap()
}

/// An answer's bytes.
pub(crate) async fn bytes(gateway: &TestGateway, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let url = format!("{}{path}", gateway.base);
    let response = gateway.client.get(url).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

/// The same with a header.
pub(crate) async fn asked(gateway: &TestGateway, path: &str, name: &str, value: &str) -> Answer {
    let url = format!("{}{path}", gateway.base);
    read(gateway.client.get(url).header(name, value)).await
}

pub(crate) async fn json(gateway: &TestGateway, path: &str) -> Value {
    let answer = gateway.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

const CONFIGURATION: &str = "\
environment = \"test\"
[issuer]
country = \"ID\"
[trust]
feeds = \"feeds.toml\"
ask_feeds = false
";
