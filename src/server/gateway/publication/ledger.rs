//! What the publications so far come to: which signers stand under which numbers, and which went when.
//!
//! Refuses to use a number twice: a signer that comes back has a new and larger one, because whoever fetches them in order
//! has to meet it again. A pure function of the records of publications in their order.

use super::note::Note;
use super::set::Set;
use crate::exchange::Record;
use crate::model::{Thumbprint, UnixTime};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All publications.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    latest: Option<Arc<Note>>,
    standing: BTreeMap<Thumbprint, Standing>,
    gone: BTreeMap<Thumbprint, UnixTime>,
    highest: u64,
    disputed: bool,
}

/// How a signer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its number.
    pub id: u64,
    /// Since when it is published.
    pub since: UnixTime,
}

/// What a publication goes on from, where that is not the ledger's own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of the last publication.
    pub sequence: u64,
    /// The hash of its manifest.
    pub manifest: Thumbprint,
    /// The largest number of a signer.
    pub highest: u64,
}

impl Ledger {
    /// Takes in the next record of publications.
    pub fn apply(&mut self, record: &Record) {
        let Some(note) = Note::read(record) else {
            return;
        };
        let before = self.latest.as_ref();
        if before.is_some_and(|before| note.sequence <= before.sequence) {
            // One number, one publication: whoever wrote a second one is not obeyed.
            self.disputed = true;
            return;
        }
        self.take(note);
    }

    fn take(&mut self, note: Note) {
        for thumbprint in &note.removed {
            if self.standing.remove(thumbprint).is_some() {
                self.gone.insert(*thumbprint, note.created);
            }
        }
        for (thumbprint, id) in &note.added {
            self.gone.remove(thumbprint);
            self.highest = self.highest.max(*id);
            let standing = Standing {
                id: *id,
                since: note.created,
            };
            self.standing.insert(*thumbprint, standing);
        }
        self.latest = Some(Arc::new(note));
    }

    /// The newest publication.
    pub fn latest(&self) -> Option<&Arc<Note>> {
        self.latest.as_ref()
    }

    /// Whether two publications were found under one number.
    pub fn is_disputed(&self) -> bool {
        self.disputed
    }

    /// How the signer with this thumbprint stands.
    pub fn signer(&self, thumbprint: &Thumbprint) -> Option<&Standing> {
        self.standing.get(thumbprint)
    }

    /// The signers that went and did not come back, with the time.
    pub fn gone(&self) -> impl Iterator<Item = (&Thumbprint, UnixTime)> {
        self.gone.iter().map(|(it, at)| (it, *at))
    }

    /// The largest number that was given to a signer.
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// What it ends in.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let latest = self.latest.as_ref()?;
        Some(Checkpoint {
            sequence: latest.sequence,
            manifest: latest.manifest,
            highest: self.highest,
        })
    }

    /// The next publication, of `set`, at the instant `now`, with the ledger as it will be; its manifest is not known yet.
    ///
    /// With `lost`, a publication that the records do not hold any more, it goes on from that one: every signer gets a number
    /// beyond those that were given then.
    pub fn next(
        &self,
        set: &Set,
        snapshot: String,
        now: UnixTime,
        lost: Option<Checkpoint>,
    ) -> (Note, Self) {
        let base = lost.or_else(|| self.checkpoint());
        let seconds = u64::try_from(now.seconds()).unwrap_or_default();
        let wanted: BTreeSet<_> = set.signers().map(|key| key.thumbprint).collect();
        let new = wanted
            .iter()
            .filter(|it| lost.is_some() || !self.standing.contains_key(it));
        let first = base.map_or(0, |base| base.highest.max(self.highest)) + 1;
        let gone = self.standing.keys().filter(|it| !wanted.contains(it));
        let created = self.latest.as_ref().map_or(now, |it| it.created.max(now));
        let note = Note {
            sequence: base.map_or(seconds, |base| seconds.max(base.sequence + 1)),
            created,
            previous: base.map(|base| base.manifest),
            snapshot,
            set: Thumbprint(set.digest),
            added: new.copied().zip(first..).collect(),
            removed: gone.copied().collect(),
            manifest: Thumbprint([0; 32]),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let mut after = self.clone();
        after.take(note.clone());
        (note, after)
    }
}

#[cfg(test)]
mod tests {
    use super::super::set::tests::key;
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::EPOCH.plus(seconds)
    }

    /// What follows `ledger` when `names` are published at `seconds`.
    fn after(ledger: &Ledger, names: &[&[u8]], seconds: i64) -> Ledger {
        let set = Set::new(names.iter().map(|name| key(name)).collect());
        let (note, expected) = ledger.next(&set, String::new(), at(seconds), None);
        let mut next = ledger.clone();
        next.apply(&note.record());
        assert_eq!(next.standing, expected.standing);
        next
    }

    fn id(ledger: &Ledger, name: &[u8]) -> Option<u64> {
        let thumbprint = Thumbprint(crate::crypto::sha256(name));
        ledger.signer(&thumbprint).map(|it| it.id)
    }

    #[test]
    fn numbers_are_given_once_and_a_signer_that_comes_back_has_a_larger_one() {
        let first = after(&Ledger::default(), &[b"a", b"b"], 100);
        let (a, b) = (id(&first, b"a").unwrap(), id(&first, b"b").unwrap());
        assert_eq!([a.min(b), a.max(b)], [1, 2]);
        let second = after(&first, &[b"b"], 200);
        assert_eq!((id(&second, b"a"), id(&second, b"b")), (None, Some(b)));
        assert_eq!(second.gone().map(|(_, at)| at.seconds()).sum::<i64>(), 200);
        let third = after(&second, &[b"a", b"b"], 300);
        assert_eq!((id(&third, b"a"), id(&third, b"b")), (Some(3), Some(b)));
        assert_eq!(third.gone().count(), 0);
    }

    #[test]
    fn sequences_only_rise_whatever_the_clock_says() {
        let first = after(&Ledger::default(), &[b"a"], 1000);
        let second = after(&first, &[b"b"], 1000);
        let third = after(&second, &[b"c"], 10);
        let numbers = [&first, &second, &third].map(|it| it.latest().unwrap().sequence);
        assert_eq!(numbers, [1000, 1001, 1002]);
        assert_eq!(third.latest().unwrap().created, at(1000));
        assert_eq!(
            third.latest().unwrap().previous,
            Some(second.latest().unwrap().manifest)
        );
    }

    #[test]
    fn a_second_publication_under_one_number_is_not_obeyed() {
        let mut ledger = after(&Ledger::default(), &[b"a"], 1000);
        let other = super::super::note::tests::note(1000);
        ledger.apply(&other.record());
        assert!(ledger.is_disputed() && id(&ledger, b"a") == Some(1));
    }

    #[test]
    fn after_a_loss_numbers_go_on_beyond_what_was_lost() {
        let kept = after(&Ledger::default(), &[b"a"], 100);
        let lost = after(&after(&kept, &[b"a", b"b"], 200), &[b"a", b"b", b"c"], 300);
        let checkpoint = lost.checkpoint();
        let set = Set::new(vec![key(b"a"), key(b"b")]);
        let (note, after) = kept.next(&set, String::new(), at(250), checkpoint);
        assert_eq!(note.sequence, 301);
        assert_eq!(note.previous, checkpoint.map(|it| it.manifest));
        let ids: Vec<_> = note.added.iter().map(|(_, id)| *id).collect();
        assert_eq!(ids, [4, 5]);
        assert!(after.highest() == 5 && note.removed.is_empty());
    }
}
