//! DIDs of the method `web`, and where their documents are.
//!
//! Refuses any other method, upper case in the host, and path steps that an address could read as something else.
//!
//! Source: did:web method specification, sections 2.5 and 3.2.

use super::outbound::Host;
use std::fmt;

/// A DID of the method `web`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Did {
    text: String,
    host: Host,
    path: String,
}

impl Did {
    /// The DID that `text` is, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_DID {
            return None;
        }
        let mut steps = text.strip_prefix("did:web:")?.split(':');
        let authority = steps.next()?;
        let host = match authority.split_once("%3A") {
            None => Host::parse(authority, None)?,
            Some((name, port)) => Host::parse(name, Some(port))?,
        };
        let steps: Vec<_> = steps.collect();
        if !steps.iter().all(|step| is_step(step)) {
            return None;
        }
        let path = match steps.as_slice() {
            [] => "/.well-known/did.json".to_owned(),
            steps => format!("/{}/did.json", steps.join("/")),
        };
        let did = Self {
            text: text.to_owned(),
            host,
            path,
        };
        // A name of digits alone would be asked as an address.
        let url = reqwest::Url::parse(&did.url()).ok()?;
        did.host.is_of(&url).then_some(did)
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Who publishes its document.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Where its document is.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.host, self.path)
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Letters that mean themselves in a path, and not a step that leads elsewhere.
fn is_step(step: &str) -> bool {
    let letters = step
        .bytes()
        .all(|letter| letter.is_ascii_alphanumeric() || b"._-".contains(&letter));
    letters && !step.is_empty() && !step.bytes().all(|letter| letter == b'.')
}

const MAX_DID: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_did_says_where_its_document_is() {
        for (did, url) in [
            ("did:web:a.int", "https://a.int/.well-known/did.json"),
            (
                "did:web:tng-cdn.who.int:v2:trustlist:-:IDN",
                "https://tng-cdn.who.int/v2/trustlist/-/IDN/did.json",
            ),
            (
                "did:web:localhost%3A8443:x",
                "https://localhost:8443/x/did.json",
            ),
        ] {
            assert_eq!(Did::parse(did).unwrap().url(), url);
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_did() {
        for odd in [
            "",
            "did:web:",
            "did:key:z6Mk",
            "did:web:A.int",
            "did:web:a.int:",
            "did:web:a.int::b",
            "did:web:a.int:..:b",
            "did:web:a.int:.",
            "did:web:a.int:%2e%2e",
            "did:web:a.int/b",
            "did:web:a.int:b#c",
            "did:web:a.int:b?c",
            "did:web:u@a.int",
            "did:web:a.int%3A0",
            "did:web:a.int%3A08443",
            "did:web:a.int%3A99999",
            "did:web:a.int%3Ax",
            "did:web:a.int%3a8443",
            "did:web:a..int",
            "did:web:2130706433",
        ] {
            assert!(Did::parse(odd).is_none(), "{odd}");
        }
    }
}
