//! Somebody with every right to the database, who wants to be an operator.

use crate::people::{Office, Person, code};
use lintas::crypto::sha256;
use lintas::exchange::Record;
use lintas::failure::Code;
use lintas::model::Thumbprint;
use lintas::server::gateway::enrol;
use lintas::server::gateway::registry::{
    Act, Decision, OperatorRole, Quota, RequestState, Verdict,
};
use lintas::server::store;
use sqlx::{AnyConnection, Connection};
use std::path::Path;

/// Inserts `record` by hand, as the row `sequence`, with bytes in place of a seal.
async fn inserted(data: &Path, sequence: i64, record: &Record) {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite:{}", data.join("lintas.db").display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    let row = sqlx::query(
        "INSERT INTO records (sequence, previous, previous_seal, kind, source, name, country, received_at, body, seal) \
         VALUES ($1, $2, $3, $4, $5, $6, NULL, $7, $8, $9)",
    );
    row.bind(sequence)
        .bind(sequence - 1)
        .bind(vec![0_u8; 32])
        .bind(record.kind.name())
        .bind(record.source.clone())
        .bind(record.name.clone())
        .bind(record.received_at.seconds())
        .bind(record.body.clone())
        .bind(vec![0_u8; 32])
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

async fn tip(office: &Office) -> i64 {
    let store = office.gateway.records().unwrap().store();
    i64::try_from(store.head().await.unwrap().sequence).unwrap()
}

#[actix_web::test]
async fn an_operator_or_an_approval_that_was_inserted_counts_for_nothing() {
    let office = Office::open().await;
    let asked = Act::ClientAdd {
        id: "a".to_owned(),
        token_sha256: Thumbprint(sha256(b"token")),
        scopes: vec!["issue".to_owned()],
        quota: Quota::default(),
    };
    let asked = office.asks(&office.ana, asked).await.unwrap();
    let now = office.clock().now();
    let mallory = Person::new("mallory");
    // Even with a signature that holds.
    let approval = Decision {
        request: asked.id.clone(),
        by: "budi".to_owned(),
        at: now,
        verdict: Verdict::Approved {
            hash: asked.hash(),
            signature: office.budi.signs(&asked),
        },
    };
    let sequence = tip(&office).await + 1;
    inserted(
        office.data.path(),
        sequence,
        &mallory.operator().record(now),
    )
    .await;
    inserted(office.data.path(), sequence + 1, &approval.record()).await;
    office.gateway.follow().await.unwrap();
    assert!(!office.is_operator(&mallory));
    assert_eq!(office.state(&asked), RequestState::Open);
    assert!(office.lets_in("token").is_none());
    let tries = office.approves(&mallory, &asked).await;
    assert_eq!(code(tries), Code::Unauthenticated);
    // Nothing is hurt: the real one still can.
    office.approves(&office.budi, &asked).await.unwrap();
    assert!(office.lets_in("token").is_some());
    assert!(!office.is_operator(&mallory));
    office.ends().await;
}

#[actix_web::test]
async fn an_operator_row_that_was_inserted_first_keeps_nobody_from_enrolling() {
    let data = tempfile::tempdir().unwrap();
    let config = crate::people::configuration(data.path(), "");
    let store = store::open(&config.store, data.path()).await.unwrap();
    let now = crate::support::issued_at();
    let mallory = Person::new("mallory").operator();
    inserted(data.path(), 1, &mallory.record(now)).await;
    let (ana, budi) = (
        Person::new("ana").operator(),
        Person::new("budi").operator(),
    );
    enrol::enrol(store.as_ref(), [&ana, &budi], now)
        .await
        .unwrap();
    store.close().await;
}

#[actix_web::test]
async fn where_a_record_is_missing_nobody_is_an_operator() {
    let office = Office::open().await;
    let citra = Person::new("citra");
    office.does(citra.joins(&OperatorRole::ALL)).await;
    let disables = Act::OperatorDisable {
        id: "citra".to_owned(),
    };
    office.does(disables).await;
    let last = tip(&office).await;
    let data = office.data.path().to_owned();
    let clock = office.clock();
    let kept = office.ends().await;
    sqlx::any::install_default_drivers();
    let url = format!("sqlite:{}", data.join("lintas.db").display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    let gone = sqlx::query("DELETE FROM records WHERE sequence = $1").bind(last);
    gone.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let gateway = crate::people::gateway(&data, "", clock).await;
    let known = gateway.operator(&citra.certificate());
    assert_eq!(code(known), Code::StoreIncomplete);
    gateway.records().unwrap().store().close().await;
    drop(kept);
}
