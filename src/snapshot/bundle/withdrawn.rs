//! Withdrawn certificates: of our own first a head, `[country, whether records were missing, [[key, standing], ...], hashes of
//! those that stand in no layer, hashes of those that were taken back]`, then each layer as bytes; of foreign ones the filter as bytes.
//!
//! Refuses layers and filters that cannot be asked.

use super::part::{Draft, Taker};
use super::{array, invalid};
use crate::codec::cbor::{self, Value};
use crate::codec::item::Kind as Shape;
use crate::failure::Failure;
use crate::model::Country;
use crate::revocation::{ExactSet, Filter, Layer, Leading};
use crate::snapshot::archive::{document, items};
use crate::snapshot::{Offline, Own, OwnKey, Snapshot};
use std::sync::Arc;

/// The parts of [`Offline`] that were read.
#[derive(Default)]
pub(super) struct Drafted {
    layers: Vec<Arc<Layer>>,
    reinstated: ExactSet,
    foreign: Arc<Filter>,
}

impl Drafted {
    pub(super) fn finish(self) -> Offline {
        Offline::new(self.layers, self.reinstated, self.foreign)
    }
}

/// The head, and a chunk for each layer. What stands in a layer is left out of the head.
pub(super) fn own(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let (own, offline) = (snapshot.own(), snapshot.offline());
    let keys = own.keys().map(|(key, standing)| {
        let standing = Value::Text(standing.name().to_owned());
        Value::Array(vec![Value::Bytes(key.to_vec()), standing])
    });
    let run = |hashes: &mut dyn Iterator<Item = Leading>| {
        Value::Bytes(hashes.flat_map(|hash| hash.0).collect())
    };
    let country = own.country().map(|it| Value::Text(it.to_string()));
    let mut reinstated = offline.reinstated().by_first_byte().flatten();
    let head = Value::Array(vec![
        country.unwrap_or(Value::Null),
        own.is_incomplete().into(),
        Value::Array(keys.collect()),
        run(&mut own.hashes().flatten()),
        run(&mut reinstated),
    ]);
    taker(cbor::write(&head)?)?;
    let mut layers = offline.layers().iter();
    layers.try_for_each(|layer| taker(cbor::write(&Value::Bytes(layer.to_bytes()))?))
}

/// Takes `chunk` in: the head where it is one.
pub(super) fn take_own(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    let document = document(chunk)?;
    if let Some(layer) = document.root().as_bytes() {
        draft.offline.layers.push(Arc::new(Layer::read(layer)?));
        if draft.offline.layers.len() > MAX_LAYERS {
            return Err(invalid("too many layers"));
        }
        return Ok(());
    }
    let [of, incomplete, keys, fresh, reinstated] = array(document.root())?;
    let Shape::Bool(incomplete) = incomplete.kind() else {
        return Err(invalid("neither true nor false"));
    };
    draft.own = match of.as_text() {
        Some(of) => Own::of(Country::parse(of).ok_or_else(|| invalid("no country"))?),
        None => Own::default(),
    };
    draft.own.set_incomplete(incomplete);
    for row in items(keys)? {
        let [key, standing] = array(row)?;
        let key = key.as_bytes().and_then(|it| it.try_into().ok());
        let standing = standing.as_text();
        let mut known = OwnKey::ALL.into_iter();
        let standing = known.find(|it| Some(it.name()) == standing);
        draft.own.stands(
            key.ok_or_else(|| invalid("no SHA-256"))?,
            standing.ok_or_else(|| invalid("no standing"))?,
        );
    }
    let run = |item: crate::codec::item::Item<'_>| match item.as_bytes().map(<[u8]>::as_chunks) {
        Some((hashes, [])) => Ok(hashes.iter().copied().map(Leading).collect::<Vec<_>>()),
        Some(_) | None => Err(invalid("a hash is cut")),
    };
    draft.own.withdraw(run(fresh)?);
    draft.offline.reinstated.extend(run(reinstated)?);
    Ok(())
}

/// The filter.
pub(super) fn foreign(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let filter = snapshot.offline().foreign();
    if filter.is_empty() {
        return Ok(());
    }
    taker(cbor::write(&Value::Bytes(filter.to_bytes()))?)
}

/// Takes the filter in.
pub(super) fn take_foreign(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    let document = document(chunk)?;
    let filter = document
        .root()
        .as_bytes()
        .ok_or_else(|| invalid("no filter"))?;
    draft.offline.foreign = Arc::new(Filter::read(filter)?);
    Ok(())
}

/// Each is asked for every certificate of our own.
const MAX_LAYERS: usize = 64;
