//! A participant's day by a client of another make: `client.py`, with libraries of its own.

use crate::ground::{Ground, Land};
use crate::support::country::Identity;
use crate::support::python::python;
use lintas::exchange::dgcg::Dialect;
use lintas::exchange::write_pem;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

#[actix_web::test]
async fn a_client_of_another_make_does_a_days_work() {
    let Some(python) = python("asn1crypto, cryptography, requests") else {
        return;
    };
    let ground = Ground::configured("", value_sets).await;
    ground.keeps_time();
    for dialect in Dialect::ALL {
        let folder = tempfile::tempdir().unwrap();
        furnish(&ground, &ground.xa, folder.path());
        let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/federation/client.py");
        let mut day = Command::new(&python);
        day.arg(client)
            .arg(dialect.name())
            .arg(ground.at(dialect))
            .arg(folder.path());
        let done = actix_web::rt::task::spawn_blocking(move || day.output().unwrap());
        let done = done.await.unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr),
        );
        assert!(done.status.success(), "{}: {out}{err}", dialect.name());
        assert!(out.ends_with("a day's work is done\n"), "{out}");
        eprintln!(
            "{}: {} things done",
            dialect.name(),
            out.lines().count() - 1
        );
    }
    ground.ends().await;
}

/// One value set, so that there is something to read.
pub(crate) fn value_sets(data: &Path) {
    let folder = data.join("valuesets");
    fs::create_dir_all(&folder).unwrap();
    let set = r#"{"valueSetId":"disease-agent-targeted","valueSetDate":"2021-04-27","valueSetValues":{"840539006":
        {"display":"COVID-19","lang":"en","active":true,"system":"http://snomed.info/sct","version":"x"}}}"#;
    fs::write(folder.join("disease-agent-targeted.json"), set).unwrap();
}

/// What `client.py` needs, as `land`.
fn furnish(ground: &Ground, land: &Land, folder: &Path) {
    let ca = ground.gateway.data.path().join("tls/ca.pem");
    fs::copy(ca, folder.join("ca.pem")).unwrap();
    write(folder, "anchor", &ground.anchor);
    write(folder, "tls", &land.tls);
    write(folder, "upload", &land.upload);
    write(folder, "csca", &land.csca);
}

fn write(folder: &Path, name: &str, identity: &Identity) {
    let pem = write_pem("CERTIFICATE", &identity.der);
    fs::write(folder.join(format!("{name}.pem")), pem).unwrap();
    let key = folder.join(format!("{name}.key"));
    fs::write(&key, identity.key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
}
