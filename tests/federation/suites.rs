//! What acceptance suites of others do, by `suites.py`: certificates, messages and HTTP of every kind that is told of them.

use crate::ground::Ground;
use crate::python::{python, value_sets};
use crate::support::skipped;
use crate::table::{EU, TNG};
use lintas::model::Country;
use lintas::server::gateway::hub::{Joining, PartyRole};
use lintas::trust::Role;
use std::fs;
use std::path::Path;
use std::process::Command;

#[actix_web::test]
async fn suites_of_others_pass() {
    let Some(python) = python() else {
        skipped("no Python with requests, asn1crypto and cryptography");
        return;
    };
    let ground = Ground::configured("", value_sets).await;
    ground.keeps_time();
    for land in [&ground.xa, &ground.xb] {
        ground.leaves(land).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let runs = |arguments: &[&str]| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/federation/suites.py");
        let mut command = Command::new(&python);
        command.arg(script).args(arguments);
        async move {
            let done = actix_web::rt::task::spawn_blocking(move || command.output().unwrap());
            let done = done.await.unwrap();
            let texts = [done.stdout, done.stderr].map(|it| String::from_utf8(it).unwrap());
            assert!(done.status.success(), "{}{}", texts[0], texts[1]);
            texts[0].clone()
        }
    };
    let path = folder.path().to_str().unwrap();
    runs(&["make", path]).await;
    let ca = ground.gateway.data.path().join("tls/ca.pem");
    fs::copy(ca, folder.path().join("ca.pem")).unwrap();
    for country in ["XA", "XB", "DX"] {
        joins(&ground, country, &folder.path().join(country)).await;
    }
    let done = runs(&["run", &ground.at(EU), &ground.at(TNG), path]).await;
    assert!(done.ends_with("every suite passes\n"), "{done}");
    eprintln!("{} things done", done.lines().count() - 1);
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
