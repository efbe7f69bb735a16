//! Verification: the clock and the snapshot are taken here, once a request or batch; below it is pure.
//!
//! Refuses to judge parts of one request, or rows of one batch, at different instants or by different snapshots.

use super::{Gateway, World};
use crate::failure::Code;
use crate::model::UnixTime;
use crate::verify::{self, CredentialVerdict, Opened, Outcome, Verdict};
use metrics::Counter;
use std::sync::Arc;

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
}

/// The world and the instant that verdicts are about.
#[derive(Clone)]
pub struct Moment {
    /// The world in force.
    pub world: Arc<World>,
    now: UnixTime,
}

impl Gateway {
    /// The present moment; verdicts that belong together are asked for at one.
    pub fn moment(&self) -> Moment {
        Moment {
            world: self.world(),
            now: self.clock.now(),
        }
    }

    /// The verdict on `request`; never fails.
    pub fn verify(&self, request: &VerifyRequest, moment: &Moment) -> Verdict {
        let verdict = self.judge(request, moment);
        self.counters.count(&verdict);
        verdict
    }

    /// The verdict on each of `requests`, in their order; their credentials are opened together, some at a time.
    pub fn verify_batch(&self, requests: &[&VerifyRequest], moment: &Moment) -> Vec<Verdict> {
        let questions = requests.iter().flat_map(|request| &request.questions);
        let texts: Vec<_> = questions.map(|question| question.text.as_str()).collect();
        let pieces = texts.chunks(TOGETHER);
        let mut opened =
            pieces.flat_map(|texts| self.opening.open_batch(texts, &moment.world.snapshot));
        let verdicts = requests.iter().map(|request| {
            let opened = opened.by_ref().take(request.questions.len());
            self.judge_opened(request, opened, moment)
        });
        verdicts
            .inspect(|verdict| self.counters.count(verdict))
            .collect()
    }

    /// The verdict, uncounted: one that nobody asked for.
    pub(super) fn judge(&self, request: &VerifyRequest, moment: &Moment) -> Verdict {
        let snapshot = &moment.world.snapshot;
        let questions = request.questions.iter();
        let opened = questions.map(|question| self.opening.open(&question.text, snapshot));
        self.judge_opened(request, opened, moment)
    }

    fn judge_opened(
        &self,
        request: &VerifyRequest,
        opened: impl Iterator<Item = Arc<Opened>>,
        moment: &Moment,
    ) -> Verdict {
        let snapshot = &moment.world.snapshot;
        let at = request.at.unwrap_or(moment.now);
        let judge = |(question, opened): (&Question, Arc<Opened>)| CredentialVerdict {
            reference: question.reference.clone(),
            ..verify::judge(&opened, at, snapshot, &self.policy)
        };
        let credentials = request.questions.iter().zip(opened).map(judge).collect();
        let mut verdict = Verdict::of(credentials, at, snapshot, &self.policy);
        verdict.simulated = request.at.is_some();
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
            }
        }
    }
}

fn count<K: PartialEq>(counters: &[(K, Counter)], counted: K) {
    if let Some((_, counter)) = counters.iter().find(|(key, _)| *key == counted) {
        counter.increment(1);
    }
}
