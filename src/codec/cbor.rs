//! CBOR under ceilings: a scan bounds depth and items before anything is allocated for them, then the item is read.
//!
//! Refuses bytes after the item, duplicate map keys, big numbers, nesting and counts past the ceilings. Indefinite and over-long
//! lengths are read and told.
//!
//! Source: RFC 8949; section 4.1 for preferred serialization, 5.6 for duplicate keys.

use crate::failure::{Code, Failure};
pub use ciborium::Value;

/// Ceilings of one CBOR document.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How deep arrays, maps and tags may nest; a bare item has depth 1.
    pub depth: usize,
    /// How many data items there may be in all: containers, keys and the chunks of strings included.
    pub items: usize,
}

/// One item and what was seen while reading it.
#[derive(Clone, Debug)]
pub struct Document {
    /// The item.
    pub value: Value,
    /// How many data items it is made of.
    pub items: usize,
    /// Whether all lengths and numbers are in preferred serialization.
    pub preferred: bool,
}

/// The one item that `bytes` hold.
///
/// # Errors
/// `cbor_invalid`.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Document, Failure> {
    let mut scan = Scan {
        rest: bytes,
        items: 0,
        preferred: true,
        limits,
    };
    scan.item(1)?;
    if !scan.rest.is_empty() {
        let count = scan.rest.len();
        return Err(Code::CborInvalid.because(format!("{count} bytes follow the item")));
    }
    let (items, preferred) = (scan.items, scan.preferred);
    let value = ciborium::de::from_reader_with_recursion_limit(bytes, 2 * limits.depth + 2)
        .map_err(|error| Code::CborInvalid.caused_by("not a CBOR item", error))?;
    refuse_duplicates(&value)?;
    Ok(Document {
        value,
        items,
        preferred,
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

/// The value of the integer key `label` in a map's `entries`.
pub fn get(entries: &[(Value, Value)], label: i64) -> Option<&Value> {
    entries
        .iter()
        .find(|(key, _)| *key == Value::from(label))
        .map(|(_, value)| value)
}

/// The value of the text key `name` in a map's `entries`.
pub fn get_text<'v>(entries: &'v [(Value, Value)], name: &str) -> Option<&'v Value> {
    entries
        .iter()
        .find(|(key, _)| key.as_text() == Some(name))
        .map(|(_, value)| value)
}

fn refuse_duplicates(value: &Value) -> Result<(), Failure> {
    if let Value::Array(values) = value {
        return values.iter().try_for_each(refuse_duplicates);
    }
    if let Value::Tag(_, value) = value {
        return refuse_duplicates(value);
    }
    let entries = value.as_map().map(Vec::as_slice).unwrap_or_default();
    for (index, (key, value)) in entries.iter().enumerate() {
        if entries
            .iter()
            .take(index)
            .any(|(earlier, _)| earlier == key)
        {
            return Err(Code::CborInvalid.because("a map holds one key twice"));
        }
        refuse_duplicates(key)?;
        refuse_duplicates(value)?;
    }
    Ok(())
}

struct Scan<'a> {
    rest: &'a [u8],
    items: usize,
    preferred: bool,
    limits: Limits,
}

/// A head's argument: a number, or "until the break".
enum Argument {
    Definite(u64),
    Indefinite,
}

impl<'a> Scan<'a> {
    fn item(&mut self, depth: usize) -> Result<(), Failure> {
        let initial = self.byte()?;
        self.item_after(initial, depth)
    }

    fn item_after(&mut self, initial: u8, depth: usize) -> Result<(), Failure> {
        self.count()?;
        if depth > self.limits.depth {
            let limit = self.limits.depth;
            return Err(Code::CborInvalid.because(format!("nested deeper than {limit}")));
        }
        let (major, argument) = (initial >> 5, self.argument(initial)?);
        match (major, argument) {
            (0 | 1, Argument::Definite(_)) => Ok(()),
            (2 | 3, Argument::Definite(length)) => self.skip(length),
            (2 | 3, Argument::Indefinite) => self.chunks(major),
            (4, Argument::Definite(length)) => self.children(length, depth),
            (5, Argument::Definite(length)) => self.children(length.saturating_mul(2), depth),
            (4, Argument::Indefinite) => self.until_break(depth).map(|_| ()),
            (5, Argument::Indefinite) => {
                if self.until_break(depth)? % 2 == 1 {
                    return Err(Code::CborInvalid.because("a map key has no value"));
                }
                Ok(())
            }
            // One number in two spellings: as a key it would slip past the check for duplicates.
            (6, Argument::Definite(2 | 3)) => Err(Code::CborInvalid.because("a big number")),
            (6, Argument::Definite(_)) => self.item(depth + 1),
            (7, Argument::Definite(value)) if initial == SIMPLE_IN_A_BYTE && value < 32 => {
                Err(Code::CborInvalid.because("a simple value in two bytes that fits one"))
            }
            (7, Argument::Definite(_)) => Ok(()),
            _ => Err(Code::CborInvalid.because("a break or length where none may stand")),
        }
    }

    fn count(&mut self) -> Result<(), Failure> {
        self.items += 1;
        if self.items > self.limits.items {
            let limit = self.limits.items;
            return Err(Code::CborInvalid.because(format!("over {limit} items")));
        }
        Ok(())
    }

    fn argument(&mut self, initial: u8) -> Result<Argument, Failure> {
        let (major, info) = (initial >> 5, initial & 0x1f);
        let width = match info {
            0..=23 => return Ok(Argument::Definite(u64::from(info))),
            24..=27 => 1_usize << (info - 24),
            31 => {
                self.preferred = false;
                return Ok(Argument::Indefinite);
            }
            _ => return Err(Code::CborInvalid.because("a reserved length")),
        };
        let value = self
            .take(width)?
            .iter()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let smallest = match width {
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        // Major type 7 holds floats, whose width is not a length.
        if major != 7 && value < smallest {
            self.preferred = false;
        }
        Ok(Argument::Definite(value))
    }

    fn children(&mut self, count: u64, depth: usize) -> Result<(), Failure> {
        // Each child takes a byte at least, so a count past the input ends here, not in a loop.
        if count > u64::try_from(self.rest.len()).unwrap_or(u64::MAX) {
            return Err(ended());
        }
        (0..count).try_for_each(|_| self.item(depth + 1))
    }

    fn until_break(&mut self, depth: usize) -> Result<u64, Failure> {
        let mut count = 0;
        loop {
            match self.byte()? {
                BREAK => return Ok(count),
                initial => self.item_after(initial, depth + 1)?,
            }
            count += 1;
        }
    }

    fn chunks(&mut self, major: u8) -> Result<(), Failure> {
        loop {
            let initial = self.byte()?;
            if initial == BREAK {
                return Ok(());
            }
            self.count()?;
            match self.argument(initial)? {
                Argument::Definite(length) if initial >> 5 == major => self.skip(length)?,
                Argument::Definite(_) | Argument::Indefinite => {
                    return Err(Code::CborInvalid.because("a chunk of another type"));
                }
            }
        }
    }

    fn skip(&mut self, length: u64) -> Result<(), Failure> {
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
            .map(|_| ())
    }

    fn byte(&mut self) -> Result<u8, Failure> {
        let (first, rest) = self.rest.split_first().ok_or_else(ended)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Failure> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(ended)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn ended() -> Failure {
    Code::CborInvalid.because("the bytes end inside an item")
}

const BREAK: u8 = 0xff;
const SIMPLE_IN_A_BYTE: u8 = 0xf8;

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(write(&document.value).unwrap(), bytes);
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
        assert_eq!(reason(&[0x61, 0xff]), "not a CBOR item");
        assert_eq!(reason(&[]), "the bytes end inside an item");
    }
}
