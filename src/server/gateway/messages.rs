//! The words in which verdicts are told: the files `id.toml` and `en.toml` of the folder `messages`, in the form of the program's
//! own.
//!
//! Refuses a file of which any message cannot be shown, as a whole and told once; then the program's own count, as they do for
//! every message that no file has.

use super::Gateway;
use crate::failure::{Code, Failure};
use crate::server::federation::Directory;
use crate::verify::{Locale, Messages};
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::{info, warn};

/// The messages of the folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) messages: Arc<Messages>,
    /// What was left out: the name, why.
    left_out: BTreeSet<(String, String)>,
}

impl Gateway {
    /// Reads the folder again.
    pub(super) fn look_at_messages(&self) {
        let folder = self.data.join(FOLDER);
        let (mut messages, mut left_out) = (Messages::default(), BTreeSet::new());
        if folder.is_dir() {
            match Directory::new(folder).fetch_within(MAX_FILES, MAX_SUM) {
                Ok(files) => {
                    for file in files.into_iter().filter(|it| it.name.ends_with(ENDING)) {
                        if let Err(failure) = taken(&mut messages, &file.name, file.bytes) {
                            left_out.insert((file.name, failure.to_string()));
                        }
                    }
                }
                Err(failure) => {
                    left_out.insert((FOLDER.to_owned(), failure.to_string()));
                }
            }
        }
        let before = self.told.load();
        for (name, reason) in left_out.difference(&before.left_out) {
            warn!(name, "not among the messages: {name}: {reason}");
        }
        let found = Told {
            messages: Arc::new(messages),
            left_out,
        };
        if found.messages != before.messages {
            let count = found.messages.replaced().count();
            info!(count, "messages in the place of the program's own: {count}");
        }
        if found != **before {
            self.told.store(Arc::new(found));
        }
    }
}

fn taken(
    messages: &mut Messages,
    name: &str,
    bytes: Result<Vec<u8>, Failure>,
) -> Result<(), Failure> {
    let locale = name.strip_suffix(ENDING).and_then(Locale::parse);
    let odd = |reason: &str| Code::ConfigurationInvalid.because(reason);
    let locale = locale.ok_or_else(|| odd("neither id.toml nor en.toml"))?;
    let text = String::from_utf8(bytes?).map_err(|_| odd("no UTF-8"))?;
    messages.read(&text, locale)
}

const FOLDER: &str = "messages";
const ENDING: &str = ".toml";
const MAX_FILES: usize = 16;
const MAX_SUM: u64 = 1024 * 1024;
