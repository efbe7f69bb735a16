//! What is inside a credential: claims, kinds of entry, health certificate; read in one pass.
//!
//! Refuses to say whether any of it is authentic: only the typed gate in `unverified` knows, and it alone reads here.
//!
//! Source: hcert-spec 1.0.8, section 3.3.

use super::format::Format;
use super::{eu_dcc, hcert};
use crate::codec::cwt;
use crate::failure::{Code, Failure};
use crate::model::{HealthCertificate, Purpose, UnixTime};
use crate::quirk::Quirks;
use smallvec::SmallVec;
use smol_str::SmolStr;

/// What is inside a credential.
#[derive(Debug)]
pub struct Content {
    /// Its issuer and period. `cwt_invalid` where they cannot be read.
    pub claims: Result<Claims, Failure>,
    /// Which kinds of entry it holds, also where they break the rules of the format.
    pub purposes: SmallVec<[Purpose; 3]>,
    /// Its health certificate, where the claims could be read; `hcert_missing`, `payload_invalid` or `entries_not_one`
    /// where it cannot be.
    pub certificate: Option<Result<HealthCertificate, Failure>>,
    /// Everything that was odd, in the envelope, too.
    pub quirks: Quirks,
}

/// The issuer and the period of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The issuer as written, a country code as a rule.
    pub issuer: Option<SmolStr>,
    /// The first second, where one is stated.
    pub not_before: Option<UnixTime>,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// The last second.
    pub expires_at: UnixTime,
    /// What was odd about the claims.
    pub quirks: Quirks,
    /// CBOR items of the claims.
    pub items: usize,
}

impl Content {
    /// What `payload` holds; `quirks` are those of the envelope.
    pub(super) fn read(format: Format, payload: &[u8], mut quirks: Quirks) -> Self {
        let read = cwt::Claims::read(payload, hcert::LIMITS.cbor)
            .and_then(|content| Ok((Claims::of(&content)?, content)));
        let (claims, content) = match read {
            Ok(read) => read,
            Err(failure) => {
                return Self {
                    claims: Err(failure),
                    purposes: SmallVec::new(),
                    certificate: None,
                    quirks,
                };
            }
        };
        quirks.extend(&claims.quirks);
        let (purposes, certificate) = match (format, hcert::certificate(&content)) {
            (Format::EuDcc, Err(failure)) => (SmallVec::new(), Err(failure)),
            (Format::EuDcc, Ok(item)) => (
                eu_dcc::purposes(item),
                eu_dcc::read(item, None, &mut quirks),
            ),
        };
        Self {
            claims: Ok(claims),
            purposes,
            certificate: Some(certificate),
            quirks,
        }
    }
}

impl Claims {
    fn of(content: &cwt::Claims<'_>) -> Result<Self, Failure> {
        let instant = |seconds| {
            UnixTime::from_seconds(seconds)
                .ok_or_else(|| Code::CwtInvalid.because("a time out of range"))
        };
        Ok(Self {
            issuer: content.issuer().map(SmolStr::from),
            not_before: content.not_before.map(instant).transpose()?,
            issued_at: instant(content.issued_at)?,
            expires_at: instant(content.expires_at)?,
            quirks: content.quirks.clone(),
            items: content.items,
        })
    }
}
