//! Who asks: strangers, names without a country, certificates of another part, headers that nobody may send, countries that left.

use crate::ground::{Ground, Land};
use crate::support::country::Identity;
use crate::table::{EU, Says, TNG, Table, ask, get, post};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{DistinguishedName, DnType, KeyPair};
use reqwest::Method;

const STRANGER: [&str; 4] = [
    "0x402",
    "Client is not authorized to access the service",
    "",
    "",
];

pub(crate) async fn rows() -> usize {
    let ground = Ground::start().await;
    let mut table = Table::of("authentication", &ground);
    let (xa, xc) = (&ground.xa, &ground.xc);
    let stranger = Land::new("XA");
    let mut nowhere = DistinguishedName::new();
    nowhere.push(DnType::OrganizationName, "Nowhere");
    let key = KeyPair::generate().unwrap();
    let nowhere = Identity::client(nowhere, key, (2026, 1, 1), (2028, 1, 1));
    let left = Land::new("XD");
    ground.joins(&left).await;
    for dialect in [EU, TNG] {
        let says = Says::That(&|list| list.as_array().is_some_and(|it| it.contains(&"XD".into())));
        table.row(dialect, get(xa, "/countrylist"), 200, says).await;
    }
    ground.leaves(&left).await;
    for dialect in [EU, TNG] {
        for path in ["/trustList", "/countrylist", "/valuesets/x", "/nowhere"] {
            table
                .row(dialect, get(&stranger, path), 401, Says::Report(STRANGER))
                .await;
        }
        let body = stranger.names(&stranger.signer());
        let ask_to = |path| post(&stranger, path, &body);
        table
            .row(
                dialect,
                ask_to("/signerCertificate"),
                401,
                Says::Report(STRANGER),
            )
            .await;
        table
            .row(
                dialect,
                get(&left, "/trustList"),
                401,
                Says::Report(STRANGER),
            )
            .await;
        // The right country's, and of another part.
        let by_uploader = ask(&xa.upload, Method::GET, "/trustList");
        table
            .row(dialect, by_uploader, 401, Says::Report(STRANGER))
            .await;
        let says = Says::Report([
            "0x401",
            "Client Certificate must contain country property",
            "O=Nowhere",
            "",
        ]);
        table
            .row(dialect, ask(&nowhere, Method::GET, "/trustList"), 400, says)
            .await;
        // Only a proxy may say who somebody else is.
        let claims = get(&stranger, "/trustList")
            .with("x-ssl-client-sha256", xa.tls.thumbprint().to_string())
            .with("x-ssl-client-dn", "C=XA,O=backend");
        table
            .row(dialect, claims, 401, Says::Report(STRANGER))
            .await;
        let claims = post(xc, "/signerCertificate", &xa.names(&xa.signer()))
            .with("x-ssl-client-sha256", xa.tls.thumbprint().to_string())
            .with("x-ssl-client-dn", "C=XA");
        table.row(dialect, claims, 400, Says::Code("0x004")).await;
        let says = Says::That(&|list| list.as_array().is_some_and(|it| it.len() == 3));
        table.row(dialect, get(xc, "/countrylist"), 200, says).await;
    }
    let rows = table.end();
    ground.ends().await;
    rows + behind_a_proxy().await
}

/// Where a proxy says who asks, the party is who it says.
async fn behind_a_proxy() -> usize {
    let proxy = Identity::self_signed("XP", "proxy", false);
    let more = format!(
        "[[federation.listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:0\"\nproxies = [\"{}\"]",
        proxy.thumbprint()
    );
    let ground = Ground::configured(&more, |_| {}).await;
    let mut table = Table::of("callers behind a proxy", &ground);
    let (xa, xb) = (&ground.xa, &ground.xb);
    let hex = xa.tls.thumbprint().to_string();
    let base64 = BASE64_STANDARD.encode(xa.tls.thumbprint().0);
    let by_proxy = |hash: &str, name: &str| {
        ask(&proxy, Method::GET, "/countrylist")
            .with("x-ssl-client-sha256", hash)
            .with("x-ssl-client-dn", name)
    };
    let other = Identity::self_signed("XA", "NBtls", false).thumbprint();
    for (hash, name, status, code) in [
        (hex.as_str(), "C=XA,O=x", 200, ""),
        (&hex.to_uppercase(), "O=x,C=XA", 200, ""),
        (&base64, "C%3DXA", 200, ""),
        (&other.to_string(), "C=XA", 401, "0x402"),
        (&hex[1..], "C=XA", 401, "0x400"),
        (&hex, "O=x", 400, "0x401"),
    ] {
        let says = if code.is_empty() {
            Says::That(&|_| true)
        } else {
            Says::Code(code)
        };
        table.row(EU, by_proxy(hash, name), status, says).await;
    }
    let nobody = ask(&proxy, Method::GET, "/countrylist");
    table.row(EU, nobody, 401, Says::Code("0x400")).await;
    table
        .row(EU, get(xb, "/countrylist"), 200, Says::That(&|_| true))
        .await;
    // It is XA that hands in, whoever carries it.
    let body = xa.names(&xa.signer());
    let carried = ask(&proxy, Method::POST, "/signerCertificate")
        .of("application/cms")
        .body(&body)
        .with("x-ssl-client-sha256", &hex)
        .with("x-ssl-client-dn", "C=XA");
    table.row(EU, carried, 201, Says::Nothing).await;
    let rows = table.end();
    ground.ends().await;
    rows
}
