//! The known-signer engine against the libraries, on random signatures and through the public door.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "support/differential.rs"]
mod differential;

use differential::Differential;

/// `examples/engine_differential.rs` does so for as many as there is time for.
#[test]
fn every_judge_gives_one_answer_to_ten_thousand_random_signatures() {
    let tally = Differential::new(20_260_601, 6).run(10_000);
    assert_eq!(tally.judged, 10_000);
    assert!((4_000..6_000).contains(&tally.valid), "{tally:?}");
}
