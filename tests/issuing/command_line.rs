//! The program itself: a file of events handed in by a facility, mended and handed in again, and a certificate fetched by its
//! claim.

use crate::support::gateway::read;
use crate::support::program::{Serving, complained, lintas, said};
use lintas::server::client;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

const TOML: &str =
    "[listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";

fn ended(output: &Output, code: i32) {
    let told = (said(output), complained(output));
    assert_eq!(output.status.code(), Some(code), "{told:?}");
}

/// The claims in a file of them, by source id.
fn claims(path: &Path) -> Vec<(String, String)> {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut rows = csv::Reader::from_path(path).unwrap();
    let rows = rows.records().map(Result::unwrap);
    rows.map(|row| (row[1].to_owned(), row[2].to_owned()))
        .collect()
}

async fn fetched(folder: &Path, public: &str, claim: &str) -> Value {
    let client = client::trusting(&folder.join("lintas-data/tls/ca.pem")).unwrap();
    for _ in 0..600 {
        let request = client.post(format!("{public}/v1/claims"));
        let request = request.header("content-type", "application/json");
        let answer = read(request.body(json!({ "claim": claim }).to_string())).await;
        match answer.status {
            200 => return answer.json(),
            202 => tokio::time::sleep(Duration::from_millis(50)).await,
            _ => panic!("{}", answer.text),
        }
    }
    panic!("no certificate in time");
}

#[actix_web::test]
async fn the_first_run_of_the_manual() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("lintas.toml"), TOML).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/events.csv");
    fs::copy(examples, folder.join("events.csv")).unwrap();
    ended(&lintas(folder, &["init"]), 0);
    let serving = Serving::start(folder);
    let import = |file: &str, more: &[&str]| {
        let arguments = [&["events", "import", file][..], more].concat();
        serving.asked_by(folder, "first", &arguments)
    };

    let files = ["--rejects", "rejects.csv", "--claims", "claims.csv"];
    let done = import("events.csv", &files);
    ended(&done, 1);
    let told = complained(&done);
    for line in ["5 rows", "taken: 4", "refused: 1", "dose_invalid dose: 1"] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(!told.contains("Hutapea") && !said(&done).contains("Hutapea"));
    let made = claims(&folder.join("claims.csv"));
    assert_eq!(made.len(), 4);
    for (id, claim) in &made {
        let fetched = fetched(folder, &serving.public, claim).await;
        let certificates = fetched["certificates"].as_array().unwrap();
        let both = if id == "DEMO-0004" { 2 } else { 1 };
        assert_eq!(certificates.len(), both, "{fetched}");
        assert!(
            certificates.iter().all(|it| it["outcome"] == "accept"),
            "{fetched}"
        );
        // INDOVAC has no code in the EU's value sets.
        let warned = fetched["warnings"].as_array().unwrap().len();
        assert_eq!(warned, usize::from(id == "DEMO-0003"), "{fetched}");
    }

    // Mended and handed in again; nothing is written over.
    let rejects = fs::read_to_string(folder.join("rejects.csv")).unwrap();
    assert!(rejects.contains("DEMO-0005") && rejects.contains("dose_invalid dose"));
    fs::write(
        folder.join("mended.csv"),
        rejects.replace(",9,2026", ",1,2026"),
    )
    .unwrap();
    ended(&import("mended.csv", &["--claims", "claims.csv"]), 74);
    let slips = [
        "--slips",
        "slips.pdf",
        "--address",
        "https://localhost:8443",
    ];
    ended(&import("mended.csv", &slips), 0);
    assert!(
        fs::read(folder.join("slips.pdf"))
            .unwrap()
            .starts_with(b"%PDF")
    );

    // The whole file again: all is known, and whoever handed it in is told the claims again.
    let done = import("events.csv", &["--claims", "again.csv"]);
    ended(&done, 1);
    assert_eq!(claims(&folder.join("again.csv")), made);

    let token = serving.asked_by(folder, "first", &["events", "token", "--roles", "issue"]);
    ended(&token, 0);
    assert!(said(&token).contains('.'));
    let without = import("events.csv", &[]);
    ended(&without, 64);
}
