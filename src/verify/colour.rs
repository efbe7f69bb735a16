//! The colour of a person: what their certificates come to together, under a policy set.
//!
//! Refuses to count one person's certificates for another: where several people's are shown together, each has a colour of
//! their own, and the least green is given. Certificates that are not good, or that the set's own rules do not accept, say
//! nothing but that a test was positive; that, a certificate of which it cannot be told whether it is good, and a test of a
//! time that has not come count wherever they make the colour less green, and nowhere else. More than eight at once are
//! refused.
//!
//! Source: docs/POLICY.md.

use super::open::{Opened, Reached, Signed};
use super::person::is_same;
use super::verdict::{CredentialVerdict, Outcome};
use crate::credential::{is_positive, payload, sampled_at, says_something, together};
use crate::failure::{Code, Failure};
use crate::model::{HealthCertificate, UnixTime};
use crate::rules::certlogic::{Budget, Data};
use crate::rules::{
    Answer, Circumstances, Coloured, PolicySet, Question, RuleKind, Standing, ValueSets,
};
use serde_json::{Map, Value};
use std::slice;

/// The colour under `set` of whoever shows the credentials in `judged`, each as it was opened and with its verdict.
///
/// `asked_at` is when it is asked, `at` the instant that it is asked about. `values` are the value sets that the set's own rules
/// may ask for. All rules together have the budget of one verdict.
///
/// # Errors
/// `request_invalid` for circumstances that the set does not know, see [`PolicySet::external`], and for over eight
/// credentials.
pub fn colour(
    judged: &[(&Opened, &CredentialVerdict)],
    circumstances: &Circumstances,
    (asked_at, at): (UnixTime, UnixTime),
    set: &PolicySet,
    values: &ValueSets,
) -> Result<Coloured, Failure> {
    if judged.len() > MAX_TOGETHER {
        let reason = format!("over {MAX_TOGETHER} credentials of one person");
        return Err(Code::RequestInvalid.because(reason));
    }
    let external = set.external(circumstances, at)?;
    let mut asked = Asked {
        set,
        values,
        circumstances,
        external: &external,
        asked_at,
        at,
        budget: Budget::default(),
    };
    let mut people: Vec<Shown<'_>> = Vec::new();
    for (opened, verdict) in judged {
        if let (Reached::Signed(signed), Some(certificate)) =
            (&opened.reached, &verdict.certificate)
        {
            let (standing, counts) = asked.standing(signed, verdict, certificate);
            // It may be the link between two who were not known to be one: the order of what is shown changes nothing.
            let place = people.iter().position(|it| it.is_about(certificate));
            let place = place.unwrap_or(people.len());
            let same = people.extract_if(place.., |it| it.is_about(certificate));
            let mut shown = same.reduce(Shown::and).unwrap_or_default();
            shown.add(standing, counts, certificate);
            people.insert(place, shown);
        }
    }
    let mut worst: Option<Coloured> = None;
    for shown in &people {
        let next = asked.colour(shown)?;
        // Of equals the first.
        if worst.as_ref().is_none_or(|it| it.colour() < next.colour()) {
            worst = Some(next);
        }
    }
    worst.map_or_else(
        || {
            // Nothing that was shown is about anybody.
            let outcomes = judged.iter().map(|(_, verdict)| verdict.outcome());
            let standing = outcomes.min().map_or(Standing::Reject, of);
            asked.of_nobody(standing.max(Standing::Indeterminate))
        },
        Ok,
    )
}

/// Whether a certificate counts in a person's colour.
#[derive(Clone, Copy)]
enum Counts {
    Always,
    /// Where it makes the colour less green.
    Against,
    Never,
}

/// What one person shows.
#[derive(Default)]
struct Shown<'c> {
    all: Vec<&'c HealthCertificate>,
    /// How the best of it stands.
    standing: Option<Standing>,
    good: Vec<&'c HealthCertificate>,
    /// Those that count against the person alone, each with how it stands.
    against: Vec<(Standing, &'c HealthCertificate)>,
}

impl<'c> Shown<'c> {
    fn is_about(&self, certificate: &HealthCertificate) -> bool {
        self.all.iter().any(|it| is_same(it, certificate))
    }

    fn add(&mut self, standing: Standing, counts: Counts, certificate: &'c HealthCertificate) {
        self.all.push(certificate);
        self.standing = Some(self.standing.map_or(standing, |it| it.min(standing)));
        match counts {
            Counts::Always => self.good.push(certificate),
            Counts::Against => self.against.push((standing, certificate)),
            Counts::Never => {}
        }
    }

    /// What both show, who are one person.
    fn and(mut self, other: Self) -> Self {
        let standings = [self.standing, other.standing].into_iter().flatten();
        self.standing = standings.min();
        self.all.extend(other.all);
        self.good.extend(other.good);
        self.against.extend(other.against);
        self
    }

    fn standing(&self) -> Standing {
        self.standing.unwrap_or(Standing::Reject)
    }
}

/// Everything about a question but the certificates.
struct Asked<'q> {
    set: &'q PolicySet,
    values: &'q ValueSets,
    circumstances: &'q Circumstances,
    external: &'q Map<String, Value>,
    asked_at: UnixTime,
    at: UnixTime,
    budget: Budget,
}

impl Asked<'_> {
    /// How a certificate stands, and whether it counts.
    fn standing(
        &mut self,
        signed: &Signed,
        verdict: &CredentialVerdict,
        certificate: &HealthCertificate,
    ) -> (Standing, Counts) {
        let mut standing = self.accepted(signed, verdict, certificate);
        // Nobody knows how a test will come out.
        if sampled_at(certificate).is_some_and(|it| it > self.asked_at.min(self.at)) {
            standing = standing.max(Standing::Indeterminate);
        }
        let counts = match standing {
            Standing::Accept => Counts::Always,
            Standing::Indeterminate => Counts::Against,
            // Whether a country takes a test changes nothing about what it found.
            Standing::Reject if is_positive(certificate) && is_authentic(verdict) => {
                Counts::Against
            }
            Standing::Reject => Counts::Never,
        };
        (standing, counts)
    }

    /// How a certificate stands by its verdict, and by what the set's own rules say of it.
    fn accepted(
        &mut self,
        signed: &Signed,
        verdict: &CredentialVerdict,
        certificate: &HealthCertificate,
    ) -> Standing {
        let standing = of(verdict.outcome());
        let (true, Ok(claims)) = (standing < Standing::Reject, &signed.claims) else {
            return standing.max(Standing::Indeterminate);
        };
        let payload = payload(certificate);
        let more = self.external.iter();
        let more: Vec<_> = more
            .map(|(name, value)| (name.as_str(), Data::Json(value)))
            .collect();
        let question = Question {
            country: self.set.country,
            region: None,
            issuer: claims.issuer.as_deref().unwrap_or_default(),
            signers: verdict
                .signer
                .as_ref()
                .map_or(&[][..], |it| &it.0.countries),
            about: certificate.entry.purpose(),
            clock: self.at,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            kid: Some(&signed.kid),
            more: &more,
        };
        let rules = self.set.rules();
        let results = rules.judge(&question, payload.as_ref(), self.values, &mut self.budget);
        let mut kinds = results.iter().map(|result| result.rule.kind);
        let is_told = rules.is_empty() || kinds.any(|kind| kind == RuleKind::Acceptance);
        let results = results.iter().map(|result| match result.answer {
            Answer::Pass => Standing::Accept,
            Answer::Open(_) => Standing::Indeterminate,
            Answer::Fail => Standing::Reject,
        });
        let silent = match is_told && says_something(certificate) {
            true => Standing::Accept,
            false => Standing::Indeterminate,
        };
        results.fold(standing.max(silent), Standing::max)
    }

    /// The least green of what a person would be shown with any of the certificates that count against them, and without.
    fn colour(&mut self, shown: &Shown<'_>) -> Result<Coloured, Failure> {
        let mut worst: Option<Coloured> = None;
        for chosen in 0..1_usize << shown.against.len() {
            let against = shown.against.iter().enumerate();
            let against = against.filter(|(place, _)| chosen >> place & 1 == 1);
            let against: Vec<_> = against.map(|(_, it)| *it).collect();
            let certificates = against.iter().map(|(_, certificate)| *certificate);
            let payload = together(shown.good.iter().copied().chain(certificates));
            let standing = match chosen {
                0 => shown.standing(),
                _ => Standing::Accept,
            };
            let (of, at) = (self.circumstances, self.at);
            let next = self
                .set
                .colour(&payload, standing, of, at, &mut self.budget)?;
            if worst.as_ref().is_none_or(|it| it.colour() < next.colour()) {
                let mut standings = against.iter().map(|(standing, _)| *standing);
                worst = Some(Coloured {
                    is_doubtful: standings.any(|it| it == Standing::Indeterminate),
                    ..next
                });
            }
        }
        worst.map_or_else(|| self.of_nobody(shown.standing()), Ok)
    }

    fn of_nobody(&mut self, standing: Standing) -> Result<Coloured, Failure> {
        let (of, at) = (self.circumstances, self.at);
        self.set
            .colour(&together([]), standing, of, at, &mut self.budget)
    }
}

/// Whether nothing but rules of a country speaks against what `verdict` is on: it is genuine, has not ended and was not taken
/// back.
fn is_authentic(verdict: &CredentialVerdict) -> bool {
    let by_rules = [Code::RuleFailed, Code::RuleOpen, Code::RulesMissing];
    let others = verdict.findings.iter();
    let mut others = others.filter(|finding| !by_rules.contains(&finding.code));
    others.all(|finding| Outcome::of(slice::from_ref(finding)) < Outcome::Reject)
}

fn of(outcome: Outcome) -> Standing {
    match outcome {
        Outcome::Accept => Standing::Accept,
        Outcome::Indeterminate => Standing::Indeterminate,
        Outcome::Reject => Standing::Reject,
    }
}

/// Credentials that are judged together, each in doubt or not: 256 colours of one person at most.
const MAX_TOGETHER: usize = 8;
