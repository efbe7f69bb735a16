//! Whose the certificates are: the holder's whom a caller names, or at least one person's.
//!
//! Refuses to judge by names where nothing is authentic, and to let one person's good certificate stand for another's.

use super::identity::{self, Agreement, Holder, Identity, Named};
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

/// The same verdicts, each in doubt where two of the certificates name different people, and nobody named whose they are.
///
/// A caller who shows several certificates says that they are one person's, and the best of them counts.
pub(super) fn of_one_person(mut verdicts: Vec<CredentialVerdict>) -> Vec<CredentialVerdict> {
    let unnamed = verdicts.iter().filter(|it| it.identity.is_none());
    let mut stated = unnamed.filter_map(|it| it.certificate.as_deref());
    let first = stated.next();
    let mut others = stated.peekable();
    let differ = others.peek().is_some() && {
        let first = first.and_then(as_holder);
        others.any(|other| match &first {
            // A name that cannot be compared is for a person to compare.
            None => true,
            Some(first) => identity::compare(other, first).agreement() == Agreement::Mismatch,
        })
    };
    if differ {
        let doubt = Code::IdentityCheck.because("the certificates name different people");
        for verdict in verdicts.iter_mut().filter(|it| it.certificate.is_some()) {
            verdict.findings.push(Finding::from(&doubt));
        }
    }
    verdicts
}

/// Whether two certificates are about one person: birth date and name are the same, as in a passport or as they are written;
/// or one agrees with the other as with a holder, so that forms with and without parts of a name meet. What is only alike is
/// not the same.
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
    let agree = |certificate, other| {
        let holder = as_holder(other);
        let agreement = holder.map(|it| identity::compare(certificate, &it).agreement());
        agreement == Some(Agreement::Match)
    };
    (name && one.person.birth_date == other.person.birth_date)
        || agree(one, other)
        || agree(other, one)
}

/// Whom `certificate` is about, as a holder.
fn as_holder(certificate: &HealthCertificate) -> Option<Holder> {
    let person = &certificate.person;
    let name = &person.name;
    let family = name.family.as_deref().or(name.family_icao.as_deref());
    let given = name.given.as_deref().or(name.given_icao.as_deref());
    let parts = Named::Parts {
        family: family.unwrap_or_default(),
        given: given.unwrap_or_default(),
    };
    let named = match name.full.as_deref() {
        Some(full) if family.is_none() => Named::Whole(full),
        Some(_) | None => parts,
    };
    Holder::read(Some(named), Some(&person.birth_date.to_string()), None).ok()
}
