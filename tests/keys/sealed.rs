//! Sealed keys and the CA's certificates, as OpenSSL sees them.

use crate::land::{passphrase, seal};
use crate::support::openssl::OpenSsl;
use lintas::failure::Code;
use lintas::model::{Country, UnixTime};
use lintas::server::keys::{
    Ceremony, Cohort, Signer, Wanted, make_sealed, make_sealed_key, open_sealed,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

#[test]
fn openssl_and_this_gateway_open_what_the_other_sealed() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key");
    let made = make_sealed(&path, &passphrase("correct horse battery")).unwrap();
    openssl.put("ours.key", &fs::read(&path).unwrap());
    let opened = "pass:correct horse battery";
    openssl.run(
        "pkey",
        &[
            "-in",
            "ours.key",
            "-passin",
            opened,
            "-pubout",
            "-outform",
            "DER",
            "-out",
            "ours.spki",
        ],
    );
    assert_eq!(openssl.file("ours.spki"), made.spki().unwrap());
    openssl.run(
        "ecparam",
        &[
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
            "plain.key",
        ],
    );
    openssl.run(
        "pkcs8",
        &[
            "-topk8",
            "-scrypt",
            "-in",
            "plain.key",
            "-passout",
            "pass:open sesame",
            "-out",
            "theirs.key",
        ],
    );
    openssl.run(
        "pkey",
        &[
            "-in",
            "plain.key",
            "-pubout",
            "-outform",
            "DER",
            "-out",
            "theirs.spki",
        ],
    );
    let path = folder.path().join("b.key");
    seal(&path, &openssl.file("theirs.key"));
    let theirs = open_sealed(&path, &passphrase("open sesame")).unwrap();
    assert_eq!(theirs.spki().unwrap(), openssl.file("theirs.spki"));
    let signature = theirs.sign(b"message").unwrap();
    let der = lintas::crypto::ecdsa_der(lintas::crypto::Algorithm::Es256, &signature);
    openssl.put("message", b"message");
    openssl.put("signature", &der.unwrap());
    openssl.put("public.der", &openssl.file("theirs.spki"));
    openssl.run(
        "dgst",
        &[
            "-sha256",
            "-verify",
            "public.der",
            "-keyform",
            "DER",
            "-signature",
            "signature",
            "message",
        ],
    );
}

#[test]
fn keys_that_are_sealed_otherwise_are_refused() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    openssl.run(
        "ecparam",
        &[
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
            "plain.key",
        ],
    );
    openssl.run(
        "ecparam",
        &[
            "-name",
            "secp384r1",
            "-genkey",
            "-noout",
            "-out",
            "other.key",
        ],
    );
    let pass = ["-passout", "pass:open sesame"];
    let path = folder.path().join("a.key");
    for (key, how) in [
        ("plain.key", &["-v2", "aes-256-cbc"][..]),
        ("plain.key", &["-scrypt", "-v2", "aes-128-cbc"]),
        ("plain.key", &["-scrypt", "-scrypt_N", "1024"]),
        (
            "plain.key",
            &["-scrypt", "-scrypt_N", "16384", "-scrypt_p", "17"],
        ),
        ("other.key", &["-scrypt"]),
    ] {
        let arguments = [
            &["-topk8", "-in", key, "-out", "sealed.key"],
            &pass[..],
            how,
        ]
        .concat();
        openssl.run("pkcs8", &arguments);
        seal(&path, &openssl.file("sealed.key"));
        let refused = open_sealed(&path, &passphrase("open sesame")).unwrap_err();
        assert_eq!(refused.code(), Code::ConfigurationInvalid, "{how:?}");
    }
    openssl.run(
        "pkcs8",
        &["-topk8", "-nocrypt", "-in", "plain.key", "-out", "open.key"],
    );
    seal(&path, &openssl.file("open.key"));
    let refused = open_sealed(&path, &passphrase("open sesame")).unwrap_err();
    assert_eq!(refused.code(), Code::ConfigurationInvalid);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let refused = open_sealed(&path, &passphrase("open sesame")).unwrap_err();
    assert!(refused.detail().contains("chmod 600"));
}

#[test]
fn openssl_finds_the_profiles_in_the_certificates_of_a_ceremony() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (at, sealed) = (
        UnixTime::from_seconds(1_781_481_600).unwrap(),
        passphrase("correct horse battery"),
    );
    let ceremony = Ceremony::at(&folder.path().join("ca"));
    let country = Country::parse("ID").unwrap();
    let name = "Kementerian Kesehatan";
    ceremony.make(country, name, &sealed, at).unwrap();
    let wanted = Wanted {
        country,
        issuer: name.to_owned(),
        cohort: Cohort::parse(&["vaccination", "recovery"], "java", "2026Q3").unwrap(),
    };
    let request = make_sealed_key(&folder.path().join("dsc"), &wanted, &sealed).unwrap();
    let request = fs::read(request).unwrap();
    openssl.put("dsc.csr", &request);
    openssl.run("req", &["-in", "dsc.csr", "-verify", "-noout"]);
    let answered = ceremony.answer(&request, &sealed, at).unwrap();
    openssl.put("dsc.pem", answered.pem.as_bytes());
    for file in ["csca", "nbup", "nbtls"] {
        let pem = fs::read(folder.path().join(format!("ca/{file}.pem"))).unwrap();
        openssl.put(&format!("{file}.pem"), &pem);
    }
    let then = "1781500000";
    openssl.run(
        "verify",
        &[
            "-attime",
            then,
            "-x509_strict",
            "-CAfile",
            "csca.pem",
            "dsc.pem",
        ],
    );
    let shown = |file: &str| {
        openssl.run("x509", &["-in", file, "-noout", "-text", "-out", "text"]);
        let text = String::from_utf8(openssl.file("text")).unwrap();
        // One space where there are many, so that lines can be looked for.
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let has = |text: &str, parts: &[&str]| {
        for part in parts {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    };
    let csca = shown("csca.pem");
    has(
        &csca,
        &[
            "C = ID, O = Kementerian Kesehatan, CN = CSCA ID Kementerian Kesehatan",
            "CA:TRUE, pathlen:0",
            "Certificate Sign, CRL Sign",
            "Not Before: Jun 15 00:00:00 2026 GMT Not After : Jun 15 00:00:00 2030 GMT",
            "prime256v1",
        ],
    );
    let dsc = shown("dsc.pem");
    has(
        &dsc,
        &[
            "CN = DSC vaccination-recovery java 2026Q3",
            "X509v3 Key Usage: critical Digital Signature X509v3",
            "1.3.6.1.4.1.1847.2021.1.2, 1.3.6.1.4.1.1847.2021.1.3",
            "Not After : Jun 15 00:00:00 2028 GMT",
            "CA:FALSE",
        ],
    );
    let identifier = |text: &str, of: &str| {
        let rest = text.split_once(of).unwrap().1.trim_start();
        rest.trim_start_matches("keyid:")
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        identifier(&dsc, "Authority Key Identifier:"),
        identifier(&csca, "Subject Key Identifier:")
    );
    has(&shown("nbup.pem"), &["CN = NBup ID", "Digital Signature"]);
    has(
        &shown("nbtls.pem"),
        &[
            "CN = NBtls ID",
            "Digital Signature",
            "TLS Web Client Authentication",
        ],
    );
}
