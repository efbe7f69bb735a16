//! What the register of issued certificates says of one: an argument of the verdict, so that a verdict can be reached again.
//!
//! Refuses to take silence for a yes: under a compromised key, a certificate of which nobody asked is not accepted.

use crate::failure::{Code, Failure};
use crate::model::Kid;

/// What the register of issued certificates says of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registered {
    /// It was not asked: there is none, as offline, or the signer's key is healthy or none of ours.
    #[default]
    NotAsked,
    /// It was issued here.
    Yes,
    /// It was not.
    No,
    /// It was asked and did not answer.
    Unavailable,
}

impl Registered {
    /// The machine name, as in JSON; `None` where it was not asked.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::NotAsked => None,
            Self::Yes => Some("registered"),
            Self::No => Some("not_registered"),
            Self::Unavailable => Some("unavailable"),
        }
    }

    /// The word with this machine name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Yes, Self::No, Self::Unavailable]
            .into_iter()
            .find(|it| it.name() == Some(name))
    }

    /// What speaks against a certificate that the compromised key of `kid` signed.
    pub(super) fn judged(self, kid: &Kid) -> Option<Failure> {
        match self {
            Self::Yes => None,
            Self::No => Some(Code::NotLogged.because(format!("signer {kid} is compromised"))),
            Self::NotAsked => {
                let reason = format!("signer {kid} is compromised, and there is no register here");
                Some(Code::RegisterUnavailable.because(reason))
            }
            Self::Unavailable => {
                let reason = format!("signer {kid} is compromised, and the register is silent");
                Some(Code::RegisterUnavailable.because(reason))
            }
        }
    }
}
