use crate::support::gateway::{Answer, TestGateway, assert_nothing_personal, logged, read};
use crate::support::{TestSigner, VACCINATION};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

const LINES: &str = "application/x-ndjson";

async fn lines(gateway: &TestGateway, body: &str) -> Answer {
    let url = format!("{}/v1/verify/batch", gateway.base);
    let request = gateway.client.post(url).header(CONTENT_TYPE, LINES);
    read(request.body(body.to_owned())).await
}

async fn array(gateway: &TestGateway, rows: &Value) -> Vec<Value> {
    let answer = gateway.post("/v1/verify/batch", rows).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
    answer.json().as_array().unwrap().clone()
}

/// What differs between two requests by nature.
fn without_trace(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().shift_remove("trace");
    answer
}

fn code(answer: &Value) -> &str {
    let of_verdict = &answer["findings"][0]["code"];
    of_verdict
        .as_str()
        .unwrap_or_else(|| answer["code"].as_str().unwrap())
}

/// Rows of every kind, good and bad.
async fn rows(gateway: &TestGateway) -> Vec<Value> {
    let good = gateway.issue().await;
    let stranger = TestSigner::new(9).issue(VACCINATION);
    vec![
        json!({ "credential": good }),
        json!({ "credential": good, "locale": "id" }),
        json!({ "credential": format!(" {good}") }),
        json!({ "credential": stranger }),
        json!({ "credential": "HC1:=" }),
        json!({ "credential": "" }),
        json!({ "credentials": [{ "ref": "a", "credential": good }, { "credential": "x" }] }),
        json!({ "credential": good, "view": "gate" }),
        json!({ "credential": good, "view": "everything" }),
        json!({ "credential": good, "at": "2026-07-01T00:00:00Z" }),
        json!({ "credential": good, "for": { "destination": "SG" } }),
        json!({ "credential": 1 }),
        json!({ "credentials": [] }),
        json!({}),
        json!([]),
        json!(null),
        json!("Dewi Sartika Kusumawardhani"),
    ]
}

#[actix_web::test]
async fn each_row_is_answered_as_verify_answers_it_alone() {
    let gateway = TestGateway::start().await;
    let rows = rows(&gateway).await;
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let batch = array(&gateway, &json!(rows)).await;
    let streamed = lines(&gateway, &text).await;
    assert_eq!(streamed.headers[CONTENT_TYPE], LINES);
    let streamed: Vec<Value> = streamed
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((batch.len(), streamed.len()), (rows.len(), rows.len()));
    for ((row, of_array), of_lines) in rows.iter().zip(batch).zip(streamed) {
        let alone = gateway.post("/v1/verify", row).await;
        let expected = without_trace(alone.json());
        assert_eq!(without_trace(of_array), expected, "{row}");
        assert_eq!(without_trace(of_lines), expected, "{row}");
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn answers_keep_the_order_and_the_names_of_their_rows() {
    let gateway = TestGateway::start().await;
    let good = gateway.issue().await;
    let rows = json!([
        { "ref": "1", "credential": good },
        { "ref": "2", "credential": "x" },
        { "ref": "3", "credential": good, "view": "holder" },
        { "ref": "\"\u{202e}4", "for": 1, "credential": good },
        { "ref": "", "credential": good },
        { "credential": good },
        { "ref": "1", "credential": good },
    ]);
    let answers = array(&gateway, &rows).await;
    let named: Vec<_> = answers
        .iter()
        .map(|answer| answer.get("ref").and_then(Value::as_str))
        .collect();
    let four = "\"\u{202e}4";
    assert_eq!(
        named,
        [
            Some("1"),
            Some("2"),
            Some("3"),
            Some(four),
            None,
            None,
            Some("1")
        ]
    );
    let outcomes: Vec<_> = answers
        .iter()
        .map(|answer| answer["outcome"].as_str().unwrap_or_else(|| code(answer)))
        .collect();
    assert_eq!(
        outcomes,
        [
            "accept",
            "reject",
            "unauthenticated",
            "request_invalid",
            "request_invalid",
            "accept",
            "accept"
        ]
    );
    assert_eq!(
        without_trace(answers[0].clone()),
        without_trace(answers[6].clone())
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn a_bad_row_is_a_problem_in_its_place_and_hurts_no_other() {
    let gateway = TestGateway::start().await;
    let good = gateway.issue().await;
    let body = format!(
        r#"[{{"credential":"{good}"}},{{"ref":"twice","credential":"x","credential":"y"}},{{"credential":"{good}"}},[{}],{{"credential":"{good}"}}]"#,
        "1,".repeat(300) + "1"
    );
    let answer = read(gateway.request("/v1/verify/batch", body)).await;
    let answers = answer.json();
    for position in [0, 2, 4] {
        assert_eq!(answers[position]["outcome"], "accept");
    }
    for position in [1, 3] {
        let problem = &answers[position];
        assert_eq!(
            (&problem["code"], &problem["status"], &problem["type"]),
            (
                &json!("request_invalid"),
                &json!(400),
                &json!("/codes/request_invalid")
            )
        );
        assert_eq!(
            answer.headers["lintas-trace"],
            problem["trace"].as_str().unwrap()
        );
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn a_thousand_rows_are_answered_and_one_more_is_refused_whole() {
    let gateway = TestGateway::start().await;
    let good = gateway.issue().await;
    let row = |number: usize| match number % 3 {
        0 => json!({ "ref": number.to_string(), "credential": good }),
        1 => json!({ "ref": number.to_string(), "credential": format!("HC1:{number}") }),
        _ => json!({ "ref": number.to_string() }),
    };
    let mut rows: Vec<_> = (0..1000).map(row).collect();
    let answers = array(&gateway, &json!(rows)).await;
    assert_eq!(answers.len(), 1000);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer["ref"], number.to_string());
        match number % 3 {
            0 => assert_eq!(answer["outcome"], "accept"),
            1 => assert_eq!(answer["outcome"], "reject"),
            _ => assert_eq!(code(answer), "request_invalid"),
        }
    }
    rows.push(row(1000));
    let over = gateway.post("/v1/verify/batch", &json!(rows)).await;
    assert_eq!(
        (over.status, over.problem().as_str()),
        (413, "input_too_large")
    );
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let over = lines(&gateway, &text).await;
    assert_eq!(
        (over.status, over.problem().as_str()),
        (413, "input_too_large")
    );
    gateway.stop().await;
}

#[actix_web::test]
async fn lines_may_be_blank_and_a_torn_last_one_is_a_problem() {
    let gateway = TestGateway::start().await;
    let good = gateway.issue().await;
    let whole = format!("\n{{\"credential\":\"{good}\"}}\r\n\n  \n{{\"credential\":\"x\"}}\n");
    let answer = lines(&gateway, &whole).await;
    assert_eq!((answer.status, answer.text.lines().count()), (200, 2));
    assert!(answer.text.ends_with('\n'));
    let torn = format!("{whole}{{\"credential\":\"HC1:6B");
    let answer = lines(&gateway, &torn).await;
    let last: Value = serde_json::from_str(answer.text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (answer.text.lines().count(), code(&last)),
        (3, "request_invalid")
    );
    for empty in ["", "\n\n"] {
        let answer = lines(&gateway, empty).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    }
    assert!(array(&gateway, &json!([])).await.is_empty());
    gateway.stop().await;
}

#[actix_web::test]
async fn what_is_no_list_at_all_is_refused_whole() {
    let gateway = TestGateway::start().await;
    for body in ["", "{}", "null", "\"Dewi\"", "[", "[{}", "[{}] {}", "HC1:"] {
        let answer = read(gateway.request("/v1/verify/batch", body)).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "request_invalid"),
            "{body}"
        );
    }
    let large = format!("[\"{}\"]", "A".repeat(4 * 1024 * 1024));
    let answer = read(gateway.request("/v1/verify/batch", large)).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (413, "input_too_large")
    );
    let url = format!("{}/v1/verify/batch", gateway.base);
    for media_type in ["text/plain", "application/ndjson", ""] {
        let request = gateway.client.post(&url).header(CONTENT_TYPE, media_type);
        let answer = read(request.body("[]")).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (415, "media_type_unsupported")
        );
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn each_row_needs_the_scope_of_what_it_asks() {
    let gateway = TestGateway::start().await;
    let good = gateway.issue().await;
    let rows = json!([
        { "credential": good },
        { "credential": good, "view": "gate" },
        { "credential": good, "view": "holder" },
        { "credential": good, "at": "2026-07-01T00:00:00Z" },
    ]);
    let anonymous = gateway.post("/v1/verify/batch", &rows).await;
    assert_nothing_personal(&anonymous.text, "the answer");
    let anonymous = anonymous.json();
    assert_eq!(anonymous[0]["outcome"], "accept");
    for refused in [1, 2, 3] {
        assert_eq!(code(&anonymous[refused]), "unauthenticated");
    }
    let client = gateway
        .post_as_client("/v1/verify/batch", &rows)
        .await
        .json();
    let name = |row: usize| &client[row]["credentials"][0]["certificate"]["name"]["family"];
    assert_eq!((name(0), name(1)), (&json!(null), &json!("Kusumawardhani")));
    assert!(client[2]["credentials"][0]["certificate"]["vaccination"]["uvci"].is_string());
    assert_eq!(client[3]["simulated"], true);
    let stranger = gateway.request("/v1/verify/batch", rows.to_string());
    let stranger = stranger.header(AUTHORIZATION, "Bearer secret-token");
    assert_eq!(read(stranger).await.status, 401);
    gateway.stop().await;
}

#[actix_web::test]
async fn a_batch_logs_one_line_and_nothing_personal() {
    let gateway = TestGateway::start().await;
    let rows = rows(&gateway).await;
    let first = gateway
        .post_as_client("/v1/verify/batch", &json!(rows))
        .await;
    let second = lines(&gateway, "{\"Kusumawardhani\": 1}\nDewi Sartika\n").await;
    // Other tests log beside this one, so each answer is looked for by its own trace.
    for answer in [first, second] {
        let trace = answer.headers["lintas-trace"].to_str().unwrap();
        let logged = logged();
        let own = logged.lines().filter(|line| line.contains(trace));
        let own: Vec<_> = own.collect();
        assert_eq!(own.len(), 1, "{own:?}");
        assert!(own[0].contains("POST /v1/verify/batch 200"));
    }
    gateway.stop().await;
}
