//! What the EU's and the WHO's gateways send, from anybody: nothing panics, and what is read is written and reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::exchange::dgcg::{
    read_batch, read_issuer, read_message, read_reference, read_rule, read_rule_row,
    read_rule_shape, read_statement, write_batch, write_issuer, write_reference, write_rule,
    write_statement,
};
use lintas::exchange::{read_value_set, write_value_set};
use lintas::trust::Place;

fuzz_target!(|bytes: &[u8]| {
    let place = Place {
        document: "list".to_owned(),
        position: 1,
    };
    if let Ok(statement) = read_statement(place.clone(), bytes) {
        let again = write_statement(&statement).to_string();
        let again = read_statement(place, again.as_bytes()).expect("it was written");
        assert_eq!(again.certificate, statement.certificate);
        assert_eq!(again.signature, statement.signature);
        assert_eq!(
            (again.role, again.country),
            (statement.role, statement.country)
        );
    }
    if let Ok(batch) = read_batch("id", bytes) {
        let again = write_batch(&batch).to_string();
        assert_eq!(
            read_batch("id", again.as_bytes()).expect("it was written"),
            batch
        );
    }
    let shape = read_rule_shape(bytes);
    if let Ok(rule) = read_rule(bytes) {
        let again = write_rule(&rule).to_string();
        assert_eq!(read_rule(again.as_bytes()).expect("it was written"), rule);
        if let Ok(shape) = shape {
            assert_eq!(shape, rule);
        }
    }
    if let Ok(issuer) = read_issuer(bytes) {
        let again = write_issuer(&issuer).to_string();
        assert_eq!(
            read_issuer(again.as_bytes()).expect("it was written"),
            issuer
        );
    }
    if let Ok(reference) = read_reference(bytes) {
        let again = write_reference(&reference).to_string();
        assert_eq!(
            read_reference(again.as_bytes()).expect("it was written"),
            reference
        );
    }
    if let Ok(set) = read_value_set(bytes) {
        let again = write_value_set(&set).to_string();
        assert_eq!(
            read_value_set(again.as_bytes()).expect("it was written"),
            set
        );
    }
    let _ = read_rule_row(bytes).and_then(|cms| read_message(cms.as_bytes()));
});
