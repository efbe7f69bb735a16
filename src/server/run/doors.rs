//! The listeners beside the public one: those of other countries' backends, and that of operators.
//!
//! Refuses to bind any for which this node has no role.
//!
//! Source: docs/OPERATING.md, Roles.

use crate::exchange::dgcg::Dialect;
use crate::failure::{Code, Failure};
use crate::server::config::{Config, FederationListen, ListenAt, Role};
use crate::server::http::connections::{Admits, Connections};
use crate::server::http::tls::Identity;
use crate::server::http::{self, FederationDoor, State, peer};
use crate::server::listener::{self, Bound, Signals};
use crate::server::socket;
use actix_web::dev;
use actix_web::web::Data;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;

/// A federation listener that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is, if at an address.
    pub address: Option<SocketAddr>,
    /// Where it is, if at a Unix socket.
    pub socket: Option<PathBuf>,
}

/// Sockets that are bound and not yet served.
pub(super) struct Doors {
    federation: Vec<(FederationListen, Place)>,
    admin: Option<TcpListener>,
}

enum Place {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// What runs once the doors are open.
pub(super) struct Opened {
    pub(super) servers: Vec<dev::Server>,
    pub(super) federation: Vec<Listening>,
    pub(super) admin: Option<SocketAddr>,
    pub(super) connections: Vec<Arc<Connections>>,
}

impl Doors {
    /// Binds what `config` names and the node's roles need.
    ///
    /// # Errors
    /// `input_output`; `configuration_invalid` where a socket's place is taken.
    pub(super) fn bind(config: &Config) -> Result<Self, Failure> {
        let federation = config.roles.has(Role::Federation);
        let named = config.federation.listen.iter().filter(|_| federation);
        let place = |listen: &FederationListen| {
            let place = match &listen.at {
                ListenAt::Address(address) => Place::Tcp(listener::bind(*address)?),
                ListenAt::Socket(path) => Place::Unix(socket::bind(path)?),
            };
            Ok((listen.clone(), place))
        };
        let admin = config.admin.filter(|_| config.roles.has(Role::Admin));
        Ok(Self {
            federation: named.map(place).collect::<Result<_, Failure>>()?,
            admin: admin.map(listener::bind).transpose()?,
        })
    }

    /// Serves at all of them, under the certificate of `identity`.
    ///
    /// # Errors
    /// `input_output`, `internal`.
    pub(super) fn open(
        self,
        state: &Data<State>,
        identity: &Arc<Identity>,
        workers: Option<usize>,
    ) -> Result<Opened, Failure> {
        let clock = state.gateway.clock();
        let mutual = |socket, admits: Box<Admits>| -> Result<_, Failure> {
            let connections = Connections::new(admits);
            let tls = peer::server_config(identity, clock)?;
            let bound = Bound::Tls(socket, Box::new(tls), Some(Arc::clone(&connections)));
            Ok((bound, connections))
        };
        let mut opened = Opened {
            servers: Vec::new(),
            federation: Vec::new(),
            admin: None,
            connections: Vec::new(),
        };
        for (listen, place) in self.federation {
            let door = Arc::new(FederationDoor::at(&listen));
            let mut listening = Listening {
                dialect: listen.dialect,
                address: None,
                socket: None,
            };
            let bound = match place {
                Place::Tcp(socket) => {
                    listening.address = Some(address_of(&socket)?);
                    let gateway = Arc::clone(&state.gateway);
                    let admits = Box::new(move |it: &_| gateway.is_party(it));
                    let (bound, connections) = mutual(socket, admits)?;
                    opened.connections.push(connections);
                    bound
                }
                Place::Unix(socket) => {
                    if let ListenAt::Socket(path) = listen.at {
                        listening.socket = Some(path);
                    }
                    Bound::Socket(socket)
                }
            };
            let state = state.clone();
            let server = listener::serve(bound, workers, Signals::Ignored, move |config| {
                http::configure_federation(config, &state, &door);
            })?;
            opened.servers.push(server);
            opened.federation.push(listening);
        }
        if let Some(socket) = self.admin {
            opened.admin = Some(address_of(&socket)?);
            let gateway = Arc::clone(&state.gateway);
            let admits = Box::new(move |it: &_| gateway.is_operator(it));
            let (bound, connections) = mutual(socket, admits)?;
            opened.connections.push(connections);
            let state = state.clone();
            let server = listener::serve(bound, Some(1), Signals::Ignored, move |config| {
                http::configure_admin(config, &state);
            })?;
            opened.servers.push(server);
        }
        Ok(opened)
    }
}

/// Where `socket` is bound.
///
/// # Errors
/// `input_output`.
pub(super) fn address_of(socket: &TcpListener) -> Result<SocketAddr, Failure> {
    let address = socket.local_addr();
    address.map_err(|error| Code::InputOutput.caused_by("the listener failed", error))
}
