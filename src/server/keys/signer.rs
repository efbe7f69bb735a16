//! What any signing key must do, in a file or in a hardware module.
//!
//! Refuses to be more than one verb.

use crate::failure::Failure;

/// A private key that signs.
pub trait Signer: Send + Sync {
    /// The signature over `message`, which is whole, not hashed: in the fixed form `r ‖ s` for ECDSA.
    ///
    /// Implementations block for as long as the key takes; callers keep them off the request threads where that is long.
    ///
    /// # Errors
    /// `signer_unavailable`.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure>;
}
