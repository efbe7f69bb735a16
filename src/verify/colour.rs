//! The colour of a person: what their certificates come to together, under a policy set.
//!
//! Refuses to count one person's certificates for another: where several people's are shown together, each has a colour of
//! their own, and the least green is given. Certificates that are not good, or that the set's own rules do not accept, say
//! nothing; what is in a form that rules do not read is for people to look at.
//!
//! Source: docs/POLICY.md.

use super::open::{Opened, Reached, Signed};
use super::verdict::{CredentialVerdict, Outcome};
use crate::credential::{payload, together};
use crate::failure::Failure;
use crate::model::{HealthCertificate, Person, PersonName, UnixTime};
use crate::rules::certlogic::{Budget, Data};
use crate::rules::{Answer, Circumstances, Coloured, PolicySet, Question, Standing, ValueSets};
use serde_json::{Map, Value};

/// The colour under `set` at `at` of whoever shows the credentials in `judged`, each as it was opened and with its verdict.
///
/// `values` are the value sets that the set's own rules may ask for.
///
/// # Errors
/// `request_invalid` for circumstances that the set does not know, see [`PolicySet::external`].
pub fn colour(
    judged: &[(&Opened, &CredentialVerdict)],
    circumstances: &Circumstances,
    at: UnixTime,
    set: &PolicySet,
    values: &ValueSets,
) -> Result<Coloured, Failure> {
    let external = set.external(circumstances, at)?;
    let mut people: Vec<Shown<'_>> = Vec::new();
    for (opened, verdict) in judged {
        let (Reached::Signed(signed), Some(certificate)) = (&opened.reached, &verdict.certificate)
        else {
            continue;
        };
        let standing = standing(signed, verdict, certificate, &external, at, set, values);
        let known = people
            .iter_mut()
            .find(|it| is_same(it.person, &certificate.person));
        match known {
            Some(shown) => shown.add(standing, certificate),
            None => {
                let mut shown = Shown::nothing(&certificate.person);
                shown.add(standing, certificate);
                people.push(shown);
            }
        }
    }
    let coloured = people.iter().map(|shown| {
        let payload = together(shown.good.iter().copied());
        set.colour(&payload, shown.standing, circumstances, at)
    });
    let coloured: Vec<_> = coloured.collect::<Result<_, _>>()?;
    // Of equals the first, so that the order of what is shown tells no more than it must.
    let worst = coloured.into_iter().rev().max_by_key(Coloured::colour);
    worst.map_or_else(
        || {
            // Nothing that was shown is about anybody.
            let outcomes = judged.iter().map(|(_, verdict)| verdict.outcome());
            let standing = outcomes.min().map_or(Standing::Reject, of);
            let nobody = together([]);
            set.colour(
                &nobody,
                standing.max(Standing::Indeterminate),
                circumstances,
                at,
            )
        },
        Ok,
    )
}

/// What one person shows.
struct Shown<'c> {
    person: &'c Person,
    standing: Standing,
    good: Vec<&'c HealthCertificate>,
}

impl<'c> Shown<'c> {
    fn nothing(person: &'c Person) -> Self {
        Self {
            person,
            standing: Standing::Reject,
            good: Vec::new(),
        }
    }

    fn add(&mut self, standing: Standing, certificate: &'c HealthCertificate) {
        self.standing = self.standing.min(standing);
        if standing == Standing::Accept {
            self.good.push(certificate);
        }
    }
}

/// How a certificate stands: by its verdict, and by what the set's own rules say of it.
fn standing(
    signed: &Signed,
    verdict: &CredentialVerdict,
    certificate: &HealthCertificate,
    external: &Map<String, Value>,
    at: UnixTime,
    set: &PolicySet,
    values: &ValueSets,
) -> Standing {
    let standing = of(verdict.outcome());
    let (Standing::Accept, Ok(claims)) = (standing, &signed.claims) else {
        return standing.max(Standing::Indeterminate);
    };
    let Some(payload) = payload(certificate) else {
        return Standing::Indeterminate;
    };
    let more = external.iter();
    let more: Vec<_> = more
        .map(|(name, value)| (name.as_str(), Data::Json(value)))
        .collect();
    let question = Question {
        country: set.country,
        region: None,
        issuer: claims.issuer.as_deref().unwrap_or_default(),
        about: certificate.entry.purpose(),
        clock: at,
        issued_at: claims.issued_at,
        expires_at: claims.expires_at,
        kid: Some(&signed.kid),
        more: &more,
    };
    let mut budget = Budget::default();
    let results = set
        .rules()
        .judge(&question, Some(&payload), values, &mut budget);
    let standings = results.iter().map(|result| match result.answer {
        Answer::Pass => Standing::Accept,
        Answer::Open(_) => Standing::Indeterminate,
        Answer::Fail => Standing::Reject,
    });
    standings.max().unwrap_or(Standing::Accept)
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
