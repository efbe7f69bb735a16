//! Requests to foreign systems, and what may come back.
//!
//! Refuses hosts that were not named, redirects, answers that are encoded or over their ceiling, and whatever takes too long.
//! What a foreign system says in an error goes no further than a code that looks like one.
//!
//! Source: RFC 9110; the EU gateway's `ProblemReport`.

use super::address::{NotPublic, PublicAddresses, is_public};
use super::host::Host;
use super::tls;
use crate::failure::{Code, Failure};
use crate::server::federation::feed_config::Connection;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// The client for one feed: it knows its hosts and no others.
#[derive(Debug)]
pub struct Outbound {
    client: reqwest::Client,
    hosts: Vec<Host>,
    allow_private: bool,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status, as a number.
    pub status: u16,
    /// Its body; of an error, the beginning.
    pub body: Vec<u8>,
    headers: HeaderMap,
}

impl Answer {
    /// The header `name`, if it is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Outbound {
    /// A client that asks `hosts` and nobody else; the files of `connection` are below `data`.
    ///
    /// # Errors
    /// `configuration_invalid`, `input_output`, `internal`.
    pub fn new(hosts: Vec<Host>, connection: &Connection, data: &Path) -> Result<Self, Failure> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(connection, data)?)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(USER_AGENT)
            .timeout(connection.timeout)
            .connect_timeout(connection.connect_timeout)
            // One question at a time needs no more, and a broken HTTP/2 connection forgets which TLS alert broke it.
            .http1_only()
            .http1_max_headers(MAX_HEADERS)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(IDLE);
        let builder = if connection.allow_private {
            builder
        } else {
            builder.dns_resolver(PublicAddresses)
        };
        let client = builder
            .build()
            .map_err(|error| Code::Internal.caused_by("no HTTP client", error))?;
        Ok(Self {
            client,
            hosts,
            allow_private: connection.allow_private,
        })
    }

    /// What is at `url`, with a body of at most `ceiling` bytes, whatever its status.
    ///
    /// # Errors
    /// `configuration_invalid` for a host that no feed names; `upstream_unavailable`, `upstream_invalid`; `input_too_large`.
    pub async fn get(
        &self,
        url: &str,
        headers: &[(HeaderName, &str)],
        ceiling: usize,
    ) -> Result<Answer, Failure> {
        let request = self.client.get(self.allowed(url)?);
        self.ask(request, headers, ceiling).await
    }

    /// What the answer to `body` is, sent to `url` by `method`, with a body of at most `ceiling` bytes.
    ///
    /// # Errors
    /// As [`Outbound::get`].
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(HeaderName, &str)],
        body: String,
        ceiling: usize,
    ) -> Result<Answer, Failure> {
        let request = self.client.request(method, self.allowed(url)?).body(body);
        self.ask(request, headers, ceiling).await
    }

    async fn ask(
        &self,
        request: reqwest::RequestBuilder,
        headers: &[(HeaderName, &str)],
        ceiling: usize,
    ) -> Result<Answer, Failure> {
        let mut request = request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        if (300..400).contains(&status) && status != NOT_MODIFIED {
            let what = "it redirects, and redirects are not followed";
            return Err(Code::UpstreamInvalid.because(what));
        }
        let headers = std::mem::take(response.headers_mut());
        if header_bytes(&headers) > MAX_HEADER_BYTES {
            return Err(Code::UpstreamInvalid.because("headers over 32 KiB"));
        }
        let is_plain = |encoding: &HeaderValue| encoding.as_bytes() == b"identity";
        if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return Err(Code::UpstreamInvalid.because("an encoded answer, which was not asked for"));
        }
        let body = if status < 400 {
            whole(&mut response, ceiling).await?
        } else {
            beginning(&mut response, ceiling.min(MAX_ERROR_BYTES)).await
        };
        Ok(Answer {
            status,
            body,
            headers,
        })
    }

    /// `url` as an address that may be asked.
    fn allowed(&self, url: &str) -> Result<Url, Failure> {
        let refused = |what: &str| Err(Code::ConfigurationInvalid.because(what));
        let Ok(url) = Url::parse(url) else {
            return refused("not an address");
        };
        if !self.hosts.iter().any(|host| host.is_of(&url)) {
            return refused("a host that no feed names");
        }
        // A name is looked up by the resolver, which looks at what it finds; an address never gets there.
        let literal = url.host_str().and_then(|host| host.parse::<IpAddr>().ok());
        if !self.allow_private && literal.is_some_and(|address| !is_public(address)) {
            return refused("an address that is not in public, without allow_private");
        }
        Ok(url)
    }
}

async fn whole(response: &mut reqwest::Response, ceiling: usize) -> Result<Vec<u8>, Failure> {
    let too_large = || Code::InputTooLarge.because(format!("an answer over {ceiling} bytes"));
    let stated = response
        .content_length()
        .map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if stated > ceiling {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > ceiling {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// As much of an error's body as may say which error it is; nothing is wrong with an error that breaks off.
async fn beginning(response: &mut reqwest::Response, ceiling: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ceiling.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if body.len() >= ceiling {
            break;
        }
    }
    body
}

fn header_bytes(headers: &HeaderMap) -> usize {
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    headers.iter().map(bytes).sum()
}

/// What went wrong on the way, by its innermost cause that says something.
fn failed(error: reqwest::Error) -> Failure {
    let (code, what) = match reason(&error) {
        Some(reason) => reason,
        None if error.is_timeout() => (Code::UpstreamUnavailable, "no answer in time"),
        None if error.is_connect() => (Code::UpstreamUnavailable, "no connection"),
        None => (Code::UpstreamUnavailable, "the connection broke"),
    };
    code.caused_by(what, error.without_url())
}

fn reason(error: &(dyn Error + 'static)) -> Option<(Code, &'static str)> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.is::<NotPublic>() {
            return Some((
                Code::UpstreamInvalid,
                "its name leads to no public address, and allow_private is not set",
            ));
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return Some(handshake(tls));
        }
        // What an I/O error holds is not among its sources, only what that rests on.
        if let Some(inner) = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            && let Some(found) = reason(inner)
        {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

fn handshake(error: &rustls::Error) -> (Code, &'static str) {
    use rustls::CertificateError as Why;
    use rustls::Error as Tls;
    if matches!(error, Tls::AlertReceived(_)) {
        let what = "it ended the TLS connection; is our client certificate registered there?";
        return (Code::UpstreamUnavailable, what);
    }
    let Tls::InvalidCertificate(why) = error else {
        return (Code::UpstreamInvalid, "TLS failed");
    };
    let what = if matches!(why, Why::Expired | Why::ExpiredContext { .. }) {
        "its certificate has expired"
    } else if matches!(
        why,
        Why::NotValidForName | Why::NotValidForNameContext { .. }
    ) {
        "its certificate is for another name"
    } else if matches!(why, Why::BadSignature) {
        "the signature of its certificate or of its handshake is wrong"
    } else {
        "its certificate is not one that the feed trusts"
    };
    (Code::UpstreamInvalid, what)
}

const USER_AGENT: &str = concat!("lintas/", env!("CARGO_PKG_VERSION"));
const NOT_MODIFIED: u16 = 304;
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 32 << 10;
const MAX_ERROR_BYTES: usize = 8 << 10;
const IDLE: Duration = Duration::from_secs(30);
