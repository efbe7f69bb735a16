//! Whoever has the database, its copies, the log and the metrics, but no key, learns of nobody.

use crate::ground::{Caller, Ground, database};
use crate::needles::Needles;
use crate::persons::{Case, HEADER, cases, checked_at};
use crate::support::gateway::{TestGateway, logged, read};
use lintas::server::gateway::Clock;
use lintas::server::gateway::issuing::Claim;
use lintas::server::store::{self, StoreConfig};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The node that takes in has no signer.
const NO_SIGNER: &str = "roles = [\"verify\", \"admin\"]\n";
/// Persons whose events are taken in, certified, changed and fetched.
const PERSONS: usize = 300;
/// Persons whose events wait to the end.
const WAITING: usize = 50;
/// What somebody is called after a correction.
const CORRECTED: &str = "Perubahanwati";

#[actix_web::test]
async fn nobody_is_in_a_file_of_sqlite() {
    let ground = Ground::configured(NO_SIGNER, Clock::Fixed(checked_at())).await;
    let data = ground.gateway.data.path().to_owned();
    let (_kept, store) = crate::ground::beside(&data);
    let files = data.clone();
    let whole = async || vec![("the database", database(&files))];
    let from = format!("sqlite:{}", data.join("lintas.db").display());
    nobody_is_found(ground, &store, whole, &from).await;
}

#[actix_web::test]
async fn nobody_is_in_a_dump_or_a_file_of_postgresql() {
    let Some(store) = crate::ground::postgres().await else {
        return;
    };
    let server = crate::postgres::server().unwrap();
    let url = store.split('"').nth(1).unwrap().to_owned();
    let name = url.split(['/', '?']).nth(3).unwrap().to_owned();
    let whole = async || {
        // What is only in memory yet is to be searched, too.
        let owner = server.url("postgres", &name);
        crate::ground::execute(&owner, "CHECKPOINT").await;
        let dumped = Command::new(server.program("pg_dump")).arg(&owner).output();
        let dumped = dumped.unwrap();
        assert!(dumped.status.success());
        assert!(dumped.stdout.starts_with(b"--"));
        let files = files_below(&server.folder().join("data"));
        vec![
            ("the dump", dumped.stdout),
            ("the files of the server", files),
            ("the log of the server", server.log().into_bytes()),
        ]
    };
    let toml = format!("{NO_SIGNER}{store}");
    let ground = Ground::configured(&toml, Clock::Fixed(checked_at())).await;
    nobody_is_found(ground, &store, whole, &url).await;
}

/// Leads hundreds of persons through everything that can become of an event, and looks for them.
async fn nobody_is_found(
    ground: Ground,
    store: &str,
    whole: impl AsyncFn() -> Vec<(&'static str, Vec<u8>)>,
    from: &str,
) {
    let mut needles = Needles::new();
    let cases: Vec<Case> = cases(77, PERSONS + WAITING).collect();
    for case in &cases {
        add_person(&mut needles, &case.json["person"]);
    }
    needles.add_text("a name", CORRECTED);
    needles.add_text("an identity number", "3174014107880003");

    let (early, late) = cases.split_at(PERSONS);
    let mut claims = all_forms_handed_in(&ground.ana, early).await;
    let records = ground.gateway.gateway().records().unwrap();
    let (waits, _) = records.store().backlog().await.unwrap();
    assert_eq!(usize::try_from(waits).unwrap(), claims.len());
    for (claim, _) in &claims {
        add_claim(&mut needles, claim);
    }
    for (place, bytes) in whole().await {
        nothing_of(&needles, place, &bytes);
    }

    // Another node has a signer.
    let keys = ground.gateway.data.path().join("keys");
    let prepare = |folder: &Path| crate::support::copy(&keys, &folder.join("keys"));
    let second = TestGateway::configured(store, prepare, Clock::Fixed(checked_at())).await;
    ground.settles().await;
    let mut texts = BTreeSet::new();
    for (claim, _) in &claims {
        texts.extend(fetched(&second, claim).await);
    }
    let changed: Vec<_> = claims.drain(..90).collect();
    for (position, (_, case)) in changed.iter().enumerate() {
        let mut event = case.json.clone();
        event["action"] = json!(["correct", "cancel", "renew"][position % 3]);
        if position % 3 == 0 {
            event["person"]["given_name"] = json!(CORRECTED);
            event["person"]
                .as_object_mut()
                .unwrap()
                .shift_remove("given_name_icao");
        }
        let row = ground.ana.hands_in(&event).await;
        if position % 3 == 1 {
            assert_eq!(row["status"], "cancelled", "{row}");
            continue;
        }
        let claim = row["claim"].as_str().unwrap().to_owned();
        add_claim(&mut needles, &claim);
        ground.settles().await;
        texts.extend(fetched(&second, &claim).await);
    }
    ground.settles().await;
    let metrics = [&second.metrics, &ground.gateway.metrics];
    for page in metrics {
        let page = read(second.client.get(page)).await;
        assert!(page.text.contains("lintas_issued_total"));
        nothing_of(&needles, "the metrics", page.text.as_bytes());
    }
    second.stop().await;
    // Some wait again.
    for (claim, _) in all_forms_handed_in(&ground.ana, late).await {
        add_claim(&mut needles, &claim);
    }
    assert!(records.store().backlog().await.unwrap().0 > 0);
    for text in &texts {
        // Of a text any piece is too much.
        let inner = text.strip_prefix("HC1:").unwrap();
        for start in [0, inner.len() / 2, inner.len() - 24] {
            needles.add_text("a QR text", &inner[start..start + 24]);
        }
    }
    assert!(texts.len() > PERSONS * 8 / 10, "{}", texts.len());

    let mut searched = 0;
    for (place, bytes) in whole().await {
        nothing_of(&needles, place, &bytes);
        searched += bytes.len();
    }
    nothing_of(&needles, "a copy", &copied(&ground, from).await);
    nothing_of(&needles, "the log", logged().as_bytes());
    nothing_of(&needles, "the audit", audit(&ground).await.as_bytes());
    eprintln!(
        "{} forms of what is personal, {} certificates: none in {searched} bytes",
        needles.len(),
        texts.len()
    );

    // What is kept in the open would have been found: a lot.
    let mut planted = late[0].json.clone();
    planted["source_id"] = json!("NAR-PLANTED");
    planted["vaccination"]["lot"] = json!(CORRECTED);
    assert_eq!(ground.ana.hands_in(&planted).await["status"], "taken");
    for (place, bytes) in whole().await {
        let found = !needles.in_bytes(&bytes).is_empty();
        assert!(
            found || place.contains("log"),
            "a planted name is not found in {place}"
        );
    }
    assert!(!needles.in_bytes(&copied(&ground, from).await).is_empty());
    ground.ends().await;
}

fn nothing_of(needles: &Needles, place: &str, bytes: &[u8]) {
    assert!(!bytes.is_empty(), "{place} is empty");
    assert_eq!(needles.in_bytes(bytes), BTreeSet::new(), "in {place}");
}

/// The parts of a name that have five letters or more, and the birth date where it says more than a year.
fn add_person(needles: &mut Needles, person: &Value) {
    for member in [
        "family_name",
        "given_name",
        "family_name_icao",
        "given_name_icao",
    ] {
        let name = person[member].as_str().unwrap_or_default();
        for part in name.split(|letter: char| !letter.is_alphabetic()) {
            if part.chars().count() >= 5 {
                needles.add_text("a name", part);
            }
        }
    }
    let birth = person["birth_date"].as_str().unwrap_or_default();
    if birth.len() > 4 {
        needles.add_text("a birth date", birth);
    }
}

fn add_claim(needles: &mut Needles, claim: &str) {
    needles.add_text("a claim", claim);
    needles.add_text("a claim", &claim.replace('-', ""));
    needles.add_bytes("the bits of a claim", Claim::parse(claim).unwrap().bits());
}

/// Hands `cases` in, a third in each form; what was taken in, with its claim.
async fn all_forms_handed_in<'c>(caller: &Caller, cases: &'c [Case]) -> Vec<(String, &'c Case)> {
    let mut claims = Vec::new();
    let forms = ["application/x-ndjson", "text/csv", "application/fhir+json"];
    for (form, part) in forms.into_iter().zip(cases.chunks(cases.len().div_ceil(3))) {
        let mut body = String::new();
        if form == "text/csv" {
            body = format!("{HEADER}\n");
        }
        for case in part {
            body += &match form {
                "text/csv" => case.csv.clone(),
                "application/fhir+json" => case.fhir.to_string(),
                _ => case.json.to_string(),
            };
            body.push('\n');
        }
        let answer = caller.post("/v1/events", form, body).await.json();
        let rows = answer["rows"].as_array().unwrap();
        assert_eq!(rows.len(), part.len());
        for (row, case) in rows.iter().zip(part) {
            assert_eq!(row["status"] == "refused", case.refused.is_some(), "{row}");
            if let Some(claim) = row["claim"].as_str() {
                claims.push((claim.to_owned(), case));
            }
        }
    }
    claims
}

async fn fetched(gateway: &TestGateway, claim: &str) -> Vec<String> {
    let answer = gateway.post("/v1/claims", &json!({ "claim": claim })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    let certificates = answer["certificates"].as_array().unwrap();
    let texts = certificates
        .iter()
        .map(|it| it["qr_text"].as_str().unwrap());
    texts.map(str::to_owned).collect()
}

/// The bytes of a copy of the store, as an operator makes one for safety.
async fn copied(ground: &Ground, from: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let to = format!("sqlite:{}", folder.path().join("lintas.db").display());
    let config = StoreConfig {
        url: Some(to.clone()),
        ..StoreConfig::default()
    };
    store::migrate(&config, folder.path()).await.unwrap();
    store::copy(from, &to, ground.gateway.data.path())
        .await
        .unwrap();
    database(folder.path())
}

/// Everything that the audit tells.
async fn audit(ground: &Ground) -> String {
    let records = ground.gateway.gateway().records().unwrap();
    let head = records.store().audit_head().await.unwrap().sequence;
    let mut told = String::new();
    let mut after = 0;
    while after < head {
        for row in records.store().audit_rows(after, 1000).await.unwrap() {
            after = row.sequence;
            let event = row.event;
            told += &[event.actor, event.event, event.subject, event.detail].join("\n");
        }
    }
    told
}

/// The bytes of all files below `folder`.
fn files_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // A server at work removes files.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => {
                    bytes.extend(fs::read(entry.path()).unwrap_or_default());
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    bytes
}
