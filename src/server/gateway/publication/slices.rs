//! The slices of withdrawn certificates that verifier apps fetch, made anew where something else is withdrawn.
//!
//! Refuses to make them while records are missing: what they withdraw is not known to be good. Refuses what one country says of
//! another's signers. Apps ask by key identifier alone, so a batch counts only where its country has such a signer, or nobody has.

use super::publisher::Publisher;
use crate::exchange::dgcg::slice::SliceLists;
use crate::failure::{Code, Failure};
use crate::model::{SnapshotId, UnixTime};
use crate::revocation::RevocationBatch;
use crate::server::gateway::{Gateway, number};
use crate::trust::TrustList;
use arc_swap::ArcSwapOption;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::info;

/// The slices that a node serves, and what they were made of.
#[derive(Default)]
pub(super) struct Slices {
    serving: ArcSwapOption<SliceLists>,
    made_of: Mutex<Option<MadeOf>>,
}

/// What slices were last made of, and until when they are as they are.
#[derive(Clone, Copy)]
struct MadeOf {
    snapshot: SnapshotId,
    own: u64,
    until: UnixTime,
}

impl Gateway {
    /// The slices of what is withdrawn.
    ///
    /// # Errors
    /// `not_published` where this node does not publish, or has not made any yet.
    pub fn slices(&self) -> Result<Arc<SliceLists>, Failure> {
        let serving = self.publisher()?.slices.serving.load_full();
        serving.ok_or_else(|| Code::NotPublished.because("no slices were made yet"))
    }

    /// Makes the slices anew if something else is withdrawn than when they were made, or one of them has ended.
    ///
    /// # Errors
    /// `not_published` where this node does not publish; `store_incomplete`; `revocation_invalid` where more hashes begin alike
    /// than a filter can hold. What was served before is served on.
    pub async fn keep_slices(self: &Arc<Self>) -> Result<(), Failure> {
        let gateway = Arc::clone(self);
        let kept = actix_web::rt::task::spawn_blocking(move || gateway.make_slices());
        kept.await
            .map_err(|error| Code::Internal.caused_by("no slices were made", error))?
    }

    fn make_slices(&self) -> Result<(), Failure> {
        let publisher: &Publisher = self.publisher()?;
        let slices = &publisher.slices;
        let mut made_of = slices
            .made_of
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The world before what it was made of, which may be newer: then the next world is another.
        let (world, own) = (self.world(), self.own_records());
        let (foreign, now) = (self.foreign(), self.clock.now());
        if world.incomplete || foreign.incomplete().is_some() {
            return Err(Code::StoreIncomplete.because("records are missing"));
        }
        let (snapshot, generation) = (world.snapshot.id(), own.generation());
        let current = made_of.is_some_and(|made| {
            (made.snapshot, made.own) == (snapshot, generation) && now < made.until
        });
        if current {
            return Ok(());
        }
        let before = slices.serving.load_full();
        let trust = world.snapshot.trust();
        let told = foreign.contents().flat_map(|content| &content.batches);
        let feeds = foreign.feeds().iter();
        let handed_in = feeds.flat_map(|feed| own.uploaded(&feed.source.id));
        let counted = told.chain(handed_in).filter(|batch| counts(batch, trust));
        let made = SliceLists::of(counted, before.as_deref(), now);
        let until = made.as_ref().ok().and_then(SliceLists::ends);
        // What fails now fails again until something changes.
        *made_of = Some(MadeOf {
            snapshot,
            own: generation,
            until: until.unwrap_or(UnixTime::END),
        });
        let made = made?;
        if before.is_none_or(|before| before.tag() != made.tag()) {
            let (signers, tag) = (made.lists().len(), made.tag().to_owned());
            metrics::gauge!("lintas_revocation_lists").set(number(signers));
            info!(signers, tag, "slices {tag}: {signers} signers");
            slices.serving.store(Some(Arc::new(made)));
        }
        Ok(())
    }
}

/// Whether the country of `batch` may speak for the key identifier that it names.
fn counts(batch: &RevocationBatch, trust: &TrustList) -> bool {
    batch.kid.as_ref().is_none_or(|kid| {
        let mut signers = trust.candidates(kid).peekable();
        signers.peek().is_none() || signers.any(|dsc| dsc.countries.contains(&batch.country))
    })
}
