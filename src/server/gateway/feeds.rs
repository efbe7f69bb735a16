//! From the rows of `feeds.toml` to sources of trust: what each may say, and how it has to prove it.
//!
//! Refuses a list whose pinned key is not at hand where the list does not carry it.

use super::Gateway;
use super::foreign::ForeignFeed;
use super::hub::HUB;
use crate::exchange::signed::ListForm;
use crate::exchange::{self, dgcg};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::config::Config;
use crate::server::federation::{
    Dialect, Feed, FeedConfig, FeedKind, FolderForm, ListProof, Take, open_feed,
};
use crate::server::files;
use crate::snapshot::{DidProof, DidTrust, FeedProof, ListTrust};
use crate::trust::{KeyMaterial, Source};
use std::path::Path;
use std::time::Duration;

/// A feed that can be asked, and the time between two questions.
pub type OpenFeed = (Box<dyn Feed>, Duration);

impl Gateway {
    /// The enabled foreign feeds of `config`, ready to be asked, each with the time between two questions.
    ///
    /// # Errors
    /// `configuration_invalid`, `input_output`, `internal`.
    pub fn open_feeds(&self, config: &Config) -> Result<Vec<OpenFeed>, Failure> {
        let mut feeds = Vec::new();
        for feed in &config.feeds {
            if let Some(open) = open_feed(feed, &config.data)? {
                let every = feed.interval_s.map_or(config.refresh_s, u64::from);
                feeds.push((open, Duration::from_secs(every)));
            }
        }
        Ok(feeds)
    }
}

/// The enabled foreign feeds among `feeds`, as sources of trust; pinned keys are below the folder `data`.
///
/// # Errors
/// `configuration_invalid`, `input_output`.
pub(super) fn foreign_feeds(
    feeds: &[FeedConfig],
    data: &Path,
) -> Result<Vec<ForeignFeed>, Failure> {
    let enabled = feeds.iter().filter(|feed| feed.enabled);
    enabled
        .filter_map(|feed| foreign_feed(feed, data).transpose())
        .collect()
}

fn foreign_feed(feed: &FeedConfig, data: &Path) -> Result<Option<ForeignFeed>, Failure> {
    let (proof, test_participants, revokes) = match &feed.kind {
        FeedKind::PinnedSigner { .. } => return Ok(None),
        FeedKind::Dgcg(gateway) => {
            let dialect = match gateway.dialect {
                Dialect::Eu => dgcg::Dialect::Eu,
                Dialect::Tng => dgcg::Dialect::Tng,
            };
            let anchors = gateway.anchors.clone();
            let proof = FeedProof::Gateway { dialect, anchors };
            (
                proof,
                gateway.test_participants,
                gateway.take.contains(&Take::Revocation),
            )
        }
        FeedKind::DidWeb(list) => {
            let trust = DidTrust {
                did: list.did.to_string(),
                proof: match list.proof {
                    ListProof::Pinned(key) => DidProof::Pinned(key),
                    ListProof::WhenPublished => DidProof::WhenPublished,
                    ListProof::TlsOnly => DidProof::TlsOnly,
                },
                domains: list.domains.clone(),
                anchors: list.anchors.clone(),
            };
            (FeedProof::Did(trust), list.test_participants, false)
        }
        FeedKind::Folder(folder) => {
            let anchors = folder.anchors.clone();
            let proof = match folder.form {
                FolderForm::Onboarding => FeedProof::Statements(anchors),
                FolderForm::De => list(ListForm::Germany, anchors, data)?,
                FolderForm::At => list(ListForm::Austria, anchors, data)?,
                FolderForm::Nl => list(ListForm::Netherlands, anchors, data)?,
                FolderForm::Se => list(ListForm::Sweden, anchors, data)?,
                FolderForm::Ch => list(ListForm::Switzerland, anchors, data)?,
            };
            (proof, false, false)
        }
    };
    Ok(Some(ForeignFeed {
        source: Source {
            countries: feed.countries.clone(),
            test_participants,
            ..Source::new(feed.id.as_str(), feed.environment, UnixTime::EPOCH)
        },
        proof,
        revokes,
        is_own: false,
    }))
}

/// What parties hand in at this gateway, as a source of trust, where it has a trust anchor.
pub(super) fn own_feed(config: &Config) -> Option<ForeignFeed> {
    let federation = &config.federation;
    let own = || ForeignFeed {
        source: Source {
            test_participants: federation.test_participants,
            ..Source::new(HUB, config.environment, UnixTime::EPOCH)
        },
        proof: FeedProof::Gateway {
            dialect: dgcg::Dialect::Eu,
            anchors: federation.anchors.clone(),
        },
        revokes: true,
        is_own: true,
    };
    (!federation.anchors.is_empty()).then(own)
}

fn list(form: ListForm, pinned: Vec<Thumbprint>, data: &Path) -> Result<FeedProof, Failure> {
    let mut material = Vec::new();
    for fingerprint in &pinned {
        let path = data.join(ANCHORS).join(format!("{fingerprint}.pem"));
        if path.exists() {
            material.push(pinned_key(&path, fingerprint)?);
        }
    }
    Ok(FeedProof::List(ListTrust {
        form,
        pinned,
        material,
    }))
}

/// The certificate or public key in the file at `path`, if it is the pinned one.
fn pinned_key(path: &Path, fingerprint: &Thumbprint) -> Result<Vec<u8>, Failure> {
    let anchors = anchors(&files::read(path)?)?.into_iter();
    let mut pinned = anchors.filter(|(_, der)| crate::crypto::sha256(der) == fingerprint.0);
    if let Some((_, der)) = pinned.next() {
        return Ok(der);
    }
    let reason = format!("{} is not what its name says", path.display());
    Err(Code::ConfigurationInvalid.because(reason))
}

/// The certificates or the public key in PEM or DER, each with its label in PEM.
///
/// # Errors
/// `list_invalid`, `entry_invalid`, `input_too_large`.
pub fn anchors(bytes: &[u8]) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    if let Some(der) = public_key(bytes) {
        return Ok(vec![("PUBLIC KEY", der)]);
    }
    let rows = exchange::read("anchor", bytes)?.into_iter();
    let anchor = |row: exchange::Row| match row.map_err(|row| row.failure)?.key {
        KeyMaterial::Certificate(der) => Ok(("CERTIFICATE", der)),
        KeyMaterial::PublicKey(der) => Ok(("PUBLIC KEY", der)),
    };
    rows.map(anchor).collect()
}

/// The public key in PEM, if there is one.
fn public_key(bytes: &[u8]) -> Option<Vec<u8>> {
    use rustls_pki_types::SubjectPublicKeyInfoDer;
    use rustls_pki_types::pem::PemObject;
    SubjectPublicKeyInfoDer::from_pem_slice(bytes)
        .ok()
        .map(|key| key.to_vec())
}

/// Where pinned certificates and keys lie, below the data folder.
pub const ANCHORS: &str = "anchors";
