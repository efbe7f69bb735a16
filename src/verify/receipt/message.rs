//! The signed message around a receipt, both ways: COSE_Sign1 of the kind `receipt`, which names its key and states no
//! certificate.
//!
//! Refuses to be believed before it is proven, keys of another environment or another time, and to give out what does not
//! read back, prove itself, and say what was to be said.

use super::key::ReceiptKey;
use super::told::Receipt;
use super::wire;
use crate::codec::typed::{self, Kind, Typed};
use crate::crypto;
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;

/// What the COSE message of a receipt is.
pub const RECEIPT: Kind = Kind::named("receipt");

/// A receipt that awaits its signature.
#[derive(Debug)]
pub struct ToBeSigned<'k> {
    receipt: Receipt,
    key: &'k ReceiptKey,
    message: typed::Unsigned,
}

impl Receipt {
    /// Prepares it for the signature of `key`.
    ///
    /// # Errors
    /// `environment_mismatch` where the key is of another world; `internal` if the writer fails.
    pub fn to_be_signed(self, key: &ReceiptKey) -> Result<ToBeSigned<'_>, Failure> {
        self.check(key)?;
        let message = typed::Unsigned::new(RECEIPT, &key.kid.0, None, wire::write(&self)?)?;
        Ok(ToBeSigned {
            receipt: self,
            key,
            message,
        })
    }

    /// That `key` may sign it.
    fn check(&self, key: &ReceiptKey) -> Result<(), Failure> {
        if self.environment != key.environment {
            let (ours, theirs) = (self.environment, key.environment);
            let reason = format!("a receipt of {ours} under a key of {theirs}");
            return Err(Code::EnvironmentMismatch.because(reason));
        }
        if self.at < key.validity.not_before || key.validity.not_after < self.at {
            return Err(Code::ProofInvalid.because("its key did not sign at that time"));
        }
        Ok(())
    }
}

impl ToBeSigned<'_> {
    /// The bytes to sign, whole, not hashed.
    pub fn signed_bytes(&self) -> &[u8] {
        self.message.signed_bytes()
    }

    /// The receipt with `signature` in it, `r ‖ s`, after it was read back and proven.
    ///
    /// # Errors
    /// `read_back_failed`, `internal`.
    pub fn complete(self, signature: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let failed = |failure: &Failure| Code::ReadBackFailed.because(failure.detail().to_owned());
        let bytes = self.message.complete(signature)?;
        let proven = Unproven::read(&bytes).and_then(|it| it.prove([self.key]));
        if proven.map_err(|failure| failed(&failure))? == self.receipt {
            return Ok(bytes);
        }
        Err(Code::ReadBackFailed.because("the receipt changed"))
    }
}

/// A receipt as received; nothing in it is proven.
#[derive(Clone, Debug)]
pub struct Unproven {
    message: Typed,
    kid: Thumbprint,
    receipt: Receipt,
}

impl Unproven {
    /// The receipt in `bytes`.
    ///
    /// # Errors
    /// `receipt_invalid`; `input_too_large` over 64 KiB.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.len() > MAX_RECEIPT {
            return Err(Code::InputTooLarge.because(format!("a receipt over {MAX_RECEIPT} bytes")));
        }
        let invalid = |what: &str| Code::ReceiptInvalid.because(what);
        let message = Typed::read(bytes, RECEIPT).map_err(|failure| invalid(failure.detail()))?;
        let kid = message.kid.as_slice().try_into();
        let kid = Thumbprint(kid.map_err(|_| invalid("the key is not named by its SHA-256"))?);
        if message.certificate.is_some() {
            return Err(invalid("a certificate stands in it"));
        }
        let receipt = wire::read(&message.payload)?;
        Ok(Self {
            message,
            kid,
            receipt,
        })
    }

    /// The key that it names: SHA-256 over the public key.
    pub fn kid(&self) -> Thumbprint {
        self.kid
    }

    /// What it says, if one of `keys` signed it.
    ///
    /// # Errors
    /// `anchor_unknown` where it names none of them; `environment_mismatch`; `proof_invalid`.
    pub fn prove<'k>(
        self,
        keys: impl IntoIterator<Item = &'k ReceiptKey>,
    ) -> Result<Receipt, Failure> {
        let mut named = keys.into_iter().filter(|key| key.kid == self.kid);
        let unknown =
            || Code::AnchorUnknown.because(format!("no such key of receipts: {}", self.kid));
        let key = named.next().ok_or_else(unknown)?;
        let message = &self.message;
        crypto::verify(&key.key, message.signed_bytes(), &message.signature)
            .map_err(|failure| Code::ProofInvalid.because(failure.detail().to_owned()))?;
        self.receipt.check(key)?;
        Ok(self.receipt)
    }
}

/// The ceiling of a receipt: eight credentials of which some hundred rules say something each. Usual ones are some hundred bytes.
const MAX_RECEIPT: usize = 64 * 1024;
