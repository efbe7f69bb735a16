//! What every foreign source of trust can be asked: what is new there.
//!
//! Refuses to judge: documents leave here as they came, with what a feed says of their coming and going.

use crate::exchange::RecordKind;
use crate::failure::Failure;
use crate::model::{Country, UnixTime};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A foreign source of trust.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Its id, as in `feeds.toml`.
    fn id(&self) -> &str;

    /// What is new since `mark`, as of `at`. A default mark asks for everything.
    ///
    /// # Errors
    /// `upstream_unavailable` where it does not answer, `upstream_invalid` where the answer as a whole makes no sense. What
    /// is wrong with a single document is told in the answer and fails nothing else.
    async fn fetch(&self, mark: &Mark, at: UnixTime) -> Result<Fetched, Failure>;
}

/// How far a feed was read: what the next question needs to know, and what a rolled-back answer is noticed by.
///
/// Kept outside the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mark {
    /// When everything was last fetched, seconds since 1970-01-01T00:00:00Z.
    pub full_at: Option<i64>,
    /// For each thing that can be asked for from an instant on, that instant. A gateway's are `signers`, `revocation`, and
    /// `revocation_full`: when every batch was last asked for.
    pub since: BTreeMap<String, i64>,
    /// For each thing that has one, the entity tag of what is known of it: for documents on the web, by their DID.
    pub etags: BTreeMap<String, String>,
}

impl Mark {
    /// The same, but of these `kinds` no more is known than `before`: what was refused as a whole is asked for again.
    #[must_use]
    pub fn held_back(mut self, before: &Self, kinds: &BTreeSet<RecordKind>) -> Self {
        let mut hold = |name: &str| match before.since.get(name) {
            Some(since) => drop(self.since.insert(name.to_owned(), *since)),
            None => drop(self.since.remove(name)),
        };
        if kinds.contains(&RecordKind::TrustListEntry) {
            hold(SIGNERS);
            self.full_at = before.full_at;
        }
        if kinds.contains(&RecordKind::RevocationBatch) {
            hold(REVOCATION);
            hold(REVOCATION_FULL);
        }
        if kinds.contains(&RecordKind::DidDocument) {
            self.etags.clone_from(&before.etags);
        }
        self
    }
}

/// Since when changes of the signers are asked for, in [`Mark::since`].
pub(super) const SIGNERS: &str = "signers";
/// The same of the batches of revocations.
pub(super) const REVOCATION: &str = "revocation";
/// When all batches were last asked for.
pub(super) const REVOCATION_FULL: &str = "revocation_full";

/// What a feed answered.
#[derive(Debug, Default)]
pub struct Fetched {
    /// The documents that are new, or may be.
    pub documents: Vec<FetchedDocument>,
    /// What the feed says is gone: the kind, and the name that its record has.
    pub withdrawn: Vec<(RecordKind, String)>,
    /// The kinds that were asked about and answered for as a whole, changed or not: what is known of them is as fresh as
    /// this answer. A kind that failed is not among them, and is told as a trouble.
    pub answered: Vec<RecordKind>,
    /// The kinds of which everything there is was fetched: what is neither among the documents nor standing is gone.
    pub complete: Vec<RecordKind>,
    /// What the feed still has, though its document is not here or could not be used: the kind, and the name that its
    /// record has. Neither new nor gone.
    pub standing: Vec<(RecordKind, String)>,
    /// What was wrong with single documents: where they stand, and why they were left out.
    pub troubles: Vec<(String, Failure)>,
    /// The mark to ask with next time, once all of this is safe.
    pub mark: Mark,
}

/// A document as it came.
#[derive(Clone, Debug)]
pub struct FetchedDocument {
    /// What it is.
    pub kind: RecordKind,
    /// Its name among those of its kind.
    pub name: String,
    /// The country the feed says it speaks for.
    pub country: Option<Country>,
    /// Its bytes.
    pub body: Vec<u8>,
}
