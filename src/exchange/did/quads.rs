//! The lines that a proof is over: the N-Quads of a document, made without a JSON-LD library.
//!
//! Refuses to make lines of what it does not know: other contexts, other types of method, texts outside their alphabets,
//! and keys that hold more than ASCII. Members that make no line are as good as absent, and nothing here reads them.
//!
//! Source: RDF Dataset Canonicalization (URDNA2015) of the WHO's contexts, as observed; RFC 8785 (JCS) for keys.

use super::address::is_did;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The context that a document gives to domain, participant and usage of its keys: one a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Production.
    Production,
    /// User acceptance tests.
    Acceptance,
    /// Development.
    Development,
}

impl Network {
    const ALL: [Self; 3] = [Self::Production, Self::Acceptance, Self::Development];

    fn suffix(self) -> &'static str {
        match self {
            Self::Production => "",
            Self::Acceptance => "-UAT",
            Self::Development => "-DEV",
        }
    }

    /// The contexts of a document.
    pub(super) fn contexts(self) -> [String; 3] {
        let own = format!(
            "https://smart.who.int/trust/tng-context/v1{}.jsonld",
            self.suffix()
        );
        let [did, suite] = BASE_CONTEXTS;
        [did.to_owned(), suite.to_owned(), own]
    }
}

/// The lines of a document so far, or the first reason why it has none.
pub(super) struct Quads {
    network: Option<Network>,
    lines: Result<BTreeSet<String>, &'static str>,
}

impl Quads {
    /// The first line of the document `id`.
    pub(super) fn new(id: &str, controller: &str, contexts: Option<&Value>) -> Self {
        let mut quads = match network(contexts) {
            Some(network) => Self {
                network,
                lines: Ok(BTreeSet::new()),
            },
            None => Self {
                network: None,
                lines: Err("a context that is not known here"),
            },
        };
        quads.add(line(id, CONTROLLER, &node(controller)));
        quads
    }

    pub(super) fn network(&self) -> Option<Network> {
        self.network
    }

    /// The line that names `method` in the document `id`.
    pub(super) fn names(&mut self, id: &str, method: &str) {
        self.add(line(id, METHOD, &node(method)));
    }

    /// The lines of the method `id`, whose members are `members`.
    pub(super) fn describes(&mut self, id: &str, members: &Map<String, Value>) {
        match description(self.network, id, members) {
            Ok(lines) => lines.into_iter().for_each(|line| self.add(line)),
            Err(why) => self.spoil(why),
        }
    }

    /// Takes the document its lines, because of `why`.
    pub(super) fn spoil(&mut self, why: &'static str) {
        if self.lines.is_ok() {
            self.lines = Err(why);
        }
    }

    /// All lines, in order.
    pub(super) fn text(self) -> Result<String, &'static str> {
        self.lines.map(|lines| lines.into_iter().collect())
    }

    fn add(&mut self, line: String) {
        if let Ok(lines) = &mut self.lines {
            lines.insert(line);
        }
    }
}

/// The network whose context stands in `contexts`, if they are the known ones.
fn network(contexts: Option<&Value>) -> Option<Option<Network>> {
    let contexts = contexts?.as_array()?.iter();
    let contexts: Vec<_> = contexts.map(Value::as_str).collect::<Option<_>>()?;
    let (base, own) = contexts.split_at_checked(BASE_CONTEXTS.len())?;
    match own {
        _ if base != BASE_CONTEXTS => None,
        [] => Some(None),
        [own] => {
            let found = Network::ALL
                .into_iter()
                .find(|it| it.contexts()[2] == **own);
            found.map(Some)
        }
        _ => None,
    }
}

fn description(
    network: Option<Network>,
    id: &str,
    members: &Map<String, Value>,
) -> Result<Vec<String>, &'static str> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if text("type") != Some("JsonWebKey2020") {
        return Err("a method of another type");
    }
    let controller = text("controller").filter(|it| is_did(it));
    let controller = controller.ok_or("a method without a controller in the alphabet of DIDs")?;
    let mut key = String::new();
    let jwk = members.get("publicKeyJwk").filter(|it| it.is_object());
    jwk.and_then(|jwk| canonical(jwk, &mut key))
        .ok_or("a key without a canonical form")?;
    let key = key.replace('\\', "\\\\").replace('"', "\\\"");
    let mut lines = vec![
        line(id, TYPE, &node("https://w3id.org/security#JsonWebKey2020")),
        line(id, CONTROLLER, &node(controller)),
        line(id, KEY, &format!("\"{key}\"^^{}", node(JSON))),
    ];
    for (member, set) in ATTRIBUTES {
        let Some(value) = members.get(member) else {
            continue;
        };
        let code = code_of(value).ok_or("an attribute of another form")?;
        let suffix = network.ok_or("attributes without their context")?.suffix();
        let set = format!("https://smart.who.int/trust/ValueSet-{set}{suffix}.jsonld");
        lines.push(line(id, &set, &node(&format!("{set}#{code}"))));
    }
    Ok(lines)
}

/// The code in an attribute of the form `{"code": "#CODE"}`.
pub(super) fn code_of(attribute: &Value) -> Option<&str> {
    let members = attribute.as_object().filter(|it| it.len() == 1)?;
    let code = members.get("code")?.as_str()?.strip_prefix('#')?;
    let letters = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    ((1..=MAX_CODE).contains(&code.len()) && code.bytes().all(letters)).then_some(code)
}

/// The four lines of a proof with its type, in order.
pub(super) fn of_proof(created: &str, nonce: &str, signer: &str) -> String {
    let line = |predicate: &str, object: &str| format!("_:c14n0 {} {object} .\n", node(predicate));
    let created = format!(
        "\"{created}\"^^{}",
        node("http://www.w3.org/2001/XMLSchema#dateTime")
    );
    [
        line("http://purl.org/dc/terms/created", &created),
        line(
            TYPE,
            &node("https://w3id.org/security#JsonWebSignature2020"),
        ),
        line("https://w3id.org/security#nonce", &format!("\"{nonce}\"")),
        line(
            "https://w3id.org/security#proofPurpose",
            &node("https://w3id.org/security#assertionMethod"),
        ),
        line(METHOD, &node(signer)),
    ]
    .concat()
}

/// Appends the canonical JSON of `value`; `None` for what no key holds: fractions, large numbers, other letters than ASCII.
fn canonical(value: &Value, text: &mut String) -> Option<()> {
    match value {
        Value::Null | Value::Bool(_) => text.push_str(&value.to_string()),
        Value::Number(number) => {
            let number = number.as_i64().filter(|it| it.unsigned_abs() < LARGE)?;
            text.push_str(&number.to_string());
        }
        Value::String(string) => {
            string.is_ascii().then_some(())?;
            text.push_str(&value.to_string());
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                canonical(item, text)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, item)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                canonical(&Value::from(name.as_str()), text)?;
                text.push(':');
                canonical(item, text)?;
            }
            text.push('}');
        }
    }
    Some(())
}

fn line(subject: &str, predicate: &str, object: &str) -> String {
    format!("{} {} {object} .\n", node(subject), node(predicate))
}

fn node(name: &str) -> String {
    format!("<{name}>")
}

pub(super) const BASE_CONTEXTS: [&str; 2] = [
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/suites/jws-2020/v1",
];
const ATTRIBUTES: [(&str, &str); 3] = [
    ("domain", "Domains"),
    ("participant", "Participants"),
    ("keyusage", "KeyUsage"),
];
const TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
const JSON: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON";
const CONTROLLER: &str = "https://w3id.org/security#controller";
const METHOD: &str = "https://w3id.org/security#verificationMethod";
const KEY: &str = "https://w3id.org/security#publicKeyJwk";
const MAX_CODE: usize = 64;
/// The first number that JSON does not keep exactly.
const LARGE: u64 = 1 << 53;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_written_in_the_order_of_their_names() {
        let mut text = String::new();
        let value = json!({ "b": ["\"\\", null, true, -7], "a": { "z": 1, "A": 2 } });
        canonical(&value, &mut text).unwrap();
        assert_eq!(text, r#"{"a":{"A":2,"z":1},"b":["\"\\",null,true,-7]}"#);
        for odd in [
            json!({ "é": 1 }),
            json!("é"),
            json!(1.5),
            json!(1_u64 << 53),
        ] {
            assert!(canonical(&odd, &mut String::new()).is_none(), "{odd}");
        }
    }

    #[test]
    fn what_is_not_known_takes_a_document_its_lines() {
        let known = json!(Network::Acceptance.contexts());
        let text = |contexts: &Value| Quads::new("did:web:a", "did:web:b", Some(contexts)).text();
        assert!(text(&known).is_ok());
        for odd in [
            json!([]),
            json!("https://www.w3.org/ns/did/v1"),
            json!([
                "https://w3id.org/security/suites/jws-2020/v1",
                "https://www.w3.org/ns/did/v1"
            ]),
            json!([
                BASE_CONTEXTS[0],
                BASE_CONTEXTS[1],
                "https://example.org/context"
            ]),
            json!([BASE_CONTEXTS[0], BASE_CONTEXTS[1], { "domain": "x" }]),
        ] {
            assert!(text(&odd).is_err(), "{odd}");
        }
        for odd in [
            json!("#DCC"),
            json!({ "code": "DCC" }),
            json!({ "code": "#D> <C" }),
            json!({}),
        ] {
            assert!(code_of(&odd).is_none(), "{odd}");
        }
    }
}
