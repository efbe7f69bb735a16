//! Somebody with every right to the database, and without a key: what they write makes nothing happen but an alarm.

use crate::ground::{Caller, Ground, dose, execute, now};
use crate::support::gateway::{logged, read};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::exchange::{Record, RecordKind};
use lintas::revocation::RegisterMark;
use lintas::server::gateway::issuing::Claim;
use lintas::server::gateway::registry::{Decision, Request, Verdict};
use lintas::server::store::issuing::{Registered, Selector};
use serde_json::json;

#[actix_web::test]
async fn rows_written_by_hand_make_nothing_happen_but_an_alarm() {
    let ground = Ground::open().await;
    let text = ground.text(&ground.ana.claims(&dose("V-1")).await).await;
    let request = asked(&ground).await;
    let withdrawn = withdrawal_of_another(&ground).await;
    let url = format!(
        "sqlite:{}",
        ground.gateway.data.path().join("lintas.db").display()
    );
    let records = ground.gateway.gateway().records().unwrap();
    let certificates = records.store().tally(&Selector::default()).await.unwrap();
    let before = refused_rows(&ground).await;

    // An event that waits, with a claim to fetch it by; and a certificate in the register.
    let claim = Claim::draw().unwrap();
    let (id, key, zeros) = (blob(&[0xab; 16]), blob(&claim.lookup_key()), blob(&[0; 32]));
    let mark = RegisterMark([0x5a; 16]);
    let hash = blob(&mark.0);
    for statement in [
        format!(
            "INSERT INTO event VALUES ({id}, {key}, {key}, 1, {key}, 'new', 'vaccination', '3174001', 'ana', 'ana', '', 'b', \
             1780272000000, X'', {zeros})"
        ),
        format!("INSERT INTO waiting VALUES ({id}, 1780272000000, {key}, {key}, {zeros})"),
        format!(
            "INSERT INTO issued VALUES (1000, {key}, {id}, 'eu_dcc', 'vaccination', X'0707070707070707', {hash}, {hash}, \
             {hash}, {hash}, 1, 9000000000, '3174001', 'ana', 'ana', '', 'b', {zeros})"
        ),
    ] {
        execute(&url, &statement).await;
    }
    // An operator, an approval whose signature holds, and a withdrawal.
    let mallory = Caller::new("mallory");
    let approval = Decision {
        request: request.id.clone(),
        by: "budi".to_owned(),
        at: now(),
        verdict: Verdict::Approved {
            hash: request.hash(),
            signature: ground.budi.signs(&request),
        },
    };
    let head = records.store().head().await.unwrap().sequence;
    for (number, record) in [
        mallory.operator(&["*"]).record(now()),
        approval.record(),
        withdrawn,
    ]
    .iter()
    .enumerate()
    {
        let sequence = head + 1 + u64::try_from(number).unwrap();
        execute(&url, &inserting(sequence, record)).await;
    }

    ground.gateway.gateway().follow().await.unwrap();
    // The one who makes certificates has looked, too: this one came later.
    ground.text(&ground.ana.claims(&dose("V-2")).await).await;
    ground.settles().await;

    let answer = ground.fetch(&claim.text(), &json!({})).await;
    assert_ne!(answer.status, 200, "a certificate for a row by hand");
    let tally = records.store().tally(&Selector::default()).await.unwrap();
    assert_eq!(tally.certificates, certificates.certificates + 1);
    let registered = records.store().registered(&[mark]).await.unwrap();
    assert!(registered[0] != Registered::Yes);
    assert!(
        ground
            .gateway
            .gateway()
            .operator(&mallory.certificate())
            .is_err()
    );
    let path = format!("/admin/v1/requests/{}", request.id);
    assert_eq!(ground.ana.get(&path).await.json()["state"], "open");
    assert_eq!(ground.gateway.verify(&text).await["outcome"], "accept");

    // Each is told, in the log and by a number.
    let log = logged();
    for told in ["in waiting: no good seal", "in issued: has no good seal"] {
        assert!(log.contains(told), "no word of what is {told}");
    }
    assert!(log.contains(&format!("new from {} on, have no good seal", head + 1)));
    // The gauge of such rows is the process's, and other tests have stores in it.
    assert!(refused_rows(&ground).await >= before + 2);
    // Nobody asks for an event that nobody handed in: that one is found by whoever looks at all rows, as `store check` does.
    let survey = records.store().survey().await.unwrap();
    let told = "1 rows of event have no good seal".to_owned();
    assert!(survey.findings.contains(&told), "{:?}", survey.findings);

    // Nothing is hurt: the real approval counts, and whoever reads on behind the forged rows obeys none of them.
    let body = json!({ "signature": BASE64_STANDARD.encode(ground.budi.signs(&request)) });
    let approved = ground
        .budi
        .post_json(&format!("{path}/approve"), &body)
        .await;
    assert_eq!(approved.status, 200, "{}", approved.text);
    ground.gateway.gateway().follow().await.unwrap();
    for sequence in head + 1..=head + 3 {
        let told = format!("record {sequence} is not obeyed");
        assert!(logged().contains(&told), "no word that {told}");
    }
    assert!(refused_rows(&ground).await >= before + 5);
    assert_eq!(counted(&ground, "lintas_store_rows_behind_end").await, 0);
    assert!(
        ground
            .gateway
            .gateway()
            .operator(&mallory.certificate())
            .is_err()
    );
    assert_eq!(ground.gateway.verify(&text).await["outcome"], "accept");
    ground.ends().await;
}

/// What Ana asks for and nobody has approved.
async fn asked(ground: &Ground) -> Request {
    let act = json!({ "act": "client.add", "id": "a", "scopes": ["issue"],
        "token_sha256": "07".repeat(32) });
    let asked = ground.ana.post_json("/admin/v1/requests", &act).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
    let path = format!(
        "/admin/v1/requests/{}",
        asked.json()["id"].as_str().unwrap()
    );
    Request::parse(ground.ana.get(&path).await.json()["request"].clone()).unwrap()
}

/// The record of a withdrawal, as a real one is, of the first certificate.
async fn withdrawal_of_another(ground: &Ground) -> Record {
    let claim = ground.ana.claims(&dose("V-0")).await;
    ground.text(&claim).await;
    let row = ground
        .ana
        .hands_in(&crate::ground::dose_with("V-0", "cancel"))
        .await;
    assert_eq!(row["status"], "cancelled");
    ground.settles().await;
    let records = ground.gateway.gateway().records().unwrap();
    let issued = records
        .store()
        .select(&Selector::default(), 0, 10)
        .await
        .unwrap();
    let rows = records.store().records(0, 1000).await.unwrap();
    let mut kept = rows.into_iter().filter_map(|row| row.record.ok());
    // A cancelled event's certificate is withdrawn.
    let mut record = kept.find(|it| it.kind == RecordKind::Withdrawal).unwrap();
    let body = String::from_utf8(record.body).unwrap();
    let hashes: Vec<String> = issued.iter().map(|it| it.signature.to_string()).collect();
    let (first, second) = (&hashes[0], &hashes[1]);
    assert!(body.contains(first) != body.contains(second), "{body}");
    let other = if body.contains(first) { second } else { first };
    let cancelled = if body.contains(first) { first } else { second };
    record.body = body.replace(cancelled, other).into_bytes();
    record.name = "ff".repeat(16);
    record
}

fn inserting(sequence: u64, record: &Record) -> String {
    format!(
        "INSERT INTO records (sequence, previous, previous_seal, kind, source, name, country, received_at, body, seal) \
         VALUES ({sequence}, {}, {zeros}, '{}', '{}', '{}', NULL, {}, {}, {zeros})",
        sequence - 1,
        record.kind.name(),
        record.source,
        record.name,
        record.received_at.seconds(),
        blob(&record.body),
        zeros = blob(&[0; 32]),
    )
}

fn blob(bytes: &[u8]) -> String {
    format!("X'{}'", base16ct::lower::encode_string(bytes))
}

/// How many rows the metrics say were refused for their seals.
async fn refused_rows(ground: &Ground) -> u64 {
    counted(ground, "lintas_store_rows_refused_total").await
}

/// What the metrics say of `name`, in all its rows.
async fn counted(ground: &Ground, name: &str) -> u64 {
    let page = read(ground.gateway.client.get(&ground.gateway.metrics)).await;
    let lines = page.text.lines();
    let counts = lines.filter(|line| line.starts_with(name));
    let counts = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}
