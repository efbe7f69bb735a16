//! The key of bundles, below `keys/bundle`: what its root signed for it, and its private half. The root's own keys lie elsewhere,
//! offline; in demo they are thrown away with the folder.
//!
//! Refuses a key that the root does not name, and files that others may read.
//!
//! | file | what |
//! |---|---|
//! | `roots.cbor` | `[[root, [message, ...]], ...]`, each followed by the next, the last one in force |
//! | `key.cbor` | the messages by which it names the key |
//! | `epoch.cbor` | the messages by which it states the epoch; not there for the first |
//! | `bundle.key` | the private key, PEM |

use super::file::FileSigner;
use super::signer::Signer;
use crate::codec::cbor::{self, Limits, Value};
use crate::codec::item::Item;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime, Validity};
use crate::server::files::{self, PRIVATE, PUBLIC};
use crate::snapshot::bundle::{Bundle, BundleKey, KEY, MAX_KEY_S, Root, statement};
use rcgen::KeyPair;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A key of bundles, and what proves it.
#[derive(Clone)]
pub struct BundleKeys {
    /// The statements of the root, as every bundle carries them; nothing else of a bundle.
    pub frame: Bundle,
    /// The root in force.
    pub root: Root,
    /// Its public half, as the root names it.
    pub key: BundleKey,
    /// The epoch that the root states.
    pub epoch: u64,
    /// Its private half.
    pub signer: Arc<dyn Signer>,
}

/// Whether there is any key of bundles below the folder `data`.
pub fn has_bundle_key(data: &Path) -> bool {
    folder(data).join("key.cbor").exists()
}

impl BundleKeys {
    /// The one below the folder `data`, of `environment`.
    ///
    /// # Errors
    /// `configuration_invalid` where the files do not belong together; `input_output`.
    pub fn open(data: &Path, environment: Environment) -> Result<Self, Failure> {
        let folder = folder(data);
        let unusable = |what: &str| {
            let reason = format!("{}: {what}", folder.display());
            Code::ConfigurationInvalid.because(reason)
        };
        let odd = |failure: Failure| unusable(failure.detail());
        let roots = list(&folder.join("roots.cbor"), |root| {
            let mut parts = root.as_array()?;
            let (root, messages) = (parts.next()?.as_bytes()?, parts.next()?.as_array()?);
            Some((root.to_vec(), messages.map(owned).collect::<Option<_>>()?))
        })?;
        let messages = |name: &str| {
            let path = folder.join(name);
            if path.exists() {
                list(&path, owned)
            } else {
                Ok(Vec::new())
            }
        };
        let frame = Bundle {
            roots,
            key: messages("key.cbor")?,
            epoch: messages("epoch.cbor")?,
            ..Bundle::default()
        };
        let first = frame.roots.first().ok_or_else(|| unusable("no root"))?;
        let pinned = Root::read(&first.0).map_err(odd)?.fingerprint();
        let (root, key, epoch) = frame.stated(pinned).map_err(odd)?;
        if root.environment != environment {
            return Err(unusable("of another environment"));
        }
        let signer = FileSigner::open(&folder.join("bundle.key"))?;
        if Thumbprint(crate::crypto::sha256(&signer.spki()?)) != key.kid {
            return Err(unusable("bundle.key is not the key that the root names"));
        }
        Ok(Self {
            frame,
            root,
            key,
            epoch,
            signer: Arc::new(signer),
        })
    }

    /// The throw-away key of a demonstration below the folder `data`, named anew where it has less than ten days at `at`.
    ///
    /// # Errors
    /// Those of [`Self::open`]; `internal`.
    pub fn demo(data: &Path, at: UnixTime) -> Result<Self, Failure> {
        let folder = folder(data);
        let _making = files::lock(data)?;
        files::create_private_dir(&folder)?;
        let environment = Environment::Demo;
        if has_bundle_key(data) {
            let keys = Self::open(data, environment)?;
            if at.plus(RENEW_S) < keys.key.validity.not_after {
                return Ok(keys);
            }
        }
        let rooted = ["demo-root-1.key", "demo-root-2.key", "demo-root-3.key"];
        let rooted = rooted.map(|name| made(&folder.join(name)));
        let rooted = rooted.into_iter().collect::<Result<Vec<_>, _>>()?;
        let spkis = rooted.iter().map(FileSigner::spki);
        let root = Root::new(environment, 2, &spkis.collect::<Result<Vec<_>, _>>()?)?;
        let key = made(&folder.join("bundle.key"))?;
        let validity = Validity {
            not_before: at.plus(-DAY_S),
            not_after: at.plus(MAX_KEY_S - DAY_S),
        };
        let payload = BundleKey::payload(&root, &key.spki()?, validity)?;
        let messages = rooted.iter().take(root.threshold).map(|signer| {
            let kid = Thumbprint(crate::crypto::sha256(&signer.spki()?));
            let message = statement(KEY, kid, &payload)?;
            let signature = signer.sign(message.signed_bytes())?;
            Ok(Value::Bytes(message.complete(signature)?))
        });
        let messages = messages.collect::<Result<Vec<_>, Failure>>()?;
        let row = vec![
            Value::Bytes(root.to_bytes().to_vec()),
            Value::Array(Vec::new()),
        ];
        let roots = Value::Array(vec![Value::Array(row)]);
        files::write(&folder.join("roots.cbor"), &cbor::write(&roots)?, PUBLIC)?;
        let messages = cbor::write(&Value::Array(messages))?;
        files::write(&folder.join("key.cbor"), &messages, PUBLIC)?;
        Self::open(data, environment)
    }
}

/// The key in the file at `path`, made where there is none.
fn made(path: &Path) -> Result<FileSigner, Failure> {
    if !path.exists() {
        let failed = |error| Code::Internal.caused_by("a key was not made", error);
        let pem = Zeroizing::new(KeyPair::generate().map_err(failed)?.serialize_pem());
        files::write(path, pem.as_bytes(), PRIVATE)?;
    }
    FileSigner::open(path)
}

fn list<T>(path: &Path, read: impl Fn(Item<'_>) -> Option<T>) -> Result<Vec<T>, Failure> {
    let bytes = files::read(path)?;
    let unusable = || {
        let reason = format!("{} is no list of statements", path.display());
        Code::ConfigurationInvalid.because(reason)
    };
    let document = cbor::read(&bytes, LIMITS).map_err(|_| unusable())?;
    let rows = document.root().as_array().ok_or_else(unusable)?;
    rows.map(|row| read(row).ok_or_else(unusable)).collect()
}

fn owned(item: Item<'_>) -> Option<Vec<u8>> {
    item.as_bytes().map(<[u8]>::to_vec)
}

fn folder(data: &Path) -> PathBuf {
    data.join("keys").join("bundle")
}

const LIMITS: Limits = Limits {
    depth: 4,
    items: 1024,
};
const DAY_S: i64 = 86_400;
const RENEW_S: i64 = 10 * DAY_S;
