//! What is inside a credential: claims, kinds of entry, health certificate; read in one pass.
//!
//! Refuses to say whether any of it is authentic: only the typed gate in `unverified` knows, and it alone reads here.
//!
//! Source: hcert-spec 1.0.8, section 3.3.

use super::format::Format;
use super::who_ddcc::{self, Stated};
use super::{eu_dcc, hcert};
use crate::codec::cwt;
use crate::codec::item::Item;
use crate::failure::{Code, Failure};
use crate::model::{HealthCertificate, Purpose, UnixTime};
use crate::quirk::{Quirk, Quirks};
use smallvec::SmallVec;
use smol_str::SmolStr;

/// What is inside a credential.
#[derive(Debug)]
pub struct Content {
    /// The format, which only the content tells for certain.
    pub format: Format,
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
    /// What `payload` holds; `quirks` are those of the envelope, `format` is what it looked like from outside.
    pub(super) fn read(format: Format, payload: &[u8], mut quirks: Quirks) -> Self {
        let document = cwt::document(payload, hcert::LIMITS.cbor);
        if let Ok(document) = &document
            && who_ddcc::stands_alone(document.root())
        {
            return Self::alone(document.root(), document.items, quirks);
        }
        let read = document
            .and_then(cwt::Claims::of)
            .and_then(|content| Ok((Claims::of(&content)?, content)));
        let (mut claims, content) = match read {
            Ok(read) => read,
            Err(failure) => {
                return Self {
                    format,
                    claims: Err(failure),
                    purposes: SmallVec::new(),
                    certificate: None,
                    quirks,
                };
            }
        };
        quirks.extend(&claims.quirks);
        let (format, purposes, certificate) = match hcert::certificate(&content) {
            Err(failure) => (format, SmallVec::new(), Err(failure)),
            Ok(hcert::Held::EuDcc(item)) => (
                Format::EuDcc,
                eu_dcc::purposes(item),
                eu_dcc::read(item, None, &mut quirks),
            ),
            Ok(hcert::Held::WhoDdcc(container)) => (
                Format::WhoDdcc,
                who_ddcc::purposes(container),
                who_ddcc::read(container, &mut quirks).map(|stated| claims.narrowed(stated)),
            ),
        };
        Self {
            format,
            claims: Ok(claims),
            purposes,
            certificate: Some(certificate),
            quirks,
        }
    }

    /// What a WHO certificate holds that has no claims around it. Its period is what it states itself, for ever else: its
    /// signer's ends it.
    fn alone(root: Item<'_>, items: usize, mut quirks: Quirks) -> Self {
        quirks.note(Quirk::NoClaims);
        let mut claims = Claims {
            issuer: None,
            not_before: None,
            issued_at: UnixTime::EPOCH,
            expires_at: UnixTime::END,
            quirks: Quirks::default(),
            items,
        };
        let certificate = who_ddcc::read_alone(root, &mut quirks);
        let certificate = certificate.map(|stated| claims.narrowed(stated));
        Self {
            format: Format::WhoDdcc,
            claims: Ok(claims),
            purposes: who_ddcc::purposes_alone(root),
            certificate: Some(certificate),
            quirks,
        }
    }
}

impl Claims {
    /// What is `stated`; its own period ends these claims where it is the shorter.
    fn narrowed(&mut self, stated: Stated) -> HealthCertificate {
        if let Some(start) = stated.start {
            self.not_before = Some(self.not_before.map_or(start, |own| own.max(start)));
        }
        if let Some(end) = stated.end {
            self.expires_at = self.expires_at.min(end);
        }
        stated.certificate
    }

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
