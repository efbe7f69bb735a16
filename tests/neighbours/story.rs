//! What happens between two neighbours, from the first day to the worst one.

use crate::land::{Country, clock};
use crate::support::copy;
use lintas::exchange::dgcg::Dialect;
use lintas::failure::Code;
use lintas::revocation::RevocationHash;
use lintas::server::gateway::Synchronised;
use serde_json::json;
use std::sync::atomic::Ordering;

/// Indonesia and Thailand, each the other's party and its own.
async fn neighbours() -> (Country, Country) {
    lintas::server::telemetry::Metrics::install();
    let clock = clock();
    let (mut id, mut th) = (Country::new("ID", clock), Country::new("TH", clock));
    id.starts().await;
    th.starts().await;
    for hub in [&id, &th] {
        hub.onboards(&id).await;
        hub.onboards(&th).await;
    }
    // What each has to know of the other stands in files that are read at the start.
    id.ends().await;
    th.ends().await;
    let (of_th, of_id) = (id.knows(&th, Dialect::Eu), th.knows(&id, Dialect::Eu));
    id.starts().await;
    th.starts().await;
    id.asks(&of_th).await.unwrap();
    th.asks(&of_id).await.unwrap();
    (id, th)
}

#[actix_web::test]
async fn a_signer_is_believed_abroad_until_its_country_takes_it_back() {
    let (id, th) = neighbours().await;
    let ways = [(&id, &th, Dialect::Eu), (&th, &id, Dialect::Tng)];
    for (issuing, verifying, dialect) in ways {
        let text = issuing.land.credential(0);
        // It hands in at its own hub, of which it is a party as its neighbour is.
        let own = issuing.knows(issuing, dialect);
        let feed = verifying.knows(issuing, dialect);
        assert_eq!(
            verifying.verdict(&text).await,
            ("reject", vec!["unknown_signer"])
        );
        let signer = &issuing.land.signers[0].der;
        let uploader = issuing.uploader(&own);
        assert!(uploader.signer(signer, issuing.now()).await.unwrap());
        assert!(!uploader.signer(signer, issuing.now()).await.unwrap());
        assert_eq!(issuing.verdict(&text).await.0, "accept");
        verifying.asks(&feed).await.unwrap();
        assert_eq!(verifying.verdict(&text).await, ("accept", vec![]));
        uploader
            .withdraw_signer(signer, issuing.now())
            .await
            .unwrap();
        verifying.asks(&feed).await.unwrap();
        assert_eq!(
            verifying.verdict(&text).await,
            ("reject", vec!["unknown_signer"])
        );
        assert_eq!(issuing.verdict(&text).await.0, "reject");
    }
}

#[actix_web::test]
async fn a_batch_withdraws_one_certificate_and_no_other_until_it_is_taken_back() {
    let (id, th) = neighbours().await;
    let (own, feed) = (id.knows(&id, Dialect::Eu), th.knows(&id, Dialect::Eu));
    let uploader = id.uploader(&own);
    uploader
        .signer(&id.land.signers[0].der, id.now())
        .await
        .unwrap();
    let (withdrawn, other) = (id.land.numbered(0, 1), id.land.numbered(0, 2));
    th.asks(&feed).await.unwrap();
    for text in [&withdrawn, &other] {
        assert_eq!(th.verdict(text).await, ("accept", vec![]));
    }
    let uvci = lintas::issue::uvci_from_random(id.land.country(), [1; 16]).unwrap();
    let batch = json!({
        "country": "ID", "expires": "2027-06-01T00:00:00Z", "kid": null, "hashType": "UCI",
        "entries": [{ "hash": RevocationHash::of_uci(&uvci).to_string() }],
    });
    let batch = uploader
        .batch(batch.to_string().as_bytes(), id.now())
        .await
        .unwrap();
    th.asks(&feed).await.unwrap();
    assert_eq!(th.verdict(&withdrawn).await, ("reject", vec!["revoked"]));
    assert_eq!(th.verdict(&other).await, ("accept", vec![]));
    assert_eq!(id.verdict(&withdrawn).await, ("reject", vec!["revoked"]));
    uploader.withdraw_batch(&batch, id.now()).await.unwrap();
    th.asks(&feed).await.unwrap();
    assert_eq!(th.verdict(&withdrawn).await, ("accept", vec![]));
}

#[actix_web::test]
async fn our_own_client_does_a_days_work_in_both_dialects() {
    let (id, th) = neighbours().await;
    for dialect in Dialect::ALL {
        let (own, feed) = (id.knows(&id, dialect), th.knows(&id, dialect));
        let uploader = id.uploader(&own);
        let signer = id.land.participant.signer();
        uploader.signer(&signer.der, id.now()).await.unwrap();
        let days = |days: i64| id.now().plus(days * 86_400).to_string();
        let rule = json!({
            "Identifier": "GR-ID-0001", "Type": "Acceptance", "Country": "ID", "Version": "1.0.0",
            "SchemaVersion": "1.0.0", "Engine": "CERTLOGIC", "EngineVersion": "0.7.5",
            "CertificateType": "General", "Description": [{ "lang": "en", "desc": "Whoever has any certificate at all." }],
            "ValidFrom": days(3), "ValidTo": days(60), "AffectedFields": ["dn"], "Logic": { "===": [1, 1] },
        });
        uploader
            .rule(rule.to_string().as_bytes(), id.now())
            .await
            .unwrap();
        let batch = json!({
            "country": "ID", "expires": days(60), "kid": null, "hashType": "SIGNATURE",
            "entries": [{ "hash": "4uLi4uLi4uLi4uLi4uLi4g==" }],
        });
        let batch = uploader
            .batch(batch.to_string().as_bytes(), id.now())
            .await
            .unwrap();
        let kept = |kept: Synchronised| match kept {
            Synchronised::Kept(taken) => (taken.added, taken.withdrawn, taken.left_out.len()),
            Synchronised::Elsewhere => panic!(),
        };
        assert_eq!(kept(th.asks(&feed).await.unwrap()), (3, 0, 0));
        uploader
            .withdraw_signer(&signer.der, id.now())
            .await
            .unwrap();
        uploader
            .withdraw_rule("GR-ID-0001", id.now())
            .await
            .unwrap();
        uploader.withdraw_batch(&batch, id.now()).await.unwrap();
        assert_eq!(kept(th.asks(&feed).await.unwrap()), (0, 3, 0));
    }
}

#[actix_web::test]
async fn a_country_is_asked_by_its_own_rules() {
    let (id, th) = neighbours().await;
    let (own, feed) = (id.knows(&id, Dialect::Eu), th.knows(&id, Dialect::Eu));
    let uploader = id.uploader(&own);
    let signer = &id.land.signers[0].der;
    uploader.signer(signer, id.now()).await.unwrap();
    let text = id.land.credential(0);
    th.asks(&feed).await.unwrap();
    // Nobody knows what it asks for, so nobody says that it is content.
    let unknown = ("indeterminate", vec!["rules_missing"]);
    assert_eq!(th.verdict_for(&text, "ID").await, unknown);
    let days = |days: i64| id.now().plus(days * 86_400).to_string();
    for (identifier, version, logic) in [
        (
            "GR-ID-0001",
            "1.0.0",
            json!({ "!": [{ "var": "payload.v.0" }] }),
        ),
        (
            "VR-ID-0001",
            "1.0.0",
            json!({ "===": [{ "var": "payload.v.0.dn" }, { "var": "payload.v.0.sd" }] }),
        ),
        // One that fails with an error: it is open, whatever else it might have said.
        (
            "VR-ID-0002",
            "1.0.0",
            json!({ "plusTime": [{ "var": "payload.v.0.mp" }, 1, "day"] }),
        ),
    ] {
        let about = if identifier.starts_with("GR") {
            "General"
        } else {
            "Vaccination"
        };
        let rule = json!({
            "Identifier": identifier, "Type": "Acceptance", "Country": "ID", "Version": version,
            "SchemaVersion": "1.0.0", "Engine": "CERTLOGIC", "EngineVersion": "0.7.5", "CertificateType": about,
            "Description": [{ "lang": "en", "desc": "What the country asks of whoever arrives." }],
            "ValidFrom": days(3), "ValidTo": days(60), "AffectedFields": ["dn"], "Logic": logic,
        });
        uploader
            .rule(rule.to_string().as_bytes(), id.now())
            .await
            .unwrap();
    }
    th.asks(&feed).await.unwrap();
    // They are known and have not begun: what is asked for today is as unknown as before.
    assert_eq!(th.verdict_for(&text, "ID").await, unknown);
    clock_of(&th).fetch_add(3 * 86_400, Ordering::SeqCst);
    th.asks(&feed).await.unwrap();
    let refused = vec!["rule_failed", "rule_open"];
    assert_eq!(
        th.verdict_for(&text, "ID").await,
        ("reject", refused.clone())
    );
    assert_eq!(id.verdict_for(&text, "ID").await, ("reject", refused));
    assert_eq!(th.verdict(&text).await, ("accept", vec![]));
    assert_eq!(th.verdict_for(&text, "TH").await, unknown);
}

#[actix_web::test]
async fn a_neighbour_that_is_silent_makes_nobody_a_liar() {
    let (mut id, th) = neighbours().await;
    let (own, feed) = (id.knows(&id, Dialect::Eu), th.knows(&id, Dialect::Eu));
    id.uploader(&own)
        .signer(&id.land.signers[0].der, id.now())
        .await
        .unwrap();
    let text = id.land.credential(0);
    th.asks(&feed).await.unwrap();
    assert_eq!(th.verdict(&text).await, ("accept", vec![]));
    id.ends().await;
    clock_of(&th).fetch_add(86_400, Ordering::SeqCst);
    let silent = th.asks(&feed).await.unwrap_err();
    assert_eq!(silent.code(), Code::UpstreamUnavailable);
    assert_eq!(th.verdict(&text).await, ("accept", vec![]));
    clock_of(&th).fetch_add(3 * 86_400, Ordering::SeqCst);
    assert!(th.asks(&feed).await.is_err());
    let (outcome, findings) = th.verdict(&text).await;
    assert_eq!(outcome, "indeterminate");
    assert!(findings.contains(&"trust_list_stale"), "{findings:?}");
    id.starts().await;
    th.asks(&feed).await.unwrap();
    assert_eq!(th.verdict(&text).await, ("accept", vec![]));
}

#[actix_web::test]
async fn a_neighbour_that_says_what_it_said_before_is_not_believed() {
    let (mut id, th) = neighbours().await;
    let (own, feed) = (id.knows(&id, Dialect::Eu), th.knows(&id, Dialect::Eu));
    let (old, new) = (id.land.signers[0].der.clone(), id.land.participant.signer());
    id.uploader(&own).signer(&old, id.now()).await.unwrap();
    th.asks(&feed).await.unwrap();
    id.ends().await;
    let kept = tempfile::tempdir().unwrap();
    copy(id.path(), kept.path());
    id.starts().await;
    clock_of(&th).fetch_add(600, Ordering::SeqCst);
    id.uploader(&own)
        .withdraw_signer(&old, id.now())
        .await
        .unwrap();
    clock_of(&th).fetch_add(600, Ordering::SeqCst);
    id.uploader(&own).signer(&new.der, id.now()).await.unwrap();
    th.asks(&feed).await.unwrap();
    let text = id.land.credential(0);
    assert_eq!(th.verdict(&text).await, ("reject", vec!["unknown_signer"]));
    // Its whole folder is restored from before: it does not know itself that it has gone back.
    id.ends().await;
    std::fs::remove_dir_all(id.path()).unwrap();
    copy(kept.path(), id.path());
    id.starts().await;
    clock_of(&th).fetch_add(7200, Ordering::SeqCst);
    th.asks(&feed).await.unwrap();
    assert_eq!(th.verdict(&text).await, ("reject", vec!["unknown_signer"]));
    let audit = th.audit().await;
    let alarm = audit
        .iter()
        .any(|(event, detail)| event == "feed_left_out" && detail.contains("list_rolled_back"));
    assert!(alarm, "{audit:?}");
}

fn clock_of(country: &Country) -> &'static std::sync::atomic::AtomicI64 {
    country.clock
}
