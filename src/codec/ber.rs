//! BER, read where it stands: elements with any form of length, and the strings that come in pieces.
//!
//! Refuses depth past its ceiling, lengths past the input, identifiers of more than one byte, and bytes after an element.
//! Nothing is encoded again but on request: what was signed is kept as it came.
//!
//! Source: X.690, sections 8.1 (identifier, length, contents) and 8.7 (octet strings); 10.1, 10.2 and 11.6 for DER.

use crate::failure::{Code, Failure};

/// One element as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier octet: class, whether it is constructed, number.
    pub identifier: u8,
    /// The contents, without an end mark.
    pub contents: &'a [u8],
    /// The whole element, its identifier, length and end mark included.
    pub bytes: &'a [u8],
    depth: usize,
}

impl<'a> Element<'a> {
    /// The one element that `bytes` hold.
    ///
    /// # Errors
    /// `cms_invalid`.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Failure> {
        let (element, rest) = first(bytes, 0)?;
        if rest.is_empty() {
            return Ok(element);
        }
        Err(invalid("bytes follow the element"))
    }

    /// The elements in it, one after the other.
    ///
    /// # Errors
    /// `cms_invalid` where it is primitive, or they cannot be read.
    pub fn children(&self) -> Result<Vec<Self>, Failure> {
        if !self.is_constructed() {
            return Err(invalid(
                "a primitive element where others were expected in it",
            ));
        }
        let (mut children, mut rest) = (Vec::new(), self.contents);
        while !rest.is_empty() {
            let (child, after) = first(rest, self.depth + 1)?;
            children.push(child);
            rest = after;
        }
        Ok(children)
    }

    /// The bytes of an octet string, whole or in pieces.
    ///
    /// # Errors
    /// `cms_invalid` where it is none.
    pub fn octets(&self) -> Result<Vec<u8>, Failure> {
        match self.identifier {
            OCTET_STRING => Ok(self.contents.to_vec()),
            identifier if identifier == OCTET_STRING | CONSTRUCTED => {
                let mut whole = Vec::new();
                for piece in self.children()? {
                    whole.extend(piece.octets()?);
                }
                Ok(whole)
            }
            _ => Err(invalid("not an octet string")),
        }
    }

    /// The element in DER under `identifier`: shortest lengths, octet strings whole, sets in order.
    ///
    /// # Errors
    /// `cms_invalid` where it cannot be read to the bottom, or holds another string in pieces.
    pub fn to_der(&self, identifier: u8) -> Result<Vec<u8>, Failure> {
        if !self.is_constructed() {
            return Ok(der(identifier, &[self.contents]));
        }
        if identifier == OCTET_STRING | CONSTRUCTED {
            return Ok(der(OCTET_STRING, &[&self.octets()?]));
        }
        if identifier & CLASS == 0 && !matches!(identifier, SEQUENCE | SET) {
            return Err(invalid("a string in pieces that is no octet string"));
        }
        let children = self.children()?;
        let children = children.iter().map(|child| child.to_der(child.identifier));
        let mut children = children.collect::<Result<Vec<_>, _>>()?;
        if identifier == SET {
            children.sort_unstable();
        }
        let children: Vec<_> = children.iter().map(Vec::as_slice).collect();
        Ok(der(identifier, &children))
    }

    fn is_constructed(&self) -> bool {
        self.identifier & CONSTRUCTED != 0
    }
}

/// `parts`, one after the other, as the contents of an element in DER.
pub fn der(identifier: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(length + 2 + size_of::<usize>());
    bytes.push(identifier);
    match u8::try_from(length) {
        Ok(short) if short < LONG => bytes.push(short),
        Ok(_) | Err(_) => {
            let digits = length.to_be_bytes();
            let leading = digits.iter().take_while(|digit| **digit == 0).count();
            let digits = digits.get(leading..).unwrap_or_default();
            bytes.push(LONG | u8::try_from(digits.len()).unwrap_or_default());
            bytes.extend_from_slice(digits);
        }
    }
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// The first element in `bytes`, and what follows it.
fn first(bytes: &[u8], depth: usize) -> Result<(Element<'_>, &[u8]), Failure> {
    if depth > MAX_DEPTH {
        return Err(invalid(format!("nested deeper than {MAX_DEPTH}")));
    }
    let ([identifier, length], after) = bytes.split_first_chunk::<2>().ok_or_else(ended)?;
    if identifier & NUMBER == NUMBER {
        return Err(invalid("an identifier of several bytes"));
    }
    let contents = match *length {
        LONG => return indefinite(bytes, *identifier, after, depth),
        short if short < LONG => after.split_at_checked(usize::from(short)),
        long => {
            let (digits, after) = after
                .split_at_checked(usize::from(long & !LONG))
                .ok_or_else(ended)?;
            if digits.len() > MAX_LENGTH_BYTES {
                return Err(invalid("a length of too many bytes"));
            }
            let length = digits
                .iter()
                .fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
            after.split_at_checked(length)
        }
    };
    let (contents, rest) = contents.ok_or_else(ended)?;
    let whole = bytes.len() - rest.len();
    let element = Element {
        identifier: *identifier,
        contents,
        bytes: bytes.get(..whole).unwrap_or_default(),
        depth,
    };
    Ok((element, rest))
}

/// The element whose contents begin with `after` and go on until their end mark.
fn indefinite<'a>(
    bytes: &'a [u8],
    identifier: u8,
    after: &'a [u8],
    depth: usize,
) -> Result<(Element<'a>, &'a [u8]), Failure> {
    if identifier & CONSTRUCTED == 0 {
        return Err(invalid("a primitive element without a length"));
    }
    let mut rest = after;
    loop {
        if let Some(following) = rest.strip_prefix(END_MARK) {
            let contents = after.get(..after.len() - rest.len());
            let whole = bytes.get(..bytes.len() - following.len());
            let element = Element {
                identifier,
                contents: contents.unwrap_or_default(),
                bytes: whole.unwrap_or_default(),
                depth,
            };
            return Ok((element, following));
        }
        (_, rest) = first(rest, depth + 1)?;
    }
}

fn invalid(reason: impl Into<String>) -> Failure {
    Code::CmsInvalid.because(reason)
}

fn ended() -> Failure {
    invalid("the bytes end inside an element")
}

/// An octet string.
pub const OCTET_STRING: u8 = 0x04;
/// A sequence.
pub const SEQUENCE: u8 = 0x30;
/// A set.
pub const SET: u8 = 0x31;
const CONSTRUCTED: u8 = 0x20;
const CLASS: u8 = 0xc0;
const NUMBER: u8 = 0x1f;
const LONG: u8 = 0x80;
const END_MARK: &[u8] = &[0, 0];
/// Deeper than any message in circulation, shallow enough to read again at every level.
const MAX_DEPTH: usize = 24;
const MAX_LENGTH_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> bool {
        let whole = Element::read(bytes).and_then(|it| it.to_der(it.identifier));
        whole.is_err_and(|failure| failure.code() == Code::CmsInvalid)
    }

    #[test]
    fn pieces_of_any_length_are_one_octet_string() {
        let whole = [0x04, 0x03, 1, 2, 3];
        for bytes in [
            &whole[..],
            &[0x24, 0x80, 0x04, 0x01, 1, 0x04, 0x02, 2, 3, 0, 0],
            &[0x24, 0x08, 0x04, 0x81, 0x02, 1, 2, 0x04, 0x01, 3],
            &[
                0x24, 0x80, 0x24, 0x80, 0x04, 0x02, 1, 2, 0, 0, 0x04, 0x83, 0, 0, 1, 3, 0, 0,
            ],
        ] {
            let element = Element::read(bytes).unwrap();
            assert_eq!(element.octets().unwrap(), [1, 2, 3]);
            assert_eq!(element.to_der(element.identifier).unwrap(), whole);
            assert_eq!(element.bytes, bytes);
        }
    }

    #[test]
    fn lengths_become_short_and_sets_ordered() {
        let loose = [
            0x31, 0x80, 0x02, 0x01, 9, 0x30, 0x80, 0, 0, 0x02, 0x82, 0, 1, 3, 0, 0,
        ];
        let element = Element::read(&loose).unwrap();
        assert_eq!(
            element.to_der(SET).unwrap(),
            [0x31, 0x08, 0x02, 1, 3, 0x02, 1, 9, 0x30, 0]
        );
        for length in [0, 127, 128, 255, 256, 70_000] {
            let bytes = der(OCTET_STRING, &[&vec![7; length]]);
            assert_eq!(Element::read(&bytes).unwrap().contents.len(), length);
            assert_eq!(
                Element::read(&bytes).unwrap().to_der(OCTET_STRING).unwrap(),
                bytes
            );
        }
    }

    #[test]
    fn what_is_cut_lengthened_or_odd_is_refused() {
        let good = [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 1, 0, 0, 0, 0];
        assert!(!refused(&good));
        for end in 0..good.len() {
            assert!(refused(&good[..end]), "{end}");
        }
        for odd in [
            &[good.as_slice(), &[0]].concat()[..],
            &[0x04, 0x80, 0, 0],
            &[0x1f, 0x01, 0x00],
            &[0x04, 0x85, 0, 0, 0, 0, 0],
            &[0x04, 0xff],
            &[0x24, 0x03, 0x02, 0x01, 0],
            &[0x2c, 0x03, 0x0c, 0x01, b'a'],
        ] {
            assert!(refused(odd), "{odd:02x?}");
        }
    }

    #[test]
    fn depth_is_bounded_whatever_the_lengths() {
        for open in [[0x30, 0x80], [0xa0, 0x80]] {
            assert!(refused(&open.repeat(100_000)));
        }
        let mut nested = vec![0x30, 0x00];
        for _ in 0..MAX_DEPTH {
            nested = der(SEQUENCE, &[&nested]);
        }
        assert!(!refused(&nested));
        assert!(refused(&der(SEQUENCE, &[&nested])));
    }
}
