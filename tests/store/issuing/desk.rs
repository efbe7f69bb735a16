//! Events and what a worker makes of them, for tests of the store: every value follows from a number.

use crate::ground::at;
use lintas::issue::event::{Action, Profile};
use lintas::model::{Kid, Purpose};
use lintas::revocation::{RegisterMark, RevocationHash};
use lintas::server::store::issuing::{Held, IssuedRow, NewEvent, Sealed, Waiting, Which};
use lintas::server::store::{Lease, Store};
use std::sync::atomic::{AtomicU64, Ordering};

/// A second in milliseconds.
pub(crate) const SECOND: i64 = 1000;

/// A new event named `source` that says `what`, with an id of its own.
pub(crate) fn event(source: &str, what: &str) -> NewEvent {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let mut id = [0xee; 16];
    // Ids of two processes on one store differ, too.
    id[..4].copy_from_slice(&std::process::id().to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    NewEvent {
        id,
        source_key: filled(source),
        digest: filled(what),
        action: Action::New,
        purpose: Purpose::Vaccination,
        facility: "3174001".into(),
        operator: "clerk-17".into(),
        submitted_by: "hospital-a".into(),
        lot: Some("A1".into()),
        batch: "0123456789abcdef0123456789abcdef".into(),
        received_at_ms: at(0).seconds() * SECOND + i64::try_from(number).unwrap(),
        body: format!("body of {source}: {what}").into_bytes(),
        claim_key: claim_key(&id),
        claim_again: format!("claim of {number}").into_bytes(),
        within: None,
    }
}

/// The same with another action.
pub(crate) fn acting(action: Action, source: &str, what: &str) -> NewEvent {
    NewEvent {
        action,
        ..event(source, what)
    }
}

pub(crate) fn claim_key(id: &[u8; 16]) -> [u8; 32] {
    let mut key = [0xc1; 32];
    key[16..].copy_from_slice(id);
    key
}

/// 32 bytes that stand for `text`.
pub(crate) fn filled(text: &str) -> [u8; 32] {
    let mut bytes = [b'.'; 32];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    bytes
}

/// What a worker makes of `event`: one certificate in each form, or nothing of a cancellation.
pub(crate) fn sealed(event: &NewEvent) -> Sealed {
    if event.action == Action::Cancel {
        return Sealed {
            event: event.id,
            issued: Vec::new(),
            held: None,
        };
    }
    Sealed {
        event: event.id,
        issued: Profile::ALL.map(|profile| issued(event, profile)).into(),
        held: Some(Held {
            claim_key: event.claim_key,
            body: [b"held ", &event.id[..]].concat(),
            until: at(90 * 86_400),
        }),
    }
}

pub(crate) fn issued(event: &NewEvent, profile: Profile) -> IssuedRow {
    let hash = |kind: u8| {
        let mut bytes = event.id;
        bytes[6] = kind;
        bytes[7] = u8::from(profile == Profile::EuDcc);
        RevocationHash(bytes)
    };
    IssuedRow {
        number: 0,
        event: event.id,
        profile,
        purpose: event.purpose,
        kid: Kid::from_bytes(&[7; 8]).unwrap(),
        signature: hash(1),
        mark: RegisterMark(hash(4).0),
        uvci: hash(2),
        country_uvci: hash(3),
        issued_at: at(event.received_at_ms / SECOND - at(0).seconds()),
        expires_at: at(365 * 86_400),
        facility: event.facility.clone(),
        operator: event.operator.clone(),
        submitted_by: event.submitted_by.clone(),
        lot: event.lot.clone(),
        batch: event.batch.clone(),
    }
}

pub(crate) async fn lease(store: &dyn Store) -> Lease {
    let lease = store.lease("issuing", "worker", at(0), 600).await.unwrap();
    lease.expect("nobody else has it")
}

/// Makes certificates of everything that waits. What it was.
pub(crate) async fn work(store: &dyn Store) -> Vec<Waiting> {
    let lease = lease(store).await;
    let mut done = Vec::new();
    loop {
        let waiting = store.waiting(Which::Oldest, 500).await.unwrap();
        if waiting.is_empty() {
            return done;
        }
        let sealed: Vec<_> = waiting.iter().map(|it| sealed(&it.event)).collect();
        store.enter(&sealed, &[], &lease).await.unwrap();
        done.extend(waiting);
    }
}
