//! The suites of rules: the specification's own, national rules with their tests, the German app's cases of selection, and
//! what two evaluators agree on over real certificates.
//!
//! Source: `certlogic-manifest.json`, `certlogic/`.

use super::{Suite, json_file, text};
use crate::credential::{self, Content};
use crate::exchange::dgcg::read_rule;
use crate::exchange::read_value_set;
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid, UnixTime};
use crate::rules::certlogic::{Budget, Data, Logic, Value};
use crate::rules::{Question, RuleResult, RuleSet, ValueSets};
use crate::server::files;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Grades everything in `dir/certlogic`.
pub(super) fn grade(dir: &Path, manifest: &Json) -> Result<Vec<Suite>, Failure> {
    let data = dir.join("certlogic");
    let mut suites = vec![
        specification(&data.join("specification"), manifest)?,
        national(&data.join("rules"), manifest)?,
        selection(&data)?,
    ];
    suites.extend(matrix(dir)?);
    Ok(suites)
}

/// Every assertion of the suite is evaluated, every case of the validation suite read.
fn specification(dir: &Path, manifest: &Json) -> Result<Suite, Failure> {
    let mut suite = Suite::new("certlogic-spec");
    let mut documents = HashMap::new();
    for row in rows(manifest, "/specification/suite")? {
        let (file, case) = (text(row, "file").unwrap_or_default(), number(row, "case"));
        let assertion = number(row, "assertion");
        if row.get("trustworthy") != Some(&Json::Bool(true)) {
            suite.skipped += 1;
            continue;
        }
        let expected = row.get("expected").unwrap_or(&Json::Null);
        let read = document(&mut documents, &dir.join("testSuite").join(file));
        let ours = read.map_err(|failure| failure.to_string());
        let ours = ours.and_then(|suite| {
            let case = suite.pointer(&format!("/cases/{case}"));
            let case = case.ok_or_else(|| "no such case".to_owned())?;
            let stated = case.pointer(&format!("/assertions/{assertion}"));
            let stated = stated.ok_or_else(|| "no such assertion".to_owned())?;
            let own = stated.get("certLogicExpression");
            let logic = own.or_else(|| case.get("certLogicExpression"));
            let data = stated.get("data").unwrap_or(&Json::Null);
            evaluated(logic, Data::Json(data), expected)
        });
        let place = format!("{file} #{case}.{assertion}");
        record(&mut suite, &place, expected, ours);
    }
    for row in rows(manifest, "/specification/validation_suite")? {
        let (file, case) = (text(row, "file").unwrap_or_default(), number(row, "case"));
        let document = document(&mut documents, &dir.join("validation-testSuite").join(file))?;
        let stated = document.pointer(&format!("/cases/{case}"));
        let stated = stated.unwrap_or(&Json::Null);
        let issues = stated.get("issues").and_then(Json::as_array);
        let valid = issues.is_some_and(Vec::is_empty);
        let logic = stated.get("certLogicExpression").unwrap_or(&Json::Null);
        let ours = Logic::read(logic);
        let agrees = ours.is_ok() == valid;
        let ours = ours.map_or_else(|failure| failure.to_string(), |_| "valid".to_owned());
        let expected = if valid { "valid" } else { "invalid" };
        suite.record(
            &format!("{file} #{case}"),
            expected.to_owned(),
            ours,
            agrees,
        );
    }
    Ok(suite)
}

/// Every test of every national rule.
fn national(dir: &Path, manifest: &Json) -> Result<Suite, Failure> {
    let mut suite = Suite::new("certlogic-rules");
    let mut rules = HashMap::new();
    for row in rows(manifest, "/tests")? {
        if row.get("trustworthy") != Some(&Json::Bool(true)) {
            suite.skipped += 1;
            continue;
        }
        let path = text(row, "path").unwrap_or_default();
        let expected = row.get("expected").unwrap_or(&Json::Null);
        let ours = national_test(dir, row, &mut rules).and_then(|(test, rule)| {
            let members = ["payload", "external"];
            let members = members.map(|name| Some((name, Data::Json(test.get(name)?))));
            let members: Vec<_> = members.into_iter().flatten().collect();
            evaluated(rule.get("Logic"), Data::Members(&members), expected)
        });
        record(&mut suite, path, expected, ours);
    }
    Ok(suite)
}

/// The test in `row`, and its rule.
fn national_test<'d>(
    dir: &Path,
    row: &Json,
    rules: &'d mut HashMap<PathBuf, Json>,
) -> Result<(Json, &'d Json), String> {
    let named = |member| dir.join(text(row, member).unwrap_or_default());
    let test = json_file(&named("path")).map_err(|failure| failure.to_string())?;
    let rule = document(rules, &named("rule")).map_err(|failure| failure.to_string())?;
    Ok((test, rule))
}

/// Which rules are asked and what they see, from the text of a QR code on.
fn selection(data: &Path) -> Result<Suite, Failure> {
    let mut suite = Suite::new("certlogic-cwa");
    let document = json_file(&data.join("cwa/dcc-validation-rules-common-test-cases.json"))?;
    let sets = document
        .pointer("/general/valueSetProtocolBuffer")
        .and_then(Json::as_str);
    let sets = sets.and_then(|text| BASE64_STANDARD.decode(text).ok());
    let mut sets = value_sets_of_app(&sets.unwrap_or_default())?;
    let known = json_file(&data.join("rules/valueSets.json"))?;
    let countries = known.get("country-2-codes").and_then(Json::as_array);
    // The app's own list is ISO's; the EU's has Kosovo besides.
    let countries = countries.into_iter().flatten().filter_map(Json::as_str);
    let countries = countries.filter(|code| *code != "XK");
    add_codes(&mut sets, "country-2-codes", countries)?;
    for case in rows(&document, "/testCases")? {
        let expected = ["expPass", "expFail", "expOpen"].map(|name| number(case, name));
        let ours = answered(case, &sets).map(|results| {
            let count = |name| results.iter().filter(|it| it.answer.name() == name).count();
            ["pass", "fail", "open"].map(count)
        });
        let agrees = ours.as_ref().is_ok_and(|ours| *ours == expected);
        let ours = ours.map_or_else(|failure| failure.to_string(), |ours| counts(&ours));
        let name = text(case, "description").unwrap_or_default();
        suite.record(name, counts(&expected), ours, agrees);
    }
    Ok(suite)
}

fn counts([pass, fail, open]: &[usize; 3]) -> String {
    format!("{pass} pass, {fail} fail, {open} open")
}

/// What the rules of a case say of its certificate.
fn answered(case: &Json, sets: &ValueSets) -> Result<Vec<RuleResult>, Failure> {
    let mut rules = RuleSet::default();
    for rule in rows(case, "/rules")? {
        let mut rule = rule.as_object().cloned().unwrap_or_default();
        // The cases' own are shorter than the schema of rules allows.
        let described = json!([{ "lang": "en", "desc": "A rule of a published case." }]);
        rule.insert("Description".to_owned(), described);
        let rule = Json::Object(rule).to_string();
        rules.add(Arc::new(read_rule(rule.as_bytes())?))?;
    }
    let (kid, content) = content(text(case, "dcc").unwrap_or_default())?;
    let claims = content.claims?;
    let certificate = content.certificate.transpose()?;
    let certificate = certificate.ok_or_else(|| Code::HcertMissing.because("no certificate"))?;
    let country = text(case, "countryOfArrival").and_then(Country::parse);
    let clock = case.get("validationClock").and_then(Json::as_i64);
    let clock = clock.and_then(UnixTime::from_seconds);
    let (Some(country), Some(clock)) = (country, clock) else {
        return Err(Code::RequestInvalid.because("a case without country and clock"));
    };
    let question = Question {
        country,
        region: None,
        issuer: claims.issuer.as_deref().unwrap_or_default(),
        signers: &[],
        about: certificate.entry.purpose(),
        clock,
        issued_at: claims.issued_at,
        expires_at: claims.expires_at,
        kid: kid.as_ref(),
        more: &[],
    };
    let payload = credential::payload(&certificate);
    let mut budget = Budget::default();
    Ok(rules.judge(&question, payload.as_ref(), sets, &mut budget))
}

/// A suite for each answer: true, false and error, over all payloads and rules on which the evaluators agree.
fn matrix(dir: &Path) -> Result<[Suite; 3], Failure> {
    let mut suites = [
        Suite::new("certlogic-true"),
        Suite::new("certlogic-false"),
        Suite::new("certlogic-error"),
    ];
    let matrix = json_file(&dir.join("certlogic/evaluation-matrix.json"))?;
    let mut sets = ValueSets::default();
    let file = text(&matrix, "value_sets_file").unwrap_or_default();
    for set in rows(&json_file(&dir.join(file))?, "")? {
        let codes = set.get("valueSetValues").and_then(Json::as_object);
        let codes = codes.into_iter().flat_map(Map::keys).map(String::as_str);
        add_codes(
            &mut sets,
            text(set, "valueSetId").unwrap_or_default(),
            codes,
        )?;
    }
    let (mut documents, mut rules) = (HashMap::new(), Vec::new());
    for row in rows(&matrix, "/rules")? {
        let file = document(
            &mut documents,
            &dir.join(text(row, "file").unwrap_or_default()),
        )?;
        let rule = file.get(number(row, "index")).unwrap_or(&Json::Null);
        let logic = Logic::read(rule.get("Logic").unwrap_or(&Json::Null))?;
        rules.push((text(row, "Identifier"), text(row, "Country"), logic));
    }
    for row in rows(&matrix, "/rows")? {
        let path = text(row, "payload").unwrap_or_default();
        let code = files::read(&dir.join(path))?;
        let (_, content) = content(String::from_utf8_lossy(&code).trim())?;
        let payload = content.certificate.and_then(Result::ok);
        let payload = payload.and_then(|certificate| credential::payload(&certificate));
        let results = text(row, "results").unwrap_or_default();
        for ((identifier, country, logic), expected) in rules.iter().zip(results.chars()) {
            let [holds, fails, faults] = &mut suites;
            let suite = match expected {
                'T' => holds,
                'F' => fails,
                'E' => faults,
                _ => continue,
            };
            let external = external(row, country.unwrap_or_default(), &sets);
            let members = [
                (
                    "payload",
                    payload.as_ref().map_or(Data::Text(""), Data::Json),
                ),
                ("external", Data::Members(&external)),
            ];
            let ours = match logic.evaluate(Data::Members(&members), &mut Budget::default()) {
                Ok(Value::Bool(true)) => 'T',
                Ok(Value::Bool(false)) => 'F',
                Ok(_) => '?',
                Err(_) => 'E',
            };
            let clock = text(row, "clock_name").unwrap_or_default();
            let place = format!("{path} {clock} {}", identifier.unwrap_or_default());
            let agrees = ours == expected && payload.is_some();
            suite.record(&place, expected.into(), ours.into(), agrees);
        }
    }
    Ok(suites)
}

/// What rules of `country` see beside the payload of `row`.
fn external<'r>(row: &'r Json, country: &'r str, sets: &'r ValueSets) -> Vec<(&'r str, Data<'r>)> {
    let mut members = vec![
        ("countryCode", Data::Text(country)),
        ("valueSets", Data::ValueSets(sets, UnixTime::END.date())),
    ];
    let own = row.get("external").and_then(Json::as_object);
    let own = own.into_iter().flatten();
    members.extend(own.map(|(name, value)| (name.as_str(), Data::Json(value))));
    members
}

/// That `logic` comes to what is `expected`; else what it comes to.
fn evaluated(logic: Option<&Json>, data: Data<'_>, expected: &Json) -> Result<(), String> {
    let logic = Logic::read(logic.unwrap_or(&Json::Null)).map_err(|it| it.to_string())?;
    let value = logic.evaluate(data, &mut Budget::default());
    let value = value.map_err(|fault| format!("a fault: {fault}"))?;
    let agrees = value.is(expected);
    agrees.then_some(()).ok_or_else(|| format!("{value:?}"))
}

fn record(suite: &mut Suite, path: &str, expected: &Json, ours: Result<(), String>) {
    let (expected, agrees) = (expected.to_string(), ours.is_ok());
    let ours = ours.err().unwrap_or_else(|| expected.clone());
    suite.record(path, expected, ours, agrees);
}

/// The kid and the content of the credential `text`, whoever signed it.
fn content(text: &str) -> Result<(Option<Kid>, Content), Failure> {
    let unverified = credential::read(text)?;
    let content = unverified.inspect_without_authentication();
    Ok((unverified.hint().kid.clone(), content))
}

/// The value sets as the app is sent them: in each set the codes, in each code first the code.
fn value_sets_of_app(bytes: &[u8]) -> Result<ValueSets, Failure> {
    let mut sets = ValueSets::default();
    for (field, set) in fields(bytes)? {
        let id = field.checked_sub(1).and_then(|it| SETS_OF_APP.get(it));
        let id = id.ok_or_else(|| Code::RequestInvalid.because("an unknown value set"))?;
        let mut codes = Vec::new();
        for (_, item) in fields(set)? {
            let code = fields(item)?.into_iter().find(|(field, _)| *field == 1);
            codes.extend(code.and_then(|(_, code)| std::str::from_utf8(code).ok()));
        }
        add_codes(&mut sets, id, codes.into_iter())?;
    }
    Ok(sets)
}

/// The fields of a message that is made of texts and messages alone, by number.
fn fields(mut bytes: &[u8]) -> Result<Vec<(usize, &[u8])>, Failure> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let field = (|| {
            let (tag, rest) = varint(bytes)?;
            let (length, rest) = varint(rest)?;
            let (field, rest) = rest.split_at_checked(length)?;
            (tag & 7 == 2).then_some((tag >> 3, field, rest))
        })();
        let field = field.ok_or_else(|| Code::RequestInvalid.because("no message"));
        let (number, field, rest) = field?;
        fields.push((number, field));
        bytes = rest;
    }
    Ok(fields)
}

/// The number at the beginning of `bytes`, seven bits a byte, the lowest first.
fn varint(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for place in (0..28).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        bytes = rest;
        number |= usize::from(byte & 0x7f) << place;
        if byte & 0x80 == 0 {
            return Some((number, bytes));
        }
    }
    None
}

fn add_codes<'c>(
    sets: &mut ValueSets,
    id: &str,
    codes: impl Iterator<Item = &'c str>,
) -> Result<(), Failure> {
    let value = json!({ "display": "", "lang": "en", "active": true, "system": "", "version": "" });
    let values: Json = codes.map(|code| (code.to_owned(), value.clone())).collect();
    let document = json!({
        "valueSetId": id,
        "valueSetDate": "2021-06-01",
        "valueSetValues": values,
    });
    sets.add(read_value_set(document.to_string().as_bytes())?)
}

/// The document at `path`, read once.
fn document<'d>(
    documents: &'d mut HashMap<PathBuf, Json>,
    path: &Path,
) -> Result<&'d Json, Failure> {
    Ok(match documents.entry(path.to_owned()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(json_file(path)?),
    })
}

/// The rows of the list at `pointer`.
fn rows<'v>(document: &'v Json, pointer: &str) -> Result<&'v [Json], Failure> {
    let rows = document.pointer(pointer).and_then(Json::as_array);
    let rows = rows.map(Vec::as_slice);
    rows.ok_or_else(|| Code::RequestInvalid.because(format!("no list {pointer}")))
}

fn number(row: &Json, member: &str) -> usize {
    let number = row.get(member).and_then(Json::as_u64);
    number
        .and_then(|it| it.try_into().ok())
        .unwrap_or(usize::MAX)
}

/// In the order of their fields.
const SETS_OF_APP: [&str; 7] = [
    "sct-vaccines-covid-19",
    "vaccines-covid-19-names",
    "vaccines-covid-19-auth-holders",
    "disease-agent-targeted",
    "covid-19-lab-test-type",
    "covid-19-lab-test-manufacturer-and-name",
    "covid-19-lab-result",
];
