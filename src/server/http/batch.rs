//! `POST /v1/verify/batch`: up to 1,000 requests of `/v1/verify` in one, as a JSON array or as lines (NDJSON).
//!
//! Refuses a body that is no such list, or past a ceiling, as a whole. A row that is bad is answered with problem details in
//! its place and hurts no other. All rows are judged at one instant by one snapshot, in slices, beside the workers.

use super::answer::failed;
use super::auth::{Principal, principal};
use super::body::{self, JSON, Members};
use super::meter;
use super::problem;
use super::routes::State;
use super::trace::{SNAPSHOT, Trace, snapshot_mark, trace_of};
use super::verify::{Asked, reference};
use crate::failure::{Code, Failure};
use crate::server::gateway::{Answers, Gateway, Moment};
use crate::verify::Opened;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The handler.
pub(super) async fn verify(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    match verdicts(&request, payload, &state).await {
        Err(failure) => failed(&request, &failure),
        Ok((form, body, moment)) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, form.media_type()))
            .insert_header((SNAPSHOT, snapshot_mark(&moment.world)))
            .body(body),
    }
}

async fn verdicts(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
) -> Result<(Form, Vec<u8>, Moment), Failure> {
    let form = Form::of(request)?;
    let bytes = body::read(request, payload, MAX_BODY).await?;
    let (moment, principal) = (state.gateway.moment(), principal(request));
    let at = moment.clone();
    let read = move || -> Result<Vec<Vec<Row>>, Failure> {
        let rows = form.rows(&bytes)?;
        let read = |range: Range<usize>| {
            let rows = rows.iter().skip(range.start).take(range.len());
            let read = rows.map(|row| Row::read(row, &principal, &at));
            read.collect()
        };
        Ok(slices(&rows).into_iter().map(read).collect())
    };
    let slices = state.work.apart(read).await??;
    let units: u64 = slices.iter().flatten().map(Row::units).sum();
    // One was paid at the door.
    meter::spend(request, units.saturating_sub(meter::CREDENTIAL.into()))?;
    let mut answers = Vec::new();
    for rows in slices {
        let slice = Slice {
            gateway: Arc::clone(&state.gateway),
            moment: moment.clone(),
            trace: trace_of(request),
        };
        let opened = move || slice.opened(rows);
        let judged = match state.work.apart(opened).await? {
            Turn::Judged(judged) => judged,
            Turn::Asks(slice) => {
                let register = state
                    .gateway
                    .ask_register(&slice.credentials, &moment)
                    .await;
                state.work.apart(move || slice.judged(&register)).await?
            }
        };
        answers.extend(judged);
    }
    Ok((form, form.written(&answers), moment))
}

/// The form of a batch, the same in question and answer.
#[derive(Clone, Copy)]
enum Form {
    Array,
    Lines,
}

impl Form {
    fn of(request: &HttpRequest) -> Result<Self, Failure> {
        let forms = [Self::Array, Self::Lines];
        let stated = |form: &Self| body::is_of_type(request, form.media_type());
        let unknown = || Code::MediaTypeUnsupported.because(format!("send {JSON} or {LINES}"));
        forms.into_iter().find(stated).ok_or_else(unknown)
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Array => JSON,
            Self::Lines => LINES,
        }
    }

    /// The rows in `body`, each unread.
    fn rows(self, body: &Bytes) -> Result<Vec<Bytes>, Failure> {
        match self {
            Self::Array => {
                let rows: Result<Rows, _> = serde_json::from_slice(body);
                let Rows(rows) = rows.map_err(|error| {
                    let (line, column) = (error.line(), error.column());
                    let reason = format!("not a JSON array (line {line}, column {column})");
                    Code::RequestInvalid.because(reason)
                })?;
                bounded(rows.into_iter().map(|row| row.get().as_bytes()), body)
            }
            Self::Lines => {
                let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
                bounded(lines.filter(|line| !line.is_empty()), body)
            }
        }
    }

    fn written(self, answers: &[Vec<u8>]) -> Vec<u8> {
        match self {
            Self::Array => [b"[", answers.join(&b',').as_slice(), b"]"].concat(),
            Self::Lines => {
                let mut lines = answers.join(&b'\n');
                lines.extend(answers.first().map(|_| b'\n'));
                lines
            }
        }
    }
}

fn bounded<'b>(rows: impl Iterator<Item = &'b [u8]>, body: &Bytes) -> Result<Vec<Bytes>, Failure> {
    let rows: Vec<_> = rows
        .take(MAX_ROWS + 1)
        .map(|row| body.slice_ref(row))
        .collect();
    if rows.len() > MAX_ROWS {
        return Err(Code::InputTooLarge.because(format!("more than {MAX_ROWS} rows")));
    }
    Ok(rows)
}

/// `rows` cut into slices, each at most [`SLICE_ROWS`] long and, but for a row that alone is longer, [`SLICE_BYTES`].
fn slices(rows: &[Bytes]) -> Vec<Range<usize>> {
    let mut slices: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (index, row) in rows.iter().enumerate() {
        bytes += row.len();
        match slices.last_mut() {
            Some(slice) if slice.len() < SLICE_ROWS && bytes <= SLICE_BYTES => slice.end += 1,
            Some(_) | None => {
                slices.push(index..index + 1);
                bytes = row.len();
            }
        }
    }
    slices
}

/// The elements of an array as they stand there; past the ceiling they are passed over, all but one.
struct Rows<'b>(Vec<&'b RawValue>);

impl<'b> Deserialize<'b> for Rows<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'b> Visitor<'b> for Elements {
            type Value = Rows<'b>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'b>>(self, mut elements: A) -> Result<Rows<'b>, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = elements.next_element()? {
                    if rows.len() <= MAX_ROWS {
                        rows.push(row);
                    }
                }
                Ok(Rows(rows))
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

/// What judging a part of the rows needs.
struct Slice {
    gateway: Arc<Gateway>,
    moment: Moment,
    trace: Option<Trace>,
}

/// What one turn at a slice came to.
enum Turn {
    /// The answers to its rows, each as JSON on one line.
    Judged(Vec<Vec<u8>>),
    /// The register is to be asked first.
    Asks(OpenedSlice),
}

impl Slice {
    /// `rows` opened, and judged where the register need not be asked.
    fn opened(self, rows: Vec<Row>) -> Turn {
        let asked = rows.iter().filter_map(|row| row.asked.as_ref().ok());
        let requests: Vec<_> = asked.map(|asked| &asked.request).collect();
        let credentials = self.gateway.open_credentials_of(&requests, &self.moment);
        let own = self.moment.world.snapshot.own();
        let asks = own.has_compromised();
        let opened = OpenedSlice {
            slice: self,
            rows,
            credentials,
        };
        if asks {
            Turn::Asks(opened)
        } else {
            Turn::Judged(opened.judged(&Answers::default()))
        }
    }
}

/// A part of the rows, read and opened.
struct OpenedSlice {
    slice: Slice,
    rows: Vec<Row>,
    credentials: Vec<Arc<Opened>>,
}

impl OpenedSlice {
    /// The answers to the rows, each as JSON on one line.
    fn judged(self, register: &Answers) -> Vec<Vec<u8>> {
        let (slice, opened) = (self.slice, &self.credentials);
        let asked = self.rows.iter().filter_map(|row| row.asked.as_ref().ok());
        let requests: Vec<_> = asked.map(|asked| &asked.request).collect();
        let gateway = &slice.gateway;
        let verdicts = gateway.verify_batch(&requests, opened, register, &slice.moment);
        let mut verdicts = verdicts.into_iter();
        let missing = || Code::Internal.because("a row without a verdict");
        let answers = self.rows.into_iter().map(|row| {
            let verdict = row.asked.and_then(|asked| {
                let verdict = verdicts.next().ok_or_else(missing)?;
                asked.answered(verdict, gateway, &slice.moment, slice.trace)
            });
            let trace = slice.trace.as_ref().map(Trace::as_str);
            let answer = verdict.unwrap_or_else(|failure| {
                let details = problem::details(&failure, trace);
                Value::Object(details).to_string().into_bytes()
            });
            named(answer, row.reference)
        });
        answers.collect()
    }
}

/// The JSON object `answer` with one more member, the row's own name.
fn named(mut answer: Vec<u8>, reference: Option<String>) -> Vec<u8> {
    if let Some(reference) = reference.map(Value::String) {
        // The last byte closes the object, which has members before.
        answer.pop();
        answer.extend_from_slice(format!(r#","ref":{reference}}}"#).as_bytes());
    }
    answer
}

/// A row as far as it could be read.
struct Row {
    reference: Option<String>,
    asked: Result<Asked, Failure>,
}

impl Row {
    fn read(bytes: &[u8], principal: &Principal, moment: &Moment) -> Self {
        let mut name = None;
        let asked = Members::parse(bytes).and_then(|mut members| {
            name = reference(&mut members)?;
            Asked::read(members, principal, moment)
        });
        Self {
            reference: name,
            asked,
        }
    }

    /// What it costs, in units; to read a bad one is not free.
    fn units(&self) -> u64 {
        let read = self.asked.as_ref();
        read.map_or_else(|_| meter::CREDENTIAL.into(), Asked::units)
    }
}

/// One JSON document a line.
const LINES: &str = "application/x-ndjson";
/// The ceiling of a batch.
const MAX_BODY: usize = 4 * 1024 * 1024;
const MAX_ROWS: usize = 1000;
/// How many rows, and bytes of them, are judged at a turn: enough to judge signatures together, and done in milliseconds;
/// where the library judges, in tens of them. A row may hold several credentials, so rows alone bound nothing.
const SLICE_ROWS: usize = 256;
const SLICE_BYTES: usize = 192 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(form: Form, body: &str) -> Result<Vec<Bytes>, Code> {
        let rows = form.rows(&Bytes::copy_from_slice(body.as_bytes()));
        rows.map_err(|failure| failure.code())
    }

    #[test]
    fn an_array_is_cut_into_rows_that_are_not_read() {
        let cut = rows(Form::Array, r#" [ {"a":1,"a":2} , [[["x"]]],"y" ] "#).unwrap();
        assert_eq!(cut, [r#"{"a":1,"a":2}"#, r#"[[["x"]]]"#, r#""y""#]);
        assert_eq!(rows(Form::Array, "[]").unwrap().len(), 0);
    }

    #[test]
    fn what_is_no_array_has_no_rows() {
        for body in ["", "{}", "null", "\"[]\"", "[1", "[1] 2", "[1,]", "[{]"] {
            assert_eq!(rows(Form::Array, body), Err(Code::RequestInvalid), "{body}");
        }
        let deep = "[".repeat(1_000_000);
        assert_eq!(rows(Form::Array, &deep), Err(Code::RequestInvalid));
    }

    #[test]
    fn lines_may_be_blank_and_the_last_may_lack_its_end() {
        let cut = rows(Form::Lines, "\n{\"a\":1}\r\n \t\n{\"b\":\n{\"c\":3}").unwrap();
        assert_eq!(cut, [r#"{"a":1}"#, r#"{"b":"#, r#"{"c":3}"#]);
    }

    #[test]
    fn slices_are_bounded_in_rows_and_in_bytes_and_leave_no_row_out() {
        let rows = |length: usize, count: usize| vec![Bytes::from(vec![b'1'; length]); count];
        assert_eq!(slices(&rows(10, 600)), [0..256, 256..512, 512..600]);
        assert_eq!(slices(&rows(100_000, 3)), [0..1, 1..2, 2..3]);
        assert_eq!(slices(&rows(90_000, 3)), [0..2, 2..3]);
        assert_eq!(slices(&rows(1_000_000, 2)), [0..1, 1..2]);
        assert!(slices(&[]).is_empty());
    }

    #[test]
    fn the_ceiling_of_rows_holds_in_both_forms() {
        let array = |count: usize| format!("[{}]", vec!["1"; count].join(","));
        assert_eq!(rows(Form::Array, &array(MAX_ROWS)).unwrap().len(), MAX_ROWS);
        assert_eq!(
            rows(Form::Array, &array(MAX_ROWS + 1)),
            Err(Code::InputTooLarge)
        );
        assert_eq!(
            rows(Form::Lines, &"1\n".repeat(MAX_ROWS)).unwrap().len(),
            MAX_ROWS
        );
        assert_eq!(
            rows(Form::Lines, &"1\n".repeat(MAX_ROWS + 1)),
            Err(Code::InputTooLarge)
        );
    }
}
