//! Withdrawn certificates, as an EU verifier app fetches them and looks them up.

use crate::openapi::obeys;
use crate::parties::Land;
use crate::site::{Node, Site, json as answered};
use crate::support::country::Identity;
use crate::support::gateway::{Answer, TestGateway, read};
use lintas::exchange::dgcg::slice::{BloomFilter, VarHashList};
use lintas::exchange::dgcg::{write_batch, write_message};
use lintas::model::{Kid, UnixTime};
use lintas::revocation::{HashKind, RevocationBatch, RevocationHash};
use lintas::server::gateway::hub::{Handed, Hub, delete_batch, upload_batch};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

/// Hashes that nobody chose.
fn some_hashes(seed: u64, count: u64) -> Vec<RevocationHash> {
    let hash = |number: u64| {
        let digest = lintas::crypto::sha256(&[seed.to_be_bytes(), number.to_be_bytes()].concat());
        RevocationHash(digest[..16].try_into().unwrap())
    };
    (0..count).map(hash).collect()
}

fn kid(byte: u8) -> Kid {
    Kid::from_bytes(&[byte; 8]).unwrap()
}

impl Land {
    fn hands_over(&self, content: &Value) -> Handed {
        let message = self
            .participant
            .upload
            .sign(content.to_string().as_bytes(), true);
        Handed::text(write_message(&message).as_bytes()).unwrap()
    }

    async fn withdraws(&self, node: &Node, batch: &RevocationBatch) {
        let handed = self.hands_over(&write_batch(batch));
        let decide = |hub: &Hub, at: UnixTime| {
            let party = hub.party(self.country()).unwrap();
            upload_batch(hub, party, &handed, &batch.id, at)
        };
        node.gateway.hand_in_batches(decide).await.unwrap();
    }

    async fn takes_back(&self, node: &Node, id: &str) {
        let handed = self.hands_over(&json!({ "batchId": id }));
        let decide = |hub: &Hub, at: UnixTime| {
            let party = hub.party(self.country()).unwrap();
            delete_batch(hub, party, &handed, at)
        };
        node.gateway.hand_in_batches(decide).await.unwrap();
    }
}

/// A party that withdraws certificates at a gateway that serves.
struct Scene {
    site: Site,
    gateway: TestGateway,
    node: Node,
    land: Land,
    /// What each batch withdraws, by kind of hash.
    withdrawn: BTreeMap<&'static str, Vec<RevocationHash>>,
}

impl Scene {
    async fn new() -> Self {
        let anchor = Identity::self_signed("ID", "trust anchor", false);
        let federation = format!(
            "[federation]\nanchors = [\"{}\"]\ntest_participants = true\n",
            anchor.thumbprint()
        );
        let site = Site::new().with(&federation);
        let gateway = site.serves().await;
        let node = Node {
            gateway: Arc::clone(gateway.gateway()),
        };
        let land = Land::new("XL");
        land.joins(&node, &anchor).await;
        let mut scene = Self {
            site,
            gateway,
            node,
            land,
            withdrawn: BTreeMap::new(),
        };
        for (seed, kind) in (1..).zip(HashKind::ALL) {
            let batch = scene.batch(seed, kind, some_hashes(seed, 400));
            scene.land.withdraws(&scene.node, &batch).await;
            scene.withdrawn.insert(kind.name(), batch.hashes);
        }
        scene.settles().await;
        scene
    }

    /// Has the gateway take in what was handed in, and make slices of it.
    async fn settles(&self) {
        let gateway = self.gateway.gateway();
        gateway.refresh();
        gateway.follow().await.unwrap();
        gateway.keep_slices().await.unwrap();
    }

    fn batch(&self, number: u64, kind: HashKind, hashes: Vec<RevocationHash>) -> RevocationBatch {
        let days = i64::try_from(number).unwrap();
        RevocationBatch {
            id: format!("00000000-0000-4000-8000-{number:012}"),
            country: self.land.country(),
            kid: Some(kid(7)),
            kind,
            expires_at: self.site.now().plus(days * 86_400),
            hashes,
        }
    }

    async fn ends(self) {
        self.gateway.stop().await;
    }
}

/// What an app has of one set of slices.
struct App<'g> {
    gateway: &'g TestGateway,
    tag: String,
    filter_type: Option<&'static str>,
    since: Option<String>,
}

impl<'g> App<'g> {
    async fn begins(gateway: &'g TestGateway, filter_type: Option<&'static str>) -> Self {
        let lists = gateway.get("/lists").await;
        assert_eq!(lists.status, 200, "{}", lists.text);
        Self {
            gateway,
            tag: lists.headers["etag"].to_str().unwrap().to_owned(),
            filter_type,
            since: None,
        }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/lists{path}", self.gateway.base);
        let mut request = self.gateway.client.request(method, url);
        request = request.header(IF_MATCH, &self.tag);
        if let Some(filter_type) = self.filter_type {
            request = request.header("X-SLICE-FILTER-TYPE", filter_type);
        }
        match &self.since {
            Some(since) => request.header(IF_MODIFIED_SINCE, since),
            None => request,
        }
    }

    async fn gets(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path)).await
    }

    /// The entries of an archive, by name.
    async fn fetches(&self, method: Method, path: &str, body: Option<Value>) -> Files {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/gzip");
        entries(&answer.bytes().await.unwrap())
    }
}

type Files = BTreeMap<String, Vec<u8>>;

/// The files in a TAR archive in GZIP.
fn entries(archive: &[u8]) -> Files {
    let mut plain = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(archive);
    reader.read_to_end(&mut plain).unwrap();
    let mut files = Files::new();
    let mut rest = plain.as_slice();
    while rest[0] != 0 {
        let text = |from: usize, to: usize| {
            let field = rest[from..to].split(|byte| *byte == 0).next().unwrap();
            std::str::from_utf8(field).unwrap().to_owned()
        };
        assert_eq!(text(257, 262), "ustar");
        let sum: u32 = rest[..512]
            .iter()
            .enumerate()
            .map(|(at, byte)| {
                u32::from(if (148..156).contains(&at) {
                    b' '
                } else {
                    *byte
                })
            })
            .sum();
        assert_eq!(u32::from_str_radix(&text(148, 156), 8).unwrap(), sum);
        let length = usize::from_str_radix(&text(124, 136), 8).unwrap();
        files.insert(text(0, 100), rest[512..512 + length].to_vec());
        rest = &rest[512 + length.next_multiple_of(512)..];
    }
    assert_eq!(rest, [0; 1024]);
    files
}

/// Whether an app finds `hash` among what it fetched.
fn finds(files: &Files, filter_type: Option<&str>, hash: RevocationHash) -> bool {
    let chunk = format!("{:x}", hash.0[0] >> 4);
    let here = files
        .iter()
        .filter(|(name, _)| name.split('/').nth(2) == Some(chunk.as_str()));
    let mut filters = here.map(|(_, bytes)| bytes);
    filters.any(|bytes| match filter_type {
        Some("VARHASHLIST") => VarHashList::read(bytes).unwrap().may_hold(hash),
        _ => BloomFilter::read(bytes).unwrap().may_hold(hash),
    })
}

const KID: &str = "BwcHBwcHBwc";

#[actix_web::test]
async fn an_app_finds_every_withdrawn_certificate_and_no_other() {
    let scene = Scene::new().await;
    let lists = scene.gateway.get("/lists").await.json();
    let [list] = &lists.as_array().unwrap()[..] else {
        panic!("{lists}");
    };
    assert_eq!(
        (&list["kid"], &list["mode"], &list["hashTypes"]),
        (
            &json!(KID),
            &json!("POINT"),
            &json!(["SIGNATURE", "UCI", "COUNTRYCODEUCI"])
        )
    );
    let document = answered(&scene.gateway, "/openapi.json").await;
    obeys(&document, "SliceLists", &lists);
    let others = some_hashes(99, 10_000);
    for filter_type in [None, Some("BLOOMFILTER"), Some("VARHASHLIST")] {
        let app = App::begins(&scene.gateway, filter_type).await;
        let partitions = app.gets(&format!("/{KID}/partitions")).await.json();
        obeys(&document, "SlicePartitions", &partitions);
        let [partition] = &partitions.as_array().unwrap()[..] else {
            panic!("{partitions}");
        };
        assert!(partition["id"].is_null() && partition["x"].is_null());
        let path = format!("/{KID}/partitions/null");
        assert_eq!(&app.gets(&path).await.json(), partition);
        let files = app
            .fetches(Method::POST, &format!("{path}/slices"), None)
            .await;
        // Each slice that the partition names is there under its name, and its name is its hash.
        let mut named = 0;
        for (chunk, slices) in partition["chunks"].as_object().unwrap() {
            for slice in slices.as_object().unwrap().values() {
                let id = slice["hash"].as_str().unwrap();
                let bytes = &files[&format!("{KID}/null/{chunk}/{id}")];
                let digest = lintas::crypto::sha256(bytes);
                assert_eq!(base16ct::lower::encode_string(&digest), id);
                assert_eq!(slice["type"], filter_type.unwrap_or("BLOOMFILTER"));
                named += 1;
            }
        }
        // Sixteen chunks, three ends.
        assert_eq!((files.len(), named), (48, 48));
        for (kind, hashes) in &scene.withdrawn {
            let found = hashes.iter().filter(|it| finds(&files, filter_type, **it));
            assert_eq!(found.count(), 400, "{kind}");
        }
        let found = others.iter().filter(|it| finds(&files, filter_type, **it));
        assert_eq!(found.count(), 0);
    }
    scene.ends().await;
}

#[actix_web::test]
async fn an_app_fetches_the_chunks_and_slices_that_it_names() {
    let scene = Scene::new().await;
    for filter_type in [None, Some("VARHASHLIST")] {
        let app = App::begins(&scene.gateway, filter_type).await;
        let path = format!("/{KID}/partitions/null");
        let chunks = Some(json!(["a", "3", "zz"]));
        let some = app
            .fetches(Method::POST, &format!("{path}/slices"), chunks)
            .await;
        assert_eq!(some.len(), 6);
        let path = format!("{path}/chunks/a/slices");
        let all = app.fetches(Method::GET, &path, None).await;
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|file| some.get(file.0) == Some(file.1)));
        assert_eq!(app.fetches(Method::POST, &path, None).await, all);
        let (name, bytes) = all.first_key_value().unwrap();
        let id = name.rsplit('/').next().unwrap();
        let one = Files::from([(name.clone(), bytes.clone())]);
        let named = app.fetches(Method::POST, &path, Some(json!([id]))).await;
        assert_eq!(named, one);
        let path = format!("{path}/{id}");
        assert_eq!(app.fetches(Method::GET, &path, None).await, one);
    }
    scene.ends().await;
}

#[actix_web::test]
async fn what_an_app_gets_wrong_and_what_it_has_already() {
    let scene = Scene::new().await;
    let mut app = App::begins(&scene.gateway, None).await;
    let (tag, path) = (app.tag.clone(), format!("/{KID}/partitions"));
    let plain = tag.trim_matches('"').to_owned();
    for known in [&tag, &plain] {
        let url = format!("{}/lists", scene.gateway.base);
        let request = scene.gateway.client.get(url).header(IF_NONE_MATCH, known);
        assert_eq!(read(request).await.status, 304, "{known}");
        app.tag.clone_from(known);
        assert_eq!(app.gets(&path).await.status, 200, "{known}");
    }
    let bare = scene.gateway.get(&format!("/lists{path}")).await;
    assert_eq!(
        (bare.status, bare.problem().as_str()),
        (400, "request_invalid")
    );
    app.tag = "\"00000000-0000-8000-8000-000000000000\"".to_owned();
    for address in ["", "/null", "/null/chunks/a/slices"] {
        let other = app.gets(&format!("{path}{address}")).await;
        assert_eq!(
            (other.status, other.problem().as_str()),
            (412, "precondition_failed")
        );
    }
    app.tag = tag;
    for address in [
        "/AAAAAAAAAAA/partitions".to_owned(),
        format!("{path}/a"),
        format!("{path}/null/chunks/g/slices"),
        format!("{path}/null/chunks/aa/slices"),
        format!("{path}/null/chunks/a/slices/{}", "0".repeat(64)),
    ] {
        let answer = app.gets(&address).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (404, "not_found"),
            "{address}"
        );
    }
    let slices = format!("{path}/null/slices");
    for (body, media_type, status) in [
        ("[]", "application/json", 404),
        ("[\"zz\"]", "application/json", 404),
        ("{}", "application/json", 400),
        ("[1]", "application/json", 400),
        ("[\"a\"]", "text/plain", 415),
    ] {
        let request = app.request(Method::POST, &slices);
        let request = request.header(CONTENT_TYPE, media_type).body(body);
        assert_eq!(read(request).await.status, status, "{body}");
    }
    app.filter_type = Some("CUCKOO");
    assert_eq!(app.gets(&path).await.status, 400);
    app.filter_type = None;
    let updated = app.gets(&format!("{path}/null")).await.json()["lastUpdated"].clone();
    let updated = UnixTime::parse(updated.as_str().unwrap()).unwrap();
    for (since, status) in [
        (updated.to_string(), 304),
        (updated.plus(-1).to_string(), 200),
        // Another node may have told the time of what was there before.
        (updated.plus(299).to_string(), 200),
        (updated.plus(300).to_string(), 304),
        ("Mon, 15 Jun 2037 00:00:00 GMT".to_owned(), 304),
        ("20220101".to_owned(), 400),
    ] {
        app.since = Some(since.clone());
        for address in ["", "/null", "/null/chunks/a/slices"] {
            let answer = app.request(Method::GET, &format!("{path}{address}"));
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.status(), status, "{since} {address}");
        }
    }
    scene.ends().await;
}

#[actix_web::test]
async fn a_batch_that_comes_or_goes_makes_another_set_and_leaves_the_rest_as_it_was() {
    let scene = Scene::new().await;
    let before = App::begins(&scene.gateway, None).await;
    let path = format!("/{KID}/partitions/null/slices");
    let files = before.fetches(Method::POST, &path, None).await;
    let more = some_hashes(4, 1);
    let batch = scene.batch(4, HashKind::Uci, more.clone());
    scene.site.passes(600);
    scene.land.withdraws(&scene.node, &batch).await;
    // Nobody asks for it: the gateway looks by itself.
    let waiting = async {
        while App::begins(&scene.gateway, None).await.tag == before.tag {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap();
    assert_eq!(before.gets(&format!("/{KID}/partitions")).await.status, 412);
    let after = App::begins(&scene.gateway, None).await;
    let now = after.fetches(Method::POST, &path, None).await;
    assert!(finds(&now, None, more[0]) && !finds(&files, None, more[0]));
    assert_eq!(now.len(), files.len() + 1);
    assert!(files.iter().all(|file| now.get(file.0) == Some(file.1)));
    scene.land.takes_back(&scene.node, &batch.id).await;
    scene.settles().await;
    let again = App::begins(&scene.gateway, None).await;
    assert_eq!(again.tag, before.tag);
    assert_eq!(again.fetches(Method::POST, &path, None).await, files);
    // What has ended goes, too.
    scene.site.passes(90_000);
    scene.gateway.gateway().keep_slices().await.unwrap();
    let last = App::begins(&scene.gateway, None).await;
    let kinds = scene.gateway.get("/lists").await.json()[0]["hashTypes"].clone();
    assert_eq!(kinds, json!(["UCI", "COUNTRYCODEUCI"]));
    assert_eq!(last.fetches(Method::POST, &path, None).await.len(), 32);
    scene.ends().await;
}

#[actix_web::test]
async fn a_country_withdraws_nothing_of_another_s_signer() {
    let scene = Scene::new().await;
    let own = scene.site.csca.issue("ID", "DSC", &[]);
    std::fs::write(scene.gateway.data.path().join("pinned/own.der"), &own.der).unwrap();
    let batch = RevocationBatch {
        kid: lintas::trust::kid_of(&own.der),
        ..scene.batch(4, HashKind::Uci, some_hashes(4, 1))
    };
    scene.land.withdraws(&scene.node, &batch).await;
    scene.settles().await;
    let lists = scene.gateway.get("/lists").await.json();
    assert_eq!(lists.as_array().unwrap().len(), 1);
    assert_eq!(lists[0]["kid"], KID);
    scene.ends().await;
}
