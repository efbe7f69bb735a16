//! The half of verification that time cannot change: reading, finding the signer, judging the signature, opening.
//!
//! Refuses to judge: the result is what is inside and how far it came; `judge` decides what that means. Refuses to keep
//! the text or the message, so that what was opened may be kept in their place.

use crate::credential::{self, Authentic, Claims, Format, Hint, Unverified, Work};
use crate::crypto::{Algorithm, VerifyingKey};
use crate::failure::{Code, Failure};
use crate::model::{HealthCertificate, Kid, Purpose};
use crate::quirk::Quirks;
use crate::revocation::{RegisterMark, RevocationHash};
use crate::snapshot::{OwnKey, Snapshot};
use crate::trust::Dsc;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::sync::Arc;

/// How far one text came.
#[derive(Debug)]
pub struct Opened {
    /// The format, where the prefix told one; what was opened tells its own.
    pub format: Option<Format>,
    /// What was odd so far.
    pub quirks: Quirks,
    /// How much was done.
    pub work: Work,
    /// The last stage that was reached.
    pub reached: Reached,
    /// The candidates there were, in order.
    candidates: Candidates,
}

/// The last stage that a text reached.
#[derive(Debug)]
pub enum Reached {
    /// It could not be read.
    Unread(Failure),
    /// It was read, and no listed signer signed it.
    Unsigned {
        /// What it claims about its signer.
        hint: Hint,
        /// Why it is not believed.
        failure: Failure,
    },
    /// A listed signer signed it.
    Signed(Box<Signed>),
}

/// What a credential with a good signature holds.
#[derive(Debug)]
pub struct Signed {
    /// The key identifier by which the signer was found.
    pub kid: Kid,
    /// SHA-256 over the public key that verified it.
    pub spki_digest: [u8; 32],
    /// The hash over its signature, by which it may be withdrawn.
    pub signature_hash: RevocationHash,
    /// By which the register knows it, where it was issued here.
    pub mark: RegisterMark,
    /// Its issuer and period.
    pub claims: Result<Claims, Failure>,
    /// Which kinds of entry it holds, also where they break the rules of the format.
    pub purposes: SmallVec<[Purpose; 3]>,
    /// What it states, where the claims could be read; shared with the verdicts on it.
    pub certificate: Option<Result<Arc<HealthCertificate>, Failure>>,
}

/// What opening asks of one signer: SHA-256 over its public key, or why that is of no use.
type Candidate = Result<[u8; 32], Code>;
/// One, as a rule.
type Candidates = SmallVec<[Candidate; 1]>;

impl Opened {
    /// The key identifier that it names, where it could be read and names a usable one.
    pub fn kid(&self) -> Option<&Kid> {
        match &self.reached {
            Reached::Unread(_) => None,
            Reached::Unsigned { hint, .. } => hint.kid.as_ref(),
            Reached::Signed(signed) => Some(&signed.kid),
        }
    }

    /// What to ask the register of issued certificates before it is judged: the mark of a certificate that a key of our own
    /// signed; and how that key stands. Healthy keys' certificates need no answer.
    pub fn register_question(&self, snapshot: &Snapshot) -> Option<(RegisterMark, OwnKey)> {
        match &self.reached {
            Reached::Unread(_) | Reached::Unsigned { .. } => None,
            Reached::Signed(signed) => {
                let standing = snapshot.own().key(&signed.spki_digest)?;
                Some((signed.mark, standing))
            }
        }
    }

    /// Whether `snapshot` lists the candidates under which it was opened: the same keys and unusable keys, in the same
    /// order, for the key identifier it names.
    ///
    /// Opening depends on nothing else in a snapshot. So where this holds, [`open`] of the same text would give the
    /// same again. Costs one look-up, and allocates nothing.
    pub fn rests_on(&self, snapshot: &Snapshot) -> bool {
        match self.kid() {
            None => true,
            Some(kid) => candidates(kid, snapshot).eq(self.candidates.iter().copied()),
        }
    }

    /// About how many bytes it holds in memory, what is allocated for it included.
    pub fn weight(&self) -> usize {
        let reached = match &self.reached {
            Reached::Unread(failure) => failure.detail().len(),
            Reached::Unsigned { hint, failure } => {
                hint.kid.as_ref().map_or(0, |kid| kid.as_bytes().len()) + failure.detail().len()
            }
            Reached::Signed(signed) => signed.weight(),
        };
        size_of::<Self>() + size_of_val(self.candidates.as_slice()) + reached + ALLOCATIONS
    }
}

impl Signed {
    fn weight(&self) -> usize {
        let issuer = self
            .claims
            .as_ref()
            .map_or(0, |claims| claims.issuer.as_ref().map_or(0, SmolStr::len));
        let certificate = match &self.certificate {
            Some(Ok(certificate)) => certificate.weight(),
            Some(Err(failure)) => failure.detail().len(),
            None => 0,
        };
        size_of::<Self>() + self.kid.as_bytes().len() + issuer + certificate
    }
}

/// What `snapshot` answers to `kid`.
fn candidates(kid: &Kid, snapshot: &Snapshot) -> impl Iterator<Item = Candidate> {
    let of = |dsc: &Arc<Dsc>| match &dsc.key {
        Ok(key) => Ok(*key.spki_digest()),
        Err(code) => Err(*code),
    };
    snapshot.trust().candidates(kid).map(of)
}

/// Opens `text` as far as it goes with the signers of `snapshot`.
pub fn open(text: &str, snapshot: &Snapshot) -> Opened {
    let (unverified, kid) = match named(text, snapshot) {
        Ok(named) => named,
        Err(opened) => return *opened,
    };
    let answer = unverified.authenticate(keys(&kid, snapshot));
    concluded(answer, kid, snapshot)
}

/// What [`open`] gives for each of `texts`, in their order; their signatures are judged together.
pub fn open_batch(texts: &[&str], snapshot: &Snapshot) -> Vec<Opened> {
    let (mut asked, mut kids) = (Vec::new(), Vec::new());
    let mut opened: Vec<Option<Opened>> = Vec::with_capacity(texts.len());
    for text in texts {
        match named(text, snapshot) {
            Err(done) => opened.push(Some(*done)),
            Ok((unverified, kid)) => {
                asked.push((unverified, keys(&kid, snapshot).collect()));
                kids.push(kid);
                opened.push(None);
            }
        }
    }
    let answers = credential::authenticate_all(asked);
    let mut concluded = answers
        .into_iter()
        .zip(kids)
        .map(|(answer, kid)| concluded(answer, kid, snapshot));
    // There is an answer for each that was asked, so none is left out.
    let all = opened.into_iter();
    all.filter_map(|done| done.or_else(|| concluded.next()))
        .collect()
}

/// Reads `text` as far as a key identifier under which a usable key is listed.
fn named(text: &str, snapshot: &Snapshot) -> Result<(Unverified, Kid), Box<Opened>> {
    let unverified = match credential::read(text) {
        Ok(unverified) => unverified,
        Err(failure) => {
            return Err(Box::new(Opened {
                format: credential::sniff(text),
                quirks: Quirks::default(),
                work: Work::default(),
                reached: Reached::Unread(failure),
                candidates: Candidates::default(),
            }));
        }
    };
    let Some(kid) = unverified.hint().kid.clone() else {
        let failure = Code::KidMissing.because("no usable key identifier in either header");
        return Err(Box::new(unsigned(
            &unverified,
            failure,
            Candidates::default(),
        )));
    };
    if keys(&kid, snapshot).next().is_some() {
        return Ok((unverified, kid));
    }
    let failure = match candidates(&kid, snapshot).find_map(Result::err) {
        Some(code) => code.because(format!("the key of signer {kid}")),
        None => Code::UnknownSigner.because(format!("signer {kid}")),
    };
    let candidates = candidates(&kid, snapshot).collect();
    Err(Box::new(unsigned(&unverified, failure, candidates)))
}

/// The usable keys of the signers that `kid` may mean.
fn keys<'s>(kid: &Kid, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s VerifyingKey> {
    snapshot
        .trust()
        .candidates(kid)
        .filter_map(|dsc| dsc.key.as_ref().ok())
}

fn concluded(
    answer: Result<(Authentic, usize), credential::Refused>,
    kid: Kid,
    snapshot: &Snapshot,
) -> Opened {
    let candidates: Candidates = candidates(&kid, snapshot).collect();
    match answer {
        Err((unverified, failure)) => unsigned(&unverified, failure, candidates),
        Ok((authentic, position)) => {
            let keys = candidates.iter().filter_map(|it| it.as_ref().ok());
            // The position came from this very list, so the empty default is never taken.
            let spki_digest = keys.copied().nth(position).unwrap_or_default();
            signed(&authentic, kid, spki_digest, candidates)
        }
    }
}

fn unsigned(unverified: &Unverified, failure: Failure, candidates: Candidates) -> Opened {
    Opened {
        format: Some(unverified.format()),
        quirks: unverified.quirks().clone(),
        work: unverified.work(),
        reached: Reached::Unsigned {
            hint: unverified.hint().clone(),
            failure,
        },
        candidates,
    }
}

fn signed(
    authentic: &Authentic,
    kid: Kid,
    spki_digest: [u8; 32],
    candidates: Candidates,
) -> Opened {
    let mut work = authentic.work();
    let content = authentic.open();
    if let Ok(claims) = &content.claims {
        work.cbor_items += claims.items;
    }
    let (signature, algorithm) = authentic.signature();
    // Whatever was authenticated states its algorithm; the whole signature is hashed where it does not.
    let signature_hash =
        RevocationHash::of_signature(signature, algorithm.unwrap_or(Algorithm::Ps256));
    let format = content.format;
    let signed = Signed {
        kid,
        spki_digest,
        signature_hash,
        mark: RegisterMark::of(signature_hash, authentic.signed_bytes()),
        claims: content.claims,
        purposes: content.purposes,
        certificate: content.certificate.map(|it| it.map(Arc::new)),
    };
    Opened {
        format: Some(format),
        quirks: content.quirks,
        work,
        reached: Reached::Signed(Box::new(signed)),
        candidates,
    }
}

/// What the allocator keeps for itself, about: 16 bytes for each of some 8 allocations.
const ALLOCATIONS: usize = 128;
