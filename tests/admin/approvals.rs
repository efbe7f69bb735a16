//! What one operator asks for and another approves.

use crate::people::{Office, Person, code, enrolled, gateway};
use lintas::crypto::sha256;
use lintas::failure::Code;
use lintas::model::Thumbprint;
use lintas::server::gateway::Clock;
use lintas::server::gateway::registry::{Act, OperatorRole, Quota, RequestState, signed_bytes};
use lintas::server::store::{Heads, verify_audit};
use rcgen::{KeyPair, SigningKey};

const ALL: &[OperatorRole] = &OperatorRole::ALL;

fn client(id: &str, token: &str) -> Act {
    Act::ClientAdd {
        id: id.to_owned(),
        token_sha256: Thumbprint(sha256(token.as_bytes())),
        scopes: vec!["verify:gate".to_owned()],
        quota: Quota::default(),
    }
}

fn disable(who: &Person) -> Act {
    Act::OperatorDisable {
        id: who.id.to_owned(),
    }
}

#[actix_web::test]
async fn what_one_asks_for_is_done_once_another_approves() {
    let office = Office::open().await;
    let citra = Person::new("citra");
    let asked = office.asks(&office.ana, citra.joins(ALL)).await.unwrap();
    assert_eq!(office.state(&asked), RequestState::Open);
    assert_eq!(asked.preview["operators_enabled"], 3);
    assert!(!office.is_operator(&citra));
    office.approves(&office.budi, &asked).await.unwrap();
    assert_eq!(office.state(&asked), RequestState::Approved);
    assert!(office.is_operator(&citra));
    let done = office.does(client("airline", "token")).await;
    let found = office.lets_in("token").unwrap();
    assert_eq!(&*found.id, "airline");
    let told = |actor: &str, event: &str, subject: &str| {
        (actor.to_owned(), event.to_owned(), subject.to_owned())
    };
    assert_eq!(
        office.audit().await,
        [
            told("init", "init", "ana"),
            told("init", "init", "budi"),
            told("ana", "request.made", &asked.id),
            told("budi", "request.approved", &asked.id),
            told("ana", "operator.added", "citra"),
            told("ana", "request.made", &done.id),
            told("budi", "request.approved", &done.id),
            told("ana", "client.added", "airline"),
        ]
    );
    office
        .does(Act::ClientDisable {
            id: "airline".to_owned(),
        })
        .await;
    assert!(office.lets_in("token").is_none());
    office.does(disable(&citra)).await;
    assert!(!office.is_operator(&citra));
    let heads = Heads::open(office.data.path()).unwrap();
    let store = office.gateway.records().unwrap().store();
    let report = verify_audit(store.as_ref(), &heads).await.unwrap();
    assert_eq!((report.rows, report.findings), (14, vec![]));
    office.ends().await;
}

#[actix_web::test]
async fn nobody_approves_alone() {
    let office = Office::open().await;
    let asked = office
        .asks(&office.ana, client("a", "token"))
        .await
        .unwrap();
    let alone = office.approves(&office.ana, &asked).await;
    assert_eq!(code(alone), Code::ApprovalNotApart);
    // Nor under another id: a key has one operator.
    let again = office.ana.again("ana-2");
    assert_ne!(again.certificate(), office.ana.certificate());
    let joins = office.asks(&office.budi, again.joins(ALL)).await;
    assert_eq!(code(joins), Code::RequestInvalid);
    let same = office.ana.operator();
    let mut twice = office.asks(&office.ana, again.joins(ALL)).await;
    assert_eq!(code(twice), Code::RequestInvalid);
    twice = office.asks(&office.ana, disable(&office.budi)).await;
    assert_eq!(code(twice), Code::RequestInvalid, "one operator is none");
    assert!(same.shares_key(&again.operator()));
    assert_eq!(office.state(&asked), RequestState::Open);
    assert!(office.lets_in("token").is_none());
    office.ends().await;
}

#[actix_web::test]
async fn an_approval_is_a_signature_over_this_request_by_the_approvers_key() {
    let office = Office::open().await;
    let citra = Person::new("citra");
    office.does(citra.joins(ALL)).await;
    let one = office.asks(&office.ana, client("a", "1")).await.unwrap();
    let two = office.asks(&office.ana, client("b", "2")).await.unwrap();
    let budi = office.budi.certificate();
    let stranger = KeyPair::generate().unwrap();
    let of_another_key = stranger.sign(&signed_bytes(&one.hash())).unwrap();
    let without_domain = office.budi.key.sign(one.hash().as_bytes()).unwrap();
    for (what, signature) in [
        ("none", vec![]),
        ("another request's", office.budi.signs(&two)),
        ("another operator's", citra.signs(&one)),
        ("the asker's", office.ana.signs(&one)),
        ("a stranger's", of_another_key),
        ("over the bare hash", without_domain),
        ("spoiled", {
            let mut signature = office.budi.signs(&one);
            let last = signature.len() - 1;
            signature[last] ^= 1;
            signature
        }),
    ] {
        let tried = office.gateway.approve(&budi, &one.id, &signature).await;
        assert_eq!(code(tried), Code::ApprovalInvalid, "{what}");
    }
    assert_eq!(office.state(&one), RequestState::Open);
    office.approves(&office.budi, &one).await.unwrap();
    office.ends().await;
}

#[actix_web::test]
async fn a_request_is_decided_once() {
    let office = Office::open().await;
    let (ana, budi) = (office.ana.certificate(), office.budi.certificate());
    let approved = office.does(client("a", "1")).await;
    let again = office.approves(&office.budi, &approved).await;
    assert_eq!(code(again), Code::ApprovalDecided);
    let refused = office.gateway.refuse(&budi, &approved.id, "no").await;
    assert_eq!(code(refused), Code::ApprovalDecided);
    let asked = office.asks(&office.ana, client("b", "2")).await.unwrap();
    office
        .gateway
        .refuse(&budi, &asked.id, "not this one")
        .await
        .unwrap();
    assert_eq!(office.state(&asked), RequestState::Refused);
    let late = office.approves(&office.budi, &asked).await;
    assert_eq!(code(late), Code::ApprovalDecided);
    // Whoever asked may take it back.
    let own = office.asks(&office.ana, client("c", "3")).await.unwrap();
    office.gateway.refuse(&ana, &own.id, "typo").await.unwrap();
    let none = office.gateway.refuse(&ana, "00", "typo").await;
    assert_eq!(code(none), Code::NotFound);
    // Of two approvals at one moment one counts.
    let citra = Person::new("citra");
    office.does(citra.joins(ALL)).await;
    let both = office.asks(&office.ana, client("d", "4")).await.unwrap();
    let (one, two) = futures_util::future::join(
        office.approves(&office.budi, &both),
        office.approves(&citra, &both),
    )
    .await;
    assert!(one.is_ok());
    assert_eq!(code(two), Code::ApprovalDecided);
    office.ends().await;
}

#[actix_web::test]
async fn an_approval_comes_within_a_day() {
    let office = Office::open().await;
    let asked = office.asks(&office.ana, client("a", "1")).await.unwrap();
    let other = office.asks(&office.ana, client("b", "2")).await.unwrap();
    office.passes(86_400);
    office.approves(&office.budi, &asked).await.unwrap();
    office.passes(1);
    let late = office.approves(&office.budi, &other).await;
    assert_eq!(code(late), Code::ApprovalExpired);
    assert_eq!(office.state(&other), RequestState::Expired);
    // A clock that was set back makes nothing young again.
    let again = office.asks(&office.ana, client("c", "3")).await.unwrap();
    office.passes(-3600);
    let early = office.approves(&office.budi, &again).await;
    assert_eq!(code(early), Code::ApprovalExpired);
    office.ends().await;
}

#[actix_web::test]
async fn what_has_changed_since_is_asked_for_anew() {
    let office = Office::open().await;
    let one = office.asks(&office.ana, client("a", "1")).await.unwrap();
    let two = office.asks(&office.ana, client("a", "2")).await.unwrap();
    office.approves(&office.budi, &one).await.unwrap();
    let outdated = office.approves(&office.budi, &two).await;
    assert_eq!(code(outdated), Code::ApprovalOutdated);
    assert_eq!(office.state(&two), RequestState::Open);
    assert!(office.lets_in("1").is_some());
    assert!(office.lets_in("2").is_none());
    // What cannot be done any more is outdated, too.
    let citra = Person::new("citra");
    office.does(citra.joins(ALL)).await;
    let first = office.asks(&office.ana, disable(&citra)).await.unwrap();
    let second = office.asks(&office.ana, disable(&citra)).await.unwrap();
    office.approves(&office.budi, &first).await.unwrap();
    let outdated = office.approves(&office.budi, &second).await;
    assert_eq!(code(outdated), Code::ApprovalOutdated);
    office.ends().await;
}

#[actix_web::test]
async fn a_disabled_operator_asks_approves_and_has_asked_for_nothing() {
    let office = Office::open().await;
    let (citra, dewi) = (Person::new("citra"), Person::new("dewi"));
    office.does(citra.joins(ALL)).await;
    office.does(dewi.joins(&[OperatorRole::Audit])).await;
    let asked = office.asks(&citra, client("a", "1")).await.unwrap();
    let other = office.asks(&office.ana, client("b", "2")).await.unwrap();
    office.does(disable(&citra)).await;
    let asks = office.asks(&citra, client("c", "3")).await;
    assert_eq!(code(asks), Code::Unauthenticated);
    let approves = office.approves(&citra, &other).await;
    assert_eq!(code(approves), Code::Unauthenticated);
    let approved = office.approves(&office.budi, &asked).await;
    assert_eq!(code(approved), Code::ApprovalOutdated);
    // Roles are asked for, and strangers are nobody.
    let looks = office.asks(&dewi, client("d", "4")).await;
    assert_eq!(code(looks), Code::Forbidden);
    assert_eq!(code(office.approves(&dewi, &other).await), Code::Forbidden);
    let dewi = dewi.certificate();
    let refuses = office.gateway.refuse(&dewi, &other.id, "no").await;
    assert_eq!(code(refuses), Code::Forbidden);
    let stranger = Person::new("ana");
    let asks = office.asks(&stranger, client("e", "5")).await;
    assert_eq!(code(asks), Code::Unauthenticated);
    // An operator whose certificate has ended is nobody either.
    office.passes(5 * 366 * 86_400);
    let asks = office.asks(&office.ana, client("f", "6")).await;
    assert_eq!(code(asks), Code::Unauthenticated);
    office.ends().await;
}

#[actix_web::test]
async fn roles_are_kept_apart_and_two_who_can_act_are_left() {
    let office = Office::open().await;
    let (asks, approves) = (Person::new("asks"), Person::new("approves"));
    office.does(asks.joins(&[OperatorRole::Operate])).await;
    office.does(approves.joins(&[OperatorRole::Approve])).await;
    office.does(disable(&office.budi)).await;
    let request = office.asks(&asks, disable(&office.ana)).await.unwrap();
    assert_eq!(
        code(office.approves(&asks, &request).await),
        Code::Forbidden
    );
    assert_eq!(
        code(office.asks(&approves, client("a", "1")).await),
        Code::Forbidden
    );
    office.approves(&approves, &request).await.unwrap();
    for last in [&asks, &approves] {
        let leaves = office.asks(&asks, disable(last)).await;
        assert_eq!(code(leaves), Code::RequestInvalid, "{}", last.id);
    }
    office.ends().await;
}

#[actix_web::test]
async fn a_request_outlives_its_gateway_and_other_nodes_know_operators() {
    let office = Office::open().await;
    let url = format!("sqlite:{}", office.data.path().join("lintas.db").display());
    let beside = tempfile::tempdir().unwrap();
    std::fs::create_dir(beside.path().join("keys")).unwrap();
    let key = |folder: &std::path::Path| folder.join("keys/seal.key");
    std::fs::copy(key(office.data.path()), key(beside.path())).unwrap();
    let toml = format!("[store]\nurl = \"{url}\"\n");
    let other = gateway(beside.path(), &toml, office.clock()).await;
    let citra = Person::new("citra");
    office.does(citra.joins(ALL)).await;
    assert!(other.operator(&citra.certificate()).is_err());
    assert!(other.follow().await.unwrap());
    assert!(other.operator(&citra.certificate()).is_ok());
    // Asked for here, approved there.
    let asked = office.asks(&office.ana, client("a", "1")).await.unwrap();
    let signature = citra.signs(&asked);
    let citra = citra.certificate();
    let done = other.approve(&citra, &asked.id, &signature).await;
    done.unwrap();
    let again = office.approves(&office.budi, &asked).await;
    assert_eq!(code(again), Code::ApprovalDecided);
    let waits = office.asks(&office.ana, client("b", "2")).await.unwrap();
    let (clock, certificate) = (office.clock(), office.budi.certificate());
    let signature = office.budi.signs(&waits);
    other.records().unwrap().store().close().await;
    let data = office.ends().await;
    let gateway = gateway(data.path(), "", clock).await;
    let approved = gateway.approve(&certificate, &waits.id, &signature).await;
    approved.unwrap();
    assert!(gateway.registered_client("2").unwrap().is_some());
    gateway.records().unwrap().store().close().await;
}

#[actix_web::test]
async fn the_first_two_are_two_and_are_enrolled_once() {
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::Fixed(crate::support::issued_at());
    let (ana, budi) = (Person::new("ana"), Person::new("budi"));
    for other in [ana.again("budi"), Person::new("ana")] {
        let done = enrolled(data.path(), clock, &ana, &other).await;
        assert_eq!(code(done), Code::ApprovalNotApart);
    }
    enrolled(data.path(), clock, &ana, &budi).await.unwrap();
    let (citra, dewi) = (Person::new("citra"), Person::new("dewi"));
    let again = enrolled(data.path(), clock, &citra, &dewi).await;
    assert_eq!(code(again), Code::RequestInvalid);
}
