//! Trusted references of the WHO's network.

use crate::ground::{Ground, Land};
use crate::messages::with_content;
use crate::table::{Ask, Says, TNG, Table, delete, get, post};
use lintas::exchange::dgcg::write_message;
use serde_json::{Value, json};

const PATH: &str = "/trust/reference";
const LIST: &str = "/trustList/references";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn reference(country: &str) -> Value {
    json!({
        "url": "https://x.example/valueset", "country": country, "type": "FHIR", "service": "ValueSet",
        "thumbprint": "ab".repeat(32), "name": "codes", "sslPublicKey": "key", "contentType": "application/json",
        "signatureType": "JWS", "referenceVersion": "1.2",
    })
}

fn up<'i>(land: &'i Land, content: &Value) -> Ask<'i> {
    let body = land.hands_in(content.to_string().as_bytes());
    post(land, PATH, &body).of("application/cms-text")
}

fn down<'i>(land: &'i Land, content: &str) -> Ask<'i> {
    delete(land, PATH, &land.hands_in(content.as_bytes())).of("application/cms-text")
}

pub(crate) async fn rows() -> usize {
    let ground = Ground::start().await;
    let mut table = Table::of("trusted references", &ground);
    let (xa, xb) = (&ground.xa, &ground.xb);
    let good = reference("XA").to_string();
    let signed = xa.upload.sign(good.as_bytes(), true);
    for (body, code) in [
        ("no Base64!".to_owned(), "0x402"),
        (write_message(b"no message"), "0x402"),
        (write_message(&with_content(&signed, b"{}")), "0x260"),
    ] {
        for ask in [post(xa, PATH, &body), delete(xa, PATH, &body)] {
            table.row(TNG, ask, 400, Says::Code(code)).await;
        }
    }
    let by_other = write_message(&xb.upload.sign(good.as_bytes(), true));
    let says = Says::Report(["0x000", "Invalid Upload Certificate", "", ""]);
    table.row(TNG, post(xa, PATH, &by_other), 403, says).await;
    for content in ["", "{", "[1]", "{\"url\":1,\"url\":2}"] {
        let ask = post(xa, PATH, &xa.hands_in(content.as_bytes()));
        table.row(TNG, ask, 400, Says::Code("0x000")).await;
    }
    for (member, value) in [
        ("url", json!("")),
        ("url", json!("u".repeat(101))),
        ("country", json!("XXA")),
        ("type", json!("PDF")),
        ("thumbprint", json!("a".repeat(65))),
        ("signatureType", json!("PGP")),
        ("name", Value::Null),
        ("sslPublicKey", json!(7)),
        ("domain", json!("NONE")),
    ] {
        let mut spoiled = reference("XA");
        spoiled[member] = value;
        table
            .row(TNG, up(xa, &spoiled), 400, Says::Code("0x000"))
            .await;
    }
    table
        .row(TNG, up(xa, &reference("XB")), 403, Says::Code("0x000"))
        .await;
    let ask = post(xa, PATH, &xa.hands_in(good.as_bytes())).of("application/json");
    table.row(TNG, ask, 415, Says::Code("")).await;
    let mut unknown = reference("XA");
    unknown["uuid"] = NOBODY.into();
    table
        .row(TNG, up(xa, &unknown), 404, Says::Code("0x000"))
        .await;
    table
        .row(TNG, get(xa, LIST), 200, Says::Json(json!([])))
        .await;
    life(&mut table, &ground).await;
    let rows = table.end();
    ground.ends().await;
    rows
}

async fn life(table: &mut Table<'_>, ground: &Ground) {
    let (xa, xb) = (&ground.xa, &ground.xb);
    table
        .row(TNG, up(xa, &reference("XA")), 201, Says::Nothing)
        .await;
    let mut other = reference("XB");
    (other["type"], other["domain"]) = (json!("DCC"), json!("DICVP"));
    table.row(TNG, up(xb, &other), 201, Says::Nothing).await;
    let rows = table
        .row(TNG, get(xa, LIST), 200, Says::That(&|_| true))
        .await
        .json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let own = rows.iter().find(|row| row["country"] == "XA").unwrap();
    let uuid = own["uuid"].as_str().unwrap();
    let mut expected = reference("XA");
    (expected["uuid"], expected["domain"], expected["version"]) =
        (uuid.into(), json!("DDCC"), json!(1));
    let one = format!("{PATH}/{uuid}");
    table
        .row(TNG, get(xb, &one), 200, Says::Json(expected.clone()))
        .await;
    for (query, count) in [
        ("country=XA", 1),
        ("country=xb,XA", 2),
        ("domain=DICVP", 1),
        ("domain=DDCC,DICVP", 2),
        ("referenceType=FHIR", 1),
        ("referenceType=NONE", 0),
        ("signatureType=JWS", 2),
        ("signatureType=CMS", 0),
        ("country=XA&referenceType=DCC", 0),
        ("withFederation=true", 2),
    ] {
        let says = |list: &Value| list.as_array().unwrap().len() == count;
        let ask = get(xa, &format!("{LIST}?{query}"));
        table.row(TNG, ask, 200, Says::That(&says)).await;
    }
    table
        .row(
            TNG,
            get(xa, &format!("{LIST}?country=XXA")),
            400,
            Says::Code("0x001"),
        )
        .await;
    let mut newer = expected.clone();
    (newer["name"], newer["referenceVersion"]) = (json!("more codes"), json!("1.3"));
    table.row(TNG, up(xa, &newer), 201, Says::Nothing).await;
    table.row(TNG, get(xb, &one), 200, Says::Json(newer)).await;
    // Nobody changes or takes back another country's.
    let mut stolen = reference("XB");
    stolen["uuid"] = uuid.into();
    table
        .row(TNG, up(xb, &stolen), 403, Says::Code("0x000"))
        .await;
    let named = json!({ "uuid": uuid }).to_string();
    table
        .row(TNG, down(xb, &named), 403, Says::Code("0x000"))
        .await;
    let nobody = json!({ "uuid": NOBODY }).to_string();
    table
        .row(TNG, down(xa, &nobody), 404, Says::Code("0x000"))
        .await;
    for content in ["{}", "", "{\"uuid\":7}"] {
        table
            .row(TNG, down(xa, content), 400, Says::Code("0x000"))
            .await;
    }
    table.row(TNG, down(xa, &named), 204, Says::Nothing).await;
    table
        .row(TNG, down(xa, &named), 404, Says::Code("0x000"))
        .await;
    for uuid in [uuid, NOBODY, "x"] {
        let ask = get(xa, &format!("{PATH}/{uuid}"));
        table.row(TNG, ask, 400, Says::Code("0x000")).await;
    }
}
