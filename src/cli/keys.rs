//! `keys`: the national CA on its machine without a network, and the signing keys of a gateway.
//!
//! Refuses passphrases as arguments, and to make a signer's key anywhere but where it will sign.
//!
//! Source: docs/KEYS.md.

use super::door::{Operator, act};
use super::operate::{Source, block_on};
use super::{Exit, show};
use crate::codec::x509::Certificate;
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment};
use crate::server::config::Config;
use crate::server::files;
use crate::server::gateway::Clock;
use crate::server::gateway::keyring::folder;
use crate::server::keys::{
    Ceremony, Cohort, KeyPlace, Passphrase, PassphrasePlace, Token, Wanted, certificate_of,
    make_receipt_key, make_sealed_key, make_token_key,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What `keys` can do.
#[derive(Subcommand)]
pub(super) enum Keys {
    /// On the machine without a network: make the national CA, and the certificates of the country's backend.
    Init {
        /// The folder of the CA, which is kept offline.
        #[arg(long)]
        folder: PathBuf,
        /// The country, alpha-2.
        #[arg(long)]
        country: String,
        /// Who runs it, as certificates name them.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        sealed: Sealed,
    },
    /// On the machine without a network: make the certificate that a request asks for.
    Answer {
        /// The request, PEM.
        request: PathBuf,
        /// The folder of the CA.
        #[arg(long)]
        folder: PathBuf,
        /// Where the certificate goes.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        sealed: Sealed,
    },
    /// On the gateway's machine: make a key and the request for its certificate. With --certificate: ask that the gateway
    /// takes the certificate that came back.
    Rotate(Rotate),
    /// On the gateway's machine: make the key that signs receipts, and its certificate, by which others prove them.
    Receipt {
        /// Make the key in the configured token, not in a sealed file.
        #[arg(long)]
        token: bool,
        #[command(flatten)]
        sealed: Sealed,
        #[command(flatten)]
        source: Source,
    },
    /// The gateway's signers, and everything that ends.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        operator: Operator,
    },
    /// Ask that a signer signs no more; what it signed holds.
    Retire {
        /// SHA-256 over its certificate, or its key identifier, as `keys list` shows them.
        signer: String,
        #[command(flatten)]
        operator: Operator,
    },
    /// Ask that a signer signs no more because somebody else may have its key.
    Compromised {
        /// SHA-256 over its certificate, or its key identifier, as `keys list` shows them.
        signer: String,
        #[command(flatten)]
        operator: Operator,
    },
}

/// Where the passphrase of a sealed key comes from.
#[derive(Args)]
pub(super) struct Sealed {
    /// The file descriptor that the passphrase is read from.
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// The name of the systemd credential that is the passphrase.
    #[arg(long, value_name = "NAME", conflicts_with = "passphrase_fd")]
    passphrase_credential: Option<String>,
}

impl Sealed {
    /// The passphrase, from `configured` where no place is named.
    pub(super) fn read(&self, configured: Option<&PassphrasePlace>) -> Result<Passphrase, Failure> {
        let missing = || {
            let reason = "no place of the passphrase is named; see --passphrase-fd";
            Code::KeySealed.because(reason)
        };
        self.read_any(configured)?.ok_or_else(missing)
    }

    /// The same; nothing where no place is named at all.
    pub(super) fn read_any(
        &self,
        configured: Option<&PassphrasePlace>,
    ) -> Result<Option<Passphrase>, Failure> {
        let named = match (self.passphrase_fd, &self.passphrase_credential) {
            (Some(number), _) => Some(PassphrasePlace::Descriptor(number)),
            (None, Some(name)) => Some(PassphrasePlace::parse(&format!("credential:{name}"))?),
            (None, None) => None,
        };
        let place = named.as_ref().or(configured);
        place.map(PassphrasePlace::read).transpose()
    }
}

/// Arguments of `keys rotate`.
#[derive(Args)]
pub(super) struct Rotate {
    /// The certificate that came back, PEM.
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// The kinds of certificate that are signed: vaccination, test, recovery. Known from a certificate.
    #[arg(
        long = "purpose",
        value_delimiter = ',',
        required_unless_present = "certificate"
    )]
    purposes: Vec<String>,
    /// The group of regions whose facilities' events are signed. Known from a certificate; else `all`.
    #[arg(long)]
    region: Option<String>,
    /// The quarter from which on it signs, such as 2026Q4. Known from a certificate.
    #[arg(long, required_unless_present = "certificate")]
    quarter: Option<String>,
    /// Make the key in the configured token, not in a sealed file.
    #[arg(long, conflicts_with = "certificate")]
    token: bool,
    /// A copy of the request.
    #[arg(long, conflicts_with = "certificate")]
    out: Option<PathBuf>,
    #[command(flatten)]
    sealed: Sealed,
    #[command(flatten)]
    operator: Operator,
}

impl Keys {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Init {
                folder,
                country,
                name,
                sealed,
            } => init(&folder, &country, &name, &sealed),
            Self::Answer {
                request,
                folder,
                out,
                sealed,
            } => answer(&request, &folder, &out, &sealed),
            Self::Rotate(rotate) => rotate.run(),
            Self::Receipt {
                token,
                sealed,
                source,
            } => receipt(&source.config()?, token, &sealed),
            Self::List { json, operator } => list(&operator, json),
            Self::Retire { signer, operator } => ask(&operator, "key.retire", &signer),
            Self::Compromised { signer, operator } => ask(&operator, "key.compromised", &signer),
        }
    }
}

fn init(folder: &Path, country: &str, name: &str, sealed: &Sealed) -> Result<Exit, Failure> {
    let read = Country::parse(country).filter(|it| it.as_str() == country);
    let country =
        read.ok_or_else(|| Code::RequestInvalid.because("no alpha-2 code of a country"))?;
    let ceremony = Ceremony::at(folder);
    let passphrase = sealed.read(None)?;
    let made = ceremony.make(country, name, &passphrase, Clock::System.now())?;
    for (what, thumbprint) in made {
        show::line(&format!("{what} {thumbprint}"))?;
    }
    show::note("write the fingerprints down, by hand, on paper that everybody present signs");
    Ok(Exit::Success)
}

fn answer(request: &Path, folder: &Path, out: &Path, sealed: &Sealed) -> Result<Exit, Failure> {
    let asked = files::read(request)?;
    let passphrase = sealed.read(None)?;
    let answered = Ceremony::at(folder).answer(&asked, &passphrase, Clock::System.now())?;
    files::write(out, answered.pem.as_bytes(), files::PUBLIC)?;
    let (cohort, thumbprint) = (&answered.cohort, answered.thumbprint);
    show::line(&format!("{cohort} {thumbprint} until {}", answered.until))?;
    Ok(Exit::Success)
}

impl Rotate {
    fn run(self) -> Result<Exit, Failure> {
        match &self.certificate {
            Some(certificate) => self.hand_over(certificate),
            None => self.make(),
        }
    }

    fn make(&self) -> Result<Exit, Failure> {
        let config = self.operator.config()?;
        let region = self.region.as_deref().unwrap_or("all");
        let quarter = self.quarter.as_deref().unwrap_or_default();
        let wanted = Wanted {
            country: config.issuer.country,
            issuer: config.issuer.name.clone(),
            cohort: Cohort::parse(&self.purposes, region, quarter)?,
        };
        if !config.keys.has_region(region) {
            let reason = "keys.regions names no such group, so the signer would never sign";
            return Err(Code::RequestInvalid.because(reason));
        }
        let request = self.make_in(&config, &wanted)?;
        if let Some(out) = &self.out {
            files::write(out, &files::read(&request)?, files::PUBLIC)?;
        }
        show::line(&format!("request {}", request.display()))?;
        show::note(
            "take it to the CA's machine: lintas keys answer REQUEST --folder CEREMONY --out FILE",
        );
        Ok(Exit::Success)
    }

    fn make_in(&self, config: &Config, wanted: &Wanted) -> Result<PathBuf, Failure> {
        let folder = folder(&config.data);
        if self.token {
            return make_token_key(&folder, wanted, &token(config)?);
        }
        let passphrase = self.sealed.read(config.keys.passphrase.as_ref())?;
        make_sealed_key(&folder, wanted, &passphrase)
    }

    fn hand_over(&self, certificate: &Path) -> Result<Exit, Failure> {
        let der = certificate_of(certificate)?;
        let name = Certificate::read(&der)?.common_name;
        let named = name.as_deref().and_then(Cohort::of_common_name);
        let purposes = match &named {
            Some(named) if self.purposes.is_empty() => {
                let names = named.purpose_names().into_iter();
                names.map(str::to_owned).collect()
            }
            Some(_) | None => self.purposes.clone(),
        };
        let quarter = named.as_ref().map(|it| it.quarter.to_string());
        let missing = || {
            let reason =
                "the certificate's name tells no cohort: add --purpose, --region, --quarter";
            Code::RequestInvalid.because(reason)
        };
        let members = json!({
            "certificate": BASE64_STANDARD.encode(&der),
            "purposes": purposes,
            "region": self.region.clone().or_else(|| named.map(|it| it.region)).ok_or_else(missing)?,
            "quarter": self.quarter.clone().or(quarter).ok_or_else(missing)?,
        });
        let act = act("key.add", &members)?;
        let door = self.operator.door()?;
        block_on(door.ask_for(&act))
    }
}

/// The token that `config` names, logged in to.
pub(super) fn token(config: &Config) -> Result<Token, Failure> {
    let none = || {
        let reason = "no token is configured: keys.module, keys.token, keys.pin";
        Code::ConfigurationInvalid.because(reason)
    };
    Token::open(config.keys.token.as_ref().ok_or_else(none)?)
}

fn receipt(config: &Config, in_token: bool, sealed: &Sealed) -> Result<Exit, Failure> {
    if config.environment == Environment::Demo {
        let reason = "the demo environment makes a throw-away key of receipts by itself";
        return Err(Code::RequestInvalid.because(reason));
    }
    let (data, environment) = (&config.data, config.environment);
    let (country, now) = (config.issuer.country, Clock::System.now());
    let make = |place| make_receipt_key(data, environment, country, now, &place);
    let (certificate, kid) = if in_token {
        make(KeyPlace::Token(&token(config)?))?
    } else {
        let passphrase = sealed.read(config.keys.passphrase.as_ref())?;
        make(KeyPlace::Sealed(&passphrase))?
    };
    show::line(&format!("certificate {}", certificate.display()))?;
    show::line(&format!("key {kid}"))?;
    show::note(
        "start the gateway anew; put the certificate into keys/receipt of the nodes that publish",
    );
    Ok(Exit::Success)
}

/// Asks for the act `name` on `signer`, which is named by its thumbprint or its key identifier.
fn ask(operator: &Operator, name: &str, signer: &str) -> Result<Exit, Failure> {
    let door = operator.door()?;
    block_on(async {
        let shown = door.get("/admin/v1/keys").await?;
        let known = rows(&shown, "signers").filter(|row| {
            let thumbprint = text(row, "thumbprint").eq_ignore_ascii_case(signer);
            thumbprint || text(row, "kid") == signer
        });
        let known: Vec<_> = known.collect();
        let [known] = known.as_slice() else {
            let reason = "no signer, or not one alone, is called so; see `lintas keys list`";
            return Err(Code::NotFound.because(reason));
        };
        let act = act(name, &json!({ "thumbprint": text(known, "thumbprint") }))?;
        door.ask_for(&act).await
    })
}

fn list(operator: &Operator, as_json: bool) -> Result<Exit, Failure> {
    let shown = block_on(operator.door()?.get("/admin/v1/keys"))?;
    if as_json {
        show::json(&shown)?;
        return Ok(Exit::Success);
    }
    for row in rows(&shown, "signers") {
        let purposes = row.get("purposes").and_then(Value::as_array);
        let purposes = purposes.into_iter().flatten().filter_map(Value::as_str);
        let (kid, purposes) = (text(row, "kid"), purposes.collect::<Vec<_>>().join("-"));
        let ready = match row.get("hindrance").and_then(Value::as_str) {
            None => "signs",
            Some(hindrance) => hindrance,
        };
        show::line(&format!(
            "{kid} {purposes} {} {}: {}, {ready}; from {} until {}; key: {}; {}",
            text(row, "region"),
            text(row, "quarter"),
            text(row, "state"),
            text(row, "active_from"),
            text(row, "until"),
            text(row, "key"),
            text(row, "thumbprint"),
        ))?;
    }
    let count = |name: &str| shown.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (live, most) = (count("live"), count("live_at_most"));
    show::line(&format!("{live} of {most} signers are live"))?;
    for row in rows(&shown, "ends") {
        let days = row.get("days").and_then(Value::as_i64).unwrap_or_default();
        let alarm = match row.get("alarm").and_then(Value::as_i64) {
            None => String::new(),
            Some(0) => "; HAS ENDED".to_owned(),
            Some(alarm) => format!("; ALARM {alarm}"),
        };
        show::line(&format!(
            "{} {} ends {}, in {days} days{alarm}",
            text(row, "what"),
            text(row, "id"),
            text(row, "until")
        ))?;
    }
    Ok(Exit::Success)
}

fn rows<'v>(shown: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    shown
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row.get(name).and_then(Value::as_str).unwrap_or("-")
}
