//! What holders get on paper and as pictures: certificates as PDF and PNG, and the slips that facilities print.
//!
//! Refuses input and output: what is drawn follows from the arguments alone, time included, byte for byte.
//!
//! Source: ISO/IEC 18004 (QR); EU guidelines on paper versions of certificates (a sheet of A4 that folds to a quarter).

mod column;
mod facts;
mod font;
mod pages;
mod picture;
mod sheet;
mod slips;
mod words;

pub use picture::{MAX_PIXELS_PER_MODULE, png};
pub use sheet::{Sheet, pdf};
pub use slips::{MAX_SLIPS, Slip, slips};
