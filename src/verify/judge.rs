//! The half of verification that time can change: every check that the stage reached allows.
//!
//! Refuses to stop at the first finding: the signature, the period, the signer and the content are judged apart.

use super::checks::{self, Boundaries};
use super::open::{Opened, Reached, Signed, open};
use super::policy::Policy;
use super::verdict::{CredentialVerdict, Finding, Signer, Verdict};
use crate::credential::Hint;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::quirk::{Quirk, Quirks};
use crate::snapshot::Snapshot;
use crate::trust::Dsc;
use std::sync::Arc;

/// The verdict on one credential, at the instant `at`.
///
/// Never fails: a text that is no credential at all is a verdict, too. One exception to the order of findings: a signer
/// that a stale source might know is reported as `trust_list_stale`, not as `unknown_signer`.
pub fn verify(text: &str, at: UnixTime, snapshot: &Snapshot, policy: &Policy) -> Verdict {
    let judged = judge(&open(text, snapshot), at, snapshot, policy);
    Verdict::of(vec![judged], at, snapshot, policy)
}

/// The verdict on what was `opened`, at the instant `at`.
pub fn judge(
    opened: &Opened,
    at: UnixTime,
    snapshot: &Snapshot,
    policy: &Policy,
) -> CredentialVerdict {
    let mut quirks = opened.quirks.clone();
    let mut boundaries = Boundaries::new(at);
    let mut findings = Vec::new();
    let mut signer = None;
    let mut certificate = None;
    match &opened.reached {
        Reached::Unread(failure) => findings.push(Finding::from(failure)),
        Reached::Unsigned { hint, failure } => {
            findings.push(unsigned(hint, failure, snapshot, policy, &mut boundaries));
        }
        Reached::Signed(signed) => {
            let dsc = best_signer(signed, at, snapshot, policy);
            let mut checks = checks::Checks {
                policy,
                boundaries: &mut boundaries,
                quirks: &mut quirks,
            };
            findings = checks.signed(signed, dsc, snapshot);
            signer = dsc.map(|dsc| Signer::of(dsc));
            certificate = signed.certificate.as_ref().ok().cloned();
        }
    }
    findings.extend(refused_quirks(&quirks, policy));
    CredentialVerdict {
        reference: None,
        format: opened.format,
        findings,
        quirks,
        signer,
        certificate,
        recheck_by: boundaries.next(),
        work: opened.work,
    }
}

/// The signer that speaks best for the credential among those that hold the key which verified it today.
///
/// A key may stand in several certificates, an old and a renewed one; the holder is not to suffer from the old.
fn best_signer<'s>(
    signed: &Signed,
    at: UnixTime,
    snapshot: &'s Snapshot,
    policy: &Policy,
) -> Option<&'s Arc<Dsc>> {
    let candidates = snapshot
        .trust()
        .candidates(&signed.kid, checks::issuing_country(signed));
    let holders = candidates.into_iter().filter(|dsc| {
        dsc.key
            .as_ref()
            .is_ok_and(|key| *key.spki_digest() == signed.spki_digest)
    });
    holders.min_by_key(|dsc| {
        let mut boundaries = Boundaries::new(at);
        let mut quirks = Quirks::default();
        let mut checks = checks::Checks {
            policy,
            boundaries: &mut boundaries,
            quirks: &mut quirks,
        };
        checks.signed(signed, Some(dsc), snapshot).len()
    })
}

/// An unknown signer that a stale source might know is no reason to send anybody away.
fn unsigned(
    hint: &Hint,
    failure: &Failure,
    snapshot: &Snapshot,
    policy: &Policy,
    boundaries: &mut Boundaries,
) -> Finding {
    if failure.code() != Code::UnknownSigner || hint.kid.is_none() {
        return Finding::from(failure);
    }
    match snapshot
        .sources()
        .iter()
        .find(|source| boundaries.stale(source, policy))
    {
        None => Finding::from(failure),
        Some(source) => Finding::from(&checks::stale(source)),
    }
}

fn refused_quirks(quirks: &Quirks, policy: &Policy) -> Vec<Finding> {
    let refused = |quirk: &Quirk| policy.refused_quirks.contains(quirk);
    let finding = |quirk: Quirk| Finding::from(&Code::QuirkRefused.because(quirk.name()));
    quirks.iter().filter(refused).map(finding).collect()
}
