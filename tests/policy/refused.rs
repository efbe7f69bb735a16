//! Policy sets and records of them that count for nothing.

use crate::ground::Ground;
use crate::people::code;
use crate::site::{Site, document, later, signed, stricter};
use crate::support::country::Identity;
use crate::support::gateway::logged;
use lintas::exchange::{Record, RecordKind};
use lintas::failure::Code;
use lintas::model::UnixTime;
use lintas::server::gateway::policy::Activation;
use serde_json::json;

#[actix_web::test]
async fn what_the_country_did_not_sign_or_cannot_follow_is_refused() {
    let site = Site::open(Ground::sqlite()).await;
    let good = document("1.0.0", later(24));
    let elsewhere = Identity::self_signed("ZZ", "NBup", false);
    let mut altered = site.signed(&good);
    let place = altered.windows(5).position(|it| it == b"green").unwrap();
    altered[place..place + 5].copy_from_slice(b"black");
    let detached = site.country.sign(good.to_string().as_bytes(), false);
    let mut abroad = good.clone();
    abroad["Country"] = json!("ID");
    let abroad = abroad.to_string().replace("-ZZ-", "-ID-");
    let abroad = serde_json::from_str(&abroad.replace("\"ZZ\"", "\"ID\"")).unwrap();
    let mut spoilt = good.clone();
    spoilt["Colours"][2]["Logic"] = json!({ "or": [1, 2] });
    let cases = [
        (
            "another's key",
            signed(&elsewhere, &good),
            later(24),
            Code::AnchorUnknown,
        ),
        ("altered", altered, later(24), Code::ProofInvalid),
        ("without its content", detached, later(24), Code::CmsInvalid),
        ("no message", b"{}".to_vec(), later(24), Code::CmsInvalid),
        (
            "another country's",
            site.signed(&abroad),
            later(24),
            Code::CountryMismatch,
        ),
        (
            "no set",
            site.signed(&json!({})),
            later(24),
            Code::PolicyInvalid,
        ),
        (
            "logic that is none",
            site.signed(&spoilt),
            later(24),
            Code::PolicyInvalid,
        ),
        (
            "of yesterday",
            site.signed(&document("1.0.0", later(-1))),
            later(24),
            Code::PolicyInvalid,
        ),
        (
            "before its period",
            site.signed(&good),
            later(23),
            Code::PolicyInvalid,
        ),
        (
            "before anybody knows",
            site.signed(&document("1.0.0", later(0))),
            later(0).plus(59),
            Code::RequestInvalid,
        ),
        (
            "after its period",
            site.signed(&good),
            later(24 * 700),
            Code::PolicyInvalid,
        ),
    ];
    for (what, message, at, expected) in cases {
        assert_eq!(code(site.asks(message, at).await), expected, "{what}");
    }
    site.activates(&good, later(24)).await;
    let mut renamed = document("2.0.0", later(24));
    renamed["Identifier"] = json!("PS-ZZ-0002");
    for (what, next) in [
        ("the same version", stricter("1.0.0", later(24))),
        ("a lower one", stricter("0.9.9", later(24))),
        ("another name", renamed),
    ] {
        let refused = site.asks(site.signed(&next), later(48)).await;
        assert_eq!(code(refused), Code::PolicyInvalid, "{what}");
    }
    site.ends().await;
}

#[actix_web::test]
async fn nobody_is_configured_nobody_signs() {
    let data = tempfile::tempdir().unwrap();
    let clock = lintas::server::gateway::Clock::Fixed(later(0));
    let gateway = crate::people::gateway(data.path(), "", clock).await;
    let (ana, _) = crate::people::two_operators(&gateway).await;
    let country = Identity::self_signed("ZZ", "NBup", false);
    let act = lintas::server::gateway::registry::Act::PolicyActivate {
        message: signed(&country, &document("1.0.0", later(24))),
        at: later(24),
    };
    assert_eq!(code(ana.asks(&gateway, act).await), Code::RequestInvalid);
    gateway.records().unwrap().store().close().await;
}

fn activation(message: Vec<u8>, from: UnixTime) -> Record {
    let activation = Activation {
        message,
        from,
        by: "ana".to_owned(),
        approved_by: "budi".to_owned(),
        at: later(0),
    };
    activation.record("PS-ZZ-0001@1.0.0".to_owned())
}

#[actix_web::test]
async fn a_row_that_was_inserted_or_does_not_prove_itself_makes_an_alarm_and_nothing_else() {
    logged();
    let mut site = Site::open(Ground::sqlite()).await;
    let before = site.first.world().snapshot.id();
    let nothing_else = |site: &Site| {
        assert_eq!(site.shown(later(24)), None);
        for node in site.nodes() {
            assert_eq!(node.world().snapshot.id(), before);
        }
    };
    let message = site.signed(&document("1.0.0", later(24)));
    let record = activation(message.clone(), later(24));
    let store = site.first.records().unwrap().store().clone();
    // By hand, without a seal, though the country signed it.
    let next = store.head().await.unwrap().sequence + 1;
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect::<String>()
    };
    let zeros = "00".repeat(32);
    site.ground
        .raw(&format!(
            "INSERT INTO records (sequence, previous, previous_seal, kind, source, name, country, received_at, body, seal) \
             VALUES ({next}, {}, X'{zeros}', '{}', '{}', '{}', NULL, {}, X'{}', X'{zeros}')",
            next - 1,
            record.kind.name(),
            record.source,
            record.name,
            record.received_at.seconds(),
            hex(&record.body),
        ))
        .await;
    site.follows().await;
    nothing_else(&site);
    let alarm = format!("new from {next} on, have no good seal; not obeyed");
    assert!(logged().contains(&alarm));
    // With a seal, as somebody has who got hold of a node: the country did not sign it.
    let elsewhere = Identity::self_signed("ZZ", "NBup", false);
    let forged = signed(&elsewhere, &document("1.0.0", later(24)));
    let misnamed = Record {
        name: "PS-ZZ-0001@9.0.0".to_owned(),
        ..record.clone()
    };
    let from_a_feed = Record {
        source: "eu".to_owned(),
        ..record.clone()
    };
    let outside = activation(message, later(1));
    for odd in [
        activation(forged, later(24)),
        misnamed,
        from_a_feed,
        outside,
    ] {
        assert_eq!(odd.kind, RecordKind::PolicySet);
        store.append(&[odd], &[], None).await.unwrap();
        site.follows().await;
        nothing_else(&site);
    }
    assert!(logged().contains("a record of a policy set is not obeyed"));
    // Nothing is hurt: what two operators activate is in force.
    site.activates(&document("1.0.0", later(24)), later(24))
        .await;
    assert_eq!(site.shown(later(24)).unwrap().0, "1.0.0");
    site.again().await;
    assert_eq!(site.shown(later(24)).unwrap().0, "1.0.0");
    site.ends().await;
}

#[actix_web::test]
async fn where_a_record_is_missing_no_policy_set_is_believed() {
    let mut site = Site::open(Ground::sqlite()).await;
    site.activates(&document("1.0.0", later(24)), later(24))
        .await;
    site.activates(&stricter("1.1.0", later(24)), later(48))
        .await;
    let last = site
        .first
        .records()
        .unwrap()
        .store()
        .head()
        .await
        .unwrap()
        .sequence;
    site.ground
        .raw(&format!("DELETE FROM records WHERE sequence = {last}"))
        .await;
    site.again().await;
    let world = site.second.world();
    assert!(world.incomplete);
    assert!(
        world.snapshot.policies().all().is_empty(),
        "the one in force may be the one that is missing"
    );
    site.ends().await;
}
