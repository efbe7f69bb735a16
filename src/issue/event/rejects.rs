//! Rows written again: those that were refused, with their problem beside them, ready to be mended and handed in again; and those
//! that are handed on in pieces.
//!
//! Refuses to change what a row says: only the problem is added. Every reader passes it over.

use super::csv::{Columns, reader};
use super::fhir::Part;
use super::json::PROBLEM;
use super::rows::{Form, Raw, RawRow, object, unmarked};
use crate::failure::Failure;
use csv::{ByteRecord, WriterBuilder};
use serde_json::{Map, Value, json};

/// Writes rows of one form, a line each.
///
/// The lines of JSON and NDJSON make NDJSON; those of FHIR are bundles, one after another.
pub struct Rejects {
    columns: Option<Columns>,
}

impl Rejects {
    /// For rows of `bytes`, which were read in the form `form`.
    ///
    /// # Errors
    /// `request_invalid`: a table whose header is not the documented one.
    pub fn new(form: Form, bytes: &[u8]) -> Result<Self, Failure> {
        let columns = match form {
            Form::Csv => Some(Columns::read(unmarked(bytes))?),
            Form::Json | Form::Ndjson | Form::Fhir => None,
        };
        Ok(Self { columns })
    }

    /// The first line, where the form has one: the header, with a column for the problem. Lines end in `\n`.
    pub fn head(&self) -> Option<Vec<u8>> {
        let columns = self.columns.as_ref()?;
        let names = columns.names.iter().map(String::as_str);
        let names = names.filter(|name| *name != PROBLEM).chain([PROBLEM]);
        Some(table_line(columns.delimiter, names.map(str::as_bytes)))
    }

    /// `row` with what `failure` says of it.
    pub fn line(&self, row: &RawRow<'_>, failure: &Failure) -> Vec<u8> {
        self.written(row, Some(failure))
    }

    /// `row` as it came, in a line under [`head`](Self::head).
    pub fn same(&self, row: &RawRow<'_>) -> Vec<u8> {
        self.written(row, None)
    }

    fn written(&self, row: &RawRow<'_>, failure: Option<&Failure>) -> Vec<u8> {
        match (&row.raw, &self.columns) {
            (Raw::Text(text), Some(columns)) => table_row(columns, text, failure),
            (Raw::Text(text), None) => json_line(text, failure),
            (Raw::Parts(parts), _) => bundle(parts, failure),
        }
    }
}

fn table_row(columns: &Columns, text: &[u8], failure: Option<&Failure>) -> Vec<u8> {
    let mut cells = ByteRecord::new();
    // Reading from memory cannot fail.
    let _ = reader(text, columns.delimiter).read_byte_record(&mut cells);
    let names = columns.names.iter().map(String::as_str);
    let wide = names.clone().filter(|name| *name != PROBLEM).count();
    let named = names.chain(std::iter::repeat("")).zip(&cells);
    let (before, mut kept): (Vec<_>, Vec<_>) = named.partition(|(name, _)| *name == PROBLEM);
    if kept.len() != wide {
        // A row that is longer or shorter than the header stays one, whatever stands behind it.
        kept.resize(kept.len().max(wide + 1), ("", b""));
    }
    let problem = failure.map(|failure| {
        let member = failure.member().unwrap_or_default();
        format!("{} {member}: {}", failure.code(), failure.detail())
    });
    let before = before.first().map(|(_, cell)| *cell);
    let problem = problem.as_deref().map(str::as_bytes).or(before);
    let cells = kept.into_iter().map(|(_, cell)| cell);
    table_line(
        columns.delimiter,
        cells.chain([problem.unwrap_or_default()]),
    )
}

fn table_line<'c>(delimiter: u8, cells: impl IntoIterator<Item = &'c [u8]>) -> Vec<u8> {
    let mut writer = WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells);
    writer.into_inner().unwrap_or_default()
}

/// A JSON text in one line; where it is not an object, it stands in one as a text, for people to mend.
fn json_line(text: &[u8], failure: Option<&Failure>) -> Vec<u8> {
    let mut members = match (object(text), failure) {
        (Ok(Value::Object(members)), _) => members,
        (Ok(_) | Err(_), None) => {
            let text = String::from_utf8_lossy(text).into_owned();
            return ended(one_line(text).into_bytes());
        }
        (Ok(_) | Err(_), Some(_)) => {
            let text = String::from_utf8_lossy(text).into_owned();
            Map::from_iter([("row".to_owned(), Value::String(text))])
        }
    };
    if let Some(failure) = failure {
        let (code, field, detail) = told(failure);
        members.insert(
            PROBLEM.to_owned(),
            json!({ "code": code, "field": field, "detail": detail }),
        );
    }
    ended(Value::Object(members).to_string().into_bytes())
}

/// A bundle of `parts`, and of an `OperationOutcome` that tells the problem.
fn bundle(parts: &[Part<'_>], failure: Option<&Failure>) -> Vec<u8> {
    let mut entries: Vec<String> = parts.iter().map(entry).collect();
    if let Some(failure) = failure {
        let (code, field, detail) = told(failure);
        let issue = json!({ "severity": "error", "code": "invalid", "details": { "text": code },
            "diagnostics": detail, "expression": field.map(|field| [field]) });
        let outcome = json!({ "resourceType": "OperationOutcome", "issue": [issue] });
        entries.push(json!({ "resource": outcome }).to_string());
    }
    let entries = entries.join(",");
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}"#);
    ended(one_line(bundle).into_bytes())
}

fn entry(part: &Part<'_>) -> String {
    let resource = part.resource;
    match &part.full_url {
        None => format!(r#"{{"resource":{resource}}}"#),
        Some(url) => {
            let url = Value::String(url.clone().into_owned());
            format!(r#"{{"fullUrl":{url},"resource":{resource}}}"#)
        }
    }
}

/// Line breaks stand between the tokens of JSON alone, never in a text.
fn one_line(json: String) -> String {
    json.replace(['\n', '\r'], " ")
}

fn told(failure: &Failure) -> (&'static str, Option<&str>, &str) {
    (failure.code().name(), failure.member(), failure.detail())
}

fn ended(mut line: Vec<u8>) -> Vec<u8> {
    line.push(b'\n');
    line
}
