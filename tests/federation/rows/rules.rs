//! Rules: shown, handed in, deleted.

use super::revocation::{lines, texts};
use crate::ground::Ground;
use crate::table::{Ask, EU, Says, TNG, Table, delete, get, post};
use lintas::exchange::dgcg::write_message;
use lintas::model::UnixTime;
use serde_json::{Value, json};

/// A version of a rule of XA.
pub(crate) fn rule(version: &str, from: UnixTime) -> Value {
    json!({
        "Identifier": "VR-XA-0001", "Type": "Acceptance", "Country": "XA", "Version": version, "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC", "EngineVersion": "0.7.5", "CertificateType": "Vaccination",
        "Description": [{ "lang": "en", "desc": "a sentence of twenty characters" }],
        "ValidFrom": from.to_string(), "ValidTo": from.plus(90 * 86_400).to_string(),
        "AffectedFields": ["v.0"], "Logic": { "var": "v" },
    })
}

fn with(value: &Value, name: &str, member: Value) -> Value {
    let mut value = value.clone();
    value[name] = member;
    value
}

pub(crate) async fn rows() -> usize {
    let ground = Ground::start().await;
    let mut table = Table::of("rules", &ground);
    let (xa, xb, xc) = (&ground.xa, &ground.xb, &ground.xc);
    let hours = |count: i64| ground.now().plus(3600 * count);
    let sent = |content: &Value| xa.hands_in(content.to_string().as_bytes());
    let handed = |body: &str| texts(post(xa, "/rules", body));
    let shown = |rules: &[(&Value, &str)]| {
        let row = |(rule, cms): &(&Value, &str)| json!({ "version": rule["Version"], "validFrom": rule["ValidFrom"], "validTo": rule["ValidTo"], "cms": cms });
        let rows: Vec<_> = rules.iter().map(row).collect();
        json!({ "VR-XA-0001": rows })
    };
    for dialect in [EU, TNG] {
        table
            .row(dialect, get(xb, "/rules/XA"), 200, Says::Json(json!({})))
            .await;
        table
            .row(dialect, get(xb, "/rules/XAA"), 400, Says::Code("0x001"))
            .await;
    }
    let (one, two) = (rule("1.0.0", hours(50)), rule("1.0.1", hours(100)));
    let (first, second) = (sent(&one), sent(&two));
    table.row(EU, handed(&first), 201, Says::Nothing).await;
    // Everybody sees it, in either case of the country and without any role.
    for (dialect, path) in [(EU, "/rules/XA"), (TNG, "/rules/xa")] {
        let expected = Says::Json(shown(&[(&one, &first)]));
        table.row(dialect, get(xc, path), 200, expected).await;
    }
    let same = Says::Report([
        "0x220",
        "Invalid Version",
        "",
        "Version: newer than the last",
    ]);
    table.row(EU, handed(&first), 400, same).await;
    table.row(TNG, handed(&second), 201, Says::Nothing).await;
    let both = Says::Json(shown(&[(&two, &second), (&one, &first)]));
    table.row(EU, get(xb, "/rules/XA"), 200, both).await;
    table
        .row(EU, get(xb, "/rules/XB"), 200, Says::Json(json!({})))
        .await;
    ground.passes(50 * 3600);
    let both = Says::Json(shown(&[(&two, &second), (&one, &first)]));
    table.row(EU, get(xb, "/rules/XA"), 200, both).await;
    ground.passes(50 * 3600);
    let latest = Says::Json(shown(&[(&two, &second)]));
    table.row(EU, get(xb, "/rules/XA"), 200, latest).await;

    let good = rule("2.0.0", ground.now().plus(49 * 3600));
    let from = |at: UnixTime| with(&good, "ValidFrom", json!(at.to_string()));
    let now = ground.now();
    let of_other = with(
        &with(&good, "Country", json!("XB")),
        "Identifier",
        json!("VR-XB-0001"),
    );
    let of_nobody = with(
        &with(&good, "Country", json!("YY")),
        "Identifier",
        json!("VR-YY-0001"),
    );
    for (content, status, code, problem) in [
        (json!([]), 400, "0x200", "Invalid JSON"),
        (with(&good, "Extra", json!(1)), 400, "0x200", "Invalid JSON"),
        (
            with(&good, "Identifier", json!("VR-XA-1")),
            400,
            "0x200",
            "Invalid JSON",
        ),
        (
            with(&good, "Description", json!([])),
            400,
            "0x200",
            "Invalid JSON",
        ),
        (
            with(&good, "Logic", json!({})),
            400,
            "0x200",
            "Invalid JSON",
        ),
        (
            with(&good, "Version", json!("2")),
            400,
            "0x200",
            "Invalid JSON",
        ),
        (
            with(&good, "ValidTo", json!("2027-01-01")),
            400,
            "0x200",
            "Invalid JSON",
        ),
        (
            with(&good, "CertificateType", json!("Test")),
            400,
            "0x250",
            "Invalid RuleID",
        ),
        (
            with(&good, "Type", json!("Invalidation")),
            400,
            "0x250",
            "Invalid RuleID",
        ),
        (
            with(&good, "Identifier", json!("IR-XA-0001")),
            400,
            "0x250",
            "Invalid RuleID",
        ),
        (of_other, 403, "0x210", "Invalid Country sent"),
        (
            with(&good, "Country", json!("XB")),
            403,
            "0x210",
            "Invalid Country sent",
        ),
        // Two letters that are no country's are still not the caller's.
        (
            with(&good, "Country", json!("YY")),
            403,
            "0x210",
            "Invalid Country sent",
        ),
        (of_nobody, 403, "0x210", "Invalid Country sent"),
        (
            with(&good, "Country", json!("xa")),
            400,
            "0x200",
            "Invalid JSON",
        ),
        (
            with(
                &with(&good, "Country", json!("YY")),
                "Description",
                json!([]),
            ),
            400,
            "0x200",
            "Invalid JSON",
        ),
        (
            with(&good, "Version", json!("1.0.1")),
            400,
            "0x220",
            "Invalid Version",
        ),
        (
            with(&from(now), "Version", json!("1.0.0")),
            400,
            "0x220",
            "Invalid Version",
        ),
        (
            from(now.plus(48 * 3600 - 1)),
            400,
            "0x240",
            "Invalid Timestamp(s)",
        ),
        (
            from(now.plus(14 * 86_400 + 1)),
            400,
            "0x240",
            "Invalid Timestamp(s)",
        ),
        (
            with(&good, "ValidTo", good["ValidFrom"].clone()),
            400,
            "0x240",
            "Invalid Timestamp(s)",
        ),
    ] {
        let says = |answer: &Value| answer["code"] == code && answer["problem"] == problem;
        table
            .row(EU, handed(&sent(&content)), status, Says::That(&says))
            .await;
    }
    let mut spoiled = xa.upload.sign(good.to_string().as_bytes(), true);
    *spoiled.last_mut().unwrap() ^= 1;
    let spoiled = write_message(&spoiled);
    let uploader = ["0x230", "Invalid Upload Cert", "", ""];
    let signature = ["0x260", "CMS signature is invalid", "", ""];
    let by_other = xb.hands_in(good.to_string().as_bytes());
    let deletions = |body: &str| -> [Ask<'_>; 2] {
        [
            texts(delete(xa, "/rules", body)),
            texts(post(xa, "/rules/delete", body)),
        ]
    };
    for (body, expected) in [(&spoiled, signature), (&by_other, uploader)] {
        table
            .row(EU, handed(body), 400, Says::Report(expected))
            .await;
        for asked in deletions(body) {
            table.row(TNG, asked, 400, Says::Report(expected)).await;
        }
    }
    let base64 = Says::Report(["0x402", "Invalid Base64 CMS Message", "", ""]);
    table.row(EU, handed("=?="), 400, base64).await;
    let typed = handed(&first).of("text/plain");
    table.row(EU, typed, 415, Says::Code("")).await;
    for (identifier, status, code, problem) in [
        ("VRXA0001", 400, "0x250", "ID-String is invalid"),
        ("VR-XAX-0001", 400, "0x250", "ID-String is invalid"),
        ("VR-XB-0001", 403, "0x210", "Invalid country in ID-String"),
        ("VR-XA-0009", 404, "0x270", "Validation Rule does not exist"),
    ] {
        for asked in deletions(&xa.hands_in(identifier.as_bytes())) {
            let expected = Says::Report([code, problem, "", ""]);
            table.row(EU, asked, status, expected).await;
        }
    }
    let named = xa.hands_in(b"VR-XA-0001");
    let [by_delete, by_post] = deletions(&named);
    table.row(EU, by_delete, 204, Says::Nothing).await;
    let missing = Says::Report(["0x270", "Validation Rule does not exist", "", ""]);
    table.row(EU, by_post, 404, missing).await;
    table
        .row(EU, get(xb, "/rules/XA"), 200, Says::Json(json!({})))
        .await;
    let again = handed(&sent(&good)).of("application/cms");
    table.row(TNG, again, 201, Says::Nothing).await;
    let [_, by_post] = deletions(&named);
    table.row(TNG, by_post, 204, Says::Nothing).await;
    let country = get(xb, "/rules/YY");
    table.row(EU, country, 200, Says::Json(json!({}))).await;
    let broken = lines(&sent(&good));
    table.row(EU, handed(&broken), 201, Says::Nothing).await;
    let expected = Says::Json(shown(&[(&good, &broken.replace("\r\n", ""))]));
    table.row(EU, get(xb, "/rules/XA"), 200, expected).await;
    let rows = table.end();
    ground.ends().await;
    rows
}
