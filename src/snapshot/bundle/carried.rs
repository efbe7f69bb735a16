//! What a bundle carries, held against the world that it was made of.
//!
//! Refuses a part that lost a row or changed one. The two worlds are compared by themselves, and not by what the writer made of
//! them: a row that it forgets would be forgotten on both sides.

use super::file::Bundle;
use super::manifest::Manifest;
use super::part;
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::snapshot::Snapshot;
use crate::trust::Dsc;
use std::sync::Arc;

impl Bundle {
    /// Reads the bundle in `bytes` as a scanner does that pins the root `pinned`: it is to be that of `manifest`, and to carry
    /// `world`.
    ///
    /// # Errors
    /// `read_back_failed` with the part where it says anything else; those of [`Self::prove`] and [`Self::snapshot`].
    pub fn read_back(
        bytes: &[u8],
        pinned: Thumbprint,
        manifest: &Manifest,
        world: &Snapshot,
    ) -> Result<(), Failure> {
        let bundle = Self::read(bytes)?;
        let proven = bundle.prove(pinned, Some(manifest.issued_at))?;
        let part = match proven.manifest == *manifest {
            true => differing(world, &bundle.snapshot(&proven)?),
            false => Some("manifest"),
        };
        part.map_or(Ok(()), |part| {
            Err(Code::ReadBackFailed.because(format!("the bundle reads otherwise: {part}")))
        })
    }
}

/// The first part of which `read` does not say what `world` says.
fn differing(world: &Snapshot, read: &Snapshot) -> Option<&'static str> {
    let rules = world.rules().rules().map(|rule| part::told(rule));
    let same = [
        ("signers", signers(world) == signers(read)),
        (
            "own",
            world.own().content_hash() == read.own().content_hash(),
        ),
        (
            "foreign",
            world.offline().content_hash() == read.offline().content_hash(),
        ),
        (
            "rules",
            rules.eq(read.rules().rules().map(|rule| rule.as_ref().clone()))
                && world.rules().unread().eq(read.rules().unread()),
        ),
        ("value_sets", world.value_sets() == read.value_sets()),
        (
            "policies",
            world.policies().content_hash() == read.policies().content_hash(),
        ),
    ];
    same.into_iter().find(|(_, it)| !it).map(|(part, _)| part)
}

/// All that counts of the signers whose keys are of any use, in an order of its own.
fn signers(world: &Snapshot) -> Vec<impl Ord + use<>> {
    let signer = |dsc: &Arc<Dsc>| {
        let key = *dsc.key.as_ref().ok()?.spki_digest();
        let purposes = dsc.purposes.restriction().map(<[_]>::to_vec);
        Some((
            (dsc.kid.as_bytes().to_vec(), key),
            dsc.country_stated.then(|| dsc.countries.clone()),
            (dsc.validity.not_before, dsc.validity.not_after),
            (purposes, dsc.assurance, dsc.sources.clone()),
        ))
    };
    let signers = world.trust().signers().iter();
    let mut signers: Vec<_> = signers.filter_map(signer).collect();
    signers.sort();
    signers
}
