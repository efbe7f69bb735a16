//! Any bytes as bundles: nothing panics, no row is lost, and a resource that is written again reads as it did.

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
    let products = &*PRODUCTS;
    let Ok(read) = rows::read(Form::Fhir, bytes, products) else {
        return;
    };
    let rejects = Rejects::new(Form::Fhir, bytes).unwrap();
    let (left, mut count) = (read.left(), 0);
    for row in read {
        count += 1;
        let failure = Code::DoseInvalid.because("why").about("dose");
        for line in [rejects.line(&row, &failure), rejects.same(&row)] {
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            let Ok(event) = &row.event else { continue };
            let mut again = rows::read(Form::Fhir, &line, products).unwrap();
            assert_eq!(*event, again.next().unwrap().event.unwrap());
            assert!(again.next().is_none());
            let canonical = Event::from_json(event.to_json(), products).unwrap();
            assert_eq!(*event, canonical);
        }
    }
    assert_eq!(left, count);
});
