//! From a configuration to a running server: its listeners, and the tasks that look at what changed.
//!
//! Refuses to open what the node's roles do not need.

mod doors;

pub use doors::Listening;

use crate::failure::{Code, Failure};
use crate::model::Environment;
use crate::server::config::{Config, Role};
use crate::server::demo::demo_client;
use crate::server::gateway::feeds::OpenFeed;
use crate::server::gateway::{Clock, Gateway};
use crate::server::http::auth::Clients;
use crate::server::http::connections::Connections;
use crate::server::http::peer::Peer;
use crate::server::http::tls::{Identity, throw_away};
use crate::server::http::{self, State};
use crate::server::listener::{Bound, Signals, bind, serve};
use crate::server::store::Heads;
use crate::server::tasks;
use crate::server::telemetry::Metrics;
use actix_web::dev::{self, ServerHandle};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use doors::{Doors, address_of};
use futures_util::future::join_all;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing::info;

/// A server that is ready to run.
pub struct Server {
    state: Data<State>,
    identity: Arc<Identity>,
    https: TcpListener,
    metrics: TcpListener,
    doors: Doors,
    clients: Option<PathBuf>,
    refresh: Duration,
    workers: Option<usize>,
    feeds: Vec<OpenFeed>,
    heads: Option<Heads>,
    more: fn(&mut ServiceConfig),
}

/// A server that runs.
pub struct Running {
    /// Where the public listener is.
    pub https: SocketAddr,
    /// Where the metrics listener is.
    pub metrics: SocketAddr,
    /// Where other countries' backends are served.
    pub federation: Vec<Listening>,
    /// Where operators are served.
    pub admin: Option<SocketAddr>,
    /// The gateway behind it.
    pub gateway: Arc<Gateway>,
    connections: Vec<Arc<Connections>>,
    public: ServerHandle,
    done: actix_web::rt::task::JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Opens everything that `config` names and binds the listeners; port 0 takes a free one.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`, `store_unavailable`, `internal`.
    pub async fn build(config: &Config, clock: Clock) -> Result<Self, Failure> {
        let plays = |roles: &[Role]| roles.iter().any(|role| config.roles.has(*role));
        if config.environment == Environment::Demo && plays(&[Role::Verify, Role::Issue]) {
            demo_client(&config.data)?;
        }
        // Before anything that counts looks for it.
        Metrics::install();
        let gateway = Gateway::open_with_records(config, clock).await?;
        let feeds = if config.ask_feeds {
            gateway.open_feeds(config)?
        } else {
            Vec::new()
        };
        let heads = config.ask_feeds.then(|| Heads::open(&config.data));
        let tls = match &config.tls {
            Some(files) => files.clone(),
            None => throw_away(&config.data, config.https.ip(), Clock::System.now())?,
        };
        let clients = plays(&[Role::Verify, Role::Publish, Role::Issue])
            .then(|| config.data.join("clients.toml"));
        let known = clients
            .as_deref()
            .map_or_else(|| Ok(Clients::default()), Clients::read)?;
        let https = bind(config.https)?;
        if config.roles.has(Role::Publish) {
            gateway.publish_as(&config.publication, address_of(&https)?.port())?;
            gateway.press_bundles(config.bundle)?;
        }
        let state = State::new(gateway, known);
        Ok(Self {
            state: Data::new(state),
            identity: Identity::open(tls)?,
            https,
            metrics: bind(config.metrics)?,
            doors: Doors::bind(config)?,
            clients,
            refresh: Duration::from_secs(config.refresh_s),
            workers: config.workers,
            feeds,
            heads: heads.transpose()?,
            more: |_| {},
        })
    }

    /// Adds routes of an embedding program beside the table's.
    #[must_use]
    pub fn with(self, more: fn(&mut ServiceConfig)) -> Self {
        Self { more, ..self }
    }

    /// Starts serving on the current actix runtime; `SIGTERM` and `SIGINT` end it gracefully.
    ///
    /// # Errors
    /// `input_output`, `internal`.
    pub fn start(self) -> Result<Running, Failure> {
        let failed = |error| Code::InputOutput.caused_by("the listener failed", error);
        let https = address_of(&self.https)?;
        let metrics = address_of(&self.metrics)?;
        let collected = Metrics::install();
        let internal = HttpServer::new(move || {
            let collected = collected.clone();
            App::new().configure(|config| http::configure_metrics(config, collected))
        })
        .workers(1)
        .disable_signals()
        .listen(self.metrics)
        .map_err(failed)?
        .run();
        let internal_handle = internal.handle();
        actix_web::rt::spawn(internal);
        let (state, more) = (self.state.clone(), self.more);
        let tls = self.identity.server_config()?;
        let bound = Bound::Tls(self.https, Box::new(tls), None);
        let public = serve(bound, self.workers, Signals::End, move |config| {
            more(config);
            http::configure(config, &state);
        })?;
        let opened = self.doors.open(&self.state, &self.identity, self.workers)?;
        let beside: Vec<_> = opened.servers.iter().map(dev::Server::handle).collect();
        for server in opened.servers {
            actix_web::rt::spawn(server);
        }
        let handle = public.handle();
        let gateway = Arc::clone(&self.state.gateway);
        info!(%https, environment = %gateway.environment(), "serving on https://{https}");
        if let Some(admin) = opened.admin {
            info!(%admin, "serving operators on https://{admin}");
        }
        let kept = Arc::clone(&gateway);
        let watched = opened.connections.clone();
        let federated = !opened.federation.is_empty();
        let done = actix_web::rt::spawn(async move {
            let looking =
                tasks::keep_looking(self.state, self.identity, self.clients, self.refresh);
            let mut running = vec![
                actix_web::rt::spawn(looking),
                actix_web::rt::spawn(tasks::watch_engine(Arc::clone(&kept))),
                actix_web::rt::spawn(tasks::follow(Arc::clone(&kept))),
                actix_web::rt::spawn(tasks::watch_ends(Arc::clone(&kept))),
                actix_web::rt::spawn(tasks::follow_withdrawals(Arc::clone(&kept))),
                actix_web::rt::spawn(tasks::look_up_seen(Arc::clone(&kept))),
            ];
            if federated {
                let ending = tasks::end_batches(Arc::clone(&kept));
                running.push(actix_web::rt::spawn(ending));
            }
            for connections in watched {
                let cutting = tasks::cut_off(connections);
                running.push(actix_web::rt::spawn(cutting));
            }
            let heads = self.heads.map(Arc::new);
            if let Some(heads) = &heads {
                let signing = tasks::sign_audit(Arc::clone(&kept), Arc::clone(heads));
                running.push(actix_web::rt::spawn(signing));
                let publishing = tasks::publish_withdrawals(Arc::clone(&kept));
                running.push(actix_web::rt::spawn(publishing));
            }
            if kept.publisher().is_ok() {
                let publishing = tasks::publish(Arc::clone(&kept));
                running.push(actix_web::rt::spawn(publishing));
                let slicing = tasks::slice(Arc::clone(&kept));
                running.push(actix_web::rt::spawn(slicing));
            }
            if kept.bundle_press().is_some() {
                running.push(actix_web::rt::spawn(tasks::press(Arc::clone(&kept))));
            }
            if kept.roles().has(Role::Issue) || kept.roles().has(Role::Admin) {
                running.push(actix_web::rt::spawn(tasks::erase_answers(Arc::clone(
                    &kept,
                ))));
            }
            if kept.roles().has(Role::Issue) {
                running.push(actix_web::rt::spawn(tasks::issue(Arc::clone(&kept))));
            }
            for (feed, every) in self.feeds {
                let asking = tasks::ask(Arc::clone(&kept), feed, every);
                running.push(actix_web::rt::spawn(asking));
            }
            let ended = public.await;
            join_all(beside.iter().map(|door| door.stop(true))).await;
            running
                .iter()
                .for_each(actix_web::rt::task::JoinHandle::abort);
            if let Some(heads) = heads {
                tasks::sign_audit_once(&kept, &heads).await;
            }
            kept.end_bundling().await;
            if let Ok(records) = kept.records() {
                records.store().close().await;
            }
            internal_handle.stop(true).await;
            ended
        });
        Ok(Running {
            https,
            metrics,
            federation: opened.federation,
            admin: opened.admin,
            gateway,
            connections: opened.connections,
            public: handle,
            done,
        })
    }
}

impl Running {
    /// How many connections of backends and operators are open.
    pub fn peers(&self) -> usize {
        let all = self.connections.iter();
        all.map(|connections| connections.count()).sum()
    }

    /// Closes the connections of the peers that `which` names, and says how many these were.
    pub fn close_where(&self, which: impl Fn(&Peer) -> bool) -> usize {
        let all = self.connections.iter();
        all.map(|connections| connections.close_where(&which)).sum()
    }

    /// Lets requests finish, then ends.
    pub async fn stop(self) {
        self.public.stop(true).await;
        let _ = self.done.await;
    }

    /// Waits until a signal ends it.
    ///
    /// # Errors
    /// `input_output`.
    pub async fn wait(self) -> Result<(), Failure> {
        let ended = self.done.await;
        let ended =
            ended.map_err(|error| Code::Internal.caused_by("the server broke off", error))?;
        ended.map_err(|error| Code::InputOutput.caused_by("the server failed", error))
    }
}
