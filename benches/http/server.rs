//! The servers under load: this program again, as a gateway of one worker on one core.
//!
//! Refuses a server of its own making: the gateway is `Server`, as `lintas serve` runs it, log included. Beside it, in
//! the same process and with a worker of their own each, stand the same routes without TLS, which the gateway itself never
//! offers, and the floor: actix-web with one route and nothing else.

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer, rt};
use lintas::server::config::Config;
use lintas::server::gateway::Clock;
use lintas::server::http::auth::Clients;
use lintas::server::http::tls::{Identity, throw_away};
use lintas::server::http::{self, State};
use lintas::server::{Server, telemetry};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Where a server listens.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Addresses {
    /// The gateway, TLS.
    pub(crate) gateway_tls: SocketAddr,
    /// The gateway's routes, plain.
    pub(crate) gateway_plain: SocketAddr,
    /// The floor, TLS.
    pub(crate) floor_tls: SocketAddr,
    /// The floor, plain.
    pub(crate) floor_plain: SocketAddr,
}

/// A server in another process.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) addresses: Addresses,
}

impl Process {
    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The servers by setting: each runs, or says why it does not.
pub(crate) struct Servers {
    /// As shipped.
    pub(crate) shipped: Result<Process, String>,
    /// Without the cache of opened credentials.
    pub(crate) cold: Result<Process, String>,
    /// Without the cache, and with the library's signatures in place of the engine's.
    pub(crate) cold_library: Result<Process, String>,
}

/// Starts a server in every setting, all of them on `core`; they are idle until asked.
pub(crate) fn start_all(data: &Path, core: usize) -> Result<Servers, Box<dyn Error>> {
    let start = |name: &str, setting: &str| -> Result<Result<Process, String>, Box<dyn Error>> {
        let path = data.join(format!("{name}.toml"));
        fs::write(&path, format!("{setting}\n{COMMON}"))?;
        start(&path, core)
    };
    Ok(Servers {
        shipped: start("shipped", "")?,
        cold: start("cold", NO_CACHE)?,
        cold_library: start("cold-library", &format!("{LIBRARY}\n{NO_CACHE}"))?,
    })
}

fn start(config: &Path, core: usize) -> Result<Result<Process, String>, Box<dyn Error>> {
    let mut child = Command::new("taskset")
        .args(["-c", &core.to_string()])
        .arg(std::env::current_exe()?)
        .arg("--server")
        .arg(config)
        .stdout(Stdio::piped())
        .stderr(Stdio::from(fs::File::create(config.with_extension("log"))?))
        .spawn()?;
    let mut said = String::new();
    let mut output = BufReader::new(child.stdout.take().ok_or("no output of the server")?);
    output.read_line(&mut said)?;
    if let Ok(addresses) = serde_json::from_str(&said) {
        return Ok(Ok(Process { child, addresses }));
    }
    child.wait()?;
    let mut log = String::new();
    fs::File::open(config.with_extension("log"))?.read_to_string(&mut log)?;
    Ok(Err(log
        .lines()
        .last()
        .unwrap_or("no word of it")
        .to_owned()))
}

/// Runs a server in this process: the gateway as configured in the file at `config`, and what stands beside it.
pub(crate) fn run(config: &Path) -> Result<(), Box<dyn Error>> {
    let _written = telemetry::log_to_stderr("info");
    let config = Config::read(config)?;
    let clients = config.data.join("clients.toml");
    rt::System::new().block_on(async {
        let running = Server::build(&config, Clock::System)
            .await?
            .with(bare)
            .start()?;
        // What a gateway does beside its first requests is done before they come.
        running.gateway.warm();
        let state = Data::new(State::new(
            Arc::clone(&running.gateway),
            Clients::read(&clients)?,
        ));
        let plain = TcpListener::bind(FREE)?;
        let (floor_plain, floor_tls) = (TcpListener::bind(FREE)?, TcpListener::bind(FREE)?);
        let addresses = Addresses {
            gateway_tls: running.https,
            gateway_plain: plain.local_addr()?,
            floor_tls: floor_tls.local_addr()?,
            floor_plain: floor_plain.local_addr()?,
        };
        let gateway = HttpServer::new(move || {
            App::new()
                .wrap(from_fn(http::trace_requests))
                .configure(bare)
                .configure(|config| http::configure(config, &state))
        });
        rt::spawn(gateway.workers(1).disable_signals().listen(plain)?.run());
        let tls = throw_away(&config.data, config.https.ip(), Clock::System.now())?;
        let tls = Identity::open(tls)?.server_config()?;
        let floor = HttpServer::new(|| App::new().configure(bare));
        let floor = floor.workers(1).disable_signals().listen(floor_plain)?;
        rt::spawn(floor.listen_rustls_0_23(floor_tls, tls)?.run());
        println!("{}", serde_json::to_string(&addresses)?);
        running.wait().await?;
        Ok(())
    })
}

/// The route of the bench: it reads JSON and answers the same JSON each time.
fn bare(config: &mut ServiceConfig) {
    config.route(BARE, web::post().to(answer));
}

async fn answer(body: web::Json<serde_json::Value>) -> HttpResponse {
    if body.get("credential").is_none() {
        return HttpResponse::BadRequest().finish();
    }
    HttpResponse::Ok()
        .content_type("application/json")
        .body(ANSWER)
}

/// The path of the bench's own route.
pub(crate) const BARE: &str = "/bench/bare";

/// About as long as a verdict without a person in it.
const ANSWER: &str = r#"{"outcome":"accept","findings":[],"quirks":[],"credentials":[{"format":"eu_dcc","outcome":"accept","findings":[],"quirks":[],"signer":{"kid":"AAAAAAAAAAA=","countries":["ZZ"],"thumbprint":"0000000000000000000000000000000000000000000000000000000000000000","sources":["pinned-demo"],"not_before":"2026-01-01T00:00:00Z","not_after":"2028-01-01T00:00:00Z"},"assurance":"pinned_signer"}],"policy":{"id":"default","version":1},"at":"2026-06-01T00:00:00Z","recheck_by":null,"trace":"00000000000000000000000000000000"}"#;

const FREE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
const COMMON: &str =
    "data = \".\"\n[listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\nworkers = 1";
const LIBRARY: &str = "engine = \"library\"";
const NO_CACHE: &str = "cache.memory_mib = 0";
