//! Whose the certificates are: the holder's whom a caller names, or at least one person's.
//!
//! Refuses to judge by names where nothing is authentic, and to let one person's good certificate stand for another's.

use super::identity::{self, Agreement, Holder, Identity};
use super::verdict::{CredentialVerdict, Finding};
use crate::failure::Code;
use crate::model::{HealthCertificate, PersonName};

impl CredentialVerdict {
    /// The same verdict, with how far the certificate is about a holder, where it is authentic: as `known`, or else as
    /// compared with `holder`.
    pub(super) fn of_holder(mut self, holder: Option<&Holder>, known: Option<Identity>) -> Self {
        if let Some(certificate) = &self.certificate {
            let compared = || holder.map(|it| identity::compare(certificate, it));
            self.identity = known.or_else(compared);
            self.findings
                .extend(self.identity.and_then(Identity::finding));
        }
        self
    }
}

/// The same verdicts, each in doubt where any two of the certificates may name different people, and nobody named whose they are.
///
/// A caller who shows several certificates says that they are one person's, and the best of them counts. Every pair is compared,
/// so that their order decides nothing.
pub(super) fn of_one_person(mut verdicts: Vec<CredentialVerdict>) -> Vec<CredentialVerdict> {
    let unnamed = verdicts.iter().filter(|it| it.identity.is_none());
    let stated = unnamed.filter_map(|it| it.certificate.as_deref());
    let people: Vec<_> = stated.map(|it| &it.person).collect();
    let pairs = people.iter().enumerate().flat_map(|(place, mine)| {
        let others = people.iter().skip(place + 1);
        others.map(|theirs| identity::compare_two(mine, theirs).agreement())
    });
    let doubt = match pairs.max() {
        None | Some(Agreement::Match) => return verdicts,
        Some(Agreement::Check) => "the certificates may name different people",
        Some(Agreement::Mismatch) => "the certificates name different people",
    };
    let doubt = Code::IdentityCheck.because(doubt);
    for verdict in verdicts.iter_mut().filter(|it| it.certificate.is_some()) {
        verdict.findings.push(Finding::from(&doubt));
    }
    verdicts
}

/// Whether two certificates are about one person: birth date and name are the same, as in a passport or as they are written;
/// or both agree as two people's names do, so that forms with and without parts of a name meet. What is only alike is not the
/// same.
pub(super) fn is_same(one: &HealthCertificate, other: &HealthCertificate) -> bool {
    let (left, right) = (&one.person.name, &other.person.name);
    let in_passports = |name: &PersonName| {
        (name.family_icao.is_some() || name.given_icao.is_some())
            .then(|| (name.family_icao.clone(), name.given_icao.clone()))
    };
    let name = match (in_passports(left), in_passports(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => left == right,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let agree = || identity::compare_two(&one.person, &other.person).agreement();
    (name && one.person.birth_date == other.person.birth_date) || agree() == Agreement::Match
}
