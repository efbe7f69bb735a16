//! Operators with their keys, and the gateway that they operate.

use crate::support::issued_at;
use lintas::crypto::sha256;
use lintas::failure::{Code, Failure};
use lintas::model::Thumbprint;
use lintas::server::config::Config;
use lintas::server::gateway::registry::{
    Act, Client, Operator, OperatorRole, Request, RequestState, signed_bytes,
};
use lintas::server::gateway::{Clock, Done, Gateway, enrol};
use lintas::server::store;
use rcgen::{CertificateParams, DnType, KeyPair, SigningKey};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Somebody with a key and a certificate over it.
pub(crate) struct Person {
    pub(crate) id: &'static str,
    pub(crate) key: KeyPair,
    pub(crate) der: Vec<u8>,
}

impl Person {
    pub(crate) fn new(id: &'static str) -> Self {
        Self::with(id, KeyPair::generate().unwrap())
    }

    pub(crate) fn with(id: &'static str, key: KeyPair) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, id);
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        Self { id, key, der }
    }

    /// The same key under another certificate and another id.
    pub(crate) fn again(&self, id: &'static str) -> Self {
        let key = KeyPair::from_pem(&self.key.serialize_pem()).unwrap();
        Self::with(id, key)
    }

    pub(crate) fn certificate(&self) -> Thumbprint {
        Thumbprint(sha256(&self.der))
    }

    pub(crate) fn operator(&self) -> Operator {
        Operator::new(self.id, self.id, &OperatorRole::ALL, &self.der).unwrap()
    }

    pub(crate) fn signs(&self, request: &Request) -> Vec<u8> {
        self.key.sign(&signed_bytes(&request.hash())).unwrap()
    }

    pub(crate) async fn asks(&self, gateway: &Arc<Gateway>, act: Act) -> Result<Request, Failure> {
        gateway.ask_for(&self.certificate(), act).await
    }

    pub(crate) async fn approves(
        &self,
        gateway: &Arc<Gateway>,
        request: &Request,
    ) -> Result<Done, Failure> {
        let signature = self.signs(request);
        let certificate = self.certificate();
        gateway.approve(&certificate, &request.id, &signature).await
    }

    /// The act by which they become an operator with these roles.
    pub(crate) fn joins(&self, roles: &[OperatorRole]) -> Act {
        Act::OperatorAdd {
            facilities: Vec::new(),
            id: self.id.to_owned(),
            name: format!("{} of the ministry", self.id),
            roles: roles.to_vec(),
            certificate: self.der.clone(),
        }
    }
}

/// A gateway with two operators, on a clock that a test moves.
pub(crate) struct Office {
    pub(crate) data: tempfile::TempDir,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) ana: Person,
    pub(crate) budi: Person,
    clock: &'static AtomicI64,
}

impl Office {
    pub(crate) async fn open() -> Self {
        lintas::server::telemetry::Metrics::install();
        let data = tempfile::tempdir().unwrap();
        let clock: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(issued_at().seconds())));
        let (ana, budi) = (Person::new("ana"), Person::new("budi"));
        enrolled(data.path(), Clock::Moved(clock), &ana, &budi)
            .await
            .unwrap();
        let gateway = gateway(data.path(), "", Clock::Moved(clock)).await;
        Self {
            data,
            gateway,
            ana,
            budi,
            clock,
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock::Moved(self.clock)
    }

    pub(crate) fn passes(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn asks(&self, who: &Person, act: Act) -> Result<Request, Failure> {
        who.asks(&self.gateway, act).await
    }

    pub(crate) async fn approves(&self, who: &Person, request: &Request) -> Result<Done, Failure> {
        who.approves(&self.gateway, request).await
    }

    /// Ana asks, Budi approves.
    pub(crate) async fn does(&self, act: Act) -> Request {
        let request = self.asks(&self.ana, act).await.unwrap();
        self.approves(&self.budi, &request).await.unwrap();
        request
    }

    pub(crate) fn state(&self, request: &Request) -> RequestState {
        let registry = self.gateway.registry().unwrap();
        registry.state(request, self.clock().now())
    }

    pub(crate) fn is_operator(&self, who: &Person) -> bool {
        self.gateway.operator(&who.certificate()).is_ok()
    }

    /// Whom a token lets in.
    pub(crate) fn lets_in(&self, token: &str) -> Option<Arc<Client>> {
        self.gateway.registered_client(token).unwrap()
    }

    /// What the audit tells: actor, event, subject.
    pub(crate) async fn audit(&self) -> Vec<(String, String, String)> {
        let store = self.gateway.records().unwrap().store();
        let rows = store.audit_rows(0, 1000).await.unwrap();
        let told = rows
            .into_iter()
            .map(|row| (row.event.actor, row.event.event, row.event.subject));
        told.collect()
    }

    pub(crate) async fn ends(self) -> tempfile::TempDir {
        self.gateway.records().unwrap().store().close().await;
        self.data
    }
}

/// Two operators of a gateway that has none.
pub(crate) async fn two_operators(gateway: &Arc<Gateway>) -> (Person, Person) {
    let (ana, budi) = (Person::new("ana"), Person::new("budi"));
    let (one, two) = (ana.operator(), budi.operator());
    let store = gateway.records().unwrap().store();
    let now = gateway.clock().now();
    enrol::enrol(store.as_ref(), [&one, &two], now)
        .await
        .unwrap();
    gateway.follow().await.unwrap();
    (ana, budi)
}

pub(crate) async fn gateway(data: &Path, toml: &str, clock: Clock) -> Arc<Gateway> {
    let config = configuration(data, toml);
    Gateway::open_with_records(&config, clock).await.unwrap()
}

pub(crate) fn configuration(data: &Path, toml: &str) -> Config {
    let mut config = Config::parse(toml, data).unwrap();
    config.data = data.to_owned();
    config
}

pub(crate) async fn enrolled(
    data: &Path,
    clock: Clock,
    one: &Person,
    two: &Person,
) -> Result<(), Failure> {
    let config = configuration(data, "");
    let store = store::open(&config.store, data).await?;
    let (one, two) = (one.operator(), two.operator());
    let done = enrol::enrol(store.as_ref(), [&one, &two], clock.now()).await;
    store.close().await;
    done
}

pub(crate) fn code<T>(result: Result<T, Failure>) -> Code {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(failure) => failure.code(),
    }
}
