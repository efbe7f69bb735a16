//! What any store must do, and the values it deals in.
//!
//! Refuses an UPDATE and a DELETE of what it keeps: whatever is taken back is taken back by a row that says so. Only what holds
//! personal data, encrypted, is erased; see [`super::issuing`].

use super::issuing::IssuingStore;
use crate::exchange::Record;
use crate::failure::Failure;
use crate::model::UnixTime;
use async_trait::async_trait;

/// Records, audit rows and leases, shared by all nodes of a gateway.
///
/// While a store is not [`Wholeness::Whole`], records are neither read nor written: every such call ends with
/// `store_incomplete`. Audit rows can be read always.
#[async_trait]
pub trait Store: IssuingStore {
    /// Adds `records` and `events`, all or none of them; each record gets the next sequence number. The head afterwards.
    ///
    /// With `fence`, only while no newer lease of that name was given out, as judged in the same transaction. A connection
    /// that breaks while the database commits is told as `store_unavailable` though the records may be there: ask for the
    /// head before trying again.
    ///
    /// # Errors
    /// `lease_lost`; `store_unavailable`, `store_incomplete`; `request_invalid` for a record or event over a ceiling.
    async fn append(
        &self,
        records: &[Record],
        events: &[Event],
        fence: Option<&Lease>,
    ) -> Result<Head, Failure>;

    /// Adds `records` and `events`, all or none of them, if `head` is still the newest good record. The head afterwards.
    ///
    /// Whoever has judged by all records up to `head` whether these may be added knows so that nobody added others meanwhile.
    ///
    /// # Errors
    /// `store_moved` where others did; otherwise as [`Store::append`].
    async fn append_after(
        &self,
        head: Head,
        records: &[Record],
        events: &[Event],
    ) -> Result<Head, Failure>;

    /// Up to `limit` rows after the sequence number `after`, in order; fewer where they are large. None is the end.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`. A row that this gateway did not write is no error: it is told in its place.
    async fn records(&self, after: u64, limit: u32) -> Result<Vec<Row>, Failure>;

    /// The newest good record, after looking for new ones; where there are none, one small query.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`.
    async fn head(&self) -> Result<Head, Failure>;

    /// The lease `name` for `holder` until `seconds` after `now`; `None` while somebody else has it.
    ///
    /// Who has it may renew it and gets a new token; the old one is worth nothing from then on. A holder is one running
    /// process, so its name must not be used by two.
    ///
    /// # Errors
    /// `store_unavailable`; `request_invalid` for a name over a ceiling.
    async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: UnixTime,
        seconds: u32,
    ) -> Result<Option<Lease>, Failure>;

    /// Gives `lease` back, so that nobody waits for its end. Nothing happens where it was lost before.
    ///
    /// # Errors
    /// `store_unavailable`.
    async fn release(&self, lease: &Lease, now: UnixTime) -> Result<(), Failure>;

    /// Up to `limit` audit rows after the number `after`, in order.
    ///
    /// # Errors
    /// `store_unavailable`.
    async fn audit_rows(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, Failure>;

    /// The newest audit row's number and hash.
    ///
    /// # Errors
    /// `store_unavailable`.
    async fn audit_head(&self) -> Result<AuditHead, Failure>;

    /// Whether everything is there that this node has ever seen, as found at opening and at every reading since.
    fn wholeness(&self) -> Wholeness;

    /// Takes the present state for whole; `actor` answers for it, in the audit. The head of the accepted state.
    ///
    /// What was lost may be a withdrawal. So fetch everything anew first, from the default marks of the feeds, then accept,
    /// then add what was fetched, and publish nothing before that. Nothing happens where the store is whole.
    ///
    /// # Errors
    /// `store_unavailable`, `input_output`.
    async fn accept(&self, actor: &str, at: UnixTime) -> Result<Head, Failure>;

    /// Ends all connections, waiting for what is under way.
    async fn close(&self);
}

/// The newest good record: its sequence number and its seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// From 1; 0 where there are no records.
    pub sequence: u64,
    /// 32 zero bytes where there are no records.
    pub seal: [u8; 32],
}

impl Head {
    /// That of a store without records.
    pub const EMPTY: Self = Self {
        sequence: 0,
        seal: [0; 32],
    };
}

/// One row of records.
#[derive(Debug)]
pub struct Row {
    /// Its number.
    pub sequence: u64,
    /// The record, or why it is not to be used: `seal_invalid` where this gateway did not write it, `store_unavailable`
    /// where a newer version did, of a kind that this one does not know.
    pub record: Result<Record, Failure>,
}

/// The right to do something that only one node may do at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Rises each time that the lease is given out.
    pub token: u64,
    /// Who has it.
    pub holder: String,
    /// From then on anybody may have it.
    pub expires_at: UnixTime,
}

/// Something that somebody did, without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: UnixTime,
    /// Who: an operator, a client, or the gateway itself.
    pub actor: String,
    /// What, as a machine name.
    pub event: String,
    /// To what.
    pub subject: String,
    /// With what result.
    pub detail: String,
}

/// One audit row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, from 1.
    pub sequence: u64,
    /// What it tells.
    pub event: Event,
    /// The hash over it and the hash of the row before.
    pub hash: [u8; 32],
}

/// The newest audit row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Its number; 0 where there is none.
    pub sequence: u64,
    /// Its hash; 32 zero bytes where there is none.
    pub hash: [u8; 32],
}

impl AuditHead {
    /// That of an audit without rows.
    pub const EMPTY: Self = Self {
        sequence: 0,
        hash: [0; 32],
    };
}

/// Whether everything is there that was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wholeness {
    /// Everything is.
    Whole,
    /// The database ends before, or continues differently from, a record that this node has seen: it was rolled back,
    /// restored, or cut.
    Behind {
        /// The newest record that this node has seen.
        seen: u64,
        /// The newest record that is there.
        found: u64,
    },
    /// A record names a predecessor that is not there, or not as it was.
    Gap {
        /// The last record before the gap.
        after: u64,
        /// The first good one behind it.
        found: u64,
    },
}

impl std::fmt::Display for Wholeness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Behind { seen, found } if found < seen => write!(
                f,
                "rolled back, restored or cut: record {seen} was seen, the last one there is {found}"
            ),
            Self::Behind { seen, found } => write!(
                f,
                "rolled back or restored: record {seen} was seen and is another one now, the last one there is {found}"
            ),
            Self::Gap { after, found } => write!(
                f,
                "record {found} does not follow record {after}: what was between them is missing or was altered"
            ),
        }
    }
}

/// Bytes in the body of a record.
pub const MAX_BODY: usize = 16 * 1024 * 1024;
/// Bytes in a name, a source, an actor, an event, a subject, a holder.
pub const MAX_TEXT: usize = 1024;
/// Bytes in the detail of an event.
pub const MAX_DETAIL: usize = 4096;
