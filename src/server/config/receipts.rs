//! What the configuration says of receipts: where the snapshots are kept by which their verdicts can be reached again.
//!
//! Refuses unknown members.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How receipts are given out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptsConfig {
    archive: Option<PathBuf>,
}

impl ReceiptsConfig {
    /// The same with paths below `base`.
    pub(super) fn below(self, base: &Path) -> Self {
        Self {
            archive: self.archive.map(|path| base.join(path)),
        }
    }

    /// The folder of snapshots; `archive` in the folder `data` where none is named.
    pub fn archive(&self, data: &Path) -> PathBuf {
        let usual = || data.join("archive");
        self.archive.clone().unwrap_or_else(usual)
    }
}
