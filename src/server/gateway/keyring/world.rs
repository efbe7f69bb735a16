//! Our own signers as a part of the world, on every node that follows the store.
//!
//! Refuses to believe a record of the store where records are missing.

use super::{Keyring, OWN};
use crate::exchange::Record;
use crate::model::{Thumbprint, UnixTime};
use crate::server::federation::{FeedKind, Take};
use crate::server::gateway::Gateway;
use crate::server::gateway::foreign::Foreign;
use crate::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::error;

impl Gateway {
    /// Our own signers as the records have them.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.keyring.load_full()
    }

    /// Takes the next record of a signer in.
    pub(in crate::server::gateway) fn keep_signer(&self, record: &Record) {
        let mut keyring = Keyring::clone(&self.keyring.load());
        match keyring.apply(record) {
            Ok(()) => self.keyring.store(Arc::new(keyring)),
            Err(failure) => {
                let code = failure.code().name();
                error!(code, "a record of a signer is not obeyed: {failure}");
            }
        }
    }

    /// Looks for keys that have come or gone.
    pub(in crate::server::gateway) fn look_at_keys(&self) {
        self.held.look();
    }

    /// Every signer of our own, as a source of trust that was read at `now`; `None` where there are none, or where records
    /// are missing. Those that sign no more stay: what they signed holds until it ends.
    pub(in crate::server::gateway) fn own_signers(
        &self,
        foreign: &Foreign,
        now: UnixTime,
    ) -> Option<SourceList> {
        let keyring = self.keyring();
        self.held.look_for(&keyring);
        if foreign.incomplete().is_some() {
            return None;
        }
        let signers = keyring.signers().enumerate();
        let entries = signers.map(|(position, signer)| TrustEntry {
            place: Place {
                document: OWN.to_owned(),
                position: position + 1,
            },
            key: KeyMaterial::Certificate(signer.certificate.clone()),
            kid: Some(signer.kid.clone()),
            country: Some(signer.country.clone()),
            purposes: Purposes::only(signer.cohort.purposes.iter().copied()),
        });
        let entries: Vec<_> = entries.collect();
        let source = Source {
            countries: Some(vec![self.issuer.country]),
            ..Source::new(OWN, self.environment, now)
        };
        (!entries.is_empty()).then(|| SourceList::pinned(source, entries))
    }

    /// Those of our own signers that every foreign gateway names at which we hand in, and whose signers we are told; all where
    /// there is none.
    pub(in crate::server::gateway) fn seen_abroad(
        &self,
        foreign: &Foreign,
    ) -> BTreeSet<Thumbprint> {
        let keyring = self.keyring();
        let mut seen: BTreeSet<_> = keyring.signers().map(|it| it.thumbprint).collect();
        let feeds = self.feeds.iter().filter(|feed| feed.enabled);
        for feed in feeds {
            let hands_in = match &feed.kind {
                FeedKind::Dgcg(gateway) => {
                    gateway.upload.is_some() && gateway.take.contains(&Take::Signers)
                }
                FeedKind::PinnedSigner { .. } | FeedKind::DidWeb(_) | FeedKind::Folder(_) => false,
            };
            if hands_in {
                let named = foreign
                    .said_by(&feed.id)
                    .filter_map(|entry| match &entry.key {
                        KeyMaterial::Certificate(der) => {
                            Some(Thumbprint(crate::crypto::sha256(der)))
                        }
                        KeyMaterial::PublicKey(_) => None,
                    });
                let named: BTreeSet<_> = named.collect();
                seen.retain(|thumbprint| named.contains(thumbprint));
            }
        }
        seen
    }
}
