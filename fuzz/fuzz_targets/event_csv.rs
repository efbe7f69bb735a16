//! Any bytes as a table of events: nothing panics, no row is lost, and a row that is written again reads as it did.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::failure::Code;
use lintas::issue::event::rejects::Rejects;
use lintas::issue::event::rows::{self, Form};
use lintas::issue::products::Products;
use std::sync::LazyLock;

static PRODUCTS: LazyLock<Products> = LazyLock::new(|| Products::embedded().unwrap());

/// Every column, so that the fuzzer need not find the header.
const HEADER: &[u8] = b"source_id,action,family_name,given_name,family_name_icao,given_name_icao,birth_date,product,kfa,cvx,\
dose,date,lot,test,sampled_at,result,centre,first_positive,facility,operator,profiles,destination,problem\n";

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&[HEADER, bytes].concat());
});

fn check(bytes: &[u8]) {
    let products = &*PRODUCTS;
    let Ok(read) = rows::read(Form::Csv, bytes, products) else {
        return;
    };
    let rejects = Rejects::new(Form::Csv, bytes).unwrap();
    let (left, mut count) = (read.left(), 0);
    for row in read {
        count += 1;
        // Each row makes two tables more.
        if count > 50 {
            continue;
        }
        let failure = Code::DoseInvalid.because("why, \"so\"").about("dose");
        for line in [rejects.line(&row, &failure), rejects.same(&row)] {
            let file = [rejects.head().unwrap(), line].concat();
            let mut again = rows::read(Form::Csv, &file, products).unwrap();
            let again = again.next().unwrap().event;
            match (&row.event, again) {
                (Ok(event), Ok(again)) => assert_eq!(*event, again),
                (Err(_), Err(_)) => {}
                _ => panic!("a row changed"),
            }
        }
    }
    assert_eq!(left, count);
}
