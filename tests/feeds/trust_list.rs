//! The trust list of a gateway: pages, changes, withdrawals, and what is wrong with single items.

use crate::foreign::{Foreign, Reply};
use crate::support::issued_at;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::crypto::sha256;
use lintas::exchange::RecordKind;
use lintas::failure::Code;
use lintas::model::Thumbprint;
use lintas::server::federation::{Fetched, Mark};
use serde_json::{Value, json};

const KIND: RecordKind = RecordKind::TrustListEntry;
const WEEK_S: i64 = 7 * 86_400;
const HOUR_S: i64 = 3600;

/// The name of the certificate that `item(seed, _)` holds.
pub(crate) fn name(seed: u8) -> String {
    Thumbprint(sha256(&[seed; 40])).to_string()
}

pub(crate) fn item(seed: u8, kind: &str) -> Value {
    json!({
        "kid": "qroU+hDDovs=", "timestamp": "2026-05-05T10:19:30Z", "country": "DE", "certificateType": kind,
        "thumbprint": name(seed), "signature": "AAAA", "rawData": BASE64_STANDARD.encode([seed; 40]),
    })
}

fn gone(seed: u8) -> Value {
    let mut item = item(seed, "DSC");
    (item["signature"], item["rawData"]) = (Value::Null, Value::Null);
    item
}

fn names(fetched: &Fetched) -> Vec<&str> {
    let mut names: Vec<_> = fetched
        .documents
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    names.sort_unstable();
    names
}

fn sorted(seeds: &[u8]) -> Vec<String> {
    let mut names: Vec<_> = seeds.iter().map(|seed| name(*seed)).collect();
    names.sort_unstable();
    names
}

fn codes(fetched: &Fetched) -> Vec<(&str, Code)> {
    let troubles = fetched.troubles.iter();
    troubles
        .map(|(place, failure)| (place.as_str(), failure.code()))
        .collect()
}

/// The items of page `page` where pages are of two.
fn page(path: &str, items: &[Value]) -> Reply {
    let page: usize = path.split(['=', '&']).nth(1).unwrap().parse().unwrap();
    let items: Vec<_> = items.iter().skip(2 * page).take(2).collect();
    Reply::json(json!(items))
}

fn since(seconds: i64) -> Mark {
    let mut mark = Mark {
        full_at: Some(issued_at().seconds()),
        ..Mark::default()
    };
    mark.since.insert("signers".to_owned(), seconds);
    mark
}

#[actix_web::test]
async fn the_first_fetch_reads_every_page_and_leaves_each_item_as_it_is() {
    let odd = r#"{ "certificateType":"CSCA", "thumbprint":"@",  "country":"DE","x":1.50, "rawData":"R", "signature":"AAAA"}"#;
    let odd = odd
        .replace('@', &name(1))
        .replace("\"R\"", &format!("\"{}\"", BASE64_STANDARD.encode([1; 40])));
    let first = format!("[{odd} ,\n {}]", item(2, "DSC"));
    let foreign = Foreign::start(move |asked| match asked.since {
        Some(_) => Reply::json("[]"),
        None if asked.path.contains("page=0") => Reply::json(&first),
        None => page(
            &asked.path,
            &[
                json!(0),
                json!(0),
                item(3, "UPLOAD"),
                item(4, "AUTHENTICATION"),
                item(5, "DSC"),
            ],
        ),
    })
    .await;
    let fetched = foreign.fetch("page_size = 2").await.unwrap();
    assert_eq!(names(&fetched), sorted(&[1, 2, 3, 5]));
    let kept = fetched.documents.iter().find(|it| it.name == name(1));
    let kept = kept.unwrap();
    assert_eq!(String::from_utf8_lossy(&kept.body), odd);
    assert_eq!(kept.country.unwrap().as_str(), "DE");
    assert!(fetched.troubles.is_empty() && fetched.withdrawn.is_empty());
    assert_eq!(
        (fetched.answered, fetched.complete),
        (vec![KIND], vec![KIND])
    );
    let at = issued_at().seconds();
    assert_eq!(fetched.mark.full_at, Some(at));
    assert_eq!(fetched.mark.since["signers"], at - HOUR_S);
    assert_eq!(
        foreign.paths(),
        [
            "/trustList?page=0&pagesize=2",
            "/trustList?page=1&pagesize=2",
            "/trustList?page=2&pagesize=2",
            "/trustList?page=0&pagesize=2",
        ]
    );
}

#[actix_web::test]
async fn an_empty_page_ends_a_list_of_full_ones() {
    let foreign = Foreign::start(|asked| match asked.since {
        Some(_) => Reply::json("[]"),
        None => page(&asked.path, &[item(1, "DSC"), item(2, "DSC")]),
    })
    .await;
    let fetched = foreign.fetch("page_size = 2").await.unwrap();
    assert_eq!(names(&fetched), sorted(&[1, 2]));
    assert_eq!(foreign.paths().len(), 3);
}

#[actix_web::test]
async fn changes_are_asked_for_and_nulls_are_withdrawals() {
    let foreign = Foreign::start(|_| {
        let mut half = item(4, "DSC");
        half["signature"] = Value::Null;
        let mut bare = item(5, "DSC");
        bare.as_object_mut().unwrap().remove("rawData");
        bare.as_object_mut().unwrap().remove("signature");
        Reply::json(json!([item(1, "DSC"), gone(2), half, bare]))
    })
    .await;
    let at = issued_at();
    let mark = since(at.seconds() - 60);
    let fetched = foreign.feed("").fetch(&mark, at).await.unwrap();
    assert_eq!(names(&fetched), sorted(&[1]));
    assert_eq!(fetched.withdrawn, [(KIND, name(2))]);
    assert_eq!(fetched.standing, [(KIND, name(4)), (KIND, name(5))]);
    assert_eq!(
        codes(&fetched),
        [
            ("trustList page 0 item 3", Code::UpstreamInvalid),
            ("trustList page 0 item 4", Code::UpstreamInvalid),
        ]
    );
    assert_eq!((fetched.answered, fetched.complete), (vec![KIND], vec![]));
    let asked = foreign.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].since.as_deref(), Some("2026-05-31T23:59:00Z"));
    assert_eq!(fetched.mark.since["signers"], at.seconds() - HOUR_S);
}

#[actix_web::test]
async fn everything_is_fetched_again_after_a_week_and_when_the_clock_went_back() {
    let foreign = Foreign::start(|_| Reply::json(json!([item(1, "DSC")]))).await;
    let at = issued_at();
    for (later, whole) in [(WEEK_S - 1, false), (WEEK_S, true), (-1, true)] {
        let now = at.plus(later);
        let fetched = foreign
            .feed("")
            .fetch(&since(at.seconds()), now)
            .await
            .unwrap();
        assert_eq!(!fetched.complete.is_empty(), whole, "{later}");
        let full_at = if whole { now } else { at };
        assert_eq!(fetched.mark.full_at, Some(full_at.seconds()));
    }
    let asked: Vec<_> = foreign
        .asked()
        .iter()
        .map(|it| it.since.is_some())
        .collect();
    assert_eq!(asked, [true, false, false]);
}

#[actix_web::test]
async fn a_garbage_item_is_told_and_the_rest_is_kept() {
    let foreign = Foreign::start(|_| {
        let mut text = item(2, "DSC");
        text["rawData"] = json!("not Base64!");
        let mut number = item(3, "DSC");
        number["country"] = json!(49);
        let mut lying = item(4, "DSC");
        lying["thumbprint"] = json!("0".repeat(64));
        Reply::json(json!([
            item(1, "DSC"),
            42,
            text,
            number,
            lying,
            item(5, "DSC"),
            item(5, "CSCA")
        ]))
    })
    .await;
    let fetched = foreign.fetch("").await.unwrap();
    assert_eq!(names(&fetched), sorted(&[1, 4, 5]));
    assert_eq!(fetched.standing, [(KIND, name(2)), (KIND, name(3))]);
    let places: Vec<_> = codes(&fetched).iter().map(|(place, _)| *place).collect();
    assert_eq!(
        places,
        [2, 3, 4, 5, 7].map(|it| format!("trustList page 0 item {it}"))
    );
    assert!(
        codes(&fetched)
            .iter()
            .all(|(_, code)| *code == Code::UpstreamInvalid)
    );
    assert_eq!(fetched.complete, [KIND]);
}

#[actix_web::test]
async fn of_two_roles_of_one_certificate_the_greater_is_kept() {
    for roles in [["DSC", "CSCA"], ["CSCA", "DSC"]] {
        let items = json!(roles.map(|role| item(1, role)));
        let foreign = Foreign::start(move |_| Reply::json(&items)).await;
        let fetched = foreign.fetch("").await.unwrap();
        assert_eq!(names(&fetched), sorted(&[1]));
        let body: Value = serde_json::from_slice(&fetched.documents[0].body).unwrap();
        assert_eq!(body["certificateType"], "CSCA");
        assert_eq!(
            codes(&fetched),
            [("trustList page 0 item 2", Code::UpstreamInvalid)]
        );
    }
}

#[actix_web::test]
async fn a_copy_with_a_false_thumbprint_takes_nobodys_place() {
    let mut lying = item(1, "DSC");
    lying["thumbprint"] = json!(name(2));
    let mut greater = lying.clone();
    greater["certificateType"] = json!("CSCA");
    for (lie, troubles) in [(lying, 1), (greater, 2)] {
        for items in [[&lie, &item(1, "DSC")], [&item(1, "DSC"), &lie]] {
            let items = json!(items);
            let foreign = Foreign::start(move |_| Reply::json(&items)).await;
            let fetched = foreign.fetch("").await.unwrap();
            assert_eq!(names(&fetched), sorted(&[1]));
            let body: Value = serde_json::from_slice(&fetched.documents[0].body).unwrap();
            assert_eq!(body, item(1, "DSC"));
            assert_eq!(fetched.troubles.len(), troubles);
        }
    }
}

#[actix_web::test]
async fn what_moves_while_pages_are_read_proves_no_absence() {
    let foreign = Foreign::start(|asked| match asked.since {
        Some(_) => Reply::json(json!([gone(1)])),
        None => page(
            &asked.path,
            &[item(1, "DSC"), item(2, "DSC"), item(3, "DSC")],
        ),
    })
    .await;
    let fetched = foreign.fetch("page_size = 2").await.unwrap();
    assert_eq!(names(&fetched), sorted(&[2, 3]));
    assert_eq!(fetched.withdrawn, [(KIND, name(1))]);
    assert_eq!((fetched.answered, fetched.complete), (vec![KIND], vec![]));
    assert_eq!(fetched.mark.full_at, None);
}

#[actix_web::test]
async fn pages_without_end_are_refused_and_no_pages_at_all_are_fine() {
    let again = Foreign::start(|_| Reply::json(json!([item(1, "DSC"), item(2, "DSC")]))).await;
    let failure = again.fetch("page_size = 2").await.unwrap_err();
    assert_eq!(failure.code(), Code::UpstreamInvalid);
    assert_eq!(again.paths().len(), 2);
    let at_once = Foreign::start(|_| Reply::json(json!([item(1, "DSC"), item(2, "DSC")]))).await;
    let fetched = at_once.fetch("page_size = 1").await.unwrap();
    assert_eq!(names(&fetched), sorted(&[1, 2]));
    assert_eq!(at_once.paths().len(), 1);
}

#[actix_web::test]
async fn an_answer_that_is_no_list_is_refused() {
    for body in [
        "<html>Bad gateway</html>",
        "[{]",
        "{}",
        "",
        "[1]]",
        "\u{feff}[]",
    ] {
        let foreign = Foreign::start(move |_| Reply::json(body)).await;
        let failure = foreign.fetch("").await.unwrap_err();
        assert_eq!(failure.code(), Code::UpstreamInvalid, "{body}");
        assert!(!failure.detail().contains("gateway"));
    }
}

#[actix_web::test]
async fn a_gateway_of_the_who_gives_everything_each_time() {
    let foreign =
        Foreign::start(|_| Reply::json(json!([item(1, "DSC"), item(2, "TRUSTANCHOR")]))).await;
    let row = foreign.row("").replace("\"eu\"", "\"tng\"");
    let feed = crate::foreign::open(&row, foreign.pki.path());
    let at = issued_at();
    let fetched = feed.fetch(&since(at.seconds()), at).await.unwrap();
    assert_eq!(names(&fetched), sorted(&[1, 2]));
    assert_eq!(fetched.complete, [KIND]);
    let asked = foreign.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/trustList"));
    assert_eq!(asked[0].since, None);
}
