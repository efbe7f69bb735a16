//! One outcome of an answer each: what the status of the feed and the audit say of it, and that everybody else lives.

use crate::foreign::Reply;
use crate::network::{Eu, Land, credential, signer_item};
use crate::site::{Node, Site};
use crate::support::country::SIGNED_AT;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::issue;
use lintas::trust::kid_of;
use serde_json::{Value, json};
use std::fs;

/// A gateway that has taken in a country with `signers` signers from a feed with `more`.
async fn settled(signers: usize, more: &str) -> (Eu, Land, Site, Node) {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, signers);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, more)]);
    let node = site.open().await;
    node.asks().await.unwrap();
    assert_eq!(node.believes(&land), vec![true; signers]);
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    eu.gateway.paths();
    (eu, land, site, node)
}

#[actix_web::test]
async fn changes_with_nulls_take_signers_away_and_nobody_else() {
    let (eu, land, _site, node) = settled(6, "").await;
    eu.said().changes = vec![land.gone(2)];
    node.asks().await.unwrap();
    let asked = eu.gateway.asked();
    assert!(asked.len() == 1 && asked[0].since.is_some(), "{asked:?}");
    assert_eq!(node.believes(&land), [true, true, false, true, true, true]);
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    node.told("feed_synchronised", "0 added, 1 withdrawn").await;
    // Said again, as the overlap of two questions makes it, it is no news.
    let before = node.audit().await.len();
    node.asks().await.unwrap();
    assert_eq!((node.audit().await.len(), node.age()), (before, 0));
    node.ends().await;
}

#[actix_web::test]
async fn pages_are_one_list_and_what_leaves_meanwhile_is_gone() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 5);
    eu.lists(&[&land]);
    eu.said().changes = vec![land.gone(4)];
    let site = Site::new(&[("eu", &eu, "page_size = 2")]);
    let node = site.open().await;
    node.asks().await.unwrap();
    let asked = eu.gateway.asked();
    let whole = asked.iter().filter(|it| it.since.is_none()).count();
    assert_eq!((whole, asked.len()), (4, 5), "{asked:?}");
    assert_eq!(node.believes(&land), [true, true, true, true, false]);
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    node.told("feed_synchronised", "6 added, 0 withdrawn").await;
    node.ends().await;
}

#[actix_web::test]
async fn a_list_that_breaks_off_takes_nobody_away_and_holds_up_no_withdrawal() {
    let more = "page_size = 4\nfull_interval_s = 3600\ntake = [\"signers\", \"revocation\"]";
    let (eu, land, site, node) = settled(6, more).await;
    let new = land.participant.signer();
    let item = signer_item("ID", &new, &land.participant.upload);
    eu.said().list = [&[item], &land.items[..3], &land.items[4..]].concat();
    eu.said().batches = vec![(SIGNED_AT, land.batch("ID", &land, 7))];
    eu.said().instead = Some(Box::new(|asked| {
        let second = asked.path.contains("page=1&");
        second.then(|| Reply::status(502, ""))
    }));
    site.passes(3600);
    node.asks().await.unwrap();
    assert_eq!(node.believes(&land), [true; 6]);
    assert_eq!(
        node.codes(),
        (vec![], vec!["upstream_unavailable".to_owned()])
    );
    assert_eq!(node.age(), 3660);
    let uvci = issue::uvci_from_random(land.country(), [9; 16]).unwrap();
    let text = credential(land.country(), &new, uvci);
    assert_eq!(node.verdict(&text), ("accept", vec![]));
    let revoked = land.numbered(0, 7);
    assert_eq!(node.verdict(&revoked), ("reject", vec!["revoked"]));
    node.told("feed_left_out", "upstream_unavailable: signers")
        .await;
    eu.recovers();
    node.asks().await.unwrap();
    assert_eq!(node.believes(&land), [true, false, true, true, true, true]);
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    node.ends().await;
}

#[actix_web::test]
async fn an_old_list_that_is_replayed_is_refused_and_asked_for_again() {
    let (eu, land, site, node) = settled(10, "full_interval_s = 3600").await;
    let items = land.items.clone();
    eu.said().list = items[..10].to_vec();
    site.passes(3600);
    node.asks().await.unwrap();
    assert_eq!(node.believes(&land), [true; 10]);
    assert_eq!(node.codes(), (vec![], vec!["list_rolled_back".to_owned()]));
    assert_eq!(node.age(), 3660, "what alarms is no sign of life");
    node.told("feed_left_out", "list_rolled_back: trust_list_entry")
        .await;
    // The same alarm is told once, and everything is asked for until the list is right.
    let told = node.audit().await.len();
    node.asks().await.unwrap();
    assert_eq!(node.audit().await.len(), told);
    assert!(eu.gateway.asked().iter().all(|it| it.since.is_none()));
    eu.said().list = items;
    node.asks().await.unwrap();
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    assert_eq!(node.believes(&land), [true; 10]);
    node.ends().await;
}

#[actix_web::test]
async fn a_list_that_shrinks_at_once_waits_for_an_operator() {
    let (eu, land, site, node) = settled(10, "full_interval_s = 3600").await;
    let few = [&land.items[..2], &land.items[7..]].concat();
    eu.said().list = few;
    site.passes(3600);
    node.asks().await.unwrap();
    assert_eq!(node.believes(&land), [true; 10]);
    assert_eq!(node.codes(), (vec![], vec!["list_shrunk".to_owned()]));
    assert_eq!(node.age(), 3660);
    node.told("feed_left_out", "list_shrunk: trust_list_entry")
        .await;
    node.asks_of(0, true).await.unwrap();
    let left = [[false; 5], [true; 5]].concat();
    assert_eq!(node.believes(&land), left);
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    node.told(
        "feed_synchronised",
        "0 added, 5 withdrawn, an operator having looked",
    )
    .await;
    node.ends().await;
}

#[actix_web::test]
async fn a_message_that_was_tampered_with_proves_nobody_and_replaces_nobody() {
    let (eu, land, _site, node) = settled(2, "").await;
    let mut known = land.item(0);
    let other = land.item(1);
    known["signature"] = other["signature"].clone();
    let stranger = land.participant.signer();
    let mut new = signer_item("ID", &stranger, &land.participant.upload);
    let mut message = BASE64_STANDARD
        .decode(new["signature"].as_str().unwrap())
        .unwrap();
    // The last byte of a message is the last one of its signature.
    *message.last_mut().unwrap() ^= 1;
    new["signature"] = json!(BASE64_STANDARD.encode(message));
    eu.said().changes = vec![known, new];
    node.asks().await.unwrap();
    assert_eq!(
        node.codes(),
        (vec!["proof_invalid"], vec!["proof_invalid".to_owned()])
    );
    assert_eq!((node.believes(&land), node.age()), (vec![true, true], 0));
    let audit = node.audit().await;
    let place = format!("proof_invalid: trust_list_entry/{}", land.name(0));
    let last = &audit[audit.len() - 2..];
    assert_eq!(last[0].1, "1 added, 0 withdrawn");
    assert_eq!(last[1].0, "feed_left_out");
    assert!(last[1].1.starts_with(&place), "{last:?}");
    let uvci = issue::uvci_from_random(land.country(), [9; 16]).unwrap();
    let text = credential(land.country(), &stranger, uvci);
    assert_eq!(node.verdict(&text), ("reject", vec!["unknown_signer"]));
    node.ends().await;
}

#[actix_web::test]
async fn a_country_hands_in_signers_of_its_own_and_of_nobody_else() {
    let (eu, land, _site, node) = settled(1, "").await;
    let germany = Land::new("DE", &eu.anchor, 3);
    let upload = &land.participant.upload;
    // One of another country as its own; one of another country as that; and one of its own CSCA under a foreign name.
    let strange = land.participant.csca.issue("DE", "DSC", &[]);
    let items = vec![
        signer_item("ID", &germany.signers[1], upload),
        signer_item("DE", &germany.signers[2], upload),
        signer_item("ID", &strange, upload),
    ];
    let mut all = germany.items[..3].to_vec();
    all.extend(items);
    eu.said().changes = all;
    node.asks().await.unwrap();
    assert_eq!(
        node.codes().0,
        ["anchor_unknown", "chain_invalid", "country_mismatch"]
    );
    assert_eq!(node.codes().1, Vec::<String>::new());
    assert_eq!(node.believes(&germany), [true, false, false]);
    assert_eq!((node.believes(&land), node.age()), (vec![true], 0));
    node.told("feed_synchronised", "6 added, 0 withdrawn").await;
    node.ends().await;
}

/// Two certificates whose identifiers meet by chance would need 2^64 tries, which no test has: of certificates it is shown
/// that what is said of an identifier counts for nothing, and of bare keys, which only claim theirs, that both are believed.
#[actix_web::test]
async fn a_key_identifier_that_two_claim_keeps_neither_out() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 3);
    let mut items = land.items.clone();
    items[3]["kid"] = items[2]["kid"].clone();
    let mut again = items[4].clone();
    again["thumbprint"] = items[2]["thumbprint"].clone();
    items.insert(4, again);
    eu.said().list = items;
    let site = Site::new(&[("eu", &eu, "")]);
    let kid = kid_of(&land.signers[0].der).unwrap();
    let bare = rcgen::PublicKeyData::subject_public_key_info(&site.pinned.signers[0].key);
    let bare = json!({"subjectPk": BASE64_STANDARD.encode(bare), "keyUsage": [], "ian": "SG"});
    let keys = json!({"eu_keys": {kid.to_string(): [bare]}});
    fs::remove_file(site.path().join("pinned/signer.der")).unwrap();
    fs::write(site.path().join("pinned/keys.json"), keys.to_string()).unwrap();
    let node = site.open().await;
    node.asks().await.unwrap();
    assert_eq!(node.codes(), (vec![], vec!["upstream_invalid".to_owned()]));
    let world = node.gateway.world();
    assert_eq!(world.snapshot.trust().candidates(&kid).count(), 2);
    assert_eq!((node.believes(&land), node.age()), (vec![true; 3], 0));
    let named = world.snapshot.trust().signers().iter();
    let own: Vec<_> = named.filter(|dsc| dsc.has_certificate).collect();
    assert!(own.iter().all(|dsc| {
        let mut signers = land.signers.iter();
        signers.any(|it| {
            it.thumbprint() == dsc.thumbprint && kid_of(&it.der).as_ref() == Some(&dsc.kid)
        })
    }));
    node.told("feed_left_out", "upstream_invalid: trustList page 0 item 5")
        .await;
    node.ends().await;
}

#[actix_web::test]
async fn garbage_among_items_costs_itself_alone() {
    let (eu, land, site, node) = settled(4, "full_interval_s = 3600").await;
    let mut unreadable = land.item(1);
    unreadable["rawData"] = json!("not Base64!");
    let mut half = land.item(2);
    half["signature"] = Value::Null;
    let mut roleless = land.item(3);
    roleless["certificateType"] = json!("DRAGON");
    let mut list = land.items[..3].to_vec();
    list.extend([json!(42), unreadable, half, json!({"kid": []}), roleless]);
    eu.said().list = list;
    site.passes(3600);
    node.asks().await.unwrap();
    assert_eq!((node.believes(&land), node.age()), (vec![true; 4], 0));
    let (refused, left_out) = node.codes();
    let mut expected = vec!["upstream_invalid"; 4];
    expected.push("entry_invalid");
    assert_eq!(
        (refused, left_out),
        (vec![], expected.iter().map(ToString::to_string).collect())
    );
    let audit = node.audit().await;
    let told: Vec<_> = audit.iter().filter(|it| it.0 == "feed_left_out").collect();
    assert_eq!(told.len(), 2, "{audit:?}");
    let places = [4, 5, 6, 7].map(|it| format!("trustList page 0 item {it}"));
    assert!(told[1].1.contains(&places.join(", ")), "{told:?}");
    assert!(told[0].1.starts_with("entry_invalid"), "{told:?}");
    node.ends().await;
}

#[actix_web::test]
async fn an_answer_that_is_garbage_as_a_whole_changes_nothing_but_the_age() {
    let (eu, land, _site, node) = settled(3, "").await;
    for reply in [
        || Reply::json("<html>Bad gateway</html>"),
        || Reply::json("{}"),
        || Reply::status(302, "").header("location", "https://localhost/elsewhere"),
    ] {
        eu.breaks(reply);
        let failure = node.asks().await.unwrap_err();
        assert_eq!(failure.code().name(), "upstream_invalid");
        node.told("feed_failed", "upstream_invalid").await;
    }
    let failed = |audit: &[(String, String)]| {
        let events = audit.iter();
        events.filter(|(event, _)| event == "feed_failed").count()
    };
    assert_eq!(
        failed(&node.audit().await),
        1,
        "one line until it answers again"
    );
    let status = node.status();
    assert_eq!(status.attempts.failed, 3);
    let failure = status.attempts.failure.unwrap();
    assert_eq!(failure.code().name(), "upstream_invalid");
    assert_eq!((node.believes(&land), node.age()), (vec![true; 3], 180));
    eu.recovers();
    node.asks().await.unwrap();
    assert_eq!((node.status().attempts.failed, node.age()), (0, 0));
    eu.breaks(|| Reply::status(503, ""));
    let failure = node.asks().await.unwrap_err();
    assert_eq!(failure.code().name(), "upstream_unavailable");
    assert_eq!(failed(&node.audit().await), 2);
    node.ends().await;
}
