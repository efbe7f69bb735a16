//! CBOR under ceilings, read in one pass into a flat list of items that borrow their bytes.
//!
//! Refuses bytes after the item, duplicate map keys, big numbers, unknown simple values, text that is not UTF-8, nesting
//! and counts past the ceilings. Indefinite and over-long lengths are read and told.
//!
//! Source: RFC 8949; section 4.1 for preferred serialization, 5.6 for duplicate keys. The crate `ciborium` writes, and is
//! the reference of `tests/pipeline.rs`; reading with it costs a tree of copies.

use super::item::{Item, Node};
use super::scan::{self, Scan};
use crate::failure::{Code, Failure};
pub use ciborium::Value;
use std::fmt;

/// Ceilings of one CBOR document.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How deep arrays, maps and tags may nest; a bare item has depth 1.
    pub depth: usize,
    /// How many data items there may be in all: containers, keys and the chunks of strings included.
    pub items: usize,
}

/// One item and what was seen while reading it.
pub struct Document<'a> {
    nodes: Vec<Node<'a>>,
    /// How many data items it is made of.
    pub items: usize,
    /// Whether all lengths and numbers are in preferred serialization.
    pub preferred: bool,
}

impl Document<'_> {
    /// The item.
    pub fn root(&self) -> Item<'_> {
        Item::of(&self.nodes)
    }
}

impl Drop for Document<'_> {
    fn drop(&mut self) {
        scan::keep(std::mem::take(&mut self.nodes));
    }
}

impl fmt::Debug for Document<'_> {
    /// How large it is, and nothing of what it holds: that may be personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} items)", self.items)
    }
}

/// The one item that `bytes` hold.
///
/// What it keeps is bounded by the ceiling of items, 32 bytes each, and by `bytes` for strings that come in chunks. The
/// memory for items is kept for the next document on this thread.
///
/// # Errors
/// `cbor_invalid`.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Document<'_>, Failure> {
    let mut scan = Scan::new(bytes, limits);
    scan.item(1).map_err(|fault| *fault)?;
    if !scan.rest.is_empty() {
        let count = scan.rest.len();
        return Err(Code::CborInvalid.because(format!("{count} bytes follow the item")));
    }
    Ok(Document {
        nodes: scan.nodes,
        items: scan.items,
        preferred: scan.preferred,
    })
}

/// `value` in CBOR, in the order it has.
///
/// # Errors
/// `internal` if the writer fails, which memory alone could cause.
pub fn write(value: &Value) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes)
        .map_err(|error| Code::Internal.caused_by("CBOR was not written", error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::item::Kind;

    const LIMITS: Limits = Limits {
        depth: 4,
        items: 16,
    };

    fn reason(bytes: &[u8]) -> String {
        let failure = read(bytes, LIMITS).unwrap_err();
        assert_eq!(failure.code(), Code::CborInvalid);
        failure.detail().to_owned()
    }

    #[test]
    fn preferred_serialization_reads_back_the_same() {
        let bytes = [
            0xa2, 0x01, 0x62, b'Z', b'Z', 0x39, 0x01, 0x03, 0xa1, 0x01, 0xf6,
        ];
        let document = read(&bytes, LIMITS).unwrap();
        assert!(document.preferred);
        assert_eq!(document.items, 7);
        let entries = document.root().as_map().unwrap();
        assert_eq!(entries.get(1).and_then(Item::as_text), Some("ZZ"));
        let inner = entries.get(-260).and_then(Item::as_map).unwrap();
        assert!(matches!(inner.get(1).unwrap().kind(), Kind::Null));
    }

    #[test]
    fn indefinite_and_over_long_lengths_are_read_and_told() {
        for bytes in [
            &[0xbf, 0x01, 0x02, 0xff][..],
            &[0x7f, 0x61, b'a', 0xff],
            &[0x18, 0x01],
        ] {
            assert!(!read(bytes, LIMITS).unwrap().preferred, "{bytes:x?}");
        }
    }

    #[test]
    fn big_numbers_are_refused_in_every_spelling() {
        for bytes in [
            &[0xc3, 0x5f, 0xff][..],
            &[0xc3, 0x40],
            &[0xc2, 0x41, 0x04],
            &[0xd8, 0x02, 0x40],
        ] {
            assert_eq!(reason(bytes), "a big number");
        }
    }

    #[test]
    fn ceilings_hold() {
        assert_eq!(
            reason(&[0x81, 0x81, 0x81, 0x81, 0x01]),
            "nested deeper than 4"
        );
        assert_eq!(
            reason(&[0xc0, 0xc0, 0xc0, 0xc0, 0x01]),
            "nested deeper than 4"
        );
        assert_eq!(
            reason(&[&[0x90][..], &[0x01; 16]].concat()),
            "over 16 items"
        );
        assert_eq!(
            reason(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            "the bytes end inside an item"
        );
        assert_eq!(
            reason(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]),
            "the bytes end inside an item"
        );
    }

    #[test]
    fn duplicates_trailing_bytes_and_stray_breaks_are_refused() {
        assert_eq!(
            reason(&[0xa2, 0x01, 0x01, 0x01, 0x02]),
            "a map holds one key twice"
        );
        assert_eq!(
            reason(&[0xa2, 0x01, 0x01, 0x18, 0x01, 0x02]),
            "a map holds one key twice"
        );
        assert_eq!(reason(&[0x01, 0x01]), "1 bytes follow the item");
        assert_eq!(reason(&[0xff]), "a break or length where none may stand");
        assert_eq!(reason(&[0xbf, 0x01, 0xff]), "a map key has no value");
        assert_eq!(reason(&[0x1c]), "a reserved length");
        assert_eq!(
            reason(&[0xf8, 0x16]),
            "a simple value in two bytes that fits one"
        );
        assert_eq!(reason(&[0x7f, 0x41, b'a', 0xff]), "a chunk of another type");
        assert_eq!(reason(&[0x61, 0xff]), "text that is not UTF-8");
        assert_eq!(reason(&[0xf8, 0x20]), "an unknown simple value");
        assert_eq!(reason(&[0xe0]), "an unknown simple value");
        assert_eq!(reason(&[]), "the bytes end inside an item");
    }

    #[test]
    fn long_and_strange_keys_are_compared_too() {
        let long = [&[0x67][..], b"seventh"].concat();
        let twice = [&[0xa2][..], &long, &[0x01], &long, &[0x02]].concat();
        assert_eq!(reason(&twice), "a map holds one key twice");
        // [1] and, of indefinite length, [1] again.
        let lists = [0xa2, 0x81, 0x01, 0x01, 0x9f, 0x01, 0xff, 0x02];
        assert_eq!(reason(&lists), "a map holds one key twice");
        // 1.5 in two widths.
        let floats = [0xa2, 0xf9, 0x3e, 0x00, 1, 0xfa, 0x3f, 0xc0, 0, 0, 2];
        assert_eq!(reason(&floats), "a map holds one key twice");
        let many = Limits {
            depth: 2,
            items: 99,
        };
        let keys: Vec<u8> = (0..20).flat_map(|key| [key, 0]).collect();
        assert!(read(&[&[0xb4][..], &keys].concat(), many).is_ok());
        let again = [&[0xb5][..], &keys, &[0x18, 0x13, 0x00]].concat();
        assert!(read(&again, many).is_err());
        assert!(read(&[0xa2, 0x01, 0x01, 0x61, 0x01, 0x02], LIMITS).is_ok());
    }

    #[test]
    fn chunks_are_joined() {
        let text = [0x7f, 0x61, b'a', 0x62, b'b', b'c', 0xff];
        assert_eq!(read(&text, LIMITS).unwrap().root().as_text(), Some("abc"));
        let bytes = [0x5f, 0x41, 1, 0x40, 0x42, 2, 3, 0xff];
        let document = read(&bytes, LIMITS).unwrap();
        assert_eq!(document.root().as_bytes(), Some(&[1, 2, 3][..]));
        // One letter over two chunks: each is text by itself.
        assert_eq!(
            reason(&[0x7f, 0x61, 0xc3, 0x61, 0xa9, 0xff]),
            "text that is not UTF-8"
        );
    }
}
