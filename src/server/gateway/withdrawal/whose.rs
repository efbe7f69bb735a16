//! What a selection means, and whose it is: operators withdraw, and have back, certificates of facilities at which they work.
//!
//! Refuses a selection that holds others' as a whole, and tells no more of them than that. One that was named by a hash, an
//! identifier or a QR text is as if it were not there: whoever holds a certificate does not learn here whether it is genuine.

use super::{MAX_SELECTED, Selection, Withdrawal};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::revocation::RevocationHash;
use crate::server::gateway::Gateway;
use crate::server::gateway::registry::Operator;
use crate::server::store::issuing::{IssuedRow, Selector};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a selection means now.
#[derive(Debug, Default)]
pub struct Selected {
    /// The certificates that are not withdrawn yet.
    pub rows: Vec<IssuedRow>,
    /// How many are already.
    pub already: usize,
    events: BTreeSet<[u8; 16]>,
    facilities: BTreeSet<String>,
    operators: BTreeSet<String>,
    first: Option<UnixTime>,
    last: Option<UnixTime>,
}

impl Selected {
    fn add(&mut self, row: IssuedRow, is_withdrawn: bool) {
        self.events.insert(row.event);
        self.facilities.insert(row.facility.clone());
        self.operators.insert(row.operator.clone());
        self.first = Some(
            self.first
                .map_or(row.issued_at, |first| first.min(row.issued_at)),
        );
        self.last = self.last.max(Some(row.issued_at));
        if is_withdrawn {
            self.already += 1;
        } else {
            self.rows.push(row);
        }
    }

    /// In numbers, as whoever approves sees it.
    pub fn shown(&self) -> Value {
        json!({
            "certificates": self.rows.len(),
            "withdrawn_already": self.already,
            "events": self.events.len(),
            "facilities": self.facilities.len(),
            "operators": self.operators.len(),
            "first_issued": self.first.map(|at| at.to_string()),
            "last_issued": self.last.map(|at| at.to_string()),
        })
    }
}

impl Gateway {
    /// What `selection` means now, for `operator`.
    ///
    /// # Errors
    /// `forbidden` where certificates of facilities are among it at which they do not work; `request_invalid`;
    /// `store_unavailable`, `store_incomplete`.
    pub(super) async fn selected_by(
        &self,
        operator: &Operator,
        selection: &Selection,
    ) -> Result<Selected, Failure> {
        let selector = selection.selector()?;
        let facility = selector.facility.as_deref();
        if facility.is_some_and(|facility| !operator.works_at(facility)) {
            return Err(others());
        }
        let is_named = !selector.hashes.is_empty();
        let is_seen = |row: &IssuedRow| !is_named || operator.works_at(&row.facility);
        let selected = self.select(&selector, is_seen).await?;
        if selected.facilities.iter().all(|it| operator.works_at(it)) {
            return Ok(selected);
        }
        Err(others())
    }

    /// That all certificates of `withdrawal` are of facilities at which `operator` works.
    ///
    /// # Errors
    /// `forbidden`; `store_unavailable`, `store_incomplete`.
    pub(super) async fn all_of(
        &self,
        operator: &Operator,
        withdrawal: &Withdrawal,
    ) -> Result<(), Failure> {
        if operator.works_anywhere() {
            return Ok(());
        }
        let signatures: Vec<RevocationHash> = withdrawal.signatures().collect();
        for some in signatures.chunks(HASHES_AT_ONCE) {
            let selector = Selector {
                hashes: some.to_vec(),
                ..Selector::default()
            };
            let own = |row: &IssuedRow| operator.works_at(&row.facility);
            let selected = self.select(&selector, own).await?;
            // What the register does not know any more is nobody's.
            if selected.rows.len() + selected.already < some.len() {
                return Err(others());
            }
        }
        Ok(())
    }

    /// What `selector` means now, of the rows that `is_seen` takes.
    ///
    /// # Errors
    /// `request_invalid` where it is over [`MAX_SELECTED`]; `store_unavailable`, `store_incomplete`.
    pub(super) async fn select(
        &self,
        selector: &Selector,
        is_seen: impl Fn(&IssuedRow) -> bool,
    ) -> Result<Selected, Failure> {
        let store = self.records()?.store();
        let own = Arc::clone(self.own_records().own());
        let (mut selected, mut after) = (Selected::default(), 0);
        loop {
            let rows = store.select(selector, after, PAGE).await?;
            let Some(last) = rows.last() else {
                return Ok(selected);
            };
            after = last.number;
            for row in rows.into_iter().filter(|row| is_seen(row)) {
                let is_withdrawn = own.names(row.signature);
                selected.add(row, is_withdrawn);
            }
            if selected.rows.len() > MAX_SELECTED {
                let reason = format!(
                    "the selector means over {MAX_SELECTED} certificates; narrow it, by time for one"
                );
                return Err(Code::RequestInvalid.because(reason).about("selector"));
            }
        }
    }
}

fn others() -> Failure {
    Code::Forbidden.because("certificates of facilities at which you do not work are among these")
}

/// How many certificates of `selected` are to be withdrawn.
pub(super) fn something(selected: &Selected) -> Result<usize, Failure> {
    if selected.rows.is_empty() {
        let already = selected.already;
        let reason = format!(
            "the selector means no certificate in the register that is not withdrawn ({already} are already)"
        );
        return Err(Code::NotFound.because(reason));
    }
    Ok(selected.rows.len())
}

const PAGE: u32 = 5_000;
const HASHES_AT_ONCE: usize = 500;
