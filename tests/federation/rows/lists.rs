//! Countries, trusted issuers, value sets, and what other gateways list.

use crate::ground::{Ground, Land};
use crate::support::country::{Identity, stated};
use crate::table::{EU, Says, TNG, Table, get};
use lintas::exchange::RecordKind;
use lintas::exchange::dgcg::{TrustedIssuer, write_issuer, write_message, write_statement};
use lintas::model::Country;
use lintas::server::gateway::hub::StoredIssuer;
use lintas::trust::Role;
use serde_json::{Map, Value, json};
use std::path::Path;

const VALUE_SET: &str = "{ \"valueSetId\":\"disease-agent-targeted\",\"valueSetDate\":\"2021-04-27\", \
    \"valueSetValues\":{\"840539006\":{\"display\":\"COVID-19\",\"lang\":\"en\",\"active\":true,\
    \"system\":\"http://snomed.info/sct\",\"version\":\"http://snomed.info/sct/900000000000207008/version/20210131\"}} }\n";

pub(crate) async fn rows() -> usize {
    let peer = Identity::self_signed("EU", "peer anchor", false);
    let fingerprint = peer.thumbprint();
    let furnish = move |data: &Path| {
        let folder = data.join("valuesets");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("disease.json"), VALUE_SET).unwrap();
        std::fs::write(folder.join("broken.json"), "{").unwrap();
        std::fs::write(folder.join("README.txt"), "not read").unwrap();
        let feeds = format!(
            "[[feed]]\nid = \"peer\"\nkind = \"dgcg\"\nenvironment = \"test\"\nurl = \"https://peer.example\"\n\
             dialect = \"eu\"\nclient_certificate = \"client.pem\"\nclient_key = \"client.key\"\n\
             server = \"web\"\nanchors = [\"{fingerprint}\"]\ntest_participants = true\n"
        );
        std::fs::write(data.join("feeds.toml"), feeds).unwrap();
    };
    let ground = Ground::configured("", furnish).await;
    let mut table = Table::of("lists", &ground);
    value_sets(&mut table, &ground).await;
    issuers(&mut table, &ground).await;
    federated(&mut table, &ground, &peer).await;
    let rows = table.end();
    ground.ends().await;
    rows
}

async fn value_sets(table: &mut Table<'_>, ground: &Ground) {
    let xa = &ground.xa;
    let foreign = VALUE_SET.replace("disease-agent-targeted", "country-2-codes");
    let kind = RecordKind::ValueSet;
    ground
        .hears("peer", kind, "country-2-codes", foreign.as_bytes())
        .await;
    // The own one counts, whatever others have under its name.
    ground
        .hears("peer", kind, "disease-agent-targeted", b"{}")
        .await;
    for dialect in [EU, TNG] {
        let countries = Says::Json(json!(["XA", "XB", "XC"]));
        table
            .row(dialect, get(xa, "/countrylist"), 200, countries)
            .await;
        let ids = Says::Json(json!(["country-2-codes", "disease-agent-targeted"]));
        table.row(dialect, get(xa, "/valuesets"), 200, ids).await;
        let ask = get(xa, "/valuesets/disease-agent-targeted");
        let answer = table.row(dialect, ask, 200, Says::Text(VALUE_SET)).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        let ask = get(xa, "/valuesets/country-2-codes");
        table.row(dialect, ask, 200, Says::Text(&foreign)).await;
        for id in ["broken", "DISEASE-AGENT-TARGETED"] {
            let sent = format!("Requested valueset id {id}");
            let says = Says::Report(["0x100", "Valueset not found", &sent, ""]);
            let ask = get(xa, &format!("/valuesets/{id}"));
            table.row(dialect, ask, 404, says).await;
        }
    }
}

fn issuer(ground: &Ground, number: u8, country: &str, eu: bool, tng: bool) -> StoredIssuer {
    let url = format!("https://issuer{number}.example/trust");
    let text = format!("{country};Ministry;{url};HTTP");
    let sign = |text: &str| ground.anchor.sign(text.as_bytes(), false);
    let issuer = TrustedIssuer {
        url,
        kind: "HTTP".to_owned(),
        country: Country::parse(country).unwrap(),
        country_text: country.to_owned(),
        name: "Ministry".to_owned(),
        thumbprint: None,
        domain: (number == 2).then(|| "DICVP".to_owned()),
        taken_in_at: None,
        signature: Vec::new(),
        more: Map::new(),
    };
    let eu = eu.then(|| sign(&format!("{text};")));
    let tng = tng.then(|| sign(&text));
    StoredIssuer::new(issuer, eu, tng, &[ground.anchor.thumbprint()]).unwrap()
}

async fn issuers(table: &mut Table<'_>, ground: &Ground) {
    let xa = &ground.xa;
    for dialect in [EU, TNG] {
        let none = Says::Json(json!([]));
        table
            .row(dialect, get(xa, "/trustList/issuers"), 200, none)
            .await;
    }
    let issuers = [
        issuer(ground, 1, "XA", true, true),
        issuer(ground, 2, "XB", true, false),
        issuer(ground, 3, "XB", false, true),
    ];
    for issuer in &issuers {
        ground.keeps(|_, at| vec![issuer.record(at)]).await;
    }
    let first = json!({
        "url": "https://issuer1.example/trust", "type": "HTTP", "country": "XA", "thumbprint": null,
        "timestamp": ground.now().to_string(), "name": "Ministry", "domain": "DCC",
        "sslPublicKey": null, "keyStorageType": null,
    });
    let is_first = |row: &Value| {
        let members = first.as_object().unwrap().iter();
        let mut same = members.map(|(name, value)| row.get(name) == Some(value));
        same.all(|it| it)
            && row["uuid"].as_str().unwrap().len() == 36
            && row.as_object().unwrap().len() == 11
    };
    let (eu, tng) = (
        write_message(issuers[0].signature_eu.as_ref().unwrap()),
        write_message(issuers[0].signature_tng.as_ref().unwrap()),
    );
    for (dialect, signature) in [(EU, eu), (TNG, tng)] {
        let says = |list: &Value| {
            list.as_array().unwrap().len() == 2
                && is_first(&list[0])
                && list[0]["signature"] == signature
        };
        table
            .row(
                dialect,
                get(xa, "/trustList/issuers"),
                200,
                Says::That(&says),
            )
            .await;
    }
    for (query, eu, tng) in [
        ("country=XA", &[1][..], &[1][..]),
        ("country=xb", &[2], &[3]),
        ("country=XA,XB", &[1, 2], &[1, 3]),
        ("country=XA&country=XB", &[1, 2], &[1, 3]),
        ("country=QQ", &[], &[]),
        ("domain=DICVP", &[1, 2], &[]),
        ("domain=DCC", &[1, 2], &[1, 3]),
        ("withFederation=false", &[1, 2], &[1, 3]),
    ] {
        for (dialect, numbers) in [(EU, eu), (TNG, tng)] {
            let urls: Vec<_> = numbers
                .iter()
                .map(|it| format!("https://issuer{it}.example/trust"))
                .collect();
            let says = |list: &Value| {
                let rows = list.as_array().unwrap().iter();
                rows.map(|row| row["url"].as_str().unwrap()).eq(urls.iter())
            };
            let ask = get(xa, &format!("/trustList/issuers?{query}"));
            table.row(dialect, ask, 200, Says::That(&says)).await;
        }
    }
    for country in ["X", "XXA", "XA,B"] {
        for dialect in [EU, TNG] {
            let ask = get(xa, &format!("/trustList/issuers?country={country}"));
            table.row(dialect, ask, 400, Says::Code("0x001")).await;
        }
    }
    let ask = get(xa, "/trustList/issuers?withFederation=maybe");
    table.row(TNG, ask, 400, Says::Code("0x001")).await;
}

/// A gateway that is a feed of ours says these things; only the other dialect passes them on, and only where it is asked to.
async fn federated(table: &mut Table<'_>, ground: &Ground, peer: &Identity) {
    let xa = &ground.xa;
    let far = Land::new("XE");
    let signer = far.signer();
    let unproven = far.signer();
    let kind = RecordKind::TrustListEntry;
    let stranger = Identity::self_signed("XE", "NBup", false);
    for (role, certificate, by) in [
        (Role::Csca, &far.csca, peer),
        (Role::Upload, &far.upload, peer),
        (Role::Authentication, &far.tls, peer),
        (Role::Signer, &signer, &far.upload),
        (Role::Signer, &unproven, &stranger),
    ] {
        let statement = stated(role, "XE", certificate, by);
        let name = certificate.thumbprint().to_string();
        let body = write_statement(&statement).to_string();
        ground.hears("peer", kind, &name, body.as_bytes()).await;
    }
    let url = "https://far.example/trust";
    let elsewhere = TrustedIssuer {
        url: url.to_owned(),
        kind: "HTTP".to_owned(),
        country: Country::parse("XE").unwrap(),
        country_text: "XE".to_owned(),
        name: "Far".to_owned(),
        thumbprint: None,
        domain: None,
        taken_in_at: None,
        signature: peer.sign(format!("XE;Far;{url};HTTP;").as_bytes(), false),
        more: Map::new(),
    };
    let body = write_issuer(&elsewhere).to_string();
    ground
        .hears("peer", RecordKind::TrustedIssuer, url, body.as_bytes())
        .await;
    let groups = |list: &Value| {
        let rows = list.as_array().unwrap().iter();
        let far = rows.filter(|row| row["sourceGateway"] == "peer" && row["country"] == "XE");
        let mut groups: Vec<_> = far
            .map(|row| row["group"].as_str().unwrap().to_owned())
            .collect();
        groups.sort();
        groups
    };
    let all = |list: &Value| groups(list) == ["CSCA", "DSC", "UPLOAD"];
    let path = "/trustList/certificate?withFederation=true";
    let rows = table
        .row(TNG, get(xa, path), 200, Says::That(&all))
        .await
        .json();
    let mut rows = rows.as_array().unwrap().iter();
    let dsc = rows
        .find(|row| row["group"] == "DSC" && row["country"] == "XE")
        .unwrap();
    assert_eq!(dsc["certificate"], write_message(&signer.der));
    let only = |list: &Value| groups(list) == ["DSC"] && list.as_array().unwrap().len() == 1;
    let path = "/trustList/certificate?withFederation=true&country=xe&group=DSC";
    table.row(TNG, get(xa, path), 200, Says::That(&only)).await;
    for path in [
        "/trustList/certificate",
        "/trustList/certificate?withFederation=false",
    ] {
        let none = |list: &Value| groups(list).is_empty();
        table.row(TNG, get(xa, path), 200, Says::That(&none)).await;
    }
    let ask = get(xa, "/trustList/certificate?country=XE");
    table.row(TNG, ask, 200, Says::Json(json!([]))).await;
    for dialect in [EU, TNG] {
        for path in ["/trustList/DSC/XE", "/trustList/CSCA/XE"] {
            table
                .row(dialect, get(xa, path), 200, Says::Json(json!([])))
                .await;
        }
    }
    let path = "/trustList/issuers?country=XE&withFederation=true";
    let far = |list: &Value| {
        list.as_array().unwrap().len() == 1
            && list[0]["url"] == url
            && list[0]["sourceGateway"] == "peer"
    };
    table.row(TNG, get(xa, path), 200, Says::That(&far)).await;
    table
        .row(EU, get(xa, path), 200, Says::Json(json!([])))
        .await;
}
