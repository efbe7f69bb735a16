//! The half of verification that time can change: every check that the stage reached allows.
//!
//! Refuses to stop at the first finding: the signature, the period, the signer and the content are judged apart.

use super::asked::{Asked, Presented};
use super::checks::{self, Boundaries};
use super::open::{Opened, Reached, Signed, open};
use super::policy::Policy;
use super::register::Registered;
use super::verdict::{CredentialVerdict, Finding, Outcome, Signer, Verdict};
use crate::credential::Hint;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::quirk::{Quirk, Quirks};
use crate::snapshot::Snapshot;
use crate::trust::Dsc;
use smallvec::SmallVec;
use std::sync::Arc;

/// The verdict on one credential, at the instant `at`.
///
/// Never fails: a text that is no credential at all is a verdict, too. One exception to the order of findings: a signer
/// that a stale source might know is reported as `trust_list_stale`, not as `unknown_signer`.
pub fn verify(text: &str, at: UnixTime, snapshot: &Snapshot, policy: &Policy) -> Verdict {
    let opened = open(text, snapshot);
    Asked::default().verdict([Presented::of(&opened)].into_iter(), at, snapshot, policy)
}

/// The verdict on what was `opened`, at the instant `at`.
///
/// `registered` is what the register of issued certificates says of it; it counts only under a key of our own that is
/// compromised, see [`Opened::register_question`].
pub fn judge(
    opened: &Opened,
    at: UnixTime,
    snapshot: &Snapshot,
    policy: &Policy,
    registered: Registered,
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
            let known = (snapshot, policy, registered);
            let judged = by_best_signer(signed, &opened.quirks, known, &mut boundaries);
            (findings, quirks, signer) = (judged.findings, judged.quirks, judged.signer);
            certificate = match &signed.certificate {
                Some(Ok(certificate)) => Some(Arc::clone(certificate)),
                Some(Err(_)) | None => None,
            };
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
        registered,
        identity: None,
        rules: None,
    }
}

/// A credential as judged under one of the signers that hold its key.
struct Judged {
    findings: Vec<Finding>,
    quirks: Quirks,
    signer: Option<Signer>,
}

/// The judgement under the signer that speaks best for the credential, among those that hold the key which verified it
/// today.
///
/// A key may stand in several certificates, an old and a renewed one; the holder is not to suffer from the old. Each of
/// them may change the verdict in time, so the boundaries of all are noted.
fn by_best_signer(
    signed: &Signed,
    seen: &Quirks,
    (snapshot, policy, registered): (&Snapshot, &Policy, Registered),
    boundaries: &mut Boundaries,
) -> Judged {
    let mut best: Option<Judged> = None;
    let holders: SmallVec<[_; 4]> = snapshot.trust().holders(&signed.spki_digest).collect();
    // Whoever has a CA can certify a foreign key. Only those count that the credential names, and other certificates of
    // their countries; where none of these is listed any more, all do.
    let named: SmallVec<[_; 4]> = holders.iter().filter(|dsc| dsc.kid == signed.kid).collect();
    let related =
        |dsc: &&&Arc<Dsc>| named.is_empty() || named.iter().any(|named| named.shares_country(dsc));
    for dsc in holders.iter().filter(related) {
        // A holder may put another kid of the same signer into the unprotected header; batches name any of them.
        let own = holders.iter().filter(|other| other.shares_country(dsc));
        let kids: SmallVec<[_; 4]> = own.map(|other| &other.kid).chain([&signed.kid]).collect();
        let mut quirks = seen.clone();
        let mut checks = checks::Checks {
            policy,
            registered,
            boundaries: &mut *boundaries,
            quirks: &mut quirks,
        };
        let findings = checks.signed(signed, dsc, &kids, snapshot);
        let judged = Judged {
            findings,
            quirks,
            signer: Some(Signer(Arc::clone(dsc))),
        };
        if best.as_ref().is_none_or(|best| rank(&judged) < rank(best)) {
            best = Some(judged);
        }
    }
    best.unwrap_or_else(|| {
        let reason = format!("signer {} is no longer listed", signed.kid);
        let findings = vec![Finding::from(&Code::UnknownSigner.because(reason))];
        Judged {
            findings,
            quirks: seen.clone(),
            signer: None,
        }
    })
}

/// Accepted before indeterminate before rejected, then by the number of findings.
fn rank(judged: &Judged) -> (Outcome, usize) {
    (Outcome::of(&judged.findings), judged.findings.len())
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

fn refused_quirks(quirks: &Quirks, policy: &Policy) -> impl Iterator<Item = Finding> {
    let refused = |quirk: &Quirk| policy.refused_quirks.contains(quirk);
    let finding = |quirk: Quirk| Finding::from(&Code::QuirkRefused.because(quirk.name()));
    quirks.iter().filter(refused).map(finding)
}
