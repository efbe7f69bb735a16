//! Verification: the clock and the snapshot are taken here, once a request; below it is pure.

use super::Gateway;
use crate::model::UnixTime;
use crate::verify::{self, Verdict};

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

impl Gateway {
    /// The verdict on `request`; never fails.
    pub fn verify(&self, request: &VerifyRequest) -> Verdict {
        let verdict = self.judge(request);
        for credential in &verdict.credentials {
            metrics::counter!("lintas_verdicts_total", "outcome" => credential.outcome().name())
                .increment(1);
            for finding in &credential.findings {
                metrics::counter!("lintas_findings_total", "code" => finding.code.name())
                    .increment(1);
            }
        }
        verdict
    }

    /// The same, uncounted: a verdict that nobody asked for.
    pub(super) fn judge(&self, request: &VerifyRequest) -> Verdict {
        let world = self.world.load();
        let at = request.at.unwrap_or_else(|| self.clock.now());
        let judge = |question: &Question| {
            let opened = verify::open(&question.text, &world.snapshot);
            let mut verdict = verify::judge(&opened, at, &world.snapshot, &self.policy);
            verdict.reference.clone_from(&question.reference);
            verdict
        };
        let credentials = request.questions.iter().map(judge).collect();
        let mut verdict = Verdict::of(credentials, at, &world.snapshot, &self.policy);
        verdict.simulated = request.at.is_some();
        verdict
    }
}
