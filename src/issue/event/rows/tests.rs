//! Rows of every form, read and written again.

use super::*;
use crate::issue::event::rejects::Rejects;

const JSON: &str = r#"{"source_id":"N-1","person":{"family_name":"Sari","birth_date":"1988-03"},
    "vaccination":{"product":"coronavac","dose":2,"date":"2026-11-20"},"facility":"3174001"}"#;
const TABLE: &str = "source_id,family_name,birth_date,cvx,dose,date,facility\n\
                     N-1,Sari,1988-03,511,2,2026-11-20,3174001\n";

fn rows(form: Form, text: &[u8]) -> Vec<Result<Event, Failure>> {
    let products = Products::embedded().unwrap();
    let rows = read(form, text, &products).unwrap();
    let left = rows.left();
    let events: Vec<_> = rows.map(|row| row.event).collect();
    assert_eq!(events.len(), left);
    events
}

fn event() -> Event {
    rows(Form::Json, JSON.as_bytes()).remove(0).unwrap()
}

fn fields(form: Form, text: &[u8]) -> Vec<String> {
    let member = |event: Result<Event, Failure>| match event {
        Ok(event) => event.source_id,
        Err(failure) => format!("{} {}", failure.code(), failure.member().unwrap_or("-")),
    };
    rows(form, text).into_iter().map(member).collect()
}

/// What the rows of `text` are written as, with a problem each, and without.
fn written(form: Form, text: &[u8]) -> [Vec<u8>; 2] {
    let products = Products::embedded().unwrap();
    let rejects = Rejects::new(form, text).unwrap();
    let head = rejects.head().unwrap_or_default();
    let mut files = [head.clone(), head];
    for row in read(form, text, &products).unwrap() {
        let failure = Code::DoseInvalid.because("why, \"so\"").about("dose");
        files[0].extend(rejects.line(&row, &failure));
        files[1].extend(rejects.same(&row));
    }
    files
}

#[test]
fn the_form_is_told_by_how_it_begins() {
    let line = JSON.replace('\n', " ");
    for (text, form) in [
        (JSON.to_owned(), Form::Json),
        (format!("\u{feff}\n {JSON}\n"), Form::Json),
        (format!("{line}\n{line}\n"), Form::Ndjson),
        (format!("{{broken\n{line}\n"), Form::Ndjson),
        (
            r#"{"type":"batch","resourceType":"Bundle"}"#.to_owned(),
            Form::Fhir,
        ),
        (TABLE.to_owned(), Form::Csv),
        (String::new(), Form::Csv),
    ] {
        assert_eq!(Form::of(text.as_bytes()), form, "{text}");
    }
}

#[test]
fn a_bad_line_is_refused_alone() {
    let good = JSON.replace('\n', " ");
    let big = format!(r#"{{"x":"{}"}}"#, "x".repeat(MAX_ROW));
    let text = format!("{good}\r\n\n{{broken\n{big}\n[1]\n{{\"a\":1,\"a\":1}}\n\u{0}\n{good}");
    assert_eq!(
        fields(Form::Ndjson, text.as_bytes()),
        [
            "N-1",
            "event_invalid event",
            "input_too_large -",
            "event_invalid event",
            "event_invalid event",
            "event_invalid event",
            "N-1"
        ]
    );
    assert_eq!(fields(Form::Ndjson, b"\xff\xfe\n"), ["event_invalid event"]);
    assert_eq!(fields(Form::Ndjson, b"\n \n"), [""; 0]);
}

#[test]
fn a_table_reads_as_the_same_event_however_spreadsheets_write_it() {
    for table in [
        TABLE.to_owned(),
        format!("\u{feff}{}", TABLE.replace('\n', "\r\n")),
        TABLE.replace(',', ";"),
        TABLE
            .replace("Sari", " \"Sari\" ")
            .replace(" \"", "\"")
            .replace("\" ", "\""),
        TABLE.replace("source_id", "Source_ID "),
        format!("{TABLE},,,,,,\n\n \n"),
        TABLE.trim_end().to_owned(),
    ] {
        let read = rows(Form::Csv, table.as_bytes());
        assert_eq!(read.len(), 1, "{table}");
        assert_eq!(*read[0].as_ref().unwrap(), event(), "{table}");
    }
}

#[test]
fn a_bad_row_of_a_table_is_refused_alone() {
    let header = "source_id,family_name,birth_date,product,cvx,dose,date,first_positive,facility\n";
    let mut text = header.as_bytes().to_vec();
    for (row, _) in BAD_ROWS {
        text.extend_from_slice(row);
        text.push(b'\n');
    }
    let told: Vec<&str> = BAD_ROWS.iter().map(|(_, told)| *told).collect();
    assert_eq!(fields(Form::Csv, &text), told);
}

const BAD_ROWS: &[(&[u8], &str)] = &[
    (b"N-1,Sari,,coronavac,,2,2026-11-20,,F", "N-1"),
    (
        b"N-2,Sari,,coronavac,,2,2026-11-20,F",
        "event_invalid event",
    ),
    (
        b"N-3,Sari,,coronavac,,2,2026-11-20,,F,",
        "event_invalid event",
    ),
    (
        b"N-4,Sari,,coronavac,511,2,2026-11-20,,F",
        "event_invalid product",
    ),
    (b"N-5,Sari,,,500,2,2026-11-20,,F", "product_unknown product"),
    (
        b"N-6,Sari,,coronavac,,two,2026-11-20,,F",
        "event_invalid dose",
    ),
    (
        b"N-7,Sari,,coronavac,,+2,2026-11-20,,F",
        "event_invalid dose",
    ),
    (
        b"N-8,Sari,,coronavac,,2,20/11/2026,,F",
        "event_invalid date",
    ),
    (
        b"N-9,Sari,,coronavac,,2,2026-11-20,2026-11-01,F",
        "event_invalid first_positive",
    ),
    (b"N-10,Sari,,,,,,,F", "event_invalid vaccination"),
    (
        b"N-11,S\xe4ri,,coronavac,,2,2026-11-20,,F",
        "event_invalid event",
    ),
    (
        b"N-12,Sari,88,coronavac,,2,2026-11-20,,F",
        "claim_invalid birth_date",
    ),
    (
        b"N-13,Sari,,coronavac,,2,2026-11-20,,",
        "event_invalid facility",
    ),
    (b"N-14,Sari,,coronavac,,2,2026-11-20,,F", "N-14"),
];

#[test]
fn a_header_that_is_not_the_documented_one_refuses_the_whole() {
    let products = Products::embedded().unwrap();
    for (header, member) in [
        ("source_id,birth_date,facility,nik", Some("nik")),
        ("source_id,birth_date,facility,dose,dose", Some("dose")),
        ("source_id,birth_date", Some("facility")),
        ("", None),
    ] {
        let refused = read(Form::Csv, header.as_bytes(), &products).err().unwrap();
        assert_eq!(
            (refused.code(), refused.member()),
            (Code::RequestInvalid, member)
        );
    }
}

#[test]
fn requests_over_a_ceiling_are_refused_whole_and_files_are_not() {
    let products = Products::embedded().unwrap();
    let lines = "{}\n".repeat(MAX_ROWS + 1);
    let table = format!("{TABLE}{}", "x\n".repeat(MAX_ROWS));
    let blank = vec![b' '; MAX_REQUEST + 1];
    for (form, text) in [
        (Form::Ndjson, lines.as_bytes()),
        (Form::Csv, table.as_bytes()),
        (Form::Json, &blank),
    ] {
        let refused = read(form, text, &products).err().unwrap();
        assert_eq!(refused.code(), Code::InputTooLarge);
        assert!(read_file(form, text, &products).is_ok());
    }
    assert!(read(Form::Ndjson, &lines.as_bytes()[3..], &products).is_ok());
}

#[test]
fn rejected_rows_are_read_again_as_they_were() {
    let mut table = TABLE.as_bytes().to_vec();
    table.extend_from_slice(b"N-2,\"Sa\"\"r\ni, B\",1988,511,9,2026-11-20,\"F\"\n");
    table.extend_from_slice(b"N-3,short\nN-4,long,1988,511,9,2026-11-20,F,,,\n");
    table.extend_from_slice(
        b"N-5,one short,1988,511,9,2026-11-20\nN-6,one long,1988,511,9,2026-11-20,F,x\n",
    );
    let before = fields(Form::Csv, &table);
    for file in written(Form::Csv, &table) {
        assert_eq!(fields(Form::Csv, &file), before);
        // And once more, with the column there already.
        assert_eq!(fields(Form::Csv, &written(Form::Csv, &file)[0]), before);
    }
    let [rejects, _] = written(Form::Csv, &table);
    let text = String::from_utf8(rejects).unwrap();
    assert!(text.starts_with("source_id,family_name,birth_date,cvx,dose,date,facility,problem\n"));
    assert!(
        text.contains(r#",3174001,"dose_invalid dose: why, ""so""""#),
        "{text}"
    );
    let lines = format!("{}\n{{\"source_id\":7}}\nbroken\n", JSON.replace('\n', " "));
    let [rejects, same] = written(Form::Ndjson, lines.as_bytes());
    assert_eq!(
        fields(Form::Ndjson, &same),
        fields(Form::Ndjson, lines.as_bytes())
    );
    assert_eq!(
        fields(Form::Ndjson, &rejects),
        ["N-1", "event_invalid person", "event_invalid person"]
    );
    let text = String::from_utf8(rejects).unwrap();
    assert!(
        text.contains(r#""problem":{"code":"dose_invalid","field":"dose","detail":"why, \"so\""}"#)
    );
    assert!(text.contains(r#"{"row":"broken","problem""#));
    let [_, same] = written(Form::Json, JSON.as_bytes());
    assert_eq!(fields(Form::Ndjson, &same), ["N-1"]);
}
