//! A real token: SoftHSM, in a process that was told where its tokens are.

use crate::land::{Land, add, passphrase, sign, wanted};
use crate::support::skipped;
use cryptoki::context::Pkcs11;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::UserType;
use lintas::crypto::{VerifyingKey, verify_by_library};
use lintas::failure::Code;
use lintas::model::{Country, Environment};
use lintas::server::keys::{
    KeyPlace, PassphrasePlace, ReceiptKeys, Signer, Token, TokenConfig, make_receipt_key,
    make_token_key,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Does `test` in a process of its own, which finds a new token `dsc` with the PIN 1234; the folder is that of its tokens.
///
/// The library reads where its tokens are from the environment, which a process with threads does not change.
fn with_token(name: &str, test: impl AsyncFnOnce(TokenConfig)) {
    #[allow(clippy::disallowed_methods, reason = "how the test calls itself")]
    let folder = std::env::var_os("LINTAS_TOKENS").map(PathBuf::from);
    if let Some(folder) = folder {
        let config = TokenConfig {
            module: LIBRARY.into(),
            token: "dsc".to_owned(),
            pin: PassphrasePlace::Credential(folder.display().to_string()),
        };
        actix_web::rt::System::new().block_on(test(config));
        return;
    }
    if !Path::new(LIBRARY).exists() {
        return skipped("there is no SoftHSM");
    }
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let conf = folder.path().join("softhsm2.conf");
    fs::write(
        &conf,
        format!(
            "directories.tokendir = {}\nlog.level = ERROR\n",
            tokens.display()
        ),
    )
    .unwrap();
    let made = Command::new("softhsm2-util")
        .env("SOFTHSM2_CONF", &conf)
        .args([
            "--init-token",
            "--free",
            "--label",
            "dsc",
            "--pin",
            "1234",
            "--so-pin",
            "5678",
        ])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let ran = Command::new(std::env::current_exe().unwrap())
        .env("SOFTHSM2_CONF", &conf)
        .env("LINTAS_TOKENS", folder.path())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

const LIBRARY: &str = "/usr/lib/softhsm/libsofthsm2.so";

fn open(config: &TokenConfig) -> Token {
    Token::open_with(config, &passphrase("1234")).unwrap()
}

fn holds(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_spki(public_key).unwrap();
    verify_by_library(&key, message, signature).is_ok()
}

#[test]
fn a_key_is_made_in_the_token_and_signs_there_alone() {
    with_token(
        "token::a_key_is_made_in_the_token_and_signs_there_alone",
        async |config| {
            let token = open(&config);
            assert!(token.keys().unwrap().is_empty());
            let public_key = token.make("vaccination all 2026Q2").unwrap();
            let signer = token.signer(&public_key).unwrap().unwrap();
            let signature = signer.sign(b"message").unwrap();
            assert!(holds(&public_key, b"message", &signature));
            assert!(!holds(&public_key, b"another", &signature));
            // Another one who asks gets another thread, and the same key.
            let again = open(&config).signer(&public_key).unwrap().unwrap();
            assert!(holds(
                &public_key,
                b"message",
                &again.sign(b"message").unwrap()
            ));
            // Many at once wait for each other.
            let many: Vec<_> = (0..8u8)
                .map(|number| {
                    let signer = signer.clone();
                    std::thread::spawn(move || (number, signer.sign(&[number]).unwrap()))
                })
                .collect();
            for thread in many {
                let (number, signature) = thread.join().unwrap();
                assert!(holds(&public_key, &[number], &signature));
            }
            // A key that the token would give out is none of ours.
            let library = Pkcs11::new(LIBRARY).unwrap();
            let slots = library.get_slots_with_initialized_token().unwrap();
            let session = library.open_rw_session(slots[0]).unwrap();
            let own = [Attribute::Token(true), Attribute::Id(vec![7])];
            let curve = Attribute::EcParams(vec![
                0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
            ]);
            let public = [&own[..], &[curve, Attribute::Verify(true)]].concat();
            let private = [
                &own[..],
                &[
                    Attribute::Sign(true),
                    Attribute::Sensitive(false),
                    Attribute::Extractable(true),
                ],
            ]
            .concat();
            session
                .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
                .unwrap();
            assert_eq!(token.keys().unwrap(), [public_key]);
        },
    );
}

#[test]
fn a_lost_session_is_opened_again_and_a_wrong_pin_is_not_tried_twice() {
    with_token(
        "token::a_lost_session_is_opened_again_and_a_wrong_pin_is_not_tried_twice",
        async |config| {
            let token = open(&config);
            let public_key = token.make("a").unwrap();
            let signer = token.signer(&public_key).unwrap().unwrap();
            let library = Pkcs11::new(LIBRARY).unwrap();
            let slot = library.get_slots_with_initialized_token().unwrap()[0];
            // Logging out somewhere logs the whole process out.
            library.open_rw_session(slot).unwrap().logout().unwrap();
            let signature = signer.sign(b"message").unwrap();
            assert!(holds(&public_key, b"message", &signature));
            library.open_rw_session(slot).unwrap().logout().unwrap();
            let wrong = Token::open_with(&config, &passphrase("4321")).unwrap_err();
            assert_eq!(wrong.code(), Code::KeySealed);
            assert!(!wrong.to_string().contains("4321"));
            let info = library.get_token_info(slot).unwrap();
            assert!(!info.user_pin_locked() && !info.user_pin_final_try());
            let unknown = TokenConfig {
                token: "another".to_owned(),
                ..config.clone()
            };
            let unknown = Token::open_with(&unknown, &passphrase("1234")).unwrap_err();
            assert_eq!(unknown.code(), Code::ConfigurationInvalid);
            let absent = TokenConfig {
                module: "/nowhere.so".into(),
                ..config
            };
            let absent = Token::open_with(&absent, &passphrase("1234")).unwrap_err();
            assert_eq!(absent.code(), Code::ConfigurationInvalid);
            // It signs on all the same.
            let session = library.open_rw_session(slot).unwrap();
            drop(session.login(UserType::User, Some(&"1234".to_owned().into())));
            signer.sign(b"message").unwrap();
        },
    );
}

#[test]
fn what_a_token_signed_is_accepted() {
    with_token("token::what_a_token_signed_is_accepted", async |config| {
        let token = open(&config);
        let pin = tempfile::NamedTempFile::new().unwrap();
        fs::write(pin.path(), "1234\n").unwrap();
        let pin: &'static fs::File = Box::leak(Box::new(pin.reopen().unwrap()));
        use std::os::fd::AsRawFd;
        let keys = format!(
            "waiting_h = 0\nmodule = \"{LIBRARY}\"\ntoken = \"dsc\"\npin = \"fd:{}\"",
            pin.as_raw_fd()
        );
        let land = Land::open(&keys).await;
        let folder = land.folder.path().join("data/keys/dsc");
        let wanted = wanted(&["vaccination"], "all", "2026Q2");
        let request = make_token_key(&folder, &wanted, &token).unwrap();
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "no key is in a file"
        );
        let certificate = land.certified(&request);
        land.does(add(&certificate, "all", "2026Q2")).await;
        let text = sign(&land.ready("3174001").unwrap(), land.now());
        assert!(land.accepts(&text));
        land.ends().await;
    });
}

#[test]
fn a_key_of_receipts_may_lie_in_a_token() {
    let name = "token::a_key_of_receipts_may_lie_in_a_token";
    with_token(name, async |config| {
        let token = open(&config);
        let data = tempfile::tempdir().unwrap();
        let (environment, country) = (Environment::Test, Country::parse("ID").unwrap());
        let (at, place) = (crate::support::issued_at(), KeyPlace::Token(&token));
        let (_, kid) = make_receipt_key(data.path(), environment, country, at, &place).unwrap();
        let open = |token| ReceiptKeys::open(data.path(), environment, None, token).unwrap();
        let keys = open(Some(&token));
        let signer = keys.signer.unwrap();
        assert_eq!(signer.key.kid, kid);
        let certificate = lintas::codec::x509::Certificate::read(&keys.known[0].0).unwrap();
        let signature = signer.signer.sign(b"a").unwrap();
        assert!(holds(&certificate.public_key, b"a", &signature));
        // Elsewhere its certificate is known, and nothing signs.
        let elsewhere = open(None);
        assert!(elsewhere.signer.is_none() && elsewhere.known.len() == 1);
    });
}
