//! A rule as its country signs it, and the row under which gateways pass it on: `{version, validFrom, validTo, cms}`.
//!
//! Refuses members that are not in the schema, identifiers that do not fit country and kind, rules without an English
//! description, and rules that end before they begin. Logic is any JSON object; nothing evaluates it here.
//!
//! Source: EU DGCG, `GET /rules/{cc}` and `POST /rules`, and its rule schema (`additionalProperties: false`).

use crate::codec::json;
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::rules::{CertificateType, Rule, RuleKind, Version};
use serde_json::{Map, Value, json};

/// The text of the CMS message in the row of a rule.
///
/// # Errors
/// `rule_invalid`.
pub fn read_rule_row(bytes: &[u8]) -> Result<String, Failure> {
    let row = read(bytes)?;
    let cms = row.get("cms").and_then(Value::as_str);
    cms.map(str::to_owned)
        .ok_or_else(|| invalid("cms is no text"))
}

/// The row of `rule`, whose CMS message is `cms` in Base64.
pub fn write_rule_row(rule: &Rule, cms: &str) -> Value {
    json!({
        "version": rule.version.to_string(),
        "validFrom": rule.valid_from.to_string(),
        "validTo": rule.valid_to.to_string(),
        "cms": cms,
    })
}

/// The rule in `bytes`, the content of its message.
///
/// # Errors
/// `rule_invalid`, `input_too_large`.
pub fn read_rule(bytes: &[u8]) -> Result<Rule, Failure> {
    let members = read(bytes)?;
    let country = members.get("Country").and_then(Value::as_str);
    let named = country.and_then(Country::parse);
    let rule = shape(&members)?(named.ok_or_else(|| invalid("Country is none"))?);
    if !country.is_some_and(|country| fits(&rule, country)) {
        return Err(invalid(
            "Identifier does not fit Type, CertificateType and Country",
        ));
    }
    if rule.valid_to <= rule.valid_from {
        return Err(invalid("ValidTo is not after ValidFrom"));
    }
    Ok(rule)
}

/// The rule in `bytes` as the schema has it, to the letter; whether its members fit each other is for whoever takes it in.
///
/// # Errors
/// `rule_invalid`, `input_too_large`; `country_mismatch` where all is as in the schema, but its two letters are no country's.
pub fn read_rule_shape(bytes: &[u8]) -> Result<Rule, Failure> {
    let members = read(bytes)?;
    let of_country = shape(&members)?;
    for name in ["ValidFrom", "ValidTo"] {
        let text = members.get(name).and_then(Value::as_str);
        if !text.is_some_and(is_timestamp) {
            return Err(invalid(format!("{name} is no instant in full")));
        }
    }
    let rows = members.get("Description").and_then(Value::as_array);
    let mut languages = rows
        .into_iter()
        .flatten()
        .filter_map(|row| row["lang"].as_str());
    if let Some(lang) = languages.find(|lang| !is_language(lang)) {
        let length = lang.len();
        return Err(invalid(format!("a lang of {length} bytes that is none")));
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let (country, identifier) = (text("Country"), text("Identifier"));
    let has_form = |country: &&str| {
        country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    let country = country
        .filter(has_form)
        .filter(|_| identifier.is_some_and(is_identifier));
    let country = country.ok_or_else(|| invalid("Country or Identifier is none"))?;
    let country = Country::parse(country);
    Ok(of_country(country.ok_or_else(|| {
        Code::CountryMismatch.because("Country is nobody's")
    })?))
}

/// Whether the prefix of the identifier of `rule` is that of its kind and of the certificates that it is about.
pub fn has_prefix_of_kind(rule: &Rule) -> bool {
    rule.identifier.split('-').next() == Some(prefix(rule.kind, rule.about))
}

/// The rule, once it is known of which country.
fn shape(rule: &Map<String, Value>) -> Result<impl FnOnce(Country) -> Rule + use<>, Failure> {
    if let Some(name) = rule.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        let shown: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(40)
            .collect();
        return Err(invalid(format!("a member that no rule has: {shown}")));
    }
    let member = |name: &str| rule.get(name);
    let text = |name: &str| {
        let text = member(name).and_then(Value::as_str);
        text.ok_or_else(|| invalid(format!("{name} is no text")))
    };
    let version = |name: &str| {
        Version::parse(text(name)?).ok_or_else(|| invalid(format!("{name} is no version")))
    };
    let instant = |name: &str| {
        let text = text(name)?;
        // Date, time and zone; fractions are not in the form.
        UnixTime::parse(text)
            .filter(|_| !text.contains('.') && text.contains('T'))
            .ok_or_else(|| invalid(format!("{name} is no instant")))
    };
    let kind = match text("Type")? {
        "Acceptance" => RuleKind::Acceptance,
        "Invalidation" => RuleKind::Invalidation,
        _ => return Err(invalid("an unknown Type")),
    };
    let about = about(text("CertificateType")?)?;
    let identifier = text("Identifier")?;
    let (valid_from, valid_to) = (instant("ValidFrom")?, instant("ValidTo")?);
    let logic = member("Logic").and_then(Value::as_object);
    let logic = logic.filter(|logic| !logic.is_empty());
    let logic = logic.ok_or_else(|| invalid("Logic is no object"))?;
    let rule = Rule {
        identifier: identifier.to_owned(),
        version: version("Version")?,
        kind,
        country: Country::DEMO,
        region: region(member("Region"))?,
        about,
        valid_from,
        valid_to,
        engine: (text("Engine")?.to_owned(), version("EngineVersion")?),
        schema_version: version("SchemaVersion")?,
        descriptions: descriptions(member("Description"))?,
        affected_fields: affected_fields(member("AffectedFields"))?,
        logic: Value::Object(logic.clone()),
    };
    Ok(move |country| Rule { country, ..rule })
}

/// `rule` as the content of a message.
pub fn write_rule(rule: &Rule) -> Value {
    let descriptions = rule.descriptions.iter();
    let descriptions = descriptions.map(|(lang, desc)| json!({ "lang": lang, "desc": desc }));
    let mut written = json!({
        "Identifier": rule.identifier,
        "Type": match rule.kind {
            RuleKind::Acceptance => "Acceptance",
            RuleKind::Invalidation => "Invalidation",
        },
        "Country": rule.country.as_str(),
        "Version": rule.version.to_string(),
        "SchemaVersion": rule.schema_version.to_string(),
        "Engine": rule.engine.0,
        "EngineVersion": rule.engine.1.to_string(),
        "CertificateType": match rule.about {
            CertificateType::General => "General",
            CertificateType::Vaccination => "Vaccination",
            CertificateType::Test => "Test",
            CertificateType::Recovery => "Recovery",
        },
        "Description": descriptions.collect::<Vec<_>>(),
        "ValidFrom": rule.valid_from.to_string(),
        "ValidTo": rule.valid_to.to_string(),
        "AffectedFields": rule.affected_fields,
        "Logic": rule.logic,
    });
    if let (Some(region), Some(members)) = (&rule.region, written.as_object_mut()) {
        members.insert("Region".to_owned(), json!(region));
    }
    written
}

fn read(bytes: &[u8]) -> Result<Map<String, Value>, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("a rule over {MAX_BYTES} bytes")));
    }
    match json::read(bytes, MAX_VALUES) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(invalid("not a JSON object")),
        Err(failure) => Err(invalid(failure.detail())),
    }
}

fn about(text: &str) -> Result<CertificateType, Failure> {
    Ok(match text {
        "General" => CertificateType::General,
        "Vaccination" => CertificateType::Vaccination,
        "Test" => CertificateType::Test,
        "Recovery" => CertificateType::Recovery,
        _ => return Err(invalid("an unknown CertificateType")),
    })
}

/// Whether an identifier is kind, country and four digits, and the kind is that of the rule.
fn fits(rule: &Rule, country: &str) -> bool {
    let identifier = rule.identifier.as_str();
    is_identifier(identifier)
        && has_prefix_of_kind(rule)
        && identifier.split('-').nth(1) == Some(country)
}

fn prefix(kind: RuleKind, about: CertificateType) -> &'static str {
    match (kind, about) {
        (RuleKind::Invalidation, _) => "IR",
        (RuleKind::Acceptance, CertificateType::General) => "GR",
        (RuleKind::Acceptance, CertificateType::Vaccination) => "VR",
        (RuleKind::Acceptance, CertificateType::Test) => "TR",
        (RuleKind::Acceptance, CertificateType::Recovery) => "RR",
    }
}

/// Whether `text` is one of the five prefixes, a country and four digits.
fn is_identifier(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let [prefix, country, number] = parts.as_slice() else {
        return false;
    };
    PREFIXES.contains(prefix)
        && country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && number.len() == 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` is a language, or a language and a region, in lower case.
fn is_language(text: &str) -> bool {
    let letters = |part: &str| part.len() == 2 && part.bytes().all(|it| it.is_ascii_lowercase());
    match text.split_once('-') {
        None => letters(text),
        Some((language, region)) => letters(language) && letters(region),
    }
}

/// Whether `text` is date, time without fractions, and `Z` or an offset with a colon.
fn is_timestamp(text: &str) -> bool {
    let like = |text: &str, form: &str| {
        let fits = |(byte, form): (u8, u8)| match form {
            b'0' => byte.is_ascii_digit(),
            b'+' => matches!(byte, b'+' | b'-'),
            form => byte == form,
        };
        text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
    };
    like(text, "0000-00-00T00:00:00Z") || like(text, "0000-00-00T00:00:00+00:00")
}

fn region(member: Option<&Value>) -> Result<Option<String>, Failure> {
    let allowed = |text: &&str| {
        let letters = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        text.len() <= 5 && text.bytes().all(letters)
    };
    match member {
        None => Ok(None),
        Some(text) => {
            let text = text.as_str().filter(allowed);
            let text = text.ok_or_else(|| invalid("Region is none"))?;
            Ok(Some(text.to_owned()))
        }
    }
}

fn descriptions(member: Option<&Value>) -> Result<Vec<(String, String)>, Failure> {
    let rows = member.and_then(Value::as_array);
    let rows = rows
        .ok_or_else(|| invalid("Description is no array"))?
        .iter();
    let rows = rows.map(|row| {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        let (lang, desc) = (text("lang")?, text("desc")?);
        (desc.chars().count() >= MIN_DESCRIPTION).then(|| (lang.to_owned(), desc.to_owned()))
    });
    let rows: Option<Vec<_>> = rows.collect();
    let rows = rows.ok_or_else(|| {
        let least = MIN_DESCRIPTION;
        invalid(format!(
            "a Description without `lang`, or whose `desc` is under {least} characters"
        ))
    })?;
    if !rows.iter().any(|(lang, _)| lang == "en") {
        return Err(invalid("no Description in English"));
    }
    Ok(rows)
}

fn affected_fields(member: Option<&Value>) -> Result<Vec<String>, Failure> {
    let rows = member
        .and_then(Value::as_array)
        .filter(|rows| !rows.is_empty());
    let rows = rows
        .ok_or_else(|| invalid("AffectedFields is no array of texts"))?
        .iter();
    let rows: Option<Vec<_>> = rows.map(|row| row.as_str().map(str::to_owned)).collect();
    rows.ok_or_else(|| invalid("AffectedFields is no array of texts"))
}

fn invalid(reason: impl Into<String>) -> Failure {
    Code::RuleInvalid.because(reason)
}

const PREFIXES: [&str; 5] = ["GR", "VR", "TR", "RR", "IR"];
const MEMBERS: [&str; 14] = [
    "Identifier",
    "Type",
    "Country",
    "Region",
    "Version",
    "SchemaVersion",
    "Engine",
    "EngineVersion",
    "CertificateType",
    "Description",
    "ValidFrom",
    "ValidTo",
    "AffectedFields",
    "Logic",
];
const MIN_DESCRIPTION: usize = 20;
/// The largest in circulation has 40 KB.
const MAX_BYTES: usize = 256 * 1024;
const MAX_VALUES: usize = 20_000;
