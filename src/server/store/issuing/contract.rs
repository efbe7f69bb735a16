//! What the part of a store that issuing needs must do, and the values it deals in.
//!
//! Refuses to grant by a row being there: each bears an intake seal, an HMAC over all of it by a key that the database
//! never holds, and one whose seal is not good is told as such and never obeyed.

use super::super::contract::{Event, Lease};
use crate::failure::{Code, Failure};
use crate::issue::event::{Action, Profile};
use crate::model::{Kid, Purpose, UnixTime};
use crate::revocation::{RegisterMark, RevocationHash};
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;

/// Events, the register and what holders can fetch.
///
/// All calls fail with `store_incomplete` while records are missing, and with `store_unavailable` where the database does
/// not answer.
#[async_trait]
pub trait IssuingStore: Send + Sync {
    /// Takes `events` in, up to [`MAX_BATCH`], with audit rows `told`, in one transaction; what became of each, in order.
    ///
    /// One event that cannot be taken in keeps none of the others out. Of two writers with one source id one finds the
    /// other's; two events of one call with one source id are as if handed in one after the other. A connection that breaks
    /// while the database commits is told as `store_unavailable` though the events may be there: hand the same in again.
    ///
    /// # Errors
    /// `input_too_large` for more; `request_invalid` for a field over its ceiling.
    async fn take_in(&self, events: &[NewEvent], told: &[Event]) -> Result<Vec<Taken>, Failure>;

    /// Up to `limit` events that wait for certificates, those with a good seal alone: the newest first, the oldest, or
    /// those behind one of them.
    ///
    /// What lies there without a good seal, or was put back after it was erased, is counted, told in the log and in the
    /// audit, and erased, however much there is: it might be somebody's data that nobody would ever erase.
    async fn waiting(&self, which: Which, limit: u32) -> Result<Vec<Waiting>, Failure>;

    /// How many events wait, and since when the oldest does: by rows, before their seals are looked at.
    async fn backlog(&self) -> Result<(u64, Option<UnixTime>), Failure>;

    /// Enters what was made of events: register rows, what the holder can fetch; and erases what waited. All or none, with
    /// audit rows `told`, and only while no newer lease of that name was given out.
    ///
    /// # Errors
    /// `lease_lost`; `store_moved` where one of the events does not wait any more; `request_invalid` for a row of another
    /// event, for two of one profile, and for a field over its ceiling.
    async fn enter(&self, sealed: &[Sealed], told: &[Event], fence: &Lease) -> Result<(), Failure>;

    /// Which certificates with these marks stand in the register, in order, under a good seal.
    async fn registered(&self, marks: &[RegisterMark]) -> Result<Vec<Registered>, Failure>;

    /// How many certificates `selector` means, in parts that people understand.
    async fn tally(&self, selector: &Selector) -> Result<Tally, Failure>;

    /// Up to `limit` rows of the register that `selector` means, behind the row numbered `after`, in order.
    ///
    /// A row without a good seal is left out, counted and logged. Fewer than `limit` are the last ones.
    ///
    /// # Errors
    /// `input_too_large` for a selector of over [`MAX_SELECTED`] events or hashes.
    async fn select(
        &self,
        selector: &Selector,
        after: u64,
        limit: u32,
    ) -> Result<Vec<IssuedRow>, Failure>;

    /// What lies under this key, derived from a claim, until it is erased; one query and the same work whether there is
    /// something or not. Whether its time is over is for the caller to say.
    async fn held(&self, claim_key: &[u8; 32]) -> Result<Option<Held>, Failure>;

    /// Whether an event waits of which certificates will lie under this key; the same work whether there is one or not.
    ///
    /// It grants nothing, so that no seal is looked at.
    async fn waits(&self, claim_key: &[u8; 32]) -> Result<bool, Failure>;

    /// Erases what holders could fetch until before `now`, claims kept for a second answer until before `now`, and what has
    /// waited since before `waited_since`. For how many events that could be fetched, and how many events that waited.
    ///
    /// Erased events that never became certificates are audited, as a number. SQLite's write-ahead log is emptied, so that
    /// nothing erased before lies there any more; PostgreSQL keeps erased rows in its files until its own vacuum.
    async fn expire(&self, now: UnixTime, waited_since: UnixTime) -> Result<(u64, u64), Failure>;

    /// Begins a changing request under a key of the caller's own, unless the same, or another under that key, came before.
    ///
    /// Of several who begin at once, on whichever nodes, one is the first. Whoever is it has [`RUNNING_S`] until somebody else
    /// may begin again.
    async fn begin_answer(&self, attempt: &Attempt, now: UnixTime) -> Result<Begun, Failure>;

    /// Keeps the encrypted `answer` to `attempt` for [`ANSWER_S`] from `now` on; without one nothing is kept, and the next who
    /// begins is the first. Nothing happens where somebody else has begun since.
    ///
    /// # Errors
    /// `request_invalid` for an answer without bytes, or of more than [`MAX_ANSWER`].
    async fn end_answer(
        &self,
        attempt: &Attempt,
        answer: Option<&[u8]>,
        now: UnixTime,
    ) -> Result<(), Failure>;

    /// Erases answers whose time was over before `now`. How many there were.
    async fn expire_answers(&self, now: UnixTime) -> Result<u64, Failure>;

    /// How the event with this source key stands.
    async fn standing(&self, source_key: &[u8; 32]) -> Result<Option<Standing>, Failure>;

    /// Whether any event was ever taken in, by whomever: then what it says is encrypted under a key that must not be made anew.
    async fn holds_events(&self) -> Result<bool, Failure>;

    /// Looks at every row of these tables.
    async fn survey(&self) -> Result<Survey, Failure>;
}

/// An event to take in.
#[derive(Clone)]
pub struct NewEvent {
    /// 16 random bytes.
    pub id: [u8; 16],
    /// HMAC over the source id.
    pub source_key: [u8; 32],
    /// HMAC over what the event says, the person included.
    pub digest: [u8; 32],
    /// What is to be done.
    pub action: Action,
    /// Which kind of certificate.
    pub purpose: Purpose,
    /// The facility.
    pub facility: String,
    /// Who entered it.
    pub operator: String,
    /// Who handed it in: an operator of the registry.
    pub submitted_by: String,
    /// The lot.
    pub lot: Option<String>,
    /// The import that it came with: 32 hexadecimal digits.
    pub batch: String,
    /// When it came, milliseconds since 1970-01-01T00:00:00Z.
    pub received_at_ms: i64,
    /// The event and its claim, encrypted under the data key; erased once it has its certificates.
    pub body: Vec<u8>,
    /// The key, derived from the claim, under which the holder will find what was made of it.
    pub claim_key: [u8; 32],
    /// The claim, encrypted under the data key, for a caller that did not hear the answer; erased after a day.
    pub claim_again: Vec<u8>,
    /// The facilities whose events it may change, in whatever it does but `new`; none where those of all. Not kept.
    pub within: Option<Arc<[String]>>,
}

/// An attempt at a changing request under a key of the caller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// HMAC over caller, route and key.
    pub slot: [u8; 32],
    /// HMAC over what is asked.
    pub request: [u8; 32],
    /// 16 random bytes, so that it is known from another attempt.
    pub id: [u8; 16],
}

/// What beginning an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the first.
    First,
    /// The same is still being done.
    Running,
    /// The same was done, and its answer, encrypted, is this.
    Answered(Vec<u8>),
    /// Something else was asked under this key.
    Other,
}

/// What became of an event that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It waits for its certificates; for a correction or renewal, those of the earlier event are to be withdrawn, and its
    /// claim is dead.
    New,
    /// The same was taken in before; the claim given out then stands, encrypted as it was, until a day later.
    Known {
        /// [`NewEvent::claim_again`] of then.
        claim_again: Option<Vec<u8>>,
    },
    /// It never happened any more: no certificates will be made of it. Where some may have been, the cancellation itself
    /// waits, so that they are withdrawn whatever happens to whoever took it in.
    Cancelled,
    /// `event_conflict`, also for what was cancelled; `event_unknown`, also for one of a facility that is not [`NewEvent::within`]; `seal_invalid` where what was taken in before was altered.
    Refused(Code),
}

/// Which part of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that came last: whoever waits at the counter.
    Newest,
    /// Those that came first.
    Oldest,
    /// Those that came next after this one, whether it waits on or not.
    Behind {
        /// When it came, milliseconds since 1970-01-01T00:00:00Z.
        received_at_ms: i64,
        /// The event.
        event: [u8; 16],
    },
}

/// An event that waits for its certificates.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Everything that was taken in, but for [`NewEvent::claim_again`], which is empty here. A cancellation has an empty body, and
    /// is entered without certificates and with nothing to fetch.
    pub event: NewEvent,
    /// The last event before this one that has certificates: they are to be withdrawn before this one is entered.
    pub supersedes: Option<[u8; 16]>,
}

/// What was made of one event.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The event.
    pub event: [u8; 16],
    /// A row for each certificate; none where none could be made.
    pub issued: Vec<IssuedRow>,
    /// What the holder can fetch; none for a cancellation.
    pub held: Option<Held>,
}

/// What the holder can fetch under a claim.
#[derive(Clone, PartialEq, Eq)]
pub struct Held {
    /// The key, derived from the claim, under which it lies.
    pub claim_key: [u8; 32],
    /// The certificates, encrypted under another key derived from the claim.
    pub body: Vec<u8>,
    /// Until when it can be fetched.
    pub until: UnixTime,
}

/// One certificate in the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedRow {
    /// Its number in the register; given by the store, 0 before.
    pub number: u64,
    /// The event that it was made of.
    pub event: [u8; 16],
    /// The form.
    pub profile: Profile,
    /// Which kind.
    pub purpose: Purpose,
    /// Its signer's key identifier.
    pub kid: Kid,
    /// The hash of its signature.
    pub signature: RevocationHash,
    /// By which it is known again.
    pub mark: RegisterMark,
    /// The hash of its identifier.
    pub uvci: RevocationHash,
    /// The hash of country and identifier.
    pub country_uvci: RevocationHash,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// The last second of its period.
    pub expires_at: UnixTime,
    /// The facility.
    pub facility: String,
    /// Who entered the event.
    pub operator: String,
    /// Who handed it in.
    pub submitted_by: String,
    /// The lot.
    pub lot: Option<String>,
    /// The import.
    pub batch: String,
}

/// What the register says of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It was issued here.
    Yes,
    /// It was not.
    No,
}

/// Which certificates of the register are meant: those for which everything that is given holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Those of these events.
    pub events: Vec<[u8; 16]>,
    /// Those with these hashes of signature, identifier, or country and identifier.
    pub hashes: Vec<RevocationHash>,
    /// Those of events that this operator entered.
    pub operator: Option<String>,
    /// Those of events that this operator handed in.
    pub submitted_by: Option<String>,
    /// Those of this facility.
    pub facility: Option<String>,
    /// Those of this lot.
    pub lot: Option<String>,
    /// Those of this import.
    pub batch: Option<String>,
    /// Those signed under this key identifier.
    pub kid: Option<Kid>,
    /// Those issued at or after this instant.
    pub from: Option<UnixTime>,
    /// Those issued before this instant.
    pub to: Option<UnixTime>,
}

/// How many certificates a selector means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In all.
    pub certificates: u64,
    /// How many events they were made of.
    pub events: u64,
    /// How many facilities.
    pub facilities: u64,
    /// How many operators.
    pub operators: u64,
    /// The number of the last row in the register at that moment: rows behind it were not counted.
    pub through: u64,
    /// The first was issued then.
    pub first: Option<UnixTime>,
    /// The last was issued then.
    pub last: Option<UnixTime>,
}

/// How an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The newest event with this source key.
    pub event: [u8; 16],
    /// HMAC over what it says.
    pub digest: [u8; 32],
    /// Whether it waits for its certificates.
    pub waits: bool,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// When it came, milliseconds since 1970-01-01T00:00:00Z.
    pub received_at_ms: i64,
    /// Its facility.
    pub facility: String,
}

/// What a look at every row came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Versions of events.
    pub events: u64,
    /// Of those, how many wait.
    pub waiting: u64,
    /// Claims kept for a second answer.
    pub receipts: u64,
    /// What holders can fetch.
    pub held: u64,
    /// Answers kept for whoever asks again.
    pub answers: u64,
    /// Certificates in the register.
    pub certificates: u64,
    /// What is wrong, a sentence each, the first [`Survey::MAX_FINDINGS`]; none is good.
    pub findings: Vec<String>,
}

impl Survey {
    /// How many findings are told.
    pub const MAX_FINDINGS: usize = 100;
}

impl fmt::Debug for NewEvent {
    /// Which it is, and nothing that it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEvent")
            .field("id", &base16ct::lower::encode_string(&self.id))
            .field("action", &self.action)
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Events in one call of [`IssuingStore::take_in`], and of [`IssuingStore::enter`].
pub const MAX_BATCH: usize = 10_000;
/// Events, and hashes, in one [`Selector`].
pub const MAX_SELECTED: usize = 10_000;
/// Bytes in the encrypted body of an event that waits.
pub const MAX_WAITING: usize = 64 * 1024;
/// Bytes in an encrypted claim.
pub const MAX_CLAIM_AGAIN: usize = 1024;
/// Bytes in what a holder can fetch.
pub const MAX_HELD: usize = 256 * 1024;
/// Bytes of an encrypted answer that is kept.
pub const MAX_ANSWER: usize = 264 * 1024;
/// Seconds for which an answer is kept.
pub const ANSWER_S: i64 = 86_400;
/// Seconds after which a request that was begun and not ended may be begun again.
pub const RUNNING_S: i64 = 120;
/// Seconds for which a claim is kept for a second answer.
pub const CLAIM_AGAIN_S: i64 = 86_400;
