//! The view of a CBOR item that was read: what it is, and what stands in it.
//!
//! Refuses to copy: an item is a run of nodes, the item itself and then all that is in it, in the order of the bytes.
//!
//! Source: RFC 8949, section 3.

use std::borrow::Cow;

/// One data item of a document.
///
/// Two items are equal where they hold the same, however it was encoded. A number is never equal to a float, and NaN
/// to nothing.
#[derive(Clone, Copy, PartialEq)]
pub struct Item<'d>(&'d [Node<'d>]);

/// What an item is.
#[derive(Clone)]
pub enum Kind<'d> {
    /// A number from -2^64 to 2^64 - 1.
    Integer(i128),
    /// Bytes.
    Bytes(&'d [u8]),
    /// Text.
    Text(&'d str),
    /// A list.
    Array(Items<'d>),
    /// A map without duplicate keys.
    Map(Entries<'d>),
    /// A tag and what wears it.
    Tag(u64, Item<'d>),
    /// True or false.
    Bool(bool),
    /// Null or undefined.
    Null,
    /// A floating-point number of any width.
    Float(f64),
}

impl<'d> Item<'d> {
    pub(super) fn of(nodes: &'d [Node<'d>]) -> Self {
        Self(nodes)
    }

    /// What it is.
    pub fn kind(self) -> Kind<'d> {
        // An item has a node at least, so the null is never made up.
        let Some((first, within)) = self.0.split_first() else {
            return Kind::Null;
        };
        match first {
            Node::Unsigned(number) => Kind::Integer(i128::from(*number)),
            Node::Negative(number) => Kind::Integer(-1 - i128::from(*number)),
            Node::Bytes(bytes) => Kind::Bytes(bytes),
            Node::Text(text) => Kind::Text(text),
            Node::Array(_) => Kind::Array(Items(within)),
            Node::Map(_) => Kind::Map(Entries(within)),
            Node::Tag(tag, _) => Kind::Tag(*tag, Item(within)),
            Node::Bool(value) => Kind::Bool(*value),
            Node::Null => Kind::Null,
            Node::Float(number) => Kind::Float(*number),
        }
    }

    /// The text, if it is one.
    pub fn as_text(self) -> Option<&'d str> {
        if let Some(Node::Text(text)) = self.0.first() {
            Some(text)
        } else {
            None
        }
    }

    /// The bytes, if it is bytes.
    pub fn as_bytes(self) -> Option<&'d [u8]> {
        if let Some(Node::Bytes(bytes)) = self.0.first() {
            Some(bytes)
        } else {
            None
        }
    }

    /// The number, if it is one and fits.
    pub fn as_i64(self) -> Option<i64> {
        match self.0.first()? {
            Node::Unsigned(number) => i64::try_from(*number).ok(),
            Node::Negative(number) => i64::try_from(*number).ok().map(|number| -1 - number),
            Node::Bytes(_)
            | Node::Text(_)
            | Node::Array(_)
            | Node::Map(_)
            | Node::Tag(..)
            | Node::Bool(_)
            | Node::Null
            | Node::Float(_) => None,
        }
    }

    /// The items of a list, if it is one.
    pub fn as_array(self) -> Option<Items<'d>> {
        match self.0.split_first()? {
            (Node::Array(_), within) => Some(Items(within)),
            _ => None,
        }
    }

    /// The entries of a map, if it is one.
    pub fn as_map(self) -> Option<Entries<'d>> {
        match self.0.split_first()? {
            (Node::Map(_), within) => Some(Entries(within)),
            _ => None,
        }
    }
}

/// The items of a list, in order.
#[derive(Clone)]
pub struct Items<'d>(&'d [Node<'d>]);

impl<'d> Iterator for Items<'d> {
    type Item = Item<'d>;

    fn next(&mut self) -> Option<Item<'d>> {
        let size = self.0.first()?.size();
        let (item, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(Item(item))
    }
}

/// The entries of a map, in the order of the bytes.
#[derive(Clone, Copy, Default)]
pub struct Entries<'d>(&'d [Node<'d>]);

impl<'d> Entries<'d> {
    pub(super) fn of(nodes: &'d [Node<'d>]) -> Self {
        Self(nodes)
    }

    /// The value of the integer key `label`.
    pub fn get(self, label: i64) -> Option<Item<'d>> {
        self.find(|key| Item(std::slice::from_ref(key)).as_i64() == Some(label))
    }

    /// The value of the text key `name`.
    pub fn get_text(self, name: &str) -> Option<Item<'d>> {
        // Most keys differ in their first letter, which is cheaper to compare than texts are.
        let first = name.as_bytes().first();
        self.find(|key| {
            matches!(key, Node::Text(text) if text.as_bytes().first() == first && text == name)
        })
    }

    /// Keys and values.
    pub fn iter(self) -> impl Iterator<Item = (Item<'d>, Item<'d>)> {
        let mut items = Items(self.0);
        std::iter::from_fn(move || Some((items.next()?, items.next()?)))
    }

    fn find(self, is_key: impl Fn(&Node<'d>) -> bool) -> Option<Item<'d>> {
        let mut items = Items(self.0);
        loop {
            let key = items.next()?;
            let value = items.next()?;
            if key.0.first().is_some_and(&is_key) {
                return Some(value);
            }
        }
    }
}

/// A data item without what is in it. Containers know how many nodes they and all within them are.
#[derive(Clone, PartialEq)]
pub(super) enum Node<'a> {
    Unsigned(u64),
    /// -1 less this.
    Negative(u64),
    Bytes(Cow<'a, [u8]>),
    Text(Cow<'a, str>),
    Array(usize),
    Map(usize),
    Tag(u64, usize),
    Bool(bool),
    Null,
    Float(f64),
}

impl Node<'_> {
    fn size(&self) -> usize {
        match self {
            Self::Array(size) | Self::Map(size) | Self::Tag(_, size) => *size,
            Self::Unsigned(_)
            | Self::Negative(_)
            | Self::Bytes(_)
            | Self::Text(_)
            | Self::Bool(_)
            | Self::Null
            | Self::Float(_) => 1,
        }
    }

    /// A short text or a small number as one word; no two different ones have the same.
    pub(super) fn packed(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) if *number < LARGE => Some(*number),
            Self::Negative(number) if *number < LARGE => Some(NEGATIVE | number),
            // Each byte has a place, and a leading one tells the length.
            Self::Text(text) if text.len() <= 6 => Some(
                TEXT | text
                    .bytes()
                    .fold(1, |packed, byte| packed << 8 | u64::from(byte)),
            ),
            Self::Unsigned(_)
            | Self::Negative(_)
            | Self::Bytes(_)
            | Self::Text(_)
            | Self::Array(_)
            | Self::Map(_)
            | Self::Tag(..)
            | Self::Bool(_)
            | Self::Null
            | Self::Float(_) => None,
        }
    }
}

const LARGE: u64 = 1 << 48;
const NEGATIVE: u64 = 1 << 62;
const TEXT: u64 = 1 << 63;
