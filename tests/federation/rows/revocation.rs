//! Batches of revocations: listed, downloaded, handed in, taken back.

use crate::ground::{Ground, Land};
use crate::support::country::Identity;
use crate::table::{Ask, EU, Says, TNG, Table, ask, delete, get, post};
use lintas::exchange::dgcg::{Dialect, write_message};
use lintas::server::gateway::hub::PartyRole;
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/revocation-list";
const BEGINNING: &str = "2021-06-01T00:00:00Z";
const HASH: &str = "4uLi4uLi4uLi4uLi4uLi4g==";

/// A batch of `country` that is in force on `ground`.
pub(crate) fn batch(ground: &Ground, country: &str) -> Value {
    json!({ "country": country, "expires": ground.now().plus(3600).to_string(), "kid": "UNKNOWN_KID",
        "hashType": "UCI", "entries": [{ "hash": HASH }] })
}

pub(crate) fn texts<'i>(ask: Ask<'i>) -> Ask<'i> {
    ask.of("application/cms-text")
}

/// `message` in lines, as some tools write Base64.
pub(crate) fn lines(message: &str) -> String {
    let lines = message.as_bytes().chunks(76).map(String::from_utf8_lossy);
    lines.map(|line| format!("{line}\r\n")).collect()
}

fn listed<'i>(land: &'i Land, since: impl ToString) -> Ask<'i> {
    get(land, PATH).since(since)
}

fn with(value: &Value, name: &str, member: Value) -> Value {
    let mut value = value.clone();
    value[name] = member;
    value
}

/// The whole life of a batch, at the door of `dialect`; the batches of the other are there, too.
async fn life(table: &mut Table<'_>, ground: &Ground, dialect: Dialect) {
    let (xa, xb) = (&ground.xa, &ground.xb);
    let message = xa.hands_in(batch(ground, "XA").to_string().as_bytes());
    let before = ground.now();
    ground.passes(10);
    let answer = table
        .row(dialect, texts(post(xa, PATH, &message)), 201, Says::Nothing)
        .await;
    let id = answer.headers["etag"].to_str().unwrap().to_owned();
    let is_uuid = id.len() == 36 && id.as_bytes()[14] == b'4' && id == id.to_lowercase();
    assert!(is_uuid, "{id} is no UUID without quotes");
    let date = ground.now().to_string().replace('Z', "+00:00");
    let of = |deleted: bool, date: &str| {
        json!({ "more": false,
            "batches": [{ "batchId": id, "country": "XA", "date": date, "deleted": deleted }] })
    };
    let one = of(false, &date);
    for since in [
        before.to_string(),
        before.to_string().replace('Z', "+00:00"),
        before.to_string().replace('Z', ".000Z"),
    ] {
        table
            .row(dialect, listed(xb, since), 200, Says::Json(one.clone()))
            .await;
    }
    table
        .row(dialect, listed(xb, &date), 204, Says::Nothing)
        .await;
    let one = format!("{PATH}/{id}");
    for (accept, media_type) in [
        ("*/*", "application/cms-text"),
        ("application/cms-text", "application/cms-text"),
        ("application/cms", "application/cms"),
        ("application/json", "application/cms-text"),
        ("application/json, */*", "application/cms-text"),
        ("text/html, application/cms;q=0.9", "application/cms"),
    ] {
        let asked = get(xb, &one).with("accept", accept);
        let answer = table.row(dialect, asked, 200, Says::Text(&message)).await;
        assert_eq!(answer.headers["content-type"], media_type);
        assert_eq!(answer.headers["etag"], id);
    }
    let named = json!({ "batchId": id }).to_string();
    let foreign = xb.hands_in(named.as_bytes());
    let not_yours = ["0x000", "Invalid Country sent", "", ""];
    let refused = Says::Report(not_yours);
    table
        .row(dialect, texts(delete(xb, PATH, &foreign)), 403, refused)
        .await;
    let own = xa.hands_in(named.as_bytes());
    ground.passes(10);
    let later = ground.now().to_string().replace('Z', "+00:00");
    let (taken_back, again) = match dialect {
        Dialect::Eu => (delete(xa, PATH, &own), post(xa, &alias(), &own)),
        Dialect::Tng => (post(xa, &alias(), &own), delete(xa, PATH, &own)),
    };
    table
        .row(dialect, texts(taken_back), 204, Says::Nothing)
        .await;
    let gone = Says::Report(["0x000", "Batch is already deleted.", "", ""]);
    table.row(dialect, texts(again), 410, gone).await;
    let gone = Says::Report(["0x000", "Batch already deleted.", "", ""]);
    table.row(dialect, get(xb, &one), 410, gone).await;
    let marked = Says::Json(of(true, &later));
    table.row(dialect, listed(xa, &date), 200, marked).await;
    table
        .row(dialect, listed(xa, &later), 204, Says::Nothing)
        .await;
}

fn alias() -> String {
    format!("{PATH}/delete")
}

/// What is refused of a list, a download, a batch and a deletion.
async fn refusals(table: &mut Table<'_>, ground: &Ground) {
    let (xa, xb, xc) = (&ground.xa, &ground.xb, &ground.xc);
    let soon = ground.now().plus(86_400).to_string();
    let future = Says::Report(["", "IfModifiedSince must be in past", "", ""]);
    table.row(EU, listed(xa, &soon), 400, future).await;
    let future = Says::Report(["", "IfModifiedSince must be in past", "", ""]);
    table.row(TNG, listed(xa, &soon), 400, future).await;
    table.row(EU, get(xa, PATH), 400, Says::Code("0x001")).await;
    for odd in [
        "20220101",
        "2022-01-01",
        "yesterday",
        "2022-13-01T00:00:00Z",
    ] {
        table
            .row(EU, listed(xa, odd), 400, Says::Code("0x001"))
            .await;
    }
    let http = "Tue, 01 Jun 2021 00:00:00 GMT";
    table
        .row(
            EU,
            listed(xa, http),
            200,
            Says::That(&|list| list["more"] == false),
        )
        .await;
    for odd in [
        "1",
        "A0000000-0000-4000-8000-000000000000",
        "a0000000-0000-4000-8000-00000000000g",
    ] {
        let asked = get(xa, &format!("{PATH}/{odd}"));
        table.row(EU, asked, 400, Says::Code("0x001")).await;
    }
    let unknown = "a0000000-0000-4000-8000-000000000000";
    let asked = get(xa, &format!("{PATH}/{unknown}"));
    let missing = Says::Report(["0x000", "Batch does not exist.", "", ""]);
    table.row(EU, asked, 404, missing).await;
    let named = |id: &Value| xa.hands_in(json!({ "batchId": id }).to_string().as_bytes());
    for (id, status, problem) in [
        (json!(unknown), 404, "Batch does not exists."),
        (json!(7), 400, "JSON Could not be parsed"),
    ] {
        let asked = texts(delete(xa, PATH, &named(&id)));
        table
            .row(EU, asked, status, Says::Report(["0x000", problem, "", ""]))
            .await;
    }
    let asked = texts(delete(xa, PATH, &named(&json!("1"))));
    let problem = "Delete Request has invalid values.";
    let invalid = Says::Report(["0x000", problem, "", "batchId: a UUID in lower case"]);
    table.row(EU, asked, 400, invalid).await;
    // Roles: XC has none.
    let good = batch(ground, "XC").to_string();
    let message = xc.hands_in(good.as_bytes());
    let no_role = [
        "0x403",
        "Client is not authorized to access the endpoint",
        "",
        "",
    ];
    for dialect in [EU, TNG] {
        for asked in [
            listed(xc, BEGINNING),
            get(xc, &format!("{PATH}/{unknown}")),
            texts(post(xc, PATH, &message)),
            texts(delete(xc, PATH, &message)),
            texts(post(xc, &alias(), &message)),
        ] {
            table.row(dialect, asked, 403, Says::Report(no_role)).await;
        }
    }
    let sent = |content: &Value| xa.hands_in(content.to_string().as_bytes());
    let good = batch(ground, "XA");
    let json = post(xa, PATH, &sent(&good)).of("application/json");
    table.row(EU, json, 415, Says::Code("")).await;
    let put = ask(&xa.tls, Method::PUT, PATH);
    table.row(EU, put, 405, Says::Code("")).await;
    for (body, problem) in [
        ("?".to_owned(), "Invalid Base64 CMS Message"),
        ("MAA=".to_owned(), "Could not parse CMS Message"),
        (
            write_message(&xa.upload.sign(b"{}", false)),
            "CMS Message needs to have binary data as body.",
        ),
    ] {
        let refused = Says::Report(["0x402", problem, "", ""]);
        table
            .row(EU, texts(post(xa, PATH, &body)), 400, refused)
            .await;
    }
    let mut spoiled = xa.upload.sign(good.to_string().as_bytes(), true);
    *spoiled.last_mut().unwrap() ^= 1;
    let spoiled = write_message(&spoiled);
    for asked in [
        post(xa, PATH, &spoiled),
        delete(xa, PATH, &spoiled),
        post(xa, &alias(), &spoiled),
    ] {
        let refused = Says::Report(["0x260", "CMS signature is invalid", "", ""]);
        table.row(EU, texts(asked), 400, refused).await;
    }
    let stranger = Identity::self_signed("XA", "NBup", false);
    let by_stranger = write_message(&stranger.sign(good.to_string().as_bytes(), true));
    let by_other = xb.hands_in(good.to_string().as_bytes());
    for body in [&by_stranger, &by_other] {
        for asked in [post(xa, PATH, body), delete(xa, PATH, body)] {
            let refused = Says::Report(["0x000", "Invalid Upload Certificate", "", ""]);
            table.row(TNG, texts(asked), 403, refused).await;
        }
    }
    let many = json!(vec![json!({ "hash": HASH }); 1001]);
    let invalid = "Batch has invalid values.";
    let past = json!(ground.now().to_string());
    for (content, status, problem, details) in [
        (json!("{}"), 400, "JSON Could not be parsed", ""),
        (
            with(&good, "hashType", json!("OTHER")),
            400,
            "JSON Could not be parsed",
            "",
        ),
        (
            with(&good, "expires", json!("tomorrow")),
            400,
            "JSON Could not be parsed",
            "",
        ),
        (
            with(&good, "entries", json!([])),
            400,
            invalid,
            "entries: 1 to 1000",
        ),
        (
            with(&good, "entries", many),
            400,
            invalid,
            "entries: 1 to 1000",
        ),
        (
            with(&good, "entries", json!([{ "hash": "4g==" }])),
            400,
            invalid,
            "entries[0].hash: 16 bytes in Base64",
        ),
        (
            with(&good, "kid", json!("AAAA")),
            400,
            invalid,
            "kid: 11 or 12 characters",
        ),
        (
            with(&good, "country", Value::Null),
            400,
            invalid,
            "country: 2 characters",
        ),
        (with(&good, "expires", past), 400, "Invalid Dates", ""),
        (
            with(&good, "country", json!("XB")),
            403,
            "Invalid Country sent",
            "",
        ),
    ] {
        let asked = texts(post(xa, PATH, &sent(&content)));
        table
            .row(
                EU,
                asked,
                status,
                Says::Report(["0x000", problem, "", details]),
            )
            .await;
    }
    let trailing = xa.hands_in(format!("{good} {{}}").as_bytes());
    let refused = Says::Report(["0x000", "JSON Could not be parsed", "", ""]);
    table
        .row(TNG, texts(post(xa, PATH, &trailing)), 400, refused)
        .await;
    // Taken in: bare texts, no kid, members that nobody knows, instants as other libraries write them, and the other media
    // type.
    let soon = ground.now().plus(1800).to_string();
    let minute = &soon[..16];
    for content in [
        with(&good, "expires", json!(format!("{minute}Z"))),
        with(&good, "expires", json!(format!("{minute}:00.123456+00:00"))),
        with(&good, "expires", json!(format!("{minute}:00.123456789Z"))),
        with(&good, "entries", json!([HASH])),
        with(&good, "kid", Value::Null),
        with(&good, "note", json!({ "more": [] })),
        with(&good, "entries", json!(vec![json!({ "hash": HASH }); 1000])),
    ] {
        table
            .row(TNG, post(xa, PATH, &sent(&content)), 201, Says::Nothing)
            .await;
    }
    let limited = |list: &Value| {
        let batches = list["batches"].as_array().unwrap();
        let own = batches.iter().filter(|it| it["deleted"] == false);
        list["more"] == false && own.count() == 7
    };
    table
        .row(TNG, listed(xb, BEGINNING), 200, Says::That(&limited))
        .await;
    // Ends by itself, and is forgotten.
    ground.passes(3601);
    ground.gateway.gateway().end_batches().await.unwrap();
    let ended = |list: &Value| {
        let batches = list["batches"].as_array().unwrap();
        batches.iter().all(|it| it["deleted"] == true)
    };
    table
        .row(EU, listed(xb, BEGINNING), 200, Says::That(&ended))
        .await;
    ground.passes(14 * 86_400 + 60);
    table
        .row(EU, listed(xb, BEGINNING), 204, Says::Nothing)
        .await;
}

pub(crate) async fn rows() -> usize {
    let ground = Ground::start().await;
    let suite = Land::new("DX");
    ground.joins(&suite).await;
    let reader = Land::new("XD").with_roles(&[PartyRole::RevocationListReader]);
    ground.joins(&reader).await;
    let mut table = Table::of("revocation", &ground);
    table
        .row(EU, listed(&reader, BEGINNING), 204, Says::Nothing)
        .await;
    let message = reader.hands_in(batch(&ground, "XD").to_string().as_bytes());
    let handed = texts(post(&reader, PATH, &message));
    table.row(EU, handed, 403, Says::Code("0x403")).await;
    // What is served has no line breaks, whatever was handed in: the reference's own reader knows none.
    let message = suite.hands_in(batch(&ground, "DX").to_string().as_bytes());
    let handed = texts(post(&suite, PATH, &lines(&message)));
    let answer = table.row(EU, handed, 201, Says::Nothing).await;
    let id = answer.headers["etag"].to_str().unwrap().to_owned();
    let one = get(&reader, &format!("{PATH}/{id}"));
    table.row(EU, one, 200, Says::Text(&message)).await;
    let named = suite.hands_in(json!({ "batchId": id }).to_string().as_bytes());
    let taken_back = texts(delete(&suite, PATH, &lines(&named)));
    table.row(EU, taken_back, 204, Says::Nothing).await;
    ground.passes(14 * 86_400 + 1);
    for dialect in [EU, TNG] {
        life(&mut table, &ground, dialect).await;
    }
    refusals(&mut table, &ground).await;
    let rows = table.end();
    ground.ends().await;
    rows
}
