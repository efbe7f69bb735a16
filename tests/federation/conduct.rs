//! What a door does beside answering: it counts, it logs without bodies, it tells the audit, and it says when it cannot keep
//! what was handed in.

use crate::ground::{Ground, Land};
use crate::messages::brief_signer;
use crate::support::country::Identity;
use crate::support::gateway::{logged, read};
use crate::table::{EU, Says, TNG, Table, delete, get, post};
use lintas::exchange::dgcg::{Dialect, write_message};
use lintas::model::Country;
use lintas::server::gateway::hub::Joining;
use lintas::trust::Role;

const PATH: &str = "/signerCertificate";

#[actix_web::test]
async fn requests_are_counted_by_pattern_and_refusals_logged_without_what_was_sent() {
    let ground = Ground::start().await;
    let mut table = Table::of("counted", &ground);
    let xa = &ground.xa;
    let foreign = xa.names(&ground.xb.signer());
    let good = xa.names(&xa.signer());
    table
        .row(EU, post(xa, PATH, &good), 201, Says::Nothing)
        .await;
    table
        .row(EU, post(xa, PATH, &foreign), 400, Says::Code("0x004"))
        .await;
    table
        .row(
            TNG,
            get(xa, "/trustList/DSC/XA"),
            200,
            Says::That(&|_| true),
        )
        .await;
    table
        .row(TNG, get(xa, "/nowhere/at/all"), 404, Says::Code(""))
        .await;
    table.end();
    let metrics = read(ground.gateway.client.get(&ground.gateway.metrics))
        .await
        .text;
    for (dialect, route, status) in [
        ("eu", PATH, 201),
        ("eu", PATH, 400),
        ("tng", "/trustList/{type}/{country}", 200),
        ("tng", "unmatched", 404),
    ] {
        let row = format!(
            "lintas_federation_requests_total{{dialect=\"{dialect}\",route=\"{route}\",status=\"{status}\"}}"
        );
        assert!(metrics.contains(&row), "{row}");
    }
    assert!(logged().contains("XA is refused: UploadFailed"));
    for sent in [&foreign, &good] {
        assert!(!logged().contains(&sent[..60]));
    }
    let store = ground.gateway.gateway().records().unwrap().store();
    let audit = store.audit_rows(0, 1000).await.unwrap();
    let told = |event: &str| {
        let mut rows = audit.iter();
        rows.any(|row| row.event.event == event && row.event.actor == "party:XA")
    };
    assert!(told("signer.uploaded"));
    ground.ends().await;
}

#[actix_web::test]
async fn a_strict_gateway_refuses_what_is_outside_the_profile() {
    let ground = Ground::configured("strict_uploads = true", |_| {}).await;
    let mut table = Table::of("strict", &ground);
    let xa = &ground.xa;
    let brief = brief_signer(xa, &["XA"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let says = |report: &serde_json::Value| {
        let details = report["details"].as_str().unwrap();
        report["code"] == "0x004" && details.contains("valid for less than a day")
    };
    let body = xa.names(&brief);
    table
        .row(EU, post(xa, PATH, &body), 400, Says::That(&says))
        .await;
    table.end();
    ground.ends().await;
}

#[actix_web::test]
async fn what_cannot_be_kept_is_told_so_and_what_is_known_is_still_served() {
    let ground = Ground::start().await;
    let mut table = Table::of("without a store", &ground);
    let xa = &ground.xa;
    let kept = xa.names(&xa.signer());
    table
        .row(EU, post(xa, PATH, &kept), 201, Says::Nothing)
        .await;
    ground
        .gateway
        .gateway()
        .records()
        .unwrap()
        .store()
        .close()
        .await;
    for dialect in [EU, TNG] {
        let body = xa.names(&xa.signer());
        table
            .row(dialect, post(xa, PATH, &body), 500, Says::Code("0x003"))
            .await;
        table
            .row(dialect, delete(xa, PATH, &kept), 500, Says::Code("0x006"))
            .await;
        let one = |list: &serde_json::Value| list.as_array().unwrap().len() == 1;
        table
            .row(dialect, get(xa, "/trustList/DSC"), 200, Says::That(&one))
            .await;
    }
    let body = serde_json::json!({ "cms": xa.names(&xa.signer()), "properties": {} });
    let ask = post(xa, "/trustedCertificate", &body.to_string()).of("application/json");
    table.row(TNG, ask, 500, Says::Code("0x003")).await;
    let named = xa.hands_in(b"{\"uuid\":\"x\"}");
    table
        .row(
            TNG,
            delete(xa, "/trust/reference", &named),
            500,
            Says::Code("0x008"),
        )
        .await;
    table.end();
    ground.ends().await;
}

#[actix_web::test]
async fn what_a_party_hands_in_twice_at_once_is_there_once() {
    let ground = Ground::start().await;
    let xa = &ground.xa;
    let dsc = xa.signer();
    let message = || write_message(&xa.upload.sign(&dsc.der, true));
    let client = ground.client(&xa.tls);
    let sends = (0..6).map(|turn| {
        let dialect = if turn % 2 == 0 { EU } else { TNG };
        let url = format!("{}{PATH}", ground.at(dialect));
        let request = client.post(url).header("content-type", "application/cms");
        read(request.body(message()))
    });
    let answers = futures_util::future::join_all(sends).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    ground.ends().await;
}

#[actix_web::test]
async fn a_certificate_for_tls_that_goes_stays_one_for_uploads() {
    let ground = Ground::start().await;
    let land = Land::new("XD");
    let joins = async |tls: &Identity| {
        let signed =
            |role: Role, it: &Identity| (role, it.der.clone(), ground.anchor.sign(&it.der, false));
        let joining = Joining {
            country: Country::parse("XD").unwrap(),
            name: "backend of XD".to_owned(),
            roles: Vec::new(),
            certificates: vec![
                signed(Role::Authentication, tls),
                signed(Role::Upload, &land.upload),
                signed(Role::Csca, &land.csca),
            ],
        };
        ground
            .keeps(|hub, at| joining.records(hub, at).unwrap())
            .await;
    };
    let believed = async || {
        let gateway = ground.gateway.gateway();
        gateway.follow().await.unwrap();
        gateway.world().snapshot.trust().signers().len()
    };
    // One for both, and later one of its own.
    joins(&land.upload).await;
    let url = format!("{}/signerCertificate", ground.at(Dialect::Eu));
    let body = land.names(&land.signer());
    let request = ground.client(&land.upload).post(url);
    let request = request.header("Content-Type", "application/cms").body(body);
    assert_eq!(request.send().await.unwrap().status(), 201);
    assert_eq!(believed().await, 1);
    joins(&land.tls).await;
    assert_eq!(believed().await, 1);
    ground.ends().await;
}

#[actix_web::test]
async fn a_signer_of_another_domain_signs_no_health_certificate() {
    let ground = Ground::start().await;
    let mut table = Table::of("domains", &ground);
    let xa = &ground.xa;
    let signers = [("DCC", xa.signer()), ("PH4H", xa.signer())];
    for (domain, signer) in &signers {
        let body =
            serde_json::json!({ "cms": xa.names(signer), "domain": domain, "properties": {} });
        let request = post(xa, "/trustedCertificate", &body.to_string());
        let request = request.of("application/json");
        table.row(TNG, request, 201, Says::Nothing).await;
    }
    table.end();
    let gateway = ground.gateway.gateway();
    gateway.follow().await.unwrap();
    let world = gateway.world();
    for (domain, signer) in &signers {
        let mut listed = world.snapshot.trust().signers().iter();
        let dsc = listed
            .find(|dsc| dsc.thumbprint == signer.thumbprint())
            .unwrap();
        let nothing = dsc.purposes.restriction() == Some(&[]);
        assert_eq!(nothing, *domain == "PH4H", "{domain}");
    }
    ground.ends().await;
}
