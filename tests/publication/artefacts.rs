//! Every artefact of a running gateway, read back.

use crate::site::{Site, asked, bytes, json, published_after};
use crate::support::openssl::OpenSsl;
use lintas::crypto::sha256;
use lintas::exchange::did::{DidDocument, read_signer};
use lintas::exchange::signed::{Anchors, ListForm, own};
use lintas::exchange::{self, jwks, signed};
use lintas::model::{Environment, Thumbprint, UnixTime};
use lintas::trust::{Role, kid_of};
use serde_json::Value;

fn hex(bytes: &[u8]) -> String {
    Thumbprint(sha256(bytes)).to_string()
}

#[actix_web::test]
async fn every_form_is_read_back_by_its_reader() {
    let site = Site::new();
    let signers = [site.pins("one"), site.pins("two")];
    let gateway = site.serves().await;
    let sequence = published_after(&gateway, 0).await;
    let mut thumbprints: Vec<_> = signers.iter().map(|it| it.thumbprint()).collect();
    thumbprints.sort();

    let (_, _, list) = bytes(&gateway, "/published/trustlist.json").await;
    let rows = exchange::read("trustlist.json", &list).unwrap();
    assert!(rows.len() == 2 && rows.iter().all(Result::is_ok));
    let items: Value = serde_json::from_slice(&list).unwrap();
    for item in items.as_array().unwrap() {
        let members: Vec<_> = item.as_object().unwrap().keys().collect();
        let expected = "kid timestamp country certificateType thumbprint signature rawData";
        assert_eq!(members, expected.split(' ').collect::<Vec<_>>());
        assert_eq!(
            (&item["country"], &item["certificateType"]),
            (&"ID".into(), &"DSC".into())
        );
        assert_eq!(item["timestamp"], site.now().to_string());
    }
    let kids: Vec<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kid"].as_str().unwrap())
        .collect();
    assert!(kids.is_sorted());

    let (_, _, keys) = bytes(&gateway, "/published/jwks.json").await;
    for row in jwks::read("jwks.json", &keys).unwrap() {
        let key = row.unwrap();
        assert!(thumbprints.contains(&Thumbprint(sha256(&key.certificates[0]))));
        assert_eq!(key.algorithm.as_deref(), Some("ES256"));
    }

    let discovery = json(&gateway, "/.well-known/lintas").await;
    let root = discovery["roots"]["publication"]["list"].as_str().unwrap();
    let pinned = [Thumbprint::parse(root).unwrap().0];
    let anchors = Anchors {
        pinned: &pinned,
        material: &[],
    };
    let (_, _, cbor) = bytes(&gateway, "/published/trustlist.cbor").await;
    let list = own::open(&cbor, &anchors).unwrap();
    assert_eq!(
        (list.heading.environment, list.heading.sequence),
        (Environment::Test, sequence)
    );
    assert_eq!(
        (list.heading.created, list.heading.previous),
        (site.now(), None)
    );
    let mut found: Vec<_> = list
        .keys
        .iter()
        .map(|key| {
            let key = key.as_ref().unwrap();
            assert_eq!(
                (key.role, key.domain.as_deref()),
                (Role::Signer, Some("DCC"))
            );
            Thumbprint(sha256(&key.certificate))
        })
        .collect();
    found.sort();
    assert_eq!(found, thumbprints);
    let read = signed::read(
        ListForm::Lintas,
        "list",
        &[&cbor],
        &anchors,
        UnixTime::EPOCH,
    )
    .unwrap();
    assert_eq!(read.entries.len(), 2);
    assert_eq!(exchange::read("list.cbor", &cbor).unwrap().len(), 2);
    for other in ["did", "archive"] {
        let root = discovery["roots"]["publication"][other].as_str().unwrap();
        let pinned = [Thumbprint::parse(root).unwrap().0];
        let anchors = Anchors {
            pinned: &pinned,
            material: &[],
        };
        assert_eq!(
            own::open(&cbor, &anchors).unwrap_err().code().name(),
            "anchor_unknown"
        );
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn did_documents_stand_at_every_place_and_are_proven() {
    let site = Site::new();
    let signer = site.pins("one");
    let gateway = site.serves().await;
    published_after(&gateway, 0).await;
    let did = "did:web:trust.example.id:published:signer";
    let (status, _, document) = bytes(&gateway, "/published/signer/did.json").await;
    assert_eq!(status, 200);
    let key = read_signer(&document, did).unwrap();
    let places = [
        "",
        ":DCC",
        ":DCC:IDN",
        ":DCC:IDN:DSC",
        ":DCC:-",
        ":DCC:-:DSC",
        ":-",
        ":-:IDN",
        ":-:IDN:DSC",
        ":-:-",
        ":-:-:DSC",
    ];
    for list in ["trustlist", "trustlist-ref"] {
        for place in places {
            let path = format!("/v2/{list}{}/did.json", place.replace(':', "/"));
            let (status, headers, bytes) = bytes(&gateway, &path).await;
            assert_eq!(
                (status, headers["content-type"].to_str().unwrap()),
                (200, "application/json"),
                "{path}"
            );
            let did = format!("did:web:trust.example.id:v2:{list}{place}");
            let document = DidDocument::read(&bytes, &did).unwrap();
            document.proven_by(&key).unwrap();
            let above = place.rsplit_once(':').map_or("", |(above, _)| above);
            assert_eq!(
                document.controller,
                format!("did:web:trust.example.id:v2:{list}{above}")
            );
            if list == "trustlist" {
                let method = document.methods[0].as_ref().unwrap();
                assert_eq!(method.chain[0], signer.der);
                assert_eq!(
                    (method.domain.as_deref(), method.participant.as_str()),
                    (Some("DCC"), "IDN")
                );
                assert_eq!(Some(&method.kid), kid_of(&signer.der).as_ref());
            } else {
                assert_eq!(document.references.len(), 1, "{place}");
            }
        }
    }
    for nowhere in [
        "/v2/trustlist/PH4H/did.json",
        "/v2/trustlist/DCC/IDN/SCA/did.json",
        "/v2/trustlist/DCC/FRA/did.json",
    ] {
        let answer = gateway.get(nowhere).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (404, "not_found"),
            "{nowhere}"
        );
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn the_archive_is_whole_and_openssl_holds_its_signature_good() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let site = Site::new();
    let signer = site.pins("one");
    let gateway = site.serves().await;
    published_after(&gateway, 0).await;
    let (_, headers, zip) = bytes(&gateway, "/published/dcc_trustlist.zip").await;
    assert_eq!(headers["content-type"], "application/zip");
    let (_, _, signature) = bytes(&gateway, "/published/dcc_trustlist.zip.sig.txt").await;
    let der = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &signature).unwrap();
    let (_, _, certificates) = bytes(&gateway, "/published/certificates.pem").await;
    openssl.put("list.zip", &zip);
    openssl.put("list.sig", &der);
    openssl.put("ca.pem", &certificates);
    let verify = [
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "list.sig",
        "-content",
        "list.zip",
        "-CAfile",
        "ca.pem",
        "-purpose",
        "any",
        "-no_check_time",
        "-out",
        "out",
    ];
    openssl.run("cms", &verify);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&zip)).unwrap();
    let names: Vec<_> = archive
        .file_names()
        .map(|it| it.unwrap().into_owned())
        .collect();
    let pem = format!("DSC/DCC/ID/{}.pem", signer.thumbprint());
    assert_eq!(
        names,
        ["Readme.txt", "License.txt", "Version.txt", pem.as_str()]
    );
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name(&pem).unwrap(), &mut text).unwrap();
    assert!(
        text.lines().all(|line| line.len() <= 64) && text.ends_with("-----END CERTIFICATE-----\n")
    );
    let rows = exchange::read("one.pem", text.as_bytes()).unwrap();
    let lintas::trust::KeyMaterial::Certificate(der) = &rows[0].as_ref().unwrap().key else {
        panic!("a bare key");
    };
    assert_eq!(der, &signer.der);
    gateway.stop().await;
}

#[actix_web::test]
async fn artefacts_may_be_kept_and_are_at_their_number_for_ever() {
    let site = Site::new();
    site.pins("one");
    let gateway = site.serves().await;
    let sequence = published_after(&gateway, 0).await;
    let discovery = json(&gateway, "/.well-known/lintas").await;
    assert_eq!(discovery["sequence"], sequence);
    let manifest = json(&gateway, "/published/manifest.json").await;
    let names = manifest["artefacts"].as_object().unwrap();
    for (name, hash) in names {
        let numbered = format!("/published/{sequence}/{name}");
        let (status, headers, body) = bytes(&gateway, &numbered).await;
        assert_eq!(
            (status, hex(&body).as_str()),
            (200, hash.as_str().unwrap()),
            "{name}"
        );
        assert_eq!(
            headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(
            headers["etag"].to_str().unwrap(),
            format!("\"{}\"", hex(&body))
        );
    }
    for (name, told) in discovery["artefacts"].as_object().unwrap() {
        let moving = told["url"]
            .as_str()
            .unwrap()
            .strip_prefix("https://trust.example.id")
            .unwrap();
        let (status, headers, body) = bytes(&gateway, moving).await;
        assert_eq!(
            (status, hex(&body).as_str()),
            (200, told["sha256"].as_str().unwrap()),
            "{name}"
        );
        assert_eq!(told["bytes"], body.len());
        assert_eq!(headers["cache-control"], "public, max-age=60");
        assert_eq!(
            headers["lintas-sequence"].to_str().unwrap(),
            sequence.to_string()
        );
        assert!(!headers.contains_key("lintas-previous"));
        let tag = headers["etag"].to_str().unwrap();
        let again = asked(&gateway, moving, "if-none-match", tag).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{name}");
        assert_eq!(again.headers["etag"], headers["etag"]);
        let other = asked(&gateway, moving, "if-none-match", "\"other\"").await;
        assert_eq!(other.status, 200);
        let immutable = told["immutable_url"]
            .as_str()
            .unwrap()
            .strip_prefix("https://trust.example.id")
            .unwrap();
        assert_eq!(bytes(&gateway, immutable).await.2, body);
    }
    for nowhere in [
        format!("/published/{sequence}/nothing"),
        format!("/published/0{sequence}/manifest.json"),
        format!("/published/{}/manifest.json", sequence + 1),
        "/published/x/manifest.json".to_owned(),
        format!("/published/{sequence}/..%2Fmark.json"),
    ] {
        let answer = gateway.get(&nowhere).await;
        assert_eq!(answer.status, 404, "{nowhere}");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    // What is said of this node may not be kept.
    assert_eq!(
        gateway.get("/health/ready").await.headers["cache-control"],
        "no-store"
    );
    // The one before stays where it was.
    site.passes(10);
    std::fs::write(
        gateway.data.path().join("pinned/two.der"),
        site.csca.issue("ID", "DSC", &[]).der,
    )
    .unwrap();
    gateway.gateway().refresh();
    let next = published_after(&gateway, sequence).await;
    let (_, headers, _) = bytes(&gateway, "/published/trustlist.cbor").await;
    assert_eq!(
        headers["lintas-sequence"].to_str().unwrap(),
        next.to_string()
    );
    assert_eq!(
        headers["lintas-previous"],
        discovery["manifest"].as_str().unwrap()
    );
    let (status, _, old) = bytes(&gateway, &format!("/published/{sequence}/trustlist.cbor")).await;
    assert_eq!(
        (status, hex(&old).as_str()),
        (200, names["trustlist.cbor"].as_str().unwrap())
    );
    let ready = json(&gateway, "/health/ready").await;
    assert_eq!(
        (&ready["publication"], &ready["published"]),
        (&"current".into(), &next.into())
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_gateway_without_keys_says_that_it_does_not_publish() {
    let site = Site::new();
    site.pins("one");
    std::fs::remove_file(site.path().join("keys/publication/list.key")).unwrap();
    let gateway = site.serves().await;
    assert_eq!(gateway.get("/v1/trust").await.status, 200);
    for path in [
        "/.well-known/lintas",
        "/published/trustlist.json",
        "/signercertificateStatus",
        "/rules",
        "/publickey",
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (503, "not_published"),
            "{path}"
        );
    }
    assert_eq!(json(&gateway, "/health/ready").await["publication"], "off");
    gateway.stop().await;
}

#[actix_web::test]
async fn a_demo_gateway_publishes_by_itself() {
    let gateway = crate::support::gateway::TestGateway::start().await;
    published_after(&gateway, 0).await;
    let port = gateway.base.rsplit_once(':').unwrap().1.to_owned();
    let root = json(&gateway, "/v2/trustlist/DCC/ZZ/DSC/did.json").await;
    let did = format!("did:web:localhost%3A{port}:v2:trustlist:DCC:ZZ:DSC");
    assert_eq!(root["id"], did.as_str());
    let (_, _, signer) = bytes(&gateway, "/published/signer/did.json").await;
    let key = read_signer(
        &signer,
        &format!("did:web:localhost%3A{port}:published:signer"),
    )
    .unwrap();
    let document = DidDocument::read(root.to_string().as_bytes(), &did).unwrap();
    document.proven_by(&key).unwrap();
    gateway.stop().await;
}
