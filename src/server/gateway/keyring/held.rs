//! The private keys that this node holds: sealed files in `keys/dsc`, and those in its token.
//!
//! Refuses to start without the passphrase or PIN that is configured. A file that cannot be opened is told and left: what it
//! would sign, another node may.

use super::Keyring;
use crate::failure::{Code, Failure};
use crate::server::config::KeysConfig;
use crate::server::keys::{FileSigner, Passphrase, Signer, Token, open_sealed};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tracing::{error, warn};

/// What opens the private keys of a node.
#[derive(Clone, Default)]
pub struct Openers {
    /// The passphrase of sealed files.
    pub passphrase: Option<Passphrase>,
    /// The token, logged in to.
    pub token: Option<Token>,
}

impl Openers {
    /// Those that `config` names. A passphrase may be read once alone.
    ///
    /// # Errors
    /// `key_sealed` where the passphrase or the PIN is not at hand, or the token refuses it; `configuration_invalid`,
    /// `signer_unavailable` where the token cannot be used.
    pub fn read(config: &KeysConfig) -> Result<Self, Failure> {
        let passphrase = config.passphrase.as_ref().map(|place| place.read());
        Ok(Self {
            passphrase: passphrase.transpose()?,
            token: config.token.as_ref().map(Token::open).transpose()?,
        })
    }
}

/// The private keys of a node.
pub struct Held {
    folder: PathBuf,
    openers: Openers,
    looked: Mutex<Looked>,
    keys: ArcSwap<BTreeMap<Vec<u8>, Key>>,
}

/// A private key, and where it lies.
#[derive(Clone)]
struct Key {
    place: &'static str,
    signer: Arc<dyn Signer>,
}

/// What was looked at before.
#[derive(Default)]
struct Looked {
    /// Each file, by what it is known, and the key in it where it could be opened.
    files: BTreeMap<PathBuf, (Stamp, Option<Found>)>,
    keyring: Option<Arc<Keyring>>,
    token_failed: bool,
}

/// A public key, and the private key that belongs to it.
type Found = (Vec<u8>, Key);
/// By which a file is known to be the same as before.
type Stamp = (u64, Option<SystemTime>);

impl Held {
    /// None at all, as of a node that does not issue.
    pub fn none() -> Self {
        Self {
            folder: PathBuf::new(),
            openers: Openers::default(),
            looked: Mutex::default(),
            keys: ArcSwap::default(),
        }
    }

    /// Those below the folder `data` and in the token, as far as `openers` open them.
    pub fn open(openers: Openers, data: &Path) -> Self {
        let held = Self {
            folder: folder(data),
            openers,
            ..Self::none()
        };
        held.look();
        held
    }

    /// The key with this public key, SubjectPublicKeyInfo in DER, where it is here.
    pub fn signer(&self, public_key: &[u8]) -> Option<Arc<dyn Signer>> {
        let keys = self.keys.load();
        keys.get(public_key).map(|key| Arc::clone(&key.signer))
    }

    /// Where the key with this public key lies: `file`, `token` or, as far as this node knows, `elsewhere`.
    pub fn place(&self, public_key: &[u8]) -> &'static str {
        self.keys
            .load()
            .get(public_key)
            .map_or("elsewhere", |key| key.place)
    }

    /// Looks again where `keyring` is another than when it was last looked for.
    pub(super) fn look_for(&self, keyring: &Arc<Keyring>) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let same = looked.keyring.as_ref();
        if same.is_some_and(|before| Arc::ptr_eq(before, keyring)) {
            return;
        }
        looked.keyring = Some(Arc::clone(keyring));
        drop(looked);
        self.look();
    }

    /// Opens what has come, and forgets what has gone. It takes some tenths of a second for each new file.
    pub fn look(&self) {
        if self.folder.as_os_str().is_empty() {
            return;
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.keys.load();
        let mut keys = self.in_files(&mut looked);
        match self.in_token() {
            Ok(found) => {
                keys.extend(found);
                looked.token_failed = false;
            }
            Err(failure) => {
                // It may be back before the next signature is wanted.
                let of_token = before.iter().filter(|(_, key)| key.place == TOKEN);
                keys.extend(of_token.map(|(public, key)| (public.clone(), key.clone())));
                if !looked.token_failed {
                    warn!(code = failure.code().name(), "the token's keys: {failure}");
                }
                looked.token_failed = true;
            }
        }
        self.keys.store(Arc::new(keys));
    }

    fn in_files(&self, looked: &mut Looked) -> BTreeMap<Vec<u8>, Key> {
        let mut now = BTreeMap::new();
        for (path, stamp) in sealed_files(&self.folder) {
            let known = looked.files.remove(&path);
            let known = known.filter(|(before, _)| *before == stamp);
            let opened = known.map_or_else(|| self.open_file(&path), |(_, opened)| opened);
            now.insert(path, (stamp, opened));
        }
        looked.files = now;
        let opened = looked
            .files
            .values()
            .filter_map(|(_, opened)| opened.clone());
        opened.collect()
    }

    fn open_file(&self, path: &Path) -> Option<Found> {
        let missing = || Code::KeySealed.because("keys.passphrase is not configured");
        let opened = self.openers.passphrase.as_ref().ok_or_else(missing);
        let opened = opened.and_then(|passphrase| open_sealed(path, passphrase));
        let read = opened.and_then(|key: FileSigner| Ok((key.spki()?, key)));
        match read {
            Ok((public_key, key)) => {
                let signer = Arc::new(key);
                let place = FILE;
                Some((public_key, Key { place, signer }))
            }
            Err(failure) => {
                let (code, file) = (failure.code().name(), path.display());
                error!(code, "{file} signs nothing: {failure}");
                None
            }
        }
    }

    fn in_token(&self) -> Result<Vec<Found>, Failure> {
        let Some(token) = &self.openers.token else {
            return Ok(Vec::new());
        };
        let signers = token.signers()?.into_iter();
        let keys = signers.map(|signer| {
            let key = Key {
                place: TOKEN,
                signer: Arc::new(signer.clone()),
            };
            (signer.public_key().to_vec(), key)
        });
        Ok(keys.collect())
    }
}

/// The folder of sealed signing keys below the folder `data`.
pub fn folder(data: &Path) -> PathBuf {
    data.join("keys").join("dsc")
}

/// The files of keys in `folder`, each with what it is known by.
fn sealed_files(folder: &Path) -> Vec<(PathBuf, Stamp)> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                error!("{} cannot be read: {error}", folder.display());
            }
            return Vec::new();
        }
    };
    let paths = listed.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let keys = paths.filter(|path| {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !hidden && path.extension().is_some_and(|ending| ending == "key")
    });
    let stamp = |it: Metadata| (it.len(), it.modified().ok());
    let stamped = keys.map(|path| {
        let stamp = fs::metadata(&path).map(stamp).unwrap_or_default();
        (path, stamp)
    });
    stamped.collect()
}

const FILE: &str = "file";
const TOKEN: &str = "token";
