//! `lintas conformance DIR`: grades this program against published cases.
//!
//! Refuses to agree by accident: the verdict and the rejecting step must both be the published ones, and a folder
//! without cases fails. Works on any folder of the layout described in `docs/CONFORMANCE.md`.
//!
//! Source: the manifests beside the data (`dcc-manifest.json`, `dcc-qa-manifest.json`, `schema/`, `certlogic-manifest.json`,
//! `trustlists-manifest.json`, `manifest.json`).

mod certificates;
mod certlogic;
mod oddities;
mod revocation;
mod schema;
mod trust_lists;
mod vectors;

use crate::failure::{Code, Failure};
use crate::server::files;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

/// What one suite of cases came to.
#[derive(Debug)]
pub(super) struct Suite {
    name: &'static str,
    agreed: usize,
    skipped: usize,
    deviations: usize,
    disagreements: Vec<Disagreement>,
}

/// A case on which we and the publisher part.
#[derive(Debug)]
struct Disagreement {
    path: String,
    expected: String,
    ours: String,
}

impl Suite {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            agreed: 0,
            skipped: 0,
            deviations: 0,
            disagreements: Vec::new(),
        }
    }

    fn record(&mut self, path: &str, expected: String, ours: String, agrees: bool) {
        if agrees {
            self.agreed += 1;
        } else {
            self.disagreements.push(Disagreement {
                path: path.to_owned(),
                expected,
                ours,
            });
        }
    }

    fn cases(&self) -> usize {
        self.agreed + self.deviations + self.disagreements.len() + self.skipped
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "cases": self.cases(),
            "agreed": self.agreed,
            "disagreed": self.disagreements.len(),
            "skipped": self.skipped,
            "deviations": self.deviations,
        })
    }
}

/// The result of a whole run.
#[derive(Debug)]
pub(super) struct Grades(Vec<Suite>);

impl Grades {
    /// `{"suites": [{"name", "cases", "agreed", "disagreed", "skipped", "deviations"}]}`.
    pub(super) fn to_json(&self) -> Value {
        json!({ "suites": self.0.iter().map(Suite::to_json).collect::<Vec<_>>() })
    }

    /// A line a suite, for people.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|suite| {
            format!(
                "{:<16} {:>5} cases  {:>5} agreed  {:>3} disagreed  {:>3} skipped  {:>3} deviations",
                suite.name,
                suite.cases(),
                suite.agreed,
                suite.disagreements.len(),
                suite.skipped,
                suite.deviations,
            )
        })
    }

    /// A line a disagreement.
    pub(super) fn disagreements(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().flat_map(|suite| {
            suite.disagreements.iter().map(move |it| {
                format!(
                    "{} {}: expected {}, ours {}",
                    suite.name, it.path, it.expected, it.ours
                )
            })
        })
    }

    /// Whether every suite that is there had a case to grade, and there was one.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|suite| suite.cases() > suite.skipped)
    }

    /// Whether there were cases and all that were graded agree.
    pub(super) fn passed(&self) -> bool {
        self.any() && self.0.iter().all(|suite| suite.disagreements.is_empty())
    }
}

/// Grades every known suite in the folder `dir`; rows of `deviations`, a TOML file, are disagreements that stand.
///
/// # Errors
/// `input_output` where a file that is there cannot be read, `request_invalid` where one is not of the known layout.
pub(super) fn run(dir: &Path, deviations: Option<&Path>) -> Result<Grades, Failure> {
    let mut suites = Vec::new();
    if let Some(manifest) = manifest(dir, "dcc-manifest.json")? {
        suites.push(certificates::grade_dcc(dir, &manifest)?);
    }
    if let Some(manifest) = manifest(dir, "dcc-qa-manifest.json")? {
        let (verdicts, expiries) = certificates::grade_qa(dir, &manifest)?;
        suites.push(verdicts);
        suites.push(expiries);
        if dir.join("revocation").is_dir() {
            suites.push(revocation::grade(dir, &manifest)?);
        }
    }
    if dir.join("schema").is_dir() {
        suites.push(schema::grade(&dir.join("schema"))?);
    }
    if let Some(manifest) = manifest(dir, "certlogic-manifest.json")? {
        suites.extend(certlogic::grade(dir, &manifest)?);
    }
    if let Some(manifest) = manifest(dir, "trustlists-manifest.json")? {
        suites.push(trust_lists::grade(dir, &manifest)?);
    }
    if let Some(manifest) = manifest(dir, "manifest.json")? {
        for name in VECTORS {
            let suite = vectors::grade(dir, &manifest, name)?;
            if suite.cases() > 0 {
                suites.push(suite);
            }
        }
    }
    if let Some(path) = deviations {
        let text = String::from_utf8(files::read(path)?).map_err(|error| {
            Code::RequestInvalid.caused_by("the deviations are not UTF-8", error)
        })?;
        let rows: Deviations = toml::from_str(&text)
            .map_err(|error| Code::RequestInvalid.caused_by("not a table of deviations", error))?;
        excuse(&mut suites, &rows.deviation);
    }
    Ok(Grades(suites))
}

/// The suites of `manifest.json` that are graded.
const VECTORS: [&str; 2] = ["who-list", "dgcg"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviations {
    #[serde(default)]
    deviation: Vec<Deviation>,
}

/// A disagreement that stands, with its reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviation {
    path: String,
    expected: String,
    ours: String,
    because: String,
}

/// Moves every disagreement that has its row to the deviations; a row without its disagreement is one itself.
fn excuse(suites: &mut Vec<Suite>, rows: &[Deviation]) {
    let mut idle = Suite::new("deviations");
    for row in rows {
        let found = suites.iter_mut().find_map(|suite| {
            let position = suite.disagreements.iter().position(|it| {
                it.path == row.path && it.expected == row.expected && it.ours == row.ours
            })?;
            Some((suite, position))
        });
        match found {
            Some((suite, position)) if !row.because.trim().is_empty() => {
                suite.disagreements.remove(position);
                suite.deviations += 1;
            }
            Some(_) => idle.record(&row.path, "a reason".into(), "none".into(), false),
            None => idle.record(
                &row.path,
                "a deviation".into(),
                "no longer deviates".into(),
                false,
            ),
        }
    }
    if !idle.disagreements.is_empty() {
        suites.push(idle);
    }
}

fn manifest(dir: &Path, name: &str) -> Result<Option<Value>, Failure> {
    let path = dir.join(name);
    if !path.exists() {
        return Ok(None);
    }
    json_file(&path).map(Some)
}

fn json_file(path: &Path) -> Result<Value, Failure> {
    serde_json::from_slice(&files::read(path)?).map_err(|error| {
        Code::RequestInvalid.caused_by(format!("{} is not JSON", path.display()), error)
    })
}

/// The cases of a manifest.
fn cases(manifest: &Value) -> Result<&[Value], Failure> {
    let cases = manifest.get("cases").and_then(Value::as_array);
    cases
        .map(Vec::as_slice)
        .ok_or_else(|| Code::RequestInvalid.because("a manifest without cases"))
}

fn text<'v>(case: &'v Value, member: &str) -> Option<&'v str> {
    case.get(member).and_then(Value::as_str)
}
