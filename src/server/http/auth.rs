//! Who asks, and what they may: `clients.toml` and what operators added hold hashed tokens and scopes.
//!
//! Refuses to keep tokens: only their SHA-256 is on disk, and it is compared in constant time. A token that is given and
//! not known is refused, never taken for nobody.

use super::answer::failed;
use super::meter::Meter;
use super::routes::{Route, State};
use super::trace::Served;
use crate::crypto;
use crate::failure::{Code, Failure};
use crate::server::config::Rate;
use crate::server::files;
use crate::verify::View;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tracing::warn;

/// What a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A verdict without personal data. Nobody needs to be known for this.
    VerifyResult,
    /// A verdict with name and birth year.
    VerifyGate,
    /// A verdict with the whole certificate.
    VerifyFull,
    /// A verdict at another instant than now.
    VerifySimulate,
    /// A credential.
    Issue,
    /// What operators do at the public listener; no client has it, only a short-lived token of an operator.
    Operator,
}

impl Scope {
    /// Those that a client may have.
    const ALL: [Self; 5] = [
        Self::VerifyResult,
        Self::VerifyGate,
        Self::VerifyFull,
        Self::VerifySimulate,
        Self::Issue,
    ];

    /// The machine name, as in `clients.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::VerifyResult => "verify:result",
            Self::VerifyGate => "verify:gate",
            Self::VerifyFull => "verify:full",
            Self::VerifySimulate => "verify:simulate",
            Self::Issue => "issue",
            Self::Operator => "operator",
        }
    }

    /// The scope with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The scope that `view` needs.
    pub fn for_view(view: View) -> Self {
        match view {
            View::Result => Self::VerifyResult,
            View::Gate => Self::VerifyGate,
            View::Officer | View::Holder => Self::VerifyFull,
        }
    }
}

/// Whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A client of `clients.toml`, one that operators added, or an operator.
    Client {
        /// Its id.
        id: Arc<str>,
        /// What it may.
        scopes: Arc<[Scope]>,
    },
}

impl Principal {
    /// The client's id, if it is one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Client { id, .. } => Some(id),
        }
    }

    /// Whether this caller may `scope`. A wider view includes the narrower ones.
    pub fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Anonymous => scope == Scope::VerifyResult,
            Self::Client { scopes, .. } => match scope {
                Scope::VerifyResult => true,
                Scope::VerifyGate => scopes.contains(&scope) || scopes.contains(&Scope::VerifyFull),
                Scope::VerifyFull | Scope::VerifySimulate | Scope::Issue | Scope::Operator => {
                    scopes.contains(&scope)
                }
            },
        }
    }

    /// Refuses a caller who may not `scope`.
    ///
    /// # Errors
    /// `unauthenticated` for nobody in particular, `forbidden` for a known client.
    pub(super) fn demand(&self, scope: Scope) -> Result<(), Failure> {
        if self.may(scope) {
            return Ok(());
        }
        let reason = format!("needs scope {}", scope.name());
        Err(match self {
            Self::Anonymous => Code::Unauthenticated.because(reason),
            Self::Client { .. } => Code::Forbidden.because(reason),
        })
    }
}

/// Finds out who asks before any handler is reached, and refuses whoever lacks the scope of `route` or the units for it.
///
/// # Errors
/// Those of the handler.
pub(super) async fn authorise(
    route: &'static Route,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    request.extensions_mut().insert(Served(route.path));
    let mut counted = None;
    let allowed = identify(request.request()).and_then(|(principal, rate)| {
        let state = request.app_data::<Data<State>>();
        let state = state.filter(|_| route.units > 0);
        counted = state.and_then(|state| Meter::of(state, &principal, rate));
        let allowed = route.scope.map_or(Ok(()), |scope| principal.demand(scope));
        request.extensions_mut().insert(principal);
        allowed?;
        let Some(meter) = &counted else {
            return Ok(());
        };
        request.extensions_mut().insert(meter.clone());
        meter.spend(route.units.into())
    });
    let mut response = match allowed {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(failure) => {
            let answer = failed(request.request(), &failure);
            request.into_response(answer)
        }
    };
    if let Some(meter) = counted {
        meter.tell(response.headers_mut());
    }
    Ok(response)
}

/// Who sent `request`, as found out before.
pub(super) fn principal(request: &HttpRequest) -> Principal {
    request
        .extensions()
        .get::<Principal>()
        .cloned()
        .unwrap_or(Principal::Anonymous)
}

/// Who asks, and how much they may have done where that is limited.
type Asker = (Principal, Option<Rate>);

/// A token that is given and not known, or given in another form, is refused.
fn identify(request: &HttpRequest) -> Result<Asker, Failure> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else {
        return Ok((Principal::Anonymous, None));
    };
    if values.next().is_some() {
        return Err(Code::Unauthenticated.because("two Authorization headers"));
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Code::Unauthenticated.because("Authorization is not a Bearer token"));
    }
    let state = request.app_data::<Data<State>>();
    let known = match state {
        Some(state) => match state.gateway.submitter_by_token(token.trim())? {
            Some(submitter) => {
                let principal = Principal::Client {
                    id: submitter.id().into(),
                    scopes: [Scope::Operator].into(),
                };
                request.extensions_mut().insert(submitter);
                Some((principal, None))
            }
            None => find(state, token.trim())?,
        },
        None => None,
    };
    known.ok_or_else(|| Code::Unauthenticated.because("the token is not known"))
}

/// The client whose token this is: of `clients.toml`, or one that operators added, unless the file names its id otherwise.
fn find(state: &State, token: &str) -> Result<Option<Asker>, Failure> {
    let file = state.clients.load();
    if let Some(found) = file.find(token) {
        let (id, scopes) = (found.id, found.scopes);
        return Ok(Some((Principal::Client { id, scopes }, found.rate)));
    }
    let Some(client) = state.gateway.registered_client(token)? else {
        return Ok(None);
    };
    let (id, scopes) = (Arc::clone(&client.id), Arc::clone(&client.scopes));
    if file.names(&id) {
        warn!(client = %id, "client {id} is refused: clients.toml says something else of it");
        return Ok(None);
    }
    Ok(Some((Principal::Client { id, scopes }, client.rate)))
}

/// The clients of `clients.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clients(Vec<Client>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Client {
    id: Arc<str>,
    token_hash: [u8; 32],
    scopes: Arc<[Scope]>,
    rate: Option<Rate>,
}

impl Clients {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether one of them has this id.
    pub fn names(&self, id: &str) -> bool {
        self.0.iter().any(|client| &*client.id == id)
    }

    /// The clients in the file at `path`; none where there is no such file.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        match files::read_guarded(path) {
            Ok(Some(bytes)) => Self::parse(&String::from_utf8_lossy(&bytes)),
            Ok(None) => Ok(Self::default()),
            Err(failure) => Err(failure),
        }
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let file: File = toml::from_str(text).map_err(|error| invalid(error.message()))?;
        let clients = file
            .client
            .into_iter()
            .map(client)
            .collect::<Result<Vec<_>, _>>()?;
        for (index, client) in clients.iter().enumerate() {
            let earlier = clients.iter().take(index);
            if earlier
                .clone()
                .any(|it| it.id == client.id || it.token_hash == client.token_hash)
            {
                return Err(invalid("an id or a token stands twice"));
            }
        }
        Ok(Self(clients))
    }

    /// The client whose token this is; every client is compared, so that the time tells nothing.
    fn find(&self, token: &str) -> Option<Client> {
        let hash = crypto::sha256(token.as_bytes());
        let mut found = None;
        for client in &self.0 {
            if bool::from(client.token_hash.ct_eq(&hash)) {
                found = Some(client.clone());
            }
        }
        found
    }
}

fn client(row: Row) -> Result<Client, Failure> {
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    if row.id.is_empty() || row.id.len() > MAX_ID || !plain(&row.id) {
        return Err(invalid("an id is 1 to 64 letters, digits, -, _ or ."));
    }
    let scope = |name: &String| {
        Scope::parse(name)
            .ok_or_else(|| invalid(&format!("client {}: scope {name} is not known", row.id)))
    };
    let token_hash =
        hash(&row.token_sha256).ok_or_else(|| invalid("token_sha256 is not 64 hex digits"))?;
    let scopes = row.scopes.iter().map(scope).collect::<Result<_, _>>()?;
    let rate = Rate::of(row.units_per_minute, row.burst)
        .map_err(|what| invalid(&format!("client {}: {what}", row.id)))?;
    Ok(Client {
        id: row.id.into(),
        token_hash,
        scopes,
        rate,
    })
}

fn hash(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let decoded = base16ct::mixed::decode(hex, &mut bytes).ok()?;
    decoded.try_into().ok()
}

fn invalid(what: &str) -> Failure {
    Code::ConfigurationInvalid.because(format!("clients.toml: {what}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    client: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    token_sha256: String,
    scopes: Vec<String>,
    units_per_minute: Option<u32>,
    burst: Option<u32>,
}

const MAX_ID: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, token: &str, scopes: &str) -> String {
        let hash = base16ct::lower::encode_string(&crypto::sha256(token.as_bytes()));
        format!("[[client]]\nid = \"{id}\"\ntoken_sha256 = \"{hash}\"\nscopes = [{scopes}]\n")
    }

    #[test]
    fn a_token_finds_its_client_and_no_other() {
        let text = row("a", "token-a", "\"issue\"") + &row("b", "token-b", "\"verify:gate\"");
        let clients = Clients::parse(&text).unwrap();
        assert_eq!(&*clients.find("token-b").unwrap().id, "b");
        assert!(clients.find("token-").is_none() && clients.find("").is_none());
    }

    #[test]
    fn doubtful_files_are_refused() {
        let good = row("a", "t", "\"issue\"");
        for odd in [
            row("a", "t", "\"everything\""),
            row("", "t", ""),
            row("a b", "t", ""),
            row("a", "t", "") + &row("a", "u", ""),
            row("a", "t", "") + &row("b", "t", ""),
            good.replace("token_sha256 = \"", "token_sha256 = \"zz"),
            good.replace("scopes", "scope"),
            format!("{good}units_per_minute = 0"),
            format!("{good}burst = 10"),
            good + "unknown = 1",
        ] {
            assert_eq!(
                Clients::parse(&odd).unwrap_err().code(),
                Code::ConfigurationInvalid,
                "{odd}"
            );
        }
    }

    #[test]
    fn nobody_in_particular_may_have_a_result_only() {
        let allowed: Vec<_> = Scope::ALL
            .into_iter()
            .filter(|it| Principal::Anonymous.may(*it))
            .collect();
        assert_eq!(allowed, [Scope::VerifyResult]);
    }

    #[test]
    fn a_wider_view_includes_the_narrower_and_nothing_else() {
        let client = Principal::Client {
            id: "a".into(),
            scopes: [Scope::VerifyFull].into(),
        };
        let allowed: Vec<_> = Scope::ALL
            .into_iter()
            .filter(|it| client.may(*it))
            .collect();
        assert_eq!(
            allowed,
            [Scope::VerifyResult, Scope::VerifyGate, Scope::VerifyFull]
        );
    }
}
