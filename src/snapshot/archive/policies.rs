//! The policy sets that were activated, the lowest version first: `[from when on, what was signed]`, a chunk each.
//!
//! Refuses what is no policy set, and sets that could not follow each other. Who signed it is not kept: that was proven before
//! it was activated.

use super::part::{Draft, Taker, bytes, document, fixed, instant, invalid, written};
use crate::codec::cbor::Value;
use crate::exchange::read_policy_set;
use crate::failure::Failure;
use crate::model::UnixTime;
use crate::rules::Policies;
use crate::snapshot::Snapshot;
use std::sync::Arc;

/// A chunk for each set.
pub(in crate::snapshot) fn chunks(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    snapshot.policies().all().iter().try_for_each(|it| {
        let content = Value::Bytes(it.set.content().to_vec());
        taker(written(vec![it.from.seconds().into(), content])?)
    })
}

/// Takes the set of `chunk` in.
///
/// # Errors
/// `archive_invalid`.
pub(super) fn take(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    take_into(&mut draft.policies, chunk)
}

/// Takes the set of `chunk` into `policies`.
///
/// # Errors
/// `archive_invalid`.
pub(in crate::snapshot) fn take_into(policies: &mut Policies, chunk: &[u8]) -> Result<(), Failure> {
    let document = document(chunk)?;
    let [from, content] = fixed(document.root())?;
    let odd = |failure: Failure| invalid(failure.detail().to_owned());
    let set = Arc::new(read_policy_set(bytes(content)?).map_err(odd)?);
    // What was over at the time was left out when it was kept; nothing is left out anew.
    let activated = policies.activate(set, instant(from)?, UnixTime::EPOCH);
    activated.map_err(odd)
}
