//! Signers that are handed in and taken back: messages, their checks in order, and what is told of each.

use crate::ground::Ground;
use crate::messages::{
    as_ber, brief_signer, of_other_kind, with_certificates, with_content, with_signers,
};
use crate::support::country::{Identity, SIGNED_AT};
use crate::table::{EU, Says, TNG, Table, ask, delete, get, post};
use lintas::exchange::dgcg::{Dialect, write_message};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/signerCertificate";
const ALIAS: &str = "/signerCertificate/delete";
const REASONS: &str = "Possible reasons: Wrong Format, no CMS, not the correct signing alg missing attributes, \
    invalid signature, certificate not signed by known CA";
const NO_CERTIFICATE: &str = "CMS Message payload needs to be a DER encoded X509 certificate";
const CERTIFICATES: &str = "CMS Message needs to contain exactly one X509 certificate";
const SIGNERS: &str = "CMS Message needs to have exactly 1 signer information.";

pub(crate) async fn rows() -> usize {
    let mut rows = 0;
    for (dialect, name) in [(EU, "signers, EU"), (TNG, "signers, TNG")] {
        let ground = Ground::start().await;
        let mut table = Table::of(name, &ground);
        messages(&mut table, &ground, dialect).await;
        uploads(&mut table, &ground, dialect).await;
        deletions(&mut table, &ground, dialect).await;
        refused_forms(&mut table, &ground, dialect).await;
        rows += table.end();
        ground.ends().await;
    }
    rows
}

/// Whatever is no message that holds a certificate, in the order in which it is told.
async fn messages(table: &mut Table<'_>, ground: &Ground, dialect: Dialect) {
    let xa = &ground.xa;
    let dsc = xa.signer();
    let message = xa.upload.sign(&dsc.der, true);
    let text = |message: Vec<u8>| write_message(&message);
    let other = xa.signer();
    for (body, problem) in [
        ("this is no Base64".to_owned(), "Invalid Base64 CMS Message"),
        (text(b"no message".to_vec()), "Could not parse CMS Message"),
        (text(message[..99].to_vec()), "Could not parse CMS Message"),
        (String::new(), "Could not parse CMS Message"),
        (
            text(of_other_kind(&message)),
            "CMS Message needs to have binary data as body.",
        ),
        (xa.hands_in(b"no certificate"), NO_CERTIFICATE),
        (text(with_certificates(&message, 0)), CERTIFICATES),
        (text(with_certificates(&message, 2)), CERTIFICATES),
        (text(with_signers(&message, 0)), SIGNERS),
        (text(with_signers(&message, 2)), SIGNERS),
    ] {
        for ask in [post(xa, PATH, &body), delete(xa, PATH, &body)] {
            let says = Says::Report(["0x402", problem, "", ""]);
            table.row(dialect, ask, 400, says).await;
        }
    }
    let detached = write_message(&xa.upload.sign(&dsc.der, false));
    table
        .row(dialect, post(xa, PATH, &detached), 400, Says::Code("0x402"))
        .await;
    let late = write_message(
        &xa.upload
            .sign_at(&dsc.der, true, SIGNED_AT + 10 * 365 * 86_400),
    );
    for body in [text(with_content(&message, &other.der)), late] {
        for ask in [post(xa, PATH, &body), delete(xa, PATH, &body)] {
            let says = Says::Report(["0x009", "Invalid CMS Signature", "", ""]);
            table.row(dialect, ask, 400, says).await;
        }
    }
}

fn told(signer: &Identity, country: &str) -> String {
    format!("{{{}}} country:{{{country}}}", signer.thumbprint())
}

async fn uploads(table: &mut Table<'_>, ground: &Ground, dialect: Dialect) {
    let (xa, xb) = (&ground.xa, &ground.xb);
    let dsc = xa.signer();
    // The order of the checks: each body has every later fault as well.
    let foreign = xb.signer();
    let sent = told(&foreign, "XA");
    let by_stranger = xb.names(&foreign);
    let hash = xb.upload.thumbprint();
    let no_uploader = format!("Could not find upload certificate with hash {hash} and country XA");
    let says = Says::Report(["0x004", REASONS, &sent, &no_uploader]);
    table
        .row(dialect, post(xa, PATH, &by_stranger), 400, says)
        .await;
    let by_csca = write_message(&xa.csca.sign(&dsc.der, true));
    table
        .row(dialect, post(xa, PATH, &by_csca), 400, Says::Code("0x004"))
        .await;
    let other_country = "Country of certificate does not match your authentication";
    let says = Says::Report(["0x004", REASONS, &sent, other_country]);
    table
        .row(dialect, post(xa, PATH, &xa.names(&foreign)), 400, says)
        .await;
    let p256 = &rcgen::PKCS_ECDSA_P256_SHA256;
    for countries in [&["XA", "XB"][..], &["XA", "XA"], &[], &["xa"]] {
        let odd = brief_signer(xa, countries, p256);
        table
            .row(
                dialect,
                post(xa, PATH, &xa.names(&odd)),
                400,
                Says::Code("0x004"),
            )
            .await;
    }
    let of_other_ca = xb.csca.issue("XA", "DSC", &[]);
    let sent = told(&of_other_ca, "XA");
    let no_csca = "Could not verify certificate with CSCA list";
    let says = Says::Report(["0x004", REASONS, &sent, no_csca]);
    table
        .row(dialect, post(xa, PATH, &xa.names(&of_other_ca)), 400, says)
        .await;
    let alone = Identity::self_signed("XA", "DSC", false);
    table
        .row(
            dialect,
            post(xa, PATH, &xa.names(&alone)),
            400,
            Says::Code("0x004"),
        )
        .await;
    // As lenient as the reference gateways: other keys, no extensions, valid for seconds, expired long ago; BER; white space.
    for (country, algorithm) in [
        ("XA", p256),
        ("XA", &rcgen::PKCS_ECDSA_P384_SHA384),
        ("XA", &rcgen::PKCS_ED25519),
        ("XA", &rcgen::PKCS_RSA_SHA256),
    ] {
        let brief = brief_signer(xa, &[country], algorithm);
        table
            .row(
                dialect,
                post(xa, PATH, &xa.names(&brief)),
                201,
                Says::Nothing,
            )
            .await;
    }
    let ber = write_message(&as_ber(&xa.upload.sign(&xa.signer().der, true)));
    table
        .row(dialect, post(xa, PATH, &ber), 201, Says::Nothing)
        .await;
    let good = xa.names(&dsc);
    let mut broken: Vec<_> = good
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    broken.push("\n".into());
    let ask = post(xa, PATH, &broken.join("\n")).of("application/cms; charset=utf-8");
    let ask = ask.with("content-transfer-encoding", "base64");
    table.row(dialect, ask, 201, Says::Nothing).await;
    let sent = told(&dsc, "XA");
    let exists = [
        "0x002",
        "You cant upload an existing certificate.",
        &sent,
        "Uploaded certificate already exists",
    ];
    for dialect in [EU, TNG] {
        table
            .row(dialect, post(xa, PATH, &good), 409, Says::Report(exists))
            .await;
    }
    // It is there already, but whoever says so must be its country's backend first.
    table
        .row(dialect, post(xb, PATH, &good), 400, Says::Code("0x004"))
        .await;
    for dialect in [EU, TNG] {
        let ask = get(xb, "/trustList/DSC/xa");
        let listed = |list: &Value| {
            let hex = dsc.thumbprint().to_string();
            let rows = list.as_array().unwrap();
            let row = rows.iter().find(|row| row["thumbprint"] == hex).unwrap();
            let upload = write_message(&xa.upload.sign(&dsc.der, false));
            // The signature is another one each time, what comes before it is not.
            let signature = row["signature"].as_str().unwrap();
            rows.len() == 6
                && row["rawData"] == write_message(&dsc.der)
                && signature[100..400] == upload[100..400]
        };
        table.row(dialect, ask, 200, Says::That(&listed)).await;
    }
}

async fn deletions(table: &mut Table<'_>, ground: &Ground, dialect: Dialect) {
    let (xa, xb) = (&ground.xa, &ground.xb);
    let dsc = xa.signer();
    let good = xa.names(&dsc);
    let missing = "The certificate doesn't exists in the database.";
    let sent = told(&dsc, "XA");
    let nothing = [
        "0x005",
        missing,
        &sent,
        "Could not find existing certificate",
    ];
    for ask in [delete(xa, PATH, &good), post(xa, ALIAS, &good)] {
        table.row(dialect, ask, 404, Says::Report(nothing)).await;
    }
    table
        .row(dialect, post(xa, PATH, &good), 201, Says::Nothing)
        .await;
    let hash = xb.upload.thumbprint();
    let no_uploader = format!("Could not find upload certificate with hash {hash} and country XA");
    let says = Says::Report(["0x007", REASONS, &sent, &no_uploader]);
    table
        .row(dialect, delete(xa, PATH, &xb.names(&dsc)), 400, says)
        .await;
    let others = Says::Code("0x007");
    table
        .row(dialect, delete(xb, PATH, &xb.names(&dsc)), 400, others)
        .await;
    table
        .row(dialect, delete(xb, PATH, &good), 400, Says::Code("0x007"))
        .await;
    let ask = post(xa, ALIAS, &xa.names(&xb.signer()));
    table.row(dialect, ask, 400, Says::Code("0x007")).await;
    ground.passes(60);
    table
        .row(dialect, delete(xa, PATH, &good), 204, Says::Nothing)
        .await;
    // The EU's gateway keeps the row and says that it is done; the other one has forgotten.
    let again = |dialect: Dialect| match dialect {
        Dialect::Eu => (204, Says::Nothing),
        Dialect::Tng => (404, Says::Code("0x005")),
    };
    for dialect in [EU, TNG] {
        for ask in [delete(xa, PATH, &good), post(xa, ALIAS, &good)] {
            let (status, says) = again(dialect);
            table.row(dialect, ask, status, says).await;
        }
    }
    let from = ground.now();
    let gone = |list: &Value| {
        let rows = list.as_array().unwrap();
        rows.len() == 1
            && rows[0]["thumbprint"] == dsc.thumbprint().to_string()
            && rows[0].get("signature") == Some(&Value::Null)
            && rows[0].get("rawData") == Some(&Value::Null)
    };
    let changes = || get(xb, "/trustList/DSC/XA").since(from);
    table.row(EU, changes(), 200, Says::That(&gone)).await;
    ground.passes(60);
    table
        .row(dialect, post(xa, PATH, &good), 201, Says::Nothing)
        .await;
    let back = |list: &Value| {
        let rows = list.as_array().unwrap();
        rows.len() == 1
            && rows[0]["timestamp"] == ground.now().to_string()
            && rows[0]["signature"].is_string()
            && rows[0]["rawData"] == write_message(&dsc.der)
    };
    table.row(EU, changes(), 200, Says::That(&back)).await;
    table
        .row(dialect, post(xa, ALIAS, &good), 204, Says::Nothing)
        .await;
    ground.passes(14 * 86_400);
    table.row(EU, changes(), 200, Says::That(&gone)).await;
    ground.passes(1);
    table.row(EU, changes(), 200, Says::Json(json!([]))).await;
    table
        .row(EU, delete(xa, PATH, &good), 404, Says::Code("0x005"))
        .await;
}

/// Wrong methods, media types, sizes and addresses.
async fn refused_forms(table: &mut Table<'_>, ground: &Ground, dialect: Dialect) {
    let xa = &ground.xa;
    let good = xa.names(&xa.signer());
    let other = |method: Method, path: &str| ask(&xa.tls, method, path).body("x");
    for (method, path) in [
        (Method::GET, PATH),
        (Method::PUT, PATH),
        (Method::PATCH, PATH),
        (Method::DELETE, ALIAS),
        (Method::POST, "/trustList"),
        (Method::DELETE, "/countrylist"),
        (Method::POST, "/valuesets/x"),
    ] {
        let answer = table
            .row(dialect, other(method, path), 405, Says::Code(""))
            .await;
        assert!(answer.headers.contains_key("allow"));
    }
    for media_type in ["text/plain", "application/json", "application/cms-text"] {
        let ask = post(xa, PATH, &good).of(media_type);
        table.row(dialect, ask, 415, Says::Code("")).await;
    }
    let ask = other(Method::POST, PATH);
    table.row(dialect, ask, 415, Says::Code("")).await;
    for (media_type, encoding, accept) in [
        (
            "application/cms;charset=UTF-8",
            "content-transfer-encoding",
            "application/json, */*",
        ),
        (
            "Application/CMS ; a=b",
            "content-encoding",
            "application/cms",
        ),
    ] {
        let body = xa.names(&xa.signer());
        for (ask, status) in [(post(xa, PATH, &body), 201), (delete(xa, PATH, &body), 204)] {
            let ask = ask.of(media_type).with(encoding, "base64");
            let ask = ask.with("accept", accept);
            table.row(dialect, ask, status, Says::Nothing).await;
        }
    }
    for accept in ["*/*", "application/json", "application/cms", "text/html"] {
        let list = get(xa, "/trustList").with("accept", accept);
        let is_list = |list: &Value| list.is_array();
        table.row(dialect, list, 200, Says::That(&is_list)).await;
    }
    let large = "A".repeat(2 * 1024 * 1024 + 1);
    table
        .row(dialect, post(xa, PATH, &large), 413, Says::Code(""))
        .await;
    for path in [
        "/",
        "/trustlist",
        "/trustList/",
        "/trustList/DSC/XA/1",
        "/v1/trust",
        "/health/live",
        "/trustedIssuers",
    ] {
        table.row(dialect, get(xa, path), 404, Says::Code("")).await;
    }
}
