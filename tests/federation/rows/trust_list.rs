//! The trust list: types, countries, pages, changes, and the order and form of its entries.

use crate::ground::Ground;
use crate::support::country::Identity;
use crate::table::{EU, Says, TNG, Table, delete, get, post};
use lintas::exchange::dgcg::{read_message, write_message};
use lintas::trust::kid_of;
use lintas::trust::proof::proves;
use serde_json::{Value, json};

const MEMBERS: [&str; 7] = [
    "kid",
    "timestamp",
    "country",
    "certificateType",
    "thumbprint",
    "signature",
    "rawData",
];

pub(crate) async fn rows() -> usize {
    let ground = Ground::start().await;
    let mut table = Table::of("trust list", &ground);
    let (xa, xb) = (&ground.xa, &ground.xb);
    let joined = ground.now();
    ground.passes(100);
    let signers: Vec<_> = (0..5).map(|_| xa.signer()).collect();
    for signer in &signers {
        let body = xa.names(signer);
        table
            .row(
                EU,
                post(xa, "/signerCertificate", &body),
                201,
                Says::Nothing,
            )
            .await;
        ground.passes(10);
    }
    kinds(&mut table, &ground, &signers).await;
    bad_questions(&mut table, &ground).await;
    pages(&mut table, &ground).await;
    changes(&mut table, &ground, &signers).await;
    // The other dialect has neither pages nor changes.
    let all = |list: &Value| list.as_array().unwrap().len() == 17;
    for path in [
        "/trustList",
        "/trustList?page=1&pagesize=1",
        "/trustList?pagesize=0",
    ] {
        let ask = get(xb, path).since("20220101");
        table.row(TNG, ask, 200, Says::That(&all)).await;
    }
    let body = xa.names(&signers[0]);
    table
        .row(
            TNG,
            delete(xa, "/signerCertificate", &body),
            204,
            Says::Nothing,
        )
        .await;
    let one_less = |list: &Value| list.as_array().unwrap().len() == 16;
    table
        .row(
            TNG,
            get(xb, "/trustList").since(joined),
            200,
            Says::That(&one_less),
        )
        .await;
    let rows = table.end();
    ground.ends().await;
    rows
}

/// Whether `list` has `count` rows of this form, in their order, each vouched for by somebody of `by`.
fn is_list(list: &Value, count: usize, by: &[&Identity]) -> bool {
    let rows = list.as_array().unwrap();
    let kids: Vec<_> = rows
        .iter()
        .map(|row| row["kid"].as_str().unwrap())
        .collect();
    let holds = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap();
        let raw = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text("rawData"));
        let raw = raw.unwrap();
        let message = read_message(text("signature").as_bytes()).unwrap();
        let hex = lintas::model::Thumbprint(lintas::crypto::sha256(&raw)).to_string();
        row.as_object().unwrap().keys().eq(MEMBERS)
            && text("kid") == kid_of(&raw).unwrap().to_string()
            && text("thumbprint") == hex
            && text("timestamp").len() == "2026-06-16T00:00:00Z".len()
            && message.content.is_none()
            && by.iter().any(|it| it.der == message.certificate)
            && proves(&message, &raw).is_ok()
    };
    rows.len() == count && kids.is_sorted() && rows.iter().all(holds)
}

async fn kinds(table: &mut Table<'_>, ground: &Ground, signers: &[Identity]) {
    let (xa, xb, anchor) = (&ground.xa, &ground.xb, &ground.anchor);
    let by = [anchor, &xa.upload];
    for (path, eu, tng) in [
        ("/trustList", Some(14), Some(17)),
        ("/trustList/DSC", Some(5), Some(5)),
        ("/trustList/dsc", Some(5), Some(5)),
        ("/trustList/CSCA", Some(3), Some(3)),
        ("/trustList/UPLOAD", Some(3), Some(3)),
        ("/trustList/Authentication", Some(3), Some(3)),
        ("/trustList/DSC/XA", Some(5), Some(5)),
        ("/trustList/DSC/xa", Some(5), Some(5)),
        ("/trustList/DSC/XB", Some(0), Some(0)),
        ("/trustList/CSCA/xB", Some(1), Some(1)),
        ("/trustList/CSCA/QQ", Some(0), Some(0)),
        ("/trustList/CSCA/1!", Some(0), Some(0)),
        ("/trustList/DECA", None, Some(3)),
        ("/trustList/DESC", None, Some(0)),
        ("/trustList/TRUSTANCHOR", None, Some(0)),
        ("/trustList/SIGN", None, None),
        ("/trustList/%ff", None, None),
        ("/trustList/DSC/%ff%fe", Some(0), Some(0)),
        ("/trustList/CSCA/X", None, None),
        ("/trustList/CSCA/XXA", None, None),
    ] {
        for (dialect, count) in [(EU, eu), (TNG, tng)] {
            let ask = get(xb, path);
            match count {
                None => drop(table.row(dialect, ask, 400, Says::Code("0x001")).await),
                Some(count) => {
                    let says = |list: &Value| is_list(list, count, &by);
                    table.row(dialect, ask, 200, Says::That(&says)).await;
                }
            }
        }
    }
    let row = |list: &Value| {
        let hex = signers[0].thumbprint().to_string();
        let mut rows = list.as_array().unwrap().iter();
        let row = rows.find(|row| row["thumbprint"] == hex).unwrap();
        row["country"] == "XA"
            && row["certificateType"] == "DSC"
            && row["timestamp"] == ground.now().plus(-50).to_string()
            && row["rawData"] == write_message(&signers[0].der)
    };
    table
        .row(EU, get(xb, "/trustList"), 200, Says::That(&row))
        .await;
    let head = crate::table::ask(&xb.tls, reqwest::Method::HEAD, "/trustList");
    table.row(EU, head, 200, Says::Nothing).await;
}

async fn bad_questions(table: &mut Table<'_>, ground: &Ground) {
    let xb = &ground.xb;
    for instant in [
        "20220101",
        "2022-01-01",
        "yesterday",
        "",
        "2022-01-01T00:00:00",
        "1640995200",
    ] {
        let ask = get(xb, "/trustList").since(instant);
        table.row(EU, ask, 400, Says::Code("0x001")).await;
    }
    let ask = get(xb, "/trustList")
        .since("2022-01-01T00:00:00Z")
        .since("2022-01-01T00:00:00Z");
    table.row(EU, ask, 400, Says::Code("0x001")).await;
    for query in [
        "pagesize=0",
        "page=a",
        "page=1&pagesize=x",
        "page=99999999999",
    ] {
        let ask = get(xb, &format!("/trustList?{query}"));
        table.row(EU, ask, 400, Says::Code("0x001")).await;
    }
    for path in [
        "/trustList/certificate",
        "/trustList/references",
        "/trust/reference/x",
    ] {
        table.row(EU, get(xb, path), 404, Says::Code("")).await;
    }
    for path in [
        "/trustedCertificate",
        "/trustedCertificate/delete",
        "/trust/reference",
    ] {
        table
            .row(EU, post(xb, path, "x"), 404, Says::Code(""))
            .await;
    }
}

async fn pages(table: &mut Table<'_>, ground: &Ground) {
    let xb = &ground.xb;
    let whole = table
        .row(EU, get(xb, "/trustList"), 200, Says::That(&|_| true))
        .await;
    let whole = whole.json();
    let whole = whole.as_array().unwrap();
    for (query, from, to) in [
        ("page=0&pagesize=5", 0, 5),
        ("page=1&pagesize=5", 5, 10),
        ("page=2&pagesize=5", 10, 14),
        ("page=3&pagesize=5", 14, 14),
        ("page=2147483647&pagesize=2147483647", 14, 14),
        ("page=0", 0, 14),
        ("page=1", 14, 14),
        ("pagesize=3", 0, 3),
        ("page=-1", 0, 14),
        ("page=&pagesize=", 0, 14),
        ("page=-1&pagesize=-1", 0, 14),
        ("page=1&pagesize=-1", 14, 14),
        ("page=-1&pagesize=3", 0, 3),
        ("other=1", 0, 14),
    ] {
        let ask = get(xb, &format!("/trustList?{query}"));
        table
            .row(EU, ask, 200, Says::Json(json!(whole[from..to])))
            .await;
    }
}

async fn changes(table: &mut Table<'_>, ground: &Ground, signers: &[Identity]) {
    let (xa, xb) = (&ground.xa, &ground.xb);
    let last = ground.now().plus(-10);
    let rfc_1123 = |at: lintas::model::UnixTime| {
        let at = jiff::Timestamp::from_second(at.seconds()).unwrap();
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    for (since, count) in [
        ("2021-06-01T00:00:00Z".to_owned(), 14),
        ("2021-06-01T02:00:00+02:00".to_owned(), 14),
        ("2021-06-01T00:00Z".to_owned(), 14),
        ("2021-06-01T00:00:00.123456+00:00".to_owned(), 14),
        ("Tue, 01 Jun 2021 00:00:00 GMT".to_owned(), 14),
        (ground.now().plus(-50).to_string(), 5),
        (last.to_string(), 1),
        (last.to_string().replace('Z', ".900Z"), 1),
        (last.to_string().replace('Z', "+00:00"), 1),
        (rfc_1123(last), 1),
        (rfc_1123(last.plus(1)), 0),
        (last.plus(1).to_string(), 0),
        ("2031-01-01T00:00:00Z".to_owned(), 0),
    ] {
        let says = |list: &Value| is_list(list, count, &[&ground.anchor, &xa.upload]);
        table
            .row(
                EU,
                get(xb, "/trustList").since(since),
                200,
                Says::That(&says),
            )
            .await;
    }
    let from = ground.now();
    let body = xa.names(&signers[4]);
    table
        .row(
            EU,
            delete(xa, "/signerCertificate", &body),
            204,
            Says::Nothing,
        )
        .await;
    let gone = json!([{
        "kid": kid_of(&signers[4].der).unwrap().to_string(),
        "timestamp": last.to_string(),
        "country": "XA",
        "certificateType": "DSC",
        "thumbprint": signers[4].thumbprint().to_string(),
        "signature": null,
        "rawData": null,
    }]);
    for path in [
        "/trustList",
        "/trustList/DSC",
        "/trustList/dsc/xa",
        "/trustList?page=0&pagesize=9",
    ] {
        let ask = get(xb, path).since(from);
        table.row(EU, ask, 200, Says::Json(gone.clone())).await;
    }
    for path in [
        "/trustList/CSCA",
        "/trustList/DSC/XB",
        "/trustList?page=1&pagesize=1",
    ] {
        let ask = get(xb, path).since(from);
        table.row(EU, ask, 200, Says::Json(json!([]))).await;
    }
    let stands = |list: &Value| is_list(list, 4, &[&xa.upload]);
    table
        .row(EU, get(xb, "/trustList/DSC"), 200, Says::That(&stands))
        .await;
    let body = xa.names(&signers[4]);
    ground.passes(10);
    table
        .row(
            EU,
            post(xa, "/signerCertificate", &body),
            201,
            Says::Nothing,
        )
        .await;
}
