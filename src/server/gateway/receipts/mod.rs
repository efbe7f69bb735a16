//! Receipts: a verdict confirmed by a signature, when everything is kept by which it can be reached again.
//!
//! Refuses a receipt whose snapshot is not in the archive yet, and to confirm what was never answered: receipts are made of
//! verdicts, not of requests.

mod archive;

pub use archive::Archive;

use super::keyring::Openers;
use super::{Gateway, Moment, VerifyRequest};
use crate::failure::{Code, Failure};
use crate::model::{Environment, UnixTime};
use crate::server::config::{Config, Role};
use crate::server::keys::{ReceiptKeys, ReceiptSigner};
use crate::verify::{PolicyName, Receipt, ReceiptKey, Verdict};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use metrics::Counter;

/// What receipts of a node are made with.
pub(super) struct Receipts {
    keys: ReceiptKeys,
    archive: Archive,
    policy: PolicyName,
    given: Counter,
}

impl Receipts {
    /// Those that `config` lets a node give; the throw-away key of the demo is made at the instant `now`.
    pub(super) fn open(config: &Config, openers: &Openers, now: UnixTime) -> Result<Self, Failure> {
        let (data, environment) = (&config.data, config.environment);
        let (passphrase, token) = (openers.passphrase.as_ref(), openers.token.as_ref());
        let keys = match (config.roles.has(Role::Verify), environment) {
            (true, Environment::Demo) => ReceiptKeys::demo(data, now)?,
            (true, _) => ReceiptKeys::open(data, environment, passphrase, token)?,
            (false, _) => ReceiptKeys::known(data, environment)?,
        };
        Ok(Self {
            keys,
            archive: Archive::at(config.receipts.archive(data)),
            policy: PolicyName::of(&config.policy)?,
            given: metrics::counter!("lintas_receipts_total"),
        })
    }

    /// The certificates of every key of receipts that this node knows, DER, the newest first, and the keys in them.
    pub(super) fn known(&self) -> &[(Vec<u8>, ReceiptKey)] {
        &self.keys.known
    }

    /// The key that signs here.
    pub(super) fn signer(&self) -> Option<&ReceiptSigner> {
        self.keys.signer.as_ref()
    }
}

impl Gateway {
    /// The receipt that confirms to `client` the `verdict` on `request` at `moment`, in base64url without padding.
    ///
    /// The snapshot is in the archive then. It writes files where it is the first under its snapshot, and signs: both take
    /// their time.
    ///
    /// # Errors
    /// `request_invalid` where this node has no key of receipts, or the verdict is simulated; `signer_unavailable`,
    /// `input_output`, `read_back_failed`, `internal`.
    pub fn receipt(
        &self,
        request: &VerifyRequest,
        verdict: &Verdict,
        moment: &Moment,
        client: &str,
    ) -> Result<String, Failure> {
        let receipts = &self.receipts;
        let none = || {
            let reason = "member `receipt` is not served here: this node has no key of receipts";
            Code::RequestInvalid.because(reason).about("receipt")
        };
        let signer = receipts.signer().ok_or_else(none)?;
        let snapshot = &moment.world.snapshot;
        let texts = request.questions.iter().map(|it| it.text.as_str());
        let texts: Vec<_> = texts.collect();
        let (asked, policy) = (&request.asked, receipts.policy.clone());
        let receipt = Receipt::of(verdict, &texts, asked, snapshot, policy, client)?;
        let unfit = |failure: Failure| Code::SignerUnavailable.because(failure.detail().to_owned());
        let prepared = receipt.to_be_signed(&signer.key).map_err(unfit)?;
        receipts.archive.keep(snapshot, &self.policy)?;
        let signature = signer.signer.sign(prepared.signed_bytes())?;
        let bytes = prepared.complete(signature)?;
        receipts.given.increment(1);
        Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The certificates of every key of receipts that this node knows, DER, the newest first, and the keys in them.
    pub fn receipt_keys(&self) -> &[(Vec<u8>, ReceiptKey)] {
        self.receipts.known()
    }
}
