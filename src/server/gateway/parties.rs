//! Whom this gateway lets in: the parties behind its federation listeners, and its operators.
//!
//! Refuses everybody that has not been taken in.
//!
//! Source: eu-dgcg, section 1.2.

use super::Gateway;
use crate::model::Thumbprint;

impl Gateway {
    /// Whether a party that is in force connects with the certificate of this fingerprint.
    pub fn is_party(&self, fingerprint: &Thumbprint) -> bool {
        !self.world().incomplete && self.hub().caller(fingerprint).is_some()
    }

    /// Whether an operator that is in force connects with the certificate of this fingerprint.
    pub fn is_operator(&self, fingerprint: &Thumbprint) -> bool {
        self.operator(fingerprint).is_ok()
    }
}
