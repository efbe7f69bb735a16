//! Following the store: what this node and others kept, read once, and put into force.
//!
//! Refuses to believe anything of a store that is not whole, and to make two worlds at once.

use super::Gateway;
use super::hub::{HUB, Hub};
use super::keyring::Keyring;
use super::own::OwnRecords;
use super::policy::PolicyBook;
use super::publication::{Ledger, PUBLICATION};
use super::registry::Registry;
use crate::exchange::RecordKind;
use crate::failure::{Code, Failure};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tracing::error;

impl Gateway {
    /// Reads what is new in the store, and puts a new snapshot into force where it says something new; tells whether there
    /// was anything.
    ///
    /// # Errors
    /// `store_unavailable`.
    pub async fn follow(self: &Arc<Self>) -> Result<bool, Failure> {
        let from = self.clock.now_ms();
        let followed = self.put_new_into_force().await;
        if followed.is_ok() && !self.world.load().incomplete {
            self.followed_ms.fetch_max(from, Ordering::Release);
        }
        followed
    }

    async fn put_new_into_force(self: &Arc<Self>) -> Result<bool, Failure> {
        let records = self.records()?;
        let _one = records.assembling.lock().await;
        let read = self.read_store().await;
        // What was read before the store broke off is in force all the same: nobody will read it again.
        let (read, mut broke_off) = match read {
            Err(failure) if failure.code() != Code::StoreIncomplete => (Ok(false), Some(failure)),
            read => (read, None),
        };
        let says_nothing = records.unused().is_empty();
        if let Some(failure) = broke_off.take_if(|_| says_nothing) {
            return Err(failure);
        }
        let incomplete = read.is_err();
        let read_any = read.as_ref().is_ok_and(|any| *any);
        let turned = self.world.load().incomplete != incomplete;
        if turned {
            if let Err(failure) = &read {
                error!(
                    code = "store_incomplete",
                    "nothing of the store is believed: {failure}"
                );
            }
            self.own_incomplete(incomplete);
            self.policies_incomplete(incomplete);
        }
        if says_nothing && !turned {
            return Ok(read_any);
        }
        let gateway = Arc::clone(self);
        let missing = read.err();
        let put = actix_web::rt::task::spawn_blocking(move || {
            let mut foreign = gateway.making();
            if turned {
                foreign.set_incomplete(missing);
            }
            if let Ok(records) = gateway.records() {
                let unused = std::mem::take(&mut *records.unused());
                unused.into_iter().for_each(|record| foreign.apply(record));
            }
            gateway.reassemble(&mut foreign);
        });
        put.await
            .map_err(|error| Code::Internal.caused_by("the world was not assembled", error))?;
        broke_off.map_or(Ok(true), Err)
    }

    /// Reads what is new in the store, and tells whether there was anything.
    ///
    /// What is withdrawn of our own is in force from then on. What parties handed in is known; what it means for verdicts, once
    /// a world is made of it.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`.
    pub(in crate::server) async fn read_store(&self) -> Result<bool, Failure> {
        let records = self.records()?;
        let mut through = records.through.lock().await;
        if records.store.head().await?.sequence == *through {
            return Ok(false);
        }
        let before = *through;
        loop {
            let rows = records.store.records(*through, AT_ONCE).await?;
            if rows.is_empty() {
                return Ok(*through != before);
            }
            let (mut hub, mut registered) = (None, Vec::new());
            let (mut own, mut policies) = (Vec::new(), Vec::new());
            for row in rows {
                *through = row.sequence;
                if let Some(signer) = row.record.as_ref().ok().filter(|it| Keyring::keeps(it)) {
                    self.keep_signer(signer);
                    // A world is to be made of it.
                    records.unused().push(signer.clone());
                }
                match row.record {
                    Ok(record) if Registry::keeps(record.kind) => registered.push(record),
                    // In force at once: a world that takes long to be made is not waited for.
                    Ok(record) if OwnRecords::keeps(&record) => own.push(record),
                    Ok(record) if PolicyBook::keeps(&record) => policies.push(record),
                    Ok(record) => {
                        if record.source == HUB {
                            let hub = hub.get_or_insert_with(|| Hub::clone(&self.hub()));
                            hub.apply(row.sequence, &record);
                        } else if record.kind == RecordKind::DataKey {
                            self.issuing.saw(&record);
                        } else if record.source == PUBLICATION {
                            let mut ledger = Ledger::clone(&self.ledger());
                            ledger.apply(&record);
                            self.ledger.store(Arc::new(ledger));
                        }
                        records.unused().push(record);
                    }
                    Err(failure) => {
                        let (code, sequence) = (failure.code().name(), row.sequence);
                        metrics::counter!("lintas_store_rows_refused_total", "code" => code)
                            .increment(1);
                        error!(code, sequence, "record {sequence} is not obeyed: {failure}");
                    }
                }
            }
            if let Some(hub) = hub {
                self.turning.saw(&hub);
                self.hub.store(Arc::new(hub));
            }
            self.own_read(&own);
            self.policies_read(&policies);
            self.register(&registered);
        }
    }
}

/// How many records are read at once.
const AT_ONCE: u32 = 1000;
