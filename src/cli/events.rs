//! `events`: what happened in facilities, handed in so that certificates are made of it.
//!
//! Refuses to print a claim: claims go into a file for their owner alone, or onto slips. Rows that are refused come back in
//! their own form, ready to be mended and handed in again.

use super::door::{Door, Operator};
use super::handed_in::Outcome;
use super::operate::block_on;
use super::tally::progress;
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::issue::event::rejects::Rejects;
use crate::issue::event::rows::{self, Form, RawRow, Rows};
use crate::issue::products::Products;
use clap::{Args, Subcommand};
use indicatif::{HumanCount, ProgressBar};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// What `events` can do.
#[derive(Subcommand)]
pub(super) enum Events {
    /// Hand in a file of events: CSV, lines of JSON, one JSON event, or a FHIR bundle. Exit code 1 where a row is refused.
    Import(Box<Import>),
    /// A token, by which programs hand in events at the public listener, for at most an hour.
    Token {
        /// What it is good for: issue, correct, revoke.
        #[arg(long, value_delimiter = ',', default_value = "issue")]
        roles: Vec<String>,
        /// For how many minutes, 1 to 60.
        #[arg(long, default_value_t = 60)]
        minutes: u32,
        #[command(flatten)]
        operator: Operator,
    },
}

/// Arguments of `events import`.
#[derive(Args)]
#[group(id = "into", required = true, multiple = true, args = ["claims", "slips"])]
pub(super) struct Import {
    /// The file.
    file: PathBuf,
    /// Where rows go that were refused, in the form they came in, each with what is wrong.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Where claims go, as CSV that nobody else may read; must not be there yet.
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// Where slips for holders go, PDF; must not be there yet.
    #[arg(long, value_name = "FILE", requires = "address")]
    slips: Option<PathBuf>,
    /// Where holders fetch certificates, as slips say it.
    #[arg(long, value_name = "URL")]
    address: Option<String>,
    /// What the file holds: json, ndjson, csv or fhir; else by its ending or beginning.
    #[arg(long, value_parser = form)]
    format: Option<Form>,
    /// Your own name for this import, by which its certificates can be withdrawn together.
    #[arg(long)]
    import: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

fn form(name: &str) -> Result<Form, String> {
    match name {
        "json" => Ok(Form::Json),
        "ndjson" => Ok(Form::Ndjson),
        "csv" => Ok(Form::Csv),
        "fhir" => Ok(Form::Fhir),
        _ => Err("json, ndjson, csv or fhir".to_owned()),
    }
}

/// How rows of a file in `form` are handed on: the rows of one JSON event are lines, too.
fn media_type(form: Form) -> &'static str {
    match form {
        Form::Json | Form::Ndjson => "application/x-ndjson",
        Form::Csv => "text/csv",
        Form::Fhir => "application/fhir+json",
    }
}

impl Events {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Import(import) => import.run(),
            Self::Token {
                roles,
                minutes,
                operator,
            } => {
                let door = operator.door()?;
                let asked = json!({ "roles": roles, "minutes": minutes });
                let made = block_on(door.post("/admin/v1/tokens", &asked))?;
                let text = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default();
                show::line(text("token"))?;
                show::note(&format!("good until {}", text("until")));
                Ok(Exit::Success)
            }
        }
    }
}

impl Import {
    fn run(self) -> Result<Exit, Failure> {
        let door = self.operator.door()?;
        let bytes = content(&self.file)?;
        let form = self.format.unwrap_or_else(|| Form::of(&bytes));
        // What the rows say, the gateway judges; here they are only told apart.
        let products = Products::embedded()?;
        let mut rows = rows::read_file(form, &bytes, &products)?;
        let forms = Rejects::new(form, &bytes)?;
        let mut outcome = Outcome::open(
            &forms,
            self.rejects.as_deref(),
            self.claims.as_deref(),
            self.slips.as_deref(),
        )?;
        let import = match &self.import {
            Some(name) => name.clone(),
            None => drawn_name()?,
        };
        let path = format!("/v1/events?import={import}");
        let bar = progress(u64::try_from(rows.left()).ok());
        let handed_in = block_on(async {
            while let Some(piece) = Piece::next(&mut rows, &forms) {
                let answer = send(&door, &path, form, &piece, &bar).await?;
                outcome.take(&piece.rows, &answer)?;
                bar.set_position(outcome.rows());
                bar.set_message(format!("{} events", HumanCount(outcome.rows())));
            }
            Ok(())
        });
        bar.finish_and_clear();
        // What was taken in before something failed has its claims, too.
        let finished = outcome.finish(self.address.as_deref().unwrap_or_default());
        for line in outcome.summary() {
            show::note(&line);
        }
        handed_in.and(finished)?;
        show::line(&format!("import {}", outcome.import()))?;
        Ok(if outcome.refused() > 0 {
            Exit::Reject
        } else {
            Exit::Success
        })
    }
}

/// Rows that go into one request.
struct Piece<'a> {
    rows: Vec<RawRow<'a>>,
    body: Vec<u8>,
}

impl<'a> Piece<'a> {
    /// The next rows; `None` at the end.
    fn next(rows: &mut Rows<'a>, forms: &Rejects) -> Option<Self> {
        let mut piece = Self {
            rows: Vec::new(),
            body: forms.head().unwrap_or_default(),
        };
        while piece.rows.len() < MAX_ROWS && piece.body.len() < MAX_BYTES {
            let Some(row) = rows.next() else { break };
            piece.body.extend(forms.same(&row));
            piece.rows.push(row);
        }
        (!piece.rows.is_empty()).then_some(piece)
    }
}

/// Everything in the file at `path`, which is full of persons.
fn content(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed =
        |error| Code::InputOutput.caused_by(format!("{} cannot be read", path.display()), error);
    let mut content = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(failed)?;
    let read = file.take(MAX_FILE + 1).read_to_end(&mut content);
    let read = u64::try_from(read.map_err(failed)?).unwrap_or(u64::MAX);
    if read > MAX_FILE {
        return Err(Code::InputTooLarge.because("a file over 1 GiB; hand it in in parts"));
    }
    Ok(content)
}

/// Hands `piece` in, again and again where the connection broke off: the same again is harmless, and claims come again.
async fn send(
    door: &Door,
    path: &str,
    form: Form,
    piece: &Piece<'_>,
    bar: &ProgressBar,
) -> Result<Value, Failure> {
    let mut failures = 0;
    loop {
        let sent = door.send(path, media_type(form), piece.body.clone()).await;
        let failure = match sent {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let broke_off = [Code::InputOutput, Code::StoreUnavailable, Code::StoreMoved];
        let wait = if failure.code() == Code::RateLimited {
            LIMITED
        } else if broke_off.contains(&failure.code()) && failures < RETRIES {
            failures += 1;
            Duration::from_secs(1 << failures)
        } else {
            return Err(failure);
        };
        bar.set_message(format!("{}; again in {} s", failure.code(), wait.as_secs()));
        tokio::time::sleep(wait).await;
    }
}

fn drawn_name() -> Result<String, Failure> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
    Ok(base16ct::lower::encode_string(&random))
}

/// Bytes of a file.
const MAX_FILE: u64 = 1 << 30;
/// Rows of one request.
const MAX_ROWS: usize = 1000;
/// Bytes of one request, but for those of its last row.
const MAX_BYTES: usize = 4 << 20;
/// How often a piece is handed in anew after a failure; the last wait is 32 seconds.
const RETRIES: u32 = 5;
const LIMITED: Duration = Duration::from_secs(5);
