//! The half of verification that time cannot change: reading, finding the signer, judging the signature, opening.
//!
//! Refuses to judge: the result is what is inside and how far it came; `judge` decides what that means.

use crate::credential::{self, Authentic, Claims, Format, Hint, Unverified, Work};
use crate::crypto::VerifyingKey;
use crate::failure::{Code, Failure};
use crate::model::{HealthCertificate, Kid, Purpose};
use crate::quirk::Quirks;
use crate::snapshot::Snapshot;

/// How far one text came.
#[derive(Debug)]
pub struct Opened {
    /// The format, where the prefix told one.
    pub format: Option<Format>,
    /// What was odd so far.
    pub quirks: Quirks,
    /// How much was done.
    pub work: Work,
    /// The last stage that was reached.
    pub reached: Reached,
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
    /// Its issuer and period.
    pub claims: Result<Claims, Failure>,
    /// Which kinds of entry it holds, also where they break the rules of the format.
    pub purposes: Vec<Purpose>,
    /// What it states.
    pub certificate: Result<HealthCertificate, Failure>,
}

/// Opens `text` as far as it goes with the signers of `snapshot`.
pub fn open(text: &str, snapshot: &Snapshot) -> Opened {
    let unverified = match credential::read(text) {
        Ok(unverified) => unverified,
        Err(failure) => {
            return Opened {
                format: credential::sniff(text),
                quirks: Quirks::default(),
                work: Work::default(),
                reached: Reached::Unread(failure),
            };
        }
    };
    match authenticate(unverified, snapshot) {
        Ok((authentic, kid, spki_digest)) => open_authentic(&authentic, kid, spki_digest),
        Err((unverified, failure)) => Opened {
            format: Some(unverified.format()),
            quirks: unverified.quirks().clone(),
            work: unverified.work(),
            reached: Reached::Unsigned {
                hint: unverified.hint().clone(),
                failure,
            },
        },
    }
}

/// What [`open`] gives for each of `texts`, in their order.
pub fn open_batch(texts: &[&str], snapshot: &Snapshot) -> Vec<Opened> {
    texts.iter().map(|text| open(text, snapshot)).collect()
}

type Refused = (Box<Unverified>, Failure);

fn authenticate(
    unverified: Unverified,
    snapshot: &Snapshot,
) -> Result<(Authentic, Kid, [u8; 32]), Refused> {
    let Some(kid) = unverified.hint().kid.clone() else {
        let failure = Code::KidMissing.because("no usable key identifier in either header");
        return Err((Box::new(unverified), failure));
    };
    let candidates = snapshot.trust().candidates(&kid, None);
    let keys: Vec<&VerifyingKey> = candidates
        .iter()
        .filter_map(|dsc| dsc.key.as_ref().ok())
        .collect();
    if keys.is_empty() {
        let failure = match candidates.iter().find_map(|dsc| dsc.key.as_ref().err()) {
            Some(code) => code.because(format!("the key of signer {kid}")),
            None => Code::UnknownSigner.because(format!("signer {kid}")),
        };
        return Err((Box::new(unverified), failure));
    }
    let (authentic, position) = unverified.authenticate(keys.iter().copied())?;
    let digest = keys
        .get(position)
        .map(|key| *key.spki_digest())
        .unwrap_or_default();
    Ok((authentic, kid, digest))
}

fn open_authentic(authentic: &Authentic, kid: Kid, spki_digest: [u8; 32]) -> Opened {
    let mut quirks = authentic.quirks().clone();
    let mut work = authentic.work();
    let claims = authentic.claims();
    if let Ok(claims) = &claims {
        quirks.extend(&claims.quirks);
        work.cbor_items += claims.items;
    }
    let certificate = authentic.open(&mut quirks);
    let purposes = authentic.purposes();
    let signed = Signed {
        kid,
        spki_digest,
        claims,
        purposes,
        certificate,
    };
    let reached = Reached::Signed(Box::new(signed));
    Opened {
        format: Some(authentic.format()),
        quirks,
        work,
        reached,
    }
}
