//! Verification: the clock and the snapshot are taken here, once a request or batch; below it is pure.
//!
//! Refuses to judge parts of one request, or rows of one batch, at different instants or by different snapshots.

use super::register::Answers;
use super::{Gateway, World};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::verify::{Asked, Opened, Outcome, Presented, Verdict};
use metrics::Counter;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One credential to judge.
pub struct Question {
    /// The caller's own name for it.
    pub reference: Option<String>,
    /// The text.
    pub text: String,
}

/// Credentials of one person to judge together.
pub struct VerifyRequest {
    /// The credentials.
    pub questions: Vec<Question>,
    /// The instant to judge at, where the caller may choose it.
    pub at: Option<UnixTime>,
    /// What is asked of them.
    pub asked: Asked,
}

impl VerifyRequest {
    /// What is asked by `questions` alone.
    pub fn of(questions: Vec<Question>) -> Self {
        Self {
            questions,
            at: None,
            asked: Asked::default(),
        }
    }
}

/// The credentials of one request, opened.
pub type OpenedAll = SmallVec<[Arc<Opened>; 1]>;

/// The world and the instant that verdicts are about.
#[derive(Clone)]
pub struct Moment {
    /// The world in force.
    pub world: Arc<World>,
    now: UnixTime,
    followed_ms: i64,
}

impl Moment {
    /// The instant.
    pub fn now(&self) -> UnixTime {
        self.now
    }

    /// Refuses to answer where this node may not know yet what the snapshot numbered `sequence` knew, on whichever node of
    /// the gateway that was.
    ///
    /// A number is the second in which a snapshot came into force, or a later one. Two nodes may number the same content
    /// otherwise, so one with a lower number answers, too, once it has read all that was in the store after that second.
    ///
    /// # Errors
    /// `snapshot_older`.
    pub fn demand(&self, sequence: u64) -> Result<(), Failure> {
        let own = self.world.snapshot.sequence();
        let second = i64::try_from(sequence).unwrap_or(i64::MAX);
        let over = second.saturating_add(1).saturating_mul(1000);
        if own >= sequence || self.followed_ms >= over {
            return Ok(());
        }
        let reason = format!("the snapshot in force is number {own}");
        let older = Code::SnapshotOlder.because(reason);
        Err(older.about("minimum_sequence").again_in_s(1))
    }
}

impl Gateway {
    /// The present moment; verdicts that belong together are asked for at one.
    pub fn moment(&self) -> Moment {
        // Before the world, which is then at least as new.
        let followed_ms = self.followed_ms.load(Ordering::Acquire);
        Moment {
            world: self.world(),
            now: self.clock.now(),
            followed_ms,
        }
    }

    /// What `request` asks about, opened.
    pub fn open_credentials(&self, request: &VerifyRequest, moment: &Moment) -> OpenedAll {
        let snapshot = &moment.world.snapshot;
        let questions = request.questions.iter();
        questions
            .map(|question| self.opening.open(&question.text, snapshot))
            .collect()
    }

    /// What all of `requests` ask about, opened together, some at a time, in their order.
    pub fn open_credentials_of(
        &self,
        requests: &[&VerifyRequest],
        moment: &Moment,
    ) -> Vec<Arc<Opened>> {
        let questions = requests.iter().flat_map(|request| &request.questions);
        let texts: Vec<_> = questions.map(|question| question.text.as_str()).collect();
        let pieces = texts.chunks(TOGETHER);
        let open = |texts| self.opening.open_batch(texts, &moment.world.snapshot);
        pieces.flat_map(open).collect()
    }

    /// The verdict on `request`, without asking the register of issued certificates; never fails.
    pub fn verify(&self, request: &VerifyRequest, moment: &Moment) -> Verdict {
        let opened = self.open_credentials(request, moment);
        self.verify_opened(request, &opened, &Answers::default(), moment)
    }

    /// The verdict on `request`, of which `opened` was opened, and for which the register gave `answers`; never fails.
    pub fn verify_opened(
        &self,
        request: &VerifyRequest,
        opened: &[Arc<Opened>],
        answers: &Answers,
        moment: &Moment,
    ) -> Verdict {
        let verdict = self.judge_opened(request, opened, answers, moment);
        self.counters.count(&verdict);
        self.watch.saw(opened, &moment.world.snapshot);
        verdict
    }

    /// The verdict on each of `requests`, in their order; see [`Self::verify_opened`].
    pub fn verify_batch(
        &self,
        requests: &[&VerifyRequest],
        opened: &[Arc<Opened>],
        answers: &Answers,
        moment: &Moment,
    ) -> Vec<Verdict> {
        let mut rest = opened;
        let verdicts = requests.iter().map(|request| {
            let count = request.questions.len().min(rest.len());
            let (opened, behind) = rest.split_at(count);
            rest = behind;
            self.verify_opened(request, opened, answers, moment)
        });
        verdicts.collect()
    }

    /// The verdict, uncounted: one that nobody asked for. The register is not asked.
    pub(super) fn judge(&self, request: &VerifyRequest, moment: &Moment) -> Verdict {
        let opened = self.open_credentials(request, moment);
        self.judge_opened(request, &opened, &Answers::default(), moment)
    }

    pub(super) fn judge_opened(
        &self,
        request: &VerifyRequest,
        opened: &[Arc<Opened>],
        answers: &Answers,
        moment: &Moment,
    ) -> Verdict {
        let snapshot = &moment.world.snapshot;
        let at = request.at.unwrap_or(moment.now);
        let presented = opened.iter().map(|opened| Presented {
            registered: answers.on(opened, snapshot),
            ..Presented::of(opened)
        });
        let mut verdict = request.asked.verdict(presented, at, snapshot, &self.policy);
        verdict.simulated = request.at.is_some();
        for (credential, question) in verdict.credentials.iter_mut().zip(&request.questions) {
            credential.reference.clone_from(&question.reference);
        }
        verdict
    }
}

/// How many credentials are opened at once: enough to judge their signatures together, and each inflates to 64 KiB at most.
const TOGETHER: usize = 128;

/// What is counted of verdicts; found once, so that no request looks them up.
pub(super) struct Counters {
    outcomes: Vec<(Outcome, Counter)>,
    findings: Vec<(Code, Counter)>,
}

impl Counters {
    pub(super) fn new() -> Self {
        let outcomes = [Outcome::Accept, Outcome::Indeterminate, Outcome::Reject];
        let outcomes = outcomes.into_iter().map(|outcome| {
            let counter = metrics::counter!("lintas_verdicts_total", "outcome" => outcome.name());
            (outcome, counter)
        });
        let findings = Code::ALL.iter().map(|code| {
            let counter = metrics::counter!("lintas_findings_total", "code" => code.name());
            (*code, counter)
        });
        Self {
            outcomes: outcomes.collect(),
            findings: findings.collect(),
        }
    }

    fn count(&self, verdict: &Verdict) {
        for credential in &verdict.credentials {
            count(&self.outcomes, credential.outcome());
            for finding in &credential.findings {
                count(&self.findings, finding.code);
                if let (Code::RuleOpen, Some(rule)) = (finding.code, &finding.rule) {
                    let country = rule.country.to_string();
                    metrics::counter!("lintas_rules_open_total", "country" => country).increment(1);
                }
            }
        }
    }
}

fn count<K: PartialEq>(counters: &[(K, Counter)], counted: K) {
    if let Some((_, counter)) = counters.iter().find(|(key, _)| *key == counted) {
        counter.increment(1);
    }
}
