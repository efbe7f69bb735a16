//! Whose signature on a receipt counts: the key in a certificate that names it a key of receipts, of one environment.
//!
//! Refuses every other certificate: a key signs for one purpose alone.

use crate::codec::x509::Certificate;
use crate::crypto::{Algorithm, VerifyingKey};
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime, Validity};

/// A key of receipts.
#[derive(Clone, Debug)]
pub struct ReceiptKey {
    /// SHA-256 over its public key, by which receipts name it.
    pub kid: Thumbprint,
    /// The world whose receipts it signs.
    pub environment: Environment,
    /// When it may sign.
    pub validity: Validity,
    pub(super) key: VerifyingKey,
}

impl ReceiptKey {
    /// What the certificate of a key of receipts of `environment` is called.
    pub fn name(environment: Environment) -> String {
        format!("{NAME}{environment}")
    }

    /// The key in `certificate`, X.509, DER, whose signature nobody looks at: whoever takes it knows where it is from.
    ///
    /// # Errors
    /// `entry_invalid`, `input_too_large`; `signer_not_authorised` where it is for something else;
    /// `algorithm_unsupported` where it is not on P-256.
    pub fn read(certificate: &[u8]) -> Result<Self, Failure> {
        let certificate = Certificate::read(certificate)?;
        let key = VerifyingKey::from_spki(&certificate.public_key)?;
        let other = || Code::SignerNotAuthorised.because("the certificate is not one of receipts");
        let environment = certificate.common_name.as_deref();
        let environment = environment.and_then(|name| name.strip_prefix(NAME));
        let environment = environment.and_then(Environment::parse).ok_or_else(other)?;
        if key.algorithm() != Algorithm::Es256 {
            return Err(Code::AlgorithmUnsupported.because("keys of receipts are on P-256"));
        }
        let instant = |seconds: i64| UnixTime::EPOCH.plus(seconds);
        Ok(Self {
            kid: Thumbprint(*key.spki_digest()),
            environment,
            validity: Validity {
                not_before: instant(certificate.not_before),
                not_after: instant(certificate.not_after),
            },
            key,
        })
    }
}

const NAME: &str = "Lintas receipts: ";
