//! Which node presses bundles, by which key, and who is told before the key ends.

use crate::site::{Node, Site};
use lintas::crypto::sha256;
use lintas::failure::{Code, Failure};
use lintas::model::{Environment, Thumbprint, Validity};
use lintas::server::config::BundleConfig;
use lintas::server::keys::{BundleKeys, BundleOpeners, KeyPlace, Passphrase, make_bundle_key};
use lintas::snapshot::bundle::{Root, Statements};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use std::fs;
use std::os::fd::IntoRawFd;
use std::sync::Arc;
use zeroize::Zeroizing;

const PASSPHRASE: &str = "correct horse battery";
const DAY_S: i64 = 86_400;
const CONFIG: BundleConfig = BundleConfig {
    warn_after_s: 7200,
    stop_after_s: 9000,
    every_s: 600,
};

/// The root's one key.
fn custodian() -> (SigningKey, Vec<u8>) {
    let key = SigningKey::from_slice(&[41; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
    (key, spki)
}

/// Has a new key of bundles named for `days`, and installed.
fn installs(site: &Site, days: i64) -> Thumbprint {
    let (key, spki) = custodian();
    let root = Root::new(Environment::Test, 1, std::slice::from_ref(&spki)).unwrap();
    let pinned = root.fingerprint();
    let passphrase = Passphrase::new(Zeroizing::new(PASSPHRASE.into())).unwrap();
    let made = make_bundle_key(site.path(), &KeyPlace::Sealed(&passphrase)).unwrap();
    let validity = Validity {
        not_before: site.now(),
        not_after: site.now().plus(days * DAY_S),
    };
    let mut statements = Statements::draft(None, Some(root), &made, validity, None).unwrap();
    let sign = |bytes: &[u8]| {
        let signature: Signature = key.sign(bytes);
        Ok::<_, Failure>(signature.to_vec())
    };
    let kid = Thumbprint(sha256(&spki));
    assert_eq!(statements.sign(kid, sign).unwrap(), 1);
    let openers = BundleOpeners {
        environment: Environment::Test,
        passphrase: Some(&passphrase),
        token: None,
    };
    let installed =
        BundleKeys::install(site.path(), &statements, Some(pinned), openers, site.now());
    installed.unwrap().key.kid
}

/// A place where `site` reads the passphrase, once.
fn opened(site: Site) -> Site {
    let path = site.path().join("passphrase");
    fs::write(&path, PASSPHRASE).unwrap();
    let descriptor = fs::File::open(path).unwrap().into_raw_fd();
    site.with(&format!("[keys]\npassphrase = \"fd:{descriptor}\"\n"))
}

/// A node on `site` that presses bundles.
async fn presses(site: Site) -> (Site, Node) {
    let site = opened(site);
    let node = site.node().await;
    node.gateway.press_bundles(CONFIG).unwrap();
    (site, node)
}

async fn pressed(node: &Node) -> Result<u64, Failure> {
    node.gateway.refresh();
    let _ = node.gateway.follow().await;
    Arc::clone(&node.gateway).keep_bundled().await?;
    Ok(node.gateway.bundle()?.manifest.sequence)
}

fn ending(node: &Node) -> Vec<(String, Option<i64>)> {
    let ends = node.gateway.ends().into_iter();
    let ends = ends.filter(|it| it.what == "bundle");
    ends.map(|it| (it.id.clone(), it.alarm())).collect()
}

#[actix_web::test]
async fn one_node_at_a_time_presses_bundles_and_another_goes_on_when_it_is_gone() {
    let site = Site::new();
    site.pins("one");
    installs(&site, 30);
    let other = site.beside();
    let (site, first) = presses(site).await;
    let (other, second) = presses(other).await;
    let before = pressed(&first).await.unwrap();
    let newest = first.gateway.bundle().unwrap();
    let ages = (newest.manifest.warn_after_s, newest.manifest.stop_after_s);
    assert_eq!(ages, (CONFIG.warn_after_s, CONFIG.stop_after_s));
    // The other has the same key, and has something else to say.
    other.pins("two");
    for _ in 0..2 {
        assert_eq!(pressed(&second).await.unwrap_err().code(), Code::LeaseLost);
        let none = second.gateway.bundle().err().unwrap();
        assert_eq!(none.code(), Code::NotPublished);
        site.passes(40);
        assert_eq!(pressed(&first).await.unwrap(), before);
    }
    // Old enough to be pressed again, though nothing has changed.
    site.passes(600);
    let later = pressed(&first).await.unwrap();
    assert!(later > before);
    first.ends().await;
    site.passes(59);
    assert_eq!(pressed(&second).await.unwrap_err().code(), Code::LeaseLost);
    site.passes(1);
    assert!(pressed(&second).await.unwrap() > later);
    second.ends().await;
}

#[actix_web::test]
async fn a_key_that_is_installed_is_taken_up_and_one_that_is_spoilt_is_not() {
    let site = Site::new();
    site.pins("one");
    let old = installs(&site, 30);
    let (site, node) = presses(site).await;
    let before = pressed(&node).await.unwrap();
    let short = |kid: Thumbprint| kid.to_string()[..16].to_owned();
    assert_eq!(ending(&node), [(short(old), None)]);
    site.passes(1);
    let new = installs(&site, 20);
    // At once, though nothing else has changed.
    let later = pressed(&node).await.unwrap();
    assert!(later > before);
    assert_eq!(ending(&node), [(short(new), None)]);
    let statements = site.path().join("keys/bundle/statements.cbor");
    let good = fs::read(&statements).unwrap();
    fs::write(&statements, &good[1..]).unwrap();
    site.passes(1);
    assert_eq!(pressed(&node).await.unwrap(), later);
    assert_eq!(ending(&node), [(short(new), None)]);
    site.passes(600);
    assert!(pressed(&node).await.unwrap() > later);
    node.ends().await;
}

#[actix_web::test]
async fn whoever_looks_is_told_a_week_before_the_key_of_bundles_ends() {
    let site = Site::new();
    site.pins("one");
    let kid = installs(&site, 30);
    let (site, node) = presses(site).await;
    pressed(&node).await.unwrap();
    let told = || {
        node.gateway.watch_ends();
        let ending = node.gateway.ending().into_iter();
        ending.filter(|it| it.starts_with("bundle ")).collect()
    };
    let before: Vec<String> = told();
    assert!(before.is_empty(), "{before:?}");
    let alarm = || ending(&node)[0].1;
    site.passes(22 * DAY_S - 1);
    assert_eq!(alarm(), None);
    site.passes(1 + DAY_S);
    assert_eq!(alarm(), Some(7));
    let ending: Vec<String> = told();
    let short = &kid.to_string()[..16];
    assert_eq!(ending, [format!("bundle {short}: 7 days")]);
    site.passes(8 * DAY_S);
    assert_eq!(alarm(), Some(0));
    let refused = pressed(&node).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotPublished);
    node.ends().await;
}
