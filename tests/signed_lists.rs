//! National lists with a signature over the whole: those in circulation, and ours with throw-away keys.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::codec::cbor::{self, Value as Cbor};
use lintas::codec::jws;
use lintas::crypto::sha256;
use lintas::exchange::signed::{
    self, Anchors, ListForm, PublishedSigner, SignedList, austria, germany, sweden,
};
use lintas::failure::{Code, Failure};
use lintas::model::{Country, Purpose, UnixTime};
use lintas::trust::{KeyMaterial, Purposes};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::DecodePrivateKey;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use support::openssl::OpenSsl;
use support::{conformance_dir, issued_at};

fn lists() -> Option<PathBuf> {
    Some(conformance_dir()?.join("trustlists"))
}

/// What stands between the lines of a PEM file with one block.
fn pem(text: &str) -> Vec<u8> {
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64_STANDARD.decode(body).unwrap()
}

fn time(text: &str) -> UnixTime {
    UnixTime::parse(text).unwrap()
}

/// The list under the one anchor `anchor`.
fn read(
    form: ListForm,
    parts: &[&[u8]],
    anchor: &[u8],
    at: UnixTime,
) -> Result<SignedList, Failure> {
    let anchors = Anchors {
        pinned: &[sha256(anchor)],
        material: &[anchor],
    };
    signed::read(form, "list", parts, &anchors, at)
}

fn code(form: ListForm, parts: &[&[u8]], anchor: &[u8], at: UnixTime) -> Code {
    read(form, parts, anchor, at).unwrap_err().code()
}

fn good(list: &SignedList) -> usize {
    list.entries.iter().filter(|row| row.is_ok()).count()
}

#[test]
fn germanys_lists_hold_byte_for_byte() {
    let Some(lists) = lists().map(|it| it.join("de")) else {
        return;
    };
    let list = |name: &str| fs::read(lists.join(name).join("dsc-list.signed")).unwrap();
    let key =
        |name: &str| pem(&fs::read_to_string(lists.join(name).join("signing-key.pem")).unwrap());
    let at = issued_at();
    let germany = ListForm::Germany;
    for (name, count) in [("acc", 610), ("prod", 829)] {
        let read = read(germany, &[&list(name)], &key(name), at).unwrap();
        assert_eq!((read.entries.len(), good(&read)), (count, count), "{name}");
        assert_eq!(read.signer, sha256(&key(name)));
    }
    // A line break more, and the signature is over something else.
    let longer = list("acc-2021-trailing-newline");
    let signer = key("acc-2021-trailing-newline");
    assert_eq!(code(germany, &[&longer], &signer, at), Code::ProofInvalid);
    let shorter = longer.strip_suffix(b"\n").unwrap();
    assert_eq!(
        read(germany, &[shorter], &signer, at)
            .unwrap()
            .entries
            .len(),
        122
    );
    let name = "reformatted-bad-signature";
    assert_eq!(
        code(germany, &[&list(name)], &key(name), at),
        Code::ProofInvalid
    );
    assert_eq!(
        code(germany, &[&list("acc")], &key("prod"), at),
        Code::ProofInvalid
    );
    let nobody = Anchors {
        pinned: &[],
        material: &[&key("acc")],
    };
    let failure = signed::read(germany, "list", &[&list("acc")], &nobody, at).unwrap_err();
    assert_eq!(
        failure.code(),
        Code::AnchorUnknown,
        "at hand, and not pinned"
    );
}

#[test]
fn austrias_sample_holds_at_its_own_time() {
    let Some(lists) = lists().map(|it| it.join("at")) else {
        return;
    };
    let file = |name: &str| fs::read(lists.join(name)).unwrap();
    let (mut list, signature) = (file("sample.trustlist"), file("sample.trustlistsig"));
    let root = file("sample.root.der");
    let (austria, start) = (ListForm::Austria, UnixTime::EPOCH);
    let read = read(austria, &[&list, &signature], &root, start).unwrap();
    assert_eq!((read.entries.len(), good(&read)), (2, 2));
    assert_eq!(
        (read.issued_at, read.expires_at),
        (Some(start), Some(start.plus(172_800)))
    );
    let late = start.plus(172_801);
    assert_eq!(
        code(austria, &[&list, &signature], &root, late),
        Code::ListExpired
    );
    list[50] ^= 1;
    assert_eq!(
        code(austria, &[&list, &signature], &root, start),
        Code::ProofInvalid
    );
    assert_eq!(code(austria, &[&list], &root, start), Code::ListInvalid);
}

#[test]
fn swedens_example_holds_and_names_one_kid_in_two_countries() {
    let Some(lists) = lists().map(|it| it.join("se")) else {
        return;
    };
    let list = fs::read(lists.join("example-dsc-tl.jws")).unwrap();
    let text = String::from_utf8(list.clone()).unwrap();
    let certificate = jws::Jws::read(&text).unwrap().header.certificates.remove(0);
    let sweden = ListForm::Sweden;
    let at = UnixTime::from_seconds(1_620_030_937).unwrap();
    let read = read(sweden, &[&list], &certificate, at).unwrap();
    assert_eq!((read.entries.len(), good(&read)), (5, 5));
    let named = |kid: &str| {
        let entries = read.entries.iter().map(|row| row.as_ref().unwrap());
        let entries = entries.filter(|entry| entry.kid.as_ref().unwrap().to_string() == kid);
        entries
            .map(|entry| (entry.country.clone().unwrap(), entry.purposes.clone()))
            .collect::<Vec<_>>()
    };
    let test = Purposes::only([Purpose::Test]);
    let others = Purposes::only([Purpose::Vaccination, Purpose::Recovery]);
    assert_eq!(
        named("i4y+9ze+kjE="),
        [("DE".to_owned(), test.clone()), ("SE".to_owned(), others)]
    );
    assert_eq!(
        named("iOqgTe/pun8="),
        [("DE".to_owned(), Purposes::ALL), ("SE".to_owned(), test)]
    );
    for late in [at.plus(-1), at.plus(86_401)] {
        assert_eq!(
            code(sweden, &[&list], &certificate, late),
            Code::ListExpired
        );
    }
    assert_eq!(code(sweden, &[&list], b"other", at), Code::AnchorUnknown);
    let spoilt = text.replacen("f8yLA", "f8yLB", 1).into_bytes();
    assert_eq!(
        code(sweden, &[&spoilt], &certificate, at),
        Code::JwsInvalid,
        "a stray bit"
    );
    let spoilt = text.replacen("Gg", "Hg", 1).into_bytes();
    assert!(self::read(sweden, &[&spoilt], &certificate, at).is_err());
}

#[test]
fn switzerlands_keys_hold_under_their_root_and_count_where_they_are_in_force() {
    let Some(lists) = lists().map(|it| it.join("ch")) else {
        return;
    };
    let file = |name: &str| fs::read(lists.join(name)).unwrap();
    let (active, keys) = (
        file("CH-20210715at1944-keylist.jwt"),
        file("CH-20210715at1944-updates.jwt"),
    );
    let root = pem(&String::from_utf8(file("CH-root.crt")).unwrap());
    let (swiss, at) = (ListForm::Switzerland, time("2021-07-15T19:44:00Z"));
    let read = read(swiss, &[&active, &keys], &root, at).unwrap();
    assert_eq!((read.entries.len(), good(&read)), (131, 131));
    // One and the same page twice: the readers of entries see to repeated signers.
    assert_eq!(
        self::read(swiss, &[&active, &keys, &keys], &root, at)
            .unwrap()
            .entries
            .len(),
        262
    );
    let late = time("2025-03-01T00:00:00Z");
    assert_eq!(
        code(swiss, &[&active, &keys], &root, late),
        Code::SignerExpired
    );
    assert_eq!(
        code(swiss, &[&active, &keys], b"other", at),
        Code::AnchorUnknown
    );
    assert_eq!(code(swiss, &[&active], &root, at), Code::ListInvalid);
    assert_eq!(
        code(swiss, &[&keys, &active], &root, at),
        Code::ListInvalid,
        "parts exchanged"
    );
    let mut spoilt = keys;
    let middle = spoilt.len() / 2;
    spoilt[middle] = if spoilt[middle] == b'A' { b'B' } else { b'A' };
    assert_eq!(
        code(swiss, &[&active, &spoilt], &root, at),
        Code::ProofInvalid
    );
}

/// A maker of throw-away certificates on P-256, and their keys.
struct Pki(OpenSsl);

impl Pki {
    fn start() -> Option<Self> {
        let openssl = OpenSsl::start()?;
        Some(Self(openssl))
    }

    fn root(&self, name: &str) -> (Vec<u8>, SigningKey) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        self.0.self_signed(&key, &certificate, &kind);
        self.made(name)
    }

    /// A certificate by `issuer`, without extensions.
    fn issued(&self, name: &str, common_name: &str, issuer: &str) -> (Vec<u8>, SigningKey) {
        let request = [
            "-new",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ];
        let subject = format!("/C=ZZ/CN={common_name}");
        let key = format!("{name}.key");
        let named = ["-keyout", &key, "-subj", &subject, "-out", "request"];
        self.0.run("req", &[&request[..], &named].concat());
        let (by, by_key, out) = (
            format!("{issuer}.pem"),
            format!("{issuer}.key"),
            format!("{name}.pem"),
        );
        let sign = ["-req", "-in", "request", "-days", "9", "-set_serial", "7"];
        self.0.run(
            "x509",
            &[&sign[..], &["-CA", &by, "-CAkey", &by_key, "-out", &out]].concat(),
        );
        self.made(name)
    }

    fn made(&self, name: &str) -> (Vec<u8>, SigningKey) {
        let text =
            |suffix: &str| String::from_utf8(self.0.file(&format!("{name}.{suffix}"))).unwrap();
        (
            pem(&text("pem")),
            SigningKey::from_pkcs8_pem(&text("key")).unwrap(),
        )
    }
}

fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::Signature = key.sign(message);
    signature.to_bytes().to_vec()
}

/// Two signers of two countries, one of them restricted.
fn signers(pki: &Pki) -> Vec<PublishedSigner> {
    let signer = |country: &str, purposes| PublishedSigner {
        country: Country::parse(country).unwrap(),
        certificate: pki.root("signer").0,
        purposes,
        admitted_at: issued_at(),
        upload: None,
    };
    vec![
        signer("ID", Purposes::ALL),
        signer("SG", Purposes::only([Purpose::Test])),
    ]
}

/// That `list` names exactly the two signers.
fn assert_names(list: &SignedList, signers: &[PublishedSigner]) {
    assert_eq!(list.entries.len(), signers.len());
    for (row, signer) in list.entries.iter().zip(signers) {
        let entry = row.as_ref().unwrap();
        let KeyMaterial::Certificate(der) = &entry.key else {
            panic!("a bare key");
        };
        assert_eq!(*der, signer.certificate);
        assert_eq!(entry.kid, lintas::trust::kid_of(der));
    }
}

#[test]
fn lists_of_ours_are_read_in_the_forms_of_germany_austria_and_sweden() {
    let Some(pki) = Pki::start() else {
        return;
    };
    let (root, key) = pki.root("root");
    let spki = lintas::codec::x509::Certificate::read(&root)
        .unwrap()
        .public_key;
    let signers = signers(&pki);
    let (from, to) = (issued_at(), issued_at().plus(3600));

    let unsigned = germany::Unsigned::new(&signers);
    let list = unsigned.complete(&sign(&key, unsigned.signed_bytes()));
    let read_back = read(ListForm::Germany, &[&list], &spki, from).unwrap();
    assert_names(&read_back, &signers);
    assert_eq!(
        read_back.entries[1].as_ref().unwrap().country.as_deref(),
        Some("SG")
    );

    let unsigned = austria::Unsigned::new(&signers, from, to, &root).unwrap();
    let signature = sign(&key, &unsigned.signed_bytes());
    let [list, signature] = unsigned.complete(&signature).unwrap();
    let read_back = read(ListForm::Austria, &[&list, &signature], &root, to).unwrap();
    assert_names(&read_back, &signers);
    let late = code(ListForm::Austria, &[&list, &signature], &root, to.plus(1));
    assert_eq!(late, Code::ListExpired);

    let heading = sweden::Heading {
        issuer: "ID",
        audience: &["verifiers"],
        id: "1",
        issued_at: from,
        expires_at: to,
    };
    let unsigned = sweden::Unsigned::new(&heading, &signers, root.clone()).unwrap();
    let list = unsigned.complete(&sign(&key, &unsigned.signed_bytes()));
    let read_back = read(ListForm::Sweden, &[&list], &root, from).unwrap();
    assert_names(&read_back, &signers);
    assert_eq!(
        read_back.entries[1].as_ref().unwrap().purposes,
        signers[1].purposes
    );
    assert_eq!(
        (read_back.signer, read_back.expires_at),
        (sha256(&root), Some(to))
    );
}

#[test]
fn a_certificate_of_the_same_authority_signs_no_swiss_list() {
    let Some(pki) = Pki::start() else {
        return;
    };
    const NAME: &str = "CH01-AppContentCertificate";
    let (root, _) = pki.root("root");
    let now = lintas::codec::x509::Certificate::read(&root)
        .unwrap()
        .not_before;
    let now = UnixTime::from_seconds(now).unwrap().plus(60);
    let swiss = |(leaf, key): &(Vec<u8>, SigningKey), more: &[&Vec<u8>]| {
        let chain = [leaf].into_iter().chain(more.iter().copied());
        let header = jws::Header {
            algorithm: "ES256".into(),
            certificates: chain.cloned().collect(),
            ..jws::Header::default()
        };
        let part = |content: serde_json::Value| {
            let unsigned = jws::Unsigned::new(&header, content.to_string().into_bytes());
            unsigned.complete(&sign(key, &unsigned.signed_bytes()))
        };
        let active = part(json!({ "activeKeyIds": ["AQ==", "Ag=="] }));
        let keys = part(json!({ "certs": [{ "keyId": "Aw==", "alg": "ES256" }] }));
        read(
            ListForm::Switzerland,
            &[active.as_bytes(), keys.as_bytes()],
            &root,
            now,
        )
    };
    let service = pki.issued("service", NAME, "root");
    let list = swiss(&service, &[]).unwrap();
    let reasons: Vec<_> = list
        .entries
        .iter()
        .map(|row| row.as_ref().unwrap_err().failure.detail())
        .collect();
    assert_eq!(
        reasons,
        [
            "the key identifier is not in force",
            "a key identifier in force without its key",
            "a key identifier in force without its key"
        ]
    );
    let refused = |answer: Result<SignedList, Failure>| answer.unwrap_err().code();
    let other = pki.issued("other", "another service", "root");
    assert_eq!(refused(swiss(&other, &[])), Code::AnchorUnknown);
    // A service makes a service: nobody said that it may.
    let forged = pki.issued("forged", NAME, "other");
    assert_eq!(refused(swiss(&forged, &[&other.0])), Code::ChainInvalid);
    assert_eq!(
        refused(swiss(&forged, &[&other.0, &root])),
        Code::ChainInvalid
    );
    let stranger = pki.root("stranger");
    assert_eq!(refused(swiss(&stranger, &[&root])), Code::AnchorUnknown);
}

#[test]
fn a_bare_austrian_key_counts_within_the_period_of_its_entry_only() {
    let Some(pki) = Pki::start() else {
        return;
    };
    let (root, key) = pki.root("root");
    let spki = lintas::codec::x509::Certificate::read(&root)
        .unwrap()
        .public_key;
    let at = issued_at();
    let entry = |bounds: Vec<(&str, Cbor)>| {
        let mut members = vec![
            (Cbor::from("i"), Cbor::Bytes(vec![1; 8])),
            (Cbor::from("k"), Cbor::Bytes(spki.clone())),
        ];
        members.extend(
            bounds
                .into_iter()
                .map(|(name, value)| (Cbor::from(name), value)),
        );
        Cbor::Map(members)
    };
    let (before, after) = (at.seconds() - 1, at.seconds() + 1);
    let entries = vec![
        entry(vec![]),
        entry(vec![("nb", before.into()), ("na", after.into())]),
        entry(vec![("nb", after.into())]),
        entry(vec![("na", before.into())]),
        entry(vec![("na", Cbor::from("2030"))]),
        Cbor::Map(vec![(Cbor::from("i"), Cbor::Bytes(vec![1; 8]))]),
        Cbor::Null,
    ];
    let list = cbor::write(&Cbor::Map(vec![("c".into(), Cbor::Array(entries))])).unwrap();
    let stated = Cbor::Map(vec![
        (2.into(), Cbor::Bytes(sha256(&list).to_vec())),
        (4.into(), after.into()),
        (5.into(), before.into()),
    ]);
    let kid = lintas::trust::kid_of(&root).unwrap();
    let stated = cbor::write(&stated).unwrap();
    let unsigned = lintas::codec::cose::Unsigned::new(-7, kid.as_bytes(), stated).unwrap();
    let signature = sign(&key, &unsigned.signed_bytes());
    let signature = unsigned.complete(signature).unwrap();
    let list = read(ListForm::Austria, &[&list, &signature], &root, at).unwrap();
    let good: Vec<_> = list.entries.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, true, false, false, false, false, false]);
}

#[test]
fn a_dutch_list_holds_under_the_pinned_certificate_in_its_signature() {
    let Some(pki) = Pki::start() else {
        return;
    };
    let (root, _) = pki.root("root");
    let spki = lintas::codec::x509::Certificate::read(&root)
        .unwrap()
        .public_key;
    let payload = json!({ "eu_keys": { "AQ==": [{ "subjectPk": BASE64_STANDARD.encode(spki), "keyUsage": [] }] } });
    pki.0.put("payload", payload.to_string().as_bytes());
    let arguments = [
        "-sign",
        "-binary",
        "-outform",
        "DER",
        "-in",
        "payload",
        "-signer",
        "root.pem",
        "-inkey",
        "root.key",
        "-out",
        "signature",
    ];
    pki.0.run("cms", &arguments);
    let list = |payload: &str| {
        let signature = BASE64_STANDARD.encode(pki.0.file("signature"));
        let payload = BASE64_STANDARD.encode(payload);
        json!({ "payload": payload, "signature": signature })
            .to_string()
            .into_bytes()
    };
    let dutch = ListForm::Netherlands;
    let good_list = list(&payload.to_string());
    let read = read(dutch, &[&good_list], &root, issued_at()).unwrap();
    assert_eq!((good(&read), read.signer), (1, sha256(&root)));
    assert!(read.issued_at.is_some());
    let other = list(&payload.to_string().replace("AQ==", "Ag=="));
    assert_eq!(
        code(dutch, &[&other], &root, issued_at()),
        Code::ProofInvalid
    );
    assert_eq!(
        code(dutch, &[&good_list], b"other", issued_at()),
        Code::AnchorUnknown
    );
}
