//! Dates and numbers as certificates in circulation spell them: in CBOR tags, as floating-point numbers.
//!
//! Refuses what has no whole number or text in it; each tolerance is a named quirk.
//!
//! Source: RFC 8949, 3.4.1 and RFC 8943 (tags 0 and 1004); observed in the member states' test certificates.

use crate::codec::item::{Item, Kind};
use crate::quirk::{Quirk, Quirks};

/// The text of a date or an instant, which may wear CBOR tag 0 (date and time) or 1004 (date).
pub(super) fn dated<'d>(item: Option<Item<'d>>, quirks: &mut Quirks) -> Option<&'d str> {
    let item = item?;
    if let Kind::Tag(0 | 1004, inner) = item.kind() {
        quirks.note(Quirk::TaggedDatetime);
        return inner.as_text();
    }
    item.as_text()
}

/// A whole number from 1, which may be a float.
pub(super) fn counted(item: Item<'_>, quirks: &mut Quirks) -> Option<u32> {
    let number = if let Kind::Float(number) = item.kind() {
        quirks.note(Quirk::FloatNumber);
        whole(number)
    } else {
        item.as_i64().and_then(|number| u32::try_from(number).ok())
    };
    number.filter(|number| *number >= 1)
}

#[allow(
    clippy::as_conversions,
    reason = "no other conversion exists; range and wholeness are checked before it"
)]
fn whole(number: f64) -> Option<u32> {
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u32)
}
