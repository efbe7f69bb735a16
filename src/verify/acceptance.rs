//! What the rules of a destination say of a certificate that is authentic.
//!
//! Refuses to accept where no rule is about such a certificate at that time, or where one cannot be told: silence and error are
//! doubt, not consent.
//!
//! Source: EU, dgca-validation-service (which rules apply, what is asked of them); eHealth Network, "EU Digital COVID
//! Certificate business rules".

use super::journey::Journey;
use super::open::{Opened, Reached, Signed};
use super::verdict::{CredentialVerdict, Finding};
use crate::credential::{self, Claims};
use crate::failure::{Code, Failure};
use crate::model::{Country, HealthCertificate, UnixTime};
use crate::rules::certlogic::{Budget, Data};
use crate::rules::{Answer, Question, RuleKind, RuleResult};
use crate::snapshot::Snapshot;
use serde_json::Map;
use std::collections::BTreeSet;
use std::sync::Arc;

impl CredentialVerdict {
    /// The same verdict, with what the rules for `journey` say where the credential is authentic.
    ///
    /// `opened` is what the verdict is on, `at` the instant it is about.
    pub(super) fn for_journey(
        mut self,
        journey: &Journey,
        opened: &Opened,
        at: UnixTime,
        snapshot: &Snapshot,
    ) -> Self {
        let (Some(certificate), Reached::Signed(signed)) =
            (self.certificate.clone(), &opened.reached)
        else {
            return self;
        };
        let Ok(claims) = &signed.claims else {
            return self;
        };
        let clock = journey.clock(at);
        if claims.expires_at < clock && at <= claims.expires_at {
            let reason = format!("ends on {}, before the arrival", claims.expires_at);
            self.findings
                .push(Finding::from(&Code::Expired.because(reason)));
        }
        let signers = self.signer.as_ref().map_or(&[][..], |it| &it.0.countries);
        let about = (&*certificate, &**signed, claims, signers);
        let (rules, is_told) = match results(journey, about, clock, snapshot) {
            Ok(rules) => rules,
            Err(failure) => {
                self.findings.push(Finding::from(&failure));
                return self;
            }
        };
        let destination = journey.destination;
        if !is_told {
            let reason = format!("no rule of {destination} about such a certificate is known");
            let missing = Code::RulesMissing.because(reason);
            self.findings.push(Finding::from(&missing));
        }
        // What cannot be read may accept for one country or invalidate for the other.
        let countries = signers.iter().chain([&destination]);
        let unread = countries.filter(|it| snapshot.rules().has_unread(**it));
        for country in unread.copied().collect::<BTreeSet<_>>() {
            let reason = format!("{country} has a rule that cannot be read");
            let unread = Code::RuleOpen.because(reason);
            self.findings.push(Finding::from(&unread));
        }
        self.findings.extend(rules.iter().filter_map(finding));
        // A rule may look at any second of the clock; where it is the present, the answer is not said to last.
        if journey.arrival.is_none() && !rules.is_empty() {
            let hour = at.plus(HOUR_S - at.seconds().rem_euclid(HOUR_S));
            self.recheck_by = Some(self.recheck_by.map_or(hour, |it| it.min(hour)));
        }
        self.rules = Some(rules);
        self
    }
}

/// What every rule says, and whether one of those is among them that decide about such a certificate. Those of a policy set
/// do, which is the whole of what its country asks: where it has none at all, nothing more is asked.
fn results(
    journey: &Journey,
    (certificate, signed, claims, signers): (&HealthCertificate, &Signed, &Claims, &[Country]),
    clock: UnixTime,
    snapshot: &Snapshot,
) -> Result<(Vec<RuleResult>, bool), Failure> {
    let payload = credential::payload(certificate);
    let home = journey.home(clock, snapshot);
    let external = match home {
        None => Map::new(),
        Some(set) => set.external(&journey.circumstances, clock)?,
    };
    let more: Vec<_> = external
        .iter()
        .map(|(name, value)| (name.as_str(), Data::Json(value)))
        .collect();
    let question = Question {
        country: journey.destination,
        region: journey.region.as_deref(),
        issuer: claims.issuer.as_deref().unwrap_or_default(),
        signers,
        about: certificate.entry.purpose(),
        clock,
        issued_at: claims.issued_at,
        expires_at: claims.expires_at,
        kid: Some(&signed.kid),
        more: &more,
    };
    let (rules, value_sets) = (snapshot.rules(), snapshot.value_sets());
    let mut budget = Budget::default();
    let mut results = rules.judge(&question, payload.as_ref(), value_sets, &mut budget);
    let accepts = |results: &[RuleResult]| {
        let mut kinds = results.iter().map(|it| it.rule.kind);
        kinds.any(|kind| kind == RuleKind::Acceptance)
    };
    let Some(set) = home else {
        let is_told = accepts(&results);
        return Ok((results, is_told));
    };
    let own = set.rules();
    let said = own.judge(&question, payload.as_ref(), value_sets, &mut budget);
    let is_told = own.is_empty() || accepts(&said);
    results.extend(said);
    Ok((results, is_told))
}

/// What a rule that is not passed adds to the verdict.
fn finding(result: &RuleResult) -> Option<Finding> {
    let rule = &result.rule;
    let (code, detail) = match result.answer {
        Answer::Pass => return None,
        Answer::Fail => (Code::RuleFailed, format!("rule {}", rule.identifier)),
        Answer::Open(why) => (
            Code::RuleOpen,
            format!("rule {}: {}", rule.identifier, why.name()),
        ),
    };
    Some(Finding {
        rule: Some(Arc::clone(rule)),
        ..Finding::from(&code.because(detail))
    })
}

const HOUR_S: i64 = 60 * 60;
