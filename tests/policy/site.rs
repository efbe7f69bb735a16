//! Two nodes over one store, two operators, and the country's key for policy sets.

use crate::ground::Ground;
use crate::people::{Person, gateway, two_operators};
use crate::support::country::{Identity, SIGNED_AT};
use crate::support::{copy, issued_at};
use lintas::failure::Failure;
use lintas::model::UnixTime;
use lintas::rules::certlogic::Budget;
use lintas::rules::{Circumstances, Colour, Standing};
use lintas::server::gateway::registry::{Act, Request};
use lintas::server::gateway::{Clock, Gateway};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const HOUR: i64 = 3600;

pub(crate) struct Site {
    pub(crate) ground: Ground,
    pub(crate) country: Identity,
    pub(crate) first: Arc<Gateway>,
    pub(crate) second: Arc<Gateway>,
    pub(crate) ana: Person,
    pub(crate) budi: Person,
    clock: &'static AtomicI64,
    other: tempfile::TempDir,
}

/// The sample set as the demo country's, in this version, from `from` on.
pub(crate) fn document(version: &str, from: UnixTime) -> Value {
    let sample = include_str!("../../policies/id.json").replace("-ID-", "-ZZ-");
    let sample = sample.replace("\"Country\": \"ID\"", "\"Country\": \"ZZ\"");
    let mut document: Value = serde_json::from_str(&sample).unwrap();
    document["Version"] = json!(version);
    document["ValidFrom"] = json!(from.to_string());
    // Rules and levels are the same, whenever the set begins.
    let begun = json!(later(-24).to_string());
    for rule in document["Rules"].as_array_mut().unwrap() {
        rule["ValidFrom"] = begun.clone();
    }
    for levels in document["Wilayah"].as_object_mut().unwrap().values_mut() {
        levels[0]["ValidFrom"] = begun.clone();
    }
    document
}

/// The same, under which a first dose is not enough.
pub(crate) fn stricter(version: &str, from: UnixTime) -> Value {
    let mut document = document(version, from);
    let rules = document["Colours"].as_array_mut().unwrap().iter_mut();
    let mut first_dose = rules.filter(|rule| rule["Identifier"] == "CR-ZZ-0032");
    first_dose.next().unwrap()["Colour"] = json!("red");
    document
}

pub(crate) fn later(hours: i64) -> UnixTime {
    issued_at().plus(hours * HOUR)
}

impl Site {
    pub(crate) async fn open(ground: Ground) -> Self {
        let country = Identity::self_signed("ZZ", "NBup", false);
        let clock: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(issued_at().seconds())));
        let other = tempfile::tempdir().unwrap();
        let toml = configured(&ground, &country);
        let first = gateway(ground.data.path(), &toml, Clock::Moved(clock)).await;
        let (ana, budi) = two_operators(&first).await;
        for folder in ["keys", "trust"] {
            copy(&ground.data.path().join(folder), &other.path().join(folder));
        }
        let second = gateway(other.path(), &toml, Clock::Moved(clock)).await;
        Self {
            ground,
            country,
            first,
            second,
            ana,
            budi,
            clock,
            other,
        }
    }

    /// The second node, started anew.
    pub(crate) async fn again(&mut self) {
        self.second.records().unwrap().store().close().await;
        let toml = configured(&self.ground, &self.country);
        self.second = gateway(self.other.path(), &toml, Clock::Moved(self.clock)).await;
    }

    pub(crate) fn nodes(&self) -> [&Arc<Gateway>; 2] {
        [&self.first, &self.second]
    }

    pub(crate) async fn follows(&self) {
        for node in self.nodes() {
            node.follow().await.unwrap();
        }
    }

    pub(crate) fn passes(&self, hours: i64) {
        self.clock.fetch_add(hours * HOUR, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> UnixTime {
        Clock::Moved(self.clock).now()
    }

    /// `document`, signed by the country.
    pub(crate) fn signed(&self, document: &Value) -> Vec<u8> {
        signed(&self.country, document)
    }

    pub(crate) async fn asks(&self, message: Vec<u8>, at: UnixTime) -> Result<Request, Failure> {
        self.ana
            .asks(&self.first, Act::PolicyActivate { message, at })
            .await
    }

    /// Ana asks at one node, and Budi approves at the other.
    pub(crate) async fn activates(&self, document: &Value, at: UnixTime) {
        let request = self.asks(self.signed(document), at).await.unwrap();
        self.budi.approves(&self.second, &request).await.unwrap();
        self.follows().await;
    }

    /// What somebody after a first dose is shown at an office on each node at `at`: the version, and the colour.
    pub(crate) fn shown(&self, at: UnixTime) -> Option<(String, Colour)> {
        let dose = json!({ "v": [{ "dn": 1, "sd": 2, "dt": "2026-05-20" }] });
        let shown = self.nodes().map(|node| {
            let world = node.world();
            let set = world.snapshot.policies().in_force(at)?;
            let office = Circumstances::read(None, Some("office".into()), Some("31".into()));
            let mut budget = Budget::default();
            let given = set.colour(&dose, Standing::Accept, &office.unwrap(), at, &mut budget);
            Some((set.version.to_string(), given.unwrap().colour()))
        });
        assert_eq!(shown[0], shown[1], "both nodes say the same of {at}");
        let [first, _] = shown;
        first
    }

    pub(crate) async fn ends(self) {
        for node in self.nodes() {
            node.records().unwrap().store().close().await;
        }
    }
}

pub(crate) fn signed(by: &Identity, document: &Value) -> Vec<u8> {
    by.sign_at(document.to_string().as_bytes(), true, SIGNED_AT)
}

fn configured(ground: &Ground, country: &Identity) -> String {
    let (signer, url) = (country.thumbprint(), ground.url("lintas_write"));
    format!("[policy]\nsigners = [\"{signer}\"]\n[store]\nurl = \"{url}\"\n")
}
