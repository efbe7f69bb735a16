//! Events in what is handed in, row by row, in every form.
//!
//! Refuses more than its ceilings, and the whole where nothing in it can be told apart: a document that is not JSON, a header that
//! is not the documented one. A bad row is refused alone.
//!
//! Source: RFC 8259 (JSON), RFC 4180 (CSV), HL7 FHIR R4 (Bundle); one JSON text a line for NDJSON.

use super::Event;
use super::csv::Table;
use super::fhir::{Bundles, Part};
use crate::codec::json;
use crate::failure::{Code, Failure};
use crate::issue::products::Products;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A form in which events are handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One event in our own JSON.
    Json,
    /// One event a line, in our own JSON.
    Ndjson,
    /// One event a row, under a header.
    Csv,
    /// FHIR R4: a Bundle, or several one after another.
    Fhir,
}

impl Form {
    /// The form of `bytes`, by how they begin; nothing is known to be right.
    pub fn of(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Start {
            #[serde(rename = "resourceType")]
            resource_type: Option<IgnoredAny>,
        }
        let text = unmarked(bytes);
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Self::Csv;
        }
        let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Start>();
        let first = values.next();
        if let Some(Ok(Start {
            resource_type: Some(_),
        })) = first
        {
            return Self::Fhir;
        }
        let rest = text.get(values.byte_offset()..).unwrap_or_default();
        let first_is_whole = first.is_some_and(|first| first.is_ok());
        if first_is_whole && rest.trim_ascii().is_empty() {
            return Self::Json;
        }
        Self::Ndjson
    }
}

/// One row as it came, and the event in it.
pub struct RawRow<'a> {
    /// Which row it is, from 1; a header and empty lines are not counted.
    pub number: u64,
    /// The event, or why there is none.
    pub event: Result<Event, Failure>,
    pub(super) raw: Raw<'a>,
}

/// A row as it came.
pub(super) enum Raw<'a> {
    /// Its bytes.
    Text(&'a [u8]),
    /// A resource, with those of its bundle that it refers to.
    Parts(Vec<Part<'a>>),
}

/// The rows of what was handed in, in order.
pub struct Rows<'a> {
    products: &'a Products,
    number: u64,
    left: Left<'a>,
}

enum Left<'a> {
    One(Option<&'a [u8]>),
    Lines(&'a [u8]),
    Table(Table<'a>),
    Bundles(Bundles<'a>),
}

/// The rows of a request: `bytes` in the form `form`, with codes of products read by `products`.
///
/// # Errors
/// `input_too_large`: over [`MAX_REQUEST`] or [`MAX_ROWS`]. `request_invalid` where no row can be told apart.
pub fn read<'a>(form: Form, bytes: &'a [u8], products: &'a Products) -> Result<Rows<'a>, Failure> {
    if bytes.len() > MAX_REQUEST {
        return Err(too_large(format!("over {MAX_REQUEST} bytes")));
    }
    let rows = read_file(form, bytes, products)?;
    if rows.left() > MAX_ROWS {
        return Err(too_large(format!("over {MAX_ROWS} rows")));
    }
    Ok(rows)
}

/// The rows of a file, however many; whoever calls has bounded its size.
///
/// # Errors
/// `input_too_large`: a bundle over [`MAX_REQUEST`]. `request_invalid` where no row can be told apart.
pub fn read_file<'a>(
    form: Form,
    bytes: &'a [u8],
    products: &'a Products,
) -> Result<Rows<'a>, Failure> {
    let text = unmarked(bytes);
    let left = match form {
        Form::Json => Left::One(Some(text.trim_ascii())),
        Form::Ndjson => Left::Lines(text),
        Form::Csv => Left::Table(Table::read(text)?),
        Form::Fhir => Left::Bundles(Bundles::read(text)?),
    };
    Ok(Rows {
        products,
        number: 0,
        left,
    })
}

impl<'a> Rows<'a> {
    /// How many rows are left.
    pub fn left(&self) -> usize {
        match &self.left {
            Left::One(row) => row.iter().count(),
            Left::Lines(text) => text
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.trim_ascii().is_empty())
                .count(),
            Left::Table(table) => table.left(),
            Left::Bundles(bundles) => bundles.left(),
        }
    }

    fn next_row(&mut self) -> Option<(Raw<'a>, Result<Event, Failure>)> {
        let products = self.products;
        match &mut self.left {
            Left::One(row) => row.take().map(|text| json_row(text, products)),
            Left::Lines(text) => loop {
                if text.is_empty() {
                    return None;
                }
                let end = text.iter().position(|byte| *byte == b'\n');
                let (line, rest) = text.split_at(end.map_or(text.len(), |end| end + 1));
                *text = rest;
                let line = line.trim_ascii();
                if !line.is_empty() {
                    return Some(json_row(line, products));
                }
            },
            Left::Table(table) => table.next_row(products),
            Left::Bundles(bundles) => bundles.next_row(products),
        }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = RawRow<'a>;

    fn next(&mut self) -> Option<RawRow<'a>> {
        let (raw, event) = self.next_row()?;
        self.number += 1;
        Some(RawRow {
            number: self.number,
            event,
            raw,
        })
    }
}

fn json_row<'a>(text: &'a [u8], products: &Products) -> (Raw<'a>, Result<Event, Failure>) {
    let event = within(text.len())
        .and_then(|()| object(text))
        .and_then(|value| Event::from_json(value, products));
    (Raw::Text(text), event)
}

/// The JSON of one row.
pub(super) fn object(text: &[u8]) -> Result<serde_json::Value, Failure> {
    json::read(text, MAX_VALUES)
        .map_err(|failure| Code::EventInvalid.because(failure.detail()).about("event"))
}

/// Refuses a row of more than [`MAX_ROW`] bytes.
pub(super) fn within(length: usize) -> Result<(), Failure> {
    if length > MAX_ROW {
        return Err(too_large(format!("the row is over {MAX_ROW} bytes")));
    }
    Ok(())
}

/// `bytes` without the mark that some programs put in front of UTF-8.
pub(super) fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

pub(super) fn too_large(what: String) -> Failure {
    Code::InputTooLarge.because(what)
}

/// The most bytes of a request, and of a bundle in a file.
pub const MAX_REQUEST: usize = 8 << 20;
/// The most rows of a request.
pub const MAX_ROWS: usize = 10_000;
/// The most bytes of one row; of a FHIR resource, that resource alone.
pub const MAX_ROW: usize = 64 << 10;
/// The most values in the JSON of one row; it nests 128 deep at most.
const MAX_VALUES: usize = 4_000;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests;
