//! A large hub: handed in over mutual TLS, listed page by page, followed to the end, as the Java client does it.
//!
//! Says how long each part took and how much memory the whole process had at most; run it by hand, in release:
//! `cargo test --release --test federation scale -- --ignored --nocapture`.

use crate::ground::Ground;
use crate::rows::revocation::batch;
use crate::support::gateway::{Answer, read};
use crate::table::EU;
use lintas::crypto::sha256;
use lintas::revocation::RevocationHash;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const SIGNERS: usize = 5000;
const BATCHES: usize = 1000;
const HASHES: usize = 1000;
const BEGINNING: &str = "2021-06-01T00:00:00Z";

/// Runs `work` and says how long it took.
async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begins = Instant::now();
    let done = work.await;
    let took = begins.elapsed().as_secs_f64();
    eprintln!("{what}: {took:.2} s, {} MiB at most", peak_mib());
    done
}

/// The most memory that this process ever had.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

async fn asks(
    ground: &Ground,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Answer {
    let client = ground.client(&ground.xa.tls);
    let mut request = client.request(method, format!("{}{path}", ground.at(EU)));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(request.body(body)).await
}

/// Hands in `message`, and is answered with 201.
async fn hands_in(ground: &Ground, path: &str, message: String) {
    let media_type = [("content-type", "application/cms")];
    let answer = asks(ground, Method::POST, path, &media_type, message).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

fn content(ground: &Ground, number: usize) -> Value {
    let mut content = batch(ground, "XA");
    let hash = |position: usize| {
        let digest = sha256(format!("{number}/{position}").as_bytes());
        let hash = RevocationHash(*digest.first_chunk().unwrap());
        json!({ "hash": hash.to_string() })
    };
    content["entries"] = (0..HASHES).map(hash).collect();
    content["expires"] = json!("2027-12-31T00:00:00Z");
    content
}

/// Every page of the list behind `since`, to the end: how many pages and batches there were, and the last second.
async fn followed(ground: &Ground, mut since: String) -> (usize, Vec<String>, String) {
    let (mut pages, mut ids) = (0, Vec::new());
    loop {
        let header = [("if-modified-since", since.as_str())];
        let answer = asks(
            ground,
            Method::GET,
            "/revocation-list",
            &header,
            String::new(),
        )
        .await;
        if answer.status == 204 {
            return (pages, ids, since);
        }
        pages += 1;
        let page = answer.json();
        let rows = page["batches"].as_array().unwrap();
        ids.extend(
            rows.iter()
                .map(|row| row["batchId"].as_str().unwrap().to_owned()),
        );
        since = rows.last().unwrap()["date"].as_str().unwrap().to_owned();
    }
}

#[ignore = "takes minutes; for people who measure"]
#[actix_web::test]
async fn a_thousand_batches_and_five_thousand_signers_are_handed_in_and_followed() {
    let ground = Ground::start().await;
    timed("5,000 signers handed in", async {
        for _ in 0..SIGNERS {
            let message = ground.xa.names(&ground.xa.signer());
            hands_in(&ground, "/signerCertificate", message).await;
        }
    })
    .await;
    timed("1,000 batches of 1,000 handed in", async {
        for number in 0..BATCHES {
            let content = content(&ground, number).to_string();
            let message = ground.xa.hands_in(content.as_bytes());
            hands_in(&ground, "/revocation-list", message).await;
        }
    })
    .await;
    timed("1,000 small batches handed in", async {
        for _ in 0..BATCHES {
            let message = ground
                .xa
                .hands_in(batch(&ground, "XA").to_string().as_bytes());
            hands_in(&ground, "/revocation-list", message).await;
        }
    })
    .await;
    let list = timed("the trust list, whole", async {
        asks(&ground, Method::GET, "/trustList/DSC", &[], String::new())
            .await
            .json()
    })
    .await;
    assert_eq!(list.as_array().unwrap().len(), SIGNERS);
    let paged = timed("the trust list, 100 a page", async {
        let mut count = 0;
        for page in 0.. {
            let path = format!("/trustList/DSC?page={page}&pagesize=100");
            let answer = asks(&ground, Method::GET, &path, &[], String::new()).await;
            match answer.json().as_array().unwrap().len() {
                0 => break,
                rows => count += rows,
            }
        }
        count
    })
    .await;
    assert_eq!(paged, SIGNERS);
    let (pages, ids, last) = timed(
        "the list of batches, to the end",
        followed(&ground, BEGINNING.to_owned()),
    )
    .await;
    eprintln!("{} batches on {pages} pages", ids.len());
    assert_eq!(ids.len(), 2 * BATCHES);
    timed("1,000 batches downloaded", async {
        for id in &ids[..BATCHES] {
            let path = format!("/revocation-list/{id}");
            let answer = asks(&ground, Method::GET, &path, &[], String::new()).await;
            assert_eq!(
                (answer.status, answer.headers["etag"].to_str().unwrap()),
                (200, id.as_str())
            );
        }
    })
    .await;
    let named = json!({ "batchId": ids[0] }).to_string();
    let message = ground.xa.hands_in(named.as_bytes());
    let media_type = [("content-type", "application/cms-text")];
    let answer = asks(
        &ground,
        Method::DELETE,
        "/revocation-list",
        &media_type,
        message,
    )
    .await;
    assert_eq!(answer.status, 204);
    let (_, changed, _) = timed(
        "one change, behind the last second",
        followed(&ground, last),
    )
    .await;
    assert_eq!(changed, ids[..1]);
    let world = || ground.gateway.gateway().world();
    timed("all of it in verdicts", async {
        while world().snapshot.revocations().len() != (BATCHES - 1) * HASHES + BATCHES {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    ground.ends().await;
}
