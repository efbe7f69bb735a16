//! The session with a token: opened, logged in to, and opened anew where it was lost.
//!
//! Refuses keys that are not sensitive or can be taken out, curves other than P-256, and a PIN that was wrong once.
//!
//! Source: PKCS #11 v2.40; RFC 5480 (the curve's name), SEC 1, section 2.3.3 (points).

use super::TokenConfig;
use crate::failure::{Code, Failure};
use crate::server::keys::passphrase::Passphrase;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use p256::PublicKey;
use p256::pkcs8::EncodePublicKey;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing::warn;

/// A token, and the session with it while there is one.
pub(super) struct Sessions {
    library: Pkcs11,
    token: String,
    pin: AuthPin,
    /// Whether the PIN was refused: it is not tried again.
    pin_refused: bool,
    open: Option<Open>,
}

/// A session that is logged in, and the keys that can sign by it, by public key.
struct Open {
    session: Session,
    keys: BTreeMap<Vec<u8>, ObjectHandle>,
}

/// Why something was not done: because of the session, which can be had anew, or for good.
enum Trouble {
    Lost(Error),
    Failed(Failure),
}

impl Sessions {
    pub(super) fn new(config: &TokenConfig, pin: &Passphrase) -> Result<Self, Failure> {
        Ok(Self {
            library: library(&config.module)?,
            token: config.token.clone(),
            pin: AuthPin::from(pin.expose().to_owned()),
            pin_refused: false,
            open: None,
        })
    }

    /// The public keys of what can sign, as the token has them now.
    pub(super) fn keys(&mut self) -> Result<Vec<Vec<u8>>, Failure> {
        self.with(|open| {
            open.keys = signing_keys(&open.session)?;
            Ok(open.keys.keys().cloned().collect())
        })
    }

    /// A new key; its public key.
    pub(super) fn make(&mut self, label: &str) -> Result<Vec<u8>, Failure> {
        self.with(|open| {
            let mut id = [0; 16];
            aws_lc_rs::rand::fill(&mut id)
                .map_err(|_| Trouble::Failed(Code::Internal.because("no random numbers")))?;
            let name = [
                Attribute::Id(id.to_vec()),
                Attribute::Label(label.as_bytes().to_vec()),
                Attribute::Token(true),
            ];
            let public = [
                Attribute::EcParams(P_256.to_vec()),
                Attribute::Verify(true),
                Attribute::Private(false),
            ];
            let private = [
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Sign(true),
            ];
            let (public, private) = (
                [&name[..], &public].concat(),
                [&name[..], &private].concat(),
            );
            let made = open
                .session
                .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private);
            let (_, key) = made.map_err(trouble)?;
            let before = std::mem::take(&mut open.keys);
            open.keys = signing_keys(&open.session)?;
            let mut new = open.keys.iter().filter(|(_, handle)| **handle == key);
            let found = new.next().map(|(public, _)| public.clone());
            let mut others = open.keys.keys().filter(|it| !before.contains_key(*it));
            let found = found.or_else(|| others.next().cloned());
            found.ok_or_else(|| {
                let reason = "the token made a key that it would give out, or cannot show";
                Trouble::Failed(Code::SignerUnavailable.because(reason))
            })
        })
    }

    /// The signature of the key with this public key over a SHA-256 digest: `r ‖ s`.
    pub(super) fn sign(&mut self, key: &[u8], digest: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        self.with(|open| {
            let handle = open.keys.get(key).copied();
            let handle = handle.ok_or_else(|| {
                Trouble::Failed(Code::SignerUnavailable.because("the token has the key no more"))
            })?;
            let signed = open.session.sign(&Mechanism::Ecdsa, handle, digest);
            signed.map_err(trouble)
        })
    }

    /// Does `work` in a session, in a new one where the one at hand turns out to be lost.
    fn with<T>(&mut self, work: impl Fn(&mut Open) -> Result<T, Trouble>) -> Result<T, Failure> {
        for is_last in [false, true] {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => self.open()?,
            };
            match work(&mut open) {
                Ok(done) => {
                    self.open = Some(open);
                    return Ok(done);
                }
                Err(Trouble::Failed(failure)) => {
                    self.open = Some(open);
                    return Err(failure);
                }
                Err(Trouble::Lost(error)) if is_last => return Err(silent(error)),
                Err(Trouble::Lost(error)) => {
                    let token = &self.token;
                    warn!(token, "the session with token {token} was lost: {error}");
                }
            }
        }
        Err(Code::SignerUnavailable.because("the token does not answer"))
    }

    fn open(&mut self) -> Result<Open, Failure> {
        if self.pin_refused {
            return Err(Code::KeySealed.because("the token refused the PIN before"));
        }
        let slot = self.slot()?;
        let session = self.library.open_rw_session(slot).map_err(silent)?;
        match session.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(Error::Pkcs11(reason, _)) if is_about_pin(reason) => {
                self.pin_refused = true;
                return Err(Code::KeySealed.because("the token refuses the PIN"));
            }
            Err(error) => return Err(silent(error)),
        }
        let keys = signing_keys(&session).map_err(|trouble| match trouble {
            Trouble::Lost(error) => silent(error),
            Trouble::Failed(failure) => failure,
        })?;
        Ok(Open { session, keys })
    }

    /// The slot of the token with this label; of two with one label, none is taken.
    fn slot(&self) -> Result<Slot, Failure> {
        let slots = self.library.get_slots_with_token().map_err(silent)?;
        let named = slots.into_iter().filter(|slot| {
            let told = self.library.get_token_info(*slot);
            told.is_ok_and(|told| told.label() == self.token)
        });
        match named.collect::<Vec<_>>().as_slice() {
            [slot] => Ok(*slot),
            found => {
                let count = found.len();
                let reason = format!("{count} tokens are called {}, not one", self.token);
                Err(Code::ConfigurationInvalid.because(reason))
            }
        }
    }
}

/// The private keys for P-256 that sign and never leave the token, by public key.
fn signing_keys(session: &Session) -> Result<BTreeMap<Vec<u8>, ObjectHandle>, Trouble> {
    let private = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(KeyType::EC),
        Attribute::Sign(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ];
    let mut keys = BTreeMap::new();
    for handle in session.find_objects(&private).map_err(trouble)? {
        let asked = [AttributeType::Id, AttributeType::EcParams];
        let told = session.get_attributes(handle, &asked).map_err(trouble)?;
        let on_curve = told.contains(&Attribute::EcParams(P_256.to_vec()));
        let id = told.into_iter().find(|it| matches!(it, Attribute::Id(_)));
        let Some(id) = id.filter(|_| on_curve) else {
            continue;
        };
        let public = [Attribute::Class(ObjectClass::PUBLIC_KEY), id];
        for public in session.find_objects(&public).map_err(trouble)? {
            let asked = [AttributeType::EcPoint];
            let told = session.get_attributes(public, &asked).map_err(trouble)?;
            let points = told.iter().filter_map(|it| {
                if let Attribute::EcPoint(point) = it {
                    Some(point)
                } else {
                    None
                }
            });
            for point in points {
                if let Some(public_key) = public_key(point) {
                    keys.insert(public_key, handle);
                }
            }
        }
    }
    Ok(keys)
}

/// The SubjectPublicKeyInfo of a point, which tokens wrap in an OCTET STRING, and some do not.
fn public_key(point: &[u8]) -> Option<Vec<u8>> {
    let bare = point.strip_prefix(&WRAPPED).unwrap_or(point);
    let key = PublicKey::from_sec1_bytes(bare).ok()?;
    Some(key.to_public_key_der().ok()?.into_vec())
}

/// The library at `path`, initialised once in this process.
fn library(path: &Path) -> Result<Pkcs11, Failure> {
    static LOADED: OnceLock<Mutex<BTreeMap<PathBuf, Pkcs11>>> = OnceLock::new();
    let loaded = LOADED.get_or_init(Mutex::default).lock();
    let mut loaded = loaded.unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = loaded.get(path) {
        return Ok(library.clone());
    }
    let unusable = |error| {
        let reason = format!("{} is no PKCS #11 library that works", path.display());
        Code::ConfigurationInvalid.caused_by(reason, error)
    };
    let library = Pkcs11::new(path).map_err(unusable)?;
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(unusable(error)),
    }
    loaded.insert(path.to_owned(), library.clone());
    Ok(library)
}

fn trouble(error: Error) -> Trouble {
    if let Error::Pkcs11(reason, _) = error
        && is_about_session(reason)
    {
        return Trouble::Lost(error);
    }
    Trouble::Failed(silent(error))
}

fn silent(error: Error) -> Failure {
    Code::SignerUnavailable.caused_by("the token does not do it", error)
}

fn is_about_pin(reason: RvError) -> bool {
    matches!(
        reason,
        RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired
            | RvError::PinLocked
            | RvError::UserPinNotInitialized
    )
}

fn is_about_session(reason: RvError) -> bool {
    matches!(
        reason,
        RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::UserNotLoggedIn
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
            | RvError::DeviceError
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
    )
}

/// The curve's object identifier, DER: 1.2.840.10045.3.1.7.
const P_256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// The head of an OCTET STRING with a point in 65 bytes.
const WRAPPED: [u8; 2] = [0x04, 65];
