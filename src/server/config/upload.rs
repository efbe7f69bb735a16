//! The certificate by which this country's withdrawals are published: its upload certificate (`NBup`), and the key.
//!
//! Refuses one without the other.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// An upload certificate and its key, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadConfig {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key, which nobody else may read.
    pub key: PathBuf,
}

impl UploadConfig {
    /// The same with paths that are relative to `base`.
    pub(super) fn below(self, base: &Path) -> Self {
        Self {
            certificate: base.join(self.certificate),
            key: base.join(self.key),
        }
    }
}
