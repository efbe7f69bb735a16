//! What came of a file of events: claims, rows to mend, and counts.
//!
//! Refuses to write over a file, and to let anybody but its owner read claims and persons.

use crate::failure::{Code, Failure};
use crate::issue::event::rejects::Rejects;
use crate::issue::event::rows::RawRow;
use crate::model::UnixTime;
use crate::server::document::{self, MAX_SLIPS, Slip};
use crate::server::files::PRIVATE;
use indicatif::HumanCount;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What came of a file so far.
pub(super) struct Outcome<'f> {
    rejects: Option<(&'f Rejects, Target)>,
    claims: Option<Target>,
    slips: Option<(Target, Vec<HeldSlip>)>,
    import: String,
    rows: u64,
    counts: BTreeMap<String, u64>,
    problems: BTreeMap<String, u64>,
    warnings: BTreeMap<String, u64>,
    without_claim: u64,
}

struct Target {
    path: PathBuf,
    file: File,
}

struct HeldSlip {
    claim: Zeroizing<String>,
    facility: String,
    made_at: UnixTime,
    until: UnixTime,
}

impl<'f> Outcome<'f> {
    /// With files that are made now, so that nothing is handed in where one cannot be.
    ///
    /// # Errors
    /// `input_output`, also where one is there already.
    pub(super) fn open(
        forms: &'f Rejects,
        rejects: Option<&Path>,
        claims: Option<&Path>,
        slips: Option<&Path>,
    ) -> Result<Self, Failure> {
        let mut outcome = Self {
            rejects: None,
            claims: claims.map(Target::make).transpose()?,
            slips: slips
                .map(Target::make)
                .transpose()?
                .map(|it| (it, Vec::new())),
            import: String::new(),
            rows: 0,
            counts: BTreeMap::new(),
            problems: BTreeMap::new(),
            warnings: BTreeMap::new(),
            without_claim: 0,
        };
        if let Some(claims) = &mut outcome.claims {
            claims.write(b"row,source_id,claim,until,warnings\n")?;
        }
        if let Some(path) = rejects {
            let mut target = Target::make(path)?;
            target.write(&forms.head().unwrap_or_default())?;
            outcome.rejects = Some((forms, target));
        }
        Ok(outcome)
    }

    /// Takes in what the gateway answered to `rows`.
    ///
    /// # Errors
    /// `input_output`, `upstream_invalid`.
    pub(super) fn take(&mut self, rows: &[RawRow<'_>], answer: &Value) -> Result<(), Failure> {
        let odd = || Code::UpstreamInvalid.because("the gateway's answer is not of its form");
        let answers = answer.get("rows").and_then(Value::as_array);
        let answers = answers.filter(|it| it.len() == rows.len());
        text(answer, "import").clone_into(&mut self.import);
        let until = text(answer, "until");
        for (row, answer) in rows.iter().zip(answers.ok_or_else(odd)?) {
            let status = text(answer, "status");
            *self.counts.entry(status.to_owned()).or_default() += 1;
            for warning in names(answer) {
                *self.warnings.entry(warning).or_default() += 1;
            }
            match status {
                "taken" | "known" => match answer.get("claim").and_then(Value::as_str) {
                    Some(claim) => self.claim(row, claim, until, &names(answer))?,
                    None => self.without_claim += 1,
                },
                "refused" => {
                    let failure = self.problem(answer);
                    if let Some((forms, target)) = &mut self.rejects {
                        target.write(&forms.line(row, &failure))?;
                    }
                }
                _ => {}
            }
            self.rows += 1;
        }
        Ok(())
    }

    fn problem(&mut self, row: &Value) -> Failure {
        let problem = row.get("problem").unwrap_or(&Value::Null);
        let code = Code::named(text(problem, "code")).unwrap_or(Code::UpstreamInvalid);
        let member = problem.get("member").and_then(Value::as_str);
        let name = match member {
            Some(member) => format!("{code} {member}"),
            None => code.to_string(),
        };
        *self.problems.entry(name).or_default() += 1;
        let failure = code.because(text(problem, "detail"));
        match member {
            Some(member) => failure.about(member),
            None => failure,
        }
    }

    fn claim(
        &mut self,
        row: &RawRow<'_>,
        claim: &str,
        until: &str,
        warnings: &[String],
    ) -> Result<(), Failure> {
        let event = row.event.as_ref().ok();
        let id = event.map_or("", |event| event.source_id.as_str());
        let facility = event.map_or("", |event| event.facility.as_str());
        let number = row.number;
        if let Some(target) = &mut self.claims {
            let mut writer = csv::Writer::from_writer(Vec::new());
            let number = number.to_string();
            let warnings = warnings.join(" ");
            let row = [number.as_str(), id, claim, until, warnings.as_str()];
            let written = writer.write_record(row).ok();
            let written = written.and_then(|()| writer.into_inner().ok());
            let written =
                written.ok_or_else(|| Code::Internal.because("a claim was not written"))?;
            target.write(&written)?;
        }
        if let Some((_, slips)) = &mut self.slips {
            let until = UnixTime::parse(until).unwrap_or(UnixTime::END);
            slips.push(HeldSlip {
                claim: Zeroizing::new(claim.to_owned()),
                // So that slips and people find each other.
                facility: format!("{facility} · {number}"),
                made_at: crate::server::gateway::Clock::System.now(),
                until,
            });
        }
        Ok(())
    }

    /// Writes slips.
    ///
    /// # Errors
    /// `input_output`, `internal`.
    pub(super) fn finish(&mut self, address: &str) -> Result<(), Failure> {
        if let Some((target, slips)) = &mut self.slips {
            for (number, part) in slips.chunks(MAX_SLIPS).enumerate() {
                let part: Vec<_> = part
                    .iter()
                    .map(|it| Slip {
                        claim: &it.claim,
                        facility: &it.facility,
                        made_at: it.made_at,
                        until: it.until,
                    })
                    .collect();
                let pdf = document::slips(&part, address)?;
                if number == 0 {
                    target.write(&pdf)?;
                } else {
                    Target::make(&numbered(&target.path, number + 1))?.write(&pdf)?;
                }
            }
        }
        Ok(())
    }

    /// How many rows were answered.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// How many of them were refused.
    pub(super) fn refused(&self) -> u64 {
        self.counts.get("refused").copied().unwrap_or_default()
    }

    /// The import as the gateway calls it.
    pub(super) fn import(&self) -> &str {
        &self.import
    }

    /// What came of it, line by line.
    pub(super) fn summary(&self) -> Vec<String> {
        let mut lines = vec![format!("{} rows", HumanCount(self.rows))];
        let mut add = |counts: &BTreeMap<String, u64>, indent: &str| {
            for (name, count) in counts {
                lines.push(format!("{indent}{name}: {}", HumanCount(*count)));
            }
        };
        add(&self.counts, "");
        add(&self.problems, "  ");
        add(&self.warnings, "  with warning ");
        if self.without_claim > 0 {
            lines.push(format!(
                "{} were known, and their claims were given out before; `renew` makes new ones",
                HumanCount(self.without_claim)
            ));
        }
        lines
    }
}

impl Target {
    /// A new file for its owner alone.
    fn make(path: &Path) -> Result<Self, Failure> {
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(PRIVATE)
            .open(path);
        let file = made.map_err(|error| {
            let reason = format!("{} cannot be made", path.display());
            Code::InputOutput.caused_by(reason, error)
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Writes `bytes`.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| {
            let reason = format!("{} cannot be written", self.path.display());
            Code::InputOutput.caused_by(reason, error)
        })
    }
}

/// `slips.pdf` as `slips-2.pdf`.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.{ending}"))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn names(row: &Value) -> Vec<String> {
    let names = row.get("warnings").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}
