//! The host and port of a foreign system, in one spelling.
//!
//! Refuses upper case, letters beyond ASCII, and user names: what is compared has to be what is asked.
//!
//! Source: RFC 3986, section 3.2; RFC 1123, section 2.1.

use reqwest::Url;
use std::fmt;

/// A host and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: u16,
}

impl Host {
    /// The host with this name, or this address of IPv4, and this port in decimal; without one, that of HTTPS.
    pub fn parse(name: &str, port: Option<&str>) -> Option<Self> {
        let port = match port {
            None => HTTPS,
            Some(text) if text.starts_with('0') => return None,
            Some(text) if text.bytes().all(|digit| digit.is_ascii_digit()) => text.parse().ok()?,
            Some(_) => return None,
        };
        let is_label = |label: &str| {
            let letters = label.bytes().all(|letter| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-'
            });
            letters && (1..=MAX_LABEL).contains(&label.len()) && !label.starts_with('-')
        };
        (name.len() <= MAX_NAME && name.split('.').all(is_label)).then(|| Self {
            name: name.to_owned(),
            port,
        })
    }

    /// Where `text` begins, and its host: `https`, a host in its one spelling, and a path without anything after it. The
    /// slash at the end is off.
    pub fn of_base(text: &str) -> Option<(String, Self)> {
        let url = Url::parse(text).ok()?;
        let rest = text.strip_prefix("https://")?;
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        let host = match authority.split_once(':') {
            None => Self::parse(authority, None)?,
            Some((name, port)) => Self::parse(name, Some(port))?,
        };
        let plain = url.query().is_none() && url.fragment().is_none() && host.is_of(&url);
        let base = text.trim_end_matches('/').to_owned();
        // What is written is what is asked: no dots that lead upward, no spaces, no escapes that mean something else.
        let canonical = url.as_str().trim_end_matches('/') == base;
        (plain && canonical).then_some((base, host))
    }

    /// Whether `url` is there, over HTTPS and for nobody in particular.
    pub fn is_of(&self, url: &Url) -> bool {
        url.scheme() == "https"
            && url.host_str() == Some(&self.name)
            && url.port_or_known_default() == Some(self.port)
            && url.username().is_empty()
            && url.password().is_none()
    }
}

impl fmt::Display for Host {
    /// As in an address, without the port that HTTPS has anyway.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            HTTPS => f.write_str(&self.name),
            port => write!(f, "{}:{port}", self.name),
        }
    }
}

const HTTPS: u16 = 443;
const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_named_is_there() {
        let host = Host::parse("a.int", None).unwrap();
        let there = |url: &str| host.is_of(&Url::parse(url).unwrap());
        assert!(there("https://a.int/x?y") && there("https://a.int:443/"));
        for elsewhere in [
            "http://a.int/",
            "https://a.int:8443/",
            "https://b.a.int/",
            "https://a.int.evil.example/",
            "https://a.int@evil.example/",
            "https://user@a.int/",
            "https://a.int./",
        ] {
            assert!(!there(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_base_is_written_as_it_is_asked() {
        let base = |text: &str| Host::of_base(text).map(|(base, host)| (base, host.to_string()));
        let good = |base: &str, host: &str| Some((base.to_owned(), host.to_owned()));
        assert_eq!(base("https://a.int"), good("https://a.int", "a.int"));
        assert_eq!(base("https://a.int/x/"), good("https://a.int/x", "a.int"));
        assert_eq!(
            base("https://a.int:8443/x"),
            good("https://a.int:8443/x", "a.int:8443")
        );
        for odd in [
            "http://a.int",
            "a.int",
            "https://A.int",
            "https://u@a.int",
            "https://a.int/?q",
            "https://a.int/#f",
            "https://a.int/../b",
            "https://a.int/b c",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://",
        ] {
            assert!(base(odd).is_none(), "{odd}");
        }
        assert!(base("https://127.0.0.1:8443").is_some());
    }
}
