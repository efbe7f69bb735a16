//! Parties that come and go while others write.

use crate::people::{Person, configuration, two_operators};
use crate::support::country::Identity;
use crate::support::issued_at;
use crate::support::meddled::{Meddled, Meddler};
use async_trait::async_trait;
use lintas::exchange::{Record, RecordKind};
use lintas::failure::{Code, Failure};
use lintas::model::{Country, UnixTime};
use lintas::server::gateway::hub::{Change, Entry, HUB, Hub};
use lintas::server::gateway::registry::{Act, PartyCertificate, Request};
use lintas::server::gateway::{Clock, Gateway, Records};
use lintas::server::store::{self, Store};
use lintas::trust::Role;
use std::sync::{Arc, Mutex};

/// Another node, which writes these just before this one does.
#[derive(Default)]
struct Busy(Mutex<Vec<Record>>);

#[async_trait]
impl Meddler for Busy {
    async fn before_adding(&self, store: &dyn Store) {
        let records = std::mem::take(&mut *self.0.lock().unwrap());
        if !records.is_empty() {
            store.append(&records, &[], None).await.unwrap();
        }
    }
}

/// A hub with two operators and one party.
struct Desk {
    _data: tempfile::TempDir,
    gateway: Arc<Gateway>,
    store: Arc<Meddled<Busy>>,
    ana: Person,
    budi: Person,
    csca: Identity,
    upload: Identity,
}

impl Desk {
    async fn open() -> Self {
        lintas::server::telemetry::Metrics::install();
        let data = tempfile::tempdir().unwrap();
        let anchor = Identity::self_signed("XX", "trust anchor", false);
        let toml = format!(
            "environment = \"test\"\n[issuer]\ncountry = \"ID\"\n[federation]\nanchors = [\"{}\"]\n",
            anchor.thumbprint()
        );
        let config = configuration(data.path(), &toml);
        let gateway = Arc::new(Gateway::open(&config, Clock::Fixed(issued_at())).unwrap());
        let store = store::open(&config.store, data.path()).await.unwrap();
        let store = Arc::new(Meddled {
            store,
            by: Busy::default(),
        });
        let kept: Arc<dyn Store> = Arc::<Meddled<Busy>>::clone(&store);
        let records = Records::new(kept, data.path()).unwrap();
        gateway.attach(records).await.unwrap();
        let (ana, budi) = two_operators(&gateway).await;
        let desk = Self {
            _data: data,
            gateway,
            store,
            ana,
            budi,
            csca: Identity::self_signed("XA", "CSCA", true),
            upload: Identity::self_signed("XA", "NBup", false),
        };
        let tls = Identity::self_signed("XA", "NBtls", false);
        let parts = [
            (Role::Authentication, &tls),
            (Role::Upload, &desk.upload),
            (Role::Csca, &desk.csca),
        ];
        let certificates = parts.map(|(role, it)| PartyCertificate {
            role,
            certificate: it.der.clone(),
            signature: anchor.sign(&it.der, false),
        });
        let joining = Act::PartyAdd {
            country: "XA".to_owned(),
            name: "backend of XA".to_owned(),
            roles: Vec::new(),
            certificates: certificates.to_vec(),
        };
        let asked = desk.ana.asks(&desk.gateway, joining).await.unwrap();
        desk.approve(&asked).await.unwrap();
        desk
    }

    async fn removal(&self) -> Request {
        let removal = Act::PartyRemove {
            country: "XA".to_owned(),
        };
        self.ana.asks(&self.gateway, removal).await.unwrap()
    }

    async fn approve(&self, asked: &Request) -> Result<(), Failure> {
        let done = self.budi.approves(&self.gateway, asked).await;
        done.map(|_| ())
    }

    /// The record of a new signer of the party.
    fn signer(&self) -> Record {
        let signer = self.csca.issue("XA", "DSC", &[]);
        let signature = self.upload.sign(&signer.der, false);
        Entry::new(Role::Signer, country(), signer.der, signature, issued_at()).record()
    }

    async fn hands_in(&self) {
        let record = self.signer();
        let decide = |_: &Hub, _: UnixTime| {
            Ok(Change {
                records: vec![record.clone()],
                events: Vec::new(),
                answer: (),
            })
        };
        self.gateway.hand_in(decide).await.unwrap();
    }

    fn standing(&self) -> usize {
        self.gateway.hub().all().filter(|it| it.stands()).count()
    }
}

fn country() -> Country {
    Country::parse("XA").unwrap()
}

#[actix_web::test]
async fn what_a_party_hands_in_while_it_is_removed_goes_with_it() {
    let desk = Desk::open().await;
    let asked = desk.removal().await;
    assert_eq!(desk.standing(), 3);
    *desk.store.by.0.lock().unwrap() = vec![desk.signer()];
    desk.approve(&asked).await.unwrap();
    assert!(desk.gateway.hub().party(country()).is_none());
    assert_eq!((desk.gateway.hub().all().count(), desk.standing()), (4, 0));
}

#[actix_web::test]
async fn a_party_cannot_put_off_its_removal_by_handing_in() {
    let desk = Desk::open().await;
    let asked = desk.removal().await;
    desk.hands_in().await;
    assert_eq!(desk.standing(), 4);
    desk.approve(&asked).await.unwrap();
    assert_eq!(desk.standing(), 0);
}

#[actix_web::test]
async fn what_is_approved_is_what_stands_when_it_is_done() {
    let desk = Desk::open().await;
    let asked = desk.removal().await;
    let gone = Record {
        kind: RecordKind::Tombstone,
        source: HUB.to_owned(),
        name: format!("{}/XA", RecordKind::Party.name()),
        country: Some(country()),
        received_at: issued_at(),
        body: b"{}".to_vec(),
    };
    *desk.store.by.0.lock().unwrap() = vec![gone];
    let refused = desk.approve(&asked).await.unwrap_err();
    assert_eq!(refused.code(), Code::ApprovalOutdated);
    assert!(
        desk.gateway
            .registry()
            .unwrap()
            .decision(&asked.id)
            .is_none()
    );
}
