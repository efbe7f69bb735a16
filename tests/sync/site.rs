//! The data folder of a node of ours, and the gateway that runs on it.

use crate::network::{Eu, Land};
use crate::support::copy;
use crate::support::country::{Identity, SIGNED_AT};
use lintas::failure::Failure;
use lintas::model::SnapshotId;
use lintas::server::config::Config;
use lintas::server::federation::Feed;
use lintas::server::gateway::foreign::FeedStatus;
use lintas::server::gateway::{Clock, Gateway, Question, Synchronised, VerifyRequest};
use lintas::server::store::Store;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The data folder of a node, with its configuration, its feeds, and one pinned signer.
pub(crate) struct Site {
    pub(crate) data: tempfile::TempDir,
    /// The country of the pinned signer.
    pub(crate) pinned: Land,
    pub(crate) toml: String,
    feeds: String,
    clock: &'static AtomicI64,
}

/// A running gateway.
pub(crate) struct Node {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) feeds: Vec<Box<dyn Feed>>,
    clock: &'static AtomicI64,
}

impl Site {
    /// One whose feeds are `feeds`: each with its id and what else its row says.
    pub(crate) fn new(feeds: &[(&str, &Eu, &str)]) -> Self {
        let nobody = Identity::self_signed("SG", "anchor", false);
        let mut text = "[[feed]]\nid = \"pinned\"\nkind = \"pinned_signer\"\nenvironment = \"test\"\npath = \"pinned\"\n\n"
            .to_owned();
        for (id, eu, more) in feeds {
            text.push_str(&eu.row(id, more));
        }
        let site = Self {
            data: tempfile::tempdir().unwrap(),
            pinned: Land::new("SG", &nobody, 1),
            toml: CONFIGURATION.to_owned(),
            feeds: text,
            clock: Box::leak(Box::new(AtomicI64::new(SIGNED_AT + 86_400))),
        };
        site.furnish(site.path());
        for (id, eu, _) in feeds {
            site.add(id, eu);
        }
        site
    }

    /// Another node's, of the same feeds, the same time and the same store: that of `self` at `url`.
    pub(crate) fn beside(&self, url: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        copy(self.path(), data.path());
        fs::remove_dir_all(data.path().join("marks")).unwrap();
        for file in ["lintas.db", "lintas.db-wal", "lintas.db-shm"] {
            let _ = fs::remove_file(data.path().join(file));
        }
        let nobody = Identity::self_signed("SG", "anchor", false);
        Self {
            data,
            pinned: Land::new("SG", &nobody, 0),
            toml: format!("{CONFIGURATION}[store]\nurl = \"{url}\"\n"),
            feeds: self.feeds.clone(),
            clock: self.clock,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.data.path()
    }

    /// The file of its store.
    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("lintas.db")
    }

    /// Where its store is.
    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.database().display())
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock::Moved(self.clock)
    }

    /// Puts what it configures, and its pinned signer, into the folder `data`.
    fn furnish(&self, data: &Path) {
        fs::write(data.join("feeds.toml"), &self.feeds).unwrap();
        fs::create_dir(data.join("pinned")).unwrap();
        let signer = &self.pinned.signers[0].der;
        fs::write(data.join("pinned/signer.der"), signer).unwrap();
    }

    fn add(&self, id: &str, eu: &Eu) {
        copy(eu.gateway.pki.path(), &self.path().join(id));
    }

    pub(crate) async fn open(&self) -> Node {
        lintas::server::telemetry::Metrics::install();
        let mut config = Config::parse(&self.toml, self.path()).unwrap();
        config.data = self.path().to_owned();
        let opened = Gateway::open_with_records(&config, self.clock()).await;
        let gateway = opened.unwrap();
        let feeds = gateway.open_feeds(&config).unwrap();
        Node {
            gateway,
            feeds: feeds.into_iter().map(|(feed, _)| feed).collect(),
            clock: self.clock,
        }
    }

    /// Lets `seconds` pass.
    pub(crate) fn passes(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Node {
    /// Asks the first feed, a minute after whatever was before.
    pub(crate) async fn asks(&self) -> Result<Synchronised, Failure> {
        self.asks_of(0, false).await
    }

    pub(crate) async fn asks_of(
        &self,
        feed: usize,
        accepts_less: bool,
    ) -> Result<Synchronised, Failure> {
        self.clock.fetch_add(60, Ordering::SeqCst);
        let feed = self.feeds[feed].as_ref();
        self.gateway.synchronise(feed, accepts_less).await
    }

    /// Asks the first feed in the same second.
    pub(crate) async fn asks_at_once(&self) -> Result<Synchronised, Failure> {
        self.gateway
            .synchronise(self.feeds[0].as_ref(), false)
            .await
    }

    /// How the first feed stands.
    pub(crate) fn status(&self) -> FeedStatus {
        let (world, now) = (self.gateway.world(), self.gateway.clock().now());
        let status = self
            .gateway
            .foreign()
            .status(&world.snapshot, &world.report, now);
        status.into_iter().next().unwrap()
    }

    /// The codes of what the first feed says and what was not admitted, and of what it answered last and was not taken in.
    pub(crate) fn codes(&self) -> (Vec<&'static str>, Vec<String>) {
        let status = self.status();
        let mut refused: Vec<_> = status.refused.iter().map(|it| it.code.name()).collect();
        refused.sort_unstable();
        let left_out = status.left_out.into_iter();
        (refused, left_out.map(|(_, code, _)| code).collect())
    }

    /// How many seconds ago the first feed was last known to say what it says.
    pub(crate) fn age(&self) -> i64 {
        let now = self.gateway.clock().now().seconds();
        now - self.status().as_of.unwrap().seconds()
    }

    /// The outcome of `text`, and what speaks against it.
    pub(crate) fn verdict(&self, text: &str) -> (&'static str, Vec<&'static str>) {
        let question = Question {
            reference: None,
            text: text.to_owned(),
        };
        let request = VerifyRequest::of(vec![question]);
        let verdict = self.gateway.verify(&request, &self.gateway.moment());
        let findings = verdict.credentials[0].findings.iter();
        let findings = findings.map(|finding| finding.code.name()).collect();
        (verdict.outcome().name(), findings)
    }

    /// Whether each signer of `land`, in order, is believed.
    pub(crate) fn believes(&self, land: &Land) -> Vec<bool> {
        let positions = 0..land.signers.len();
        positions
            .map(|position| match self.verdict(&land.credential(position)) {
                ("accept", _) => true,
                (_, findings) => {
                    assert_eq!(findings, ["unknown_signer"]);
                    false
                }
            })
            .collect()
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        self.gateway.records().unwrap().store()
    }

    /// The name and the detail of every audit row of a feed.
    pub(crate) async fn audit(&self) -> Vec<(String, String)> {
        let rows = self.store().audit_rows(0, 1000).await.unwrap();
        let rows = rows.into_iter();
        rows.map(|row| (row.event.event, row.event.detail))
            .collect()
    }

    /// That the last audit row of a feed tells of `event`, with this in its detail.
    pub(crate) async fn told(&self, event: &str, detail: &str) {
        let audit = self.audit().await;
        let (last, said) = audit.last().unwrap();
        assert!(last == event && said.contains(detail), "{audit:?}");
    }

    pub(crate) fn snapshot(&self) -> SnapshotId {
        self.gateway.world().snapshot.id()
    }

    /// Ends it.
    pub(crate) async fn ends(self) {
        self.store().close().await;
    }
}

const CONFIGURATION: &str = "\
environment = \"test\"
[issuer]
country = \"ID\"
[policy]
max_trust_age_s = 259200
max_revocation_age_s = 86400
[trust]
feeds = \"feeds.toml\"
ask_feeds = false
";
