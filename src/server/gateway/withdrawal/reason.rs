//! Why certificates are withdrawn, as data: one machine name for each reason.
//!
//! Refuses words of people: whoever reads a withdrawal in ten years finds a reason that a program understands.

use serde::{Deserialize, Serialize};

/// Why certificates are withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A corrected or renewed event took the place of theirs. The gateway's own word, no operator's.
    Superseded,
    /// What they state was entered in error.
    EnteredInError,
    /// What they state was made up.
    Fraud,
    /// The key that signed them is compromised.
    KeyCompromised,
    /// Their holder asked for it.
    HolderRequest,
    /// The lot that they name was recalled.
    LotRecalled,
    /// Another one, which the operator's files tell.
    Other,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Superseded,
        Self::EnteredInError,
        Self::Fraud,
        Self::KeyCompromised,
        Self::HolderRequest,
        Self::LotRecalled,
        Self::Other,
    ];

    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::EnteredInError => "entered_in_error",
            Self::Fraud => "fraud",
            Self::KeyCompromised => "key_compromised",
            Self::HolderRequest => "holder_request",
            Self::LotRecalled => "lot_recalled",
            Self::Other => "other",
        }
    }

    /// The reason with this machine name, if operators may give it.
    pub fn parse(name: &str) -> Option<Self> {
        let reasons = Self::ALL.into_iter().filter(|it| *it != Self::Superseded);
        reasons.into_iter().find(|it| it.name() == name)
    }
}
