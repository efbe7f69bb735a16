//! How this gateway names itself where it publishes.
//!
//! Refuses a host with other letters than a name and a port have, and a contact that would not fit into a line.
//!
//! Source: did:web, section 2.5 (a port is percent-encoded).

use crate::failure::{Code, Failure};
use serde::Deserialize;

/// What it is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicationConfig {
    /// The host, and the port where it is not 443; by default that of the public listener on `localhost`.
    pub host: Option<String>,
    /// The same as did:web writes it.
    pub did_host: String,
    /// Whom to write to.
    pub contact: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PublicationTable {
    host: Option<String>,
    contact: Option<String>,
}

impl PublicationTable {
    pub(super) fn checked(self) -> Result<PublicationConfig, Failure> {
        if self.host.as_deref().is_some_and(|host| !is_host(host)) {
            return Err(invalid("publication.host is no host, nor a host and port"));
        }
        let unfit =
            |contact: &str| contact.len() > MAX_CONTACT || contact.contains(char::is_control);
        if self.contact.as_deref().is_some_and(unfit) {
            return Err(invalid(
                "publication.contact is over 200 bytes or not one line",
            ));
        }
        Ok(PublicationConfig {
            did_host: self.host.as_deref().map(encoded).unwrap_or_default(),
            host: self.host,
            contact: self.contact,
        })
    }
}

impl PublicationConfig {
    /// The same on a node whose public listener has the port `port`.
    #[must_use]
    pub fn on(&self, port: u16) -> Self {
        let host = self.host.clone();
        let host = host.unwrap_or_else(|| format!("localhost:{port}"));
        Self {
            did_host: encoded(&host),
            host: Some(host),
            contact: self.contact.clone(),
        }
    }
}

fn encoded(host: &str) -> String {
    host.replace(':', "%3A")
}

fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let letters = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-.".contains(&it);
    let labels = name.split('.').all(|label| !label.is_empty());
    labels
        && name.len() <= MAX_HOST
        && name.bytes().all(letters)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn invalid(what: &str) -> Failure {
    Code::ConfigurationInvalid.because(what)
}

const MAX_HOST: usize = 200;
const MAX_CONTACT: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_perhaps_a_port() {
        for host in ["trust.example.id", "localhost:8443", "10.0.0.1"] {
            assert!(is_host(host), "{host}");
        }
        for odd in ["", "a b", "a:", "a:0", "a:b", "a/b", "https://a", ".a", "A"] {
            assert!(!is_host(odd), "{odd}");
        }
        let table = PublicationTable {
            host: None,
            contact: Some("a\nb".to_owned()),
        };
        let refused = table.checked().unwrap_err();
        assert_eq!(refused.code(), Code::ConfigurationInvalid);
        let config = PublicationConfig::default().on(8443);
        assert_eq!(config.did_host, "localhost%3A8443");
    }
}
