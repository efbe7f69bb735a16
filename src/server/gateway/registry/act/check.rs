//! The ceilings of acts.
//!
//! Refuses texts and lists over their ceilings, and names of nothing.

use super::super::wire;
use super::{Act, OperatorRole, Reason};
use crate::failure::{Code, Failure};
use crate::model::Country;

impl Act {
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self {
            Self::OperatorAdd {
                id,
                name,
                roles,
                facilities,
                ..
            } => {
                wire::check_id(id)?;
                wire::check_text("name", name, MAX_NAME)?;
                wire::check_facilities(facilities)?;
                at_most("roles", roles.len(), OperatorRole::ALL.len())
            }
            Self::OperatorDisable { id } | Self::ClientDisable { id } => wire::check_id(id),
            Self::ClientAdd { id, scopes, .. } => {
                wire::check_id(id)?;
                at_most("scopes", scopes.len(), MAX_ROLES)
            }
            Self::SignerReadmit { feed, .. } | Self::FeedAcceptLess { feed } => {
                wire::check_id(feed).map_err(|failure| failure.about("feed"))
            }
            Self::PartyAdd {
                country,
                name,
                roles,
                certificates,
            } => {
                check_country(country)?;
                wire::check_text("name", name, MAX_NAME)?;
                at_most("roles", roles.len(), MAX_ROLES)?;
                for role in roles {
                    wire::check_text("roles", role, MAX_NAME)?;
                }
                at_most("certificates", certificates.len(), MAX_CERTIFICATES)
            }
            Self::PartyRemove { country } => check_country(country),
            Self::IssuerAdd {
                url,
                kind,
                country,
                name,
                domain,
                signature_eu,
                signature_tng,
            } => {
                check_country(country)?;
                wire::check_text("url", url, MAX_URL)?;
                wire::check_text("type", kind, MAX_NAME)?;
                wire::check_text("name", name, MAX_NAME)?;
                wire::check_text("domain", domain, MAX_NAME)?;
                if signature_eu.is_none() && signature_tng.is_none() {
                    let reason = "one of signature_eu and signature_tng is needed";
                    return Err(Code::RequestInvalid.because(reason));
                }
                Ok(())
            }
            Self::IssuerRemove { url } => wire::check_text("url", url, MAX_URL),
            Self::KeyAdd {
                purposes,
                region,
                quarter,
                ..
            } => {
                at_most("purposes", purposes.len(), MAX_ROLES)?;
                wire::check_text("region", region, MAX_NAME)?;
                wire::check_text("quarter", quarter, MAX_NAME)
            }
            Self::KeyRetire { .. } | Self::KeyCompromised { .. } | Self::PolicyActivate { .. } => {
                Ok(())
            }
            Self::CertificatesWithdraw { selector, reason } => {
                if *reason == Reason::Superseded {
                    let reason = "superseded is the gateway's own reason";
                    return Err(Code::RequestInvalid.because(reason).about("reason"));
                }
                selector.selector().map(|_| ())
            }
            Self::CertificatesReinstate { id } => wire::check_id(id),
        }
    }
}

fn check_country(text: &str) -> Result<(), Failure> {
    if Country::parse(text).is_some() {
        return Ok(());
    }
    let reason = "member `country` is no country";
    Err(Code::RequestInvalid.because(reason).about("country"))
}

fn at_most(member: &str, count: usize, ceiling: usize) -> Result<(), Failure> {
    if count <= ceiling {
        return Ok(());
    }
    let reason = format!("member `{member}` has over {ceiling} items");
    Err(Code::RequestInvalid.because(reason).about(member))
}

const MAX_NAME: usize = 100;
const MAX_URL: usize = 1000;
const MAX_ROLES: usize = 16;
/// Certificates of one party in one act.
const MAX_CERTIFICATES: usize = 32;
