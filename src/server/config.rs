//! The configuration of a gateway: one TOML file, every member with a default.
//!
//! Refuses unknown members, a metrics listener that strangers can reach, half a TLS certificate, a throw-away TLS
//! certificate in production, and a role without its listener. Where secrets lie is configured; secrets themselves never
//! are.

mod bundle;
mod federation;
mod issuing;
mod keys;
mod policy;
mod publication;
mod quota;
mod receipts;
mod role;
mod upload;

pub use bundle::BundleConfig;
pub use federation::{FederationConfig, FederationListen, ListenAt};
pub use issuing::IssuingConfig;
pub use keys::KeysConfig;
pub use publication::PublicationConfig;
pub use quota::{QuotaConfig, Rate};
pub use receipts::ReceiptsConfig;
pub use role::{Role, Roles};
pub use upload::UploadConfig;

use crate::crypto::Mode;
use crate::failure::{Code, Failure};
use crate::issue::Issuer;
use crate::model::{Country, Environment, Thumbprint};
use crate::server::federation::{FeedConfig, default_feeds, parse_feeds};
use crate::server::files;
use crate::server::store::StoreConfig;
use crate::verify::Policy;
use bundle::BundleTable;
use federation::FederationTable;
use issuing::IssuingTable;
use keys::KeysTable;
use policy::PolicyTable;
use publication::PublicationTable;
use quota::QuotaTable;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// A gateway's configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which world it belongs to. Default demo.
    pub environment: Environment,
    /// The folder of keys, certificates and pinned signers. Default `lintas-data`.
    pub data: PathBuf,
    /// Where the public listener is, HTTPS. Default `127.0.0.1:8443`.
    pub https: SocketAddr,
    /// How many threads serve the public listener. Default one a core.
    pub workers: Option<usize>,
    /// Where the metrics listener is, HTTP on a loopback address. Default `127.0.0.1:9464`.
    pub metrics: SocketAddr,
    /// Where the listener of operators is, HTTPS with client certificates. Default none.
    pub admin: Option<SocketAddr>,
    /// The gateway as other countries see it.
    pub federation: FederationConfig,
    /// What this node is there for. Default verify, publish and issue, and whatever it has a listener for.
    pub roles: Roles,
    /// The TLS certificate and its key; without them a throw-away CA in the data folder makes one.
    pub tls: Option<TlsFiles>,
    /// What verification tolerates.
    pub policy: Policy,
    /// By which certificates policy sets are signed, by their thumbprints. Default none.
    pub policy_signers: Vec<Thumbprint>,
    /// Who issues.
    pub issuer: Issuer,
    /// How our own signing keys are held and used.
    pub keys: KeysConfig,
    /// The sources of trust of this environment.
    pub feeds: Vec<FeedConfig>,
    /// Seconds between two looks at the sources, clients and certificates. Default 30.
    pub refresh_s: u64,
    /// Whether this node asks foreign feeds; otherwise it follows those that do. Default true.
    pub ask_feeds: bool,
    /// Mebibytes of opened credentials kept in memory; 0 keeps none. Default 64.
    pub cache_mib: u32,
    /// Who judges ES256 signatures under known keys. Default the engine.
    pub engine: Mode,
    /// Mebibytes that the tables of known keys may take, four keys each. Default 128.
    pub engine_mib: u32,
    /// How it issues from events.
    pub issuing: IssuingConfig,
    /// How much callers may have done who need not be known.
    pub quota: QuotaConfig,
    /// What the gateway is called where it publishes.
    pub publication: PublicationConfig,
    /// How bundles for scanners are pressed.
    pub bundle: BundleConfig,
    /// How receipts are given out.
    pub receipts: ReceiptsConfig,
    /// By which certificate withdrawals are published. Default none; in demo, a throw-away one.
    pub upload: Option<UploadConfig>,
    /// Where records, audit and leases are kept. Default `lintas.db` in the data folder.
    pub store: StoreConfig,
}

/// A TLS certificate chain and its private key, PEM.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Config {
    /// The configuration in the file at `path`.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = files::read_text(path)?;
        Self::parse(&text, path.parent().unwrap_or_else(|| Path::new("")))
    }

    /// The configuration in `text`; paths in it are relative to `base`.
    ///
    /// # Errors
    /// `configuration_invalid`; `input_output` where a feeds file that it names cannot be read.
    pub fn parse(text: &str, base: &Path) -> Result<Self, Failure> {
        let file: File = toml::from_str(text).map_err(|error| {
            Code::ConfigurationInvalid.caused_by(error.message().to_owned(), error.clone())
        })?;
        let environment = Environment::parse(&file.environment)
            .ok_or_else(|| invalid("environment is not demo, test or production"))?;
        if !file.listen.metrics.ip().is_loopback() {
            return Err(invalid("listen.metrics is not a loopback address"));
        }
        let tls = file.tls.map(|tls| TlsFiles {
            certificate: base.join(tls.certificate),
            key: base.join(tls.key),
        });
        if environment == Environment::Production && tls.is_none() {
            return Err(invalid("production needs tls.certificate and tls.key"));
        }
        let mut feeds = match &file.trust.feeds {
            None => default_feeds()?,
            Some(path) => parse_feeds(&files::read_text(&base.join(path))?)?,
        };
        feeds.retain(|feed| feed.environment == environment);
        if file.trust.refresh_s == 0 {
            return Err(invalid("trust.refresh_s is at least 1"));
        }
        if file
            .listen
            .workers
            .is_some_and(|it| !(1..=MAX_WORKERS).contains(&it))
        {
            return Err(invalid("listen.workers is 1 to 1024"));
        }
        if file.cache.memory_mib > MAX_CACHE_MIB {
            return Err(invalid("cache.memory_mib is at most 4000"));
        }
        if file.engine_memory_mib > MAX_ENGINE_MIB {
            return Err(invalid("engine_memory_mib is at most 4000"));
        }
        let federation = file.federation.checked(base, environment)?;
        let (policy, policy_signers) = file.policy.checked()?;
        let usual = Roles::usual(!federation.listen.is_empty(), file.listen.admin.is_some());
        let mut config = Self {
            environment,
            data: base.join(file.data),
            https: file.listen.https,
            workers: file.listen.workers,
            metrics: file.listen.metrics,
            admin: file.listen.admin,
            federation,
            roles: usual,
            tls,
            policy,
            policy_signers,
            issuer: issuer(file.issuer, environment)?,
            keys: file.keys.checked(base, environment)?,
            feeds,
            refresh_s: file.trust.refresh_s,
            ask_feeds: file.trust.ask_feeds,
            cache_mib: file.cache.memory_mib,
            engine: Mode::parse(&file.engine)
                .ok_or_else(|| invalid("engine is not known_signer, library or both"))?,
            engine_mib: file.engine_memory_mib,
            issuing: file.issuing.checked(base)?,
            quota: file.quota.checked()?,
            publication: file.publication.checked()?,
            bundle: file.bundle.checked()?,
            receipts: file.receipts.below(base),
            upload: file.upload.map(|upload| upload.below(base)),
            store: file.store.checked(base)?,
        };
        if let Some(names) = &file.roles {
            config.take_roles(Roles::named(names)?)?;
        }
        Ok(config)
    }

    /// Plays `roles` in place of those it had.
    ///
    /// # Errors
    /// `configuration_invalid` where one of them has no listener.
    pub fn take_roles(&mut self, roles: Roles) -> Result<(), Failure> {
        if roles.has(Role::Federation) && self.federation.listen.is_empty() {
            return Err(invalid("the role federation needs a federation.listen"));
        }
        if roles.has(Role::Admin) && self.admin.is_none() {
            return Err(invalid("the role admin needs listen.admin"));
        }
        self.roles = roles;
        Ok(())
    }
}

fn issuer(table: IssuerTable, environment: Environment) -> Result<Issuer, Failure> {
    let demo = environment == Environment::Demo;
    let country = match &table.country {
        None if demo => Country::DEMO,
        None => return Err(invalid("issuer.country is required outside demo")),
        Some(text) => {
            Country::parse(text).ok_or_else(|| invalid("issuer.country is no country"))?
        }
    };
    if demo && country != Country::DEMO {
        return Err(invalid("a demo gateway issues as ZZ only"));
    }
    let name = table
        .name
        .unwrap_or_else(|| "DEMO Ministry of Health".to_owned());
    Ok(Issuer { country, name })
}

fn invalid(what: &str) -> Failure {
    Code::ConfigurationInvalid.because(what)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "demo")]
    environment: String,
    #[serde(default = "data")]
    data: PathBuf,
    #[serde(default = "engine")]
    engine: String,
    #[serde(default = "engine_memory_mib")]
    engine_memory_mib: u32,
    roles: Option<Vec<String>>,
    #[serde(default)]
    listen: Listen,
    #[serde(default)]
    federation: FederationTable,
    tls: Option<TlsFiles>,
    #[serde(default)]
    policy: PolicyTable,
    #[serde(default)]
    issuer: IssuerTable,
    #[serde(default)]
    keys: KeysTable,
    #[serde(default)]
    trust: Trust,
    #[serde(default)]
    cache: CacheTable,
    #[serde(default)]
    issuing: IssuingTable,
    #[serde(default)]
    quota: QuotaTable,
    #[serde(default)]
    publication: PublicationTable,
    #[serde(default)]
    bundle: BundleTable,
    #[serde(default)]
    receipts: ReceiptsConfig,
    upload: Option<UploadConfig>,
    #[serde(default)]
    store: StoreConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Listen {
    https: SocketAddr,
    metrics: SocketAddr,
    admin: Option<SocketAddr>,
    workers: Option<usize>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            https: SocketAddr::from(([127, 0, 0, 1], 8443)),
            metrics: SocketAddr::from(([127, 0, 0, 1], 9464)),
            admin: None,
            workers: None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IssuerTable {
    country: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Trust {
    feeds: Option<PathBuf>,
    refresh_s: u64,
    ask_feeds: bool,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            feeds: None,
            refresh_s: 30,
            ask_feeds: true,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CacheTable {
    memory_mib: u32,
}

impl Default for CacheTable {
    fn default() -> Self {
        Self { memory_mib: 64 }
    }
}

fn demo() -> String {
    Environment::Demo.name().to_owned()
}

fn engine() -> String {
    Mode::default().name().to_owned()
}

fn engine_memory_mib() -> u32 {
    128
}

fn data() -> PathBuf {
    PathBuf::from("lintas-data")
}

const MAX_WORKERS: usize = 1024;
const MAX_CACHE_MIB: u32 = 4000;
const MAX_ENGINE_MIB: u32 = 4000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quirk::Quirk;

    fn parse(text: &str) -> Result<Config, Failure> {
        Config::parse(text, Path::new("/etc/lintas"))
    }

    #[test]
    fn nothing_configured_is_a_demo_gateway_on_loopback() {
        let config = parse("").unwrap();
        assert_eq!(config.environment, Environment::Demo);
        assert!(config.https.ip().is_loopback() && config.metrics.ip().is_loopback());
        assert_eq!(config.data, Path::new("/etc/lintas/lintas-data"));
        assert_eq!(
            config
                .feeds
                .iter()
                .map(|feed| feed.id.as_str())
                .collect::<Vec<_>>(),
            ["pinned-demo"]
        );
        assert_eq!(config.policy, Policy::default());
        assert_eq!((config.workers, config.cache_mib), (None, 64));
        assert_eq!((config.engine, config.engine_mib), (Mode::KnownSigner, 128));
        assert_eq!(config.roles, Roles::usual(false, false));
        assert_eq!(
            (config.admin, config.federation),
            (None, FederationConfig::default())
        );
    }

    #[test]
    fn a_listener_brings_its_role_along_unless_roles_are_named() {
        let listeners = "[listen]\nadmin = \"127.0.0.1:0\"\n\
             [[federation.listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:0\"\n";
        assert_eq!(parse(listeners).unwrap().roles, Roles::usual(true, true));
        let named = parse(&format!("roles = [\"admin\"]\n{listeners}")).unwrap();
        assert_eq!(named.roles, Roles::named(&["admin"]).unwrap());
    }

    #[test]
    fn doubtful_configurations_are_refused() {
        for text in [
            "unknown = 1",
            "engine = \"fast\"",
            "engine_memory_mib = 65537",
            "environment = \"staging\"",
            "environment = \"production\"",
            "[listen]\nmetrics = \"0.0.0.0:9464\"",
            "[tls]\ncertificate = \"a.pem\"",
            "[policy]\nrefused_quirks = [\"anything\"]",
            "[policy]\nskew_s = 86400",
            "[policy]\nmax_revocation_age_s = -1",
            "[issuer]\ncountry = \"ID\"",
            "[trust]\nrefresh_s = 0",
            "[listen]\nworkers = 0",
            "roles = []",
            "roles = [\"everything\"]",
            "roles = [\"federation\"]",
            "roles = [\"admin\"]",
            "[federation]\nanchor = []",
            "[cache]\nmemory_mib = 4001",
            "[cache]\nmemory_mib = -1",
            "[cache]\nsize = 1",
            "[quota]\nanonymous_burst = 0",
            "[bundle]\nevery_hours = 1",
            "[receipts]\nkey = \"a.pem\"",
            "[store]\nurl = \"mysql://db/lintas\"",
            "[store]\nurl = \"sqlite:a.db\"\nurl_file = \"url\"",
        ] {
            assert_eq!(
                parse(text).unwrap_err().code(),
                Code::ConfigurationInvalid,
                "{text}"
            );
        }
    }

    #[test]
    fn a_policy_refuses_the_quirks_it_names() {
        let config = parse("[policy]\nid = \"strict\"\nrefused_quirks = [\"float_time\"]").unwrap();
        assert_eq!(config.policy.refused_quirks, [Quirk::FloatTime]);
    }
}
