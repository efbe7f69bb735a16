//! The program itself: two people at two keyboards, and a gateway that is killed between them.

use crate::support::openssl::OpenSsl;
use crate::support::program::{Serving, complained, lintas, said};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

const TOML: &str =
    "[listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("lintas.toml"), TOML).unwrap();
    place
}

/// What stands behind `word` on a line of its own.
fn behind(output: &Output, word: &str) -> String {
    let text = said(output);
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    found
        .unwrap_or_else(|| panic!("no {word} in {text}"))
        .to_owned()
}

fn succeeded(output: Output) -> Output {
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    output
}

/// The machine code of a command that failed as `EX_USAGE`.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(64), "{}", said(output));
    let text = complained(output);
    let code = text.split("lintas: ").nth(1).unwrap().split(':').next();
    code.unwrap().to_owned()
}

fn private(folder: &Path, name: &str, content: &[u8], mode: u32) {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn two_people_and_a_gateway_that_is_killed_between_them() {
    let place = place();
    let folder = place.path();
    assert_eq!(
        refused(&lintas(folder, &["init", "--operator", "ana=ana.pem"])),
        "request_invalid"
    );
    let enrolled = said(&succeeded(lintas(folder, &["init"])));
    let ids: Vec<_> = enrolled
        .lines()
        .filter_map(|it| it.split(' ').next())
        .collect();
    assert_eq!(ids, ["first", "second"]);
    assert_eq!(refused(&lintas(folder, &["init"])), "request_invalid");
    let mode = fs::metadata(folder.join("lintas-data/operators/first.key"));
    assert_eq!(mode.unwrap().permissions().mode() & 0o777, 0o600);

    let serving = Serving::start(folder);
    let add = [
        "clients",
        "add",
        "airline",
        "--scopes",
        "verify:gate",
        "--units-per-minute",
        "600",
    ];
    let asked = succeeded(serving.asked_by(folder, "first", &add));
    let (id, hash) = (behind(&asked, "request"), behind(&asked, "hash"));
    assert_eq!(behind(&asked, "token").len(), 43);
    let alone = serving.asked_by(folder, "first", &["approvals", "approve", &id]);
    assert_eq!(refused(&alone), "approval_not_apart");
    drop(serving);

    let serving = Serving::start(folder);
    let open = ["approvals", "list", "--state", "open"];
    let listed = said(&succeeded(serving.asked_by(folder, "second", &open)));
    assert!(
        listed.starts_with(&format!("{id} open: first asked for client.add")),
        "{listed}"
    );
    let shown = succeeded(serving.asked_by(folder, "second", &["approvals", "show", &id]));
    assert_eq!(
        (behind(&shown, "hash"), behind(&shown, "state")),
        (hash.clone(), "open".into())
    );
    let another = ["approvals", "approve", &id, "--hash", &"0".repeat(64)];
    let another = serving.asked_by(folder, "second", &another);
    assert_eq!(refused(&another), "approval_outdated");
    let approve = ["approvals", "approve", &id, "--hash", &hash];
    succeeded(serving.asked_by(folder, "second", &approve));
    let clients = succeeded(serving.asked_by(folder, "second", &["clients", "list"]));
    assert_eq!(said(&clients), "airline: verify:gate, 600 units a minute\n");
    let again = serving.asked_by(folder, "second", &approve);
    assert_eq!(refused(&again), "approval_decided");

    let disable = ["clients", "disable", "airline"];
    let asked = succeeded(serving.asked_by(folder, "second", &disable));
    let refuse = [
        "approvals",
        "refuse",
        &behind(&asked, "request"),
        "--reason",
        "not now",
    ];
    succeeded(serving.asked_by(folder, "first", &refuse));
    let shut = ["operators", "disable", "second"];
    assert_eq!(
        refused(&serving.asked_by(folder, "first", &shut)),
        "request_invalid"
    );
    // A key that others can read is not used.
    let key = folder.join("lintas-data/operators/first.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let open = serving.asked_by(folder, "first", &["operators", "list"]);
    assert_eq!(refused(&open), "configuration_invalid");
    drop(serving);

    succeeded(lintas(folder, &["audit", "verify"]));
    let audit = said(&lintas(folder, &["audit", "show"]));
    for event in [
        "init init first",
        "first request.made",
        "second request.approved",
        "first client.added airline",
        "first request.refused",
    ] {
        assert!(audit.contains(event), "no {event} in {audit}");
    }
}

#[test]
fn operators_may_have_keys_of_other_kinds() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let place = place();
    let folder = place.path();
    let kinds: [(&str, &[&str]); 2] = [
        ("rsa", &["-newkey", "rsa:2048"]),
        (
            "p384",
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"],
        ),
    ];
    for (name, kind) in kinds {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        openssl.self_signed(&key, &certificate, kind);
        private(folder, &certificate, &openssl.file(&certificate), 0o644);
        private(folder, &key, &openssl.file(&key), 0o600);
    }
    openssl.self_signed(
        "p521.key",
        "p521.pem",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp521r1"],
    );
    private(folder, "p521.pem", &openssl.file("p521.pem"), 0o644);
    let odd = [
        "init",
        "--operator",
        "a=rsa.pem",
        "--operator",
        "b=p521.pem",
    ];
    assert_eq!(refused(&lintas(folder, &odd)), "algorithm_unsupported");
    let same = ["init", "--operator", "a=rsa.pem", "--operator", "b=rsa.pem"];
    assert_eq!(refused(&lintas(folder, &same)), "approval_not_apart");
    let init = [
        "init",
        "--operator",
        "rsa=rsa.pem",
        "--operator",
        "p384=p384.pem",
    ];
    succeeded(lintas(folder, &init));
    let serving = Serving::start(folder);
    let settings = |name: &str| {
        format!(
            "gateway = \"{}\"\ncertificate = \"{name}.pem\"\nkey = \"{name}.key\"\n",
            serving.admin
        )
    };
    for (asks, approves) in [("rsa", "p384"), ("p384", "rsa")] {
        fs::write(folder.join("lintas-operator.toml"), settings(asks)).unwrap();
        let asked = succeeded(lintas(
            folder,
            &["clients", "add", asks, "--scopes", "issue"],
        ));
        fs::write(folder.join("lintas-operator.toml"), settings(approves)).unwrap();
        succeeded(lintas(
            folder,
            &["approvals", "approve", &behind(&asked, "request")],
        ));
    }
    let clients = said(&succeeded(lintas(folder, &["clients", "list"])));
    assert_eq!(clients, "p384: issue\nrsa: issue\n");
}

#[test]
fn what_the_trust_anchor_signs_goes_out_and_comes_back() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let place = place();
    let folder = place.path();
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    let usage = ["-addext", "basicConstraints=critical,CA:FALSE"];
    openssl.self_signed("ta.key", "ta.pem", &curve);
    for (name, more) in [("tls", &usage[..]), ("up", &usage[..]), ("csca", &[][..])] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        openssl.self_signed(&key, &certificate, &[&curve[..], more].concat());
        fs::write(folder.join(&certificate), openssl.file(&certificate)).unwrap();
    }
    let add = |country: &'static str, csca: &'static str| {
        [
            "party",
            "add",
            "--country",
            country,
            "--name",
            "Nowhere",
            "--tls",
            "tls.pem",
            "--upload",
            "up.pem",
            "--csca",
            csca,
        ]
    };
    let other = lintas(folder, &add("TH", "csca.pem"));
    assert_eq!(refused(&other), "country_mismatch");
    assert_eq!(
        refused(&lintas(folder, &add("ZZ", "up.pem"))),
        "entry_invalid"
    );
    let out = [&add("ZZ", "csca.pem")[..], &["--out", "sign"]].concat();
    let written = said(&succeeded(lintas(folder, &out)));
    let commands: Vec<_> = written
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(commands.len(), 3);
    let issuer = [
        "party",
        "issuer",
        "add",
        "--url",
        "https://keys.example/zz",
        "--type",
        "HTTP",
        "--country",
        "ZZ",
        "--name",
        "Nowhere",
    ];
    let written = said(&succeeded(lintas(
        folder,
        &[&issuer[..], &["--out", "sign"]].concat(),
    )));
    assert!(
        written.contains("# ZZ;Nowhere;https://keys.example/zz;HTTP;\n"),
        "{written}"
    );
    let texts = written.lines().filter(|line| !line.starts_with('#'));
    let sign = folder.join("sign");
    for file in ["ta.key", "ta.pem"] {
        fs::write(sign.join(file), openssl.file(file)).unwrap();
    }
    for command in commands.into_iter().chain(texts) {
        let mut shell = std::process::Command::new("sh");
        let ran = shell
            .current_dir(&sign)
            .args(["-c", command])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{command}: {}", complained(&ran));
    }
    // Everything is proven, and only then is it asked who sends it.
    let back = [&add("ZZ", "csca.pem")[..], &["--signatures", "sign"]].concat();
    let issuer_back = [&issuer[..], &["--signatures", "sign"]].concat();
    for command in [&back, &issuer_back] {
        let sent = lintas(folder, command);
        assert_eq!(refused(&sent), "configuration_invalid");
        assert!(complained(&sent).contains("operator"));
    }
    fs::copy(sign.join("upload-1.p7s"), sign.join("csca-1.p7s")).unwrap();
    assert_eq!(refused(&lintas(folder, &back)), "proof_invalid");
    fs::copy(sign.join("issuer-eu.p7s"), sign.join("issuer-tng.p7s")).unwrap();
    assert_eq!(refused(&lintas(folder, &issuer_back)), "proof_invalid");
}
