//! Every route there is: what it is called, what scope it needs, and on which nodes it exists.
//!
//! Refuses what is not in the table: unknown addresses and methods are answered here, in the same form as all else.

use super::answer::failed;
use super::auth::{Clients, Scope, authorise};
use super::meter::{CLAIM, CREDENTIAL, ISSUED, LIST};
use super::once::once;
use super::work::Work;
use super::{
    batch, claims, codes, events, health, issue, openapi, page, publication, revocations, trust,
    verify,
};
use crate::failure::Code;
use crate::model::Environment;
use crate::server::config::{Role, Roles};
use crate::server::gateway::Gateway;
use actix_web::guard;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// One row of the table.
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, with `{name}` for what varies.
    pub path: &'static str,
    /// The least scope that a caller needs; `None` where anyone may ask.
    pub scope: Option<Scope>,
    /// Whether it exists in the demo environment only.
    pub demo_only: bool,
    /// The role of the nodes that have it; `None` where every node has it.
    pub role: Option<Role>,
    /// What it costs before anything of the body is read, in units; 0 where callers are not counted.
    pub units: u32,
    /// Whether it changes something, and heeds an `Idempotency-Key`.
    pub changing: bool,
    handler: fn() -> actix_web::Route,
}

/// Every route.
pub const ROUTES: &[Route] = &[
    Route {
        role: Some(Role::Verify),
        units: CREDENTIAL,
        ..route("POST", "/v1/verify", Some(Scope::VerifyResult), || {
            web::post().to(verify::verify)
        })
    },
    Route {
        role: Some(Role::Verify),
        units: CREDENTIAL,
        ..route(
            "POST",
            "/v1/verify/batch",
            Some(Scope::VerifyResult),
            || web::post().to(batch::verify),
        )
    },
    Route {
        demo_only: true,
        role: Some(Role::Issue),
        units: ISSUED,
        changing: true,
        ..route("POST", "/v1/issue", Some(Scope::Issue), || {
            web::post().to(issue::issue)
        })
    },
    Route {
        role: Some(Role::Issue),
        changing: true,
        ..route("POST", "/v1/events", Some(Scope::Operator), || {
            web::post().to(events::take_in)
        })
    },
    Route {
        role: Some(Role::Issue),
        changing: true,
        ..route("POST", "/v1/revocations", Some(Scope::Operator), || {
            web::post().to(revocations::withdraw)
        })
    },
    Route {
        role: Some(Role::Issue),
        units: CLAIM,
        ..route("POST", "/v1/claims", None, || web::post().to(claims::fetch))
    },
    Route {
        role: Some(Role::Publish),
        units: LIST,
        ..route("GET", "/v1/trust", None, || get().to(trust::signers))
    },
    published("/v1/bundle", || get().to(publication::newest)),
    published("/v1/bundle/{name}", || get().to(publication::whole)),
    published("/v1/bundle/{name}/from/{before}", || {
        get().to(publication::following)
    }),
    published("/scan", || get().to(page::short)),
    published("/scan/", || get().to(page::page)),
    published("/scan/{name}", || get().to(page::file)),
    published("/scan/pkg/{name}", || get().to(page::packaged)),
    published("/.well-known/lintas", || get().to(publication::discovery)),
    published("/published/trustlist.json", || get().to(publication::plain)),
    published("/published/trustlist.cbor", || get().to(publication::plain)),
    published("/published/jwks.json", || get().to(publication::plain)),
    published("/published/dcc_trustlist.zip", || {
        get().to(publication::plain)
    }),
    published("/published/dcc_trustlist.zip.sig.txt", || {
        get().to(publication::plain)
    }),
    published("/published/certificates.pem", || {
        get().to(publication::plain)
    }),
    published("/published/manifest.json", || get().to(publication::plain)),
    published("/published/signer/did.json", || {
        get().to(publication::signer)
    }),
    published("/published/{sequence}/{name}", || {
        get().to(publication::numbered)
    }),
    published("/v2/trustlist/did.json", || get().to(publication::did)),
    published("/v2/trustlist/{domain}/did.json", || {
        get().to(publication::did)
    }),
    published("/v2/trustlist/{domain}/{participant}/did.json", || {
        get().to(publication::did)
    }),
    published(
        "/v2/trustlist/{domain}/{participant}/{usage}/did.json",
        || get().to(publication::did),
    ),
    published("/v2/trustlist-ref/did.json", || get().to(publication::did)),
    published("/v2/trustlist-ref/{domain}/did.json", || {
        get().to(publication::did)
    }),
    published("/v2/trustlist-ref/{domain}/{participant}/did.json", || {
        get().to(publication::did)
    }),
    published(
        "/v2/trustlist-ref/{domain}/{participant}/{usage}/did.json",
        || get().to(publication::did),
    ),
    published("/signercertificateStatus", || get().to(publication::kids)),
    published("/signercertificateStatus/delta", || {
        get().to(publication::delta)
    }),
    published("/signercertificateUpdate", || get().to(publication::update)),
    Route {
        role: Some(Role::Publish),
        ..route("POST", "/signercertificateUpdate", None, || {
            web::post().to(publication::several)
        })
    },
    published("/trustedissuers", || get().to(publication::issuers)),
    published("/context", || get().to(publication::context)),
    published("/rules", || get().to(publication::rules)),
    published("/rules/{country}", || get().to(publication::rules_of)),
    published("/rules/{country}/{hash}", || get().to(publication::rule)),
    published("/valuesets", || get().to(publication::value_sets)),
    published("/valuesets/{hash}", || get().to(publication::value_set)),
    published("/countrylist", || get().to(publication::countries)),
    published("/publickey", || get().to(publication::public_key)),
    published("/lists", || get().to(publication::lists)),
    published("/lists/{kid}/partitions", || {
        get().to(publication::partitions)
    }),
    published("/lists/{kid}/partitions/{id}", || {
        get().to(publication::partition)
    }),
    Route {
        role: Some(Role::Publish),
        ..route("POST", "/lists/{kid}/partitions/{id}/slices", None, || {
            web::post().to(publication::of_partition)
        })
    },
    published("/lists/{kid}/partitions/{id}/chunks/{cid}/slices", || {
        get().to(publication::of_chunk)
    }),
    Route {
        role: Some(Role::Publish),
        ..route(
            "POST",
            "/lists/{kid}/partitions/{id}/chunks/{cid}/slices",
            None,
            || web::post().to(publication::of_chunk),
        )
    },
    published(
        "/lists/{kid}/partitions/{id}/chunks/{cid}/slices/{sid}",
        || get().to(publication::slice),
    ),
    route("GET", "/codes", None, || get().to(codes::all)),
    route("GET", "/codes/{code}", None, || get().to(codes::one)),
    route("GET", "/health/live", None, || get().to(health::live)),
    route("GET", "/health/ready", None, || get().to(health::ready)),
    route("GET", "/openapi.json", None, || get().to(openapi::document)),
];

/// `GET`, and `HEAD`, which is the same without a body.
fn get() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

const fn route(
    method: &'static str,
    path: &'static str,
    scope: Option<Scope>,
    handler: fn() -> actix_web::Route,
) -> Route {
    Route {
        method,
        path,
        scope,
        demo_only: false,
        role: None,
        units: 0,
        changing: false,
        handler,
    }
}

/// A public route of nodes that publish.
const fn published(path: &'static str, handler: fn() -> actix_web::Route) -> Route {
    Route {
        role: Some(Role::Publish),
        ..route("GET", path, None, handler)
    }
}

impl Route {
    /// Whether the route exists in `environment`.
    pub fn exists_in(&self, environment: Environment) -> bool {
        !self.demo_only || environment == Environment::Demo
    }

    /// Whether a node of `environment` with `roles` has the route.
    pub fn exists_on(&self, environment: Environment, roles: &Roles) -> bool {
        self.exists_in(environment) && self.role.is_none_or(|role| roles.has(role))
    }
}

/// What every handler can reach.
pub struct State {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// The clients that are known now.
    pub clients: ArcSwap<Clients>,
    /// Where work goes that would hold up a worker.
    pub(super) work: Work,
}

impl State {
    /// The state of a server that opens `gateway` to `clients`.
    pub fn new(gateway: Arc<Gateway>, clients: Clients) -> Self {
        Self {
            gateway,
            clients: ArcSwap::from_pointee(clients),
            work: Work::default(),
        }
    }
}

/// Registers the routes of the gateway's environment and roles.
pub fn configure(config: &mut ServiceConfig, state: &web::Data<State>) {
    config.app_data(state.clone());
    let gateway = &state.gateway;
    let here = |route: &&Route| route.exists_on(gateway.environment(), gateway.roles());
    let mut served = Vec::new();
    for path in ROUTES.iter().filter(here).map(|route| route.path) {
        // One path may take several methods.
        if served.contains(&path) {
            continue;
        }
        served.push(path);
        let mut resource = web::resource(path);
        for route in ROUTES.iter().filter(here).filter(|it| it.path == path) {
            let mut handler = (route.handler)();
            if route.changing {
                handler = handler.wrap(from_fn(move |request, next| once(path, request, next)));
            }
            let admit = from_fn(move |request, next| authorise(route, request, next));
            resource = resource.route(handler.wrap(admit));
        }
        config.service(resource.default_service(web::to(other_method)));
    }
    config.default_service(web::to(not_found));
}

async fn other_method(request: HttpRequest) -> HttpResponse {
    let mut response = failed(
        &request,
        &Code::MethodNotAllowed.because("see /openapi.json"),
    );
    let pattern = request.match_pattern();
    let here = ROUTES
        .iter()
        .filter(|route| pattern.as_deref() == Some(route.path));
    let methods: Vec<_> = here
        .flat_map(|route| {
            if route.method == "GET" {
                vec!["GET", "HEAD"]
            } else {
                vec![route.method]
            }
        })
        .collect();
    if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

pub(super) async fn not_found(request: HttpRequest) -> HttpResponse {
    failed(&request, &Code::NotFound.because("see /openapi.json"))
}
