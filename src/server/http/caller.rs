//! Who asks at a federation listener: by the handshake, or by the word of a proxy that is trusted with it.
//!
//! Refuses headers from anybody else, headers that stand twice, and whatever is not exactly a fingerprint or a
//! certificate. A country is never taken from a name: the caller's is that of its party.
//!
//! Source: eu-dgcg, section 1.2; who-gdhcn (the certificate as a header).

use super::peer::{Peer, peer_of};
use crate::codec::x509::{self, Certificate};
use crate::model::{Thumbprint, UnixTime};
use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::borrow::Cow;

/// Who asks, as far as a certificate tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// SHA-256 over the certificate.
    pub fingerprint: Thumbprint,
    /// The subject, which names a country, as text.
    pub subject: String,
}

/// Why nobody in particular asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no certificate, or none that counts.
    NotAuthenticated,
    /// The certificate's subject names no country.
    NoCountry {
        /// The subject as text.
        subject: String,
    },
}

/// Whose word on callers counts at a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouching {
    /// Whoever may open the Unix socket.
    Socket,
    /// The peers with these certificates; nobody where there are none.
    Proxies(Vec<Thumbprint>),
}

/// Who sent `request`, where `vouching` is trusted; certificates in headers are to be current at `at`.
///
/// # Errors
/// What the caller is refused for.
pub fn credentials(
    request: &HttpRequest,
    vouching: &Vouching,
    at: UnixTime,
) -> Result<Credentials, Refused> {
    match (vouching, peer_of(request)) {
        (Vouching::Socket, _) => told(request.headers(), at),
        (Vouching::Proxies(proxies), Some(peer)) => {
            if proxies.contains(&peer.fingerprint) {
                told(request.headers(), at)
            } else {
                of_certificate(&peer)
            }
        }
        (Vouching::Proxies(_), None) => Err(Refused::NotAuthenticated),
    }
}

/// Takes from `request` what only a proxy may say, so that nothing behind reads it.
pub fn strip(request: &mut ServiceRequest) {
    for name in [FINGERPRINT, SUBJECT, CERTIFICATE] {
        request.headers_mut().remove(name);
    }
}

/// Who a proxy says it is.
fn told(headers: &HeaderMap, at: UnixTime) -> Result<Credentials, Refused> {
    let fingerprint = only(headers, &FINGERPRINT)?;
    let subject = only(headers, &SUBJECT)?;
    let certificate = only(headers, &CERTIFICATE)?;
    match (fingerprint, subject, certificate) {
        (Some(fingerprint), Some(subject), _) => {
            let fingerprint = normalised(fingerprint).ok_or(Refused::NotAuthenticated)?;
            let subject = decoded_name(subject);
            admitted(fingerprint, names_country(&subject), subject)
        }
        (None, None, Some(certificate)) => {
            let der = carried(certificate).ok_or(Refused::NotAuthenticated)?;
            let read = Certificate::read(&der).map_err(|_| Refused::NotAuthenticated)?;
            if !(read.not_before..=read.not_after).contains(&at.seconds()) {
                return Err(Refused::NotAuthenticated);
            }
            of_certificate(&Peer::holding(&der))
        }
        (None, None, None) | (Some(_), None, _) | (None, Some(_), _) => {
            Err(Refused::NotAuthenticated)
        }
    }
}

/// The one value of a header, if there is one.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refused> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| Refused::NotAuthenticated)?;
    if values.next().is_some() || text.len() > MAX_HEADER {
        return Err(Refused::NotAuthenticated);
    }
    Ok(Some(text))
}

fn of_certificate(peer: &Peer) -> Result<Credentials, Refused> {
    let unreadable = |_| Refused::NotAuthenticated;
    let certificate = Certificate::read(&peer.certificate).map_err(unreadable)?;
    let subject = x509::subject_text(&peer.certificate).map_err(unreadable)?;
    let has_country = certificate.countries.iter().any(|it| !it.is_empty());
    admitted(peer.fingerprint, has_country, subject)
}

fn admitted(
    fingerprint: Thumbprint,
    has_country: bool,
    subject: String,
) -> Result<Credentials, Refused> {
    if !has_country {
        return Err(Refused::NoCountry { subject });
    }
    Ok(Credentials {
        fingerprint,
        subject,
    })
}

/// 64 hexadecimal digits, or 32 bytes in Base64, perhaps percent-encoded.
fn normalised(text: &str) -> Option<Thumbprint> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Thumbprint::parse(&text).or_else(|| {
        let bytes = BASE64_STANDARD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Thumbprint)
    })
}

/// The name as the reference gateway reads it: a plus is a space, whether the proxy encoded or not.
fn decoded_name(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Whether a part of the name is a `C` with a value. Parts with more or less than one `=` do not count.
fn names_country(name: &str) -> bool {
    let parts = name.split(',').filter_map(|part| part.split_once('='));
    let mut plain = parts.filter(|(_, value)| !value.is_empty() && !value.contains('='));
    plain.any(|(key, _)| key.trim().eq_ignore_ascii_case("C"))
}

/// The one certificate in a percent-encoded PEM.
fn carried(text: &str) -> Option<Vec<u8>> {
    let pem: Cow<'_, [u8]> = percent_decode_str(text).into();
    let mut certificates = CertificateDer::pem_slice_iter(&pem);
    let certificate = certificates.next()?.ok()?;
    certificates
        .next()
        .is_none()
        .then(|| certificate.as_ref().to_vec())
}

const FINGERPRINT: HeaderName = HeaderName::from_static("x-ssl-client-sha256");
const SUBJECT: HeaderName = HeaderName::from_static("x-ssl-client-dn");
const CERTIFICATE: HeaderName = HeaderName::from_static("x-ssl-client-cert");
/// A certificate of 16 KiB, as PEM, percent-encoded.
const MAX_HEADER: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    /// In January 1972.
    fn at() -> UnixTime {
        UnixTime::EPOCH.plus(2 * 366 * 86_400)
    }

    fn ask(headers: &[(&str, &str)]) -> Result<Credentials, Refused> {
        let all = headers.iter().copied();
        let request = all.fold(TestRequest::get(), TestRequest::append_header);
        credentials(&request.to_http_request(), &Vouching::Socket, at())
    }

    /// A certificate from 1971 until June of another year, as proxies put it into a header.
    fn certificate(country: Option<&str>, until: i32) -> (Thumbprint, String) {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in [
            (rcgen::DnType::CountryName, country),
            (rcgen::DnType::CommonName, Some("backend")),
        ] {
            if let Some(value) = value {
                parameters.distinguished_name.push(kind, value);
            }
        }
        parameters.not_before = rcgen::date_time_ymd(1971, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(until, 6, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let pem = utf8_percent_encode(&certificate.pem(), NON_ALPHANUMERIC).to_string();
        (Peer::holding(certificate.der()).fingerprint, pem)
    }

    #[test]
    fn a_fingerprint_counts_with_a_name_beside_it_once() {
        let hex = "0a".repeat(32);
        let (hash, name) = (
            ("X-SSL-Client-SHA256", hex.as_str()),
            ("X-SSL-Client-DN", "C=XB,O=x"),
        );
        let told = ask(&[hash, name]).unwrap();
        assert_eq!(told.fingerprint, Thumbprint([10; 32]));
        for odd in [
            &[][..],
            &[hash],
            &[name],
            &[hash, hash, name],
            &[hash, name, name],
            &[("X-SSL-Client-SHA256", "0a"), name],
            &[("X-SSL-Client-SHA256", ""), name],
        ] {
            assert_eq!(ask(odd), Err(Refused::NotAuthenticated), "{odd:?}");
        }
        let subject = "O=Rumah Sakit".to_owned();
        assert_eq!(
            ask(&[hash, ("X-SSL-Client-DN", "O%3DRumah+Sakit")]),
            Err(Refused::NoCountry { subject })
        );
    }

    #[test]
    fn a_certificate_counts_where_it_stands_alone_and_is_current() {
        let (fingerprint, pem) = certificate(Some("XB"), 1972);
        let header = ("X-SSL-Client-Cert", pem.as_str());
        let told = ask(&[header]).unwrap();
        assert_eq!(
            (told.fingerprint, told.subject.as_str()),
            (fingerprint, "CN=backend,C=XB")
        );
        let (_, expired) = certificate(Some("XB"), 1971);
        let twice = pem.repeat(2);
        for odd in [
            &[header, header][..],
            &[header, ("X-SSL-Client-DN", "C=XB")],
            &[header, ("X-SSL-Client-SHA256", "0a")],
            &[("X-SSL-Client-Cert", expired.as_str())],
            &[("X-SSL-Client-Cert", twice.as_str())],
            &[("X-SSL-Client-Cert", &pem[..pem.len() / 2])],
            &[("X-SSL-Client-Cert", "")],
        ] {
            assert_eq!(ask(odd), Err(Refused::NotAuthenticated));
        }
        let (_, nowhere) = certificate(None, 1972);
        let subject = "CN=backend".to_owned();
        assert_eq!(
            ask(&[("X-SSL-Client-Cert", nowhere.as_str())]),
            Err(Refused::NoCountry { subject })
        );
    }

    #[test]
    fn where_nobody_vouches_headers_are_nobodys() {
        let hex = "0a".repeat(32);
        let request = TestRequest::get()
            .append_header(("X-SSL-Client-SHA256", hex))
            .append_header(("X-SSL-Client-DN", "C=XB"))
            .to_http_request();
        let told = credentials(&request, &Vouching::Proxies(Vec::new()), at());
        assert_eq!(told, Err(Refused::NotAuthenticated));
    }

    #[test]
    fn a_fingerprint_is_hex_or_base64_of_32_bytes() {
        let bytes = [0xfb; 32];
        let base64 = BASE64_STANDARD.encode(bytes);
        let encoded = base64
            .replace('+', "%2B")
            .replace('/', "%2f")
            .replace('=', "%3D");
        for good in ["fb".repeat(32), "FB".repeat(32), base64.clone(), encoded] {
            assert_eq!(normalised(&good), Some(Thumbprint(bytes)), "{good}");
        }
        for odd in [
            "",
            "fb",
            &"fb".repeat(31),
            &"fb".repeat(33),
            &"zz".repeat(32),
            &BASE64_STANDARD.encode([1; 31]),
            &BASE64_STANDARD.encode([1; 48]),
            base64.trim_end_matches('='),
            &format!("{base64}\n"),
            &format!(" {base64}"),
            &format!("{},{}", "fb".repeat(32), "fb".repeat(32)),
            "%zz",
            "%ff",
        ] {
            assert_eq!(normalised(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_country_is_a_part_of_the_name_with_one_equals_sign() {
        for named in ["C=EU,O=x", "CN=a, c=DE", "CN=a=b,C=DE", "C%3DEU%2CO%3Dx"] {
            assert!(names_country(&decoded_name(named)), "{named}");
        }
        for unnamed in ["", "C", "C=", "CN=DE", "O=x,C=D=E", "O=C"] {
            assert!(!names_country(&decoded_name(unnamed)), "{unnamed}");
        }
    }
}
