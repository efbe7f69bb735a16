//! The scanner's page in a real browser, served by a real gateway: enrolled, brought up to date, without a network, by keys
//! alone, with a camera, and with a clock that somebody sets.
//!
//! Refuses to pass where the page asked for anything but its own files and bundles.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic, waits for what it started, and takes the place of pictures from the environment"
)]

mod support;

use image::{GrayImage, ImageFormat, Luma};
use lintas::codec::{base45, deflate};
use lintas::crypto::sha256;
use lintas::issue::{self, QUIET_ZONE};
use lintas::model::{Thumbprint, UnixTime};
use lintas::server::document;
use lintas::snapshot::bundle::{Bundle, Root};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use support::program::{Serving, complained, lintas, said};
use support::skipped;

#[test]
fn the_page_in_a_browser() {
    drive("drive.mjs");
}

#[test]
#[ignore = "a measurement"]
fn ten_thousand_codes_in_a_browser() {
    drive("measure.mjs");
}

/// Plays `script` in a browser, against a gateway of a demonstration.
fn drive(script: &str) {
    let Some(modules) = modules() else { return };
    let place = Place::new();
    let told = place.told(&modules);
    let file = place.path().join("told.json");
    fs::write(&file, told.to_string()).unwrap();
    place.play(script, &file);
}

/// The folder of the browser's driver; nothing where a part of what this takes is not there.
fn modules() -> Option<PathBuf> {
    for (program, argument) in [("node", "--version"), ("openssl", "version")] {
        let ran = Command::new(program).arg(argument).output();
        if !ran.is_ok_and(|it| it.status.success()) {
            skipped(&format!("no {program}"));
            return None;
        }
    }
    if !Path::new(CHROMIUM).exists() {
        skipped("no Chromium");
        return None;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    let modules = page.join("node_modules");
    if !modules.join("playwright-core").exists() {
        skipped("no browser driver: npm ci --prefix tests/page");
        return None;
    }
    Some(modules)
}

/// A gateway of a demonstration, and another that it does not know.
struct Place {
    folder: tempfile::TempDir,
    foreign: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let [folder, foreign] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let policy = signer(folder.path());
        configure(foreign.path(), "");
        configure(folder.path(), &policy);
        Self { folder, foreign }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn bundles(&self) -> PathBuf {
        self.path().join("lintas-data/bundles")
    }

    /// What the browser's driver has to know.
    fn told(&self, modules: &Path) -> Value {
        let unknown = {
            let _serving = Serving::start(self.foreign.path());
            said(&lintas(self.foreign.path(), &["issue"]))
        };
        let serving = Serving::start(self.path());
        let issued = |arguments: &[&str]| {
            let issued = lintas(self.path(), &[&["issue"], arguments].concat());
            assert!(issued.status.success(), "{}", complained(&issued));
            said(&issued).trim().to_owned()
        };
        let good = issued(&[]);
        let test = self.path().join("test.json");
        fs::write(&test, positive().to_string()).unwrap();
        let positive = issued(&[test.to_str().unwrap()]);
        let bad = forged(&good);
        let put = |name: &str, bytes: &[u8]| {
            let path = self.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let blank = encoded(
            &GrayImage::from_pixel(60, 60, Luma([255])),
            ImageFormat::Png,
        );
        json!({
            "site": format!("{}/scan/", serving.public),
            "certificate": self.path().join("lintas-data/tls/server.pem"),
            "profile": self.path().join("profile"),
            "chromium": CHROMIUM,
            "modules": modules,
            "bundles": self.bundles(),
            "root": self.root(),
            "pictures": {
                "good": put("good.jpg", &encoded(&photograph(&good), ImageFormat::Jpeg)),
                "bad": put("bad.png", &document::png(&bad, 4).unwrap()),
                "blank": put("blank.png", &blank),
            },
            "video": put("camera.y4m", &filmed(&photograph(&good))),
            "good": good,
            "bad": bad,
            "unknown": unknown.trim(),
            "positive": positive,
            "shots": std::env::var_os("LINTAS_SHOTS").map(PathBuf::from),
        })
    }

    /// The fingerprint of the root of bundles, once there is one.
    fn root(&self) -> String {
        self.pressed(0);
        let newest = self.files().pop().unwrap();
        let bundle = Bundle::read(&fs::read(newest).unwrap()).unwrap();
        let root = Root::read(&bundle.roots[0].0).unwrap();
        root.fingerprint().to_string()
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.bundles());
        let files = files.into_iter().flatten().map(|it| it.unwrap().path());
        let mut files: Vec<_> = files.filter(|it| it.extension().is_some()).collect();
        files.retain(|it| !it.file_name().unwrap().to_string_lossy().starts_with('.'));
        files.sort();
        files
    }

    /// Waits until there are more bundles than `before`.
    fn pressed(&self, before: usize) {
        let started = Instant::now();
        while self.files().len() <= before {
            assert!(started.elapsed() < Duration::from_secs(90), "no bundle");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Plays `script` with what stands in `told`, and does to the gateway what it asks for.
    fn play(&self, script: &str, told: &Path) {
        let mut serving = Some(Serving::start(self.path()));
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/page")
            .join(script);
        let mut driver = Command::new("node")
            .arg(script)
            .arg(told)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = driver.stdin.take().unwrap();
        for line in BufReader::new(driver.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.as_str() {
                "? down" => drop(serving.take()),
                "? changed" => drop(serving.replace(self.changed())),
                other => {
                    eprintln!("{other}");
                    continue;
                }
            }
            writeln!(answers, "done").unwrap();
        }
        assert!(driver.wait().unwrap().success());
    }

    /// The gateway, started again: it believes the other's signer, and knows a policy set that begins in an hour.
    fn changed(&self) -> Serving {
        let signer = "lintas-data/trust/demo/dsc.pem";
        let known = self.path().join("lintas-data/trust/demo/other.pem");
        fs::copy(self.foreign.path().join(signer), known).unwrap();
        let before = self.files().len();
        let serving = Serving::start(self.path());
        self.pressed(before);
        let before = self.files().len();
        activate(self.path(), &serving);
        self.pressed(before);
        serving
    }
}

/// Makes a gateway that keeps its addresses when it is started again.
fn configure(folder: &Path, policy: &str) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let listen = format!(
        "[listen]\nhttps = \"127.0.0.1:{port}\"\nmetrics = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n{policy}"
    );
    fs::write(folder.join("lintas.toml"), listen).unwrap();
    let made = lintas(folder, &["init"]);
    assert!(made.status.success(), "{}", complained(&made));
}

/// Makes a key that may sign policy sets, and returns the configuration that says so.
fn signer(folder: &Path) -> String {
    let made = Command::new("openssl")
        .current_dir(folder)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "9", "-subj", "/C=ZZ/CN=policy"])
        .args(["-keyout", "policy.key", "-out", "policy.pem"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", complained(&made));
    let pem = fs::read(folder.join("policy.pem")).unwrap();
    let der = CertificateDer::from_pem_slice(&pem).unwrap();
    let pin = Thumbprint(sha256(&der));
    format!("[policy]\nsigners = [\"{pin}\"]\n")
}

/// Has two operators put the sample of a policy set into force in an hour.
fn activate(folder: &Path, serving: &Serving) {
    let from = instant(3600);
    let sample = said(&lintas(folder, &["rules", "sample"]));
    let mut set: Value =
        serde_json::from_str(&sample.replace("\"ID\"", "\"ZZ\"").replace("-ID-", "-ZZ-")).unwrap();
    for level in set["Wilayah"].as_object_mut().unwrap().values_mut() {
        level[0]["ValidFrom"] = from.as_str().into();
    }
    set["ValidFrom"] = from.as_str().into();
    for rule in set["Rules"].as_array_mut().unwrap() {
        rule["ValidFrom"] = from.as_str().into();
    }
    fs::write(folder.join("set.json"), set.to_string()).unwrap();
    let signing = [
        "rules",
        "sign",
        "set.json",
        "--certificate",
        "policy.pem",
        "--key",
        "policy.key",
        "--out",
        "set.cms",
    ];
    let signed = lintas(folder, &signing);
    assert!(signed.status.success(), "{}", complained(&signed));
    let asked = serving.asked_by(
        folder,
        "first",
        &["rules", "activate", "set.cms", "--at", &from],
    );
    let asked_for = said(&asked);
    let request = asked_for.lines().find_map(|it| it.strip_prefix("request "));
    let request = request.unwrap_or_else(|| panic!("{asked_for}{}", complained(&asked)));
    let approved = serving.asked_by(folder, "second", &["approvals", "approve", request]);
    assert!(approved.status.success(), "{}", complained(&approved));
}

/// `text` with another signature.
fn forged(text: &str) -> String {
    let (prefix, rest) = text.split_at("HC1:".len());
    let mut message = deflate::inflate(&base45::decode(rest).unwrap(), 65_536).unwrap();
    *message.last_mut().unwrap() ^= 1;
    let forged = deflate::deflate(&message).unwrap();
    format!("{prefix}{}", base45::encode(&forged))
}

/// A test that found an infection, an hour ago.
fn positive() -> Value {
    json!({
        "person": { "family_name": "Contoh", "given_name": "Budi", "birth_date": "1985-02-03" },
        "test": {
            "type": "LP6464-4",
            "name": "PCR",
            "sampled_at": instant(-3600),
            "result": "260373001",
            "centre": "Puskesmas Contoh",
        },
    })
}

/// The instant that is `seconds` from now.
fn instant(seconds: i64) -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    UnixTime::from_seconds(now + seconds).unwrap().to_string()
}

/// The code of `text` as a phone sees it: on grey paper, not in the middle, in a frame that is wider than high.
fn photograph(text: &str) -> GrayImage {
    let modules = issue::modules(text).unwrap();
    let side = u32::from(modules.side() + 2 * QUIET_ZONE);
    let scale = HEIGHT / side;
    GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let module = |at: u32, from: u32| {
            let module = at.checked_sub(from)? / scale;
            u8::try_from(module).ok()?.checked_sub(QUIET_ZONE)
        };
        let dark = module(x, LEFT).zip(module(y, 0));
        let dark = dark.is_some_and(|(x, y)| modules.is_dark(x, y));
        Luma([if dark { 40 } else { 215 }])
    })
}

/// `frame` as a film of ten frames, in the form that Chromium takes for what a camera sees.
fn filmed(frame: &GrayImage) -> Vec<u8> {
    let mut film = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n").into_bytes();
    for _ in 0..10 {
        film.extend_from_slice(b"FRAME\n");
        film.extend_from_slice(frame.as_raw());
        // No colour.
        film.resize(film.len() + frame.as_raw().len() / 2, 128);
    }
    film
}

fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

const CHROMIUM: &str = "/usr/bin/chromium";
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;
/// Where the code begins in a frame.
const LEFT: u32 = 300;
