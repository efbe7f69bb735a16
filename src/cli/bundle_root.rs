//! `bundle root`: on machines without a network, keys of the root of bundles, and what their custodians sign with them.
//!
//! Refuses passphrases as arguments, to sign another draft than the one that was looked at, and to put together what too few have
//! signed.
//!
//! Source: docs/SCANNER.md.

use super::keys::Sealed;
use super::{Exit, show};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint};
use crate::server::files::{self, PUBLIC};
use crate::server::keys::{Signer, make_sealed, open_sealed};
use crate::server::scanner::bounded;
use crate::snapshot::bundle::{self, Statements};
use clap::Subcommand;
use pkcs8::LineEnding;
use pkcs8::der::pem;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

/// What `bundle root` can do.
#[derive(Subcommand)]
pub(super) enum Root {
    /// On a custodian's machine without a network: make a key of the root, sealed, and its public half beside it (`.pub`).
    Key {
        /// Where the key goes.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        sealed: Sealed,
    },
    /// State which keys are the root, and how many of them sign together. Scanners are enrolled with its fingerprint.
    State {
        /// The environment that it speaks for: test or production.
        #[arg(long)]
        environment: String,
        /// How many of the keys have to sign.
        #[arg(long)]
        threshold: usize,
        /// Where the root goes.
        #[arg(long)]
        out: PathBuf,
        /// The public halves of its keys.
        #[arg(required = true)]
        keys: Vec<PathBuf>,
    },
    /// On a custodian's machine without a network: show a draft, and who has signed it. With --key: sign it.
    Sign {
        /// The draft.
        draft: PathBuf,
        /// The custodian's key.
        #[arg(long, requires_all = ["hash", "out"])]
        key: Option<PathBuf>,
        /// The hash of the draft that was looked at; another is not signed.
        #[arg(long, requires = "key")]
        hash: Option<String>,
        /// Where the signed draft goes.
        #[arg(long, requires = "key")]
        out: Option<PathBuf>,
        #[command(flatten)]
        sealed: Sealed,
    },
    /// Put together what several custodians have signed, once they are enough.
    Join {
        /// Where that goes.
        #[arg(long)]
        out: PathBuf,
        /// What they have signed.
        #[arg(required = true)]
        signed: Vec<PathBuf>,
    },
}

impl Root {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Key { out, sealed } => key(&out, &sealed)?,
            Self::State {
                environment,
                threshold,
                out,
                keys,
            } => state(&environment, threshold, &out, &keys)?,
            Self::Sign {
                draft,
                key,
                hash,
                out,
                sealed,
            } => {
                let statements = statements(&draft)?;
                told(&statements)?;
                if let (Some(key), Some(hash), Some(out)) = (key, hash, out) {
                    sign(of_draft(statements, &hash)?, &key, &out, &sealed)?;
                }
            }
            Self::Join { out, signed } => join(&out, &signed)?,
        }
        Ok(Exit::Success)
    }
}

fn key(out: &Path, sealed: &Sealed) -> Result<(), Failure> {
    let public = out.with_extension("pub");
    if public.exists() || public == out {
        let reason = format!("{} is the public half of another key", public.display());
        return Err(Code::RequestInvalid.because(reason));
    }
    let spki = make_sealed(out, &sealed.read(None)?)?.spki()?;
    let failed = |_| Code::Internal.because("the public half was not written");
    let text = pem::encode_string(LABEL, LineEnding::LF, &spki).map_err(failed)?;
    files::write_durably(&public, text.as_bytes(), PUBLIC)?;
    show::line(&format!("key {}", Thumbprint(sha256(&spki))))?;
    show::note("write it down, by hand; the public half goes to whoever states the root");
    Ok(())
}

fn state(environment: &str, threshold: usize, out: &Path, keys: &[PathBuf]) -> Result<(), Failure> {
    let environment = Environment::parse(environment);
    let none = || Code::RequestInvalid.because("--environment is test or production");
    let environment = environment.filter(|it| *it != Environment::Demo);
    let keys = keys.iter().map(|path| {
        let none = || {
            let reason = format!("{} holds no public key in PEM", path.display());
            Code::RequestInvalid.because(reason)
        };
        let der = SubjectPublicKeyInfoDer::from_pem_slice(&bounded(path)?);
        Ok(der.map_err(|_| none())?.to_vec())
    });
    let keys = keys.collect::<Result<Vec<_>, Failure>>()?;
    let root = bundle::Root::new(environment.ok_or_else(none)?, threshold, &keys)?;
    if out.exists() {
        let reason = format!("{} is there already", out.display());
        return Err(Code::RequestInvalid.because(reason));
    }
    files::write_durably(out, root.to_bytes(), PUBLIC)?;
    told_root(&root)?;
    show::note("write the root's fingerprint down, on paper that every custodian signs");
    Ok(())
}

fn sign(
    mut statements: Statements,
    key: &Path,
    out: &Path,
    sealed: &Sealed,
) -> Result<(), Failure> {
    let signer = open_sealed(key, &sealed.read(None)?)?;
    let kid = Thumbprint(sha256(&signer.spki()?));
    let signed = statements.sign(kid, |bytes| signer.sign(bytes))?;
    files::write_durably(out, &statements.write()?, PUBLIC)?;
    show::line(&format!("signed {signed} statements by the key {kid}"))?;
    Ok(())
}

fn join(out: &Path, signed: &[PathBuf]) -> Result<(), Failure> {
    let mut joined: Option<Statements> = None;
    for path in signed {
        let read = statements(path)?;
        match &mut joined {
            None => joined = Some(read),
            Some(joined) => joined.join(read).map_err(|it| named(path, &it))?,
        }
    }
    let none = || Code::RequestInvalid.because("nothing to put together");
    let joined = joined.ok_or_else(none)?;
    told(&joined)?;
    joined.complete()?;
    files::write_durably(out, &joined.write()?, PUBLIC)
}

/// `statements`, if they are those of the draft with this hash.
///
/// # Errors
/// `request_invalid`.
pub(super) fn of_draft(statements: Statements, hash: &str) -> Result<Statements, Failure> {
    if Thumbprint::parse(hash) != Some(statements.hash()?) {
        return Err(Code::RequestInvalid.because("this is not the draft of that --hash"));
    }
    Ok(statements)
}

/// The statements in the file at `path`.
///
/// # Errors
/// `bundle_invalid`, `proof_invalid`, `environment_mismatch`, `input_too_large`, `input_output`.
pub(super) fn statements(path: &Path) -> Result<Statements, Failure> {
    Statements::read(&bounded(path)?).map_err(|failure| named(path, &failure))
}

/// The same failure, with the file that it is about.
fn named(path: &Path, failure: &Failure) -> Failure {
    let reason = format!("{}: {}", path.display(), failure.detail());
    failure.code().because(reason)
}

/// Tells what would be stated, and who has signed it.
///
/// # Errors
/// `input_output`, `internal`.
pub(super) fn told(statements: &Statements) -> Result<(), Failure> {
    show::line(&format!("draft {}", statements.hash()?))?;
    statements.roots().iter().try_for_each(told_root)?;
    let (kid, validity) = (statements.key.kid, &statements.key.validity);
    let (from, until) = (validity.not_before, validity.not_after);
    show::line(&format!("names the key {kid} from {from} until {until}"))?;
    show::line(&format!("states the epoch {}", statements.epoch))?;
    for it in statements.standing() {
        let (what, root) = (it.what, it.root);
        let (signed, needed) = (it.signed, it.needed);
        show::line(&format!(
            "{what}: {signed} of {needed} keys of the root {root} signed"
        ))?;
    }
    Ok(())
}

fn told_root(root: &bundle::Root) -> Result<(), Failure> {
    let (name, environment) = (root.fingerprint(), root.environment);
    let (threshold, keys) = (root.threshold, root.keys().count());
    show::line(&format!(
        "root {name}, {environment}: {threshold} of {keys} keys"
    ))?;
    let mut keys = root.keys();
    keys.try_for_each(|key| show::line(&format!("  key {key}")))
}

/// RFC 7468, section 13.
const LABEL: &str = "PUBLIC KEY";
