//! Bytes to structure and back. Knows no health and no trust; every reader here is bounded.
//!
//! Refuses input past its named ceilings, trailing bytes, and duplicates; consumes all input or fails.

pub mod base45;
pub mod ber;
pub mod cbor;
pub mod cms;
pub mod cose;
pub mod cwt;
pub mod deflate;
pub mod field;
pub mod item;
pub mod json;
pub mod jws;
pub mod pkcs10;
mod scan;
pub mod typed;
pub mod x509;
