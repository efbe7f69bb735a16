//! What a gateway has for issuing from events: the table of products, the data key, who has handed in how much.
//!
//! Refuses to work under another data key than the one that the records name, and to make one where they name one.

use super::limits::Limits;
use super::vault::{self, Vault};
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::issue::Profiles;
use crate::issue::products::Products;
use crate::server::config::IssuingConfig;
use crate::server::files;
use crate::server::gateway::Gateway;
use crate::server::gateway::Records;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, Notify};

/// What issuing needs.
pub struct Issuing {
    /// What can be certified.
    pub products: Products,
    /// In which form, and for how long.
    pub profiles: Profiles,
    pub(super) config: IssuingConfig,
    pub(super) limits: Limits,
    /// Woken when this node took something in.
    pub(super) wake: Notify,
    /// Whether it was told that no signer is ready, until one is.
    pub(super) told_no_signer: AtomicBool,
    vault: OnceLock<Vault>,
    /// The fingerprint of the data key that the records name.
    named: OnceLock<[u8; 32]>,
    making: Mutex<()>,
}

impl Issuing {
    pub(in crate::server::gateway) fn new(config: &IssuingConfig) -> Result<Self, Failure> {
        let (products, profiles) = match &config.products {
            None => (Products::embedded()?, Profiles::embedded()?),
            Some(folder) => tables(folder)?,
        };
        Ok(Self {
            products,
            profiles,
            limits: Limits::new(config),
            config: config.clone(),
            wake: Notify::new(),
            told_no_signer: AtomicBool::new(false),
            vault: OnceLock::new(),
            named: OnceLock::new(),
            making: Mutex::new(()),
        })
    }

    /// Takes in the next record; the first that names a data key stands.
    pub(in crate::server::gateway) fn saw(&self, record: &Record) {
        if let Some(named) = vault::named(record) {
            let _ = self.named.set(named);
        }
    }
}

fn tables(folder: &Path) -> Result<(Products, Profiles), Failure> {
    let read = |name: &str| files::read_text(&folder.join(name));
    let products = Products::parse(&read("vaccines.toml")?, &read("tests.toml")?)?;
    Ok((products, Profiles::parse(&read("profiles.toml")?)?))
}

impl Gateway {
    /// What it has for issuing from events.
    pub fn issuing(&self) -> &Issuing {
        &self.issuing
    }

    /// The data key that the records name, where they name one.
    ///
    /// # Errors
    /// `configuration_invalid` where this node does not have it; `input_output`.
    pub(super) fn known_vault(&self) -> Result<Option<&Vault>, Failure> {
        let issuing = &self.issuing;
        if let Some(vault) = issuing.vault.get() {
            return Ok(Some(vault));
        }
        let Some(named) = issuing.named.get() else {
            return Ok(None);
        };
        let missing = || {
            let reason = "events are kept under a data key, but keys/data.key is not there; copy it from the node that made it";
            Code::ConfigurationInvalid.because(reason)
        };
        let vault = Vault::read(self.data())?.ok_or_else(missing)?;
        vault.is_named(named)?;
        Ok(Some(issuing.vault.get_or_init(|| vault)))
    }

    /// The data key; where the records name none, this node's, made if need be, which they name from then on.
    ///
    /// # Errors
    /// `configuration_invalid`, `input_output`, `store_unavailable`, `store_incomplete`, `store_moved`.
    pub(super) async fn vault(self: &Arc<Self>) -> Result<&Vault, Failure> {
        if let Some(vault) = self.known_vault()? {
            return Ok(vault);
        }
        let records = self.records()?;
        let _one = self.issuing.making.lock().await;
        for _ in 0..ATTEMPTS {
            let head = records.store().head().await?;
            self.follow().await?;
            if let Some(vault) = self.known_vault()? {
                return Ok(vault);
            }
            match self.name_key(records, head).await {
                Err(failure) if failure.code() == Code::StoreMoved => {}
                done => done?,
            }
        }
        Err(Code::StoreMoved.because("others kept writing meanwhile"))
    }

    async fn name_key(
        &self,
        records: &Records,
        head: crate::server::store::Head,
    ) -> Result<(), Failure> {
        let vault = Vault::make(self.data())?;
        let record = vault.record(self.clock().now());
        let event = self.event("data_key", "keys/data.key", String::new());
        let store = records.store();
        store.append_after(head, &[record], &[event]).await?;
        Ok(())
    }
}

/// How often the data key is named anew where others write, too.
const ATTEMPTS: u32 = 20;
