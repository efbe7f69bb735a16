//! The layers of our own withdrawn certificates, as bundles grow: small ones on top of each other, and one of all before there
//! are too many.
//!
//! Refuses a layer of nothing, and one of certificates that may not be in the register yet.

use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::revocation::{ExactSet, Layer, Leading};
use crate::server::store::Store;
use crate::server::store::issuing::Selector;
use crate::snapshot::Own;
use std::sync::Arc;

/// Layers, and what stands in them. They are made anew where a node starts.
#[derive(Clone, Debug)]
pub struct Layers {
    layers: Vec<Arc<Layer>>,
    /// The hashes that stand in a layer.
    covered: ExactSet,
    max_fresh: usize,
    max_layers: usize,
}

impl Default for Layers {
    fn default() -> Self {
        Self::new(MAX_FRESH, MAX_LAYERS)
    }
}

impl Layers {
    /// None yet, where `max_fresh` certificates may stand in none, and no layer is put on top of `max_layers`.
    pub fn new(max_fresh: usize, max_layers: usize) -> Self {
        Self {
            layers: Vec::new(),
            covered: ExactSet::default(),
            max_fresh,
            max_layers,
        }
    }

    /// The layers.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// The hashes that stand in a layer, whether they are withdrawn still or not.
    pub fn covered(&self) -> &ExactSet {
        &self.covered
    }

    /// Makes a layer where too many certificates that `own` withdraws stand in none, of what the register in `store` knew an
    /// hour before `now`.
    ///
    /// # Errors
    /// Those of [`Store`], `internal`; then all is as it was.
    pub async fn grow(
        &mut self,
        store: &dyn Store,
        own: &Own,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let Some((under, fresh)) = self.due(own) else {
            return Ok(());
        };
        let issued_before = now.plus(-REGISTERED_S);
        let selector = Selector {
            to: Some(issued_before),
            ..Selector::default()
        };
        let (mut rows, mut after) = (Vec::new(), 0);
        loop {
            let page = store.select(&selector, after, PAGE).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = last.number;
            let hashes = page.iter().map(|row| Leading::from(row.signature));
            // What stands in an earlier layer needs to stand in none of the later.
            let hashes = hashes.filter(|it| !under.covered.contains(*it));
            rows.extend(hashes.map(|it| (it, fresh.contains(it))));
        }
        let made = actix_web::rt::task::spawn_blocking(move || under.on_top(issued_before, rows));
        let broken = |error| Code::Internal.caused_by("no layer was made", error);
        if let Some(made) = made.await.map_err(broken)? {
            *self = made;
        }
        Ok(())
    }

    /// On top of what a layer of which hashes is to be made, if one is: of none, and of all, where there are too many.
    fn due(&self, own: &Own) -> Option<(Self, ExactSet)> {
        let under = match self.layers.len() >= self.max_layers {
            true => Self::new(self.max_fresh, self.max_layers),
            false => self.clone(),
        };
        let fresh = own.hashes().flatten();
        let in_none = |hash: &Leading| !self.covered.contains(*hash);
        if fresh.filter(in_none).count() <= self.max_fresh {
            return None;
        }
        let fresh = own.hashes().flatten();
        let fresh = fresh.filter(|it| !under.covered.contains(*it)).collect();
        Some((under, fresh))
    }

    /// These with a layer of `rows`, each whether it is withdrawn; nothing where none is.
    fn on_top(mut self, issued_before: UnixTime, mut rows: Vec<(Leading, bool)>) -> Option<Self> {
        rows.sort_unstable();
        rows.dedup_by_key(|(hash, _)| *hash);
        let withdrawn = rows.iter().filter(|(_, it)| *it);
        let covered: Vec<_> = withdrawn.map(|(hash, _)| *hash).collect();
        if covered.is_empty() {
            // All of them were issued too late for a layer.
            return None;
        }
        let layer = Layer::of(issued_before, &mut rows);
        self.layers.push(Arc::new(layer));
        self.covered.extend(covered);
        Some(self)
    }
}

/// Seconds after which whatever was issued is in the register.
const REGISTERED_S: i64 = 60 * 60;
/// Withdrawn certificates that stand in no layer, ten bytes each.
const MAX_FRESH: usize = 500;
/// Layers of a bundle: half of what scanners read.
const MAX_LAYERS: usize = 32;
const PAGE: u32 = 5000;
