//! The gateway's door for operators, as their commands use it: which gateway, with whose certificate.
//!
//! Refuses to open the store or any file of the gateway's: what an operator may do here, the gateway decides.

use super::operate::Source;
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::server::client::OperatorClient;
use crate::server::config::Config;
use crate::server::files;
use crate::server::gateway::registry::{Act, Request};
use crate::server::keys::OperatorKey;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Which gateway, and who asks.
#[derive(Args)]
pub(super) struct Operator {
    /// The gateway's listener for operators, `https://HOST:PORT`; else that of the configuration.
    #[arg(long)]
    gateway: Option<String>,
    /// Your certificate, PEM.
    #[arg(long)]
    operator_certificate: Option<PathBuf>,
    /// Its key, PEM, which nobody else may read.
    #[arg(long)]
    operator_key: Option<PathBuf>,
    /// The CA of the gateway's certificate, PEM; else `tls/ca.pem` in the data folder.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Whose `PATH.pem` and `PATH.key` to use, or a file like `lintas-operator.toml`, which is read where it is there.
    #[arg(long = "as", value_name = "PATH")]
    identity: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

impl Operator {
    /// The door, with everything that is needed to knock.
    pub(super) fn door(&self) -> Result<Door, Failure> {
        let said = self.said()?;
        let missing = |what: &str| {
            let reason = format!("{what}; see `--as`, or name it in lintas-operator.toml");
            Code::ConfigurationInvalid.because(reason)
        };
        let certificate = self.operator_certificate.clone().or(said.certificate);
        let certificate =
            certificate.ok_or_else(|| missing("no operator's certificate is named"))?;
        let key = self.operator_key.clone().or(said.key);
        let key = key.ok_or_else(|| missing("no operator's key is named"))?;
        let key = OperatorKey::open(&certificate, &key)?;
        let (gateway, ca) = (
            self.gateway.clone().or(said.gateway),
            self.ca.clone().or(said.ca),
        );
        let (gateway, ca) = match (gateway, ca) {
            (Some(gateway), Some(ca)) => (gateway, ca),
            (gateway, ca) => {
                let config = self.source.config()?;
                let configured = gateway.or_else(|| config.admin.map(address));
                let gateway = configured.ok_or_else(|| {
                    missing("no gateway is named, and none is configured with listen.admin")
                })?;
                (
                    gateway,
                    ca.unwrap_or_else(|| config.data.join("tls/ca.pem")),
                )
            }
        };
        if !gateway.starts_with("https://") {
            return Err(Code::ConfigurationInvalid.because("a gateway is named https://HOST:PORT"));
        }
        Ok(Door {
            client: OperatorClient::new(&gateway, &ca, &key)?,
            key,
        })
    }

    /// The configuration of the gateway on this machine, for what is done beside it.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        self.source.config()
    }

    fn said(&self) -> Result<Said, Failure> {
        let beside = Path::new("lintas-operator.toml");
        match &self.identity {
            Some(path) if path.is_file() => Said::read(path),
            Some(stem) => {
                let with = |ending: &str| {
                    let mut path = stem.clone().into_os_string();
                    path.push(ending);
                    Some(PathBuf::from(path))
                };
                Ok(Said {
                    certificate: with(".pem"),
                    key: with(".key"),
                    ..Said::default()
                })
            }
            None if beside.is_file() => Said::read(beside),
            None => Ok(Said::default()),
        }
    }
}

/// `localhost` where the listener is on this machine, which its certificate names.
fn address(at: SocketAddr) -> String {
    if at.ip().is_loopback() || at.ip().is_unspecified() {
        format!("https://localhost:{}", at.port())
    } else {
        format!("https://{at}")
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    gateway: Option<String>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    ca: Option<PathBuf>,
}

impl Said {
    /// What the file at `path` says; paths in it are relative to it.
    fn read(path: &Path) -> Result<Self, Failure> {
        let said: Self = toml::from_str(&files::read_text(path)?).map_err(|error| {
            let reason = format!("{}: {}", path.display(), error.message());
            Code::ConfigurationInvalid.because(reason)
        })?;
        let base = path.parent().unwrap_or_else(|| Path::new(""));
        let beside = |path: Option<PathBuf>| path.map(|path| base.join(path));
        Ok(Self {
            gateway: said.gateway,
            certificate: beside(said.certificate),
            key: beside(said.key),
            ca: beside(said.ca),
        })
    }
}

/// A gateway's door, and who stands before it.
pub(super) struct Door {
    client: OperatorClient,
    /// The key of whoever asks.
    pub(super) key: OperatorKey,
}

impl Door {
    /// What is at `path`.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.client.get(path).await
    }

    /// What `body` comes to at `path`.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.client.post(path, body).await
    }

    /// What `body` of the type `media_type` comes to at `path`.
    pub(super) async fn send(
        &self,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Value, Failure> {
        self.client.send(path, media_type, body).await
    }

    /// Asks for `act`, and says what becomes of it.
    pub(super) async fn ask_for(&self, act: &Act) -> Result<Exit, Failure> {
        let asked = self.post("/admin/v1/requests", &act.to_json()).await?;
        let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
        show::json(asked.get("preview").unwrap_or(&Value::Null))?;
        show::line(&format!("request {}", text("id")))?;
        show::line(&format!("hash {}", text("hash")))?;
        show::note(&format!(
            "it waits until {} for another operator: lintas approvals approve {}",
            text("expires"),
            text("id")
        ));
        Ok(Exit::Success)
    }

    /// The request with this id, as the gateway shows it, with its state and the hash that was computed here.
    pub(super) async fn request(&self, id: &str) -> Result<(Request, String, Value), Failure> {
        let shown = self
            .get(&format!("/admin/v1/requests/{}", plain(id)?))
            .await?;
        let request = shown.get("request").cloned().unwrap_or_default();
        let request = Request::parse(request)?;
        let hash = request.hash();
        Ok((request, hash, shown))
    }
}

/// An id that can stand in an address.
pub(super) fn plain(id: &str) -> Result<&str, Failure> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !id.is_empty() && id.bytes().all(fits) {
        return Ok(id);
    }
    Err(Code::RequestInvalid.because("an id is made of letters, digits, - and _"))
}

/// The act `{"act": name, ...}` with `members`.
pub(super) fn act(name: &str, members: &Value) -> Result<Act, Failure> {
    let mut act = json!({ "act": name });
    if let (Some(act), Some(members)) = (act.as_object_mut(), members.as_object()) {
        act.extend(members.clone());
    }
    Act::parse(act)
}
