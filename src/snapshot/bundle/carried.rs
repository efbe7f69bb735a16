//! What a bundle carries, held against the world that it was made of.
//!
//! Refuses a part that lost a row or changed one. The two worlds are compared by themselves, and not by what the writer made of
//! them: a row that it forgets would be forgotten on both sides.

use super::file::Bundle;
use super::manifest::Manifest;
use super::part;
use super::signers::speaking;
use crate::codec::json;
use crate::exchange::{read_value_set, write_value_set};
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::rules::Rule;
use crate::snapshot::Snapshot;
use crate::trust::Dsc;
use serde_json::Value;
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
    let rules = world.rules().rules().map(|rule| Rule {
        logic: again(&rule.logic),
        ..part::told(rule)
    });
    let sets = world.value_sets().sets().map(|set| {
        let document = write_value_set(set).to_string();
        read_value_set(document.as_bytes()).ok()
    });
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
            rules.eq(read.rules().rules().map(|rule| Rule::clone(rule)))
                && world.rules().unread().eq(read.rules().unread()),
        ),
        (
            "value_sets",
            sets.eq(read.value_sets().sets().cloned().map(Some)),
        ),
        (
            "policies",
            world.policies().content_hash() == read.policies().content_hash(),
        ),
        ("messages", world.messages() == read.messages()),
    ];
    same.into_iter().find(|(_, it)| !it).map(|(part, _)| part)
}

/// `value` once written and read: numbers may move by their last bit, and that a country publishes such ones keeps no bundle back.
fn again(value: &Value) -> Value {
    json::read(value.to_string().as_bytes(), usize::MAX).unwrap_or_default()
}

/// All that counts of the signers whose keys are of any use, in an order of its own.
fn signers(world: &Snapshot) -> Vec<impl Ord + use<>> {
    let signer = |dsc: &Arc<Dsc>| {
        let key = *dsc.key.as_ref().ok()?.spki_digest();
        let kid = dsc.kid.as_bytes().to_vec();
        let dsc = speaking(world.trust(), dsc);
        let purposes = dsc.purposes.restriction().map(<[_]>::to_vec);
        Some((
            (kid, key),
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
