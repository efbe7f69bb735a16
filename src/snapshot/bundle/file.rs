//! A bundle as a file, full or as a delta, both ways.
//!
//! Refuses chunks whose bytes are not those of their name or that nobody names, and to give a world before all is proven.

use super::manifest::Manifest;
use super::part::{Draft, PARTS};
use super::root::{BundleKey, Root, read_epoch};
use super::{array, invalid, whole};
use crate::codec::cbor::{self, Value};
use crate::codec::deflate::{deflate, inflate};
use crate::codec::item::Item;
use crate::codec::typed::{self, Kind, Typed};
use crate::crypto::{self, sha256};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

/// What the COSE message of a manifest is.
pub const BUNDLE: Kind = Kind::named("bundle");

/// Chunks, under the SHA-256 over their bytes.
pub type Chunks = BTreeMap<Thumbprint, Vec<u8>>;

/// A bundle as received; nothing in it is proven.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// Roots, each with the messages by which the one before and itself say that it follows; the first is for whoever pinned it.
    pub roots: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// The messages by which the last root names the key.
    pub key: Vec<Vec<u8>>,
    /// The messages by which the last root states the epoch; none for the first.
    pub epoch: Vec<Vec<u8>>,
    /// The signed manifest.
    pub manifest: Vec<u8>,
    /// Its chunks.
    pub chunks: Chunks,
}

/// What was proven of a bundle.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The root that counts from now on.
    pub root: Root,
    /// Which world it is.
    pub manifest: Manifest,
    /// SHA-256 over the signed manifest, by which the bundle is known.
    pub name: Thumbprint,
}

/// What of a part is in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartOf {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has, where all of it is there and they can be counted; of withdrawn certificates those in no layer.
    pub rows: Option<usize>,
    /// How many chunks it has.
    pub chunks: usize,
    /// How many of them are in the bundle that it follows.
    pub missing: usize,
    /// The bytes of the others.
    pub bytes: usize,
}

impl Bundle {
    /// Whether a file that begins with `bytes` is meant to be a bundle.
    pub fn is_meant(bytes: &[u8]) -> bool {
        bytes.starts_with(BEGINS)
    }

    /// The bundle in `bytes`.
    ///
    /// # Errors
    /// `bundle_invalid`; `input_too_large` over [`MAX_BUNDLE`].
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let document = whole(bytes, MAX_BUNDLE)?;
        let [magic, roots, key, epoch, manifest, chunks] = array(document.root())?;
        if magic.as_text() != Some(MAGIC) {
            return Err(invalid("no bundle"));
        }
        let roots = items(roots, MAX_ROOTS)?.into_iter().map(|root| {
            let [root, messages] = array(root)?;
            Ok((bytes_of(root)?, messages_of(messages)?))
        });
        let chunks = items(chunks, usize::MAX)?.into_iter().map(|chunk| {
            let chunk = bytes_of(chunk)?;
            Ok((Thumbprint(sha256(&chunk)), chunk))
        });
        Ok(Self {
            roots: roots.collect::<Result<_, Failure>>()?,
            key: messages_of(key)?,
            epoch: messages_of(epoch)?,
            manifest: bytes_of(manifest)?,
            chunks: chunks.collect::<Result<_, Failure>>()?,
        })
    }

    /// Its bytes.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn write(&self) -> Result<Vec<u8>, Failure> {
        let messages = |messages: &[Vec<u8>]| {
            Value::Array(messages.iter().cloned().map(Value::Bytes).collect())
        };
        let roots = self
            .roots
            .iter()
            .map(|(root, signed)| Value::Array(vec![Value::Bytes(root.clone()), messages(signed)]));
        cbor::write(&Value::Array(vec![
            Value::Text(MAGIC.to_owned()),
            Value::Array(roots.collect()),
            messages(&self.key),
            messages(&self.epoch),
            Value::Bytes(self.manifest.clone()),
            Value::Array(self.chunks.values().cloned().map(Value::Bytes).collect()),
        ]))
    }

    /// The chunks of `snapshot`, and their names by part, in the order of the parts.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn chunks_of(snapshot: &Snapshot) -> Result<(Vec<Vec<Thumbprint>>, Chunks), Failure> {
        let (mut named, mut chunks) = (Vec::new(), BTreeMap::new());
        for part in &PARTS {
            let mut names = Vec::new();
            (part.chunks)(snapshot, &mut |chunk| {
                let chunk = deflate(&chunk)?;
                let name = Thumbprint(sha256(&chunk));
                names.push(name);
                chunks.insert(name, chunk);
                Ok(())
            })?;
            named.push(names);
        }
        Ok((named, chunks))
    }

    /// The manifest, prepared for the signature of the key whose SHA-256 is `kid`.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn to_be_signed(manifest: &Manifest, kid: Thumbprint) -> Result<typed::Unsigned, Failure> {
        typed::Unsigned::new(BUNDLE, &kid.0, None, manifest.write()?)
    }

    /// What it is, if the root `pinned` says so; the key may sign at `at`.
    ///
    /// # Errors
    /// `anchor_unknown` where it does not come from the root `pinned`; `proof_invalid`, `bundle_invalid`,
    /// `environment_mismatch`.
    pub fn prove(&self, pinned: Thumbprint, at: Option<UnixTime>) -> Result<Proven, Failure> {
        let (root, key, epoch) = self.stated(pinned)?;
        let message = Typed::read(&self.manifest, BUNDLE).map_err(|it| invalid(it.detail()))?;
        if message.kid != key.kid.0 {
            return Err(Code::ProofInvalid.because("another key than the root names"));
        }
        crypto::verify(&key.key, message.signed_bytes(), &message.signature)
            .map_err(|failure| Code::ProofInvalid.because(failure.detail().to_owned()))?;
        let manifest = Manifest::read(&message.payload)?;
        if manifest.environment != root.environment {
            return Err(Code::EnvironmentMismatch.because("a bundle of another environment"));
        }
        let may_sign = |at: UnixTime| key.validity.not_before <= at && at <= key.validity.not_after;
        if !may_sign(manifest.issued_at) || at.is_some_and(|at| !may_sign(at)) {
            return Err(Code::ProofInvalid.because("its key may not sign at that time"));
        }
        if manifest.epoch != epoch {
            return Err(Code::ProofInvalid.because("an epoch that the root does not state"));
        }
        Ok(Proven {
            root,
            name: Thumbprint(sha256(&self.manifest)),
            manifest,
        })
    }

    /// The root that follows the one that is `pinned`, or is it, the key that it names, and the epoch that it states.
    ///
    /// # Errors
    /// `anchor_unknown`, `proof_invalid`, `bundle_invalid`, `environment_mismatch`.
    pub fn stated(&self, pinned: Thumbprint) -> Result<(Root, BundleKey, u64), Failure> {
        let mut root: Option<Root> = None;
        for (bytes, messages) in &self.roots {
            root = Some(match root {
                None if sha256(bytes) != pinned.0 => continue,
                None => Root::read(bytes)?,
                Some(before) => before.followed_by(bytes, messages)?,
            });
        }
        let unknown =
            || Code::AnchorUnknown.because("it does not come from the root that is pinned");
        let root = root.ok_or_else(unknown)?;
        let key = BundleKey::read(&root, &self.key)?;
        let epoch = read_epoch(&root, &self.epoch)?;
        Ok((root, key, epoch))
    }

    /// What is in it of each part; `proven` is of this bundle.
    ///
    /// # Errors
    /// `bundle_invalid` for a chunk that nobody names; those of [`Self::snapshot`].
    pub fn parts(&self, proven: &Proven) -> Result<Vec<PartOf>, Failure> {
        let named: BTreeSet<_> = proven.manifest.chunks().collect();
        if self.chunks.keys().any(|name| !named.contains(name)) {
            return Err(invalid("a chunk that nobody names"));
        }
        let has = |name: &Thumbprint| self.chunks.contains_key(name);
        let is_whole = proven.manifest.chunks().all(|it| has(&it));
        let world = is_whole.then(|| self.snapshot(proven)).transpose()?;
        let parts = PARTS.iter().zip(&proven.manifest.parts);
        let parts = parts.map(|(part, names)| PartOf {
            name: part.name,
            rows: world.as_ref().and_then(part.rows),
            chunks: names.len(),
            missing: names.iter().filter(|it| !has(it)).count(),
            bytes: names
                .iter()
                .filter_map(|it| self.chunks.get(it))
                .map(Vec::len)
                .sum(),
        });
        Ok(parts.collect())
    }

    /// The same bundle without the chunks of `other`: what follows it.
    #[must_use]
    pub fn following(&self, other: &Manifest) -> Self {
        let known: BTreeSet<_> = other.chunks().collect();
        let chunks = self.chunks.iter().filter(|(name, _)| !known.contains(name));
        Self {
            chunks: chunks.map(|(name, chunk)| (*name, chunk.clone())).collect(),
            ..self.clone()
        }
    }

    /// The same bundle with those of its chunks that `before` has.
    ///
    /// # Errors
    /// `bundle_invalid` where a chunk is still missing, or nobody names it.
    pub fn completed(self, before: &Self, manifest: &Manifest) -> Result<Self, Failure> {
        let named: BTreeSet<_> = manifest.chunks().collect();
        let mut chunks = self.chunks;
        if chunks.keys().any(|name| !named.contains(name)) {
            return Err(invalid("a chunk of another bundle"));
        }
        for name in named {
            if let Some(chunk) = before.chunks.get(&name) {
                chunks.entry(name).or_insert_with(|| chunk.clone());
            } else if !chunks.contains_key(&name) {
                return Err(invalid("a chunk is missing"));
            }
        }
        Ok(Self { chunks, ..self })
    }

    /// The world of `proven`, which is of this bundle.
    ///
    /// # Errors
    /// `bundle_invalid` where a chunk is missing or says what its part does not say.
    pub fn snapshot(&self, proven: &Proven) -> Result<Snapshot, Failure> {
        let manifest = &proven.manifest;
        let (mut draft, mut sum) = (Draft::default(), 0);
        for (part, names) in PARTS.iter().zip(&manifest.parts) {
            for name in names {
                let chunk = self.chunks.get(name);
                let chunk = chunk.ok_or_else(|| invalid("a chunk is missing"))?;
                let chunk = inflate(chunk, MAX_CHUNK).map_err(|it| invalid(it.detail()))?;
                sum += chunk.len();
                if sum > MAX_SUM {
                    return Err(invalid(format!("inflates to over {MAX_SUM} bytes")));
                }
                (part.take)(&mut draft, &chunk).map_err(|it| invalid(it.detail()))?;
            }
        }
        let snapshot = draft.finish(manifest.environment)?;
        let snapshot = snapshot.with_sequence(manifest.sequence);
        Ok(snapshot.with_sources(manifest.sources.iter().cloned()))
    }
}

pub(super) fn items(item: Item<'_>, ceiling: usize) -> Result<Vec<Item<'_>>, Failure> {
    let items = item.as_array().ok_or_else(|| invalid("no array"))?;
    let items: Vec<_> = items.take(ceiling.saturating_add(1)).collect();
    if items.len() > ceiling {
        return Err(invalid("too many of something"));
    }
    Ok(items)
}

pub(super) fn bytes_of(item: Item<'_>) -> Result<Vec<u8>, Failure> {
    let bytes = item.as_bytes().ok_or_else(|| invalid("no bytes"))?;
    Ok(bytes.to_vec())
}

pub(super) fn messages_of(item: Item<'_>) -> Result<Vec<Vec<u8>>, Failure> {
    items(item, MAX_MESSAGES)?
        .into_iter()
        .map(bytes_of)
        .collect()
}

const MAGIC: &str = "lintas-bundle";
/// An array of six, the first of which is [`MAGIC`].
const BEGINS: &[u8] = b"\x86\x6dlintas-bundle";
/// The ceiling of a bundle, in bytes: 128 MiB.
pub const MAX_BUNDLE: usize = 128 * 1024 * 1024;
/// Roots that follow each other.
pub(super) const MAX_ROOTS: usize = 16;
/// Messages of one statement.
const MAX_MESSAGES: usize = 32;
/// The ceiling of an inflated chunk, in bytes: 64 MiB.
const MAX_CHUNK: usize = 64 * 1024 * 1024;
/// The ceiling of all chunks of a bundle, inflated: 256 MiB.
const MAX_SUM: usize = 256 * 1024 * 1024;
