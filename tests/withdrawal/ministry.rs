//! A ministry that issues: its signers, two operators, nodes over one store, and what its register holds.

use crate::people::{Person, two_operators};
use crate::support::country::Identity;
use crate::support::gateway::TestGateway;
use crate::support::{VACCINATION, copy, issued_at};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::crypto::{Algorithm, sha256};
use lintas::exchange::{Record, RecordKind};
use lintas::issue::event::{Action, Profile};
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, Kid, Purpose, Thumbprint};
use lintas::revocation::{RegisterMark, RevocationHash};
use lintas::server::gateway::{Clock, Gateway};
use lintas::server::store::issuing::{Held, IssuedRow, NewEvent, Sealed, Which};
use lintas::server::store::{Lease, Store};
use lintas::trust::{Dsc, kid_of};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A document signer of the ministry.
pub(crate) struct Own {
    pub(crate) der: Vec<u8>,
    key: SigningKey,
}

impl Own {
    pub(crate) fn kid(&self) -> Kid {
        kid_of(&self.der).unwrap()
    }
}

/// The ministry.
pub(crate) struct Ministry {
    pub(crate) signers: Vec<Own>,
    pub(crate) first: TestGateway,
    pub(crate) second: TestGateway,
    pub(crate) ana: Person,
    pub(crate) budi: Person,
    clock: &'static AtomicI64,
}

/// A certificate and how the register names it.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) text: String,
    pub(crate) signature: RevocationHash,
    mark: RegisterMark,
    uvci: RevocationHash,
    /// What was signed, and by what signature, where anything was.
    signed: Option<(Vec<u8>, p256::ecdsa::Signature)>,
}

impl Ministry {
    /// With `signers` signers, the store at `url` or beside the first node; `prepare` puts more into each data folder.
    pub(crate) async fn open(signers: usize, url: Option<String>, prepare: impl Fn(&Path)) -> Self {
        Self::open_with(signers, url, "", prepare).await
    }

    /// The same with `more` in the configuration of the first node.
    pub(crate) async fn open_with(
        signers: usize,
        url: Option<String>,
        more: &str,
        prepare: impl Fn(&Path),
    ) -> Self {
        let csca = Identity::self_signed("ZZ", "CSCA", true);
        let signers: Vec<_> = (0..signers)
            .map(|_| {
                let identity = csca.issue("ZZ", "DSC", &[]);
                let key = SigningKey::from_pkcs8_der(&identity.key.serialize_der()).unwrap();
                Own {
                    der: identity.der,
                    key,
                }
            })
            .collect();
        let clock: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(issued_at().seconds())));
        let toml = |url: &str| format!("[store]\nurl = \"{url}\"\n");
        let first = TestGateway::configured(
            &format!("{more}{}", url.as_deref().map(toml).unwrap_or_default()),
            |data| {
                let pinned = data.join("trust/demo");
                std::fs::create_dir_all(&pinned).unwrap();
                for (number, signer) in signers.iter().enumerate() {
                    std::fs::write(pinned.join(format!("own-{number}.der")), &signer.der).unwrap();
                }
                prepare(data);
            },
            Clock::Moved(clock),
        )
        .await;
        let (ana, budi) = two_operators(first.gateway()).await;
        for person in [&ana, &budi] {
            works_at(first.gateway(), person, &["*"]).await;
        }
        let file = first.data.path().join("lintas.db");
        let url = url.unwrap_or_else(|| format!("sqlite:{}", file.display()));
        let second = TestGateway::configured(
            &toml(&url),
            |data| {
                copy(&first.data.path().join("keys"), &data.join("keys"));
                copy(&first.data.path().join("trust"), &data.join("trust"));
            },
            Clock::Moved(clock),
        )
        .await;
        let ministry = Self {
            signers,
            first,
            second,
            ana,
            budi,
            clock,
        };
        for signer in 0..ministry.signers.len() {
            ministry.marks(signer, "active").await;
        }
        ministry
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        self.first.gateway().records().unwrap().store()
    }

    /// Ends both nodes' stores, so that nothing is under way when the test ends: what a connection waits for is dropped behind
    /// the runtime else, which `sqlx` does not forgive.
    pub(crate) async fn ends(&self) {
        for node in [&self.first, &self.second] {
            node.gateway().records().unwrap().store().close().await;
        }
    }

    /// An operator, known to both nodes, who works at these facilities and may do everything there.
    pub(crate) async fn clerk(&self, id: &'static str, facilities: &[&str]) -> Person {
        let person = Person::new(id);
        self.moves(&person, facilities).await;
        person
    }

    /// Has an operator work at these facilities and at no others.
    pub(crate) async fn moves(&self, person: &Person, facilities: &[&str]) {
        works_at(self.first.gateway(), person, facilities).await;
        self.second.gateway().follow().await.unwrap();
    }

    pub(crate) fn passes(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Keeps how a signer stands, as two operators have it done.
    pub(crate) async fn marks(&self, signer: usize, state: &str) {
        let der = &self.signers[signer].der;
        let body = json!({
            "certificate": BASE64_STANDARD.encode(der), "purposes": ["vaccination"], "region": "all",
            "quarter": "2026Q2", "active_from": "2026-06-01T00:00:00Z", "state": state, "at": "2026-06-01T00:00:00Z",
        });
        let record = Record {
            kind: RecordKind::SignerKey,
            source: "registry".to_owned(),
            name: Thumbprint(sha256(der)).to_string(),
            country: None,
            received_at: issued_at(),
            body: body.to_string().into_bytes(),
        };
        self.store().append(&[record], &[], None).await.unwrap();
        for node in [&self.first, &self.second] {
            node.gateway().follow().await.unwrap();
        }
    }

    fn dsc(&self, signer: usize) -> Arc<Dsc> {
        let world = self.first.gateway().world();
        let kid = self.signers[signer].kid();
        world
            .snapshot
            .trust()
            .candidates(&kid)
            .next()
            .unwrap()
            .clone()
    }

    /// Certificates by a signer, of which no register knows.
    pub(crate) fn forges(&self, signer: usize, count: usize) -> Vec<Certificate> {
        let key = &self.signers[signer].key;
        let made = (0..count).map(|_| self.forged(signer, |to_sign| key.sign(to_sign)));
        made.collect()
    }

    /// A certificate of other content with the `r` of `known`, as whoever has the key of its signer makes it: they work out
    /// the number that was drawn for `known` and use it again.
    pub(crate) fn forges_beside(&self, signer: usize, known: &Certificate) -> Certificate {
        let digest = |bytes: &[u8]| {
            let digest = p256::FieldBytes::from(sha256(bytes));
            <p256::Scalar as p256::elliptic_curve::ops::Reduce<_>>::reduce(&digest)
        };
        let secret = **self.signers[signer].key.as_nonzero_scalar();
        let (to_sign, signature) = known.signed.as_ref().unwrap();
        let (r, s) = (*signature.r(), *signature.s());
        let drawn = (digest(to_sign) + r * secret) * s.invert().unwrap();
        self.forged(signer, |to_sign| {
            let s = drawn.invert().unwrap() * (digest(to_sign) + r * secret);
            p256::ecdsa::Signature::from_scalars(r.to_bytes(), s.to_bytes()).unwrap()
        })
    }

    fn forged(
        &self,
        signer: usize,
        sign: impl FnOnce(&[u8]) -> p256::ecdsa::Signature,
    ) -> Certificate {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let claims: Claims = serde_json::from_str(VACCINATION).unwrap();
        let issuer = Issuer {
            country: Country::DEMO,
            name: "Ministry of Tests".into(),
        };
        let dsc = self.dsc(signer);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let mut random = [7; 16];
        random[8..].copy_from_slice(&number.to_be_bytes());
        let uvci = issue::uvci_from_random(Country::DEMO, random).unwrap();
        let uvci_hash = RevocationHash::of_uci(&uvci);
        let certificate = issue::check(&claims, &issuer, uvci, issued_at()).unwrap();
        let end = issued_at().plus(180 * 86_400);
        let prepared = issue::prepare(certificate, Country::DEMO, issued_at(), end, &dsc).unwrap();
        let to_sign = prepared.signed_bytes();
        let signature = sign(&to_sign);
        let bytes = signature.to_vec();
        let hash = RevocationHash::of_signature(&bytes, Algorithm::Es256);
        Certificate {
            signature: hash,
            mark: RegisterMark::of(hash, &to_sign),
            uvci: uvci_hash,
            text: prepared.complete(bytes).unwrap().text,
            signed: Some((to_sign, signature)),
        }
    }

    /// Certificates that were issued: the register knows them.
    pub(crate) async fn issues(
        &self,
        signer: usize,
        count: usize,
        operator: &str,
        facility: &str,
    ) -> Vec<Certificate> {
        let certificates = self.forges(signer, count);
        let events: Vec<_> = certificates
            .iter()
            .map(|it| event(it, operator, facility))
            .collect();
        let kid = self.signers[signer].kid();
        entered(self.store().as_ref(), &events, &certificates, &kid).await;
        certificates
    }

    /// The event that a certificate was made of.
    pub(crate) fn event_of(certificate: &Certificate) -> [u8; 16] {
        certificate.uvci.0
    }
}

fn event(certificate: &Certificate, operator: &str, facility: &str) -> NewEvent {
    let id = Ministry::event_of(certificate);
    NewEvent {
        id,
        source_key: sha256(&id),
        digest: sha256(&id),
        action: Action::New,
        purpose: Purpose::Vaccination,
        facility: facility.to_owned(),
        operator: operator.to_owned(),
        submitted_by: "ana".to_owned(),
        lot: Some("A1".to_owned()),
        batch: "0123456789abcdef0123456789abcdef".to_owned(),
        received_at_ms: issued_at().seconds() * 1000,
        body: b"encrypted".to_vec(),
        claim_key: sha256(&[&id[..], b"claim"].concat()),
        claim_again: b"encrypted".to_vec(),
        within: None,
    }
}

fn sealed(event: &NewEvent, certificate: &Certificate, kid: &Kid) -> Sealed {
    Sealed {
        event: event.id,
        issued: vec![IssuedRow {
            number: 0,
            event: event.id,
            profile: Profile::EuDcc,
            purpose: event.purpose,
            kid: kid.clone(),
            signature: certificate.signature,
            mark: certificate.mark,
            uvci: certificate.uvci,
            country_uvci: certificate.uvci,
            issued_at: issued_at(),
            expires_at: issued_at().plus(180 * 86_400),
            facility: event.facility.clone(),
            operator: event.operator.clone(),
            submitted_by: event.submitted_by.clone(),
            lot: event.lot.clone(),
            batch: event.batch.clone(),
        }],
        held: Some(Held {
            claim_key: event.claim_key,
            body: b"encrypted".to_vec(),
            until: issued_at().plus(90 * 86_400),
        }),
    }
}

/// Enters so many certificates that nobody signed into the register of `store`; the hashes of their signatures.
pub(crate) async fn registers(store: &dyn Store, count: usize) -> Vec<RevocationHash> {
    let certificates: Vec<_> = (0..count)
        .map(|number| {
            let hash = |what: &str| {
                let digest = sha256(format!("{what} {number}").as_bytes());
                RevocationHash(digest[..16].try_into().unwrap())
            };
            let signature = hash("signature");
            Certificate {
                text: String::new(),
                signature,
                mark: RegisterMark::of(signature, &[]),
                uvci: hash("identifier"),
                signed: None,
            }
        })
        .collect();
    let events: Vec<_> = certificates
        .iter()
        .map(|it| event(it, "clerk-17", "3174001"))
        .collect();
    let kid = Kid::from_bytes(&[7; 8]).unwrap();
    entered(store, &events, &certificates, &kid).await;
    certificates.iter().map(|it| it.signature).collect()
}

/// Has certificates of these events entered, as the worker does.
async fn entered(store: &dyn Store, events: &[NewEvent], certificates: &[Certificate], kid: &Kid) {
    // First, so that no node's own worker takes what waits for this one.
    let lease = lease(store).await;
    store.take_in(events, &[]).await.unwrap();
    let mut by_id: BTreeMap<_, _> = events.iter().map(|it| it.id).zip(certificates).collect();
    while !by_id.is_empty() {
        let waiting = store.waiting(Which::Oldest, 500).await.unwrap();
        let sealed: Vec<_> = waiting
            .iter()
            .map(|it| sealed(&it.event, by_id.remove(&it.event.id).unwrap(), kid))
            .collect();
        store.enter(&sealed, &[], &lease).await.unwrap();
    }
}

/// Keeps where an operator works.
async fn works_at(gateway: &Arc<Gateway>, person: &Person, facilities: &[&str]) {
    let facilities: Vec<_> = facilities.iter().map(|it| (*it).to_owned()).collect();
    let operator = person.operator().at(&facilities).unwrap();
    let record = operator.record(gateway.clock().now());
    let store = gateway.records().unwrap().store();
    store.append(&[record], &[], None).await.unwrap();
    gateway.follow().await.unwrap();
}

async fn lease(store: &dyn Store) -> Lease {
    for _ in 0..1000 {
        let lease = store.lease("issuing", "worker", issued_at(), 600).await;
        if let Some(lease) = lease.unwrap() {
            return lease;
        }
        // A node's own worker looks whether something is to be erased.
        actix_web::rt::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("a node's worker never gives the lease back");
}

/// The codes of what speaks against `text`, as `node` answers.
pub(crate) async fn codes(node: &TestGateway, text: &str) -> Vec<String> {
    let verdict = node.verify(text).await;
    let findings = verdict["findings"].as_array().unwrap();
    let codes = findings
        .iter()
        .map(|it| it["code"].as_str().unwrap().to_owned());
    codes.collect()
}
