//! What the comparisons share: the measuring, the signers, the published cases, and the verifier that others compose.
//!
//! Refuses to compare across runs: whatever stands in one table ran in one process, round by round.

pub mod cases;
pub mod issuing;
pub mod ordinary;
pub mod rounds;
pub mod signers;
