//! Drills: a stolen key, a rogue operator, a hand in the database.

use crate::ground::{Ground, run};
use crate::limits::entered_by;
use crate::ministry::{Ministry, codes};
use crate::support::gateway::{TestGateway, logged};
use lintas::exchange::{Record, RecordKind};
use lintas::server::gateway::{Question, VerifyRequest};
use lintas::verify::Outcome;
use serde_json::json;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "the drill is about seconds")]
fn stopwatch() -> Instant {
    Instant::now()
}

/// How long `node` goes on to accept `text`.
async fn time_to_revoke(node: &TestGateway, text: &str) -> Duration {
    let started = stopwatch();
    while codes(node, text).await != ["revoked"] {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "it is never in force"
        );
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

async fn a_rogue_operator_is_answered(url: Option<String>) {
    let ministry = Ministry::open(2, url, |_| {}).await;
    let rogue = ministry.issues(0, 93, "clerk-17", "3174001").await;
    let same_facility = ministry.issues(0, 20, "clerk-18", "3174001").await;
    let elsewhere = ministry.issues(1, 20, "clerk-17x", "3174002").await;
    // One more than may be withdrawn alone is there, so that another has to approve.
    let spent = ministry.issues(0, 8, "clerk-20", "3174003").await;
    ministry.withdraws_alone(&entered_by("clerk-20")).await;
    let request = ministry.asks_to_withdraw(&entered_by("clerk-17")).await;
    let gateway = ministry.first.gateway();
    ministry.budi.approves(gateway, &request).await.unwrap();
    assert_eq!(codes(&ministry.first, &rogue[0].text).await, ["revoked"]);
    let took = time_to_revoke(&ministry.second, &rogue[92].text).await;
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    for node in [&ministry.first, &ministry.second] {
        for certificate in rogue.iter().chain(&spent) {
            assert_eq!(codes(node, &certificate.text).await, ["revoked"]);
        }
        for certificate in same_facility.iter().chain(&elsewhere) {
            assert!(codes(node, &certificate.text).await.is_empty());
        }
    }
    let ids = [&ministry.first, &ministry.second].map(|node| node.gateway().world().snapshot.id());
    assert_eq!(ids[0], ids[1], "both nodes say the same");
    eprintln!("93 certificates were withdrawn on the other node after {took:?}");
    ministry.ends().await;
}

#[actix_web::test]
async fn a_rogue_operator_s_certificates_are_withdrawn_and_nobody_else_s() {
    a_rogue_operator_is_answered(None).await;
}

#[test]
fn a_rogue_operator_s_certificates_are_withdrawn_on_postgresql() {
    if let Some(ground) = Ground::postgres() {
        run(ground, async |ground| {
            a_rogue_operator_is_answered(Some(ground.url("lintas_write"))).await;
        });
    }
}

#[actix_web::test]
async fn a_withdrawal_does_not_wait_for_a_world_that_is_being_made() {
    a_withdrawal_does_not_wait(300).await;
}

#[actix_web::test]
#[ignore = "takes minutes where it is not optimised"]
async fn a_withdrawal_does_not_wait_for_a_world_of_five_thousand_signers() {
    a_withdrawal_does_not_wait(5_000).await;
}

/// While the other node makes a new world of so many foreign signers, over and over.
async fn a_withdrawal_does_not_wait(foreign_signers: usize) {
    let foreign = crate::support::country::Identity::self_signed("FR", "CSCA", true);
    let ministry = Ministry::open(1, None, |data| {
        let folder = data.join("trust/demo");
        for number in 0..foreign_signers {
            let signer = foreign.issue("FR", "DSC", &[]);
            std::fs::write(folder.join(format!("foreign-{number}.der")), signer.der).unwrap();
        }
    })
    .await;
    let signers = ministry
        .second
        .gateway()
        .world()
        .snapshot
        .trust()
        .signers()
        .len();
    assert!(signers > foreign_signers, "{signers}");
    let certificates = ministry.issues(0, 5, "clerk-17", "3174001").await;
    let refreshed = stopwatch();
    ministry.second.gateway().refresh();
    let making = refreshed.elapsed();
    let gateway = std::sync::Arc::clone(ministry.second.gateway());
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stop = std::sync::Arc::clone(&over);
    let busy = std::thread::spawn(move || {
        while !stop.load(std::sync::atomic::Ordering::SeqCst) {
            gateway.refresh();
        }
    });
    // Meanwhile a task of that node asks how a feed stands, over and over, as those do that ask feeds.
    let gateway = std::sync::Arc::clone(ministry.second.gateway());
    let asking = actix_web::rt::spawn(async move {
        loop {
            let asked = stopwatch();
            gateway.is_due("eu", Duration::from_secs(60));
            assert_eq!(gateway.foreign().attempts("eu").failed, 0);
            gateway.value_set_ids();
            let took = asked.elapsed();
            assert!(took < Duration::from_millis(500), "it waited {took:?}");
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let mut longest = Duration::ZERO;
    for certificate in &certificates {
        let only =
            lintas::server::gateway::withdrawal::Selection::of_hashes([certificate.signature]);
        ministry.withdraws_alone(&only).await;
        longest = longest.max(time_to_revoke(&ministry.second, &certificate.text).await);
    }
    over.store(true, std::sync::atomic::Ordering::SeqCst);
    busy.join().unwrap();
    assert!(!asking.is_finished(), "a feed's task waited for a world");
    asking.abort();
    assert_eq!(
        codes(&ministry.second, &certificates[0].text).await,
        ["revoked"]
    );
    eprintln!(
        "in force after {longest:?} at most, where a world of {signers} signers takes {making:?}"
    );
    assert!(longest < Duration::from_secs(1), "it took {longest:?}");
    ministry.ends().await;
}

#[actix_web::test]
async fn a_stolen_key_s_certificates_are_refused_and_those_in_the_register_stay_good() {
    a_stolen_key_is_answered(1_000).await;
}

#[actix_web::test]
#[ignore = "takes minutes where it is not optimised"]
async fn of_ten_thousand_forged_under_a_stolen_key_none_is_accepted() {
    a_stolen_key_is_answered(10_000).await;
}

async fn a_stolen_key_is_answered(count: usize) {
    let ministry = Ministry::open(2, None, |_| {}).await;
    let good = ministry.issues(0, 50, "clerk-17", "3174001").await;
    let healthy = ministry.issues(1, 50, "clerk-17", "3174001").await;
    let forged = ministry.forges(0, count);
    let gateway = ministry.first.gateway();

    // Before anybody knows: accepted, and noticed.
    assert!(codes(&ministry.first, &forged[0].text).await.is_empty());
    assert!(codes(&ministry.first, &good[0].text).await.is_empty());
    let mut noticed = false;
    for _ in 0..100 {
        let rows = ministry.store().audit_rows(0, 1000).await.unwrap();
        noticed = rows.iter().any(|row| row.event.event == "unlogged_seen");
        if noticed {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(noticed, "nobody was told");
    let kid = ministry.signers[0].kid().to_string();
    assert!(logged().contains(&format!(
        "certificates of our signer {kid} are not in the register"
    )));
    let metrics = ministry
        .first
        .client
        .get(&ministry.first.metrics)
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("lintas_unlogged_seen_total"), "{metrics}");

    ministry.marks(0, "compromised").await;
    let mut outcomes = std::collections::BTreeMap::new();
    for pieces in forged.chunks(1000) {
        let rows: Vec<_> = pieces
            .iter()
            .map(|it| json!({ "credential": it.text }))
            .collect();
        let answer = ministry.first.post("/v1/verify/batch", &json!(rows)).await;
        // A batch is 4 MiB at most, and of 1,000 rows.
        assert_eq!(answer.status, 200, "{}", answer.text);
        for row in answer.json().as_array().unwrap() {
            let outcome = row["outcome"].as_str().unwrap().to_owned();
            assert_eq!(row["findings"][0]["code"], "not_logged");
            assert_eq!(row["credentials"][0]["register"], "not_registered");
            *outcomes.entry(outcome).or_insert(0) += 1;
        }
    }
    assert_eq!(outcomes, [("reject".to_owned(), count)].into());
    assert_eq!(
        codes(&ministry.second, &forged[1].text).await,
        ["not_logged"]
    );
    // The key also signs other content under a half of a signature that the register knows.
    let beside = ministry.forges_beside(0, &good[7]);
    assert_eq!(beside.signature, good[7].signature);
    assert_eq!(codes(&ministry.first, &beside.text).await, ["not_logged"]);
    for node in [&ministry.first, &ministry.second] {
        for certificate in good.iter().chain(&healthy) {
            assert!(codes(node, &certificate.text).await.is_empty());
        }
    }
    let verdict = ministry.first.verify(&good[0].text).await;
    assert_eq!(verdict["credentials"][0]["register"], "registered");
    let verdict = ministry.first.verify(&healthy[0].text).await;
    assert!(verdict["credentials"][0]["register"].is_null());

    // Where nobody can ask the register, nobody is accepted and nobody is sent away.
    let request = VerifyRequest::of(vec![Question {
        reference: None,
        text: forged[0].text.clone(),
    }]);
    let offline = gateway.verify(&request, &gateway.moment());
    assert_eq!(offline.outcome(), Outcome::Indeterminate);
    ministry.store().close().await;
    assert_eq!(
        codes(&ministry.first, &good[0].text).await,
        ["register_unavailable"]
    );
    assert!(codes(&ministry.first, &healthy[0].text).await.is_empty());
    ministry.ends().await;
}

#[actix_web::test]
async fn a_withdrawal_that_was_inserted_counts_for_nothing_and_one_that_was_deleted_is_noticed() {
    let ministry = Ministry::open(1, None, |_| {}).await;
    let certificates = ministry.issues(0, 2, "clerk-17", "3174001").await;
    let only =
        lintas::server::gateway::withdrawal::Selection::of_hashes([certificates[0].signature]);
    ministry.withdraws_alone(&only).await;
    let records = ministry.store().records(0, 1000).await.unwrap();
    let kept = records.into_iter().rev().find_map(|row| {
        let record = row.record.ok()?;
        (record.kind == RecordKind::Withdrawal).then_some((row.sequence, record))
    });
    let (sequence, kept) = kept.unwrap();
    // Another's hash in the place of the one that was withdrawn, under another id.
    let hash = |it: &lintas::revocation::RevocationHash| it.to_string();
    let body = String::from_utf8(kept.body.clone()).unwrap();
    let body = body.replace(
        &hash(&certificates[0].signature),
        &hash(&certificates[1].signature),
    );
    let forged = Record {
        body: body.into_bytes(),
        ..kept
    };
    let database = ministry.first.data.path().join("lintas.db");
    let head = ministry.store().head().await.unwrap().sequence;
    inserted(&database, head + 1, &forged).await;
    for node in [&ministry.first, &ministry.second] {
        node.gateway().follow().await.unwrap();
        assert!(codes(node, &certificates[1].text).await.is_empty());
    }
    assert!(logged().contains("is not obeyed"));

    execute(
        &database,
        &format!("DELETE FROM records WHERE sequence >= {sequence}"),
    )
    .await;
    for node in [&ministry.first, &ministry.second] {
        for _ in 0..100 {
            if node.gateway().store_state() == "incomplete" {
                break;
            }
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(node.gateway().store_state(), "incomplete");
        // What was known stays withdrawn; of what else may be, nobody is sure.
        let said = codes(node, &certificates[0].text).await;
        assert_eq!(said[0], "revoked", "{said:?}");
        assert_eq!(
            codes(node, &certificates[1].text).await,
            ["revocation_stale"]
        );
    }
    ministry.ends().await;
}

async fn execute(database: &std::path::Path, statement: &str) {
    use sqlx::{AnyConnection, Connection};
    sqlx::any::install_default_drivers();
    let url = format!("sqlite:{}", database.display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Inserts `record` by hand, as the row `sequence`, with bytes in place of a seal.
async fn inserted(database: &std::path::Path, sequence: u64, record: &Record) {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let zeros = "00".repeat(32);
    let statement = format!(
        "INSERT INTO records (sequence, previous, previous_seal, kind, source, name, country, received_at, body, seal) \
         VALUES ({sequence}, {}, X'{zeros}', '{}', '{}', '{}x', NULL, {}, X'{}', X'{zeros}')",
        sequence - 1,
        record.kind.name(),
        record.source,
        record.name,
        record.received_at.seconds(),
        hex(&record.body),
    );
    execute(database, &statement).await;
}
