//! Any bytes as lines of events in our own JSON: nothing panics, no row is lost, the canonical form reads as the same event, and a
//! rejected row stays a row.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::failure::Code;
use lintas::issue::event::Event;
use lintas::issue::event::rejects::Rejects;
use lintas::issue::event::rows::{self, Form};
use lintas::issue::products::Products;
use std::sync::LazyLock;

static PRODUCTS: LazyLock<Products> = LazyLock::new(|| Products::embedded().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let _ = Form::of(bytes);
    let products = &*PRODUCTS;
    for form in [Form::Json, Form::Ndjson] {
        let read = rows::read(form, bytes, products).unwrap();
        let rejects = Rejects::new(form, bytes).unwrap();
        let (left, mut count) = (read.left(), 0);
        for row in read {
            count += 1;
            let failure = Code::DoseInvalid.because("why").about("dose");
            let line = rejects.line(&row, &failure);
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            let Ok(event) = &row.event else { continue };
            let again = Event::from_json(event.to_json(), products).unwrap();
            assert_eq!(*event, again);
            let mut lines = rows::read(Form::Ndjson, &line, products).unwrap();
            assert_eq!(*event, lines.next().unwrap().event.unwrap());
        }
        assert_eq!(left, count);
    }
});
