//! What a party handed in, signed anew.

use super::revocation::{batch, texts};
use super::rules::rule;
use crate::ground::{Ground, Land};
use crate::support::country::Identity;
use crate::table::{Ask, EU, Says, TNG, Table, ask, get, post};
use lintas::exchange::dgcg::write_message;
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/cms-migration";

fn anew<'i>(land: &'i Land, body: &Value) -> Ask<'i> {
    let asked = ask(&land.tls, Method::POST, PATH);
    asked.of("application/json").body(body.to_string())
}

pub(crate) async fn rows() -> usize {
    let ground = Ground::start().await;
    let mut table = Table::of("migration", &ground);
    let (xa, xb) = (&ground.xa, &ground.xb);
    table
        .row(EU, get(xa, PATH), 200, Says::Json(json!([])))
        .await;
    table.row(TNG, get(xa, PATH), 404, Says::Code("")).await;
    let signer = xa.signer();
    let contents = [
        signer.der.clone(),
        batch(&ground, "XA").to_string().into_bytes(),
        rule("1.0.0", ground.now().plus(50 * 3600))
            .to_string()
            .into_bytes(),
    ];
    for (path, content) in ["/signerCertificate", "/revocation-list", "/rules"]
        .iter()
        .zip(&contents)
    {
        let asked = post(xa, path, &xa.hands_in(content));
        table.row(EU, asked, 201, Says::Nothing).await;
    }
    let kinds = |list: &Value| {
        let rows = list.as_array().unwrap().iter();
        let good = |row: &Value| row["cms"].is_string() && row["entityId"].is_u64();
        let kinds: Vec<_> = rows.clone().map(|row| row["type"].clone()).collect();
        rows.clone().all(good) && kinds == ["DSC", "REVOCATION_LIST", "VALIDATION_RULE"]
    };
    let before = table.row(EU, get(xa, PATH), 200, Says::That(&kinds)).await;
    table
        .row(EU, get(xb, PATH), 200, Says::Json(json!([])))
        .await;
    let before: Vec<Value> = serde_json::from_str(&before.text).unwrap();
    let stranger = Identity::self_signed("XA", "NBup", false);
    for (row, content) in before.iter().zip(&contents) {
        let with = |cms: String| {
            let mut row = row.clone();
            row["cms"] = json!(cms);
            row
        };
        let other = |number: u64| {
            let mut row = with(xa.hands_in(content));
            row["entityId"] = json!(number);
            row
        };
        let kind = row["type"].as_str().unwrap();
        let (missing, foreign, differs) = match kind {
            "DSC" => ("0x010", "0x004", "0x010"),
            "REVOCATION_LIST" => ("0x020", "0x021", "0x022"),
            _ => ("0x030", "0x031", "0x032"),
        };
        let mut spoiled = xa.upload.sign(content, true);
        *spoiled.last_mut().unwrap() ^= 1;
        let strange = write_message(&stranger.sign(content, true));
        let altered = match kind {
            "DSC" => xa.hands_in(&xa.signer().der),
            _ => xa.hands_in(b"{}"),
        };
        let altered_status = if kind == "DSC" { 409 } else { 400 };
        for (land, body, status, code) in [
            (xa, with("?".to_owned()), 400, "0x402"),
            (xa, with(write_message(&spoiled)), 400, "0x260"),
            (xa, with(strange), 400, foreign),
            (
                xb,
                with(xb.hands_in(content)),
                if kind == "DSC" { 409 } else { 400 },
                if kind == "DSC" { missing } else { foreign },
            ),
            (xa, with(altered), altered_status, differs),
            (xa, other(9999), 409, missing),
        ] {
            table
                .row(EU, anew(land, &body), status, Says::Code(code))
                .await;
        }
        let good = with(xa.hands_in(content));
        ground.passes(5);
        table.row(EU, anew(xa, &good), 204, Says::Nothing).await;
        if kind == "REVOCATION_LIST" {
            let since = ground.now().plus(-1);
            let changed = |list: &Value| list["batches"].as_array().unwrap().len() == 1;
            let asked = get(xb, "/revocation-list").since(since);
            table.row(EU, asked, 200, Says::That(&changed)).await;
        }
    }
    for odd in [
        json!([]),
        json!({ "cms": "", "entityId": 1, "type": "OTHER" }),
        json!({ "cms": "" }),
    ] {
        table
            .row(EU, anew(xa, &odd), 400, Says::Code("0x001"))
            .await;
    }
    let typed = texts(anew(xa, &before[0]));
    table.row(EU, typed, 415, Says::Code("")).await;
    let same = |list: &Value| {
        let rows = list.as_array().unwrap();
        let numbers = |rows: &[Value]| {
            rows.iter()
                .map(|it| it["entityId"].clone())
                .collect::<Vec<_>>()
        };
        let differ = rows
            .iter()
            .zip(&before)
            .all(|(after, before)| after["cms"] != before["cms"]);
        numbers(rows) == numbers(&before) && differ
    };
    table.row(EU, get(xa, PATH), 200, Says::That(&same)).await;
    let rows = table.end();
    ground.ends().await;
    rows
}
