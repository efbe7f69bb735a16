//! The colour of a person: what their certificates come to together, under a policy set.
//!
//! Refuses to count one person's certificates for another: where several people's are shown together, each has a colour of
//! their own, and the least green is given. Certificates that are not good, or that the set's own rules do not accept, say
//! nothing; one of which that cannot be told counts wherever it makes the colour less green. More than eight at once are
//! refused.
//!
//! Source: docs/POLICY.md.

use super::open::{Opened, Reached, Signed};
use super::verdict::{CredentialVerdict, Outcome};
use crate::credential::{payload, together};
use crate::failure::{Code, Failure};
use crate::model::{HealthCertificate, Person, PersonName, UnixTime};
use crate::rules::certlogic::{Budget, Data};
use crate::rules::{Answer, Circumstances, Coloured, PolicySet, Question, Standing, ValueSets};
use serde_json::{Map, Value};

/// The colour under `set` at `at` of whoever shows the credentials in `judged`, each as it was opened and with its verdict.
///
/// `values` are the value sets that the set's own rules may ask for. All rules together have the budget of one verdict.
///
/// # Errors
/// `request_invalid` for circumstances that the set does not know, see [`PolicySet::external`], and for over eight
/// credentials.
pub fn colour(
    judged: &[(&Opened, &CredentialVerdict)],
    circumstances: &Circumstances,
    at: UnixTime,
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
        at,
        budget: Budget::default(),
    };
    let mut people: Vec<Shown<'_>> = Vec::new();
    for (opened, verdict) in judged {
        if let (Reached::Signed(signed), Some(certificate)) =
            (&opened.reached, &verdict.certificate)
        {
            let standing = asked.standing(signed, verdict, certificate);
            let known = |it: &Shown<'_>| is_same(it.person, &certificate.person);
            let place = people.iter().position(known).unwrap_or(people.len());
            if place == people.len() {
                people.push(Shown::nothing(&certificate.person));
            }
            if let Some(shown) = people.get_mut(place) {
                shown.add(standing, certificate);
            }
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

/// What one person shows.
struct Shown<'c> {
    person: &'c Person,
    /// How the best of it stands.
    standing: Standing,
    good: Vec<&'c HealthCertificate>,
    /// Those of which it cannot be told whether they are good.
    doubtful: Vec<&'c HealthCertificate>,
}

impl<'c> Shown<'c> {
    fn nothing(person: &'c Person) -> Self {
        Self {
            person,
            standing: Standing::Reject,
            good: Vec::new(),
            doubtful: Vec::new(),
        }
    }

    fn add(&mut self, standing: Standing, certificate: &'c HealthCertificate) {
        self.standing = self.standing.min(standing);
        match standing {
            Standing::Accept => self.good.push(certificate),
            Standing::Indeterminate => self.doubtful.push(certificate),
            Standing::Reject => {}
        }
    }
}

/// Everything about a question but the certificates.
struct Asked<'q> {
    set: &'q PolicySet,
    values: &'q ValueSets,
    circumstances: &'q Circumstances,
    external: &'q Map<String, Value>,
    at: UnixTime,
    budget: Budget,
}

impl Asked<'_> {
    /// How a certificate stands: by its verdict, and by what the set's own rules say of it.
    fn standing(
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
            about: certificate.entry.purpose(),
            clock: self.at,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            kid: Some(&signed.kid),
            more: &more,
        };
        let rules = self.set.rules();
        let results = rules.judge(&question, payload.as_ref(), self.values, &mut self.budget);
        let results = results.iter().map(|result| match result.answer {
            Answer::Pass => Standing::Accept,
            Answer::Open(_) => Standing::Indeterminate,
            Answer::Fail => Standing::Reject,
        });
        let readable = match payload {
            Some(_) => Standing::Accept,
            None => Standing::Indeterminate,
        };
        results.fold(standing.max(readable), Standing::max)
    }

    /// The least green of what a person would be shown if each of their doubtful certificates were good, or were not.
    fn colour(&mut self, shown: &Shown<'_>) -> Result<Coloured, Failure> {
        let mut worst: Option<Coloured> = None;
        for good in 0..1_usize << shown.doubtful.len() {
            let doubtful = shown.doubtful.iter().enumerate();
            let doubtful = doubtful.filter(|(place, _)| good >> place & 1 == 1);
            let doubtful = doubtful.map(|(_, certificate)| *certificate);
            let payload = together(shown.good.iter().copied().chain(doubtful));
            let standing = match good {
                0 => shown.standing,
                _ => Standing::Accept,
            };
            let (of, at) = (self.circumstances, self.at);
            let next = self
                .set
                .colour(&payload, standing, of, at, &mut self.budget)?;
            if worst.as_ref().is_none_or(|it| it.colour() < next.colour()) {
                worst = Some(Coloured {
                    is_doubtful: good > 0,
                    ..next
                });
            }
        }
        worst.map_or_else(|| self.of_nobody(shown.standing), Ok)
    }

    fn of_nobody(&mut self, standing: Standing) -> Result<Coloured, Failure> {
        let (of, at) = (self.circumstances, self.at);
        self.set
            .colour(&together([]), standing, of, at, &mut self.budget)
    }
}

fn of(outcome: Outcome) -> Standing {
    match outcome {
        Outcome::Accept => Standing::Accept,
        Outcome::Indeterminate => Standing::Indeterminate,
        Outcome::Reject => Standing::Reject,
    }
}

/// Whether both are one person: the same birth date, and the same name as in a passport, or else as it is written.
fn is_same(one: &Person, other: &Person) -> bool {
    let (left, right) = (&one.name, &other.name);
    let in_passports = |name: &PersonName| {
        (name.family_icao.is_some() || name.given_icao.is_some())
            .then(|| (name.family_icao.clone(), name.given_icao.clone()))
    };
    let name = match (in_passports(left), in_passports(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => left == right,
        (Some(_), None) | (None, Some(_)) => false,
    };
    name && one.birth_date == other.birth_date
}

/// Credentials that are judged together, each in doubt or not: 256 colours of one person at most.
const MAX_TOGETHER: usize = 8;
