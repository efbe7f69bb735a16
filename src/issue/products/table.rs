//! Reads the table of products from its two files, TOML 1.0.
//!
//! Refuses unknown members, ids and codes that are not plain, a code that two rows claim, the EU's deprecated `J07BX03`, an EU
//! product without its holder and prophylaxis, series without doses, and rapid tests without a device.

use super::{AMPLIFICATION, EuVaccine, IMMUNOASSAY, Products, TestKind, Vaccine};
use crate::failure::{Code, Failure};
use crate::model::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

impl Products {
    /// The table in the two files.
    ///
    /// # Errors
    /// `configuration_invalid`, naming row and member.
    pub fn parse(vaccines: &str, tests: &str) -> Result<Self, Failure> {
        let vaccines: VaccineFile = file("vaccines", vaccines)?;
        let tests: TestFile = file("tests", tests)?;
        let mut products = Self {
            version: version("vaccines", &vaccines.version)?
                .max(version("tests", &tests.version)?)
                .to_string(),
            ..Self::default()
        };
        let mut claimed = Claimed::default();
        for (id, row) in vaccines.vaccines {
            let vaccine = vaccine(&id, row, &mut claimed).map_err(|why| at("vaccine", &id, why))?;
            products.vaccines.insert(id, vaccine);
        }
        for (id, row) in tests.tests {
            let test = test(&id, row, &mut claimed).map_err(|why| at("test", &id, why))?;
            products.tests.insert(id, test);
        }
        if products.vaccines.is_empty() && products.tests.is_empty() {
            return Err(Code::ConfigurationInvalid.because("the table of products is empty"));
        }
        Ok(products)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VaccineFile {
    version: String,
    #[serde(default)]
    vaccines: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestFile {
    version: String,
    #[serde(default)]
    tests: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VaccineRow {
    name: String,
    manufacturer: String,
    eu: Option<EuRow>,
    icd11_class: String,
    icd11_brand: Option<String>,
    snomed: Option<String>,
    snomed_brand: Option<String>,
    #[serde(default)]
    cvx: Vec<String>,
    #[serde(default)]
    kfa: Vec<String>,
    primary_doses: u32,
    boosters: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EuRow {
    prophylaxis: String,
    product: String,
    holder: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestRow {
    name: String,
    loinc: String,
    device: Option<String>,
    #[serde(default)]
    observations: Vec<String>,
}

fn vaccine(id: &str, row: toml::Value, claimed: &mut Claimed) -> Result<Vaccine, String> {
    let row: VaccineRow = typed(row)?;
    plain_id(id)?;
    words("name", &row.name)?;
    words("manufacturer", &row.manufacturer)?;
    code("icd11_class", &row.icd11_class)?;
    let eu = row.eu.map(|eu| eu_codes(id, eu, claimed)).transpose()?;
    if let Some(snomed) = &row.snomed {
        code("snomed", snomed)?;
    }
    for (member, codes) in [
        ("icd11_brand", row.icd11_brand.as_slice()),
        ("snomed_brand", row.snomed_brand.as_slice()),
        ("cvx", &row.cvx),
        ("kfa", &row.kfa),
    ] {
        for text in codes {
            code(member, text)?;
            claimed.claim(member, text, id)?;
        }
    }
    if !(1..=MAX_DOSES).contains(&row.primary_doses) {
        return Err(format!("member `primary_doses` is not 1 to {MAX_DOSES}"));
    }
    if row.boosters > MAX_DOSES {
        return Err(format!("member `boosters` is over {MAX_DOSES}"));
    }
    Ok(Vaccine {
        name: row.name,
        eu,
        icd11_class: row.icd11_class,
        icd11_brand: row.icd11_brand,
        snomed: row.snomed,
        snomed_brand: row.snomed_brand,
        cvx: row.cvx,
        kfa: row.kfa,
        manufacturer: row.manufacturer,
        primary_doses: row.primary_doses,
        boosters: row.boosters,
    })
}

fn eu_codes(id: &str, eu: EuRow, claimed: &mut Claimed) -> Result<EuVaccine, String> {
    code("eu.prophylaxis", &eu.prophylaxis)?;
    code("eu.product", &eu.product)?;
    code("eu.holder", &eu.holder)?;
    if eu.prophylaxis == DEPRECATED {
        return Err(format!(
            "member `eu.prophylaxis` is the deprecated {DEPRECATED}"
        ));
    }
    claimed.claim("eu", &format!("{} of {}", eu.product, eu.holder), id)?;
    Ok(EuVaccine {
        prophylaxis: eu.prophylaxis,
        product: eu.product,
        holder: eu.holder,
    })
}

fn test(id: &str, row: toml::Value, claimed: &mut Claimed) -> Result<TestKind, String> {
    let row: TestRow = typed(row)?;
    plain_id(id)?;
    words("name", &row.name)?;
    match (row.loinc.as_str(), &row.device) {
        (AMPLIFICATION, None) => {}
        (AMPLIFICATION, Some(_)) => {
            return Err("member `device` is for rapid tests alone".to_owned());
        }
        (IMMUNOASSAY, Some(device)) => {
            code("device", device)?;
            claimed.claim("device", device, id)?;
        }
        (IMMUNOASSAY, None) => return Err("member `device` is missing".to_owned()),
        _ => {
            return Err(format!(
                "member `loinc` is neither {AMPLIFICATION} nor {IMMUNOASSAY}"
            ));
        }
    }
    for observation in &row.observations {
        code("observations", observation)?;
        let device = row.device.as_deref().unwrap_or("no device");
        claimed.claim("observations", &format!("{observation} with {device}"), id)?;
        // An observation is of one type, so that a missing device cannot turn one into the other.
        claimed.share(observation, &row.loinc)?;
    }
    Ok(TestKind {
        name: row.name,
        loinc: row.loinc,
        device: row.device,
        observations: row.observations,
    })
}

/// Which row claims which code.
#[derive(Default)]
struct Claimed {
    codes: BTreeMap<(&'static str, String), String>,
    types: BTreeMap<String, String>,
}

impl Claimed {
    fn claim(&mut self, member: &'static str, code: &str, id: &str) -> Result<(), String> {
        match self.codes.insert((member, code.to_owned()), id.to_owned()) {
            None => Ok(()),
            Some(earlier) => Err(format!(
                "member `{member}` claims {code}, which {earlier} claims"
            )),
        }
    }

    fn share(&mut self, observation: &str, loinc: &str) -> Result<(), String> {
        match self.types.insert(observation.to_owned(), loinc.to_owned()) {
            Some(earlier) if earlier != loinc => Err(format!(
                "member `observations` claims {observation} for two types of test"
            )),
            _ => Ok(()),
        }
    }
}

fn file<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Failure> {
    if text.len() > MAX_FILE {
        let reason = format!("the table of {name} is over {MAX_FILE} bytes");
        return Err(Code::ConfigurationInvalid.because(reason));
    }
    toml::from_str(text).map_err(|error| {
        let reason = format!("the table of {name}: {}", error.message());
        Code::ConfigurationInvalid.because(reason)
    })
}

fn typed<T: DeserializeOwned>(row: toml::Value) -> Result<T, String> {
    row.try_into()
        .map_err(|error: toml::de::Error| error.message().to_owned())
}

fn at(kind: &str, id: &str, why: String) -> Failure {
    let id = crate::failure::printable(id);
    Code::ConfigurationInvalid.because(format!("{kind} {id}: {why}"))
}

fn version(name: &str, text: &str) -> Result<Date, Failure> {
    Date::parse(text).ok_or_else(|| {
        let reason = format!("the table of {name}: member `version` is not YYYY-MM-DD");
        Code::ConfigurationInvalid.because(reason)
    })
}

fn plain_id(id: &str) -> Result<(), String> {
    let plain = id
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain && (1..=MAX_ID).contains(&id.len()) {
        return Ok(());
    }
    Err(format!("the id is not 1 to {MAX_ID} of `a-z 0-9 _`"))
}

fn code(member: &str, text: &str) -> Result<(), String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && (1..=MAX_CODE).contains(&text.len()) {
        return Ok(());
    }
    Err(format!(
        "member `{member}` is not 1 to {MAX_CODE} printable characters"
    ))
}

fn words(member: &str, text: &str) -> Result<(), String> {
    let length = text.chars().count();
    let plain = text.trim() == text && !text.chars().any(char::is_control);
    if plain && (1..=MAX_WORDS).contains(&length) {
        return Ok(());
    }
    Err(format!(
        "member `{member}` is not a line of 1 to {MAX_WORDS} characters"
    ))
}

const DEPRECATED: &str = "J07BX03";
const MAX_FILE: usize = 1 << 20;
const MAX_DOSES: u32 = 9;
const MAX_ID: usize = 40;
const MAX_CODE: usize = 40;
const MAX_WORDS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    const VACCINES: &str = include_str!("../../../products/vaccines.toml");
    const TESTS: &str = include_str!("../../../products/tests.toml");

    #[test]
    fn the_embedded_table_holds_what_is_given_in_indonesia() {
        let products = Products::embedded().unwrap();
        assert_eq!(products.version, "2026-11-30");
        assert_eq!(products.vaccines.len(), 13);
        let without: Vec<&str> = products
            .vaccines
            .iter()
            .filter(|(_, vaccine)| vaccine.eu.is_none())
            .map(|(id, _)| id.as_str())
            .collect();
        assert_eq!(without, ["awcorna", "inavac", "indovac", "zifivax"]);
    }

    #[test]
    fn an_inconsistent_table_is_refused_by_row_and_member() {
        for (from, to, told) in [
            (
                r#"cvx = ["510"]"#,
                r#"cvx = ["511"]"#,
                "vaccine sinopharm: member `cvx`",
            ),
            (
                r#"kfa = []"#,
                r#"kfa = ["93000001"]"#,
                "member `kfa` claims 93000001",
            ),
            (
                "prophylaxis = \"1157024006\", product = \"Cor",
                "prophylaxis = \"J07BX03\", product = \"Cor",
                "vaccine coronavac: member `eu.prophylaxis`",
            ),
            (
                r#", holder = "Sinovac-Biotech""#,
                "",
                "vaccine coronavac: missing field `holder`",
            ),
            (
                r#"holder = "Sinovac-Biotech""#,
                r#"holder = """#,
                "vaccine coronavac: member `eu.holder`",
            ),
            (
                r#"product = "BBIBP-CorV", holder = "ORG-100020693""#,
                r#"product = "CoronaVac", holder = "Sinovac-Biotech""#,
                "vaccine sinopharm: member `eu`",
            ),
            (
                "primary_doses = 3",
                "primary_doses = 0",
                "vaccine zifivax: member `primary_doses`",
            ),
            (
                "primary_doses = 3",
                "primary_doses = -1",
                "vaccine zifivax: ",
            ),
            (
                "primary_doses = 3",
                "doses = 3",
                "vaccine zifivax: unknown field `doses`",
            ),
            (
                "[vaccines.zifivax]",
                "[vaccines.\"Zifi vax\"]",
                "vaccine Zifivax: the id",
            ),
            (
                "[vaccines.zifivax]",
                "[vaccines.indovac]",
                "the table of vaccines: ",
            ),
            (
                "name = \"IndoVac\"",
                "name = \"\"",
                "vaccine indovac: member `name`",
            ),
            (
                "version = \"2026-11-30\"",
                "version = \"today\"",
                "member `version`",
            ),
            (
                "version = \"2026-11-30\"",
                "versions = 1",
                "the table of vaccines: ",
            ),
        ] {
            assert!(VACCINES.contains(from), "{from}");
            let failure = Products::parse(&VACCINES.replace(from, to), TESTS).unwrap_err();
            assert_eq!(failure.code(), Code::ConfigurationInvalid);
            assert!(failure.detail().contains(told), "{told}: {failure}");
        }
        for (from, to, told) in [
            (
                "device = \"345\"",
                "",
                "test antigen_standard_q: member `device` is missing",
            ),
            (
                "device = \"345\"",
                "device = \"1232\"",
                "member `device` claims 1232",
            ),
            (
                "loinc = \"LP6464-4\"",
                "loinc = \"LP0\"",
                "test pcr: member `loinc`",
            ),
            (
                "observations = []",
                "observations = [\"94500-6\"]",
                "member `observations` claims 94500-6",
            ),
            (
                "observations = []",
                "observations = [\"94558-4\"]",
                "for two types of test",
            ),
            (
                "observations = []",
                "device = \"1\"",
                "test tcm: member `device` is for rapid",
            ),
        ] {
            assert!(TESTS.contains(from), "{from}");
            let failure = Products::parse(VACCINES, &TESTS.replace(from, to)).unwrap_err();
            assert_eq!(failure.code(), Code::ConfigurationInvalid);
            assert!(failure.detail().contains(told), "{told}: {failure}");
        }
        let empty = "version = \"2026-11-30\"";
        assert!(Products::parse(empty, empty).is_err());
    }
}
