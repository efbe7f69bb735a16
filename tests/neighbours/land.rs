//! A country with a gateway that is its own hub and its neighbours'.

use crate::network::Land;
use crate::support::country::{Identity, SIGNED_AT, stated};
use lintas::exchange::dgcg::Dialect;
use lintas::exchange::write_pem;

use lintas::server::config::Config;
use lintas::server::federation::{Feed, FeedConfig, FeedKind, Uploader, open_feed, parse_feeds};
use lintas::server::gateway::hub::{Change, Joining, PartyRole};
use lintas::server::gateway::{Clock, Gateway, Question, Synchronised, VerifyRequest};
use lintas::server::{Running, Server};
use lintas::trust::Role;
use lintas::verify::{Asked, Journey};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};

/// A country, its certificates, and the gateway that it runs.
pub(crate) struct Country {
    pub(crate) name: &'static str,
    pub(crate) land: Land,
    pub(crate) data: tempfile::TempDir,
    anchor: Identity,
    tls: Identity,
    /// Of its listener for each dialect.
    ports: [u16; 2],
    pub(crate) clock: &'static AtomicI64,
    running: Option<Running>,
}

impl Country {
    /// One whose gateway does not run yet; all countries share `clock`.
    pub(crate) fn new(name: &'static str, clock: &'static AtomicI64) -> Self {
        let anchor = Identity::self_signed(name, "trust anchor", true);
        Self {
            name,
            land: Land::new(name, &anchor, 1),
            data: tempfile::tempdir().unwrap(),
            anchor,
            tls: Identity::self_signed(name, "NBtls", false),
            ports: [free_port(), free_port()],
            clock,
            running: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.data.path()
    }

    /// Tells its gateway of `neighbour`'s: where it is, whom its anchor vouches for, and as whom to ask there.
    pub(crate) fn knows(&self, neighbour: &Self, dialect: Dialect) -> FeedConfig {
        let folder = self.path().join(neighbour.name);
        fs::create_dir_all(&folder).unwrap();
        write(
            &folder.join("tls.pem"),
            &write_pem("CERTIFICATE", &self.tls.der),
        );
        write(&folder.join("tls.key"), &self.tls.key.serialize_pem());
        let upload = &self.land.participant.upload;
        write(
            &folder.join("upload.pem"),
            &write_pem("CERTIFICATE", &upload.der),
        );
        write(&folder.join("upload.key"), &upload.key.serialize_pem());
        let (name, port, anchor) = (
            neighbour.name,
            neighbour.port(dialect),
            neighbour.anchor.thumbprint(),
        );
        let id = name.to_lowercase();
        fs::copy(neighbour.path().join("tls/ca.pem"), folder.join("ca.pem")).unwrap();
        let row = format!(
            "[[feed]]\nid = \"{id}\"\nkind = \"dgcg\"\nenvironment = \"test\"\nurl = \"https://localhost:{port}\"\n\
             dialect = \"{}\"\nserver_certificate = \"{name}/ca.pem\"\nclient_certificate = \"{name}/tls.pem\"\n\
             client_key = \"{name}/tls.key\"\nupload_certificate = \"{name}/upload.pem\"\nupload_key = \"{name}/upload.key\"\n\
             anchors = [\"{anchor}\"]\ntake = [\"signers\", \"revocation\", \"rules\", \"value_sets\", \"issuers\"]\nallow_private = true\nfull_interval_s = 3600\n\
             timeout_ms = 5000\n\n",
            dialect.name(),
        );
        let feeds = self.path().join("feeds.toml");
        let known = fs::read_to_string(&feeds).unwrap_or_default();
        fs::write(feeds, known + &row).unwrap();
        parse_feeds(&row).unwrap().remove(0)
    }

    fn port(&self, dialect: Dialect) -> u16 {
        match dialect {
            Dialect::Eu => self.ports[0],
            Dialect::Tng => self.ports[1],
        }
    }

    /// Starts its gateway on what is in its folder.
    pub(crate) async fn starts(&mut self) {
        let toml = format!(
            "environment = \"test\"\n[issuer]\ncountry = \"{}\"\n[policy]\nmax_trust_age_s = 259200\nmax_revocation_age_s = 259200\n\
             [listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\nworkers = 1\n\
             [trust]\nfeeds = \"feeds.toml\"\nask_feeds = false\n[federation]\nanchors = [\"{}\"]\n\
             [[federation.listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:{}\"\n\
             [[federation.listen]]\ndialect = \"tng\"\naddress = \"127.0.0.1:{}\"\n",
            self.name,
            self.anchor.thumbprint(),
            self.ports[0],
            self.ports[1],
        );
        let feeds = self.path().join("feeds.toml");
        if !feeds.exists() {
            fs::write(feeds, "").unwrap();
        }
        let mut config = Config::parse(&toml, self.path()).unwrap();
        config.data = self.path().to_owned();
        let server = Server::build(&config, Clock::Moved(self.clock))
            .await
            .unwrap();
        self.running = Some(server.start().unwrap());
    }

    /// Ends it, or cuts the wire to it: for others that is the same.
    pub(crate) async fn ends(&mut self) {
        let running = self.running.take().unwrap();
        let store = Arc::clone(running.gateway.records().unwrap().store());
        running.stop().await;
        store.close().await;
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.running.as_ref().unwrap().gateway
    }

    /// Takes `party` in, for which its anchor vouches.
    pub(crate) async fn onboards(&self, party: &Self) {
        let participant = &party.land.participant;
        let parts = [
            (Role::Authentication, &party.tls),
            (Role::Upload, &participant.upload),
            (Role::Csca, &participant.csca),
        ];
        let certificates = parts.map(|(role, identity)| {
            let statement = stated(role, party.name, identity, &self.anchor);
            (role, statement.certificate, statement.signature)
        });
        let joining = Joining {
            country: lintas::model::Country::parse(party.name).unwrap(),
            name: party.name.to_owned(),
            roles: PartyRole::ALL.to_vec(),
            certificates: certificates.to_vec(),
        };
        let joined = self.gateway().hand_in(|hub, at| {
            let records = joining.records(hub, at)?;
            Ok(Change {
                records,
                events: Vec::new(),
                answer: (),
            })
        });
        joined.await.unwrap();
    }

    /// How it hands in at the gateway of `feed`.
    pub(crate) fn uploader(&self, feed: &FeedConfig) -> Uploader {
        let FeedKind::Dgcg(gateway) = &feed.kind else {
            panic!()
        };
        Uploader::open(gateway, self.path()).unwrap()
    }

    /// Asks the gateway of `feed` a minute later.
    pub(crate) async fn asks(
        &self,
        feed: &FeedConfig,
    ) -> Result<Synchronised, lintas::failure::Failure> {
        self.clock.fetch_add(60, Ordering::SeqCst);
        let feed: Box<dyn Feed> = open_feed(feed, self.path()).unwrap().unwrap();
        self.gateway().synchronise(feed.as_ref(), false).await
    }

    /// The outcome of `text` here, and what speaks against it.
    pub(crate) async fn verdict(&self, text: &str) -> (&'static str, Vec<&'static str>) {
        self.gateway().follow().await.unwrap();
        self.gateway().refresh();
        let question = Question {
            reference: None,
            text: text.to_owned(),
        };
        let request = VerifyRequest::of(vec![question]);
        self.answer(&request)
    }

    /// The same for a journey to `destination`.
    pub(crate) async fn verdict_for(
        &self,
        text: &str,
        destination: &str,
    ) -> (&'static str, Vec<&'static str>) {
        self.gateway().follow().await.unwrap();
        self.gateway().refresh();
        let question = Question {
            reference: None,
            text: text.to_owned(),
        };
        let destination = lintas::model::Country::parse(destination).unwrap();
        self.answer(&VerifyRequest {
            asked: Asked {
                journey: Some(Journey::to(destination)),
                ..Asked::default()
            },
            ..VerifyRequest::of(vec![question])
        })
    }

    fn answer(&self, request: &VerifyRequest) -> (&'static str, Vec<&'static str>) {
        let verdict = self.gateway().verify(request, &self.gateway().moment());
        let findings = verdict.credentials[0].findings.iter();
        (
            verdict.outcome().name(),
            findings.map(|finding| finding.code.name()).collect(),
        )
    }

    /// The names of its audit's rows.
    pub(crate) async fn audit(&self) -> Vec<(String, String)> {
        let rows = self
            .gateway()
            .records()
            .unwrap()
            .store()
            .audit_rows(0, 1000)
            .await
            .unwrap();
        rows.into_iter()
            .map(|row| (row.event.event, row.event.detail))
            .collect()
    }

    pub(crate) fn now(&self) -> lintas::model::UnixTime {
        Clock::Moved(self.clock).now()
    }
}

/// The clock of a story, a day after everything was signed.
pub(crate) fn clock() -> &'static AtomicI64 {
    Box::leak(Box::new(AtomicI64::new(SIGNED_AT + 86_400)))
}

/// A port that was free a moment ago: neighbours have to know each other's before either runs. None of those that
/// connections are given, so that nobody else takes it meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 20_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::SeqCst) % 100;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
