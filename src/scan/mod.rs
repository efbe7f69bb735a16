//! A scanner at a gate: the data it was brought, what it remembers, and what it shows of a code, without a network.
//!
//! Refuses to judge by data that are too old, or while its clock shows a time that has passed: then it says so, and a person
//! decides. Refuses to ask anybody, and to keep anything of a person.

#[cfg(feature = "picture")]
pub mod picture;
mod scanned;

pub use scanned::{Scanned, symbol, told, word};

use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::rules::Circumstances;
use crate::snapshot::Snapshot;
use crate::snapshot::bundle::{Age, Bundle, Manifest, Proven, Seen};
use crate::verify::{Asked, Journey, Policy, Presented, open};
use serde_json::{Value, json};
use std::sync::Arc;

/// A scanner that was told whom to trust.
#[derive(Clone, Debug)]
pub struct Scanner {
    seen: Seen,
    loaded: Option<Loaded>,
    policy: Policy,
}

/// The bundle in use.
#[derive(Clone, Debug)]
struct Loaded {
    bundle: Bundle,
    proven: Proven,
    world: Snapshot,
}

impl Scanner {
    /// A scanner that pins the root with this fingerprint, and has no data yet.
    pub fn enrolled(root: Thumbprint) -> Self {
        Self::remembering(Seen::nothing(root))
    }

    /// A scanner that has `seen` this, and has no data yet.
    pub fn remembering(seen: Seen) -> Self {
        Self {
            seen,
            loaded: None,
            policy: Policy::default(),
        }
    }

    /// What it remembers, to be kept for the next start.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// What its data are, where it has any.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.loaded.as_ref().map(|it| &it.proven.manifest)
    }

    /// The world that its data are, where it has any.
    pub fn world(&self) -> Option<&Snapshot> {
        self.loaded.as_ref().map(|it| &it.world)
    }

    /// The name of its bundle, which a delta follows.
    pub fn bundle(&self) -> Option<Thumbprint> {
        self.loaded.as_ref().map(|it| it.proven.name)
    }

    /// Uses the bundle in `bytes`, which it kept itself: it is as old as it is.
    ///
    /// # Errors
    /// `anchor_unknown`, `proof_invalid`, `bundle_invalid`, `environment_mismatch`, `bundle_rolled_back`; then nothing changes.
    pub fn load(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.take(bytes, None).map(drop)
    }

    /// Uses the bundle in `bytes`, full or following the one in use, which arrived at `at`; the whole bundle, to be kept, where it
    /// is a new one.
    ///
    /// # Errors
    /// As [`Self::load`]; `proof_invalid` where its key may not sign any more.
    pub fn install(&mut self, bytes: &[u8], at: UnixTime) -> Result<Option<Vec<u8>>, Failure> {
        let before = self.bundle();
        let whole = self.take(bytes, Some(at))?;
        Ok((before != self.bundle()).then_some(whole))
    }

    fn take(&mut self, bytes: &[u8], at: Option<UnixTime>) -> Result<Vec<u8>, Failure> {
        let bundle = Bundle::read(bytes)?;
        let proven = bundle.prove(self.seen.root, at)?;
        let seen = self.seen.with(&proven)?;
        let none = Bundle::default();
        let before = self.loaded.as_ref().map_or(&none, |it| &it.bundle);
        let bundle = bundle.completed(before, &proven.manifest)?;
        let world = bundle.snapshot(&proven)?;
        let whole = bundle.write()?;
        self.seen = seen;
        self.loaded = Some(Loaded {
            bundle,
            proven,
            world,
        });
        Ok(whole)
    }

    /// What it shows of `text` at the instant `at`, where it stands in these `circumstances`.
    pub fn scan(&mut self, text: &str, circumstances: &Circumstances, at: UnixTime) -> Scanned {
        match self.judged(text, circumstances, at) {
            Ok(scanned) => scanned,
            Err(failure) => self.refused(&failure),
        }
    }

    /// What it shows where no verdict was possible, in the words that it was brought.
    pub fn refused(&self, failure: &Failure) -> Scanned {
        let messages = self.world().map(|it| Arc::clone(it.messages()));
        Scanned::refused(failure, &messages.unwrap_or_default())
    }

    /// What is asked of every code at `at`: the colour, where its data have a policy set that gives one.
    ///
    /// # Errors
    /// `request_invalid` for circumstances that no policy set asks for.
    pub fn asked(&self, circumstances: &Circumstances, at: UnixTime) -> Result<Asked, Failure> {
        let set = self.world().and_then(|it| it.policies().in_force(at));
        let Some(set) = set else {
            if circumstances.is_empty() {
                return Ok(Asked::default());
            }
            let reason = "no policy set is in force that could ask for mode, sector or wilayah";
            return Err(Code::RequestInvalid.because(reason));
        };
        set.external(circumstances, at)?;
        Ok(Asked {
            journey: Some(Journey {
                destination: set.country,
                arrival: None,
                region: None,
                circumstances: circumstances.clone(),
            }),
            with_colour: true,
            ..Asked::default()
        })
    }

    /// What it has and how old that is at `at`, as JSON.
    pub fn status(&self, at: UnixTime) -> Value {
        json!({
            "root": self.seen.root.to_string(),
            "bundle": self.manifest().map(|it| it.described(at)),
            "latest": self.seen.latest.to_string(),
            "clock_suspect": self.seen.at(at).is_err(),
        })
    }

    fn judged(
        &mut self,
        text: &str,
        circumstances: &Circumstances,
        at: UnixTime,
    ) -> Result<Scanned, Failure> {
        self.seen = self.seen.at(at)?;
        let nothing = || Code::BundleStale.because("no data were brought yet");
        let loaded = self.loaded.as_ref().ok_or_else(nothing)?;
        let age = loaded.proven.manifest.age(at);
        if let Age::TooOld(seconds) = age {
            let reason = format!("{} hours old", seconds / HOUR_S);
            return Err(Code::BundleStale.because(reason));
        }
        // A newer bundle may have brought another policy set.
        let asked = self.asked(circumstances, at)?;
        let opened = open(text.trim(), &loaded.world);
        let presented = [Presented::of(&opened)].into_iter();
        let verdict = asked.verdict(presented, at, &loaded.world, &self.policy);
        Ok(Scanned::of(verdict, age))
    }
}

const HOUR_S: i64 = 60 * 60;
