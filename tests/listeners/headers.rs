//! Who is believed about whom: a proxy that is trusted with it, and nobody else.

use crate::client::{Ended, apart, ask, backend, federation, gateway, holding, once, stateless};
use crate::support::country::Identity;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;

const HASH: &str = "X-SSL-Client-SHA256";
const NAME: &str = "X-SSL-Client-DN";
const CERTIFICATE: &str = "X-SSL-Client-Cert";

/// What a proxy says in `headers`, and the status and code that it is answered with.
type Row<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[actix_web::test]
async fn forged_headers_are_ignored_where_callers_come_by_themselves() {
    let gateway = gateway("").await;
    let data = gateway.data.path();
    let other = backend("XB");
    let hex = other.thumbprint().to_string();
    let pem = escaped(&other);
    for forged in [
        &[(HASH, hex.as_str()), (NAME, "C=XB,O=x")][..],
        &[(CERTIFICATE, pem.as_str())],
    ] {
        // Who has no country of their own gets none from a header,
        let at = federation(&gateway, 0);
        let ended = once(at, holding(data, &stateless()), forged).await;
        assert_eq!(ended.report(), (400, "0x401".to_owned()));
    }
    // and who is known by a handshake is not made unknown by one.
    let odd = [(HASH, "no hash"), (HASH, "twice"), (NAME, "O=x")];
    let ended = once(federation(&gateway, 0), holding(data, &other), &odd).await;
    assert_eq!(ended.report(), (401, "0x402".to_owned()));
    gateway.stop().await;
}

#[actix_web::test]
async fn headers_count_from_a_pinned_proxy_and_at_a_socket() {
    let (proxy, caller) = (backend("XP"), backend("XB"));
    let more = format!(
        "[[federation.listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:0\"\nproxies = [\"{}\"]\n\
         [[federation.listen]]\ndialect = \"tng\"\nsocket = \"tng.sock\"\n",
        proxy.thumbprint()
    );
    let gateway = gateway(&more).await;
    let socket = gateway.running().federation[3].socket.clone().unwrap();
    let at = federation(&gateway, 2);
    let tls = holding(gateway.data.path(), &proxy);
    let hex = caller.thumbprint().to_string();
    let base64 = BASE64_STANDARD.encode(caller.thumbprint().0);
    let encoded = base64
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    let (pem, nowhere) = (escaped(&caller), escaped(&stateless()));
    let name = (NAME, "C=XB,O=x");
    let rows: [Row<'_>; 11] = [
        (&[(HASH, &hex), name], 401, "0x402"),
        (&[(HASH, &base64), name], 401, "0x402"),
        (&[(HASH, &encoded), name], 401, "0x402"),
        (&[(CERTIFICATE, &pem)], 401, "0x402"),
        (&[], 401, "0x400"),
        (&[(HASH, &hex)], 401, "0x400"),
        (&[(HASH, &hex), (HASH, &hex), name], 401, "0x400"),
        (&[(HASH, &hex), name, name], 401, "0x400"),
        (&[(HASH, &base64[1..]), name], 401, "0x400"),
        (&[(HASH, &hex), (NAME, "O=x")], 400, "0x401"),
        (&[(CERTIFICATE, &nowhere)], 400, "0x401"),
    ];
    for (headers, status, code) in rows {
        let expected = (status, code.to_owned());
        let ended = once(at, tls.clone(), headers).await;
        assert_eq!(ended.report(), expected, "{headers:?}");
        let ended = over(&socket, headers).await;
        assert_eq!(ended.report(), expected, "{headers:?}");
    }
    // The proxy of one listener is no proxy at another.
    let elsewhere: SocketAddr = federation(&gateway, 0);
    let ended = once(elsewhere, tls, &[(HASH, &hex), (NAME, "O=x")]).await;
    assert_eq!(ended.report(), (401, "0x402".to_owned()));
    gateway.stop().await;
}

#[actix_web::test]
async fn the_dialects_say_differently_that_nobody_asks() {
    let more = ["eu", "tng"].map(|dialect| {
        format!("[[federation.listen]]\ndialect = \"{dialect}\"\nsocket = \"{dialect}.sock\"\n")
    });
    let gateway = gateway(&more.concat()).await;
    for (index, said) in [
        (2, "No thumbprint or distinguish name"),
        (3, "No authentication information available"),
    ] {
        let socket = gateway.running().federation[index].socket.clone().unwrap();
        let Ended::Answered(401, body) = over(&socket, &[]).await else {
            panic!("not refused")
        };
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["problem"], said);
    }
    gateway.stop().await;
}

/// Asks once over the Unix socket at `path`.
async fn over(path: &Path, headers: &[(&str, &str)]) -> Ended {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    let (path, headers) = (
        path.to_owned(),
        headers.iter().map(owned).collect::<Vec<_>>(),
    );
    apart(move || {
        let headers: Vec<_> = headers
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        ask(
            &mut UnixStream::connect(path).unwrap(),
            "/trustList",
            &headers,
        )
    })
    .await
}

/// The certificate as nginx passes it on.
fn escaped(identity: &Identity) -> String {
    let lines = BASE64_STANDARD.encode(&identity.der);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
    let each = pem.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    each.collect()
}
