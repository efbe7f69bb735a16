//! What is asked of which server.
//!
//! Refuses a scenario whose first answer is not the expected one: it is left out, and why is said.

use super::generator::{Target, ask};
use super::server::{BARE, Process, Servers};
use super::world::World;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::error::Error;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// Requests of one kind to one server.
pub(crate) struct Scenario {
    /// What it is, in a few words.
    pub(crate) name: &'static str,
    /// Whether it goes over TLS.
    pub(crate) tls: bool,
    /// Whether it is what the others of its kind of connection are compared with.
    pub(crate) floor: bool,
    /// Codes in a request.
    pub(crate) codes: usize,
    /// How many times as long as usual its window is.
    pub(crate) stretch: u32,
    /// How many connections ask at once.
    pub(crate) connections: usize,
    /// Where to.
    pub(crate) target: Target,
    /// The number of the server's process.
    pub(crate) server: u32,
    /// The requests, to be sent in rotation.
    pub(crate) requests: Rc<Vec<Vec<u8>>>,
    /// Which request is next.
    pub(crate) next: usize,
}

/// All scenarios that work, those with `only` in their name if it is given.
pub(crate) fn all(
    world: &World,
    servers: &Servers,
    only: Option<&str>,
) -> Result<Vec<Scenario>, Box<dyn Error>> {
    let tls = tls(world)?;
    let token = std::fs::read_to_string(world.data.path().join("demo-token"))?;
    let bodies = Bodies::of(world, token.trim());
    let (shipped, cold, library) = (&servers.shipped, &servers.cold, &servers.cold_library);
    let mut scenarios = Vec::new();
    for over_tls in [false, true] {
        let floor = |it: &Process| {
            if over_tls {
                it.addresses.floor_tls
            } else {
                it.addresses.floor_plain
            }
        };
        let gateway = |it: &Process| {
            if over_tls {
                it.addresses.gateway_tls
            } else {
                it.addresses.gateway_plain
            }
        };
        let rows: [Row; 7] = [
            (FLOOR, shipped, &floor, &bodies.bare, 1),
            (
                "bare POST, in the gateway",
                shipped,
                &gateway,
                &bodies.bare,
                1,
            ),
            (
                "verify, few codes, cached",
                shipped,
                &gateway,
                &bodies.few,
                1,
            ),
            ("verify, cold, engine", cold, &gateway, &bodies.all, 1),
            ("verify, cold, library", library, &gateway, &bodies.all, 1),
            (
                "verify batch, cold, engine",
                cold,
                &gateway,
                &bodies.batches,
                BATCH,
            ),
            (
                "verify batch, cold, library",
                library,
                &gateway,
                &bodies.batches,
                BATCH,
            ),
        ];
        for (name, server, address, requests, codes) in rows {
            let kind = if over_tls { "TLS" } else { "plain" };
            if only.is_some_and(|only| !name.contains(only) && only != kind) {
                continue;
            }
            let left_out = |why: &str| eprintln!("left out: {name}, {kind}: {why}");
            let server = match server {
                Ok(server) => server,
                Err(why) => {
                    left_out(why);
                    continue;
                }
            };
            let target = Target {
                address: address(server),
                tls: over_tls.then(|| Arc::clone(&tls)),
            };
            if let Err(why) = probe(&target, requests) {
                left_out(&why.to_string());
                continue;
            }
            scenarios.push(Scenario {
                name,
                tls: over_tls,
                floor: name == FLOOR,
                codes,
                stretch: if codes == 1 { 1 } else { BATCH_STRETCH },
                connections: if codes == 1 {
                    CONNECTIONS
                } else {
                    BATCH_CONNECTIONS
                },
                target,
                server: server.id(),
                requests: Rc::clone(requests),
                next: 0,
            });
        }
    }
    Ok(scenarios)
}

type Row<'a> = (
    &'static str,
    &'a Result<Process, String>,
    &'a dyn Fn(&Process) -> SocketAddr,
    &'a Rc<Vec<Vec<u8>>>,
    usize,
);

/// Requests, ready to be sent.
struct Bodies {
    bare: Rc<Vec<Vec<u8>>>,
    few: Rc<Vec<Vec<u8>>>,
    all: Rc<Vec<Vec<u8>>>,
    batches: Rc<Vec<Vec<u8>>>,
}

impl Bodies {
    fn of(world: &World, token: &str) -> Self {
        let each = |path: &str, codes: &[String]| {
            let one = |code: &String| request(path, None, &json!({ "credential": code }));
            Rc::new(codes.iter().map(one).collect::<Vec<_>>())
        };
        let batch = |codes: &[String]| {
            let row = |(number, code): (usize, &String)| json!({ "ref": number.to_string(), "credential": code });
            let rows: Vec<Value> = (1..).zip(codes).map(row).collect();
            request(BATCH_PATH, Some(token), &Value::Array(rows))
        };
        let few = &world.codes[..FEW];
        Self {
            bare: each(BARE, few),
            few: each(VERIFY_PATH, few),
            all: each(VERIFY_PATH, &world.codes),
            batches: Rc::new(world.codes.chunks(BATCH).map(batch).collect()),
        }
    }
}

fn request(path: &str, token: Option<&str>, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let authorization = token.map_or(String::new(), |it| {
        format!("Authorization: Bearer {it}\r\n")
    });
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Asks the first of `requests` and looks at the answer.
fn probe(target: &Target, requests: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
    let request = requests.first().ok_or("no request to ask")?;
    let body: Value = serde_json::from_slice(&ask(target, request)?)?;
    // A batch has an outcome for each of its rows, the others one for all.
    let text = body.to_string();
    if text.contains(r#""outcome":"reject""#) || !text.contains(r#""outcome":"accept""#) {
        return Err(format!("the answer does not accept: {text:.200}").into());
    }
    Ok(())
}

/// TLS 1.3 that trusts the gateways' throw-away CA.
fn tls(world: &World) -> Result<Arc<ClientConfig>, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(
        world.data.path().join("tls").join("ca.pem"),
    )?)?;
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(client))
}

const FLOOR: &str = "bare POST, actix-web alone";
const VERIFY_PATH: &str = "/v1/verify";
const BATCH_PATH: &str = "/v1/verify/batch";
/// Codes in a batch.
const BATCH: usize = 1000;
const CONNECTIONS: usize = 64;
/// Batches at once; more of them would only wait for each other.
const BATCH_CONNECTIONS: usize = 4;
/// A batch takes a thousand times as long as a code; a window has to hold some of them.
const BATCH_STRETCH: u32 = 5;
/// Codes that are asked again and again.
const FEW: usize = 20;
