//! The EU's published schema 1.3.3 and value sets 2.12.0, as a stranger would apply them.

use crate::support::conformance_dir;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

pub(crate) struct EuSchema {
    schema: jsonschema::Validator,
    sets: PathBuf,
}

impl EuSchema {
    /// `None` where the published files are not here.
    pub(crate) fn load() -> Option<Self> {
        let dir = conformance_dir()?;
        let schema = read(&dir.join("schema/1.3.3/DCC.combined-schema.json"));
        let schema = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        Some(Self {
            schema,
            sets: dir.join("valuesets/2.12.0"),
        })
    }

    /// Everything that speaks against `certificate`.
    pub(crate) fn faults(&self, certificate: &Value) -> Vec<String> {
        let mut faults: Vec<_> = self
            .schema
            .iter_errors(certificate)
            .map(|fault| fault.to_string())
            .collect();
        let fields = [
            ("/v/0/tg", "disease-agent-targeted"),
            ("/v/0/vp", "vaccine-prophylaxis"),
            ("/v/0/mp", "vaccine-medicinal-product"),
            ("/v/0/ma", "vaccine-mah-manf"),
            ("/v/0/co", "country-2-codes"),
            ("/t/0/tg", "disease-agent-targeted"),
            ("/t/0/tt", "test-type"),
            ("/t/0/tr", "test-result"),
            ("/t/0/ma", "test-manf-example"),
            ("/t/0/co", "country-2-codes"),
            ("/r/0/tg", "disease-agent-targeted"),
            ("/r/0/co", "country-2-codes"),
        ];
        for (pointer, set) in fields {
            let Some(code) = certificate.pointer(pointer) else {
                continue;
            };
            let set = self.set(set);
            let value = &set["valueSetValues"][code.as_str().unwrap()];
            if value["active"] != true {
                faults.push(format!("{pointer} is in no value set"));
            }
        }
        if let Some(dose) = certificate.pointer("/v/0") {
            let encodings = self.set("vaccine-encoding-instructions");
            let encodings = encodings["valueSetValues"].as_object().unwrap();
            let fits = encodings.values().any(|row| {
                row["vaccine-code"] == dose["mp"]
                    && row["vaccine-manufacturer"] == dose["ma"]
                    && row["sct-codes"].as_array().unwrap().contains(&dose["vp"])
            });
            if !fits {
                faults.push("vp, mp and ma are no row of the encoding instructions".to_owned());
            }
        }
        faults
    }

    fn set(&self, name: &str) -> Value {
        read(&self.sets.join(format!("{name}.json")))
    }
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_schema_notices_what_is_wrong() {
    let Some(schema) = EuSchema::load() else {
        return;
    };
    let good = serde_json::json!({
        "ver": "1.3.0", "nam": { "fnt": "SUHARTO" }, "dob": "1964",
        "v": [{ "tg": "840539006", "vp": "1157024006", "mp": "CoronaVac", "ma": "Sinovac-Biotech", "dn": 2, "sd": 2,
                "dt": "2026-05-20", "co": "ID", "is": "Kementerian", "ci": "URN:UVCI:01:ID:A#B" }],
    });
    assert_eq!(schema.faults(&good), Vec::<String>::new());
    for (pointer, wrong) in [
        ("/v/0/ma", serde_json::json!("Sinovac- Biontech")),
        ("/v/0/vp", serde_json::json!("J07BX03")),
        ("/v/0/dn", serde_json::json!(0)),
        ("/v/0/dt", serde_json::json!("2026-05")),
        ("/nam/fnt", serde_json::json!("Suharto")),
        ("/dob", serde_json::json!("1864")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        assert!(!schema.faults(&bad).is_empty(), "{pointer}");
    }
}
