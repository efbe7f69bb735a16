//! What opens a sealed key or a token, and the places it may come from: an open file descriptor, or a systemd credential.
//!
//! Refuses arguments, configurations and environment variables as places of a secret: others on the machine can read those.
//!
//! Source: systemd.exec(5), `LoadCredential=`.

use crate::failure::{Code, Failure};
use crate::server::files;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A passphrase or PIN: text of 1 to 1,024 bytes. It is wiped when it is dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The passphrase in `text`, of which one line break at the end is no part.
    ///
    /// # Errors
    /// `key_sealed` where it is empty, too long or no text.
    pub fn new(mut text: Zeroizing<Vec<u8>>) -> Result<Self, Failure> {
        for end in [b'\n', b'\r'] {
            text.pop_if(|last| *last == end);
        }
        let unusable = || Code::KeySealed.because("a passphrase is 1 to 1024 bytes of text");
        if text.is_empty() || text.len() > MAX {
            return Err(unusable());
        }
        let text = std::str::from_utf8(&text).map_err(|_| unusable())?;
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Its text, for whoever opens something with it at once.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Refuses one that is too short to seal a key with.
    ///
    /// # Errors
    /// `request_invalid`.
    pub(super) fn fit_to_seal(&self) -> Result<(), Failure> {
        if self.0.chars().count() >= MIN_TO_SEAL {
            return Ok(());
        }
        let reason = format!("a key is sealed under at least {MIN_TO_SEAL} characters");
        Err(Code::RequestInvalid.because(reason))
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Where a passphrase or PIN comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassphrasePlace {
    /// A file descriptor that whoever started this process left open.
    Descriptor(u32),
    /// A credential of the service, by its name.
    Credential(String),
}

impl PassphrasePlace {
    /// The place that `text` names: `fd:3` or `credential:NAME`.
    ///
    /// # Errors
    /// `configuration_invalid`, which does not repeat the text: it may be the secret itself.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let named = || match text.split_once(':')? {
            ("fd", number) => number.parse().ok().map(Self::Descriptor),
            ("credential", name) => is_plain(name).then(|| Self::Credential(name.to_owned())),
            _ => None,
        };
        named().ok_or_else(|| {
            let reason = "a passphrase comes from fd:NUMBER or credential:NAME, and stands nowhere";
            Code::ConfigurationInvalid.because(reason)
        })
    }

    /// The passphrase there. A descriptor may be empty after it was read once.
    ///
    /// # Errors
    /// `key_sealed`; `configuration_invalid` where others may read the credential.
    pub fn read(&self) -> Result<Passphrase, Failure> {
        match self {
            Self::Descriptor(number) => {
                let absent = |error| {
                    let reason = format!("file descriptor {number} cannot be read");
                    Code::KeySealed.caused_by(reason, error)
                };
                let file = File::open(format!("/dev/fd/{number}")).map_err(absent)?;
                let mut text = Zeroizing::new(Vec::with_capacity(CAPACITY));
                let ceiling = u64::try_from(CAPACITY).unwrap_or(u64::MAX);
                file.take(ceiling).read_to_end(&mut text).map_err(absent)?;
                Passphrase::new(text)
            }
            Self::Credential(name) => {
                #[allow(
                    clippy::disallowed_methods,
                    reason = "systemd names the folder of credentials so; the secret itself is never there"
                )]
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
                let absent = || Code::KeySealed.because(format!("there is no credential {name}"));
                let path = folder.ok_or_else(absent)?.join(name);
                if !path.is_file() {
                    return Err(absent());
                }
                Passphrase::new(files::read_credential(&path)?)
            }
        }
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= MAX_NAME && !name.starts_with('.') && name.bytes().all(plain)
}

const MAX: usize = 1024;
/// One longer passphrase with its line break fits, so that it is seen to be too long.
const CAPACITY: usize = MAX + 3;
const MAX_NAME: usize = 100;
const MIN_TO_SEAL: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_and_a_secret_is_not_repeated() {
        let place = |text| PassphrasePlace::parse(text).unwrap();
        assert_eq!(place("fd:3"), PassphrasePlace::Descriptor(3));
        let credential = PassphrasePlace::Credential("dsc.pin".to_owned());
        assert_eq!(place("credential:dsc.pin"), credential);
        for text in [
            "hunter2hunter2",
            "fd:-1",
            "fd:",
            "credential:../hunter2",
            "env:hunter2",
        ] {
            let failure = PassphrasePlace::parse(text).unwrap_err();
            assert_eq!(failure.code(), Code::ConfigurationInvalid);
            assert!(!failure.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn one_line_break_at_the_end_is_no_part() {
        let read = |text: &str| Passphrase::new(Zeroizing::new(text.as_bytes().to_vec()));
        assert_eq!(read("open sesame\r\n").unwrap().expose(), "open sesame");
        assert_eq!(read("two\n\n").unwrap().expose(), "two\n");
        assert_eq!(format!("{:?}", read("secret").unwrap()), "<redacted>");
        for text in ["", "\n", &"a".repeat(1025)] {
            assert_eq!(read(text).unwrap_err().code(), Code::KeySealed);
        }
        let closed = PassphrasePlace::Descriptor(999).read().unwrap_err();
        assert_eq!(closed.code(), Code::KeySealed);
    }
}
