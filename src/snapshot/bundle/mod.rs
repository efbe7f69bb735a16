//! Bundles: a world in one signed file, for scanners without a network.
//!
//! Refuses to be believed before a root that is pinned proves it, older ones than were seen, other environments, and parts of
//! another bundle: every chunk is named by the SHA-256 over its bytes in the part that is signed.
//!
//! A bundle is CBOR in deterministic encoding:
//!
//! | what | holds |
//! |---|---|
//! | file | `["lintas-bundle", [[root, messages], ...], messages of the key, messages of the epoch, manifest, [chunk, ...]]` |
//! | manifest | COSE_Sign1 of the kind `bundle`, by the key, see [`Manifest`] |
//! | chunk | an array of rows as its part has them, deflated (zlib) |
//!
//! A full one has every chunk that it names; a delta leaves out those of the bundle that it follows, and is the same otherwise.
//!
//! Source: The Update Framework (rollback, freeze, mix and match); RFC 8949, section 4.2.

mod carried;
mod file;
mod manifest;
mod part;
mod root;
mod seen;
mod signers;
mod statements;
mod withdrawn;

pub use file::{BUNDLE, Bundle, Chunks, MAX_BUNDLE, PartOf, Proven};
pub use manifest::Manifest;
pub use root::{BundleKey, EPOCH, KEY, MAX_KEY_S, ROOT, Root, epoch_payload, statement};
pub use seen::{Age, Seen};
pub use statements::{Standing, Statements};

use crate::codec::cbor::{self, Document, Limits};
use crate::codec::item::Item;
use crate::failure::{Code, Failure};
use crate::model::{Environment, UnixTime};

/// The document that all of `bytes` is, at most `ceiling` of them.
fn whole(bytes: &[u8], ceiling: usize) -> Result<Document<'_>, Failure> {
    if bytes.len() > ceiling {
        return Err(Code::InputTooLarge.because(format!("over {ceiling} bytes")));
    }
    cbor::read(bytes, LIMITS).map_err(|failure| invalid(failure.detail()))
}

/// The items of an array of exactly `N`.
fn array<const N: usize>(item: Item<'_>) -> Result<[Item<'_>; N], Failure> {
    let items = item.as_array().ok_or_else(|| invalid("no array"))?;
    let items: Vec<_> = items.take(N + 1).collect();
    let items = items.try_into();
    items.map_err(|_| invalid("an array of another length"))
}

fn environment(item: Item<'_>) -> Result<Environment, Failure> {
    let environment = item.as_text().and_then(Environment::parse);
    environment.ok_or_else(|| invalid("no environment"))
}

fn instant(item: Item<'_>) -> Result<UnixTime, Failure> {
    let instant = item.as_i64().and_then(UnixTime::from_seconds);
    instant.ok_or_else(|| invalid("no instant"))
}

fn count(item: Item<'_>) -> Result<u64, Failure> {
    let count = item.as_i64().and_then(|it| u64::try_from(it).ok());
    count.ok_or_else(|| invalid("no number"))
}

fn invalid(reason: impl Into<String>) -> Failure {
    Code::BundleInvalid.because(reason)
}

/// Far more than anything of ours has.
const LIMITS: Limits = Limits {
    depth: 6,
    items: 200_000,
};
