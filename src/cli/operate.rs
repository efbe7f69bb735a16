//! `serve`, `issue` and `demo`: commands that run a gateway of their own.
//!
//! Refuses to issue outside the demo environment.

use super::{Exit, input, neighbours, show};
use crate::codec::json;
use crate::failure::{Code, Failure};
use crate::issue::{self, Claims};
use crate::server::config::{Config, Roles};
use crate::server::files;
use crate::server::gateway::{Clock, Gateway, IssueRequest};
use crate::server::{Running, Server, client, demo_client, telemetry};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where a command's configuration comes from.
#[derive(Args)]
pub(super) struct Source {
    /// The configuration file; `lintas.toml` where it is there, else the defaults.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The data folder, in place of the configured one.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Source {
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let beside = Path::new("lintas.toml");
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None if beside.exists() => Config::read(beside)?,
            None => Config::parse("", Path::new(""))?,
        };
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        Ok(config)
    }
}

/// Arguments of `serve`.
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    source: Source,
    /// What this node is there for, in place of the configured roles: verify, publish, federation, issue, admin.
    #[arg(long, value_delimiter = ',')]
    roles: Option<Vec<String>>,
    /// What to log, in the form of `RUST_LOG`.
    #[arg(long, default_value = "info")]
    log: String,
}

impl Serve {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let _written = telemetry::log_to_stderr(&self.log);
        let mut config = self.source.config()?;
        if let Some(names) = &self.roles {
            config.take_roles(Roles::named(names)?)?;
        }
        block_on(async {
            let server = Server::build(&config, Clock::System).await?;
            server.start()?.wait().await
        })?;
        Ok(Exit::Success)
    }
}

/// Arguments of `issue`.
#[derive(Args)]
pub(super) struct Issue {
    /// The claims as JSON: a file, or `-` for standard input. Without it, a sample vaccination.
    claims: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
    /// Draw the QR code in the terminal.
    #[arg(long)]
    qr: bool,
    /// Write the QR code to this file, SVG.
    #[arg(long)]
    svg: Option<PathBuf>,
}

impl Issue {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let claims = match &self.claims {
            None => sample()?,
            Some(path) => claims(&input::file(path)?)?,
        };
        let config = self.source.config()?;
        let gateway = Gateway::open(&config, Clock::System)?;
        let credential = gateway.issue(&IssueRequest { claims })?;
        if self.qr {
            show::drawing(&issue::terminal(&credential.text)?)?;
        }
        if let Some(path) = &self.svg {
            files::write(
                path,
                issue::svg(&credential.text)?.as_bytes(),
                files::PRIVATE,
            )?;
        }
        show::line(&credential.text)?;
        Ok(Exit::Success)
    }
}

/// Arguments of `demo`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Demo {
    #[command(subcommand)]
    story: Option<Story>,
    /// The data folder.
    #[arg(long, default_value = "lintas-data")]
    data: PathBuf,
    /// Where to serve; a free port with `--exit`, else 127.0.0.1:8443.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// End after the verdict instead of serving on.
    #[arg(long)]
    exit: bool,
}

#[derive(Subcommand)]
enum Story {
    /// Two neighbouring gateways: each takes the other in, one issues, the other believes it, until it is taken back.
    Federation {
        /// The folder of both data folders, which is made anew.
        #[arg(long, default_value = "lintas-data/federation")]
        data: PathBuf,
    },
}

impl Demo {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        if let Some(Story::Federation { data }) = &self.story {
            let _written = telemetry::log_to_stderr("error");
            return neighbours::run(data);
        }
        let _written = telemetry::log_to_stderr("warn");
        let mut config = Config::parse("", Path::new(""))?;
        config.data.clone_from(&self.data);
        if self.exit {
            config.https.set_port(0);
            config.metrics.set_port(0);
        }
        config.https = self.listen.unwrap_or(config.https);
        let token_file = demo_client(&config.data)?.token_file;
        block_on(async {
            let running = Server::build(&config, Clock::System).await?.start()?;
            let accepted = self.tour(&running, &token_file).await?;
            if self.exit {
                running.stop().await;
            } else {
                show::line("Serving until Ctrl-C.")?;
                running.wait().await?;
            }
            Ok(if accepted {
                Exit::Success
            } else {
                Exit::Reject
            })
        })
    }

    async fn tour(&self, running: &Running, token_file: &Path) -> Result<bool, Failure> {
        let credential = running.gateway.issue(&IssueRequest { claims: sample()? })?;
        let data = self.data.display();
        show::line(&format!(
            "1. A throw-away national PKI is in {data}/keys/demo; it signs as ZZ."
        ))?;
        show::line("2. It issued this vaccination certificate to a person who does not exist:")?;
        show::drawing(&issue::terminal(&credential.text)?)?;
        show::line(&credential.text)?;
        let url = format!("https://localhost:{}/v1/verify", running.https.port());
        show::line(&format!(
            "3. The gateway is at {url}; its verdict over HTTPS:"
        ))?;
        let verdict = ask(
            &url,
            &self.data.join("tls").join("ca.pem"),
            &credential.text,
        )
        .await?;
        show::json(&verdict)?;
        let request = serde_json::json!({ "credential": credential.text, "view": "holder" });
        show::line("4. Ask it yourself:")?;
        show::line(&format!(
            "curl --cacert {data}/tls/ca.pem -H \"Authorization: Bearer $(cat {})\" -H 'Content-Type: application/json' \
             -d '{request}' {url}",
            token_file.display()
        ))?;
        Ok(verdict.get("outcome").and_then(Value::as_str) == Some("accept"))
    }
}

/// Asks the gateway at `url` for a verdict, as any client would.
async fn ask(url: &str, ca: &Path, text: &str) -> Result<Value, Failure> {
    let failed = |error: reqwest::Error| {
        Code::InputOutput.caused_by("the gateway did not answer", error.without_url())
    };
    let body = serde_json::json!({ "credential": text }).to_string();
    let request = client::trusting(ca)?
        .post(url)
        .header("content-type", "application/json")
        .body(body);
    let answer = request
        .send()
        .await
        .map_err(failed)?
        .bytes()
        .await
        .map_err(failed)?;
    serde_json::from_slice(&answer)
        .map_err(|error| Code::InputOutput.caused_by("the gateway's answer is not JSON", error))
}

fn claims(text: &str) -> Result<Claims, Failure> {
    Claims::from_json(json::read(text.as_bytes(), MAX_VALUES)?)
}

/// JSON values in one set of claims.
const MAX_VALUES: usize = 256;

/// A vaccination of a person who does not exist.
pub(super) fn sample() -> Result<Claims, Failure> {
    claims(include_str!("sample.json"))
}

pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    actix_web::rt::System::new().block_on(work)
}
