//! The seals of what issuing keeps: HMAC-SHA-256 over each row under a key for its table, derived from the key of the seals of
//! records. And slots: names of rows that nobody without a key can find out.
//!
//! Refuses what bears no good seal; says so once for each row.
//!
//! Source: RFC 2104, FIPS 198-1; NIST SP 800-108 (HMAC as the function that derives).

use super::table::{Fields, Stored, Table, Value};
use super::together::Calls;
use crate::failure::Code;
use crate::issue::event::Profile;
use crate::server::store::canonical;
use crate::server::store::seal::SealKey;
use aws_lc_rs::hmac;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;

/// Keys, and what is known of the tables of issuing.
pub(in crate::server::store) struct Issuing {
    keys: BTreeMap<&'static str, hmac::Key>,
    slots: hmac::Key,
    /// Seals of rows that were told to be refused, cut short.
    told: Mutex<HashSet<[u8; 16]>>,
    /// The end of the register, once somebody asked.
    end: Mutex<Option<End>>,
    /// How far a walk to it has come, and the highest number that it has not seen.
    walk: Mutex<Option<(End, i64)>>,
    /// Calls that hand events in.
    pub(super) calls: Calls,
    /// Rows erased from the queue that the audit does not tell yet.
    erased: AtomicU64,
}

/// The end of the register.
#[derive(Clone, Default)]
pub(super) struct End {
    /// The number of the last good row; 0 for none.
    pub(super) last: u64,
    /// Numbers behind it of rows that are not good.
    pub(super) refused: BTreeSet<u64>,
}

impl Issuing {
    /// With keys derived from `key`.
    pub(in crate::server::store) fn new(key: &SealKey) -> Self {
        let names = super::rows::NAMES.into_iter();
        let keys = names.map(|name| (name, key.derive(&format!("lintas/{name}/v1"))));
        Self {
            keys: keys.collect(),
            slots: key.derive("lintas/slot/v1"),
            told: Mutex::default(),
            end: Mutex::default(),
            walk: Mutex::default(),
            calls: Calls::default(),
            erased: AtomicU64::new(0),
        }
    }

    /// The seal of a row of `table` that says `values`.
    pub(super) fn seal(&self, table: &Table, values: &[Value]) -> [u8; 32] {
        // Each table has a key from the start.
        let key = self.keys.get(table.name).unwrap_or(&self.slots);
        let mut context = hmac::Context::with_key(key);
        for value in values {
            let sink = |part: &[u8]| context.update(part);
            match value {
                Value::Bytes(bytes) => canonical::prefixed(&[bytes], sink),
                Value::Text(text) => canonical::prefixed(&[text.as_bytes()], sink),
                Value::Number(number) => canonical::prefixed(&[&number.to_be_bytes()], sink),
            }
        }
        digest(&context.sign())
    }

    /// Inserts `rows` under their seals.
    pub(super) async fn insert<T: Stored>(
        &self,
        connection: &mut AnyConnection,
        rows: &[T],
    ) -> sqlx::Result<()> {
        let sealed = |row: &T| {
            let values = row.values();
            let seal = self.seal(&T::TABLE, &values);
            (values, seal)
        };
        let rows: Vec<_> = rows.iter().map(sealed).collect();
        T::TABLE.insert(connection, &rows).await
    }

    /// What `row` says from the column numbered `at` on, under a good seal.
    pub(super) fn open<T: Stored>(&self, row: &AnyRow, at: usize) -> Option<T> {
        let (values, seal) = T::TABLE.values(row, at)?;
        let good = bool::from(self.seal(&T::TABLE, &values).ct_eq(&seal));
        if good {
            T::read(&mut Fields::of(values))
        } else {
            None
        }
    }

    /// The same; where there is no good seal, that is told.
    pub(super) fn open_or_tell<T: Stored>(&self, row: &AnyRow, at: usize) -> Option<T> {
        let opened = self.open(row, at);
        if opened.is_none() {
            self.tell(&T::TABLE, row, at);
        }
        opened
    }

    /// Counts `row`, which is not obeyed, and logs it, where it is seen for the first time.
    fn tell(&self, table: &Table, row: &AnyRow, at: usize) {
        let mark = match table.values(row, at) {
            Some((values, seal)) => {
                let own = self.seal(table, &values);
                canonical::digest(&[&own, &seal])
            }
            None => canonical::digest(&[table.name.as_bytes()]),
        };
        let short = mark.first_chunk().copied().unwrap_or_default();
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.len() >= MAX_TOLD || !told.insert(short) {
                return;
            }
        }
        refused(table, 1, "has no good seal");
    }

    /// The slot of the `version` of the event with this source key.
    pub(super) fn event_slot(&self, source_key: &[u8; 32], version: i64) -> [u8; 32] {
        self.slot(&[b"event", source_key, &version.to_be_bytes()])
    }

    /// The slot of the certificate in this form of `event`.
    pub(super) fn issued_slot(&self, event: &[u8; 16], profile: Profile) -> [u8; 32] {
        self.slot(&[b"issued", event, profile.name().as_bytes()])
    }

    fn slot(&self, fields: &[&[u8]]) -> [u8; 32] {
        digest(&hmac::sign(&self.slots, &canonical::bytes(fields)))
    }

    /// Keeps in mind that `rows` were erased which nobody of this gateway put there.
    pub(super) fn note_erased(&self, rows: u64) {
        self.erased.fetch_add(rows, Ordering::Relaxed);
    }

    /// How many such rows there were since the last time.
    pub(super) fn take_erased(&self) -> u64 {
        self.erased.swap(0, Ordering::Relaxed)
    }

    /// A walk to the end of the register that was cut off.
    pub(super) fn walk(&self) -> MutexGuard<'_, Option<(End, i64)>> {
        self.walk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the register as it was known last.
    pub(super) fn end(&self) -> MutexGuard<'_, Option<End>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts and logs rows of `table` that are not obeyed, and why.
pub(super) fn refused(table: &Table, rows: u64, why: &'static str) {
    let (code, table) = (Code::SealInvalid.name(), table.name);
    metrics::counter!("lintas_store_rows_refused_total", "code" => code).increment(rows);
    tracing::error!(code, table, rows, "{rows} in {table}: {why}; not obeyed");
}

fn digest(tag: &hmac::Tag) -> [u8; 32] {
    tag.as_ref().try_into().unwrap_or_default()
}

/// Rows that are remembered as told; more of them are not told one by one.
const MAX_TOLD: usize = 100_000;
