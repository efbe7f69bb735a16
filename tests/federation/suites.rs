//! What acceptance suites of others do, by `suites.py`: certificates, messages and HTTP of every kind that is told of them.

use crate::ground::Ground;
use crate::python::value_sets;
use crate::support::country::Identity;
use crate::support::python::python;
use crate::support::vectors_dir;
use crate::table::{EU, Says, TNG, Table, post};
use lintas::exchange::dgcg::{read_message, write_message};
use lintas::failure::Code;
use lintas::model::Country;
use lintas::server::gateway::hub::{Joining, PartyRole};
use lintas::trust::Role;
use std::fs;
use std::path::Path;
use std::process::Command;

#[actix_web::test]
async fn suites_of_others_pass() {
    let Some(python) = python("asn1crypto, cryptography, requests") else {
        return;
    };
    let ground = Ground::configured("", value_sets).await;
    ground.keeps_time();
    for land in [&ground.xa, &ground.xb] {
        ground.leaves(land).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let runs = |script: &str, arguments: &[&str]| {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/federation");
        let script = scripts.join(script);
        let mut command = Command::new(&python);
        command.arg("-B").arg(script).args(arguments);
        async move {
            let done = actix_web::rt::task::spawn_blocking(move || command.output().unwrap());
            let done = done.await.unwrap();
            let texts = [done.stdout, done.stderr].map(|it| String::from_utf8(it).unwrap());
            assert!(done.status.success(), "{}{}", texts[0], texts[1]);
            texts[0].clone()
        }
    };
    let path = folder.path().to_str().unwrap();
    runs("suite_land.py", &[path]).await;
    let ca = ground.gateway.data.path().join("tls/ca.pem");
    fs::copy(ca, folder.path().join("ca.pem")).unwrap();
    for country in ["XA", "XB", "DX"] {
        joins(&ground, country, &folder.path().join(country)).await;
    }
    let done = runs("suites.py", &[&ground.at(EU), &ground.at(TNG), path]).await;
    assert!(done.ends_with("every suite passes\n"), "{done}");
    eprintln!("{} things done", done.lines().count() - 1);
    ground.ends().await;
}

#[actix_web::test]
async fn messages_of_the_eu_gateways_library_are_taken_in() {
    let Some(vectors) = vectors_dir() else { return };
    let text = fs::read_to_string(vectors.join("dgcg/bc_full.b64")).unwrap();
    let message = read_message(text.as_bytes()).unwrap();
    let ground = Ground::start().await;
    let mut table = Table::of("BouncyCastle", &ground);
    let xa = &ground.xa;
    let ask = |path: &str| post(xa, path, &text).of("application/cms-text");
    let stranger = ["0x000", "Invalid Upload Certificate", "", ""];
    let says = Says::Report(stranger);
    table
        .row(EU, ask("/revocation-list/delete"), 403, says)
        .await;
    let signed = |role: Role, der: &[u8]| (role, der.to_vec(), ground.anchor.sign(der, false));
    let joining = Joining {
        country: Country::parse("XA").unwrap(),
        name: "backend of XA".to_owned(),
        roles: PartyRole::ALL.to_vec(),
        certificates: vec![
            signed(Role::Authentication, &xa.tls.der),
            signed(Role::Upload, &message.certificate),
        ],
    };
    ground
        .keeps(|hub, at| joining.records(hub, at).unwrap())
        .await;
    // It is over a batch that is called x.
    let batch = [
        "0x000",
        "Delete Request has invalid values.",
        "",
        "batchId: a UUID in lower case",
    ];
    let rule = ["0x250", "ID-String is invalid", "", ""];
    for dialect in [EU, TNG] {
        for (path, report) in [("/revocation-list/delete", batch), ("/rules/delete", rule)] {
            table
                .row(dialect, ask(path), 400, Says::Report(report))
                .await;
        }
        let signer = post(xa, "/signerCertificate", &text);
        table.row(dialect, signer, 400, Says::Code("0x402")).await;
    }
    table.end();
    ground.ends().await;
}

#[actix_web::test]
async fn a_party_may_not_sign_uploads_with_its_ca() {
    let ground = Ground::start().await;
    let xa = &ground.xa;
    let signed =
        |role: Role, it: &Identity| (role, it.der.clone(), ground.anchor.sign(&it.der, false));
    let joining = |upload: &Identity| Joining {
        country: Country::parse("XA").unwrap(),
        name: "backend of XA".to_owned(),
        roles: Vec::new(),
        certificates: vec![
            signed(Role::Authentication, &xa.tls),
            signed(Role::Csca, &xa.csca),
            signed(Role::Upload, upload),
        ],
    };
    let hub = ground.gateway.gateway().hub();
    let refused = joining(&xa.csca).records(&hub, ground.now());
    assert_eq!(refused.unwrap_err().code(), Code::RequestInvalid);
    // One that says that it is a CA, and issues nothing, is as good as any.
    let other = Identity::self_signed("XA", "NBup", true);
    ground
        .keeps(|hub, at| joining(&other).records(hub, at).unwrap())
        .await;
    let message = write_message(&other.sign(&xa.signer().der, true));
    let mut table = Table::of("an upload certificate that is a CA", &ground);
    let asked = post(xa, "/signerCertificate", &message);
    table.row(EU, asked, 201, Says::Nothing).await;
    table.end();
    ground.ends().await;
}

/// The country whose certificates lie in `folder` becomes a party.
async fn joins(ground: &Ground, country: &str, folder: &Path) {
    let signed = |role: Role, name: &str| {
        let der = fs::read(folder.join(name)).ok()?;
        let signature = ground.anchor.sign(&der, false);
        Some((role, der, signature))
    };
    let certificates = [
        signed(Role::Authentication, "tls.der"),
        signed(Role::Upload, "upload.der"),
        signed(Role::Csca, "csca.der"),
        signed(Role::Csca, "csca2.der"),
    ];
    let joining = Joining {
        country: Country::parse(country).unwrap(),
        name: format!("suite of {country}"),
        roles: PartyRole::ALL.to_vec(),
        certificates: certificates.into_iter().flatten().collect(),
    };
    ground
        .keeps(|hub, at| joining.records(hub, at).unwrap())
        .await;
}
