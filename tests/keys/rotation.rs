//! Signers come, take over from each other, and go; and what keeps one from signing.

use crate::land::{
    DAY_S, Land, NAME, Person, add, code, config, gateway, passphrase, seal, sign, stands,
};
use crate::support::country::{Identity, Participant, entry};
use lintas::crypto::sha256;
use lintas::exchange::{Record, RecordKind};
use lintas::failure::Code;
use lintas::model::{Country, Purpose, Thumbprint, UnixTime};
use lintas::server::gateway::registry::OperatorRole;
use lintas::server::gateway::{Clock, Gateway};
use lintas::server::keys::Ceremony;
use lintas::trust::{Place, Role, Statement};
use std::fs;

fn thumbprint(certificate: &[u8]) -> Thumbprint {
    Thumbprint(sha256(certificate))
}

#[actix_web::test]
async fn a_new_signer_waits_and_what_it_signs_is_accepted_everywhere() {
    let land = Land::open("").await;
    let none = land.ready("3174001").err().unwrap();
    assert_eq!(none.code(), Code::NoSignerReady);
    let certificate = land.new_key(&["vaccination"], "all", "2026Q2");
    let preview = land.does(add(&certificate, "all", "2026Q2")).await;
    assert_eq!(preview["cohort"], "vaccination all 2026Q2");
    assert_eq!(
        (&preview["live"], &preview["live_afterwards"]),
        (&0.into(), &1.into())
    );
    land.passes(2 * DAY_S - 1);
    let waits = land.ready("3174001").err().unwrap();
    assert!(waits.detail().ends_with(" waits"), "{waits}");
    land.passes(1);
    let ready = land.ready("3174001").unwrap();
    assert_eq!(ready.dsc.thumbprint, thumbprint(&certificate));
    let text = sign(&ready, land.now());
    land.gateway.refresh();
    assert!(land.accepts(&text));
    // Not for other kinds.
    let other = land
        .gateway
        .ready_signer(Purpose::Test, "3174001", land.now());
    assert_eq!(code(other), Code::NoSignerReady);
    // A node without the key believes it, and does not sign.
    let node = config(land.folder.path(), "");
    let node = lintas::server::config::Config {
        roles: lintas::server::config::Roles::named(&["verify"]).unwrap(),
        ..node
    };
    let node = Gateway::open_with_records(&node, Clock::Moved(land.clock))
        .await
        .unwrap();
    let elsewhere = node.ready_signer(Purpose::Vaccination, "3174001", land.now());
    assert!(
        elsewhere
            .err()
            .unwrap()
            .detail()
            .ends_with("has its key elsewhere")
    );
    assert_eq!(
        node.world().snapshot.id(),
        land.gateway.world().snapshot.id()
    );
    node.records().unwrap().store().close().await;
    land.ends().await;
}

#[actix_web::test]
async fn one_quarter_hands_over_to_the_next_without_a_gap() {
    let land = Land::open("").await;
    let old = land.new_key(&["vaccination"], "all", "2026Q2");
    land.does(add(&old, "all", "2026Q2")).await;
    land.passes(2 * DAY_S);
    let first = sign(&land.ready("").unwrap(), land.now());
    // On 20 June comes the signer of the quarter that begins on 1 July.
    land.passes(17 * DAY_S);
    let new = land.new_key(&["vaccination"], "all", "2026Q3");
    land.does(add(&new, "all", "2026Q3")).await;
    let mut signed = Vec::new();
    let mut last = thumbprint(&old);
    for _ in 0..(14 * 24) {
        land.passes(3600);
        let ready = land.ready("").unwrap();
        if ready.dsc.thumbprint != last {
            assert_eq!(
                (last, ready.dsc.thumbprint),
                (thumbprint(&old), thumbprint(&new))
            );
            assert_eq!(land.now().to_string(), "2026-07-01T00:00:00Z");
            last = ready.dsc.thumbprint;
        }
        signed.push(sign(&ready, land.now()));
    }
    assert_eq!(last, thumbprint(&new));
    land.gateway.refresh();
    assert!(land.accepts(&first) && signed.iter().all(|text| land.accepts(text)));
    // What is retired signs no more, and what it signed holds.
    land.does(stands("key.retire", &old)).await;
    land.gateway.refresh();
    assert!(land.accepts(&first));
    // A compromised one is frozen, and nobody takes its place unasked.
    land.does(stands("key.compromised", &new)).await;
    let frozen = land.ready("").err().unwrap();
    assert_eq!(frozen.code(), Code::NoSignerReady);
    assert!(frozen.detail().contains("is compromised") && frozen.detail().contains("is retired"));
    let keyring = land.gateway.keyring();
    assert_eq!(keyring.compromised(), [thumbprint(&new)].into());
    let back = land.asks(&land.ana, stands("key.retire", &new)).await;
    assert_eq!(code(back), Code::RequestInvalid);
    land.ends().await;
}

#[actix_web::test]
async fn regions_have_signers_of_their_own() {
    let land = Land::open("waiting_h = 0\n[keys.regions]\n\"3\" = \"java\"").await;
    let java = land.new_key(&["vaccination"], "java", "2026Q2");
    let all = land.new_key(&["vaccination"], "all", "2026Q2");
    land.does(add(&java, "java", "2026Q2")).await;
    let elsewhere = land.ready("9101").err().unwrap();
    assert!(elsewhere.detail().ends_with("there is no signer"));
    land.does(add(&all, "all", "2026Q2")).await;
    for (facility, certificate) in [("3174001", &java), ("9101", &all)] {
        let ready = land.ready(facility).unwrap();
        assert_eq!(ready.dsc.thumbprint, thumbprint(certificate));
    }
    let bali = land.new_key(&["vaccination"], "bali", "2026Q2");
    let unknown = land.asks(&land.ana, add(&bali, "bali", "2026Q2")).await;
    assert_eq!(code(unknown), Code::RequestInvalid);
    land.ends().await;
}

#[actix_web::test]
async fn who_may_not_sign_is_not_taken_in() {
    let land = Land::open("max_live = 1").await;
    let good = land.new_key(&["vaccination"], "all", "2026Q2");
    // Another CA of the same name.
    let strange = Ceremony::at(&land.folder.path().join("strange"));
    let country = Country::parse("ID").unwrap();
    strange
        .make(
            country,
            NAME,
            &passphrase("correct horse battery"),
            land.now(),
        )
        .unwrap();
    let requests = fs::read_dir(land.folder.path().join("data/keys/dsc")).unwrap();
    let request = requests
        .map(|it| it.unwrap().path())
        .find(|it| it.extension().unwrap() == "csr");
    let request = fs::read(request.unwrap()).unwrap();
    let by_stranger = strange.answer(&request, &passphrase("correct horse battery"), land.now());
    let folder = land.folder.path().join("strange.pem");
    fs::write(&folder, by_stranger.unwrap().pem).unwrap();
    let by_stranger = lintas::server::keys::certificate_of(&folder).unwrap();
    let refused = land
        .asks(&land.ana, add(&by_stranger, "all", "2026Q2"))
        .await;
    assert_eq!(code(refused), Code::ChainInvalid);
    // For something else than its certificate says, of another country, an authority.
    let test = land.new_key(&["test"], "all", "2026Q2");
    let thai =
        Participant::new("TH")
            .csca
            .issue("TH", "DSC", &[&[1, 3, 6, 1, 4, 1, 1847, 2021, 1, 2]]);
    let csca =
        lintas::server::keys::certificate_of(&land.folder.path().join("ca/csca.pem")).unwrap();
    for certificate in [&test, &thai.der, &csca] {
        let refused = land
            .asks(&land.ana, add(certificate, "all", "2026Q2"))
            .await;
        assert_eq!(code(refused), Code::RequestInvalid);
    }
    // Nobody does it alone, and only in the role.
    let asked = land
        .asks(&land.ana, add(&good, "all", "2026Q2"))
        .await
        .unwrap();
    assert_eq!(
        code(land.approves(&land.ana, &asked).await),
        Code::ApprovalNotApart
    );
    let (citra, dewi) = (Person::new("citra"), Person::new("dewi"));
    land.does(citra.joins(&[OperatorRole::Operate, OperatorRole::Approve]))
        .await;
    land.does(dewi.joins(&[OperatorRole::Keys])).await;
    assert_eq!(
        code(land.asks(&citra, add(&good, "all", "2026Q2")).await),
        Code::Forbidden
    );
    let by_keys = land.asks(&dewi, add(&good, "all", "2026Q2")).await.unwrap();
    land.gateway
        .refuse(&dewi.certificate(), &by_keys.id, "another time")
        .await
        .unwrap();
    land.approves(&citra, &asked).await.unwrap();
    // Not twice, and no more than may be.
    let again = land.asks(&land.ana, add(&good, "all", "2026Q2")).await;
    assert_eq!(code(again), Code::RequestInvalid);
    let second = land.new_key(&["vaccination"], "all", "2026Q3");
    let full = land
        .asks(&land.ana, add(&second, "all", "2026Q3"))
        .await
        .err()
        .unwrap();
    assert!(full.detail().contains("retire some first"), "{full}");
    land.does(stands("key.retire", &good)).await;
    land.does(add(&second, "all", "2026Q3")).await;
    land.ends().await;
}

#[actix_web::test]
async fn without_its_passphrase_a_gateway_does_not_start_and_a_strange_file_signs_nothing() {
    let land = Land::open("waiting_h = 0").await;
    let certificate = land.new_key(&["vaccination"], "all", "2026Q2");
    land.does(add(&certificate, "all", "2026Q2")).await;
    land.ready("").unwrap();
    let closed = config(
        land.folder.path(),
        "[keys]\npassphrase = \"credential:dsc\"",
    );
    let closed = Gateway::open(&closed, Clock::Moved(land.clock));
    assert_eq!(code(closed), Code::KeySealed);
    // Another passphrase: it starts, and has no key.
    seal(
        &land.folder.path().join("passphrase"),
        b"another passphrase",
    );
    let other = gateway(land.folder.path(), "waiting_h = 0", land.clock)
        .await
        .unwrap();
    let refused = other.ready_signer(Purpose::Vaccination, "", land.now());
    assert!(
        refused
            .err()
            .unwrap()
            .detail()
            .ends_with("has its key elsewhere")
    );
    other.records().unwrap().store().close().await;
    land.ends().await;
}

#[actix_web::test]
async fn a_signer_waits_until_the_gateways_where_it_is_handed_in_name_it() {
    let anchor = Identity::self_signed("EU", "Trust anchor", true);
    let feeds = format!(
        "[[feed]]\nid = \"eu\"\nkind = \"dgcg\"\nenvironment = \"test\"\nurl = \"https://eu.example\"\n\
         dialect = \"eu\"\nanchors = [\"{}\"]\ntake = [\"signers\"]\nserver_certificate = \"ca.pem\"\n\
         client_certificate = \"feeds/tls.pem\"\nclient_key = \"feeds/tls.key\"\n\
         upload_certificate = \"feeds/up.pem\"\nupload_key = \"feeds/up.key\"\n",
        anchor.thumbprint()
    );
    let keys = "waiting_h = 0\n[trust]\nfeeds = \"feeds.toml\"\nask_feeds = false\n";
    let land = Land::prepared(keys, |folder| {
        fs::write(folder.join("feeds.toml"), feeds).unwrap()
    })
    .await;
    let certificate = land.new_key(&["vaccination"], "all", "2026Q2");
    land.does(add(&certificate, "all", "2026Q2")).await;
    let unseen = land.ready("").err().unwrap();
    assert!(
        unseen.detail().ends_with("is not seen abroad yet"),
        "{unseen}"
    );
    let upload = Identity::self_signed("ID", "NBup", false);
    let csca =
        lintas::server::keys::certificate_of(&land.folder.path().join("ca/csca.pem")).unwrap();
    let said = |role, der: &[u8], by: &Identity| Statement {
        place: Place {
            document: "list".to_owned(),
            position: 1,
        },
        role,
        country: "ID".to_owned(),
        kid: None,
        thumbprint: Some(thumbprint(der)),
        certificate: der.to_vec(),
        signature: by.sign(der, false),
        taken_in_at: UnixTime::from_seconds(1_780_272_000),
    };
    let record = |statement: Statement| Record {
        kind: RecordKind::TrustListEntry,
        source: "eu".to_owned(),
        name: thumbprint(&statement.certificate).to_string(),
        country: Country::parse("ID"),
        received_at: land.now(),
        body: entry(&statement).into_bytes(),
    };
    let records = [
        record(said(Role::Csca, &csca, &anchor)),
        record(said(Role::Upload, &upload.der, &anchor)),
        record(said(Role::Signer, &certificate, &upload)),
    ];
    let store = land.gateway.records().unwrap().store();
    store.append(&records[..2], &[], None).await.unwrap();
    land.gateway.follow().await.unwrap();
    assert_eq!(code(land.ready("")), Code::NoSignerReady);
    store.append(&records[2..], &[], None).await.unwrap();
    land.gateway.follow().await.unwrap();
    land.ready("").unwrap();
    land.ends().await;
}
