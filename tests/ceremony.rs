//! The ceremony of bundles by the command line: three custodians with a key each, a gateway, and gates that follow from one root and
//! one key to the next; and all that is refused on the way.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic, and waits for what it started"
)]

mod support;

use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, Environment, Thumbprint};
use lintas::server::gateway::Clock;
use lintas::snapshot::Snapshot;
use lintas::snapshot::bundle::{Bundle, Statements};
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::country::Identity;
use support::program::{complained, said};

/// A folder for everybody: the custodians' machines, the gateway's, the gates', and the sticks between them.
struct Ministry {
    folder: tempfile::TempDir,
    /// What a gate is shown.
    code: String,
}

impl Ministry {
    /// A gateway of the environment test that knows a signer, and the keys of three custodians.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let listen = "[listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\n";
        let config = "environment = \"test\"\n[issuer]\ncountry = \"ID\"\n[keys]\npassphrase = \"credential:node\"\n";
        fs::write(path.join("lintas.toml"), format!("{config}{listen}")).unwrap();
        fs::create_dir(path.join("credentials")).unwrap();
        for name in ["node", "ana", "budi", "citra", "dewi", "eka", "thief"] {
            let credential = path.join("credentials").join(name);
            fs::write(&credential, format!("the passphrase of {name}")).unwrap();
            fs::set_permissions(&credential, Permissions::from_mode(0o600)).unwrap();
        }
        let ministry = Self {
            folder,
            code: String::new(),
        };
        let trust = ministry.path("lintas-data/trust/test");
        fs::create_dir_all(&trust).unwrap();
        let code = credential(&trust.join("dsc.der"));
        for name in ["ana", "budi", "citra"] {
            ministry.has_key(name);
        }
        Self { code, ..ministry }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
        command.current_dir(self.folder.path()).args(arguments);
        command.env("CREDENTIALS_DIRECTORY", self.path("credentials"));
        // Who signs or installs has the hash of the draft that they mean; where nothing else is said, that of the very file.
        let wants_hash = match arguments {
            ["bundle", "key", "install", ..] => true,
            ["bundle", "root", "sign", ..] => arguments.contains(&"--key"),
            _ => false,
        };
        if wants_hash && !arguments.contains(&"--hash") {
            command.args(["--hash", &self.hash(arguments[3])]);
        }
        command
    }

    /// The hash of the draft in this file, as whoever looks at it reads it; zeros where it cannot be read.
    fn hash(&self, file: &str) -> String {
        let shown = said(&self.runs(&["bundle", "root", "sign", file]));
        let hash = shown.lines().next().and_then(|it| it.split(' ').nth(1));
        hash.map_or_else(|| "0".repeat(64), str::to_owned)
    }

    fn runs(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command says that has to succeed.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.runs(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            complained(&output)
        );
        said(&output)
    }

    /// That a command is refused with this code.
    fn refuses(&self, code: &str, arguments: &[&str]) {
        let output = self.runs(arguments);
        let complaint = complained(&output);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {complaint}");
        assert!(complaint.contains(code), "{arguments:?}: {complaint}");
    }

    fn has_key(&self, name: &str) {
        let key = format!("{name}.key");
        self.says(&[
            "bundle",
            "root",
            "key",
            "--out",
            &key,
            "--passphrase-credential",
            name,
        ]);
    }

    /// States the root of these custodians; its fingerprint.
    fn states(&self, out: &str, environment: &str, names: &[&str]) -> String {
        let keys: Vec<_> = names.iter().map(|it| format!("{it}.pub")).collect();
        let mut arguments = vec!["bundle", "root", "state", "--environment", environment];
        arguments.extend(["--threshold", "2", "--out", out]);
        arguments.extend(keys.iter().map(String::as_str));
        let said = self.says(&arguments);
        said.split([' ', ',']).nth(1).unwrap().to_owned()
    }

    fn drafts(&self, more: &[&str]) {
        self.says(&[&["bundle", "key", "draft", "--out", "draft"], more].concat());
    }

    /// What these custodians have signed of the draft, each on a machine of their own.
    fn signed(&self, names: &[&str]) -> Vec<String> {
        let sign = |name: &&str| {
            let (key, out) = (format!("{name}.key"), format!("{name}.signed"));
            self.says(&[
                "bundle",
                "root",
                "sign",
                "draft",
                "--key",
                &key,
                "--out",
                &out,
                "--passphrase-credential",
                name,
            ]);
            out
        };
        names.iter().map(sign).collect()
    }

    fn joined<'a>(&self, signed: &'a [String]) -> Vec<&'a str> {
        let arguments = ["bundle", "root", "join", "--out", "statements"].into_iter();
        arguments.chain(signed.iter().map(String::as_str)).collect()
    }

    /// Has the draft signed by these custodians, and what it says put in force.
    fn installs(&self, names: &[&str], more: &[&str]) {
        let signed = self.signed(names);
        self.says(&self.joined(&signed));
        self.says(&[&["bundle", "key", "install", "statements"], more].concat());
    }

    /// The gateway, served.
    fn serves(&self) -> Gateway {
        let mut command = self.command(&["serve"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("serving on https://127.0.0.1:")?;
            rest.split(|letter: char| !letter.is_ascii_digit())
                .next()
                .map(str::to_owned)
        });
        // Whoever writes to a pipe that nobody reads waits for ever.
        std::thread::spawn(move || lines.for_each(drop));
        let address = format!("https://localhost:{}", port.unwrap());
        Gateway { child, address }
    }

    /// What the gate in this folder of a scanner is told when it fetches, until that is `wanted`.
    fn fetches(&self, gateway: &Gateway, gate: &str, wanted: &str) {
        let started = Instant::now();
        let ca = "lintas-data/tls/ca.pem";
        loop {
            let output = self.runs(&[
                "scan",
                "fetch",
                &gateway.address,
                "--ca",
                ca,
                "--folder",
                gate,
            ]);
            let heard = format!("{}{}", said(&output), complained(&output));
            if heard.lines().any(|line| line == wanted) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(120), "{heard}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn status(&self, gate: &str) -> Value {
        serde_json::from_str(&self.says(&["scan", "status", "--folder", gate])).unwrap()
    }

    /// The colour that the gate shows.
    fn colour(&self, gate: &str) -> String {
        let mut command = self.command(&["scan", "--json", "--quiet", "--folder", gate]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(self.code.as_bytes()).unwrap();
        drop(input);
        let shown = said(&child.wait_with_output().unwrap());
        let shown: Value = serde_json::from_str(shown.trim()).unwrap();
        shown["colour"].as_str().unwrap().to_owned()
    }

    fn in_force(&self) -> Vec<u8> {
        fs::read(self.path("lintas-data/keys/bundle/statements.cbor")).unwrap()
    }
}

struct Gateway {
    child: Child,
    address: String,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_gate_follows_from_the_first_key_to_the_next_to_another_root_and_a_new_epoch() {
    let ministry = Ministry::new();
    let first = ministry.states("root", "test", &["ana", "budi", "citra"]);
    ministry.drafts(&["--root", "root"]);
    ministry.installs(&["ana", "citra"], &["--pin", &first]);
    let gateway = ministry.serves();
    for gate in ["gate", "late"] {
        ministry.says(&["scan", "enrol", "--root", &first, "--folder", gate]);
    }
    ministry.fetches(&gateway, "gate", "in use");
    assert_eq!(ministry.colour("gate"), "green");

    // The next key, by other custodians. The gateway runs on.
    let before = ministry.in_force();
    ministry.drafts(&["--days", "20"]);
    ministry.installs(&["budi", "citra"], &[]);
    let named = |bytes: &[u8]| Statements::read(bytes).unwrap().key.kid;
    assert_ne!(named(&before), named(&ministry.in_force()));
    ministry.fetches(&gateway, "gate", "in use");
    assert_eq!(ministry.colour("gate"), "green");
    assert_eq!(ministry.status("gate")["root"], first.as_str());
    let bundle = fs::read(ministry.path("gate/bundle.lintas")).unwrap();
    let pinned = Thumbprint::parse(&first).unwrap();
    let (_, key, _) = Bundle::read(&bundle).unwrap().stated(pinned).unwrap();
    assert_eq!(key.kid, named(&ministry.in_force()));

    // Another root: ana stays, two others come; both roots sign, the old one without ana.
    for name in ["dewi", "eka"] {
        ministry.has_key(name);
    }
    let second = ministry.states("next", "test", &["ana", "dewi", "eka"]);
    ministry.drafts(&["--root", "next"]);
    let all = ["budi", "citra", "dewi", "eka"];
    ministry.installs(&all, &[]);
    ministry.fetches(&gateway, "gate", "in use");
    assert_eq!(ministry.status("gate")["root"], second.as_str());
    assert_eq!(ministry.colour("gate"), "green");
    ministry.says(&["scan", "enrol", "--root", &second, "--folder", "new"]);
    ministry.fetches(&gateway, "new", "in use");
    fs::copy(ministry.path("new/bundle.lintas"), ministry.path("kept")).unwrap();

    // A new epoch, after a restore from a backup: the bundles of before are gone.
    drop(gateway);
    fs::remove_dir_all(ministry.path("lintas-data/bundles")).unwrap();
    ministry.refuses(
        "bundle_rolled_back",
        &["bundle", "key", "draft", "--out", "draft", "--epoch", "0"],
    );
    ministry.drafts(&["--epoch", "1"]);
    ministry.installs(&["ana", "eka"], &[]);
    let gateway = ministry.serves();
    // One that was offline since the first root was pinned follows, too.
    for gate in ["gate", "late"] {
        ministry.fetches(&gateway, gate, "in use");
        assert_eq!(ministry.status(gate)["bundle"]["epoch"], 1);
        assert_eq!(ministry.colour(gate), "green");
    }
    let old = ["scan", "install", "kept", "--folder", "gate"];
    ministry.refuses("bundle_rolled_back", &old);
    // Those in force with a root that stands twice, and without the one that scanners pinned.
    let in_force = ministry.in_force();
    let doubled = meddled(&in_force, |roots| roots.insert(0, roots[0].clone()));
    let cut = meddled(&in_force, |roots| {
        roots.remove(0);
        roots[0].as_array_mut().unwrap()[1] = ciborium::Value::Array(Vec::new());
    });
    for (name, bytes, code) in [
        ("doubled", doubled, "proof_invalid"),
        ("cut", cut, "bundle_invalid"),
    ] {
        fs::write(ministry.path(name), bytes).unwrap();
        ministry.refuses(code, &["bundle", "key", "install", name]);
    }
    // Others than those that were drafted.
    let other = ["--hash", &"0".repeat(64)];
    let install = ["bundle", "key", "install", "statements"];
    ministry.refuses("request_invalid", &[&install[..], &other].concat());
    assert_eq!(ministry.in_force(), in_force);
    // The statements of before are worth nothing any more.
    fs::write(ministry.path("old"), before).unwrap();
    ministry.refuses("anchor_unknown", &["bundle", "key", "install", "old"]);
}

#[test]
fn whatever_is_not_in_order_is_refused_and_changes_nothing() {
    let ministry = Ministry::new();
    ministry.has_key("thief");
    let draft =
        |more: &[&'static str]| [&["bundle", "key", "draft", "--out", "draft"], more].concat();
    let install = ["bundle", "key", "install", "statements"];
    let root = ministry.states("root", "test", &["ana", "budi", "citra"]);
    let foreign = ministry.states("foreign", "production", &["ana", "budi", "citra"]);
    ministry.refuses("request_invalid", &draft(&[]));
    ministry.refuses("environment_mismatch", &draft(&["--root", "foreign"]));
    ministry.refuses(
        "bundle_invalid",
        &draft(&["--root", "root", "--days", "31"]),
    );
    ministry.drafts(&["--root", "root"]);

    // Too few: one alone, one doubled, and one who is no custodian.
    let signed = ministry.signed(&["ana", "budi"]);
    let [ana, budi] = [0, 1].map(|it| signed[it].clone());
    ministry.refuses(
        "proof_invalid",
        &ministry.joined(std::slice::from_ref(&ana)),
    );
    let again = "again".to_owned();
    fs::copy(ministry.path(&ana), ministry.path(&again)).unwrap();
    let doubled = [ana.clone(), again];
    ministry.refuses("proof_invalid", &ministry.joined(&doubled));
    let sign = |draft: &'static str, name: &'static str| {
        let key = if name == "ana" {
            "ana.key"
        } else {
            "thief.key"
        };
        let more = ["--out", "odd", "--passphrase-credential", name];
        [&["bundle", "root", "sign", draft, "--key", key][..], &more].concat()
    };
    ministry.refuses("proof_invalid", &sign("draft", "thief"));
    assert!(!ministry.path("odd").exists() && !ministry.path("statements").exists());
    fs::copy(ministry.path(&ana), ministry.path("statements")).unwrap();
    let pinned = [&install[..], &["--pin", &root]].concat();
    ministry.refuses("proof_invalid", &pinned);

    // Changed on the way: a signature, and the day until which the key is named.
    let bytes = fs::read(ministry.path(&budi)).unwrap();
    let spoilt = with(&bytes, |bytes| {
        // The last byte of the last signature; the epoch's empty list follows.
        let place = bytes.len() - 2;
        bytes[place] ^= 1;
    });
    fs::write(ministry.path("spoilt"), spoilt).unwrap();
    let spoilt = [ana.clone(), "spoilt".to_owned()];
    ministry.refuses("proof_invalid", &ministry.joined(&spoilt));
    let bytes = fs::read(ministry.path("draft")).unwrap();
    let until = Statements::read(&bytes)
        .unwrap()
        .key
        .validity
        .not_after
        .seconds();
    for (name, days) in [("shorter", -1), ("longer", 1)] {
        let [old, new] = [until, until + days * 86_400].map(|it| u32::try_from(it).unwrap());
        let changed = replaced(&bytes, &old.to_be_bytes(), &new.to_be_bytes());
        fs::write(ministry.path(name), changed).unwrap();
    }
    ministry.refuses("bundle_invalid", &sign("longer", "ana"));
    ministry.says(&sign("shorter", "ana"));
    let mixed = [budi.clone(), "odd".to_owned()];
    ministry.refuses("bundle_invalid", &ministry.joined(&mixed));
    let hash = ["--hash", &"0".repeat(64)];
    ministry.refuses(
        "request_invalid",
        &[&sign("draft", "ana")[..], &hash].concat(),
    );

    // In order, and yet not for this gateway, nor without the root's fingerprint, nor with a key that lies open.
    ministry.says(&ministry.joined(&signed));
    ministry.refuses("request_invalid", &install);
    ministry.refuses(
        "anchor_unknown",
        &[&install[..], &["--pin", &foreign]].concat(),
    );
    let config = fs::read_to_string(ministry.path("lintas.toml")).unwrap();
    let tls = "[tls]\ncertificate = \"a.pem\"\nkey = \"a.key\"\n";
    let production = config.replace("\"test\"", "\"production\"") + tls;
    fs::write(ministry.path("production.toml"), production).unwrap();
    let elsewhere = ["--config", "production.toml"];
    ministry.refuses("environment_mismatch", &[&pinned[..], &elsewhere].concat());
    let demo = ["--config", "/dev/null"];
    ministry.refuses("request_invalid", &[&pinned[..], &demo].concat());
    let kid = Statements::read(&bytes).unwrap().key.kid.to_string();
    let key = ministry
        .path("lintas-data/keys/bundle")
        .join(format!("{}.key", &kid[..16]));
    let sealed = fs::read(&key).unwrap();
    let plain = rcgen::KeyPair::generate().unwrap().serialize_pem();
    private(&key, plain.as_bytes());
    ministry.refuses("configuration_invalid", &pinned);
    fs::remove_file(&key).unwrap();
    ministry.refuses("configuration_invalid", &pinned);
    let statements = ministry.path("lintas-data/keys/bundle/statements.cbor");
    assert!(!statements.exists());
    private(&key, &sealed);
    ministry.says(&pinned);
    // One that was in force, and lies open since, is not served with.
    private(&key, plain.as_bytes());
    let served = ministry.runs(&["serve"]);
    assert!(
        complained(&served).contains("configuration_invalid"),
        "{}",
        complained(&served)
    );
    private(&key, &sealed);

    // Another root, which the old one alone has signed, or the new one alone.
    let before = ministry.in_force();
    for name in ["dewi", "eka"] {
        ministry.has_key(name);
    }
    let next = ministry.states("next", "test", &["dewi", "eka", "thief"]);
    ministry.drafts(&["--root", "next"]);
    for side in [["ana", "budi"], ["dewi", "eka"]] {
        let signed = ministry.signed(&side);
        ministry.refuses("proof_invalid", &ministry.joined(&signed));
        fs::copy(ministry.path(&signed[0]), ministry.path("statements")).unwrap();
        ministry.refuses("proof_invalid", &install);
        ministry.refuses("proof_invalid", &pinned);
    }
    // A root that comes from nowhere, however well it is signed.
    fs::rename(
        ministry.path("lintas-data/keys/bundle"),
        ministry.path("away"),
    )
    .unwrap();
    ministry.drafts(&["--root", "next"]);
    let signed = ministry.signed(&["dewi", "thief"]);
    ministry.says(&ministry.joined(&signed));
    let made = ministry.path("lintas-data/keys/bundle");
    support::copy(&ministry.path("away"), &made);
    ministry.refuses(
        "anchor_unknown",
        &[&install[..], &["--pin", &next]].concat(),
    );
    assert_eq!(ministry.in_force(), before);
}

/// The statements in `bytes` with other roots.
fn meddled(bytes: &[u8], meddle: impl Fn(&mut Vec<ciborium::Value>)) -> Vec<u8> {
    let mut statements: ciborium::Value = ciborium::from_reader(bytes).unwrap();
    meddle(
        statements.as_array_mut().unwrap()[1]
            .as_array_mut()
            .unwrap(),
    );
    let mut written = Vec::new();
    ciborium::into_writer(&statements, &mut written).unwrap();
    written
}

/// A certificate by a signer of Indonesia, which is put into the file `signer`.
fn credential(signer: &Path) -> String {
    let (environment, at) = (Environment::Test, Clock::System.now());
    let csca = Identity::self_signed("ID", "CSCA", true);
    let dsc = csca.issue("ID", "DSC", &[]);
    fs::write(signer, &dsc.der).unwrap();
    let entry = TrustEntry {
        place: Place {
            document: "test".into(),
            position: 1,
        },
        key: KeyMaterial::Certificate(dsc.der.clone()),
        kid: None,
        country: None,
        purposes: Purposes::ALL,
    };
    let list = SourceList::pinned(Source::new("test", environment, at), vec![entry]);
    let (snapshot, _) = Snapshot::assemble(environment, 1, &[list]);
    let country = Country::parse("ID").unwrap();
    let issuer = Issuer {
        country,
        name: "Kementerian Kesehatan".to_owned(),
    };
    let claims: Claims = serde_json::from_str(support::VACCINATION).unwrap();
    let uvci = issue::uvci_from_random(country, [7; 16]).unwrap();
    let certificate = issue::check(&claims, &issuer, uvci, at).unwrap();
    let listed = &snapshot.trust().signers()[0];
    let until = at.plus(30 * 86_400);
    let prepared = issue::prepare(certificate, country, at, until, listed).unwrap();
    let key = SigningKey::from_pkcs8_der(dsc.key.serialized_der()).unwrap();
    let signature: Signature = key.sign(&prepared.signed_bytes());
    prepared.complete(signature.to_vec()).unwrap().text
}

fn with(bytes: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    change(&mut bytes);
    bytes
}

/// `bytes` with the one `old` in them replaced.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let found: Vec<_> = (0..bytes.len())
        .filter(|it| bytes[*it..].starts_with(old))
        .collect();
    assert_eq!(found.len(), 1);
    with(bytes, |bytes| {
        bytes[found[0]..found[0] + new.len()].copy_from_slice(new)
    })
}

fn private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}
