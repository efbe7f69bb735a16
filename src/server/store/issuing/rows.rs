//! The rows of issuing, as they lie under their seals.
//!
//! Refuses a word that is none of the known ones.

use super::contract::{Held, IssuedRow, NewEvent};
use super::table::{Column, Fields, Stored, Table, Value};
use crate::issue::event::{Action, Profile};
use crate::model::{Kid, Purpose, UnixTime};
use crate::revocation::{RegisterMark, RevocationHash};
use crate::server::store::rows::{number, unsigned};

/// A version of an event.
#[derive(Clone)]
pub(super) struct EventRow {
    pub(super) id: [u8; 16],
    pub(super) slot: [u8; 32],
    pub(super) source_key: [u8; 32],
    pub(super) version: i64,
    pub(super) digest: [u8; 32],
    pub(super) action: Action,
    pub(super) purpose: Purpose,
    pub(super) facility: String,
    pub(super) operator: String,
    pub(super) submitted_by: String,
    pub(super) lot: Option<String>,
    pub(super) batch: String,
    pub(super) received_at_ms: i64,
    pub(super) supersedes: Option<[u8; 16]>,
}

impl EventRow {
    /// `event` as the version of that number.
    pub(super) fn of(
        event: &NewEvent,
        slot: [u8; 32],
        version: i64,
        supersedes: Option<[u8; 16]>,
    ) -> Self {
        Self {
            id: event.id,
            slot,
            source_key: event.source_key,
            version,
            digest: event.digest,
            action: event.action,
            purpose: event.purpose,
            facility: event.facility.clone(),
            operator: event.operator.clone(),
            submitted_by: event.submitted_by.clone(),
            lot: event.lot.clone(),
            batch: event.batch.clone(),
            received_at_ms: event.received_at_ms,
            supersedes,
        }
    }

    /// What was taken in, with what waits of it.
    pub(super) fn with(self, waiting: WaitingRow) -> NewEvent {
        NewEvent {
            id: self.id,
            source_key: self.source_key,
            digest: self.digest,
            action: self.action,
            purpose: self.purpose,
            facility: self.facility,
            operator: self.operator,
            submitted_by: self.submitted_by,
            lot: self.lot,
            batch: self.batch,
            received_at_ms: self.received_at_ms,
            body: waiting.body,
            claim_key: waiting.claim_key,
            claim_again: Vec::new(),
            within: None,
        }
    }
}

impl Stored for EventRow {
    const TABLE: Table = EVENT;

    fn values(&self) -> Vec<Value> {
        vec![
            Value::bytes(&self.id),
            Value::bytes(&self.slot),
            Value::bytes(&self.source_key),
            Value::Number(self.version),
            Value::bytes(&self.digest),
            Value::text(action_name(self.action)),
            Value::text(self.purpose.name()),
            Value::text(&self.facility),
            Value::text(&self.operator),
            Value::text(&self.submitted_by),
            Value::text(self.lot.as_deref().unwrap_or_default()),
            Value::text(&self.batch),
            Value::Number(self.received_at_ms),
            Value::Bytes(self.supersedes.map_or_else(Vec::new, |it| it.to_vec())),
        ]
    }

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            id: fields.bytes()?,
            slot: fields.bytes()?,
            source_key: fields.bytes()?,
            version: fields.number()?,
            digest: fields.bytes()?,
            action: action(&fields.text()?)?,
            purpose: purpose(&fields.text()?)?,
            facility: fields.text()?,
            operator: fields.text()?,
            submitted_by: fields.text()?,
            lot: Some(fields.text()?).filter(|it| !it.is_empty()),
            batch: fields.text()?,
            received_at_ms: fields.number()?,
            supersedes: fields.blob()?.try_into().ok(),
        })
    }
}

/// What waits of an event.
pub(super) struct WaitingRow {
    pub(super) event: [u8; 16],
    pub(super) received_at_ms: i64,
    pub(super) body: Vec<u8>,
    pub(super) claim_key: [u8; 32],
}

impl Stored for WaitingRow {
    const TABLE: Table = WAITING;

    fn values(&self) -> Vec<Value> {
        vec![
            Value::bytes(&self.event),
            Value::Number(self.received_at_ms),
            Value::bytes(&self.body),
            Value::bytes(&self.claim_key),
        ]
    }

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            event: fields.bytes()?,
            received_at_ms: fields.number()?,
            body: fields.blob()?,
            claim_key: fields.bytes()?,
        })
    }
}

/// A claim that is kept for a second answer.
pub(super) struct ReceiptRow {
    pub(super) event: [u8; 16],
    pub(super) claim_again: Vec<u8>,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub(super) until: i64,
}

impl Stored for ReceiptRow {
    const TABLE: Table = RECEIPT;

    fn values(&self) -> Vec<Value> {
        vec![
            Value::bytes(&self.event),
            Value::bytes(&self.claim_again),
            Value::Number(self.until),
        ]
    }

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            event: fields.bytes()?,
            claim_again: fields.blob()?,
            until: fields.number()?,
        })
    }
}

/// What a holder can fetch, and of which event.
pub(super) struct HeldRow {
    pub(super) event: [u8; 16],
    pub(super) held: Held,
}

impl Stored for HeldRow {
    const TABLE: Table = HELD;

    fn values(&self) -> Vec<Value> {
        vec![
            Value::bytes(&self.held.claim_key),
            Value::bytes(&self.event),
            Value::bytes(&self.held.body),
            Value::Number(self.held.until.seconds()),
        ]
    }

    fn read(fields: &mut Fields) -> Option<Self> {
        let claim_key = fields.bytes()?;
        Some(Self {
            event: fields.bytes()?,
            held: Held {
                claim_key,
                body: fields.blob()?,
                until: UnixTime::from_seconds(fields.number()?)?,
            },
        })
    }
}

/// A certificate in the register, under its slot.
pub(super) struct RegisterRow {
    pub(super) slot: [u8; 32],
    pub(super) issued: IssuedRow,
}

impl Stored for RegisterRow {
    const TABLE: Table = ISSUED;

    fn values(&self) -> Vec<Value> {
        let it = &self.issued;
        vec![
            Value::Number(number(it.number)),
            Value::bytes(&self.slot),
            Value::bytes(&it.event),
            Value::text(it.profile.name()),
            Value::text(it.purpose.name()),
            Value::bytes(it.kid.as_bytes()),
            Value::bytes(&it.signature.0),
            Value::bytes(&it.mark.0),
            Value::bytes(&it.uvci.0),
            Value::bytes(&it.country_uvci.0),
            Value::Number(it.issued_at.seconds()),
            Value::Number(it.expires_at.seconds()),
            Value::text(&it.facility),
            Value::text(&it.operator),
            Value::text(&it.submitted_by),
            Value::text(it.lot.as_deref().unwrap_or_default()),
            Value::text(&it.batch),
        ]
    }

    fn read(fields: &mut Fields) -> Option<Self> {
        let number = unsigned(fields.number()?);
        Some(Self {
            slot: fields.bytes()?,
            issued: IssuedRow {
                number,
                event: fields.bytes()?,
                profile: Profile::parse(&fields.text()?)?,
                purpose: purpose(&fields.text()?)?,
                kid: Kid::from_bytes(&fields.blob()?)?,
                signature: RevocationHash(fields.bytes()?),
                mark: RegisterMark(fields.bytes()?),
                uvci: RevocationHash(fields.bytes()?),
                country_uvci: RevocationHash(fields.bytes()?),
                issued_at: UnixTime::from_seconds(fields.number()?)?,
                expires_at: UnixTime::from_seconds(fields.number()?)?,
                facility: fields.text()?,
                operator: fields.text()?,
                submitted_by: fields.text()?,
                lot: Some(fields.text()?).filter(|it| !it.is_empty()),
                batch: fields.text()?,
            },
        })
    }
}

/// What a request under a key of the caller's own was answered; an empty body while it is being done.
pub(super) struct AnswerRow {
    pub(super) slot: [u8; 32],
    pub(super) request: [u8; 32],
    pub(super) attempt: [u8; 16],
    pub(super) body: Vec<u8>,
    /// The first second at which it is worth nothing, since 1970-01-01T00:00:00Z.
    pub(super) until: i64,
}

impl Stored for AnswerRow {
    const TABLE: Table = ANSWER;

    fn values(&self) -> Vec<Value> {
        vec![
            Value::bytes(&self.slot),
            Value::bytes(&self.request),
            Value::bytes(&self.attempt),
            Value::bytes(&self.body),
            Value::Number(self.until),
        ]
    }

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            slot: fields.bytes()?,
            request: fields.bytes()?,
            attempt: fields.bytes()?,
            body: fields.blob()?,
            until: fields.number()?,
        })
    }
}

fn purpose(name: &str) -> Option<Purpose> {
    Purpose::ALL.into_iter().find(|it| it.name() == name)
}

fn action_name(action: Action) -> &'static str {
    match action {
        Action::New => "new",
        Action::Correct => "correct",
        Action::Cancel => "cancel",
        Action::Renew => "renew",
    }
}

fn action(name: &str) -> Option<Action> {
    [Action::New, Action::Correct, Action::Cancel, Action::Renew]
        .into_iter()
        .find(|it| action_name(*it) == name)
}

/// The names of all tables.
pub(super) const NAMES: [&str; 6] = ["event", "waiting", "receipt", "held", "issued", "answer"];
const EVENT: Table = Table {
    name: "event",
    columns: &[
        Column::Bytes("id"),
        Column::Bytes("slot"),
        Column::Bytes("source_key"),
        Column::Number("version"),
        Column::Bytes("digest"),
        Column::Text("action"),
        Column::Text("purpose"),
        Column::Text("facility"),
        Column::Text("operator"),
        Column::Text("submitted_by"),
        Column::Text("lot"),
        Column::Text("batch"),
        Column::Number("received_at_ms"),
        Column::Bytes("supersedes"),
    ],
};
const WAITING: Table = Table {
    name: "waiting",
    columns: &[
        Column::Bytes("event"),
        Column::Number("received_at_ms"),
        Column::Bytes("body"),
        Column::Bytes("claim_key"),
    ],
};
const RECEIPT: Table = Table {
    name: "receipt",
    columns: &[
        Column::Bytes("event"),
        Column::Bytes("claim_again"),
        Column::Number("until"),
    ],
};
const HELD: Table = Table {
    name: "held",
    columns: &[
        Column::Bytes("claim_key"),
        Column::Bytes("event"),
        Column::Bytes("body"),
        Column::Number("until"),
    ],
};
const ANSWER: Table = Table {
    name: "answer",
    columns: &[
        Column::Bytes("slot"),
        Column::Bytes("request"),
        Column::Bytes("attempt"),
        Column::Bytes("body"),
        Column::Number("until"),
    ],
};
const ISSUED: Table = Table {
    name: "issued",
    columns: &[
        Column::Number("number"),
        Column::Bytes("slot"),
        Column::Bytes("event"),
        Column::Text("profile"),
        Column::Text("purpose"),
        Column::Bytes("kid"),
        Column::Bytes("signature"),
        Column::Bytes("mark"),
        Column::Bytes("uvci"),
        Column::Bytes("country_uvci"),
        Column::Number("issued_at"),
        Column::Number("expires_at"),
        Column::Text("facility"),
        Column::Text("operator"),
        Column::Text("submitted_by"),
        Column::Text("lot"),
        Column::Text("batch"),
    ],
};
