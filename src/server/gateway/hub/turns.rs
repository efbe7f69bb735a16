//! Which second each change of a batch is said to have happened in, and which seconds a list may show already.
//!
//! Refuses to add to a second that somebody may have seen in a list: whoever lists goes on behind the last second they saw,
//! so what came later in it would be lost to them. Refuses to show a second to which another node may be adding.
//!
//! Seconds never go back in the store, because each change is decided by all others. So only the newest one may grow, only by
//! the node that opened it, and only for [`OPEN`]; other nodes show it when it can grow no more. Where a change took so
//! long to be kept that this does not hold, it has to be kept again, in a second of its own.
//!
//! Source: EU DGCG, `GET /revocation-list` (strictly newer, whole seconds), and the loop of its Java client.

use crate::model::UnixTime;
use std::time::{Duration, Instant};

/// The newest second in which batches changed, and how many did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The second.
    pub at: UnixTime,
    /// How many changes have it.
    pub changes: usize,
}

impl Newest {
    /// The same with as many changes as one second has at most, so that none is added to it.
    #[must_use]
    pub fn full(self) -> Self {
        Self {
            changes: MAX_CHANGES,
            ..self
        }
    }
}

/// What a node knows of the seconds that it gave and showed.
#[derive(Clone, Debug)]
pub struct Turns {
    /// The last one that this node gave, and when it gave it first.
    own: Option<(UnixTime, Instant)>,
    /// One that was given to a change that is being kept.
    pending: Option<Turn>,
    /// One whose change may be kept or not, and since when nobody knows.
    unknown: Option<(UnixTime, Instant)>,
    /// The newest one of another node, and when it was first seen here.
    foreign: Option<(UnixTime, Instant)>,
    /// The last one that anybody may have seen in a list of this node.
    listed: UnixTime,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    second: UnixTime,
    opened: Instant,
    is_shared: bool,
}

/// How keeping a change came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In time.
    InTime,
    /// Others may have shown its second without it.
    Late,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            own: None,
            pending: None,
            unknown: None,
            foreign: None,
            listed: UnixTime::EPOCH,
        }
    }
}

impl Turns {
    /// The second for `changes` changes that are now to be kept together, behind everything up to `newest`.
    pub fn give(
        &mut self,
        newest: Option<Newest>,
        changes: usize,
        now: UnixTime,
        instant: Instant,
    ) -> UnixTime {
        let last = newest.map_or(UnixTime::EPOCH, |newest| newest.at);
        let has_room = newest.is_some_and(|newest| newest.changes + changes <= MAX_CHANGES);
        let opened = self
            .own
            .filter(|(second, _)| *second == last && now <= last);
        let opened = opened.map(|(_, opened)| opened).filter(|opened| {
            has_room && self.listed < last && instant.duration_since(*opened) < OPEN
        });
        let turn = match opened {
            Some(opened) => Turn {
                second: last,
                opened,
                is_shared: true,
            },
            None => Turn {
                second: now.max(last.plus(1)).max(self.listed.plus(1)),
                opened: instant,
                is_shared: false,
            },
        };
        self.pending = Some(turn);
        turn.second
    }

    /// The changes of the last turn are kept.
    pub fn kept(&mut self, instant: Instant) -> Kept {
        let Some(turn) = self.pending.take() else {
            return Kept::InTime;
        };
        self.own = Some((turn.second, turn.opened));
        if turn.is_shared && instant.duration_since(turn.opened) >= LATE {
            return Kept::Late;
        }
        Kept::InTime
    }

    /// The changes of the last turn are not kept, or nobody knows.
    pub fn failed(&mut self, instant: Instant) {
        if let Some(turn) = self.pending.take() {
            self.unknown = Some((turn.second, instant));
        }
    }

    /// This node has read everything up to `newest`.
    pub fn saw(&mut self, newest: Option<Newest>, instant: Instant) {
        let Some(Newest { at, .. }) = newest else {
            return;
        };
        let is_own = self.own.is_some_and(|(second, _)| second == at)
            || self.pending.is_some_and(|turn| turn.second == at);
        if !is_own && self.foreign.is_none_or(|(second, _)| second != at) {
            self.foreign = Some((at, instant));
        }
    }

    /// The last second that may be shown to somebody who asks now, of what was read up to `newest`, not before `instant`.
    pub fn list(&mut self, newest: Option<Newest>, now: UnixTime, instant: Instant) -> UnixTime {
        self.saw(newest, instant);
        let mut bound = newest.map_or(UnixTime::EPOCH, |newest| newest.at);
        let mut hide = |second: UnixTime| bound = bound.min(second.plus(-1));
        if let Some(turn) = self.pending {
            hide(turn.second);
        }
        for (second, since) in [self.unknown, self.foreign].into_iter().flatten() {
            let may_grow = newest.is_none_or(|newest| newest.at <= second);
            let is_own = self.own.is_some_and(|(own, _)| own == second);
            if may_grow && !is_own && instant.saturating_duration_since(since) < HIDDEN {
                hide(second);
            }
        }
        self.listed = self.listed.max(now).max(bound);
        bound
    }
}

/// How long a node may add to a second that it opened.
pub const OPEN: Duration = Duration::from_secs(1);
/// How long after reading it other nodes wait before they show it.
pub const HIDDEN: Duration = Duration::from_millis(1500);
/// Between the two, with room for stopwatches that do not agree.
const LATE: Duration = Duration::from_millis(1400);
/// How many changes may have one second: a page of a list has 1,000.
pub const MAX_CHANGES: usize = 900;

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "tests add to it")]
    fn start() -> Instant {
        Instant::now()
    }

    fn at(second: i64) -> UnixTime {
        UnixTime::from_seconds(second).unwrap()
    }

    fn newest(second: i64, changes: usize) -> Option<Newest> {
        Some(Newest {
            at: at(second),
            changes,
        })
    }

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn changes_share_a_second_until_somebody_lists() {
        let (mut turns, zero) = (Turns::default(), start());
        assert_eq!(turns.give(None, 1, at(100), zero), at(100));
        assert_eq!(turns.kept(zero + ms(5)), Kept::InTime);
        assert_eq!(
            turns.give(newest(100, 1), 1, at(100), zero + ms(9)),
            at(100)
        );
        turns.kept(zero + ms(12));
        assert_eq!(turns.list(newest(100, 2), at(100), zero + ms(20)), at(100));
        assert_eq!(
            turns.give(newest(100, 2), 1, at(100), zero + ms(30)),
            at(101)
        );
        turns.kept(zero + ms(31));
        assert_eq!(
            turns.give(newest(101, 1), 1, at(100), zero + ms(40)),
            at(101)
        );
        turns.kept(zero + ms(41));
        // The clock has caught up.
        assert_eq!(
            turns.give(newest(101, 2), 1, at(102), zero + ms(50)),
            at(102)
        );
    }

    #[test]
    fn a_second_takes_no_more_than_fit_on_a_page_and_none_for_ever() {
        let (mut turns, zero) = (Turns::default(), start());
        turns.give(None, 1, at(100), zero);
        turns.kept(zero);
        let full = newest(100, MAX_CHANGES);
        assert_eq!(turns.clone().give(full, 1, at(100), zero), at(101));
        let half = newest(100, MAX_CHANGES / 2);
        assert_eq!(turns.clone().give(half, 450, at(100), zero), at(100));
        assert_eq!(turns.clone().give(half, 451, at(100), zero), at(101));
        // The machine's clock was set back; the stopwatch was not.
        assert_eq!(turns.give(half, 1, at(99), zero + OPEN), at(101));
    }

    #[test]
    fn another_node_s_second_is_never_added_to() {
        let (mut turns, zero) = (Turns::default(), start());
        turns.give(None, 1, at(100), zero);
        turns.failed(zero);
        // The other one was first with the same second.
        assert_eq!(turns.give(newest(100, 1), 1, at(100), zero), at(101));
        turns.kept(zero);
        assert_eq!(turns.give(newest(102, 1), 1, at(100), zero), at(103));
    }

    #[test]
    fn another_node_s_newest_second_is_shown_when_it_can_grow_no_more() {
        let (mut turns, zero) = (Turns::default(), start());
        turns.saw(newest(100, 1), zero);
        assert_eq!(turns.list(newest(100, 2), at(100), zero + ms(1499)), at(99));
        assert_eq!(turns.list(newest(100, 2), at(101), zero + HIDDEN), at(100));
        let mut turns = Turns::default();
        turns.saw(newest(100, 1), zero);
        // A newer one: the other is closed, and the new one is waited for.
        assert_eq!(turns.list(newest(105, 1), at(105), zero + ms(10)), at(104));
        // What this node adds closes it, too.
        assert_eq!(
            turns.give(newest(105, 1), 1, at(105), zero + ms(20)),
            at(106)
        );
        assert_eq!(turns.list(newest(105, 1), at(105), zero + ms(30)), at(104));
        turns.kept(zero + ms(40));
        assert_eq!(turns.list(newest(106, 1), at(105), zero + ms(50)), at(106));
    }

    #[test]
    fn what_is_being_kept_is_not_shown_and_not_overtaken() {
        let (mut turns, zero) = (Turns::default(), start());
        turns.give(None, 1, at(100), zero);
        turns.kept(zero);
        assert_eq!(turns.give(newest(100, 1), 1, at(100), zero), at(100));
        assert_eq!(turns.list(newest(100, 1), at(100), zero), at(99));
        turns.kept(zero);
        assert_eq!(turns.list(newest(100, 2), at(100), zero), at(100));
    }

    #[test]
    fn a_change_of_which_nobody_knows_hides_its_second_for_a_while() {
        let (mut turns, zero) = (Turns::default(), start());
        turns.give(None, 1, at(100), zero);
        turns.failed(zero);
        assert_eq!(turns.list(newest(100, 1), at(100), zero + ms(100)), at(99));
        assert_eq!(
            turns.list(newest(100, 1), at(102), zero + ms(1700)),
            at(100)
        );
    }

    #[test]
    fn a_change_that_took_too_long_in_a_shared_second_is_late() {
        let (mut turns, zero) = (Turns::default(), start());
        turns.give(None, 1, at(100), zero);
        // Nobody saw the second before it was kept.
        assert_eq!(turns.kept(zero + ms(900)), Kept::InTime);
        turns.give(newest(100, 1), 1, at(100), zero + ms(950));
        assert_eq!(turns.kept(zero + ms(1500)), Kept::Late);
    }
}
