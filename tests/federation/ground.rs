//! A running gateway of our own with a door for each dialect, a trust anchor, and countries that joined it.

pub(crate) use crate::database::write_private;
use crate::support::country::{Identity, SIGNED_AT};
use crate::support::gateway::TestGateway;
use lintas::exchange::dgcg::{Dialect, write_message};
use lintas::exchange::{Record, RecordKind};
use lintas::model::{Country, UnixTime};
use lintas::server::gateway::Clock;
use lintas::server::gateway::hub::{Change, Hub, Joining, PartyRole, leaving};
use lintas::trust::Role;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

/// A country with all the certificates of its backend.
pub(crate) struct Land {
    pub(crate) country: &'static str,
    pub(crate) tls: Identity,
    pub(crate) upload: Identity,
    pub(crate) csca: Identity,
    pub(crate) deca: Identity,
    pub(crate) roles: Vec<PartyRole>,
}

impl Land {
    /// One that may do everything with revocations.
    pub(crate) fn new(country: &'static str) -> Self {
        Self {
            country,
            tls: Identity::self_signed(country, "NBtls", false),
            upload: Identity::self_signed(country, "NBup", false),
            csca: Identity::self_signed(country, "CSCA", true),
            deca: Identity::self_signed(country, "DECA", true),
            roles: PartyRole::ALL.to_vec(),
        }
    }

    /// The same with these roles.
    pub(crate) fn with_roles(self, roles: &[PartyRole]) -> Self {
        Self {
            roles: roles.to_vec(),
            ..self
        }
    }

    /// A new signer of this country.
    pub(crate) fn signer(&self) -> Identity {
        self.csca.issue(self.country, "DSC", &[])
    }

    /// `content` in a message that this country's upload certificate signs, as it stands in a request.
    pub(crate) fn hands_in(&self, content: &[u8]) -> String {
        write_message(&self.upload.sign(content, true))
    }

    /// The certificate of `signer` as it is handed in.
    pub(crate) fn names(&self, signer: &Identity) -> String {
        self.hands_in(&signer.der)
    }
}

/// A gateway that runs.
pub(crate) struct Ground {
    pub(crate) gateway: TestGateway,
    pub(crate) anchor: Identity,
    pub(crate) xa: Land,
    pub(crate) xb: Land,
    /// It may do nothing with revocations.
    pub(crate) xc: Land,
    clock: &'static AtomicI64,
    clients: Mutex<BTreeMap<String, reqwest::Client>>,
}

impl Ground {
    /// One that three countries have joined.
    pub(crate) async fn start() -> Self {
        Self::configured("", |_| {}).await
    }

    /// The same with `more` in the table `federation` of its configuration, and whatever `prepare` puts into its folder.
    pub(crate) async fn configured(more: &str, prepare: impl FnOnce(&Path)) -> Self {
        let anchor = Identity::self_signed("XX", "trust anchor", false);
        let toml = configuration(&anchor, more);
        let clock: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(SIGNED_AT + 86_400)));
        let furnish = |data: &Path| {
            prepare(data);
            let feeds = data.join("feeds.toml");
            if !feeds.exists() {
                std::fs::write(feeds, "").unwrap();
            }
        };
        let gateway = TestGateway::configured(&toml, furnish, Clock::Moved(clock)).await;
        let ground = Self {
            gateway,
            anchor,
            xa: Land::new("XA"),
            xb: Land::new("XB"),
            xc: Land::new("XC").with_roles(&[]),
            clock,
            clients: Mutex::default(),
        };
        for land in [&ground.xa, &ground.xb, &ground.xc] {
            ground.joins(land).await;
        }
        ground
    }

    /// `land` becomes a party, with all its certificates.
    pub(crate) async fn joins(&self, land: &Land) {
        let signed =
            |role: Role, it: &Identity| (role, it.der.clone(), self.anchor.sign(&it.der, false));
        let joining = Joining {
            country: Country::parse(land.country).unwrap(),
            name: format!("backend of {}", land.country),
            roles: land.roles.clone(),
            certificates: vec![
                signed(Role::Authentication, &land.tls),
                signed(Role::Upload, &land.upload),
                signed(Role::Csca, &land.csca),
                signed(Role::Deca, &land.deca),
            ],
        };
        self.keeps(|hub, at| joining.records(hub, at).unwrap())
            .await;
    }

    /// `land` is a party no more.
    pub(crate) async fn leaves(&self, land: &Land) {
        let country = Country::parse(land.country).unwrap();
        self.keeps(|hub, at| leaving(hub, country, at).unwrap())
            .await;
    }

    /// Keeps the records that `of` makes, as if an operator had asked for it.
    pub(crate) async fn keeps(&self, of: impl Fn(&Hub, UnixTime) -> Vec<Record>) {
        let decide = |hub: &Hub, at: UnixTime| {
            Ok(Change {
                records: of(hub, at),
                events: Vec::new(),
                answer: (),
            })
        };
        self.gateway.gateway().hand_in(decide).await.unwrap();
    }

    /// Keeps a record of a foreign feed.
    pub(crate) async fn hears(&self, feed: &str, kind: RecordKind, name: &str, body: &[u8]) {
        let record = Record {
            kind,
            source: feed.to_owned(),
            name: name.to_owned(),
            country: None,
            received_at: self.now(),
            body: body.to_vec(),
        };
        let gateway = self.gateway.gateway();
        let store = gateway.records().unwrap().store();
        store.append(&[record], &[], None).await.unwrap();
        gateway.follow().await.unwrap();
    }

    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.clock.load(Ordering::SeqCst)).unwrap()
    }

    /// Lets `seconds` pass.
    pub(crate) fn passes(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Where the door of `dialect` is.
    pub(crate) fn at(&self, dialect: Dialect) -> String {
        let listening = self.gateway.running().federation.iter();
        let mut doors = listening.filter(|it| it.dialect == dialect);
        let port = doors.next().unwrap().address.unwrap().port();
        format!("https://localhost:{port}")
    }

    /// The client that holds `identity`; the same one every time.
    pub(crate) fn client(&self, identity: &Identity) -> reqwest::Client {
        let mut clients = self.clients.lock().unwrap();
        let client = clients.entry(identity.thumbprint().to_string());
        let made = || client_holding(self.gateway.data.path(), identity);
        client.or_insert_with(made).clone()
    }

    /// Another node of the same gateway, over the database at `url`.
    pub(crate) async fn beside(&self, url: &str) -> TestGateway {
        let store = format!("[store]\nurl = \"{url}\"\n");
        let toml = configuration(&self.anchor, &store);
        let furnish = |data: &Path| copy(self.gateway.data.path(), data);
        TestGateway::configured(&toml, furnish, Clock::Moved(self.clock)).await
    }

    /// Ends it.
    pub(crate) async fn ends(self) {
        self.clients.lock().unwrap().clear();
        self.gateway.stop().await;
    }
}

/// Copies what every node of a gateway has: not the database, and not what it has seen of it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (name, path) = (entry.file_name(), entry.path());
        let text = name.to_str().unwrap();
        if text == "marks" || text.starts_with("lintas.db") {
            continue;
        }
        match entry.file_type().unwrap().is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(std::fs::copy(path, to.join(name)).unwrap()),
        }
    }
}

fn configuration(anchor: &Identity, more: &str) -> String {
    format!(
        "environment = \"test\"\n[issuer]\ncountry = \"ID\"\n[trust]\nfeeds = \"feeds.toml\"\nask_feeds = false\n\
             [federation]\nanchors = [\"{}\"]\ntest_participants = true\n{more}\n\
             [[federation.listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:0\"\n\
             [[federation.listen]]\ndialect = \"tng\"\naddress = \"127.0.0.1:0\"\n",
        anchor.thumbprint()
    )
}

/// A client that trusts the gateway whose data is at `data`, and holds `identity`.
pub(crate) fn client_holding(data: &Path, identity: &Identity) -> reqwest::Client {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(data.join("tls/ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
    let chain = vec![CertificateDer::from(identity.der.clone())];
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    client.build().unwrap()
}

impl Ground {
    /// From now on its clock is that of the machine, for clients who have no other.
    pub(crate) fn keeps_time(&self) {
        let clock = self.clock;
        clock.store(Clock::System.now().seconds(), Ordering::SeqCst);
        actix_web::rt::spawn(async move {
            loop {
                actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
                clock.store(Clock::System.now().seconds(), Ordering::SeqCst);
            }
        });
    }
}
