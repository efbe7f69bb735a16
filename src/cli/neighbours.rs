//! `demo federation`: two gateways on this machine, each with a throw-away PKI of its own, as each other's neighbours.
//!
//! Refuses nothing and spares nothing: what it shows goes over mutual TLS, as it would between two countries. Parties are
//! taken in without operators, which only a demonstration may do.

use super::operate::{block_on, sample};
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::config::Config;
use crate::server::federation::{FeedConfig, FeedKind, Uploader, open_feed, parse_feeds};
use crate::server::files::{self, PUBLIC};
use crate::server::gateway::hub::{Change, Joining, PartyRole};
use crate::server::gateway::{Clock, Gateway, IssueRequest, Question, VerifyRequest, feeds};
use crate::server::keys::{ThrowAway, Use};
use crate::server::{Running, Server};
use crate::trust::Role;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Shows it; the data folders are `a` and `b` below `data`.
///
/// # Errors
/// Whatever keeps it from being shown.
pub(super) fn run(data: &Path) -> Result<Exit, Failure> {
    block_on(async {
        let told = tell(data).await?;
        Ok(if told { Exit::Success } else { Exit::Reject })
    })
}

/// Removes what an earlier showing left, and nothing that it did not make.
fn begin_anew(data: &Path) -> Result<(), Failure> {
    files::create_dir(data)?;
    let marker = data.join(MARKER);
    for folder in ["a", "b"].map(|name| data.join(name)) {
        if !folder.exists() {
            continue;
        }
        if !marker.exists() {
            let reason = format!("{} was not made by this command", folder.display());
            return Err(Code::RequestInvalid.because(reason));
        }
        std::fs::remove_dir_all(&folder).map_err(|error| {
            Code::InputOutput.caused_by(format!("{} cannot be removed", folder.display()), error)
        })?;
    }
    files::write(&marker, b"Both folders are made anew each time.\n", PUBLIC)
}

async fn tell(data: &Path) -> Result<bool, Failure> {
    begin_anew(data)?;
    let mut step = Steps::default();
    let a = Neighbour::start(&data.join("a"), "XA", "").await?;
    let port = a.port()?;
    step.tell(&format!(
        "Gateway A serves its neighbours at https://localhost:{port}, by mutual TLS."
    ))?;
    let (feed, row) = a.as_feed(&data.join("b"))?;
    let (own, _) = a.as_feed(&a.data)?;
    let b = Neighbour::start(&data.join("b"), "XB", &row).await?;
    step.tell("Gateway B is A's neighbour. Each has a trust anchor, an upload and a TLS certificate of its own.")?;
    a.takes_in(&a, Country::DEMO).await?;
    a.takes_in(&b, b.country).await?;
    b.takes_in(&a, a.country).await?;
    b.asks(&feed).await?;
    step.tell("A's trust anchor vouched for B, and B's for A: both are parties now.")?;
    let credential = a.gateway().issue(&IssueRequest { claims: sample()? })?;
    show::line(&credential.text)?;
    step.tell(&format!(
        "A issued this certificate. B says: {}",
        b.verdict(&credential.text)
    ))?;
    let uploader = uploader(&own, &a.data)?;
    let dsc = a.dsc()?;
    uploader.signer(&dsc, now()).await?;
    b.asks(&feed).await?;
    let accepted = b.verdict(&credential.text);
    step.tell(&format!(
        "A handed in its signer, and B asked A what is new. B says: {accepted}"
    ))?;
    let hash = crate::revocation::RevocationHash::of_uci(credential.certificate.entry.uvci());
    let expires = now().plus(YEAR_S).to_string();
    let batch = json!({
        "country": Country::DEMO.as_str(), "expires": expires, "kid": null, "hashType": "UCI",
        "entries": [{ "hash": hash.to_string() }],
    });
    let batch = uploader.batch(batch.to_string().as_bytes(), now()).await?;
    b.asks(&feed).await?;
    let revoked = b.verdict(&credential.text);
    step.tell(&format!(
        "A withdrew this one certificate (batch {batch}). B says: {revoked}"
    ))?;
    uploader.withdraw_batch(&batch, now()).await?;
    b.asks(&feed).await?;
    step.tell(&format!(
        "A took that back. B says: {}",
        b.verdict(&credential.text)
    ))?;
    uploader.withdraw_signer(&dsc, now()).await?;
    b.asks(&feed).await?;
    let gone = b.verdict(&credential.text);
    step.tell(&format!("A took its signer back. B says: {gone}"))?;
    a.running.stop().await;
    let silent = b
        .asks(&feed)
        .await
        .err()
        .map_or("?", |failure| failure.code().name());
    step.tell(&format!(
        "A is gone ({silent}). B keeps what it knows, and tells after a while how old that is."
    ))?;
    b.running.stop().await;
    Ok(accepted == "accept" && revoked.contains("revoked") && gone.contains("unknown_signer"))
}

#[derive(Default)]
struct Steps(u32);

impl Steps {
    fn tell(&mut self, what: &str) -> Result<(), Failure> {
        self.0 += 1;
        show::line(&format!("{}. {what}", self.0))
    }
}

/// A gateway, and the certificates by which others know it.
struct Neighbour {
    country: Country,
    data: PathBuf,
    anchor: ThrowAway,
    tls: [ThrowAway; 2],
    upload: [ThrowAway; 2],
    running: Running,
}

impl Neighbour {
    /// One that is the party `country` elsewhere and the demonstration's country at home.
    async fn start(data: &Path, country: &str, more: &str) -> Result<Self, Failure> {
        let keys = data.join("keys").join("federation");
        let make =
            |name: &str, country: &str, what| ThrowAway::make(&keys, name, country, what, now());
        let home = Country::DEMO.as_str();
        let anchor = make("anchor", home, Use::Anchor)?;
        let (tls, upload) = (
            [
                make("tls-home", home, Use::Tls)?,
                make("tls", country, Use::Tls)?,
            ],
            [
                make("upload-home", home, Use::Upload)?,
                make("upload", country, Use::Upload)?,
            ],
        );
        files::write(
            &data.join("feeds.toml"),
            format!("{PINNED}{more}").as_bytes(),
            PUBLIC,
        )?;
        let mut config = Config::parse(&configuration(&anchor.thumbprint()), data)?;
        config.data = data.to_owned();
        let running = Server::build(&config, Clock::System).await?.start()?;
        let none = || Code::Internal.because("no such country");
        Ok(Self {
            country: Country::parse(country).ok_or_else(none)?,
            data: data.to_owned(),
            anchor,
            tls,
            upload,
            running,
        })
    }

    fn gateway(&self) -> &Arc<Gateway> {
        &self.running.gateway
    }

    fn port(&self) -> Result<u16, Failure> {
        let listening = self.running.federation.first().and_then(|it| it.address);
        let none = || Code::Internal.because("no listener for neighbours");
        listening.map(|address| address.port()).ok_or_else(none)
    }

    /// The feed by which whoever keeps its data in `folder` asks this gateway, and its row.
    fn as_feed(&self, folder: &Path) -> Result<(FeedConfig, String), Failure> {
        let suffix = if folder == self.data { "-home" } else { "" };
        let ca = files::read(&self.data.join("tls").join("ca.pem"))?;
        files::create_dir(folder)?;
        files::write(&folder.join("neighbour-ca.pem"), &ca, PUBLIC)?;
        let row = format!(
            "[[feed]]\nid = \"neighbour\"\nkind = \"dgcg\"\nenvironment = \"demo\"\nurl = \"https://localhost:{}\"\ndialect = \"eu\"\n\
             server_certificate = \"neighbour-ca.pem\"\nclient_certificate = \"keys/federation/tls{suffix}.pem\"\n\
             client_key = \"keys/federation/tls{suffix}.key\"\nupload_certificate = \"keys/federation/upload{suffix}.pem\"\n\
             upload_key = \"keys/federation/upload{suffix}.key\"\nanchors = [\"{}\"]\ntake = [\"signers\", \"revocation\"]\n\
             allow_private = true\n",
            self.port()?,
            self.anchor.thumbprint(),
        );
        let none = || Code::Internal.because("no feed in its row");
        let feed = parse_feeds(&row)?.into_iter().next().ok_or_else(none)?;
        Ok((feed, row))
    }

    /// Takes in `other` as the party of `country`, vouched for by its own anchor.
    async fn takes_in(&self, other: &Self, country: Country) -> Result<(), Failure> {
        let [home, abroad] = [0, 1];
        let which = if country == Country::DEMO {
            home
        } else {
            abroad
        };
        let of = |pair: &[ThrowAway; 2]| pair.get(which).map(|it| it.certificate.clone());
        let mut parts = Vec::new();
        parts.extend(of(&other.tls).map(|it| (Role::Authentication, it)));
        parts.extend(of(&other.upload).map(|it| (Role::Upload, it)));
        if country == Country::DEMO {
            parts.push((
                Role::Csca,
                certificate(&other.data.join("keys/demo/csca.pem"))?,
            ));
        }
        let vouched = parts.into_iter().map(|(role, der)| {
            let signature = self.anchor.vouch(&der, now())?;
            Ok((role, der, signature))
        });
        let joining = Joining {
            country,
            name: format!("DEMO {country}"),
            roles: PartyRole::ALL.to_vec(),
            certificates: vouched.collect::<Result<_, Failure>>()?,
        };
        let joined = self.gateway().hand_in(|hub, at| {
            Ok(Change {
                records: joining.records(hub, at)?,
                events: Vec::new(),
                answer: (),
            })
        });
        joined
            .await
            .map_err(|refused| Code::Internal.because(refused.details))
    }

    fn dsc(&self) -> Result<Vec<u8>, Failure> {
        certificate(&self.data.join("keys/demo/dsc.pem"))
    }

    async fn asks(&self, feed: &FeedConfig) -> Result<(), Failure> {
        let none = || Code::Internal.because("the feed is off");
        let open = open_feed(feed, &self.data)?.ok_or_else(none)?;
        self.gateway()
            .synchronise(open.as_ref(), false)
            .await
            .map(|_| ())
    }

    /// The outcome of `text`, and the codes that speak against it.
    fn verdict(&self, text: &str) -> String {
        let question = Question {
            reference: None,
            text: text.to_owned(),
        };
        let request = VerifyRequest::of(vec![question]);
        let verdict = self.gateway().verify(&request, &self.gateway().moment());
        let findings = verdict.credentials.iter().flat_map(|it| &it.findings);
        let codes: Vec<_> = findings.map(|finding| finding.code.name()).collect();
        match codes.as_slice() {
            [] => verdict.outcome().name().to_owned(),
            codes => format!("{} ({})", verdict.outcome().name(), codes.join(", ")),
        }
    }
}

fn uploader(feed: &FeedConfig, data: &Path) -> Result<Uploader, Failure> {
    match &feed.kind {
        FeedKind::Dgcg(gateway) => Uploader::open(gateway, data),
        FeedKind::PinnedSigner { .. } | FeedKind::DidWeb(_) | FeedKind::Folder(_) => {
            Err(Code::Internal.because("a feed of another kind"))
        }
    }
}

fn certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut read = feeds::anchors(&files::read(path)?)?.into_iter();
    let none = || Code::Internal.because("no certificate");
    read.next().map(|(_, der)| der).ok_or_else(none)
}

fn configuration(anchor: &Thumbprint) -> String {
    format!(
        "[listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\nworkers = 1\n[trust]\nfeeds = \"feeds.toml\"\n\
         ask_feeds = false\n[federation]\nanchors = [\"{anchor}\"]\n[[federation.listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:0\"\n"
    )
}

fn now() -> UnixTime {
    Clock::System.now()
}

const PINNED: &str = "[[feed]]\nid = \"pinned-demo\"\nkind = \"pinned_signer\"\nenvironment = \"demo\"\npath = \"trust/demo\"\n\n";
const MARKER: &str = ".demo-federation";
const YEAR_S: i64 = 365 * 86_400;
