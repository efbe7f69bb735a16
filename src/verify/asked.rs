//! What is asked of the credentials that are presented together, and the verdict on them: one way for every door, and for
//! whoever reaches a verdict again.
//!
//! Refuses to ask anybody: what the register says, and what a holder was found to be, are arguments.

use super::colour::colour;
use super::identity::{Holder, Identity};
use super::journey::Journey;
use super::judge::judge;
use super::open::Opened;
use super::person::of_one_person;
use super::policy::Policy;
use super::register::Registered;
use super::verdict::{CredentialVerdict, Verdict};
use crate::model::UnixTime;
use crate::rules::{Circumstances, Coloured};
use crate::snapshot::Snapshot;

/// What is asked beside whether credentials are good by themselves.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// For what they are to be good, where that is asked.
    pub journey: Option<Journey>,
    /// Whose they are to be, where that is asked.
    pub holder: Option<Holder>,
    /// Whether every rule is to be told, and not only those that are not passed.
    pub with_rules: bool,
    /// Whether the colour of whoever shows them is to be told.
    pub with_colour: bool,
}

/// A credential as it was opened, and what is said of it elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'o> {
    /// What it opened to.
    pub opened: &'o Opened,
    /// What the register of issued certificates says of it.
    pub registered: Registered,
    /// How far it is about the holder, where that was found before: it is taken as given.
    pub identity: Option<Identity>,
}

impl<'o> Presented<'o> {
    /// What was `opened`, of which nothing is said.
    pub fn of(opened: &'o Opened) -> Self {
        Self {
            opened,
            registered: Registered::NotAsked,
            identity: None,
        }
    }
}

impl Asked {
    /// The verdict on all that is `presented` together, at the instant `at`.
    pub fn verdict<'o>(
        &self,
        presented: impl Iterator<Item = Presented<'o>> + Clone,
        at: UnixTime,
        snapshot: &Snapshot,
        policy: &Policy,
    ) -> Verdict {
        let judged = presented.clone();
        let judged = judged.map(|it| self.verdict_on_one(it, at, snapshot, policy));
        let credentials = of_one_person(judged.collect());
        let mut verdict = Verdict::of(credentials, at, snapshot, policy);
        verdict.is_for_journey = self.journey.is_some();
        if self.with_colour {
            let opened = presented.map(|it| it.opened);
            verdict.colour = self.colour(opened, &verdict, snapshot);
        }
        verdict
    }

    /// The verdict on a credential by itself.
    pub fn verdict_on_one(
        &self,
        presented: Presented<'_>,
        at: UnixTime,
        snapshot: &Snapshot,
        policy: &Policy,
    ) -> CredentialVerdict {
        let opened = presented.opened;
        let judged = judge(opened, at, snapshot, policy, presented.registered);
        let mut judged = judged.of_holder(self.holder.as_ref(), presented.identity);
        if let Some(journey) = &self.journey {
            judged = judged.for_journey(journey, opened, at, snapshot);
        }
        CredentialVerdict {
            rules: judged.rules.filter(|_| self.with_rules),
            ..judged
        }
    }

    /// The colour of whoever shows what was `opened`; none where no policy set of their destination is in force.
    fn colour<'o>(
        &self,
        opened: impl Iterator<Item = &'o Opened>,
        verdict: &Verdict,
        snapshot: &Snapshot,
    ) -> Option<Coloured> {
        let journey = self.journey.as_ref();
        let clock = journey.map_or(verdict.at, |it| it.clock(verdict.at));
        let set = snapshot.policies().in_force(clock)?;
        if journey.is_some_and(|it| it.destination != set.country) {
            return None;
        }
        let shown: Vec<_> = opened.zip(&verdict.credentials).collect();
        let nowhere = Circumstances::default();
        let circumstances = journey.map_or(&nowhere, |it| &it.circumstances);
        // What the set does not know was refused with the request.
        let (instants, values) = ((verdict.at, clock), snapshot.value_sets());
        colour(&shown, circumstances, instants, set, values).ok()
    }
}
