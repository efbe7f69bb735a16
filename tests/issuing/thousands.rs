//! Ten thousand persons, a tenth of whose rows are wrong on purpose, in all three forms: from the row to the certificate that a
//! stranger verifies, and from what was refused to what is mended.
#![allow(clippy::disallowed_methods, reason = "a stopwatch")]

use crate::ground::Ground;
use crate::persons::{Case, HEADER, cases, checked_at};
use crate::support::python::python;
use crate::support::{VACCINATION, conformance_dir};
use futures_util::{StreamExt, stream};
use lintas::failure::Code;
use lintas::issue::event::rejects::Rejects;
use lintas::issue::event::rows::{self, Form};
use lintas::issue::products::Products;
use lintas::server::gateway::Clock;
use lintas::server::gateway::issuing::Fetched;
use lintas::verify::Outcome;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PERSONS: usize = 10_000;
/// Rows of a request: bundles are long, and a request has a ceiling.
const PIECE: usize = 1_000;

#[actix_web::test]
async fn of_ten_thousand_persons_each_gets_what_is_due() {
    let ground = Ground::configured("", Clock::Fixed(checked_at())).await;
    let cases: Vec<Case> = cases(2026, PERSONS).collect();
    let started = Instant::now();
    let (mut texts, mut spent) = (Vec::new(), [Duration::ZERO; 3]);
    let third = PERSONS.div_ceil(3);
    let mut refused = 0;
    for (form, part) in [Form::Csv, Form::Fhir, Form::Ndjson]
        .into_iter()
        .zip(cases.chunks(third))
    {
        for piece in part.chunks(PIECE) {
            let clock = Instant::now();
            let claims = handed_in(&ground, form, piece).await;
            refused += piece.len() - claims.len();
            let taken_in = clock.elapsed();
            settled(&ground).await;
            let certified = clock.elapsed();
            texts.extend(fetched(&ground, &claims).await);
            spent[0] += taken_in;
            spent[1] += certified - taken_in;
            spent[2] += clock.elapsed() - certified;
        }
    }
    let certificates = texts.len();
    eprintln!(
        "{PERSONS} rows, {refused} refused, {certificates} certificates of the others in {:?}: \
         taken in, certified, fetched in {spent:?}",
        started.elapsed()
    );
    assert_eq!(refused, PERSONS / 10);

    let mended: Vec<&Case> = cases.iter().filter(|it| it.refused.is_some()).collect();
    assert_eq!(mended.len(), refused);
    let mut claims = Vec::new();
    for (form, part) in [Form::Csv, Form::Fhir, Form::Ndjson]
        .into_iter()
        .zip(mended.chunks(refused.div_ceil(3)))
    {
        claims.extend(mended_and_handed_in(&ground, form, part).await);
    }
    settled(&ground).await;
    texts.extend(fetched(&ground, &claims).await);
    eprintln!("{} certificates with those of the mended", texts.len());

    verified_by_a_stranger(&ground, &texts).await;
    ground.ends().await;
}

/// What is handed in of `cases`, in one request.
fn body(form: Form, cases: &[&Case]) -> String {
    let lines: Vec<String> = cases
        .iter()
        .map(|case| match form {
            Form::Csv => case.csv.clone(),
            Form::Fhir => case.fhir.to_string(),
            Form::Json | Form::Ndjson => case.json.to_string(),
        })
        .collect();
    match form {
        Form::Csv => format!("{HEADER}\n{}", lines.join("\n")),
        Form::Fhir | Form::Json | Form::Ndjson => lines.join("\n"),
    }
}

fn media_type(form: Form) -> &'static str {
    match form {
        Form::Csv => "text/csv",
        Form::Fhir => "application/fhir+json",
        Form::Json => "application/json",
        Form::Ndjson => "application/x-ndjson",
    }
}

/// A claim, and the case that it is of.
type Claimed<'c> = (String, &'c Case);

/// Hands `cases` in. Those that are right have a claim; of the others, code and field are as they should be.
async fn handed_in<'c>(ground: &Ground, form: Form, cases: &'c [Case]) -> Vec<Claimed<'c>> {
    let cases: Vec<&Case> = cases.iter().collect();
    let rows = rows_of(ground, form, body(form, &cases), &cases).await;
    let mut claims = Vec::new();
    for (case, row) in cases.into_iter().zip(&rows) {
        match case.refused {
            None => claims.push((claim(row), case)),
            Some((code, field)) => {
                let told = (&row["problem"]["code"], &row["problem"]["member"]);
                assert_eq!(told, (&json!(code.name()), &json!(field)), "{row}");
            }
        }
    }
    claims
}

fn claim(row: &Value) -> String {
    assert_eq!(row["status"], "taken", "{row}");
    row["claim"].as_str().unwrap().to_owned()
}

/// The rows of the answer, which names nobody.
async fn rows_of(ground: &Ground, form: Form, body: String, cases: &[&Case]) -> Vec<Value> {
    let answer = ground.ana.post("/v1/events", media_type(form), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for case in cases {
        for name in ["family_name", "given_name"] {
            let name = case.json["person"][name].as_str().unwrap_or_default();
            assert!(name.len() < 5 || !answer.text.contains(name));
        }
    }
    let rows = answer.json()["rows"].as_array().unwrap().clone();
    assert_eq!(rows.len(), cases.len(), "{form:?}");
    rows
}

/// Has what was refused written as the operator gets it, mends the fields that it names, and hands it in again.
async fn mended_and_handed_in<'c>(
    ground: &Ground,
    form: Form,
    cases: &[&'c Case],
) -> Vec<Claimed<'c>> {
    let body = body(form, cases);
    let answers = rows_of(ground, form, body.clone(), cases).await;
    let products = Products::embedded().unwrap();
    let rejects = Rejects::new(form, body.as_bytes()).unwrap();
    let rows = rows::read(form, body.as_bytes(), &products).unwrap();
    let mut written = rejects.head().unwrap_or_default();
    for (row, answer) in rows.zip(&answers) {
        let text = |name: &str| answer["problem"][name].as_str().unwrap();
        let code = Code::named(text("code")).unwrap();
        let failure = code.because(text("detail")).about(text("member"));
        written.extend(rejects.line(&row, &failure));
    }
    let written = String::from_utf8(written).unwrap();
    let mended = match form {
        Form::Csv => mended_table(&written, cases),
        Form::Fhir | Form::Json | Form::Ndjson => mended_lines(&written, cases, form),
    };
    let rows = rows_of(ground, form, mended, cases).await;
    rows.iter()
        .zip(cases)
        .map(|(row, case)| (claim(row), case.mended.as_deref().unwrap()))
        .collect()
}

fn cells(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

fn mended_table(written: &str, cases: &[&Case]) -> String {
    let mut rows = cells(written);
    let names = rows.remove(0);
    assert_eq!(names.join(","), format!("{HEADER},problem"));
    assert_eq!(rows.len(), cases.len());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&names).unwrap();
    for (mut row, case) in rows.into_iter().zip(cases) {
        let (code, field) = case.refused.unwrap();
        let problem = row.pop().unwrap();
        assert!(
            problem.starts_with(&format!("{code} {field}: ")),
            "{problem}"
        );
        assert_eq!(row, cells(&case.csv)[0], "the row is as it came");
        let right = &cells(&case.mended.as_ref().unwrap().csv)[0];
        for (name, (cell, right)) in names.iter().zip(row.iter_mut().zip(right)) {
            if cell != right {
                let is_named = name == field || (field == "product" && name == "cvx");
                assert!(is_named, "{name} differs, and {field} was named");
                cell.clone_from(right);
            }
        }
        // Whoever mends leaves the column of problems as it is.
        writer.write_record(row.iter().chain([&problem])).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn mended_lines(written: &str, cases: &[&Case], form: Form) -> String {
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines.len(), cases.len());
    let lines = lines.into_iter().zip(cases).map(|(line, case)| {
        let (code, field) = case.refused.unwrap();
        let mut said: Value = serde_json::from_str(line).unwrap();
        let right = case.mended.as_ref().unwrap();
        if form == Form::Fhir {
            return mended_bundle(&said, case, right);
        }
        let problem = said.as_object_mut().unwrap().shift_remove("problem");
        let problem = problem.unwrap();
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&json!(code.name()), &json!(field))
        );
        assert_eq!(said, case.json, "the row is as it came");
        let mut right = right.json.clone();
        right["problem"] = problem;
        right.to_string()
    });
    let lines: Vec<String> = lines.collect();
    lines.join("\n")
}

fn mended_bundle(said: &Value, case: &Case, right: &Case) -> String {
    let (code, field) = case.refused.unwrap();
    let resources = |bundle: &Value| -> Vec<Value> {
        let entries = bundle["entry"].as_array().unwrap();
        entries.iter().map(|it| it["resource"].clone()).collect()
    };
    let (problems, rest): (Vec<_>, Vec<_>) = resources(said)
        .into_iter()
        .partition(|it| it["resourceType"] == "OperationOutcome");
    let issue = &problems[0]["issue"][0];
    let told = (&issue["details"]["text"], &issue["expression"][0]);
    assert_eq!(told, (&json!(code.name()), &json!(field)));
    for resource in resources(&case.fhir) {
        assert!(rest.contains(&resource), "the resource is as it came");
    }
    let mut right = right.fhir.clone();
    let entries = right["entry"].as_array_mut().unwrap();
    entries.push(json!({ "resource": problems[0] }));
    right.to_string()
}

/// Waits until nothing waits any more, however many there were.
async fn settled(ground: &Ground) {
    let records = ground.gateway.gateway().records().unwrap();
    let started = Instant::now();
    while records.store().backlog().await.unwrap().0 > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(300),
            "something waits on"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The QR texts under `claims`: each certificate is in a form that was wanted, and this gateway accepts it. A fifth is fetched
/// as holders fetch, over HTTPS, and of some of those it is looked at what they say; the others are asked of the gateway.
async fn fetched(ground: &Ground, claims: &[Claimed<'_>]) -> Vec<String> {
    let each = stream::iter(claims.iter().enumerate()).map(async |(position, (claim, case))| {
        let certificates = match position % 5 {
            0 => over_https(ground, claim).await,
            _ => of_the_gateway(ground, claim).await,
        };
        let forms: Vec<_> = certificates.iter().map(|(form, _)| form.as_str()).collect();
        match case.json["profiles"].as_array() {
            Some(wanted) => {
                let wanted: Vec<_> = wanted.iter().map(|it| it.as_str().unwrap()).collect();
                assert_eq!(forms, wanted);
            }
            None => assert_eq!(forms.len(), 1),
        }
        let texts: Vec<_> = certificates.into_iter().map(|(_, text)| text).collect();
        if position % 20 == 0 {
            says(ground, &texts[0], case).await;
        }
        texts
    });
    let texts: Vec<Vec<String>> = each.buffered(8).collect().await;
    texts.concat()
}

/// Form and text of each certificate under `claim`.
async fn over_https(ground: &Ground, claim: &str) -> Vec<(String, String)> {
    let answer = ground.fetch(claim, &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    let certificates = answer["certificates"].as_array().unwrap().iter();
    let text = |of: &Value| of.as_str().unwrap().to_owned();
    certificates
        .map(|it| {
            assert_eq!(it["outcome"], "accept", "{}", it["findings"]);
            (text(&it["profile"]), text(&it["qr_text"]))
        })
        .collect()
}

async fn of_the_gateway(ground: &Ground, claim: &str) -> Vec<(String, String)> {
    let found = ground.gateway.gateway().under_claim(claim).await.unwrap();
    let Fetched::Held(holding) = found else {
        panic!("it waits on");
    };
    let certificates = holding.certificates.into_iter();
    certificates
        .map(|it| {
            assert_eq!(it.outcome, Outcome::Accept, "{:?}", it.findings);
            (it.profile.name().to_owned(), it.text)
        })
        .collect()
}

async fn says(ground: &Ground, text: &str, case: &Case) {
    let request = json!({ "credential": text, "view": "holder" });
    let verdict = ground.gateway.post_as_client("/v1/verify", &request).await;
    assert_eq!(verdict.json()["outcome"], "accept");
    let event = &case.json;
    for said in [
        &event["person"]["birth_date"],
        &event["vaccination"]["date"],
        &event["recovery"]["first_positive"],
    ] {
        assert!(verdict.text.contains(said.as_str().unwrap_or_default()));
    }
}

/// Has `verify.py` verify all of `texts`, and some that are wrong.
async fn verified_by_a_stranger(ground: &Ground, texts: &[String]) {
    let (Some(python), Some(published)) = (
        python("base45, cbor2, cryptography, jsonschema"),
        conformance_dir(),
    ) else {
        return;
    };
    let started = Instant::now();
    let told = stranger(ground, &python, &published, texts.to_vec()).await;
    assert_eq!(told["wrong"], json!([]));
    let counts: Vec<_> = told["verified"].as_object().unwrap().values().collect();
    let verified: u64 = counts.iter().map(|it| it.as_u64().unwrap()).sum();
    assert_eq!(usize::try_from(verified).unwrap(), texts.len());
    eprintln!(
        "a stranger verified {} in {:?}",
        told["verified"],
        started.elapsed()
    );

    // It can find something wrong: a changed letter, a stranger's signature, a code that nobody knows.
    let mut changed = texts[0].clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    let foreign = crate::support::TestSigner::new(9).issue(VACCINATION);
    let mut claims: Value = serde_json::from_str(VACCINATION).unwrap();
    claims["vaccination"]["product"] = json!("NoSuchProduct");
    let unknown = ground.gateway.post_as_client("/v1/issue", &claims).await;
    let unknown = unknown.json()["credential"].as_str().unwrap().to_owned();
    let spoilt = vec![
        texts[1].clone(),
        String::from_utf8(changed).unwrap(),
        foreign,
        unknown,
        texts[2].clone(),
    ];
    let told = stranger(ground, &python, &published, spoilt).await;
    let wrong = told["wrong"].as_array().unwrap();
    let lines: Vec<_> = wrong
        .iter()
        .map(|it| it["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [2, 3, 4], "{told}");
    assert_eq!(wrong[1]["wrong"], "signer");
    assert_eq!(wrong[2]["wrong"], "value set of mp");
}

async fn stranger(ground: &Ground, python: &Path, published: &Path, texts: Vec<String>) -> Value {
    let signers: PathBuf = ground.gateway.data.path().join("trust/demo");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/issuing/verify.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .arg(signers)
        .arg(published.join("schema/1.3.3"))
        .arg(published.join("valuesets/2.12.0"))
        .arg(checked_at().seconds().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let run = move || {
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // It says nothing before it has read everything.
        stdin.write_all(texts.join("\n").as_bytes()).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    };
    let done = actix_web::rt::task::spawn_blocking(run).await.unwrap();
    assert!(done.status.success());
    serde_json::from_slice(&done.stdout).unwrap()
}
