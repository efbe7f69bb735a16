//! The key of bundles, below `keys/bundle`: what its root states of it, and its private half, sealed, or in the token. The root's own
//! keys lie elsewhere, offline; in demo all are thrown away with the folder.
//!
//! Refuses a key that the root does not name, a root that does not follow the one in force, and to change anything before all of it
//! is proven and the private half is opened.
//!
//! | file | what |
//! |---|---|
//! | `statements.cbor` | what the root states, see [`Statements`] |
//! | `*.key` | private keys, each under the beginning of the SHA-256 over its public key |

use super::file::FileSigner;
use super::passphrase::Passphrase;
use super::place::{self, KeyPlace, file_of, in_token};
use super::signer::Signer;
use super::token::Token;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime, Validity};
use crate::server::files::{self, PUBLIC};
use crate::server::scanner::bounded;
use crate::snapshot::bundle::{Bundle, BundleKey, MAX_KEY_S, Root, Statements};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// SHA-256 over the statements as they lie there, by which others are told from them.
    pub statements: Thumbprint,
}

/// What opens the private half of a key of bundles.
#[derive(Clone, Copy)]
pub struct BundleOpeners<'o> {
    /// The world of the gateway.
    pub environment: Environment,
    /// The passphrase of sealed files.
    pub passphrase: Option<&'o Passphrase>,
    /// The token, logged in to.
    pub token: Option<&'o Token>,
}

/// Whether there is any key of bundles below the folder `data`.
pub fn has_bundle_key(data: &Path) -> bool {
    statements_file(data).exists()
}

/// The bytes of the statements below the folder `data`.
///
/// # Errors
/// `input_output`, `input_too_large`.
pub fn bundle_statements(data: &Path) -> Result<Vec<u8>, Failure> {
    bounded(&statements_file(data))
}

/// The statements that are in force below the folder `data`; none where there never were any.
///
/// # Errors
/// `bundle_invalid`, `proof_invalid`, `environment_mismatch`, `input_output`, `input_too_large`.
pub fn stated_for_bundles(data: &Path) -> Result<Option<Statements>, Failure> {
    if !has_bundle_key(data) {
        return Ok(None);
    }
    Statements::read(&bundle_statements(data)?).map(Some)
}

/// Makes a private key of bundles below the folder `data`, which signs nothing before the root names it; its public half,
/// SubjectPublicKeyInfo in DER.
///
/// # Errors
/// `request_invalid` for a passphrase that is too short; `signer_unavailable`, `key_sealed`, `input_output`, `internal`.
pub fn make_bundle_key(data: &Path, place: &KeyPlace<'_>) -> Result<Vec<u8>, Failure> {
    Ok(place::make(&folder(data), LABEL, place)?.0)
}

impl BundleKeys {
    /// The one below the folder `data`.
    ///
    /// # Errors
    /// `configuration_invalid` where the files do not belong together; `key_sealed`, `signer_unavailable`, `input_output`.
    pub fn open(data: &Path, openers: BundleOpeners<'_>) -> Result<Self, Failure> {
        let path = statements_file(data);
        let unusable = |what: &str| {
            let reason = format!("{}: {what}", path.display());
            Code::ConfigurationInvalid.because(reason)
        };
        let odd = |failure: Failure| unusable(failure.detail());
        let bytes = bundle_statements(data)?;
        let statements = Statements::read(&bytes).map_err(odd)?;
        let first = statements.roots().first().map(Root::fingerprint);
        let frame = statements.frame();
        let stated = frame.stated(first.ok_or_else(|| unusable("no root"))?);
        let stated = stated.map_err(odd)?;
        if stated.0.environment != openers.environment {
            return Err(unusable("of another environment"));
        }
        Self::opened(data, frame, stated, &bytes, openers)
    }

    /// What was `stated` in `frame`, which lies or will lie below the folder `data` as `bytes`, with the private half opened.
    fn opened(
        data: &Path,
        frame: Bundle,
        stated: (Root, BundleKey, u64),
        bytes: &[u8],
        openers: BundleOpeners<'_>,
    ) -> Result<Self, Failure> {
        let (root, key, epoch) = stated;
        Ok(Self {
            frame,
            root,
            signer: openers.open(data, &key)?,
            key,
            epoch,
            statements: Thumbprint(sha256(bytes)),
        })
    }

    /// Puts `statements` in force below the folder `data`, at the instant `at`. They have to come from the root in force there;
    /// where there is none, from the one with the fingerprint `pinned`. Whatever fails, what was in force stays.
    ///
    /// # Errors
    /// `request_invalid` where no root is in force, and none was pinned; `anchor_unknown` for another root; `proof_invalid`,
    /// `bundle_invalid`; `environment_mismatch`; `bundle_rolled_back` for an epoch before the one in force; `configuration_invalid`
    /// where the private half is not here, or not sealed; `key_sealed`, `signer_unavailable`, `input_output`.
    pub fn install(
        data: &Path,
        statements: &Statements,
        pinned: Option<Thumbprint>,
        openers: BundleOpeners<'_>,
        at: UnixTime,
    ) -> Result<Self, Failure> {
        let _installing = files::lock(data)?;
        let before = stated_for_bundles(data)?;
        let in_force = before.as_ref().and_then(|it| it.roots().last());
        let in_force = in_force.map(Root::fingerprint);
        let frame = statements.frame();
        // Every scanner has to find its own root in it, and the next start of the gateway the first.
        let first = statements.roots().first().map(Root::fingerprint);
        frame.stated(first.ok_or_else(|| Code::BundleInvalid.because("no root"))?)?;
        let none = || {
            let reason = "no root is in force here: name its fingerprint, as it stands on paper";
            Code::RequestInvalid.because(reason)
        };
        let (root, key, epoch) = frame.stated(in_force.or(pinned).ok_or_else(none)?)?;
        if let Some(pinned) = pinned {
            frame.stated(pinned)?;
        }
        let known = before.as_ref().map(Statements::roots).unwrap_or_default();
        if !statements.continues(known) {
            let reason = "the roots that were in force are not those that it begins with";
            return Err(Code::BundleInvalid.because(reason));
        }
        if root.environment != openers.environment {
            return Err(Code::EnvironmentMismatch.because("a root of another environment"));
        }
        let known = before.map_or(0, |it| it.epoch);
        if epoch < known {
            let reason = format!("epoch {epoch} after {known}");
            return Err(Code::BundleRolledBack.because(reason));
        }
        if at < key.validity.not_before || key.validity.not_after <= at {
            return Err(Code::ProofInvalid.because("the key may not sign at this time"));
        }
        let bytes = statements.write()?;
        let opened = Self::opened(data, frame, (root, key, epoch), &bytes, openers)?;
        files::write_durably(&statements_file(data), &bytes, PUBLIC)?;
        Ok(opened)
    }

    /// The throw-away key of a demonstration below the folder `data`, made anew where it has less than ten days at `at`.
    ///
    /// # Errors
    /// Those of [`Self::open`]; `internal`.
    pub fn demo(data: &Path, at: UnixTime) -> Result<Self, Failure> {
        let openers = BundleOpeners {
            environment: Environment::Demo,
            passphrase: None,
            token: None,
        };
        let folder = folder(data);
        let _making = files::lock(data)?;
        files::create_private_dir(&folder)?;
        if has_bundle_key(data) {
            let keys = Self::open(data, openers)?;
            if at.plus(RENEW_S) < keys.key.validity.not_after {
                return Ok(keys);
            }
        }
        let rooted = ["demo-root-1.key", "demo-root-2.key", "demo-root-3.key"];
        let rooted = rooted.map(|name| opened_or_made(&folder.join(name)));
        let rooted = rooted.into_iter().collect::<Result<Vec<_>, _>>()?;
        let spkis = rooted.iter().map(FileSigner::spki);
        let spkis = spkis.collect::<Result<Vec<_>, _>>()?;
        let root = Root::new(openers.environment, 2, &spkis)?;
        let validity = Validity {
            not_before: at.plus(-DAY_S),
            not_after: at.plus(MAX_KEY_S - DAY_S),
        };
        let key = make_bundle_key(data, &KeyPlace::Open)?;
        let mut statements = Statements::draft(None, Some(root), &key, validity, None)?;
        for (signer, spki) in rooted.iter().zip(&spkis) {
            statements.sign(Thumbprint(sha256(spki)), |bytes| signer.sign(bytes))?;
        }
        files::write_durably(&statements_file(data), &statements.write()?, PUBLIC)?;
        Self::open(data, openers)
    }
}

impl BundleOpeners<'_> {
    /// The private half of `key` below the folder `data`, or in the token.
    fn open(&self, data: &Path, key: &BundleKey) -> Result<Arc<dyn Signer>, Failure> {
        let path = file_of(&folder(data), key.kid, "key");
        let opened = if path.exists() {
            Some(place::open(&path, self.environment, self.passphrase)?)
        } else {
            in_token(self.token, key.spki().to_vec())?
        };
        let elsewhere = || {
            let reason = format!(
                "{}: that key is neither there nor in a token",
                path.display()
            );
            Code::ConfigurationInvalid.because(reason)
        };
        let (public_key, signer) = opened.ok_or_else(elsewhere)?;
        if sha256(&public_key) != key.kid.0 {
            let reason = format!("{} is not the key that the root names", path.display());
            return Err(Code::ConfigurationInvalid.because(reason));
        }
        Ok(signer)
    }
}

fn opened_or_made(path: &Path) -> Result<FileSigner, Failure> {
    if path.exists() {
        return FileSigner::open(path);
    }
    place::make_open(path)
}

fn folder(data: &Path) -> PathBuf {
    data.join("keys").join("bundle")
}

fn statements_file(data: &Path) -> PathBuf {
    folder(data).join("statements.cbor")
}

/// What a token calls keys of bundles.
const LABEL: &str = "Lintas bundles";
const DAY_S: i64 = 86_400;
const RENEW_S: i64 = 10 * DAY_S;
