//! Colours one by one, under the policies of Indonesia; that no fault makes anybody greener; and who counts with whom.

use crate::sets::{at, document, now, set};
use crate::support::{self, RECOVERY, TEST, TestSigner, VACCINATION};
use lintas::failure::{Code, Failure};
use lintas::model::UnixTime;
use lintas::rules::certlogic::Budget;
use lintas::rules::{Circumstances, Colour, Coloured, PolicySet, Standing, ValueSets};
use lintas::verify::{self, Policy, Registered};
use serde_json::{Value, json};

const NAAT: &str = "LP6464-4";
const RAPID: &str = "LP217198-3";
pub(crate) const NEGATIVE: &str = "260415000";
pub(crate) const POSITIVE: &str = "260373001";

fn circumstances(mode: &str, sector: &str, wilayah: &str) -> Circumstances {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Circumstances {
        mode: some(mode),
        sector: some(sector),
        wilayah: some(wilayah),
    }
}

fn dose(dose: u32, doses: u32) -> Value {
    json!({ "v": [{ "tg": "840539006", "mp": "CoronaVac", "dn": dose, "sd": doses, "dt": "2026-12-20" }] })
}

fn test(kind: &str, result: &str, hours_ago: i64) -> Value {
    let sampled = now().plus(-3600 * hours_ago).to_string();
    json!({ "t": [{ "tg": "840539006", "tt": kind, "tr": result, "sc": sampled }] })
}

fn recovered(from: &str, until: &str) -> Value {
    json!({ "r": [{ "tg": "840539006", "fr": "2026-10-01", "df": from, "du": until }] })
}

/// What both say together.
fn and(one: Value, other: Value) -> Value {
    let mut both = one;
    both.as_object_mut()
        .unwrap()
        .extend(other.as_object().unwrap().clone());
    both
}

/// What it is about, what is shown, how it stands, where (mode, sector, region), and the rule and colour that are expected.
type Case = (
    &'static str,
    Value,
    Standing,
    (&'static str, &'static str, &'static str),
    u16,
    Colour,
);

#[test]
fn the_policies_of_indonesia_colour_as_their_words_say() {
    use Standing::{Accept, Indeterminate, Reject};
    let set = set(&document());
    let nothing = || json!({});
    // An office in Jakarta asks for nothing more.
    let free = ("", "office", "3171");
    let untold = ("", "", "5171");
    let (flight, ship) = (("air", "", "5171"), ("sea", "", "18"));
    let far = ("air", "", "7371");
    let cases: Vec<Case> = vec![
        ("nothing good", nothing(), Reject, free, 2, Colour::Red),
        (
            "who knows",
            nothing(),
            Indeterminate,
            free,
            3,
            Colour::Yellow,
        ),
        ("all doses", dose(2, 2), Accept, free, 30, Colour::Green),
        ("a booster", dose(3, 2), Accept, free, 30, Colour::Green),
        ("one dose", dose(1, 2), Accept, free, 32, Colour::Yellow),
        ("no dose, no test", nothing(), Accept, free, 99, Colour::Red),
        (
            "a test",
            test(RAPID, NEGATIVE, 71),
            Accept,
            free,
            33,
            Colour::Yellow,
        ),
        (
            "an old test",
            test(RAPID, NEGATIVE, 73),
            Accept,
            free,
            99,
            Colour::Red,
        ),
        (
            "a test of tomorrow",
            test(RAPID, NEGATIVE, -1),
            Accept,
            free,
            99,
            Colour::Red,
        ),
        (
            "infected",
            and(dose(2, 2), test(NAAT, POSITIVE, 100)),
            Accept,
            free,
            1,
            Colour::Black,
        ),
        (
            "was infected",
            and(dose(2, 2), test(NAAT, POSITIVE, 241)),
            Accept,
            free,
            30,
            Colour::Green,
        ),
        (
            "recovered",
            recovered("2026-10-12", "2027-01-05"),
            Accept,
            free,
            31,
            Colour::Green,
        ),
        (
            "no longer",
            recovered("2026-10-12", "2027-01-04"),
            Accept,
            free,
            99,
            Colour::Red,
        ),
        (
            "not yet",
            recovered("2027-01-06", "2027-03-30"),
            Accept,
            free,
            99,
            Colour::Red,
        ),
        (
            "to Bali, all doses",
            dose(2, 2),
            Accept,
            flight,
            10,
            Colour::Red,
        ),
        (
            "with a rapid test",
            and(dose(2, 2), test(RAPID, NEGATIVE, 23)),
            Accept,
            flight,
            30,
            Colour::Green,
        ),
        (
            "of yesterday",
            and(dose(2, 2), test(RAPID, NEGATIVE, 25)),
            Accept,
            flight,
            10,
            Colour::Red,
        ),
        (
            "or a PCR",
            and(dose(2, 2), test(NAAT, NEGATIVE, 47)),
            Accept,
            flight,
            30,
            Colour::Green,
        ),
        (
            "one dose and a PCR",
            and(dose(1, 2), test(NAAT, NEGATIVE, 47)),
            Accept,
            flight,
            32,
            Colour::Yellow,
        ),
        (
            "one dose, rapid",
            and(dose(1, 2), test(RAPID, NEGATIVE, 23)),
            Accept,
            flight,
            10,
            Colour::Red,
        ),
        (
            "elsewhere a rapid",
            and(dose(1, 2), test(RAPID, NEGATIVE, 71)),
            Accept,
            far,
            32,
            Colour::Yellow,
        ),
        ("elsewhere none", dose(2, 2), Accept, far, 11, Colour::Red),
        (
            "a ship at level 3",
            dose(2, 2),
            Accept,
            ship,
            12,
            Colour::Red,
        ),
        (
            "and at level 1",
            dose(2, 2),
            Accept,
            ("sea", "", "14"),
            30,
            Colour::Green,
        ),
        (
            "a mall at level 4",
            dose(1, 2),
            Accept,
            ("", "mall", "947101"),
            20,
            Colour::Red,
        ),
        (
            "with all doses",
            dose(2, 2),
            Accept,
            ("", "mall", "947101"),
            30,
            Colour::Green,
        ),
        (
            "at level 2",
            dose(1, 2),
            Accept,
            ("", "mall", "3513130001"),
            32,
            Colour::Yellow,
        ),
        (
            "no data",
            dose(2, 2),
            Accept,
            ("", "mall", "97"),
            29,
            Colour::Yellow,
        ),
        (
            "no region",
            dose(2, 2),
            Accept,
            ("", "mall", ""),
            29,
            Colour::Yellow,
        ),
        (
            "nothing is told",
            dose(2, 2),
            Accept,
            untold,
            13,
            Colour::Red,
        ),
        (
            "and a test",
            and(dose(2, 2), test(NAAT, NEGATIVE, 20)),
            Accept,
            untold,
            30,
            Colour::Green,
        ),
        (
            "nowhere at all",
            and(dose(2, 2), test(NAAT, NEGATIVE, 20)),
            Accept,
            ("", "", ""),
            29,
            Colour::Yellow,
        ),
        (
            "a flight to who knows where",
            and(dose(2, 2), test(RAPID, NEGATIVE, 47)),
            Accept,
            ("air", "", ""),
            10,
            Colour::Red,
        ),
        (
            "no data, no dose",
            nothing(),
            Accept,
            ("", "mall", "97"),
            99,
            Colour::Red,
        ),
    ];
    for (name, payload, standing, (mode, sector, wilayah), rule, colour) in cases {
        let asked = circumstances(mode, sector, wilayah);
        let mut budget = Budget::default();
        let given = set.colour(&payload, standing, &asked, now(), &mut budget);
        let given = given.unwrap();
        let expected = (format!("CR-ID-{rule:04}"), colour);
        assert_eq!(
            (given.rule.identifier.clone(), given.colour()),
            expected,
            "{name}"
        );
        assert!(given.open.is_empty(), "{name}: {:?}", given.open);
        assert!(!given.rule.reason.id.is_empty() && !given.rule.remedy.en.is_empty());
    }
}

/// Whatever is shown, and wherever: who says neither how they travel nor what they enter is shown nothing greener
/// than whoever does.
#[test]
fn nobody_is_greener_for_leaving_out_how_they_travel() {
    let set = set(&document());
    let mut shown = vec![json!({}), recovered("2026-10-12", "2027-01-05")];
    for doses in [json!({}), dose(1, 2), dose(2, 2), dose(3, 2)] {
        shown.push(doses.clone());
        for (kind, result) in [(NAAT, NEGATIVE), (RAPID, NEGATIVE), (NAAT, POSITIVE)] {
            for hours in [-1, 1, 23, 25, 47, 49, 71, 73, 241] {
                shown.push(and(doses.clone(), test(kind, result, hours)));
            }
        }
    }
    let at = |payload: &Value, mode: &str, sector: &str, wilayah: &str| {
        let asked = circumstances(mode, sector, wilayah);
        let mut budget = Budget::default();
        let given = set.colour(payload, Standing::Accept, &asked, now(), &mut budget);
        given.unwrap().colour()
    };
    let colour = |payload: &Value, mode: &str, wilayah: &str| at(payload, mode, "", wilayah);
    for payload in &shown {
        for wilayah in ["", "14", "18", "3171", "5171", "7371", "9471", "97"] {
            let untold = colour(payload, "", wilayah);
            for mode in ["air", "sea", "rail", "road"] {
                let told = colour(payload, mode, wilayah);
                assert!(untold >= told, "{payload} by {mode} to {wilayah}");
            }
            for sector in ["mall", "hotel", "office", "school"] {
                let told = at(payload, "", sector, wilayah);
                assert!(untold >= told, "{payload} at {sector} in {wilayah}");
            }
            assert!(colour(payload, "air", "") >= colour(payload, "air", wilayah));
        }
    }
}

#[test]
fn a_later_test_does_not_hide_a_positive_one() {
    let set = set(&document());
    let tests = |tests: &[(&str, i64)]| {
        let lists = tests.iter().map(|(result, hours)| {
            let one = test(NAAT, result, *hours);
            one["t"][0].clone()
        });
        and(dose(2, 2), json!({ "t": lists.collect::<Vec<_>>() }))
    };
    let rule = |payload: &Value| {
        let asked = circumstances("", "office", "3171");
        let mut budget = Budget::default();
        let given = set.colour(payload, Standing::Accept, &asked, now(), &mut budget);
        given.unwrap().rule.identifier.clone()
    };
    for (shown, expected) in [
        (vec![(NEGATIVE, 1), (POSITIVE, 5)], "CR-ID-0001"),
        (
            vec![(NEGATIVE, 1), (NEGATIVE, 30), (POSITIVE, 239)],
            "CR-ID-0001",
        ),
        (vec![(POSITIVE, 5), (POSITIVE, 300)], "CR-ID-0001"),
        (vec![(NEGATIVE, 1), (POSITIVE, 241)], "CR-ID-0030"),
    ] {
        assert_eq!(rule(&tests(&shown)), expected, "{shown:?}");
    }
}

#[test]
fn a_region_s_level_turns_at_its_instant() {
    let set = set(&document());
    let level = |when: &str| {
        let external = set
            .external(&circumstances("", "", "3171"), at(when))
            .unwrap();
        external["ppkm"].as_u64()
    };
    assert_eq!(level("2027-01-10T16:59:59Z"), Some(1));
    assert_eq!(level("2027-01-10T17:00:00Z"), Some(2));
    let unknown = [
        circumstances("submarine", "", ""),
        circumstances("", "Mall", ""),
        circumstances("", "", "3"),
        circumstances("", "", "31.7"),
    ];
    for asked in unknown {
        let refused = set.external(&asked, now()).unwrap_err();
        assert_eq!(refused.code(), Code::RequestInvalid, "{asked:?}");
        assert!(refused.member().is_some());
    }
}

/// A set with these colour rules, each a colour and logic, before a red default.
fn with_colours(rules: &[(&str, Value)]) -> PolicySet {
    let mut document = document();
    let words = json!([{ "lang": "id", "desc": "a" }, { "lang": "en", "desc": "b" }]);
    let rules = rules.iter().zip(1..).map(|((colour, logic), number)| {
        json!({ "Identifier": format!("CR-ID-{number:04}"), "Colour": colour, "Reason": words, "Remedy": words, "Logic": logic })
    });
    let last =
        json!({ "Identifier": "CR-ID-9999", "Colour": "red", "Reason": words, "Remedy": words });
    document["Colours"] = rules.chain([last]).collect();
    set(&document)
}

/// Logic that fails for whoever shows something.
fn fails() -> Value {
    json!({ "if": [{ "var": "payload.list" }, { "<": [{ "var": "payload.nothing" }, 1] }, false] })
}

/// The colour of somebody who shows something.
fn coloured(set: &PolicySet) -> Coloured {
    let (none, list) = (Circumstances::default(), (0..2_000).collect::<Vec<_>>());
    let (list, mut budget) = (json!({ "list": list }), Budget::default());
    set.colour(&list, Standing::Accept, &none, now(), &mut budget)
        .unwrap()
}

/// Over every row of up to three rules that hold, do not, or fail: never greener than if the failing ones had come to anything.
#[test]
fn nobody_is_greener_because_a_rule_failed() {
    let logics = [json!(true), json!(false), fails()];
    let colours = ["green", "yellow", "red", "black"];
    let choices: Vec<(&str, usize)> = colours
        .iter()
        .flat_map(|colour| (0..logics.len()).map(move |logic| (*colour, logic)))
        .collect();
    let given = |row: &[(&str, usize)]| {
        let rules: Vec<_> = row
            .iter()
            .map(|(colour, logic)| (*colour, logics[*logic].clone()))
            .collect();
        coloured(&with_colours(&rules))
    };
    let mut tried = 0;
    for one in &choices {
        for two in &choices {
            let row = [*one, *two];
            let failing: Vec<_> = (0..row.len()).filter(|it| row[*it].1 == 2).collect();
            let shown = given(&row);
            for came_to in 0..1_usize << failing.len() {
                let mut other = row;
                for (bit, place) in failing.iter().enumerate() {
                    other[*place].1 = came_to >> bit & 1;
                }
                assert!(
                    shown.colour() >= given(&other).colour(),
                    "{row:?} as {other:?}"
                );
            }
            let reached = given(&row).open.len();
            assert!(reached <= failing.len());
            tried += 1;
        }
    }
    assert_eq!(tried, 144);
}

#[test]
fn a_rule_that_failed_is_named_and_what_is_no_answer_is_a_failure() {
    let list = json!({ "var": "payload.list" });
    for logic in [
        fails(),
        json!({ "if": [list, { "var": "payload.nothing" }, false] }),
        json!({ "if": [list, 1, false] }),
        json!({ "if": [list, list, false] }),
    ] {
        let open = coloured(&with_colours(&[
            ("black", logic.clone()),
            ("green", json!(true)),
        ]));
        assert_eq!(
            (open.colour(), open.is_open()),
            (Colour::Black, true),
            "{logic}"
        );
        let open = coloured(&with_colours(&[("green", logic), ("yellow", json!(true))]));
        assert_eq!((open.colour(), open.is_open()), (Colour::Yellow, false));
        assert_eq!(open.open, ["CR-ID-0001"]);
    }
}

#[test]
fn a_set_that_costs_too_much_leaves_its_rules_open() {
    // Each rule alone is within the budget of a verdict, and all of them together are not.
    let sum = json!({ "+": [{ "var": "accumulator" }, { "var": "current" }] });
    let heavy = json!({ "<": [{ "reduce": [{ "var": "payload.list" }, sum, 0] }, 0] });
    let rules: Vec<_> = (0..20).map(|_| ("green", heavy.clone())).collect();
    let shown = coloured(&with_colours(
        &[rules, vec![("yellow", json!(true))]].concat(),
    ));
    assert_eq!(
        shown.colour(),
        Colour::Red,
        "the default is the worst that could be"
    );
    assert!(shown.open.contains(&"CR-ID-0021".to_owned()));
}

/// What whoever shows `texts` at an office is shown, under the set of `document` as of the test certificates' time.
pub(crate) fn given(
    signer: &TestSigner,
    texts: &[&str],
    document: &Value,
) -> Result<Coloured, Failure> {
    let at = support::issued_at().plus(3600);
    given_at((at, at), signer, texts, document)
}

/// The same, asked at the first of the instants about the second.
pub(crate) fn given_at(
    (at, clock): (UnixTime, UnixTime),
    signer: &TestSigner,
    texts: &[&str],
    document: &Value,
) -> Result<Coloured, Failure> {
    let opened = verify::open_batch(texts, &signer.snapshot);
    let judge = |it| {
        verify::judge(
            it,
            at,
            &signer.snapshot,
            &Policy::default(),
            Registered::NotAsked,
        )
    };
    let verdicts: Vec<_> = opened.iter().map(judge).collect();
    let judged: Vec<_> = opened.iter().zip(&verdicts).collect();
    let mut document = document.clone();
    document["Wilayah"] = json!({ "31": [{ "ValidFrom": "2026-01-01T00:00:00Z", "Level": 1 }] });
    let (office, set) = (circumstances("", "office", "31"), set(&document));
    verify::colour(&judged, &office, (at, clock), &set, &ValueSets::default())
}

fn shown(signer: &TestSigner, texts: &[&str], document: &Value) -> (Colour, String) {
    let given = given(signer, texts, document).unwrap();
    (given.colour(), given.rule.identifier.clone())
}

#[test]
fn certificates_of_one_person_count_together_and_those_of_another_do_not() {
    let signer = TestSigner::new(4);
    let claims = |text: &str, change: &dyn Fn(&mut Value)| {
        let mut claims: Value = serde_json::from_str(text).unwrap();
        change(&mut claims);
        signer.issue(&claims.to_string())
    };
    let same =
        |it: &mut Value| it["person"] = json!({ "family_name": "Suharto", "birth_date": "1964" });
    let twin =
        |it: &mut Value| it["person"] = json!({ "family_name": "Suharti", "birth_date": "1964" });
    let full = claims(VACCINATION, &same);
    let twin = claims(VACCINATION, &twin);
    let first = claims(VACCINATION, &|it| {
        same(it);
        it["vaccination"]["dose"] = json!(1);
        it["vaccination"]["date"] = json!("2026-03-20");
    });
    let negative = claims(TEST, &|_| {});
    let positive = claims(TEST, &|it| it["test"]["result"] = json!(POSITIVE));
    let elsewhere = TestSigner::new(9).issue(VACCINATION);
    let recovery = claims(RECOVERY, &|_| {});
    let mut document = document();
    document["Rules"] = json!([]);
    let case = |texts: &[&str]| shown(&signer, texts, &document);
    let red = |rule: &str| (Colour::Red, rule.to_owned());
    let green = || (Colour::Green, "CR-ID-0030".to_owned());
    assert_eq!(case(&[&full]), green());
    assert_eq!(case(&[&first, &full]), green(), "the newest dose counts");
    assert_eq!(case(&[&full, &first]), green(), "in whatever order");
    assert_eq!(case(&[&first, &negative]).1, "CR-ID-0032");
    assert_eq!(
        case(&[&full, &positive]),
        (Colour::Black, "CR-ID-0001".to_owned())
    );
    assert_eq!(case(&[&recovery]).1, "CR-ID-0031");
    assert_eq!(
        case(&[&negative, &twin]).1,
        "CR-ID-0033",
        "a twin's doses are the twin's"
    );
    assert_eq!(
        case(&[&full, "HC1:=", &elsewhere]),
        green(),
        "what says nothing of anybody"
    );
    assert_eq!(case(&[&elsewhere]), red("CR-ID-0002"));
    assert_eq!(case(&["HC1:="]), red("CR-ID-0002"));
    assert_eq!(case(&[]), red("CR-ID-0002"));
}

#[test]
fn what_the_country_does_not_accept_says_nothing() {
    let signer = TestSigner::new(4);
    let good = signer.issue(VACCINATION);
    let mut rules = document();
    for rule in rules["Rules"].as_array_mut().unwrap() {
        rule["ValidFrom"] = json!("2026-01-01T00:00:00Z");
    }
    assert_eq!(shown(&signer, &[&good], &rules).0, Colour::Green);
    // Rules that are silent about such a certificate do not consent.
    let mut tests_alone = rules.clone();
    let about_tests = |rule: &Value| rule["CertificateType"] == "Test";
    let list = tests_alone["Rules"].as_array_mut().unwrap();
    list.retain(about_tests);
    assert_eq!(shown(&signer, &[&good], &tests_alone).1, "CR-ID-0003");
    let accepts = |logic: Value| {
        let mut rules = rules.clone();
        rules["Rules"][0]["Logic"] = logic;
        shown(&signer, &[&good], &rules).1
    };
    assert_eq!(
        accepts(json!({ "===": [1, 2] })),
        "CR-ID-0002",
        "no good certificate is left"
    );
    let open = json!({ "<": [{ "var": "payload.nothing" }, 1] });
    assert_eq!(accepts(open), "CR-ID-0003", "somebody has to look");
    let travels = json!({ "===": [{ "var": "external.verdict" }, { "var": "external.mode" }] });
    assert_eq!(accepts(travels), "CR-ID-0030", "both are not told");
}

#[test]
fn what_may_be_good_counts_wherever_it_makes_the_colour_less_green() {
    let signer = TestSigner::new(4);
    let person = json!({ "family_name": "Suharto", "birth_date": "1964" });
    let issue = |text: &str, pointer: &str, value: Value| {
        let mut claims: Value = serde_json::from_str(text).unwrap();
        claims["person"] = person.clone();
        *claims.pointer_mut(pointer).unwrap() = value;
        signer.issue(&claims.to_string())
    };
    let full = issue(VACCINATION, "/vaccination/dose", json!(2));
    let positive = issue(TEST, "/test/result", json!(POSITIVE));
    let negative = issue(TEST, "/test/result", json!(NEGATIVE));
    let mut rules = document();
    for rule in rules["Rules"].as_array_mut().unwrap() {
        rule["ValidFrom"] = json!("2026-01-01T00:00:00Z");
    }
    let case = |rules: &Value, texts: &[&str]| {
        let given = given(&signer, texts, rules).unwrap();
        (given.rule.identifier.clone(), given.is_open())
    };
    let expected = |rule: &str, is_open| (rule.to_owned(), is_open);
    assert_eq!(
        case(&rules, &[&full, &positive]),
        expected("CR-ID-0001", false)
    );
    // Nobody can tell whether the country accepts tests.
    let list = rules["Rules"].as_array_mut().unwrap();
    list.retain(|rule| rule["Identifier"] != "TR-ID-0002" && rule["Identifier"] != "TR-ID-0003");
    rules["Rules"][2]["Logic"] = json!({ "<": [{ "var": "payload.nothing" }, 1] });
    assert_eq!(
        case(&rules, &[&full, &positive]),
        expected("CR-ID-0001", true)
    );
    assert_eq!(
        case(&rules, &[&full, &negative]),
        expected("CR-ID-0030", false)
    );
    assert_eq!(case(&rules, &[&positive]), expected("CR-ID-0001", true));
    assert_eq!(case(&rules, &[&negative]), expected("CR-ID-0003", false));
    let many = [full.as_str(); 9];
    assert_eq!(case(&rules, &many[..8]), expected("CR-ID-0030", false));
    let refused = given(&signer, &many, &rules).unwrap_err();
    assert_eq!(refused.code(), Code::RequestInvalid);
}
