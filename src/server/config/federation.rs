//! How other countries' backends reach this gateway: trust anchors, listeners, proxies.
//!
//! Refuses a listener at two places or none, proxies at a socket, an unbounded number of either, and test participants in
//! production.
//!
//! Source: docs/OPERATING.md, A gateway for others.

use crate::exchange::dgcg::Dialect;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The gateway as other countries see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FederationConfig {
    /// Our own trust anchors, by the thumbprints of their certificates.
    pub anchors: Vec<Thumbprint>,
    /// Whether uploads are held to more than the reference gateways hold them to. Default false.
    pub strict_uploads: bool,
    /// Whether participants that exist for tests only are let in. Default false.
    pub test_participants: bool,
    /// Where it listens.
    pub listen: Vec<FederationListen>,
}

/// One listener for backends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationListen {
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is.
    pub at: ListenAt,
    /// The client certificates of proxies whose headers count.
    pub proxies: Vec<Thumbprint>,
}

/// The place of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAt {
    /// TLS at an address, where clients present certificates.
    Address(SocketAddr),
    /// HTTP at a Unix socket, for a proxy on this machine.
    Socket(PathBuf),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FederationTable {
    anchors: Vec<String>,
    strict_uploads: bool,
    test_participants: bool,
    listen: Vec<ListenTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenTable {
    dialect: String,
    address: Option<SocketAddr>,
    socket: Option<PathBuf>,
    #[serde(default)]
    proxies: Vec<String>,
}

impl FederationTable {
    /// What it says, where it may; paths are relative to `base`.
    ///
    /// # Errors
    /// `configuration_invalid`.
    pub(super) fn checked(
        self,
        base: &Path,
        environment: Environment,
    ) -> Result<FederationConfig, Failure> {
        if self.test_participants && environment == Environment::Production {
            return Err(invalid(
                "federation.test_participants is not for production",
            ));
        }
        if self.listen.len() > MAX_LISTENERS {
            return Err(invalid("federation.listen stands at most 16 times"));
        }
        let listen = self.listen.into_iter().map(|row| row.checked(base));
        Ok(FederationConfig {
            anchors: thumbprints("federation.anchors", &self.anchors)?,
            strict_uploads: self.strict_uploads,
            test_participants: self.test_participants,
            listen: listen.collect::<Result<_, _>>()?,
        })
    }
}

impl ListenTable {
    fn checked(self, base: &Path) -> Result<FederationListen, Failure> {
        let dialect = Dialect::ALL
            .into_iter()
            .find(|dialect| dialect.name() == self.dialect)
            .ok_or_else(|| invalid("federation.listen.dialect is not eu or tng"))?;
        let at = match (self.address, self.socket) {
            (Some(address), None) => ListenAt::Address(address),
            (None, Some(socket)) => ListenAt::Socket(base.join(socket)),
            (None, None) | (Some(_), Some(_)) => {
                return Err(invalid(
                    "federation.listen has exactly one of address and socket",
                ));
            }
        };
        if matches!(at, ListenAt::Socket(_)) && !self.proxies.is_empty() {
            return Err(invalid("federation.listen.proxies go with an address"));
        }
        Ok(FederationListen {
            dialect,
            at,
            proxies: thumbprints("federation.listen.proxies", &self.proxies)?,
        })
    }
}

pub(super) fn thumbprints(member: &str, texts: &[String]) -> Result<Vec<Thumbprint>, Failure> {
    if texts.len() > MAX_THUMBPRINTS {
        return Err(invalid(&format!("{member} are at most {MAX_THUMBPRINTS}")));
    }
    let read = |text: &String| {
        Thumbprint::parse(text).ok_or_else(|| invalid(&format!("{member}: 64 hex digits each")))
    };
    texts.iter().map(read).collect()
}

fn invalid(what: &str) -> Failure {
    Code::ConfigurationInvalid.because(what)
}

const MAX_LISTENERS: usize = 16;
const MAX_THUMBPRINTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, environment: Environment) -> Result<FederationConfig, Failure> {
        let table: Result<FederationTable, _> = toml::from_str(text);
        let table = table.map_err(|_| invalid("no table"))?;
        table.checked(Path::new("/etc/lintas"), environment)
    }

    #[test]
    fn a_listener_is_at_an_address_or_a_socket() {
        let hex = "0a".repeat(32);
        let text = format!(
            "anchors = [\"{hex}\"]\n[[listen]]\ndialect = \"eu\"\naddress = \"0.0.0.0:8444\"\nproxies = [\"{hex}\"]\n\
             [[listen]]\ndialect = \"tng\"\nsocket = \"tng.sock\"\n"
        );
        let federation = checked(&text, Environment::Production).unwrap();
        assert_eq!(federation.anchors, [Thumbprint([10; 32])]);
        let [eu, tng] = federation.listen.as_slice() else {
            panic!("not two listeners")
        };
        assert_eq!(eu.proxies, [Thumbprint([10; 32])]);
        assert_eq!(
            (tng.dialect, &tng.at),
            (
                Dialect::Tng,
                &ListenAt::Socket(PathBuf::from("/etc/lintas/tng.sock"))
            )
        );
    }

    #[test]
    fn doubtful_listeners_are_refused() {
        let hex = "0a".repeat(32);
        for (text, environment) in [
            ("test_participants = true", Environment::Production),
            ("anchors = [\"0a\"]", Environment::Demo),
            ("[[listen]]\ndialect = \"eu\"", Environment::Demo),
            (
                "[[listen]]\ndialect = \"us\"\naddress = \"127.0.0.1:1\"",
                Environment::Demo,
            ),
            (
                "[[listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:1\"\nsocket = \"a\"",
                Environment::Demo,
            ),
            (
                &format!("[[listen]]\ndialect = \"eu\"\nsocket = \"a\"\nproxies = [\"{hex}\"]"),
                Environment::Demo,
            ),
            (
                "[[listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:1\"\nproxies = [\"x\"]",
                Environment::Demo,
            ),
        ] {
            let refused = checked(text, environment).unwrap_err();
            assert_eq!(refused.code(), Code::ConfigurationInvalid, "{text}");
        }
        assert!(checked("test_participants = true", Environment::Test).is_ok());
    }
}
