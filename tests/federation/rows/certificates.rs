//! Certificates of the WHO's network with what is said beside them.

use crate::ground::{Ground, Land};
use crate::messages::{brief_signer, with_content};
use crate::table::{Ask, EU, Says, TNG, Table, delete, get, post};
use lintas::exchange::dgcg::write_message;
use lintas::trust::kid_of;
use serde_json::{Value, json};

const PATH: &str = "/trustedCertificate";
const LIST: &str = "/trustList/certificate";

fn says<'i>(land: &'i Land, body: &Value) -> Ask<'i> {
    post(land, PATH, &body.to_string()).of("application/json")
}

pub(crate) async fn rows() -> usize {
    let ground = Ground::start().await;
    let mut table = Table::of("trusted certificates", &ground);
    forms(&mut table, &ground).await;
    kinds(&mut table, &ground).await;
    lists(&mut table, &ground).await;
    let rows = table.end();
    ground.ends().await;
    rows
}

async fn forms(table: &mut Table<'_>, ground: &Ground) {
    let xa = &ground.xa;
    let dsc = xa.signer();
    let cms = xa.names(&dsc);
    for body in ["", "{", "[]", "{\"properties\":{},\"properties\":{}}"] {
        let ask = post(xa, PATH, body).of("application/json");
        table.row(TNG, ask, 400, Says::Code("0x001")).await;
    }
    let ask = post(xa, PATH, &cms);
    table.row(TNG, ask, 415, Says::Code("")).await;
    let tampered = with_content(&xa.upload.sign(&dsc.der, true), &xa.signer().der);
    for (cms, problem) in [
        (String::new(), "Invalid CMS"),
        ("no Base64".to_owned(), "Invalid CMS"),
        (xa.hands_in(b"no certificate"), "Invalid CMS"),
        (write_message(&tampered), "Invalid CMS Signature"),
    ] {
        let body = json!({ "cms": cms, "properties": {} });
        let report = Says::Report(["n/a", problem, "", ""]);
        table.row(TNG, says(xa, &body), 400, report).await;
    }
    let good = || json!({ "cms": cms, "properties": {} });
    for (member, value) in [
        ("group", "AUTHENTICATION"),
        ("group", "CSCA"),
        ("group", "dsc"),
        ("group", ""),
        ("domain", "DIVOC"),
        ("domain", "dcc"),
        ("domain", ""),
        ("kid", "two words"),
        ("kid", &"K".repeat(65)),
    ] {
        let mut body = good();
        body[member] = value.into();
        table
            .row(TNG, says(xa, &body), 400, Says::Code("n/a"))
            .await;
    }
    for properties in [
        Value::Null,
        json!([]),
        json!({ "colour": "red" }),
        json!({ "scope": {} }),
    ] {
        let body = json!({ "cms": cms, "properties": properties });
        table
            .row(TNG, says(xa, &body), 400, Says::Code("n/a"))
            .await;
    }
    let body = json!({ "cms": cms });
    table
        .row(TNG, says(xa, &body), 400, Says::Code("n/a"))
        .await;
    // What the other address refuses is refused here, in the same words.
    let body = json!({ "cms": ground.xb.names(&dsc), "properties": {} });
    table
        .row(TNG, says(xa, &body), 400, Says::Code("0x004"))
        .await;
    let body = json!({ "cms": ground.xa.names(&ground.xb.signer()), "properties": {} });
    table
        .row(TNG, says(xa, &body), 400, Says::Code("0x004"))
        .await;
    table
        .row(TNG, says(&ground.xb, &good()), 400, Says::Code("0x004"))
        .await;
}

async fn kinds(table: &mut Table<'_>, ground: &Ground) {
    let (xa, xb) = (&ground.xa, &ground.xb);
    let word = xa.signer();
    let cms = xa.names(&word);
    let body = json!({
        "cms": cms, "kid": "ABCDEFGH", "group": "DSC", "domain": "DCC",
        "properties": { "purpose": "test", "displayName": "Ministry" },
    });
    let ask = says(xa, &body).of("application/json; charset=utf-8");
    table.row(TNG, ask, 201, Says::Nothing).await;
    let exists = Says::Code("0x002");
    table.row(TNG, says(xa, &body), 409, exists).await;
    table
        .row(
            TNG,
            post(xa, "/signerCertificate", &cms),
            409,
            Says::Code("0x002"),
        )
        .await;
    let taken = json!({ "cms": xb.names(&xb.signer()), "kid": "ABCDEFGH", "properties": {} });
    let collides = |answer: &Value| {
        let details = "A certificate with KID of uploaded certificate already exists";
        answer["code"] == "0x004" && answer["details"] == details
    };
    table
        .row(TNG, says(xb, &taken), 400, Says::That(&collides))
        .await;
    // Nobody is kept out by whoever takes the identifier of their certificate for a word.
    let next = xb.signer();
    let squat = json!({
        "cms": xa.names(&xa.signer()), "kid": kid_of(&next.der).unwrap().to_string(), "properties": {},
    });
    table.row(TNG, says(xa, &squat), 201, Says::Nothing).await;
    let body_b = json!({ "cms": xb.names(&next), "properties": {} });
    table.row(TNG, says(xb, &body_b), 201, Says::Nothing).await;
    for (land, body) in [(xa, &squat), (xb, &body_b)] {
        let cms = body["cms"].as_str().unwrap();
        table
            .row(TNG, delete(land, PATH, cms), 204, Says::Nothing)
            .await;
    }
    // Its own clients know the word, those of the EU the certificate's own identifier.
    let row = |list: &Value| list[0]["kid"] == "ABCDEFGH";
    table
        .row(TNG, get(xb, "/trustList/DSC"), 200, Says::That(&row))
        .await;
    let kid = kid_of(&word.der).unwrap().to_string();
    let row = |list: &Value| list[0]["kid"] == kid;
    table
        .row(EU, get(xb, "/trustList/DSC"), 200, Says::That(&row))
        .await;
    table
        .row(TNG, delete(xa, PATH, &cms), 204, Says::Nothing)
        .await;
    table
        .row(TNG, delete(xa, PATH, &cms), 404, Says::Code("0x005"))
        .await;
    // Here it is forgotten, and the word is free.
    table.row(TNG, says(xb, &taken), 201, Says::Nothing).await;
    table
        .row(TNG, says(xa, &body), 400, Says::Code("0x004"))
        .await;
    let p256 = &rcgen::PKCS_ECDSA_P256_SHA256;
    for (group, domain, status) in [
        ("SIGN", "IPS-PILGRIMAGE", 201),
        ("AUTH", "DICVP", 201),
        ("CUSTOM", "PH4H", 201),
        ("DSC", "DCC", 400),
    ] {
        let nobodys = brief_signer(xa, &[], p256);
        let cms = xa.names(&nobodys);
        let body = json!({ "cms": cms, "group": group, "domain": domain, "properties": {} });
        let expected = if status == 201 {
            Says::Nothing
        } else {
            Says::Code("0x004")
        };
        table.row(TNG, says(xa, &body), status, expected).await;
    }
    let desc = xa.deca.issue("XA", "DESC", &[]);
    let cms = xa.names(&desc);
    let body = json!({ "cms": cms, "group": "DESC", "properties": {} });
    table.row(TNG, says(xa, &body), 201, Says::Nothing).await;
    let wrong = json!({ "cms": cms, "properties": {} });
    table
        .row(TNG, says(xa, &wrong), 400, Says::Code("0x004"))
        .await;
    let by_csca = json!({ "cms": xa.names(&xa.signer()), "group": "DESC", "properties": {} });
    table
        .row(TNG, says(xa, &by_csca), 400, Says::Code("0x004"))
        .await;
    let listed =
        |list: &Value| list.as_array().unwrap().len() == 1 && list[0]["certificateType"] == "DESC";
    table
        .row(TNG, get(xb, "/trustList/DESC"), 200, Says::That(&listed))
        .await;
    let ask = post(xa, "/trustedCertificate/delete", &cms);
    table.row(TNG, ask, 204, Says::Nothing).await;
    table
        .row(TNG, get(xb, "/trustList/DESC"), 200, Says::Json(json!([])))
        .await;
    table.row(TNG, says(xa, &body), 201, Says::Nothing).await;
}

async fn lists(table: &mut Table<'_>, ground: &Ground) {
    let xb = &ground.xb;
    let members = [
        "certificate",
        "signature",
        "kid",
        "group",
        "country",
        "properties",
        "uuid",
        "domain",
        "version",
    ];
    let count = |expected: usize| {
        move |list: &Value| {
            let rows = list.as_array().unwrap();
            let formed = |row: &Value| {
                row.as_object().unwrap().keys().eq(members) && row["properties"].is_object()
            };
            rows.len() == expected && rows.iter().all(formed)
        }
    };
    for (query, expected) in [
        ("", 17),
        ("?group=CSCA", 3),
        ("?group=csca", 3),
        ("?group=CSCA,UPLOAD", 6),
        ("?group=CSCA&group=UPLOAD", 6),
        ("?group=AUTHENTICATION", 3),
        ("?group=DSC", 4),
        ("?group=DESC", 1),
        ("?group=NONE", 0),
        ("?country=XA", 8),
        ("?country=xa,XB", 13),
        ("?country=XA&country=XB", 13),
        ("?country=QQ", 0),
        ("?domain=DICVP", 1),
        ("?domain=DICVP,PH4H", 2),
        ("?domain=NONE", 0),
        ("?group=DSC&country=XA&domain=DICVP", 1),
        ("?group=CSCA&domain=DICVP", 0),
        ("?withFederation=true", 17),
        ("?withFederation=True", 17),
        ("?withFederation=FALSE", 17),
        ("?withFederation=1", 17),
        ("?withFederation=", 17),
    ] {
        let ask = get(xb, &format!("{LIST}{query}"));
        table.row(TNG, ask, 200, Says::That(&count(expected))).await;
    }
    for query in ["?country=XXA", "?country=X", "?withFederation=maybe"] {
        let ask = get(xb, &format!("{LIST}{query}"));
        table.row(TNG, ask, 400, Says::Code("0x001")).await;
    }
    // Only what is trusted for the usual is in the old lists.
    let one = |list: &Value| list.as_array().unwrap().len() == 1;
    for dialect in [EU, TNG] {
        table
            .row(dialect, get(xb, "/trustList/DSC"), 200, Says::That(&one))
            .await;
    }
    let stable = table
        .row(TNG, get(xb, LIST), 200, Says::That(&|_| true))
        .await;
    table
        .row(TNG, get(xb, LIST), 200, Says::Text(&stable.text))
        .await;
}
