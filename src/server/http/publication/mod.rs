//! What this gateway publishes, and what verifier apps fetch: one file an audience.
//!
//! Refuses to answer from two publications in one answer: each handler takes the one that is served, once.

mod apps;
mod artefacts;
mod bundles;
mod cached;
mod discovery;
mod rules;
mod slices;

pub(super) use apps::{context, delta, issuers, kids, several, update};
pub(super) use artefacts::{did, numbered, plain, signer};
pub(super) use bundles::{following, newest, whole};
pub(super) use cached::is_known;
pub(super) use discovery::discovery;
pub(super) use rules::{countries, public_key, rule, rules, rules_of, value_set, value_sets};
pub(super) use slices::{lists, of_chunk, of_partition, partition, partitions, slice};
