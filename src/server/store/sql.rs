//! The one implementation of [`Store`], for SQLite and PostgreSQL: what it knows of the records.
//!
//! Refuses to read on once something that was there is not.

use super::chain::Chain;
use super::contract::{AuditHead, AuditRow, Event, Head, Lease, Row, Store, Wholeness};
use super::issuing::Issuing;
use super::mark::{Mark, MarkFile};
use super::open::Dialect;
use super::rows;
use super::seal::SealKey;
use super::trouble::{self, Attempt};
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A store in a database.
pub(super) struct Sql {
    pub(super) pool: AnyPool,
    pub(super) dialect: Dialect,
    pub(super) key: SealKey,
    /// What is known of the tables of issuing.
    pub(super) issuing: Issuing,
    /// Writers of this process come one by one, so that only those of other nodes have to be waited for.
    pub(super) writing: tokio::sync::Mutex<()>,
    mark: MarkFile,
    state: Mutex<State>,
}

/// What is known of the records.
#[derive(Clone)]
struct State {
    ahead: Ahead,
    wholeness: Wholeness,
    /// Up to which record the mark says so.
    marked: u64,
}

/// The end of the chain, and the rows behind it that do not belong to it.
#[derive(Clone)]
pub(super) struct Ahead {
    pub(super) chain: Chain,
    refused: Vec<(u64, Option<[u8; 32]>)>,
}

impl Ahead {
    fn from(tip: Head, accepted: Vec<Head>) -> Self {
        Self {
            chain: Chain::at(tip, accepted),
            refused: Vec::new(),
        }
    }

    /// The first number behind the chain that no row has.
    pub(super) fn free(&self) -> u64 {
        let mut next = self.chain.tip.sequence.saturating_add(1);
        for (sequence, _) in &self.refused {
            if *sequence == next {
                next = next.saturating_add(1);
            }
        }
        next
    }

    /// The chain continues with `head`.
    pub(super) fn extend(&mut self, head: Head) {
        self.chain.tip = head;
        self.refused.retain(|(it, _)| *it > head.sequence);
    }

    /// Whether rows of these numbers and seals are what is known already.
    fn is(&self, seals: &[(u64, Option<[u8; 32]>)]) -> bool {
        let Head { sequence, seal } = self.chain.tip;
        let tip = (sequence > 0).then_some((sequence, Some(seal)));
        tip.iter().chain(&self.refused).eq(seals)
    }
}

/// Logs rows behind the end where some were not there before. Whoever reads on meets and counts them only when the next good row comes, which may be long after somebody wrote them by hand.
fn tell_refused(refused: &[(u64, Option<[u8; 32]>)], told: &[(u64, Option<[u8; 32]>)]) {
    let rows = refused.len();
    let mut new = refused.iter().filter(|row| !told.contains(row));
    if let Some((first, _)) = new.next() {
        let code = Code::SealInvalid.name();
        tracing::error!(
            code,
            rows,
            "{rows} records behind the end, new from {first} on, have no good seal; not obeyed"
        );
    }
}

impl Sql {
    /// The store behind `pool`, after a walk over all its records.
    pub(super) async fn open(
        pool: AnyPool,
        dialect: Dialect,
        key: SealKey,
        mark: MarkFile,
    ) -> Result<Self, Failure> {
        let remembered = mark.read()?;
        let is_new_here = remembered.is_none();
        let Mark { head, accepted } = remembered.unwrap_or(Mark {
            head: Head::EMPTY,
            accepted: Vec::new(),
        });
        let store = Self {
            pool,
            dialect,
            issuing: Issuing::new(&key),
            key,
            mark,
            writing: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                ahead: Ahead::from(Head::EMPTY, accepted.clone()),
                wholeness: Wholeness::Whole,
                marked: head.sequence,
            }),
        };
        let mut ahead = Ahead::from(Head::EMPTY, accepted);
        let mut met = head == Head::EMPTY;
        let mut connection = store.connection().await?;
        let mut note = |tip: &Head| met |= *tip == head;
        let gap = store.walk(&mut connection, &mut ahead, &mut note).await;
        let gap = gap.map_err(trouble::failure)?;
        let foreign = if ahead.chain.tip == Head::EMPTY {
            let events = store.events_are_all_foreign(&mut connection).await;
            (is_new_here && !ahead.refused.is_empty()) || events.map_err(trouble::failure)?
        } else {
            false
        };
        drop(connection);
        if foreign {
            let reason = "nothing bears a seal of this node's keys/seal.key; copy that file from the node that wrote it";
            return Err(Code::ConfigurationInvalid.because(reason));
        }
        let tip = ahead.chain.tip;
        let behind = Wholeness::Behind {
            seen: head.sequence,
            found: tip.sequence,
        };
        let wholeness = match gap {
            Some(gap) => gap,
            None if met => Wholeness::Whole,
            None => behind,
        };
        {
            let mut state = store.state();
            state.ahead = ahead;
            state.wholeness = wholeness;
        }
        if wholeness == Wholeness::Whole {
            store.remember(tip).await;
        }
        Ok(store)
    }

    pub(super) async fn connection(&self) -> Result<PoolConnection<Any>, Failure> {
        self.pool.acquire().await.map_err(trouble::failure)
    }

    /// What is behind the end of the chain as it was known, now known, too.
    pub(super) async fn advance(&self, connection: &mut AnyConnection) -> Result<Ahead, Attempt> {
        self.check_whole()?;
        let mut ahead = self.state().ahead.clone();
        let tip = ahead.chain.tip;
        let seals = rows::seals(connection, tip.sequence, PEEK).await?;
        // A full look may have left something out.
        let saw_all = u64::try_from(seals.len()).is_ok_and(|it| it < PEEK);
        if saw_all && ahead.is(&seals) {
            return Ok(ahead);
        }
        if tip != Head::EMPTY && seals.first() != Some(&(tip.sequence, Some(tip.seal))) {
            let found = rows::last(connection).await?;
            return Err(self.cut(tip.sequence, found).into());
        }
        let told = std::mem::take(&mut ahead.refused);
        let gap = self.walk(connection, &mut ahead, &mut |_| ()).await?;
        if let Some(gap) = gap {
            return Err(self.broken(gap).into());
        }
        tell_refused(&ahead.refused, &told);
        self.now_known(ahead.clone());
        Ok(ahead)
    }

    /// Takes all rows behind the tip of `ahead`; `good` hears of each good one. The gap at which it ended, if at one.
    async fn walk(
        &self,
        connection: &mut AnyConnection,
        ahead: &mut Ahead,
        good: &mut (dyn FnMut(&Head) + Send),
    ) -> sqlx::Result<Option<Wholeness>> {
        let mut stream = rows::records(connection, ahead.chain.tip.sequence, u64::MAX);
        while let Some(stored) = stream.try_next().await? {
            let seal = stored.content.as_ref().map(|(_, seal)| *seal);
            let before = ahead.chain.tip;
            match ahead.chain.take(&self.key, stored) {
                Err(gap) => return Ok(Some(gap)),
                Ok(row) if ahead.chain.tip == before => ahead.refused.push((row.sequence, seal)),
                Ok(_) => {
                    ahead.refused.clear();
                    good(&ahead.chain.tip);
                }
            }
        }
        Ok(None)
    }

    async fn newest(&self) -> Result<Head, Failure> {
        let mut connection = self.connection().await?;
        let ahead = match self.advance(&mut connection).await {
            Ok(ahead) => ahead,
            Err(Attempt::Failed(failure)) => return Err(failure),
            Err(Attempt::Again) => {
                return Err(Code::StoreUnavailable.because("the database is busy"));
            }
        };
        drop(connection);
        self.remember(ahead.chain.tip).await;
        Ok(ahead.chain.tip)
    }

    async fn accepted(&self, actor: &str, at: UnixTime) -> Result<Head, Failure> {
        let _one = self.writing.lock().await;
        let found = self.wholeness();
        if found == Wholeness::Whole {
            return Ok(self.state().ahead.chain.tip);
        }
        let accepted = self.state().ahead.chain.accepted.clone();
        let mut ahead = Ahead::from(Head::EMPTY, accepted);
        let mut connection = self.connection().await?;
        while let Some(gap) = self
            .walk(&mut connection, &mut ahead, &mut |_| ())
            .await
            .map_err(trouble::failure)?
        {
            // A walk ends at gaps alone, and each lets the next one come further.
            let Wholeness::Gap { found, .. } = gap else {
                break;
            };
            let seals = rows::seals(&mut connection, found, 1).await;
            let seal = seals.map_err(trouble::failure)?.first().and_then(|it| it.1);
            let changed = || Code::StoreUnavailable.because("the records changed meanwhile");
            ahead.chain.accepted.push(Head {
                sequence: found,
                seal: seal.ok_or_else(changed)?,
            });
            ahead.refused.clear();
        }
        drop(connection);
        let head = ahead.chain.tip;
        let event = Event {
            at,
            actor: actor.to_owned(),
            event: "store.accepted".to_owned(),
            subject: "records".to_owned(),
            detail: found.to_string(),
        };
        self.note_accepted(&event).await?;
        self.mark.replace(&Mark {
            head,
            accepted: ahead.chain.accepted.clone(),
        })?;
        *self.state() = State {
            ahead,
            wholeness: Wholeness::Whole,
            marked: head.sequence,
        };
        Ok(head)
    }

    /// The chain as far as it is known.
    pub(super) fn known(&self) -> Chain {
        self.state().ahead.chain.clone()
    }

    /// Keeps what was found, unless somebody found more meanwhile.
    pub(super) fn now_known(&self, ahead: Ahead) {
        let mut state = self.state();
        if ahead.chain.tip.sequence >= state.ahead.chain.tip.sequence {
            let rows = u32::try_from(ahead.refused.len()).unwrap_or(u32::MAX);
            metrics::gauge!("lintas_store_rows_behind_end").set(f64::from(rows));
            state.ahead = ahead;
        }
    }

    /// Moves the mark up to `head`. That it cannot be moved is logged, and tried again with the next record: the records are
    /// safe, only less is remembered of them.
    pub(super) async fn remember(&self, head: Head) {
        if head.sequence <= self.state().marked {
            return;
        }
        let mark = self.mark.clone();
        let raised = tokio::task::spawn_blocking(move || mark.raise(head)).await;
        match raised {
            Ok(Ok(())) => {
                let mut state = self.state();
                state.marked = state.marked.max(head.sequence);
            }
            Ok(Err(failure)) => tracing::error!(%failure, "the mark of the records was not moved"),
            Err(error) => tracing::error!(%error, "the mark of the records was not moved"),
        }
    }

    pub(super) fn check_whole(&self) -> Result<(), Failure> {
        match self.wholeness() {
            Wholeness::Whole => Ok(()),
            found @ (Wholeness::Behind { .. } | Wholeness::Gap { .. }) => {
                Err(Code::StoreIncomplete.because(found.to_string()))
            }
        }
    }

    pub(super) fn cut(&self, seen: u64, found: u64) -> Failure {
        self.broken(Wholeness::Behind { seen, found })
    }

    pub(super) fn broken(&self, found: Wholeness) -> Failure {
        self.state().wholeness = found;
        Code::StoreIncomplete.because(found.to_string())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Sql {
    async fn append(
        &self,
        records: &[Record],
        events: &[Event],
        fence: Option<&Lease>,
    ) -> Result<Head, Failure> {
        within(LONG, self.add(records, events, fence, None)).await
    }

    async fn append_after(
        &self,
        head: Head,
        records: &[Record],
        events: &[Event],
    ) -> Result<Head, Failure> {
        within(LONG, self.add(records, events, None, Some(head))).await
    }

    async fn records(&self, after: u64, limit: u32) -> Result<Vec<Row>, Failure> {
        within(LONG, self.page(after, limit)).await
    }

    async fn head(&self) -> Result<Head, Failure> {
        within(SHORT, self.newest()).await
    }

    async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: UnixTime,
        seconds: u32,
    ) -> Result<Option<Lease>, Failure> {
        within(LONG, self.take_lease(name, holder, now, seconds)).await
    }

    async fn release(&self, lease: &Lease, now: UnixTime) -> Result<(), Failure> {
        within(SHORT, self.give_back(lease, now)).await
    }

    async fn audit_rows(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, Failure> {
        let rows = async {
            let mut connection = self.connection().await?;
            let rows = rows::audit(&mut connection, after, u64::from(limit)).await;
            rows.map_err(trouble::failure)
        };
        within(LONG, rows).await
    }

    async fn audit_head(&self) -> Result<AuditHead, Failure> {
        let head = async {
            let mut connection = self.connection().await?;
            let head = rows::audit_head(&mut connection).await;
            head.map_err(trouble::failure)
        };
        within(SHORT, head).await
    }

    fn wholeness(&self) -> Wholeness {
        self.state().wholeness
    }

    async fn accept(&self, actor: &str, at: UnixTime) -> Result<Head, Failure> {
        self.accepted(actor, at).await
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

/// What `asked` answers, unless it takes longer than `longest`: a database that has gone away without a word says nothing
/// for minutes.
pub(super) async fn within<T>(
    longest: Duration,
    asked: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let answer = tokio::time::timeout(longest, asked).await;
    answer.unwrap_or_else(|_| {
        let reason = format!("no answer from the database within {} s", longest.as_secs());
        Err(Code::StoreUnavailable.because(reason))
    })
}

/// For what is one small query.
pub(super) const SHORT: Duration = Duration::from_secs(5);
/// For what may wait for others, or is large.
pub(super) const LONG: Duration = Duration::from_secs(60);
/// Rows behind the chain that are looked at by number and seal alone.
const PEEK: u64 = 64;
