//! One listener with its ceilings: a socket, who may connect to it, and the routes behind it.
//!
//! Refuses connections that are slow to shake hands or to send their headers, and more than a bounded number of either.
//!
//! Source: RFC 9112, section 9.3 (persistent connections).

use crate::failure::{Code, Failure};
use crate::server::http;
use crate::server::http::connections::Connections;
use crate::server::http::peer;
use actix_web::dev;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use rustls::ServerConfig;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

/// A socket that is bound, and what is spoken over it.
pub(super) enum Bound {
    /// TLS over TCP; with a registry of the peers, where clients present certificates.
    Tls(TcpListener, Box<ServerConfig>, Option<Arc<Connections>>),
    /// HTTP over a Unix socket.
    Socket(UnixListener),
}

/// Whether signals end a listener.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signals {
    /// `SIGTERM` and `SIGINT` end it.
    End,
    /// Somebody else ends it.
    Ignored,
}

/// A TCP socket at `address`; port 0 takes a free one.
///
/// # Errors
/// `input_output`.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .map_err(|error| Code::InputOutput.caused_by(format!("{address} cannot be bound"), error))
}

/// Serves `routes` at `bound` with `workers` threads, one a core where it does not say; runs once it is polled.
///
/// # Errors
/// `input_output`.
pub(super) fn serve(
    bound: Bound,
    workers: Option<usize>,
    signals: Signals,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<dev::Server, Failure> {
    let mut server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(http::trace_requests))
            .configure(|config| routes(config))
    })
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEADER_TIME)
    .client_disconnect_timeout(HEADER_TIME)
    .tls_handshake_timeout(HEADER_TIME)
    .max_connection_rate(MAX_HANDSHAKES)
    .shutdown_timeout(SHUTDOWN_S);
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    if signals == Signals::Ignored {
        server = server.disable_signals();
    }
    let listening = match bound {
        Bound::Tls(socket, tls, None) => server.listen_rustls_0_23(socket, *tls),
        Bound::Tls(socket, tls, Some(connections)) => server
            .max_connections(MAX_KNOWN_CONNECTIONS)
            .on_connect(move |io, data| peer::greet(io, data, &connections))
            .listen_rustls_0_23(socket, *tls),
        Bound::Socket(socket) => server.listen_uds(socket),
    };
    let listening =
        listening.map_err(|error| Code::InputOutput.caused_by("the listener failed", error))?;
    Ok(listening.run())
}

const KEEP_ALIVE: Duration = Duration::from_secs(60);
const HEADER_TIME: Duration = Duration::from_secs(5);
/// TLS handshakes at once, a worker.
const MAX_HANDSHAKES: usize = 256;
/// Connections at once, a worker, where each takes a second descriptor.
const MAX_KNOWN_CONNECTIONS: usize = 4096;
/// How long open connections may take to finish once the end is asked for.
const SHUTDOWN_S: u64 = 10;
