//! What a certificate is to be good for, and whose it is to be: what may be asked, and what is answered.

use crate::home::at_home;
use crate::support::gateway::{TestGateway, assert_nothing_personal, later};
use crate::support::{TEST, TestSigner, VACCINATION};
use lintas::model::UnixTime;
use serde_json::{Value, json};

/// The lines of a passport of the person who must not be logged.
const ZONE: &str =
    "P<ZZZKUSUMAWARDHANI<<DEWI<SARTIKA<<<<<<<<<<<\nX000000<<1ZZZ8703097F3104172<<<<<<<<<<<<<<<6";

/// What `gateway` issues for `claims`.
async fn issued(gateway: &TestGateway, claims: &str) -> String {
    let claims: Value = serde_json::from_str(claims).unwrap();
    let answer = gateway.post_as_client("/v1/issue", &claims).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["credential"].as_str().unwrap().to_owned()
}

/// The same dose of a vaccine that the sample's rules do not take.
fn elsewhere() -> String {
    VACCINATION.replace("CoronaVac", "EpiVacCorona")
}

/// The same dose of somebody else.
fn of_somebody_else() -> String {
    VACCINATION
        .replace("Kusumawardhani", "Santoso")
        .replace("Dewi Sartika", "Budi")
}

fn codes(judged: &Value) -> Vec<&str> {
    let findings = judged["findings"].as_array().unwrap().iter();
    findings.map(|it| it["code"].as_str().unwrap()).collect()
}

/// The answer to `asked`, in which nothing of a person is told.
async fn told(gateway: &TestGateway, asked: &Value) -> Value {
    let answer = gateway.post("/v1/verify", asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_nothing_personal(&answer.text, "the answer");
    answer.json()
}

fn home(arrival: UnixTime) -> Value {
    json!({ "destination": "ZZ", "arrival": arrival.to_string() })
}

#[actix_web::test]
async fn a_bad_member_is_named_and_its_value_is_not() {
    const MARK: &str = "Kusumawardhani";
    let (gateway, arrival) = at_home(None).await;
    let journey = |more: Value| {
        let mut journey = home(arrival);
        let members = journey.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        json!({ "for": journey })
    };
    let holder = |holder: Value| json!({ "holder": holder });
    let long = MARK.repeat(60);
    let words = format!("{MARK} ").repeat(33);
    for (asked, member) in [
        (json!({ "for": MARK }), "for"),
        (json!({ "for": {} }), "for.destination"),
        (json!({ "for": { "destination": MARK } }), "for.destination"),
        (json!({ "for": { "destination": "id" } }), "for.destination"),
        (json!({ "for": { "destination": 62 } }), "destination"),
        (journey(json!({ "arrival": MARK })), "for.arrival"),
        (journey(json!({ "arrival": "2026-06-02" })), "for.arrival"),
        (journey(json!({ "arrival": 1_780_272_000 })), "arrival"),
        (
            journey(json!({ "arrival": later(-86_401).to_string() })),
            "for.arrival",
        ),
        (
            journey(json!({ "arrival": later(367 * 86_400).to_string() })),
            "for.arrival",
        ),
        (journey(json!({ "mode": MARK })), "for.mode"),
        (journey(json!({ "mode": [MARK] })), "mode"),
        (journey(json!({ "sector": MARK })), "for.sector"),
        (journey(json!({ "wilayah": MARK })), "for.wilayah"),
        // What is a word, and none that the policy set in force knows.
        (journey(json!({ "mode": "submarine" })), "mode"),
        (journey(json!({ "sector": "dewi" })), "sector"),
        (journey(json!({ "wilayah": "dewi" })), "wilayah"),
        (
            json!({ "for": { "destination": "SG", "sector": "Dewi-1987-03-09" } }),
            "for.sector",
        ),
        (journey(json!({ "mode": long[..33] })), "for.mode"),
        (journey(json!({ "sector": "Dewi Sartika" })), "for.sector"),
        (journey(json!({ "region": "" })), "for.region"),
        (journey(json!({ "via": MARK })), "via"),
        (holder(json!(MARK)), "holder"),
        (holder(json!({})), "holder"),
        (holder(json!({ "birth_date": "1987-03-09" })), "holder"),
        (holder(json!({ "name": 1 })), "holder.name"),
        (holder(json!({ "name": [MARK] })), "holder.name"),
        (holder(json!({ "name": "" })), "holder.name"),
        (holder(json!({ "name": "1987" })), "holder.name"),
        (holder(json!({ "name": long })), "holder.name"),
        (holder(json!({ "name": words })), "holder.name"),
        (
            holder(json!({ "name": { "family": [MARK] } })),
            "holder.name.family",
        ),
        (holder(json!({ "name": { "full": MARK } })), "holder.name"),
        (
            holder(json!({ "name": MARK, "birth_date": MARK })),
            "holder.birth_date",
        ),
        (
            holder(json!({ "name": MARK, "birth_date": 19_870_309 })),
            "holder.birth_date",
        ),
        (holder(json!({ "mrz": format!("{MARK}?") })), "holder.mrz"),
        (
            holder(json!({ "mrz": ZONE.replace("8703097", "8703098") })),
            "holder.mrz",
        ),
        (
            holder(json!({ "mrz": ZONE.replace("X000000", "X000001") })),
            "holder.mrz",
        ),
        (holder(json!({ "mrz": 1 })), "holder.mrz"),
        (
            holder(json!({ "name": MARK, "passport": "3201234567890001" })),
            "holder",
        ),
        (json!({ "include": "rules" }), "include"),
        (json!({ "include": { "rules": true } }), "include"),
        (json!({ "include": ["rules", MARK] }), "include"),
        (json!({ "include": [1] }), "include"),
    ] {
        let mut row = asked.clone();
        row["credential"] = json!("x");
        let answer = gateway.post("/v1/verify", &row).await;
        assert_eq!(answer.status, 400, "{asked}");
        assert_eq!(answer.problem(), "request_invalid", "{asked}");
        let problem = answer.json();
        assert_eq!(problem["member"], member, "{asked}: {}", answer.text);
        assert!(problem["detail"].as_str().unwrap().contains(member));
        assert_nothing_personal(&answer.text, "the answer");
        // A row of a batch is refused alike, and hurts no other.
        let batch = json!([row, { "credential": "x" }]);
        let batch = gateway.post("/v1/verify/batch", &batch).await;
        assert_nothing_personal(&batch.text, "the answer");
        let answers = batch.json();
        assert_eq!(answers[0]["member"], member, "{asked}");
        assert_eq!(answers[1]["outcome"], "reject");
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn a_holder_is_matched_or_doubted_or_somebody_else() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    for (holder, tier, agreement, findings) in [
        (
            json!({ "name": { "family": "Kusumawardhani", "given": "Dewi Sartika" }, "birth_date": "1987-03-09" }),
            "exact",
            "match",
            vec![],
        ),
        (json!({ "mrz": ZONE }), "exact", "match", vec![]),
        (
            json!({ "name": "Sartika Dewi Kusumawardhani", "birth_date": "1987-03-09" }),
            "same_tokens",
            "match",
            vec![],
        ),
        (
            json!({ "name": "Dewi Sartika Kusumawardani", "birth_date": "1987-03-09" }),
            "near",
            "check",
            vec!["identity_check"],
        ),
        (
            json!({ "name": "Dewi Sartika Kusumawardhani" }),
            "partial_birth_date",
            "check",
            vec!["identity_check"],
        ),
        (
            json!({ "name": "Budi Santoso", "birth_date": "1987-03-09" }),
            "mismatch",
            "mismatch",
            vec!["identity_mismatch"],
        ),
        // Of a name and a zone the weaker agreement counts.
        (
            json!({ "name": "Budi Santoso", "mrz": ZONE }),
            "mismatch",
            "mismatch",
            vec!["identity_mismatch"],
        ),
    ] {
        let asked = json!({ "credential": text, "holder": holder });
        let verdict = told(&gateway, &asked).await;
        assert_eq!(codes(&verdict), findings, "{holder}");
        let identity = &verdict["credentials"][0]["identity"];
        let expected = json!({ "tier": tier, "agreement": agreement });
        assert_eq!(*identity, expected, "{holder}");
        let outcome = match agreement {
            "match" => "accept",
            "check" => "indeterminate",
            _ => "reject",
        };
        assert_eq!(verdict["outcome"], outcome, "{holder}");
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn names_are_compared_where_the_credential_is_authentic_alone() {
    let gateway = TestGateway::start().await;
    let own = gateway.issue().await;
    let another = issued(&gateway, &of_somebody_else()).await;
    let forged = TestSigner::new(9).issue(&of_somebody_else());
    let dewi = json!({ "name": "Kusumawardhani/Dewi Sartika", "birth_date": "1987-03-09" });
    let verdict = told(&gateway, &json!({ "credential": forged, "holder": dewi })).await;
    assert_eq!(codes(&verdict), ["unknown_signer"]);
    assert!(verdict["credentials"][0].get("identity").is_none());
    let shown = |texts: [&str; 2]| {
        let rows = texts.map(|text| json!({ "credential": text }));
        json!({ "credentials": rows })
    };
    let of = |verdict: &Value, place: usize| {
        let codes = codes(&verdict["credentials"][place]).join(" ");
        let outcome = verdict["credentials"][place]["outcome"].as_str().unwrap();
        format!("{outcome} {codes}").trim().to_owned()
    };
    let doubted = "indeterminate identity_check";
    for (texts, each) in [
        ([&own, &own], ["accept", "accept"]),
        ([&own, &another], [doubted, doubted]),
        // A forged one is nobody's, and puts nobody else into doubt.
        ([&own, &forged], ["accept", "reject unknown_signer"]),
    ] {
        let verdict = told(&gateway, &shown(texts.map(String::as_str))).await;
        assert_eq!([0, 1].map(|place| of(&verdict, place)), each);
    }
    let mut asked = shown([&own, &another]);
    asked["holder"] = dewi;
    let verdict = told(&gateway, &asked).await;
    assert_eq!(of(&verdict, 0), "accept");
    assert_eq!(of(&verdict, 1), "reject identity_mismatch");
    gateway.stop().await;
}

#[actix_web::test]
async fn certificates_of_two_people_are_in_doubt_in_any_order() {
    let gateway = TestGateway::start().await;
    let born = |date: &str| VACCINATION.replace("1987-03-09", date);
    let [full, year, month, day] = [
        VACCINATION.to_owned(),
        born("1987"),
        born("1987-04"),
        born("1987-09-01"),
    ];
    let alike = VACCINATION.replace("Kusumawardhani", "Kusumawardhana");
    let alike = alike.replace("KUSUMAWARDHANI", "KUSUMAWARDHANA");
    for (shown, doubted) in [
        (vec![&full, &full, &full], false),
        (vec![&full, &year], true),
        (vec![&year, &month, &day], true),
        (vec![&full, &full, &alike], true),
    ] {
        let mut texts = Vec::new();
        for payload in shown {
            let text = issued(&gateway, payload).await;
            texts.push(json!({ "credential": text }));
        }
        for _ in 0..texts.len() {
            texts.rotate_left(1);
            for texts in [texts.clone(), texts.iter().rev().cloned().collect()] {
                let verdict = told(&gateway, &json!({ "credentials": texts })).await;
                for verdict in verdict["credentials"].as_array().unwrap() {
                    let expected = if doubted {
                        vec!["identity_check"]
                    } else {
                        vec![]
                    };
                    assert_eq!(codes(verdict), expected);
                }
            }
        }
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn a_destination_answers_by_its_rules_or_is_not_known() {
    let (gateway, arrival) = at_home(None).await;
    let (good, refused) = (gateway.issue().await, issued(&gateway, &elsewhere()).await);
    let rules = |verdict: &Value| {
        let rules = verdict["credentials"][0]["rules"].as_array().unwrap();
        let said = rules.iter().map(|it| {
            let said = ["rule", "answer"].map(|name| it[name].as_str().unwrap());
            said.join(" ")
        });
        said.collect::<Vec<_>>()
    };
    let ask = |text: &str, journey: Value| json!({ "credential": text, "for": journey, "include": ["rules"] });
    let verdict = told(&gateway, &ask(&good, home(arrival))).await;
    assert_eq!(
        (&verdict["outcome"], codes(&verdict)),
        (&json!("accept"), vec![])
    );
    assert_eq!(rules(&verdict), ["VR-ZZ-0001 pass", "VR-ZZ-0002 pass"]);
    for (locale, says) in [("id", "Vaksin harus"), ("en", "The vaccine must")] {
        let mut asked = ask(&refused, home(arrival));
        asked["locale"] = json!(locale);
        let verdict = told(&gateway, &asked).await;
        assert_eq!(verdict["outcome"], "reject");
        assert_eq!(rules(&verdict), ["VR-ZZ-0001 pass", "VR-ZZ-0002 fail"]);
        let finding = &verdict["findings"][0];
        let named = (&finding["code"], &finding["rule"]);
        assert_eq!(named, (&json!("rule_failed"), &json!("VR-ZZ-0002")));
        assert!(finding["description"].as_str().unwrap().starts_with(says));
        assert!(finding["message"].is_string() && finding["remedy"].is_string());
    }
    // Of another country nothing is known, nor of ours before its set begins.
    for (journey, country) in [
        (json!({ "destination": "SG" }), "SG"),
        (json!({ "destination": "ZZ" }), "ZZ"),
    ] {
        let verdict = told(&gateway, &ask(&good, journey)).await;
        assert_eq!(verdict["outcome"], "indeterminate");
        assert_eq!(codes(&verdict), ["rules_missing"]);
        let detail = verdict["findings"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(country), "{detail}");
        assert_eq!(verdict["credentials"][0]["rules"], json!([]));
    }
    // What is not authentic is not asked about.
    let forged = TestSigner::new(9).issue(VACCINATION);
    let verdict = told(&gateway, &ask(&forged, home(arrival))).await;
    assert_eq!(codes(&verdict), ["unknown_signer"]);
    assert!(verdict["credentials"][0].get("rules").is_none());
    gateway.stop().await;
}

#[actix_web::test]
async fn a_set_that_is_silent_about_a_certificate_does_not_accept_it() {
    let sample: Value = serde_json::from_str(include_str!("../../policies/id.json")).unwrap();
    let rules = sample["Rules"].to_string().replace("-ID-", "-ZZ-");
    let rules = rules.replace("\"Country\":\"ID\"", "\"Country\":\"ZZ\"");
    let mut rules: Vec<Value> = serde_json::from_str(&rules).unwrap();
    rules.retain(|rule| rule["CertificateType"] == "Test");
    for (rules, outcome, findings) in [
        (&rules[..], "indeterminate", vec!["rules_missing"]),
        // Where nothing at all is asked, whatever is authentic is accepted.
        (&[], "accept", vec![]),
    ] {
        let (gateway, arrival) = at_home(Some(rules)).await;
        let text = gateway.issue().await;
        let asked = json!({ "credential": text, "for": home(arrival), "locale": "en" });
        let verdict = told(&gateway, &asked).await;
        assert_eq!(verdict["outcome"], outcome);
        assert_eq!(codes(&verdict), findings);
        let remedy = verdict["remedy"].as_str().unwrap();
        assert!(
            !remedy.contains("only where a destination is named"),
            "{remedy}"
        );
        gateway.stop().await;
    }
}

#[actix_web::test]
async fn a_positive_test_is_no_good_at_home() {
    let (gateway, arrival) = at_home(None).await;
    for (result, outcome, rule) in [
        ("260415000", "accept", None),
        ("260373001", "reject", Some("TR-ZZ-0002")),
    ] {
        let claims = TEST.replace("260415000", result);
        let text = issued(&gateway, &claims).await;
        let asked = json!({ "credential": text, "for": home(arrival) });
        let verdict = told(&gateway, &asked).await;
        assert_eq!(verdict["outcome"], outcome);
        assert_eq!(verdict["findings"][0]["rule"].as_str(), rule);
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn a_colour_is_for_whoever_may_see_the_holder() {
    let (gateway, arrival) = at_home(None).await;
    let text = gateway.issue().await;
    let ask =
        |view: &str, journey: Value| json!({ "credential": text, "for": journey, "view": view });
    let colour = async |asked: Value| {
        let answer = gateway.post_as_client("/v1/verify", &asked).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json().get("colour").cloned()
    };
    assert!(colour(ask("result", home(arrival))).await.is_none());
    let mut office = home(arrival);
    office["sector"] = json!("office");
    office["wilayah"] = json!("31");
    for view in ["gate", "officer", "holder"] {
        let shown = colour(ask(view, office.clone())).await.unwrap();
        assert_eq!(
            (&shown["colour"], &shown["rule"]),
            (&json!("green"), &json!("CR-ZZ-0030"))
        );
        assert!(shown["reason"].is_string() && shown["remedy"].is_string());
    }
    let untold = colour(ask("gate", home(arrival))).await.unwrap();
    assert_eq!(untold["rule"], "CR-ZZ-0013", "no greener than by air");
    let abroad = json!({ "destination": "SG", "arrival": arrival.to_string() });
    assert!(colour(ask("gate", abroad)).await.is_none());
    gateway.stop().await;
}

#[actix_web::test]
async fn rows_of_a_batch_are_answered_as_they_are_alone() {
    let (gateway, arrival) = at_home(None).await;
    let (good, refused) = (gateway.issue().await, issued(&gateway, &elsewhere()).await);
    let dewi = json!({ "mrz": ZONE });
    let rows = json!([
        { "credential": good, "for": home(arrival), "holder": dewi, "include": ["rules"] },
        { "credential": refused, "for": home(arrival), "holder": { "name": "Budi Santoso" }, "locale": "id" },
        { "credential": good, "for": { "destination": "SG" }, "holder": dewi },
        { "credentials": [{ "ref": "a", "credential": good }, { "credential": refused }], "for": home(arrival) },
    ]);
    let batch = gateway.post("/v1/verify/batch", &rows).await;
    assert_nothing_personal(&batch.text, "the answer");
    let without_trace = |mut answer: Value| {
        answer.as_object_mut().unwrap().shift_remove("trace");
        answer
    };
    let answers = batch.json();
    for (row, answer) in rows
        .as_array()
        .unwrap()
        .iter()
        .zip(answers.as_array().unwrap())
    {
        let alone = told(&gateway, row).await;
        assert_eq!(without_trace(answer.clone()), without_trace(alone));
    }
    let found = |place: usize| codes(&answers[place]);
    assert_eq!(found(0), Vec::<&str>::new());
    assert_eq!(found(1), ["identity_mismatch", "rule_failed"]);
    assert_eq!(found(2), ["rules_missing"]);
    assert_eq!(found(3), Vec::<&str>::new());
    gateway.stop().await;
}
