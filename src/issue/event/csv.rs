//! Events as a table: a header, one event a row.
//!
//! Refuses columns that are not documented or stand twice, rows that are longer or shorter than the header, and rows with cells
//! of two happenings.
//!
//! Source: RFC 4180; `;` for `,`, as spreadsheets in Indonesia write it.

use super::Event;
use super::check::{Named, Stated, StatedHappening, wrong};
use super::json::PROBLEM;
use super::rows::{Raw, within};
use crate::failure::{Code, Failure, printable};
use crate::issue::products::{CVX, KFA, Products};
use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};

/// What is left of a table.
pub(super) struct Table<'a> {
    text: &'a [u8],
    columns: Columns,
    reader: Reader<&'a [u8]>,
    /// The row that is read next, if there is one, and where it begins.
    ahead: Option<ByteRecord>,
}

/// What the header says.
pub(super) struct Columns {
    pub(super) delimiter: u8,
    pub(super) names: Vec<String>,
}

impl Columns {
    /// The header of `text`.
    ///
    /// # Errors
    /// `request_invalid`, naming the column.
    pub(super) fn read(text: &[u8]) -> Result<Self, Failure> {
        let line = text.trim_ascii_start().split(|byte| *byte == b'\n').next();
        let commas = line.is_some_and(|line| line.contains(&b','));
        let delimiter = if commas { b',' } else { b';' };
        let header = next(&mut reader(text, delimiter));
        let header = header.ok_or_else(|| Code::RequestInvalid.because("there is no header"))?;
        if header.as_slice().len() > MAX_HEADER {
            return Err(Code::RequestInvalid.because("the header is too long"));
        }
        let mut names = Vec::new();
        for cell in &header {
            let name = String::from_utf8_lossy(cell).trim().to_ascii_lowercase();
            let told = printable(&name);
            if !COLUMNS.contains(&name.as_str()) {
                let reason = format!("the header has a column `{told}`, which is not known");
                return Err(Code::RequestInvalid.because(reason).about(told));
            }
            if names.contains(&name) {
                let reason = format!("the header has the column `{told}` twice");
                return Err(Code::RequestInvalid.because(reason).about(told));
            }
            names.push(name);
        }
        for name in REQUIRED {
            if !names.iter().any(|column| column == name) {
                let reason = format!("the header has no column `{name}`");
                return Err(Code::RequestInvalid.because(reason).about(*name));
            }
        }
        Ok(Self { delimiter, names })
    }
}

impl<'a> Table<'a> {
    pub(super) fn read(text: &'a [u8]) -> Result<Self, Failure> {
        let columns = Columns::read(text)?;
        let mut reader = reader(text, columns.delimiter);
        // The header, once more.
        let _ = next(&mut reader);
        let ahead = next(&mut reader);
        Ok(Self {
            text,
            columns,
            reader,
            ahead,
        })
    }

    /// How many rows are left.
    pub(super) fn left(&self) -> usize {
        let Some(ahead) = &self.ahead else { return 0 };
        let rest = self.text.get(begin(ahead)..).unwrap_or_default();
        let mut reader = reader(rest, self.columns.delimiter);
        std::iter::from_fn(|| next(&mut reader)).count()
    }

    pub(super) fn next_row(
        &mut self,
        products: &Products,
    ) -> Option<(Raw<'a>, Result<Event, Failure>)> {
        let record = self.ahead.take()?;
        self.ahead = next(&mut self.reader);
        let end = self.ahead.as_ref().map_or(self.text.len(), begin);
        let raw = self.text.get(begin(&record)..end).unwrap_or_default();
        let raw = trimmed(raw);
        let event = within(raw.len()).and_then(|()| self.event(record, products));
        Some((Raw::Text(raw), event))
    }

    fn event(&self, record: ByteRecord, products: &Products) -> Result<Event, Failure> {
        let record = StringRecord::from_byte_record(record)
            .map_err(|_| wrong("event", "is not in UTF-8"))?;
        let cells = Cells::of(&self.columns.names, &record)?;
        let stated = Stated {
            source_id: cells.text("source_id"),
            action: cells.text("action"),
            family_name: cells.text("family_name"),
            given_name: cells.text("given_name"),
            family_name_icao: cells.text("family_name_icao"),
            given_name_icao: cells.text("given_name_icao"),
            // An empty cell says that nothing is known of it.
            birth_date: Some(cells.text("birth_date").unwrap_or_default()),
            happening: happening(&cells)?,
            facility: cells.text("facility"),
            operator: cells.text("operator"),
            profiles: cells
                .text("profiles")
                .map(|names| names.split_whitespace().map(str::to_owned).collect()),
            destination: cells.text("destination"),
        };
        stated.event(products)
    }
}

/// The cells of one row by column, without those that are empty.
struct Cells<'r>(Vec<(&'r str, &'r str)>);

impl<'r> Cells<'r> {
    fn of(names: &'r [String], record: &'r StringRecord) -> Result<Self, Failure> {
        let (columns, cells) = (names.len(), record.len());
        // The last column, where it tells the problem of a rejected row, may be left out.
        let shorter = names.last().is_some_and(|name| name == PROBLEM);
        if cells != columns && !(shorter && cells + 1 == columns) {
            let what = format!("has {cells} cells under a header of {columns}");
            return Err(wrong("event", &what));
        }
        let names = names.iter().map(String::as_str);
        let cells = record.iter().map(str::trim);
        Ok(Self(
            names
                .zip(cells)
                .filter(|(_, cell)| !cell.is_empty())
                .collect(),
        ))
    }

    fn cell(&self, name: &str) -> Option<&'r str> {
        let mut cells = self.0.iter();
        cells
            .find(|(column, _)| *column == name)
            .map(|(_, cell)| *cell)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.cell(name).map(str::to_owned)
    }

    /// The first of `columns` that is not empty.
    fn first_of(&self, columns: &[&'static str]) -> Option<&'static str> {
        let mut columns = columns.iter();
        columns.find(|name| self.cell(name).is_some()).copied()
    }
}

fn happening(cells: &Cells<'_>) -> Result<Option<StatedHappening>, Failure> {
    let vaccination = cells.first_of(VACCINATION);
    let test = cells.first_of(TEST);
    let recovery = cells.first_of(RECOVERY);
    Ok(match (vaccination, test, recovery) {
        (None, None, None) => None,
        (Some(_), Some(column), _)
        | (Some(_), None, Some(column))
        | (None, Some(_), Some(column)) => {
            return Err(wrong(column, "stands beside another happening"));
        }
        (Some(_), None, None) => Some(StatedHappening::Vaccination {
            product: product(cells)?,
            dose: dose(cells)?,
            date: cells.text("date"),
            lot: cells.text("lot"),
        }),
        (None, Some(_), None) => Some(StatedHappening::Test {
            test: cells.text("test").map(Named::Id),
            sampled_at: cells.text("sampled_at"),
            result: cells.text("result"),
            centre: cells.text("centre"),
        }),
        (None, None, Some(_)) => Some(StatedHappening::Recovery {
            first_positive: cells.text("first_positive"),
        }),
    })
}

/// The product by its id, or else by its codes, which must mean the same.
fn product(cells: &Cells<'_>) -> Result<Option<Named>, Failure> {
    let codes: Vec<(String, String)> = [("kfa", KFA), ("cvx", CVX)]
        .into_iter()
        .filter_map(|(column, system)| Some((system.to_owned(), cells.text(column)?)))
        .collect();
    match (cells.text("product"), codes.is_empty()) {
        (Some(id), true) => Ok(Some(Named::Id(id))),
        (Some(_), false) => Err(wrong("product", "stands beside a code of a product")),
        (None, true) => Ok(None),
        (None, false) => Ok(Some(Named::Codes {
            codes,
            device: None,
        })),
    }
}

fn dose(cells: &Cells<'_>) -> Result<Option<u32>, Failure> {
    cells
        .cell("dose")
        .map(|text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.then(|| text.parse().ok()).flatten();
            number.ok_or_else(|| wrong("dose", "is not a whole number"))
        })
        .transpose()
}

pub(super) fn reader(text: &[u8], delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text)
}

/// The next row with a cell that is not empty; reading from memory cannot fail.
fn next(reader: &mut Reader<&[u8]>) -> Option<ByteRecord> {
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        if record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
            return Some(record);
        }
    }
    None
}

/// Where `record` begins, in bytes.
fn begin(record: &ByteRecord) -> usize {
    let byte = record.position().map_or(0, csv::Position::byte);
    usize::try_from(byte).unwrap_or(usize::MAX)
}

fn trimmed(mut line: &[u8]) -> &[u8] {
    while let Some((b'\r' | b'\n', rest)) = line.split_first() {
        line = rest;
    }
    while let Some((b'\r' | b'\n', rest)) = line.split_last() {
        line = rest;
    }
    line
}

/// Every column there may be.
const COLUMNS: &[&str] = &[
    "source_id",
    "action",
    "family_name",
    "given_name",
    "family_name_icao",
    "given_name_icao",
    "birth_date",
    "product",
    "kfa",
    "cvx",
    "dose",
    "date",
    "lot",
    "test",
    "sampled_at",
    "result",
    "centre",
    "first_positive",
    "facility",
    "operator",
    "profiles",
    "destination",
    PROBLEM,
];
const REQUIRED: &[&str] = &["source_id", "birth_date", "facility"];
const VACCINATION: &[&str] = &["product", "kfa", "cvx", "dose", "date", "lot"];
const TEST: &[&str] = &["test", "sampled_at", "result", "centre"];
const RECOVERY: &[&str] = &["first_positive"];
const MAX_HEADER: usize = 4 << 10;
