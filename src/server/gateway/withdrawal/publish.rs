//! Publishing what is withdrawn: in our own list of batches, and at every foreign gateway where this country hands in.
//!
//! Refuses to take back a batch that another than our own upload key signed, and to publish into our own list before our trust
//! anchor vouches for that key: nobody would believe it. One node at a time does it, under a lease; what it does at a foreign
//! gateway is kept, so that another can go on. Where a node dies between a foreign answer and the record of it, the same
//! hashes stand there twice, which withdraws nothing more.

use super::batches::{Plan, Wanted};
use crate::codec::x509::Certificate;
use crate::crypto::sha256;
use crate::exchange::dgcg::{read_batch, read_message, write_batch, write_message};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime};
use crate::revocation::RevocationBatch;
use crate::server::config::{Config, Role};
use crate::server::federation::{FeedKind, Uploader};
use crate::server::files;
use crate::server::gateway::hub::{Change, Decided, HUB, Hub, Refused, random_uuid};
use crate::server::gateway::own::{UPLOADED, uploaded};
use crate::server::gateway::{Gateway, replica};
use crate::server::keys::{FileSigner, demo_upload, sign_message};
use crate::server::store::{Event, Lease};
use crate::trust::Role as Part;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::{info, warn};

/// The key by which this country hands in, and its certificate.
pub struct UploadKey {
    certificate: Vec<u8>,
    key: FileSigner,
}

impl UploadKey {
    /// That of `config`; in demo a throw-away one; else none.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`, also where the key is another one's; `internal`.
    pub fn open(config: &Config, at: UnixTime) -> Result<Option<Self>, Failure> {
        let is_demo = config.environment == Environment::Demo && config.roles.has(Role::Issue);
        let (certificate, key) = match &config.upload {
            Some(files) => (files.certificate.clone(), files.key.clone()),
            None if is_demo => demo_upload(&config.data, at)?,
            None => return Ok(None),
        };
        let pem = files::read(&certificate)?;
        let invalid = |what: &str| {
            let reason = format!("{}: {what}", certificate.display());
            Code::ConfigurationInvalid.because(reason)
        };
        let der = CertificateDer::from_pem_slice(&pem).map_err(|_| invalid("no certificate"))?;
        let key = FileSigner::open(&key)?;
        if Certificate::read(&der)?.public_key != key.spki()? {
            return Err(invalid("upload.key belongs to another certificate"));
        }
        Ok(Some(Self {
            certificate: der.to_vec(),
            key,
        }))
    }

    /// SHA-256 over the certificate.
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint(sha256(&self.certificate))
    }

    /// `batch` as gateways carry it, signed at `at`.
    fn message(&self, batch: &RevocationBatch, at: UnixTime) -> Result<String, Failure> {
        let content = write_batch(batch).to_string();
        let message = sign_message(&self.key, &self.certificate, content.as_bytes(), true, at)?;
        Ok(write_message(&message))
    }
}

/// How this node publishes withdrawals.
pub struct Publishing {
    key: Option<UploadKey>,
    /// The records up to which everything was found to be published.
    done_for: Mutex<Option<(u64, u64)>>,
}

impl Publishing {
    /// That of a node with this configuration.
    ///
    /// # Errors
    /// As [`UploadKey::open`].
    pub fn open(config: &Config, at: UnixTime) -> Result<Self, Failure> {
        Ok(Self {
            key: UploadKey::open(config, at)?,
            done_for: Mutex::new(None),
        })
    }

    fn done_for(&self) -> MutexGuard<'_, Option<(u64, u64)>> {
        self.done_for.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one turn at publishing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnBatches {
    /// Batches that were published.
    pub added: usize,
    /// Batches that were taken back.
    pub removed: usize,
}

impl OwnBatches {
    fn count(&mut self, plan: &Plan) {
        self.added += plan.add.len();
        self.removed += plan.remove.len();
    }
}

impl Gateway {
    /// Publishes what is withdrawn and is not published yet, and takes back what is not withdrawn any more; nothing where
    /// another node does.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`, `lease_lost`; `signer_unavailable`; those of foreign gateways, after all others
    /// were asked.
    pub async fn publish_withdrawals(self: &Arc<Self>) -> Result<OwnBatches, Failure> {
        let records = self.records()?;
        let hands_in = |kind: &FeedKind| match kind {
            FeedKind::Dgcg(gateway) => gateway.upload.is_some(),
            FeedKind::PinnedSigner { .. } | FeedKind::DidWeb(_) | FeedKind::Folder(_) => false,
        };
        let mut feeds = self.feeds.iter().filter(|feed| feed.enabled);
        if self.vouched_for().is_none() && !feeds.any(|feed| hands_in(&feed.kind)) {
            return Ok(OwnBatches::default());
        }
        self.read_store().await?;
        let known = (self.own_records().generation(), self.hub().generation());
        if *self.publishing.done_for() == Some(known) {
            return Ok(OwnBatches::default());
        }
        let Some(mut lease) = records.lease(PUBLISHING, self.clock.now()).await? else {
            return Ok(OwnBatches::default());
        };
        let mut done = OwnBatches::default();
        let published = self.publish_all(&mut lease, &mut done).await;
        records.release(&lease, self.clock.now()).await;
        if done != OwnBatches::default() {
            let OwnBatches { added, removed } = done;
            info!(
                added,
                removed, "own withdrawals: {added} batches published, {removed} taken back"
            );
        }
        if published.is_ok() && done == OwnBatches::default() {
            *self.publishing.done_for() = Some(known);
        }
        published.map(|()| done)
    }

    /// Our upload key, where our trust anchor vouches for it.
    fn vouched_for(&self) -> Option<&UploadKey> {
        let (key, hub) = (self.publishing.key.as_ref()?, self.hub());
        let mut uploads = hub.of(self.issuer.country, Part::Upload);
        let ours = key.thumbprint();
        uploads.any(|entry| entry.thumbprint == ours).then_some(key)
    }

    async fn publish_all(
        self: &Arc<Self>,
        lease: &mut Lease,
        done: &mut OwnBatches,
    ) -> Result<(), Failure> {
        let own = self.own_records();
        let mut wanted = Wanted::default();
        let standing = own.withdrawals().filter(|it| it.undone.is_none());
        standing
            .flat_map(|it| &it.withdrawal.groups)
            .for_each(|group| wanted.add(group));
        if let Some(key) = self.vouched_for() {
            self.publish_here(&wanted, key, done).await?;
        }
        let mut failed = None;
        for feed in self.feeds.iter().filter(|feed| feed.enabled) {
            let FeedKind::Dgcg(gateway) = &feed.kind else {
                continue;
            };
            if gateway.upload.is_none() {
                continue;
            }
            let at = self.clock.now();
            let renewed = self.records()?.lease(&lease.name, at).await?;
            *lease = renewed.ok_or_else(|| Code::LeaseLost.because("another node publishes"))?;
            let handed = match Uploader::open(gateway, &self.data) {
                Ok(to) => {
                    self.publish_there(&wanted, &feed.id, &to, lease, done)
                        .await
                }
                Err(failure) => Err(failure),
            };
            if let Err(failure) = handed {
                let (feed, code) = (&feed.id, failure.code().name());
                warn!(
                    feed,
                    code, "withdrawals are not all published at {feed}: {failure}"
                );
                failed = Some(failure);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Into our own list.
    async fn publish_here(
        self: &Arc<Self>,
        wanted: &Wanted,
        key: &UploadKey,
        done: &mut OwnBatches,
    ) -> Result<(), Failure> {
        let country = self.issuer.country;
        let decide = |hub: &Hub, at: UnixTime| -> Decided<Plan> {
            let published = batches_here(hub, key, country);
            let plan = wanted.plan(&published, country, at).at_most(MAX_AT_ONCE);
            let (mut records, mut events) = (Vec::new(), Vec::new());
            for batch in &plan.add {
                let (id, message) = (random_uuid()?, key.message(batch, at)?);
                events.push(event(at, "batch.published", &id));
                records.push(Record {
                    kind: RecordKind::RevocationBatch,
                    source: HUB.to_owned(),
                    name: id,
                    country: Some(country),
                    received_at: at,
                    body: message.into_bytes(),
                });
            }
            for id in &plan.remove {
                events.push(event(at, "batch.withdrawn", id));
                records.push(Record {
                    kind: RecordKind::Tombstone,
                    source: HUB.to_owned(),
                    name: replica::tombstone(RecordKind::RevocationBatch, id),
                    country: Some(country),
                    received_at: at,
                    body: b"{}".to_vec(),
                });
            }
            Ok(Change {
                records,
                events,
                answer: plan,
            })
        };
        for _ in 0..MAX_TURNS {
            let refused = |refused: Refused| Code::StoreUnavailable.because(refused.details);
            let plan = self.hand_in_batches(decide).await.map_err(refused)?;
            done.count(&plan);
            if plan.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// At the foreign gateway `to`.
    async fn publish_there(
        &self,
        wanted: &Wanted,
        feed: &str,
        to: &Uploader,
        lease: &Lease,
        done: &mut OwnBatches,
    ) -> Result<(), Failure> {
        let (store, at) = (self.records()?.store(), self.clock.now());
        let own = self.own_records();
        let published: Vec<_> = own.uploaded(feed).cloned().collect();
        let plan = wanted.plan(&published, self.issuer.country, at);
        for batch in &plan.add {
            let id = to
                .batch(write_batch(batch).to_string().as_bytes(), at)
                .await?;
            let kept = RevocationBatch {
                id: id.clone(),
                ..batch.clone()
            };
            let record = uploaded(feed, &kept, at);
            let event = event(at, "batch.published", &format!("{feed}/{id}"));
            store.append(&[record], &[event], Some(lease)).await?;
            done.added += 1;
        }
        for id in &plan.remove {
            to.end_batch(id, at).await?;
            let record = Record {
                kind: RecordKind::Tombstone,
                source: format!("{UPLOADED}{feed}"),
                name: replica::tombstone(RecordKind::RevocationBatch, id),
                country: None,
                received_at: at,
                body: b"{}".to_vec(),
            };
            let event = event(at, "batch.withdrawn", &format!("{feed}/{id}"));
            store.append(&[record], &[event], Some(lease)).await?;
            done.removed += 1;
        }
        self.read_store().await.map(|_| ())
    }
}

/// What our own upload key published in our own list and did not take back.
fn batches_here(
    hub: &Hub,
    key: &UploadKey,
    country: crate::model::Country,
) -> Vec<RevocationBatch> {
    let standing = hub.batches().filter(|it| it.country == country);
    let read = standing.filter_map(|batch| {
        let message = read_message(batch.message.as_ref()?.as_bytes()).ok()?;
        let ours = message.certificate == key.certificate;
        let content = ours.then(|| message.content.clone()).flatten()?;
        read_batch(&batch.id, &content).ok()
    });
    read.collect()
}

fn event(at: UnixTime, event: &str, subject: &str) -> Event {
    Event {
        at,
        actor: "gateway".to_owned(),
        event: event.to_owned(),
        subject: subject.to_owned(),
        detail: String::new(),
    }
}

const PUBLISHING: &str = "withdrawals/publish";
/// Batches in one transaction.
const MAX_AT_ONCE: usize = 200;
const MAX_TURNS: usize = 1000;
