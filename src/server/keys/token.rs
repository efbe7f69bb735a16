//! Signing keys in a hardware module: generated in the token, and never outside it.
//!
//! Refuses keys that the token would give out, and to try a PIN a second time that was wrong: tokens lock themselves.
//!
//! Source: PKCS #11 v2.40, sections 2.3 (elliptic curves) and 4.9 (what `CKA_SENSITIVE` and `CKA_EXTRACTABLE` promise).

mod session;

use super::passphrase::{Passphrase, PassphrasePlace};
use super::signer::Signer;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use session::Sessions;
use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

/// Which token holds keys, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenConfig {
    /// The PKCS #11 library of its maker.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// Where its PIN comes from.
    pub pin: PassphrasePlace,
}

/// A token that is logged in to, by a thread of its own: a session serves one thread alone.
#[derive(Clone)]
pub struct Token {
    label: String,
    asks: SyncSender<Ask>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("label", &self.label).finish()
    }
}

/// What the thread is asked to do, and where the answer goes.
enum Ask {
    /// The public keys of what can sign: SubjectPublicKeyInfo, DER.
    Keys(SyncSender<Result<Vec<Vec<u8>>, Failure>>),
    /// A new key with this label; its public key.
    Make(String, SyncSender<Result<Vec<u8>, Failure>>),
    /// The signature of the key with this public key over a digest.
    Sign(Vec<u8>, [u8; 32], SyncSender<Result<Vec<u8>, Failure>>),
}

impl Token {
    /// The token that `config` names, logged in to.
    ///
    /// # Errors
    /// `key_sealed` where the PIN is not at hand or wrong; `configuration_invalid` where the library cannot be loaded or has
    /// no such token; `signer_unavailable`.
    pub fn open(config: &TokenConfig) -> Result<Self, Failure> {
        let pin = config.pin.read()?;
        Self::open_with(config, &pin)
    }

    /// The same with a PIN that was read before.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn open_with(config: &TokenConfig, pin: &Passphrase) -> Result<Self, Failure> {
        let (asks, asked) = sync_channel(MAX_WAITING);
        let (ready, opened) = sync_channel(1);
        let mut sessions = Sessions::new(config, pin)?;
        thread::Builder::new()
            .name("token".to_owned())
            .spawn(move || {
                let first = sessions.keys().map(|_| ());
                let failed = first.is_err();
                let _ = ready.send(first);
                if !failed {
                    serve(&mut sessions, &asked);
                }
            })
            .map_err(|error| Code::Internal.caused_by("no thread for the token", error))?;
        wait(&opened)?;
        Ok(Self {
            label: config.token.clone(),
            asks,
        })
    }

    /// The public keys of every key here that can sign: SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// `signer_unavailable`, `key_sealed`.
    pub fn keys(&self) -> Result<Vec<Vec<u8>>, Failure> {
        self.ask(Ask::Keys)
    }

    /// Makes a key for P-256 that never leaves the token; its public key.
    ///
    /// # Errors
    /// `signer_unavailable`, `key_sealed`.
    pub fn make(&self, label: &str) -> Result<Vec<u8>, Failure> {
        self.ask(|reply| Ask::Make(label.to_owned(), reply))
    }

    /// Every key here that can sign.
    ///
    /// # Errors
    /// `signer_unavailable`, `key_sealed`.
    pub fn signers(&self) -> Result<Vec<TokenSigner>, Failure> {
        let signer = |public_key| TokenSigner {
            token: self.clone(),
            public_key,
        };
        Ok(self.keys()?.into_iter().map(signer).collect())
    }

    /// The key here with this public key, SubjectPublicKeyInfo in DER; `None` where it is elsewhere.
    ///
    /// # Errors
    /// `signer_unavailable`, `key_sealed`.
    pub fn signer(&self, public_key: &[u8]) -> Result<Option<TokenSigner>, Failure> {
        let mut signers = self.signers()?.into_iter();
        Ok(signers.find(|signer| signer.public_key == public_key))
    }

    fn ask<T>(
        &self,
        ask: impl FnOnce(SyncSender<Result<T, Failure>>) -> Ask,
    ) -> Result<T, Failure> {
        let (reply, answer) = sync_channel(1);
        self.asks
            .try_send(ask(reply))
            .map_err(|error| match error {
                TrySendError::Full(_) => {
                    Code::SignerUnavailable.because("too many wait for the token")
                }
                TrySendError::Disconnected(_) => ended(),
            })?;
        wait(&answer)
    }
}

/// A key in a token.
#[derive(Clone, Debug)]
pub struct TokenSigner {
    token: Token,
    public_key: Vec<u8>,
}

impl TokenSigner {
    /// Its public key: SubjectPublicKeyInfo, DER.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}

impl Signer for TokenSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let digest = sha256(message);
        let key = self.public_key.clone();
        self.token.ask(|reply| Ask::Sign(key, digest, reply))
    }
}

/// Does what is asked, until nobody can ask any more.
fn serve(sessions: &mut Sessions, asked: &Receiver<Ask>) {
    // Whoever waits no longer needs no answer.
    for ask in asked {
        match ask {
            Ask::Keys(reply) => {
                let _ = reply.send(sessions.keys());
            }
            Ask::Make(label, reply) => {
                let _ = reply.send(sessions.make(&label));
            }
            Ask::Sign(key, digest, reply) => {
                let _ = reply.send(sessions.sign(&key, &digest));
            }
        }
    }
}

fn wait<T>(answer: &Receiver<Result<T, Failure>>) -> Result<T, Failure> {
    answer.recv_timeout(PATIENCE).map_err(|error| match error {
        RecvTimeoutError::Timeout => Code::SignerUnavailable.because("the token does not answer"),
        RecvTimeoutError::Disconnected => ended(),
    })?
}

fn ended() -> Failure {
    Code::SignerUnavailable.because("the token's thread has ended")
}

/// How many may wait for one token.
const MAX_WAITING: usize = 256;
/// How long one answer may take, those before it included.
const PATIENCE: Duration = Duration::from_secs(10);
