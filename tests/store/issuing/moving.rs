//! Moving to another database, and looking over what is there.

use super::desk::{event, lease, sealed, work};
use super::events::take;
use crate::ground::{Ground, run, write_private};
use crate::postgres::server;
use lintas::failure::Code;
use lintas::server::store::issuing::{Selector, Taken};
use lintas::server::store::{self, StoreConfig};
use std::process::Command;

#[test]
fn what_issuing_keeps_moves_from_sqlite_to_postgresql() {
    let Some(target) = Ground::postgres() else {
        return;
    };
    run(Ground::sqlite(), async |ground| {
        let store = ground.open().await;
        let events: Vec<_> = (0..300).map(|it| event(&format!("s{it}"), "1")).collect();
        store.take_in(&events, &[]).await.unwrap();
        work(store.as_ref()).await;
        let waits = event("waits", "1");
        take(store.as_ref(), &waits).await;
        ground
            .raw("UPDATE issued SET lot = 'other' WHERE number = 7")
            .await;
        let survey = store.survey().await.unwrap();
        let (from, to) = (ground.url(""), target.url("lintas_write"));
        store::copy(&from, &to, ground.data.path()).await.unwrap();
        let moved = StoreConfig {
            url: Some(to.clone()),
            ..StoreConfig::default()
        };
        let moved = store::open(&moved, ground.data.path()).await.unwrap();
        assert_eq!(moved.survey().await.unwrap(), survey);
        assert_eq!(survey.findings, ["1 rows of issued have no good seal"]);
        assert_eq!(
            moved.held(&events[9].claim_key).await.unwrap(),
            sealed(&events[9]).held
        );
        let known = take(moved.as_ref(), &event("s9", "1")).await;
        assert!(matches!(
            known,
            Taken::Known {
                claim_again: Some(_)
            }
        ));
        let lease = lease(moved.as_ref()).await;
        moved.enter(&[sealed(&waits)], &[], &lease).await.unwrap();
        let rows = moved.select(&Selector::default(), 600, 9).await.unwrap();
        assert_eq!(rows.len(), 2);
        moved.close().await;
        store.close().await;
        let again = store::copy(&from, &to, ground.data.path()).await;
        assert_eq!(again.unwrap_err().code(), Code::ConfigurationInvalid);
    });
}

#[test]
fn the_command_line_looks_over_what_issuing_keeps() {
    run(Ground::sqlite(), async |ground| {
        let store = ground.open().await;
        take(store.as_ref(), &event("a", "1")).await;
        work(store.as_ref()).await;
        store.close().await;
        let check = || {
            let output = Command::new(env!("CARGO_BIN_EXE_lintas"))
                .args(["store", "check", "--data"])
                .arg(ground.data.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (output.status.code(), said)
        };
        let counts = "whole\nissuing: 1 versions of events, 0 waiting, 2 certificates, 1 to be fetched, 1 claims for a \
                      second answer, 0 answers kept\n";
        assert_eq!(check(), (Some(0), counts.to_owned()));
        ground
            .raw("UPDATE issued SET operator = 'other' WHERE number = 1")
            .await;
        let (code, said) = check();
        assert_eq!(code, Some(1));
        assert!(
            said.ends_with("1 rows of issued have no good seal\n"),
            "{said}"
        );
    });
}

#[test]
fn the_key_of_the_seals_is_not_made_anew_where_events_are() {
    run(Ground::sqlite(), async |ground| {
        let store = ground.open().await;
        take(store.as_ref(), &event("a", "1")).await;
        store.close().await;
        std::fs::remove_file(ground.data.path().join("keys/seal.key")).unwrap();
        let refused = ground.try_open().await.err().unwrap();
        assert_eq!(refused.code(), Code::ConfigurationInvalid);
        // With another key, everything would be erased as nobody's.
        let key = ground.data.path().join("keys/seal.key");
        write_private(&key, &"7".repeat(32));
        let refused = ground.try_open().await.err().unwrap();
        assert_eq!(refused.code(), Code::ConfigurationInvalid);
    });
}

#[test]
fn a_store_without_issuing_is_brought_up_to_date() {
    if server().is_none() {
        return;
    }
    let Some(ground) = Ground::postgres() else {
        return;
    };
    run(ground, async |ground| {
        let store = ground.open().await;
        store
            .append(&crate::ground::records("a", 2), &[], None)
            .await
            .unwrap();
        store.close().await;
        ground
            .raw(
                "DROP TABLE event, waiting, receipt, held, issued, answer; DELETE FROM _sqlx_migrations WHERE version > 2",
            )
            .await;
        let refused = ground.try_open().await.err().unwrap();
        assert!(refused.detail().contains("version 2, not 6"), "{refused}");
        assert_eq!(ground.migrate().await.unwrap(), 6);
        let store = ground.open().await;
        assert_eq!(store.head().await.unwrap().sequence, 2);
        assert_eq!(take(store.as_ref(), &event("a", "1")).await, Taken::New);
        store.close().await;
    });
}
