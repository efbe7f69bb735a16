//! A country with a national CA, a gateway with operators, and a clock that a test moves.

use crate::support::issued_at;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::crypto::sha256;
use lintas::failure::{Code, Failure};
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, Purpose, Thumbprint, UnixTime};
use lintas::server::config::Config;
use lintas::server::gateway::keyring::ReadySigner;
use lintas::server::gateway::registry::{Act, Operator, OperatorRole, Request, signed_bytes};
use lintas::server::gateway::{Clock, Gateway, Question, VerifyRequest, enrol};
use lintas::server::keys::{Ceremony, Cohort, Passphrase, Wanted, make_sealed_key};
use lintas::verify::{Outcome, Verdict};
use rcgen::{CertificateParams, DnType, KeyPair, SigningKey};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use zeroize::Zeroizing;

pub(crate) const NAME: &str = "Kementerian Kesehatan";
pub(crate) const PASSPHRASE: &str = "correct horse battery";
pub(crate) const DAY_S: i64 = 86_400;

pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
}

/// Puts `content` into a file that nobody else may read.
pub(crate) fn seal(path: &Path, content: &[u8]) {
    use std::io::Write;
    let _ = fs::remove_file(path);
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.unwrap().write_all(content).unwrap();
}

/// An operator with their key.
pub(crate) struct Person {
    id: &'static str,
    key: KeyPair,
    der: Vec<u8>,
}

impl Person {
    pub(crate) fn new(id: &'static str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, id);
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        Self { id, key, der }
    }

    pub(crate) fn certificate(&self) -> Thumbprint {
        Thumbprint(sha256(&self.der))
    }

    pub(crate) fn joins(&self, roles: &[OperatorRole]) -> Act {
        Act::OperatorAdd {
            id: self.id.to_owned(),
            name: self.id.to_owned(),
            roles: roles.to_vec(),
            facilities: Vec::new(),
            certificate: self.der.clone(),
        }
    }
}

/// The country.
pub(crate) struct Land {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) ana: Person,
    pub(crate) budi: Person,
    pub(crate) clock: &'static AtomicI64,
}

impl Land {
    /// A country whose gateway has `keys` in its table of that name, and whatever tables follow there.
    pub(crate) async fn open(keys: &str) -> Self {
        Self::prepared(keys, |_| {}).await
    }

    /// The same with whatever `prepare` puts into the folder first.
    pub(crate) async fn prepared(keys: &str, prepare: impl FnOnce(&Path)) -> Self {
        lintas::server::telemetry::Metrics::install();
        let folder = tempfile::tempdir().unwrap();
        let clock: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(issued_at().seconds())));
        let ceremony = Ceremony::at(&folder.path().join("ca"));
        let country = Country::parse("ID").unwrap();
        ceremony
            .make(country, NAME, &passphrase(PASSPHRASE), issued_at())
            .unwrap();
        let below = folder.path().join("data/keys");
        fs::create_dir_all(&below).unwrap();
        fs::create_dir_all(folder.path().join("data/trust/test")).unwrap();
        fs::copy(folder.path().join("ca/csca.pem"), below.join("csca.pem")).unwrap();
        seal(&folder.path().join("passphrase"), PASSPHRASE.as_bytes());
        prepare(folder.path());
        let gateway = gateway(folder.path(), keys, clock).await.unwrap();
        let (ana, budi) = (Person::new("ana"), Person::new("budi"));
        let operator = |it: &Person| Operator::new(it.id, it.id, &OperatorRole::ALL, &it.der);
        let (one, two) = (operator(&ana).unwrap(), operator(&budi).unwrap());
        let store = gateway.records().unwrap().store();
        enrol::enrol(store.as_ref(), [&one, &two], issued_at())
            .await
            .unwrap();
        gateway.follow().await.unwrap();
        Self {
            folder,
            gateway,
            ana,
            budi,
            clock,
        }
    }

    pub(crate) fn now(&self) -> UnixTime {
        Clock::Moved(self.clock).now()
    }

    pub(crate) fn passes(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A new key in a sealed file, certified by the CA: the certificate, DER.
    pub(crate) fn new_key(&self, purposes: &[&str], region: &str, quarter: &str) -> Vec<u8> {
        let wanted = wanted(purposes, region, quarter);
        let folder = self.folder.path().join("data/keys/dsc");
        let request = make_sealed_key(&folder, &wanted, &passphrase(PASSPHRASE)).unwrap();
        self.certified(&request)
    }

    pub(crate) fn certified(&self, request: &Path) -> Vec<u8> {
        let ceremony = Ceremony::at(&self.folder.path().join("ca"));
        let request = fs::read(request).unwrap();
        let answered = ceremony.answer(&request, &passphrase(PASSPHRASE), self.now());
        let body: String = answered
            .unwrap()
            .pem
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        BASE64_STANDARD.decode(body).unwrap()
    }

    pub(crate) async fn asks(&self, who: &Person, act: Act) -> Result<Request, Failure> {
        self.gateway.ask_for(&who.certificate(), act).await
    }

    pub(crate) async fn approves(&self, who: &Person, request: &Request) -> Result<(), Failure> {
        let signature = who.key.sign(&signed_bytes(&request.hash())).unwrap();
        let certificate = who.certificate();
        let done = self.gateway.approve(&certificate, &request.id, &signature);
        done.await.map(|_| ())
    }

    /// Ana asks, Budi approves.
    pub(crate) async fn does(&self, act: Act) -> Value {
        let request = self.asks(&self.ana, act).await.unwrap();
        self.approves(&self.budi, &request).await.unwrap();
        request.preview
    }

    /// The signer that is ready for vaccinations of `facility`.
    pub(crate) fn ready(&self, facility: &str) -> Result<ReadySigner, Failure> {
        self.gateway
            .ready_signer(Purpose::Vaccination, facility, self.now())
    }

    pub(crate) fn verify(&self, text: &str) -> Verdict {
        let question = Question {
            reference: None,
            text: text.to_owned(),
        };
        let request = VerifyRequest::of(vec![question]);
        self.gateway.verify(&request, &self.gateway.moment())
    }

    pub(crate) fn accepts(&self, text: &str) -> bool {
        self.verify(text).outcome() == Outcome::Accept
    }

    pub(crate) async fn ends(self) {
        self.gateway.records().unwrap().store().close().await;
    }
}

pub(crate) async fn gateway(
    folder: &Path,
    keys: &str,
    clock: &'static AtomicI64,
) -> Result<Arc<Gateway>, Failure> {
    let keys = format!("[keys]\n{}{keys}", opened_with(folder));
    let config = config(folder, &keys);
    Gateway::open_with_records(&config, Clock::Moved(clock)).await
}

pub(crate) fn config(folder: &Path, toml: &str) -> Config {
    let whole = format!(
        "environment = \"test\"\ndata = \"data\"\n[issuer]\ncountry = \"ID\"\nname = \"{NAME}\"\n{toml}\n"
    );
    Config::parse(&whole, folder).unwrap()
}

pub(crate) fn wanted(purposes: &[&str], region: &str, quarter: &str) -> Wanted {
    Wanted {
        country: Country::parse("ID").unwrap(),
        issuer: NAME.to_owned(),
        cohort: Cohort::parse(purposes, region, quarter).unwrap(),
    }
}

pub(crate) fn add(certificate: &[u8], region: &str, quarter: &str) -> Act {
    let certificate = BASE64_STANDARD.encode(certificate);
    let act = json!({
        "act": "key.add", "certificate": certificate, "purposes": ["vaccination"],
        "region": region, "quarter": quarter,
    });
    Act::parse(act).unwrap()
}

pub(crate) fn stands(name: &str, certificate: &[u8]) -> Act {
    let thumbprint = Thumbprint(sha256(certificate)).to_string();
    Act::parse(json!({ "act": name, "thumbprint": thumbprint })).unwrap()
}

/// A vaccination certificate by `ready`, issued at `at`.
pub(crate) fn sign(ready: &ReadySigner, at: UnixTime) -> String {
    let mut claims: Value = serde_json::from_str(crate::support::VACCINATION).unwrap();
    claims["vaccination"]["date"] = json!("2026-05-20");
    let claims: Claims = serde_json::from_value(claims).unwrap();
    let country = Country::parse("ID").unwrap();
    let issuer = Issuer {
        country,
        name: NAME.to_owned(),
    };
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    let uvci = issue::uvci_from_random(country, random).unwrap();
    let certificate = issue::check(&claims, &issuer, uvci, at).unwrap();
    let until = at.plus(180 * DAY_S);
    let prepared = issue::prepare(certificate, country, at, until, &ready.dsc).unwrap();
    let signature = ready.signer.sign(&prepared.signed_bytes()).unwrap();
    prepared.complete(signature).unwrap().text
}

pub(crate) fn code<T>(result: Result<T, Failure>) -> Code {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(failure) => failure.code(),
    }
}

/// The configuration by which sealed files are opened with the passphrase in a file of `folder`.
///
/// A process has one set of descriptors, and tests share it: the file stays open for as long as the process lives.
fn opened_with(folder: &Path) -> String {
    use std::os::fd::AsRawFd;
    let path: PathBuf = folder.join("passphrase");
    let file: &'static fs::File = Box::leak(Box::new(fs::File::open(path).unwrap()));
    format!("passphrase = \"fd:{}\"\n", file.as_raw_fd())
}
