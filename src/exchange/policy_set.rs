//! The policy set as its country signs it: rules in the form of the EU's gateway, regions with their levels, and rules that
//! give colours.
//!
//! Refuses documents over 512 KiB or 40,000 values, members that stand twice or are not known, more parts than their
//! ceilings, texts without both languages, and rules that fail about usual certificates. Tells every flaw and where it is;
//! never quotes.
//!
//! Source: docs/POLICY.md; EU DGCG's rule schema for what both have.

use super::dgcg::read_rule;
use crate::codec::json;
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::rules::{
    Circumstances, Colour, ColourDraft, Draft, ENGINE_VERSION, Flaw, PolicySet, Rule, Version,
    WHOLE, Words,
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The policy set in `bytes`.
///
/// # Errors
/// `policy_invalid`, `rule_invalid`, `input_too_large`: the first flaw.
pub fn read_policy_set(bytes: &[u8]) -> Result<PolicySet, Failure> {
    check_policy_set(bytes).map_err(|flaws| {
        let first = flaws.into_iter().next();
        first.map_or_else(
            || Code::Internal.because("a policy set is refused without a flaw"),
            |flaw| {
                let reason = format!("{}: {}", flaw.place, flaw.failure.detail());
                flaw.failure.code().because(reason)
            },
        )
    })
}

/// The same, with everything that is wrong.
///
/// # Errors
/// At least one flaw.
pub fn check_policy_set(bytes: &[u8]) -> Result<PolicySet, Vec<Flaw>> {
    let members = members(bytes).map_err(|failure| {
        vec![Flaw {
            place: WHOLE.to_owned(),
            failure,
        }]
    })?;
    let mut reading = Reading { flaws: Vec::new() };
    let draft = reading.draft(&members, bytes);
    match draft {
        Some(draft) if reading.flaws.is_empty() => tried(PolicySet::compile(draft)?),
        Some(draft) => {
            // What is wrong with the rest is told, too.
            let more = PolicySet::compile(draft).err();
            reading.flaws.extend(more.into_iter().flatten());
            Err(reading.flaws)
        }
        None => Err(reading.flaws),
    }
}

/// `set`, if each of its rules answers about the people that there usually are: those who show nothing, those who show a
/// certificate of each kind, whatever they want. A rule that cannot even be told then is a slip.
fn tried(set: PolicySet) -> Result<PolicySet, Vec<Flaw>> {
    let (modes, sectors) = set.parameters();
    let somewhere = Circumstances {
        mode: modes.first().cloned(),
        sector: sectors.first().cloned(),
        wilayah: set.wilayah().codes().next().map(str::to_owned),
    };
    let usual: Value = serde_json::from_str(USUAL).unwrap_or_default();
    let mut silent = BTreeSet::new();
    for shown in [&Value::Object(Map::new()), &usual] {
        for circumstances in [&Circumstances::default(), &somewhere] {
            match set.silent(shown, circumstances, set.valid_from) {
                Ok(rules) => silent.extend(rules.into_iter().map(str::to_owned)),
                Err(failure) => {
                    let place = WHOLE.to_owned();
                    return Err(vec![Flaw { place, failure }]);
                }
            }
        }
    }
    let reason = "Logic is neither true nor false about usual certificates, or about none";
    let flaws = silent.into_iter().map(|rule| Flaw::new(rule, reason));
    let flaws: Vec<_> = flaws.collect();
    if flaws.is_empty() {
        Ok(set)
    } else {
        Err(flaws)
    }
}

fn members(bytes: &[u8]) -> Result<Map<String, Value>, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("a policy set over {MAX_BYTES} bytes")));
    }
    match json::read(bytes, MAX_VALUES) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Code::PolicyInvalid.because("not a JSON object")),
        Err(failure) => Err(Code::PolicyInvalid.because(failure.detail())),
    }
}

/// A document that is being read, and what is wrong with it so far.
struct Reading {
    flaws: Vec<Flaw>,
}

impl Reading {
    fn draft(&mut self, members: &Map<String, Value>, bytes: &[u8]) -> Option<Draft> {
        let part = Part(members);
        self.keep(WHOLE, part.only(&MEMBERS));
        self.keep(WHOLE, part.is("Type", "PolicySet"));
        self.keep(WHOLE, part.is("Engine", "CERTLOGIC"));
        self.keep(WHOLE, engine(&part));
        let identifier = self.keep(WHOLE, part.identifier());
        let country = self.keep(WHOLE, country(&part));
        let version = self.keep(WHOLE, part.version("Version"));
        let valid_from = self.keep(WHOLE, part.instant("ValidFrom"));
        let valid_to = self.keep(WHOLE, part.instant("ValidTo"));
        let description = self.keep(WHOLE, part.words("Description"));
        let modes = self.keep("Modes", part.texts("Modes"));
        let sectors = self.keep("Sectors", part.texts("Sectors"));
        let rules = self.rules(&part);
        let wilayah = self.wilayah(&part);
        let colours = self.colours(&part);
        Some(Draft {
            identifier: identifier?,
            country: country?,
            version: version?,
            valid_from: valid_from?,
            valid_to: valid_to?,
            description: description?,
            modes: modes?,
            sectors: sectors?,
            rules,
            wilayah,
            colours,
            content: bytes.to_vec(),
        })
    }

    fn rules(&mut self, part: &Part<'_>) -> Vec<Rule> {
        let rows = self.keep("Rules", part.rows("Rules", MAX_RULES));
        let mut rules = Vec::new();
        for (position, row) in rows.into_iter().flatten().enumerate() {
            let place = place("Rules", position, row);
            match read_rule(row.to_string().as_bytes()) {
                Ok(rule) => rules.push(rule),
                Err(failure) => self.flaws.push(Flaw { place, failure }),
            }
        }
        rules
    }

    fn wilayah(&mut self, part: &Part<'_>) -> Vec<(String, Vec<(UnixTime, u8)>)> {
        let regions = part.0.get("Wilayah").and_then(Value::as_object);
        let regions = regions.filter(|it| it.len() <= MAX_REGIONS);
        let regions = regions.ok_or_else(|| format!("no object of {MAX_REGIONS} at most"));
        let mut read = Vec::new();
        for (position, (code, rows)) in
            (self.keep("Wilayah", regions).into_iter().flatten()).enumerate()
        {
            let plain = code.bytes().all(|byte| byte.is_ascii_digit());
            let plain = plain && code.len() <= MAX_IDENTIFIER;
            let place = if plain {
                format!("Wilayah {code}")
            } else {
                format!("Wilayah/{}", position + 1)
            };
            if !plain {
                self.keep::<()>(&place, Err("no code of a region".to_owned()));
            } else if let Some(levels) = self.keep(&place, levels(rows)) {
                read.push((code.clone(), levels));
            }
        }
        read
    }

    fn colours(&mut self, part: &Part<'_>) -> Vec<ColourDraft> {
        let rows = self.keep("Colours", part.rows("Colours", MAX_COLOURS));
        let mut colours = Vec::new();
        for (position, row) in rows.into_iter().flatten().enumerate() {
            let place = place("Colours", position, row);
            colours.extend(self.keep(&place, colour(row)));
        }
        colours
    }

    /// What was read, or nothing and a flaw of the part `place`.
    fn keep<T>(&mut self, place: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|reason| self.flaws.push(Flaw::new(place, reason)))
            .ok()
    }
}

/// An object of the document.
struct Part<'v>(&'v Map<String, Value>);

impl<'v> Part<'v> {
    fn of(value: &'v Value) -> Result<Self, String> {
        let members = value.as_object().map(Self);
        members.ok_or_else(|| "not a JSON object".to_owned())
    }

    /// That it has no other members than `names`.
    fn only(&self, names: &[&str]) -> Result<(), String> {
        let strange = self.0.keys().any(|name| !names.contains(&name.as_str()));
        if strange {
            return Err(format!("a member that is none of {}", names.join(", ")));
        }
        Ok(())
    }

    fn text(&self, name: &str) -> Result<&'v str, String> {
        let text = self.0.get(name).and_then(Value::as_str);
        let text = text.filter(|text| text.len() <= MAX_TEXT);
        text.ok_or_else(|| format!("{name} is no text of {MAX_TEXT} bytes at most"))
    }

    fn is(&self, name: &str, expected: &str) -> Result<(), String> {
        if self.text(name)? == expected {
            return Ok(());
        }
        Err(format!("{name} is not {expected}"))
    }

    fn identifier(&self) -> Result<String, String> {
        let text = self.text("Identifier")?;
        let plain = is_plain(text).then(|| text.to_owned());
        plain.ok_or_else(|| "Identifier is none".to_owned())
    }

    fn version(&self, name: &str) -> Result<Version, String> {
        Version::parse(self.text(name)?).ok_or_else(|| format!("{name} is no version"))
    }

    /// Date, time and zone, without fractions.
    fn instant(&self, name: &str) -> Result<UnixTime, String> {
        let text = self.text(name)?;
        let whole = !text.contains('.') && text.contains('T');
        let instant = UnixTime::parse(text).filter(|_| whole);
        instant.ok_or_else(|| format!("{name} is no instant"))
    }

    fn rows(&self, name: &str, ceiling: usize) -> Result<&'v [Value], String> {
        let rows = self.0.get(name).and_then(Value::as_array);
        let rows = rows.filter(|rows| rows.len() <= ceiling);
        rows.map(Vec::as_slice)
            .ok_or_else(|| format!("{name} is no array of {ceiling} at most"))
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let rows = self.rows(name, MAX_NAMES)?.iter();
        let rows: Option<_> = rows.map(|row| row.as_str().map(str::to_owned)).collect();
        rows.ok_or_else(|| format!("{name} is no array of texts"))
    }

    /// A text in Indonesian and one in English, and nothing else.
    fn words(&self, name: &str) -> Result<Words, String> {
        let (mut id, mut en) = (None, None);
        for row in self.rows(name, LANGUAGES)? {
            let row = Self::of(row)?;
            row.only(&["lang", "desc"])?;
            let text = row.text("desc")?;
            if text.trim().is_empty() || text.contains(is_active) {
                return Err(format!(
                    "{name}: a text is empty, or not of plain characters"
                ));
            }
            match row.text("lang")? {
                "id" => id = Some(text.to_owned()),
                "en" => en = Some(text.to_owned()),
                _ => return Err(format!("{name}: a language that is not id or en")),
            }
        }
        match (id, en) {
            (Some(id), Some(en)) => Ok(Words { id, en }),
            (Some(_), None) | (None, _) => Err(format!("{name} is not in id and en")),
        }
    }
}

fn country(part: &Part<'_>) -> Result<Country, String> {
    let text = part.text("Country")?;
    let country = Country::parse(text).filter(|country| country.as_str() == text);
    country.ok_or_else(|| "Country is no alpha-2 code".to_owned())
}

fn engine(part: &Part<'_>) -> Result<(), String> {
    if part.version("EngineVersion")? <= ENGINE_VERSION {
        return Ok(());
    }
    Err(format!("EngineVersion is above {ENGINE_VERSION}"))
}

fn levels(rows: &Value) -> Result<Vec<(UnixTime, u8)>, String> {
    let rows = rows.as_array().filter(|rows| rows.len() <= MAX_LEVELS);
    let rows = rows.ok_or_else(|| format!("no array of {MAX_LEVELS} at most"))?;
    let level = |row: &Value| {
        let row = Part::of(row)?;
        row.only(&["ValidFrom", "Level"])?;
        let level = row.0.get("Level").and_then(Value::as_u64);
        let level = level.and_then(|level| u8::try_from(level).ok());
        let level = level.ok_or_else(|| "Level is no small number".to_owned())?;
        Ok((row.instant("ValidFrom")?, level))
    };
    rows.iter().map(level).collect()
}

fn colour(row: &Value) -> Result<ColourDraft, String> {
    let row = Part::of(row)?;
    row.only(&["Identifier", "Colour", "Reason", "Remedy", "Logic"])?;
    let colour = Colour::parse(row.text("Colour")?);
    Ok(ColourDraft {
        identifier: row.identifier()?,
        colour: colour.ok_or_else(|| "Colour is not green, yellow, red or black".to_owned())?,
        reason: row.words("Reason")?,
        remedy: row.words("Remedy")?,
        logic: row.0.get("Logic").cloned(),
    })
}

/// What the row of a part is called: by its identifier where it has one, else by its place, counted from 1.
fn place(part: &str, position: usize, row: &Value) -> String {
    let identifier = row.get("Identifier").and_then(Value::as_str);
    let identifier = identifier.filter(|text| is_plain(text));
    identifier.map_or_else(|| format!("{part}/{}", position + 1), str::to_owned)
}

/// Whether `text` has the letters of an identifier.
fn is_plain(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_IDENTIFIER).contains(&text.len()) && text.bytes().all(letter)
}

/// Whether a screen would obey `letter` rather than show it.
fn is_active(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

const MEMBERS: [&str; 14] = [
    "Identifier",
    "Type",
    "Country",
    "Version",
    "Engine",
    "EngineVersion",
    "ValidFrom",
    "ValidTo",
    "Description",
    "Modes",
    "Sectors",
    "Rules",
    "Wilayah",
    "Colours",
];
/// What somebody with a certificate of each kind shows, as rules read it.
const USUAL: &str = r#"{
    "dob": "1990-04-17",
    "v": [{ "tg": "840539006", "vp": "J07BX03", "mp": "CoronaVac", "ma": "Sinovac-Biotech", "dn": 1, "sd": 2,
            "dt": "2021-08-17", "co": "ID", "is": "Ministry of Health", "ci": "URN:UVCI:01:ID:A#A" }],
    "t": [{ "tg": "840539006", "tt": "LP6464-4", "nm": "PCR", "sc": "2021-10-01T08:00:00Z", "tr": "260415000",
            "tc": "Labkesda", "co": "ID", "is": "Ministry of Health", "ci": "URN:UVCI:01:ID:B#B" }],
    "r": [{ "tg": "840539006", "fr": "2021-06-01", "df": "2021-06-12", "du": "2021-11-28",
            "co": "ID", "is": "Ministry of Health", "ci": "URN:UVCI:01:ID:C#C" }]
}"#;
const LANGUAGES: usize = 2;
const MAX_BYTES: usize = 512 * 1024;
const MAX_VALUES: usize = 40_000;
const MAX_TEXT: usize = 2_000;
const MAX_IDENTIFIER: usize = 20;
const MAX_NAMES: usize = 100;
const MAX_RULES: usize = 200;
const MAX_COLOURS: usize = 100;
/// There are 38 provinces and 514 regencies.
const MAX_REGIONS: usize = 10_000;
const MAX_LEVELS: usize = 100;
