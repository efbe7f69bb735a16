//! Many who hand events in at once.

use super::desk::{acting, event};
use crate::ground::Ground;
use crate::on_both;
use lintas::failure::Code;
use lintas::issue::event::Action;
use lintas::server::store::issuing::Taken;
use std::sync::Arc;

on_both! {
    two_nodes_take_one_source_in_once
    calls_of_one_moment_hear_each_their_own_answer
}

async fn two_nodes_take_one_source_in_once(ground: Ground) {
    let ground = Arc::new(ground);
    let mut tasks = Vec::new();
    for node in 0..4 {
        let ground = Arc::clone(&ground);
        tasks.push(actix_web::rt::spawn(async move {
            let store = ground.open().await;
            let mut new = 0;
            for round in 0..20 {
                // Half of them are said by all nodes alike, the others by each in its own way.
                let what = if round % 2 == 0 {
                    String::new()
                } else {
                    node.to_string()
                };
                let told = crate::ground::event(&format!("{node}-{round}"));
                let given = event(&format!("source {round}"), &what);
                let taken = store
                    .take_in(std::slice::from_ref(&given), &[told])
                    .await
                    .unwrap();
                match &taken[0] {
                    Taken::New => new += 1,
                    Taken::Known { claim_again } => {
                        assert!(round % 2 == 0);
                        assert!(claim_again.is_some());
                        assert_ne!(claim_again.as_ref(), Some(&given.claim_again));
                    }
                    Taken::Refused(code) => {
                        assert_eq!((round % 2, *code), (1, Code::EventConflict));
                    }
                    Taken::Cancelled => panic!("nobody cancels"),
                }
            }
            store.close().await;
            new
        }));
    }
    let mut new = 0;
    for task in tasks {
        new += task.await.unwrap();
    }
    assert_eq!(new, 20, "each source once");
    let store = ground.open().await;
    let survey = store.survey().await.unwrap();
    assert_eq!((survey.events, survey.waiting), (20, 20));
    assert_eq!(store.audit_head().await.unwrap().sequence, 80);
    store.close().await;
}

async fn calls_of_one_moment_hear_each_their_own_answer(ground: Ground) {
    let store = ground.open().await;
    let mut calls = Vec::new();
    for call in 0..40_usize {
        let store = Arc::clone(&store);
        calls.push(actix_web::rt::spawn(async move {
            // Each has a source of its own, one that all share, and as many more as its number.
            let mut given = vec![event(&format!("own {call}"), "1"), event("shared", "1")];
            given.extend((0..call).map(|it| acting(Action::Renew, &format!("none {it}"), "1")));
            let told = [crate::ground::event(&format!("call {call}"))];
            let work = store.take_in(&given, &told);
            if call % 8 == 7 {
                // It goes away before it hears anything.
                let soon = std::time::Duration::from_micros(50);
                let _ = tokio::time::timeout(soon, work).await;
                return 0;
            }
            let taken = work.await.unwrap();
            assert_eq!((taken.len(), &taken[0]), (given.len(), &Taken::New));
            let unknown = Taken::Refused(Code::EventUnknown);
            assert!(taken[2..].iter().all(|it| *it == unknown));
            assert!(matches!(
                taken[1],
                Taken::New
                    | Taken::Known {
                        claim_again: Some(_)
                    }
            ));
            usize::from(taken[1] == Taken::New)
        }));
    }
    let mut new = 0;
    for call in calls {
        new += call.await.unwrap();
    }
    assert!(new <= 1);
    let survey = store.survey().await.unwrap();
    assert!((36..=41).contains(&survey.events), "{survey:?}");
    assert_eq!(survey.waiting, survey.events);
    let audit = store.audit_head().await.unwrap().sequence;
    assert_eq!(audit, survey.events - 1, "each call is told once");
    store.close().await;
}
