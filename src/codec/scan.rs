//! The one pass over the bytes of a CBOR item that makes nodes of them.
//!
//! Refuses what `cbor` says it does, as soon as it is seen: nothing is kept for a length or a count that the bytes cannot
//! hold.
//!
//! Source: RFC 8949, section 3 and appendix C.

use super::cbor::Limits;
use super::item::{Entries, Node};
use crate::failure::{Code, Failure};
use std::borrow::Cow;
use std::cell::RefCell;

/// A failure behind one pointer, so that every step that does not fail answers in a register.
pub(super) type Fault = Box<Failure>;

/// What is left to read, and what was read.
pub(super) struct Scan<'a> {
    pub(super) rest: &'a [u8],
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) items: usize,
    pub(super) preferred: bool,
    limits: Limits,
}

/// A head's argument: a number, or "until the break".
enum Argument {
    Definite(u64),
    Indefinite,
}

impl<'a> Scan<'a> {
    pub(super) fn new(bytes: &'a [u8], limits: Limits) -> Self {
        let mut nodes = emptied(NODES.with_borrow_mut(Vec::pop).unwrap_or_default());
        nodes.reserve(USUAL);
        Self {
            rest: bytes,
            nodes,
            items: 0,
            preferred: true,
            limits,
        }
    }

    /// Reads one item, at the depth `depth`, and all that is in it.
    pub(super) fn item(&mut self, depth: usize) -> Result<(), Fault> {
        let initial = self.byte()?;
        self.item_after(initial, depth)
    }

    fn item_after(&mut self, initial: u8, depth: usize) -> Result<(), Fault> {
        self.count()?;
        if depth > self.limits.depth {
            let limit = self.limits.depth;
            return Err(fault(format!("nested deeper than {limit}")));
        }
        let (major, argument) = (initial >> 5, self.argument(initial)?);
        let node = match (major, argument) {
            (0, Argument::Definite(number)) => Node::Unsigned(number),
            (1, Argument::Definite(number)) => Node::Negative(number),
            (2, Argument::Definite(length)) => Node::Bytes(Cow::Borrowed(self.run(length)?)),
            (3, Argument::Definite(length)) => Node::Text(Cow::Borrowed(text(self.run(length)?)?)),
            (2, Argument::Indefinite) => {
                let mut whole = Vec::new();
                self.chunks(major, |chunk| {
                    whole.extend_from_slice(chunk);
                    Ok(())
                })?;
                Node::Bytes(Cow::Owned(whole))
            }
            (3, Argument::Indefinite) => {
                let mut whole = String::new();
                self.chunks(major, |chunk| {
                    whole.push_str(text(chunk)?);
                    Ok(())
                })?;
                Node::Text(Cow::Owned(whole))
            }
            (4, argument) => return self.array(argument, depth),
            (5, argument) => return self.map(argument, depth),
            // One number in two spellings: as a key it would slip past the check for duplicates.
            (6, Argument::Definite(2 | 3)) => {
                return Err(fault("a big number"));
            }
            (6, Argument::Definite(tag)) => {
                let position = self.open(Node::Tag(tag, 0));
                self.item(depth + 1)?;
                self.close(position);
                return Ok(());
            }
            (7, Argument::Definite(value)) => other(initial, value)?,
            _ => return Err(fault("a break or length where none may stand")),
        };
        self.nodes.push(node);
        Ok(())
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.items += 1;
        if self.items > self.limits.items {
            let limit = self.limits.items;
            return Err(fault(format!("over {limit} items")));
        }
        Ok(())
    }

    #[inline]
    fn argument(&mut self, initial: u8) -> Result<Argument, Fault> {
        let info = initial & 0x1f;
        if info < 24 {
            return Ok(Argument::Definite(u64::from(info)));
        }
        self.long_argument(initial)
    }

    fn long_argument(&mut self, initial: u8) -> Result<Argument, Fault> {
        let (major, info) = (initial >> 5, initial & 0x1f);
        let width = match info {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            31 => {
                self.preferred = false;
                return Ok(Argument::Indefinite);
            }
            _ => return Err(fault("a reserved length")),
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

    fn array(&mut self, length: Argument, depth: usize) -> Result<(), Fault> {
        let position = self.open(Node::Array(0));
        match length {
            Argument::Definite(count) => {
                self.fits(count)?;
                for _ in 0..count {
                    self.item(depth + 1)?;
                }
            }
            Argument::Indefinite => {
                while let Some(initial) = self.unless_break()? {
                    self.item_after(initial, depth + 1)?;
                }
            }
        }
        self.close(position);
        Ok(())
    }

    fn map(&mut self, length: Argument, depth: usize) -> Result<(), Fault> {
        let position = self.open(Node::Map(0));
        let mut keys = Keys::default();
        match length {
            Argument::Definite(count) => {
                self.fits(count.saturating_mul(2))?;
                for _ in 0..count {
                    let key = self.nodes.len();
                    self.item(depth + 1)?;
                    keys.take(self.nodes.get(key))?;
                    self.item(depth + 1)?;
                }
            }
            Argument::Indefinite => {
                while let Some(initial) = self.unless_break()? {
                    let key = self.nodes.len();
                    self.item_after(initial, depth + 1)?;
                    keys.take(self.nodes.get(key))?;
                    let value = self.unless_break()?;
                    let value = value.ok_or_else(|| fault("a map key has no value"))?;
                    self.item_after(value, depth + 1)?;
                }
            }
        }
        self.close(position);
        if keys.all_compared() {
            return Ok(());
        }
        let nodes = self.nodes.get(position + 1..).unwrap_or_default();
        let entries = Entries::of(nodes);
        // Each is compared with each.
        if entries.iter().nth(MAX_COMPARED).is_some() {
            return Err(fault(format!(
                "a map with over {MAX_COMPARED} unusual keys"
            )));
        }
        refuse_duplicates(entries)
    }

    /// Each child takes a byte at least, so a count past the input ends here, not in a loop.
    fn fits(&self, count: u64) -> Result<(), Fault> {
        if count > u64::try_from(self.rest.len()).unwrap_or(u64::MAX) {
            return Err(ended());
        }
        Ok(())
    }

    fn chunks(
        &mut self,
        major: u8,
        mut each: impl FnMut(&'a [u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        while let Some(initial) = self.unless_break()? {
            self.count()?;
            match self.argument(initial)? {
                Argument::Definite(length) if initial >> 5 == major => each(self.run(length)?)?,
                Argument::Definite(_) | Argument::Indefinite => {
                    return Err(fault("a chunk of another type"));
                }
            }
        }
        Ok(())
    }

    /// Begins a container; its size is known at [`close`](Self::close).
    fn open(&mut self, node: Node<'a>) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn close(&mut self, position: usize) {
        let length = self.nodes.len() - position;
        if let Some(Node::Array(size) | Node::Map(size) | Node::Tag(_, size)) =
            self.nodes.get_mut(position)
        {
            *size = length;
        }
    }

    fn unless_break(&mut self) -> Result<Option<u8>, Fault> {
        self.byte()
            .map(|initial| (initial != BREAK).then_some(initial))
    }

    fn run(&mut self, length: u64) -> Result<&'a [u8], Fault> {
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.rest.split_first().ok_or_else(ended)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(ended)?;
        self.rest = rest;
        Ok(taken)
    }
}

thread_local! {
    /// Memory for nodes of as many documents as are open at once.
    static NODES: RefCell<Vec<Vec<Node<'static>>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the memory of `nodes`, and nothing that is in it, for the next document on this thread.
pub(super) fn keep(nodes: Vec<Node<'_>>) {
    NODES.with_borrow_mut(|kept| {
        if kept.len() < MAX_KEPT {
            kept.push(emptied(nodes));
        }
    });
}

/// The same memory for nodes that borrow elsewhere: there is nothing left to convert, and a vector that is collected from
/// one of the same layout takes over its memory.
#[expect(
    clippy::unnecessary_filter_map,
    reason = "a filter would keep the borrow, which is what is to go"
)]
fn emptied<'a>(mut nodes: Vec<Node<'_>>) -> Vec<Node<'a>> {
    nodes.clear();
    nodes.into_iter().filter_map(|_| None).collect()
}

/// The keys of one map: those of the usual kind, short texts and small numbers, are compared as they come.
#[derive(Default)]
struct Keys {
    seen: [u64; 16],
    count: usize,
    others: bool,
}

impl Keys {
    fn take(&mut self, key: Option<&Node<'_>>) -> Result<(), Fault> {
        match (key.and_then(Node::packed), self.seen.get_mut(self.count)) {
            (Some(key), Some(place)) => {
                *place = key;
                if self.seen.iter().take(self.count).any(|seen| *seen == key) {
                    return Err(twice());
                }
                self.count += 1;
            }
            _ => self.others = true,
        }
        Ok(())
    }

    fn all_compared(&self) -> bool {
        !self.others
    }
}

fn refuse_duplicates(entries: Entries<'_>) -> Result<(), Fault> {
    for (index, (key, _)) in entries.iter().enumerate() {
        if entries
            .iter()
            .take(index)
            .any(|(earlier, _)| earlier == key)
        {
            return Err(twice());
        }
    }
    Ok(())
}

/// A float or simple value; `undefined` reads as null.
fn other<'a>(initial: u8, value: u64) -> Result<Node<'a>, Fault> {
    let [.., a, b, c, d] = value.to_be_bytes();
    Ok(match (initial, value) {
        (0xf4, _) => Node::Bool(false),
        (0xf5, _) => Node::Bool(true),
        (0xf6 | 0xf7, _) => Node::Null,
        (0xf8, 0..32) => {
            return Err(fault("a simple value in two bytes that fits one"));
        }
        (0xf9, _) => Node::Float(half(u16::from_be_bytes([c, d]))),
        (0xfa, _) => Node::Float(f32::from_be_bytes([a, b, c, d]).into()),
        (0xfb, _) => Node::Float(f64::from_bits(value)),
        _ => return Err(fault("an unknown simple value")),
    })
}

/// The number in IEEE 754 binary16.
///
/// Source: RFC 8949, appendix D.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (bits >> 10 & 0x1f, f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2_f64.powi(i32::from(exponent) - 25),
    };
    if bits & 0x8000 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes)
        .map_err(|error| Box::new(Code::CborInvalid.caused_by("text that is not UTF-8", error)))
}

#[cold]
fn fault(reason: impl Into<String>) -> Fault {
    Box::new(Code::CborInvalid.because(reason))
}

#[cold]
fn ended() -> Fault {
    fault("the bytes end inside an item")
}

#[cold]
fn twice() -> Fault {
    fault("a map holds one key twice")
}

const BREAK: u8 = 0xff;
/// Keys of a map that are not all short texts or small numbers, or are more than sixteen.
const MAX_COMPARED: usize = 64;
/// A message and its protected header are open at once.
const MAX_KEPT: usize = 2;
/// Nodes of a usual document.
const USUAL: usize = 64;
