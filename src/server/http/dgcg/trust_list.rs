//! The trust list: every certificate that stands, and, on the EU's side, what changed.
//!
//! Refuses types that the dialect does not have, countries that are not two characters, pages of no entries, and instants
//! that are none. Signatures are detached in every list, so that nobody gets a certificate twice.
//!
//! Source: EU DGCG, `GET /trustList` and the two below it; WHO TNG, the same without pages and changes.

use super::asked::{Asked, json};
use super::query::{self, Params};
use crate::exchange::dgcg::{Dialect, Listed};
use crate::model::{Country, UnixTime};
use crate::server::gateway::hub::{Entry, Hub, Reason, Refused};
use crate::trust::Role;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// `GET /trustList`.
pub(super) async fn all(asked: Asked) -> HttpResponse {
    let result = list(&asked, None, None).await;
    asked.answer(result)
}

/// `GET /trustList/{type}`.
pub(super) async fn of_type(asked: Asked, path: Path<String>) -> HttpResponse {
    let result = list(&asked, Some(&path.into_inner()), None).await;
    asked.answer(result)
}

/// `GET /trustList/{type}/{country}`.
pub(super) async fn of_country(asked: Asked, path: Path<(String, String)>) -> HttpResponse {
    let (kind, country) = path.into_inner();
    let result = list(&asked, Some(&kind), Some(&country)).await;
    asked.answer(result)
}

async fn list(
    asked: &Asked,
    kind: Option<&str>,
    country: Option<&str>,
) -> Result<HttpResponse, Refused> {
    let types = types(asked.dialect);
    let role = match kind {
        None => None,
        Some(kind) => {
            let role = Role::parse(&kind.to_ascii_uppercase());
            let role = role.filter(|role| types.contains(role));
            Some(role.ok_or_else(|| Reason::Invalid.because("type is unknown"))?)
        }
    };
    // Two characters that name no country are nobody's.
    let country = country.map(query::country).transpose()?;
    let (since, page) = match asked.dialect {
        Dialect::Eu => (query::since(&asked.request)?, page(&asked.request)?),
        Dialect::Tng => (None, None),
    };
    let wanted = Wanted {
        dialect: asked.dialect,
        role,
        country,
        since,
        page,
    };
    let (hub, now) = (asked.gateway().hub(), asked.gateway().clock().now());
    let body = asked.apart(move || wanted.of(&hub, now)).await?;
    Ok(json(body))
}

/// The number of a page and its size, if pages are asked for.
fn page(request: &actix_web::HttpRequest) -> Result<Option<(usize, usize)>, Refused> {
    let params = Params::of(request)?;
    let (page, size) = (params.number("page")?, params.number("pagesize")?);
    if size == Some(0) {
        return Err(Reason::Invalid.because("pagesize is 0"));
    }
    if page.is_none() && size.is_none() {
        return Ok(None);
    }
    Ok(Some((page.unwrap_or(0), size.unwrap_or(PAGE_SIZE))))
}

/// What is asked for.
struct Wanted {
    dialect: Dialect,
    role: Option<Role>,
    country: Option<Option<Country>>,
    since: Option<UnixTime>,
    page: Option<(usize, usize)>,
}

impl Wanted {
    /// It, as JSON, in the order of key identifiers.
    fn of(&self, hub: &Hub, now: UnixTime) -> Vec<u8> {
        let entries = hub.all().filter(|entry| self.has(entry, now));
        let kid = |entry: &Entry| match self.dialect {
            // Its clients look for the certificate's own.
            Dialect::Eu => entry.thumbprint.kid().map(|kid| kid.to_string()),
            Dialect::Tng => Some(entry.kid.clone()),
        };
        let mut rows: Vec<_> = entries
            .map(|entry| (kid(entry).unwrap_or_default(), entry))
            .collect();
        rows.sort_by(|(kid, entry), (other_kid, other)| {
            (kid, entry.thumbprint, entry.role).cmp(&(other_kid, other.thumbprint, other.role))
        });
        let (page, size) = self.page.unwrap_or((0, usize::MAX));
        let page = rows.into_iter().skip(page.saturating_mul(size)).take(size);
        let listed: Vec<_> = page
            .map(|(kid, entry)| Listed {
                kid,
                taken_in_at: entry.created_at,
                country: entry.country,
                role: entry.role,
                thumbprint: entry.thumbprint,
                vouched: entry
                    .stands()
                    .then_some((&entry.signature, &entry.certificate)),
            })
            .collect();
        Listed::write(&listed)
    }

    fn has(&self, entry: &Entry, now: UnixTime) -> bool {
        let is_wanted = types(self.dialect).contains(&entry.role)
            && entry.is_of_default_domain()
            && self.role.is_none_or(|role| role == entry.role)
            && self.country.is_none_or(|it| it == Some(entry.country));
        let is_told = match self.since {
            None => entry.stands(),
            Some(since) => {
                let changed = entry.deleted_at.unwrap_or(entry.created_at);
                changed >= since && !entry.is_forgotten(now)
            }
        };
        is_wanted && is_told
    }
}

/// The types that `dialect` has.
fn types(dialect: Dialect) -> &'static [Role] {
    match dialect {
        Dialect::Eu => EU_TYPES,
        Dialect::Tng => &Role::ALL,
    }
}

const EU_TYPES: &[Role] = &[Role::Authentication, Role::Upload, Role::Csca, Role::Signer];
const PAGE_SIZE: usize = 100;
