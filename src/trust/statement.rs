//! What a gateway's trust list states: a certificate, the part it plays, and a signed message that vouches for it.
//!
//! Refuses nothing: admission judges, in `anchored`. Source: EU DGCG, `GET /trustList`; WHO TNG, which adds parts.

use super::entry::Place;
use crate::model::{Kid, Thumbprint, UnixTime};

/// The part that a certificate plays for its country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It signs credentials.
    Signer,
    /// It signs the certificates of signers.
    Csca,
    /// It signs what the country hands in.
    Upload,
    /// The country's backend proves itself with it in TLS.
    Authentication,
    /// It signs the certificates of whoever exchanges data.
    Deca,
    /// It exchanges data between participants.
    Desc,
    /// Another gateway's trust anchor.
    TrustAnchor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Signer,
        Self::Csca,
        Self::Upload,
        Self::Authentication,
        Self::Deca,
        Self::Desc,
        Self::TrustAnchor,
    ];

    /// Whether a certificate in this part proves anything about credentials.
    pub fn vouches(self) -> bool {
        match self {
            Self::Signer | Self::Csca | Self::Upload => true,
            Self::Authentication | Self::Deca | Self::Desc | Self::TrustAnchor => false,
        }
    }

    /// The name in the gateways' trust lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signer => "DSC",
            Self::Csca => "CSCA",
            Self::Upload => "UPLOAD",
            Self::Authentication => "AUTHENTICATION",
            Self::Deca => "DECA",
            Self::Desc => "DESC",
            Self::TrustAnchor => "TRUSTANCHOR",
        }
    }

    /// The part with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A certificate as a gateway states it; nothing in it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it stands.
    pub place: Place,
    /// The part it plays.
    pub role: Role,
    /// The country it belongs to, as stated.
    pub country: String,
    /// The key identifier, where one is stated.
    pub kid: Option<Kid>,
    /// SHA-256 over the certificate, where it is stated.
    pub thumbprint: Option<Thumbprint>,
    /// The certificate, X.509, DER.
    pub certificate: Vec<u8>,
    /// The message that vouches for it: CMS over the certificate, which may or may not stand in it.
    pub signature: Vec<u8>,
    /// When the gateway took it in, by its word.
    pub taken_in_at: Option<UnixTime>,
}
