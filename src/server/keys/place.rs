//! Where the private half of a key lies that a node makes for itself: in a file of its own, sealed, or in the token; in demo it
//! lies open.
//!
//! Refuses an open file outside the demo environment, and to write over a key that is there.

use super::file::FileSigner;
use super::passphrase::Passphrase;
use super::sealed::{make_sealed, open_sealed};
use super::signer::Signer;
use super::token::Token;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint};
use crate::server::files::{self, PRIVATE};
use rcgen::KeyPair;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where the private half of a new key comes to lie.
pub enum KeyPlace<'p> {
    /// In a file, open to whoever may read it: for demonstrations.
    Open,
    /// In a file, sealed.
    Sealed(&'p Passphrase),
    /// In a token.
    Token(&'p Token),
}

/// A public key, SubjectPublicKeyInfo in DER, and the private key that belongs to it.
pub(super) type Opened = (Vec<u8>, Arc<dyn Signer>);

/// The file below `folder` of the key whose SHA-256 is `kid`, with this ending.
pub(super) fn file_of(folder: &Path, kid: Thumbprint, ending: &str) -> PathBuf {
    let name: String = kid.to_string().chars().take(NAME).collect();
    folder.join(format!("{name}.{ending}"))
}

/// Makes a key, in a file below `folder` where `place` is one; a token calls it `label`.
///
/// # Errors
/// `request_invalid` for a passphrase that is too short; `signer_unavailable`, `key_sealed`, `input_output`, `internal`.
pub(super) fn make(folder: &Path, label: &str, place: &KeyPlace<'_>) -> Result<Opened, Failure> {
    files::create_private_dir(folder)?;
    // The name says which key it is, and the key is not there yet.
    let draft = folder.join(format!(".{}.draft", std::process::id()));
    let made = make_in(&draft, label, place).and_then(|opened| {
        if draft.exists() {
            let kid = Thumbprint(sha256(&opened.0));
            let moved = std::fs::rename(&draft, file_of(folder, kid, "key"));
            let failed = |error| Code::InputOutput.caused_by("a key was not put in place", error);
            moved.map_err(failed)?;
        }
        Ok(opened)
    });
    if made.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    made
}

fn make_in(draft: &Path, label: &str, place: &KeyPlace<'_>) -> Result<Opened, Failure> {
    let key = match place {
        KeyPlace::Open => make_open(draft)?,
        KeyPlace::Sealed(passphrase) => make_sealed(draft, passphrase)?,
        KeyPlace::Token(token) => {
            let public_key = token.make(label)?;
            let signer = token.signer(&public_key)?;
            let lost = || Code::SignerUnavailable.because("the token does not find its new key");
            return Ok((public_key, Arc::new(signer.ok_or_else(lost)?)));
        }
    };
    Ok((key.spki()?, Arc::new(key)))
}

/// A new key in a file at `path` that is not sealed: for demonstrations.
///
/// # Errors
/// `input_output`, `internal`.
pub(super) fn make_open(path: &Path) -> Result<FileSigner, Failure> {
    let failed = |error| Code::Internal.caused_by("a key was not made", error);
    let pem = Zeroizing::new(KeyPair::generate().map_err(failed)?.serialize_pem());
    files::write(path, pem.as_bytes(), PRIVATE)?;
    FileSigner::open(path)
}

/// The key in the file at `path`.
///
/// # Errors
/// `input_output`; `configuration_invalid` for a file that others may open, and outside demo for one that is not sealed;
/// `key_sealed` without the passphrase.
pub(super) fn open(
    path: &Path,
    environment: Environment,
    passphrase: Option<&Passphrase>,
) -> Result<Opened, Failure> {
    let missing = || Code::KeySealed.because("keys.passphrase is not configured");
    let key = match environment {
        Environment::Demo => FileSigner::open(path)?,
        Environment::Test | Environment::Production => {
            open_sealed(path, passphrase.ok_or_else(missing)?)?
        }
    };
    Ok((key.spki()?, Arc::new(key)))
}

/// The key with this public key in `token`, where it is there.
///
/// # Errors
/// `signer_unavailable`, `key_sealed`.
pub(super) fn in_token(
    token: Option<&Token>,
    public_key: Vec<u8>,
) -> Result<Option<Opened>, Failure> {
    let Some(token) = token else { return Ok(None) };
    let signer = token.signer(&public_key)?;
    Ok(signer.map(|signer| {
        let signer: Arc<dyn Signer> = Arc::new(signer);
        (public_key, signer)
    }))
}

const NAME: usize = 16;
