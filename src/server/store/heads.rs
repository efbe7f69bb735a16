//! The signed heads of the audit, one JSON line each, in a file outside the database.
//!
//! Refuses to take a line away, but for one that a crash cut short, which was never told to anybody.
//!
//! Source: FIPS 186-5 (ES256).

use super::canonical;
use super::contract::{AuditHead, Store};
use crate::crypto::{self, VerifyingKey};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::files::{self, PRIVATE};
use crate::server::keys::{FileSigner, Signer};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rcgen::KeyPair;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The file of signed heads and the key that signs them.
pub struct Heads {
    signer: FileSigner,
    key: VerifyingKey,
    path: PathBuf,
}

/// A head of the audit, signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// The head.
    pub head: AuditHead,
    /// When it was signed.
    pub at: UnixTime,
}

impl SignedHead {
    /// Whether it is older than `before`, which stands before it.
    pub(super) fn goes_back(&self, before: &Self) -> bool {
        self.head.sequence < before.head.sequence || self.at < before.at
    }

    fn signed_bytes(&self) -> Vec<u8> {
        canonical::bytes(&[
            DOMAIN,
            &self.head.sequence.to_be_bytes(),
            &self.head.hash,
            &self.at.seconds().to_be_bytes(),
        ])
    }
}

impl Heads {
    /// Those below the folder `data`; the key is made if it is not there.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`, `internal`.
    pub fn open(data: &Path) -> Result<Self, Failure> {
        let key_path = data.join("keys").join("audit.pem");
        let path = data.join("audit").join("heads.ndjson");
        let _making = files::lock(data)?;
        if !key_path.exists() {
            if path.exists() {
                let reason = format!(
                    "{} is gone, but heads were signed with it",
                    key_path.display()
                );
                return Err(Code::ConfigurationInvalid.because(reason));
            }
            files::create_private_dir(&data.join("keys"))?;
            let key = KeyPair::generate()
                .map_err(|error| Code::Internal.caused_by("the audit key was not made", error))?;
            let pem = Zeroizing::new(key.serialize_pem());
            files::write(&key_path, pem.as_bytes(), PRIVATE)?;
        }
        files::create_private_dir(&data.join("audit"))?;
        let signer = FileSigner::open(&key_path)?;
        let key = VerifyingKey::from_spki(&signer.spki()?)?;
        Ok(Self { signer, key, path })
    }

    /// Signs the present head of the audit in `store` and keeps it, where it moved or the last one is an hour old. Called
    /// each minute and at shutdown.
    ///
    /// # Errors
    /// `store_incomplete` where the audit ends before the last head that was signed, or is another one there: this is told
    /// once, and the present head is signed all the same, so that there is evidence from here on, too.
    /// `store_unavailable`, `input_output`, `signer_unavailable`.
    pub async fn sign(
        &self,
        store: &dyn Store,
        at: UnixTime,
    ) -> Result<Option<SignedHead>, Failure> {
        let head = store.audit_head().await?;
        let _one = files::lock(self.path.parent().unwrap_or_else(|| Path::new("")))?;
        let alarm = match self.last()? {
            Last::None if head == AuditHead::EMPTY => return Ok(None),
            Last::Signed(last) if head == last.head && at < last.at.plus(HOUR_S) => {
                return Ok(None);
            }
            Last::None => None,
            Last::Signed(last) => behind(&head, &last.head),
            Last::Bad => Some(format!(
                "the last line of {} has no good signature",
                self.path.display()
            )),
        };
        let signed = SignedHead { head, at };
        let signature = self.signer.sign(&signed.signed_bytes())?;
        self.keep(&Line::of(&signed, &signature))?;
        match alarm {
            None => Ok(Some(signed)),
            Some(reason) => Err(Code::StoreIncomplete.because(reason)),
        }
    }

    /// Hands each line to `see`, with its number and what it says where its signature is good.
    ///
    /// # Errors
    /// `input_output`.
    pub(super) fn each(
        &self,
        see: &mut (dyn FnMut(u64, Option<SignedHead>) + Send),
    ) -> Result<(), Failure> {
        for (number, line) in (1..).zip(self.lines()?) {
            see(number, self.read(&line?));
        }
        Ok(())
    }

    /// The whole lines of the file, one after the other, as they are.
    ///
    /// # Errors
    /// `input_output`, for the file and for each line; a line over 4 KiB comes in pieces.
    pub fn lines(&self) -> Result<impl Iterator<Item = Result<String, Failure>>, Failure> {
        let file = match File::open(&self.path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(self.failed(error)),
        };
        let mut reader = file.map(BufReader::new);
        Ok(std::iter::from_fn(move || {
            let mut line = Vec::new();
            let read = reader.as_mut()?.take(MAX_LINE).read_until(b'\n', &mut line);
            if let Err(error) = read {
                reader = None;
                return Some(Err(self.failed(error)));
            }
            let is_over = line.len() < MAX_LINE_BYTES && !line.ends_with(b"\n");
            if line.ends_with(b"\n") {
                line.pop();
            }
            (!is_over).then(|| Ok(String::from_utf8_lossy(&line).into_owned()))
        }))
    }

    fn read(&self, line: &str) -> Option<SignedHead> {
        let (signed, signature) = serde_json::from_str::<Line>(line).ok()?.read()?;
        crypto::verify_by_library(&self.key, &signed.signed_bytes(), &signature).ok()?;
        Some(signed)
    }

    /// The last line, once one that was cut short is taken away.
    fn last(&self) -> Result<Last, Failure> {
        let mut file = match OpenOptions::new().read(true).write(true).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Last::None),
            Err(error) => return Err(self.failed(error)),
        };
        let tail = || -> std::io::Result<Vec<u8>> {
            let length = file.metadata()?.len();
            let start = length.saturating_sub(2 * MAX_LINE);
            file.seek(SeekFrom::Start(start))?;
            let mut tail = Vec::new();
            (&file).take(2 * MAX_LINE).read_to_end(&mut tail)?;
            let whole = tail
                .iter()
                .rposition(|it| *it == b'\n')
                .map_or(0, |it| it + 1);
            if whole < tail.len() {
                file.set_len(start + u64::try_from(whole).unwrap_or_default())?;
                tail.truncate(whole);
            }
            Ok(tail)
        };
        let mut tail = { tail }().map_err(|error| self.failed(error))?;
        if tail.pop().is_none() {
            return Ok(Last::None);
        }
        let line = tail.rsplit(|it| *it == b'\n').next().unwrap_or_default();
        let head = self.read(&String::from_utf8_lossy(line));
        Ok(head.map_or(Last::Bad, Last::Signed))
    }

    fn keep(&self, line: &Line) -> Result<(), Failure> {
        let text = serde_json::to_string(line)
            .map_err(|error| Code::Internal.caused_by("a head cannot be written", error))?;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(PRIVATE)
            .open(&self.path);
        let kept = file.and_then(|mut file| {
            file.write_all(format!("{text}\n").as_bytes())?;
            file.sync_all()
        });
        kept.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: std::io::Error) -> Failure {
        Code::InputOutput.caused_by(format!("{} failed", self.path.display()), error)
    }
}

/// The last line of the file.
enum Last {
    None,
    Bad,
    Signed(SignedHead),
}

/// What is wrong where `head` cannot have come after `signed`.
fn behind(head: &AuditHead, signed: &AuditHead) -> Option<String> {
    let (present, last) = (head.sequence, signed.sequence);
    if present < last {
        return Some(format!(
            "row {last} of the audit was signed, the last one there is {present}"
        ));
    }
    (present == last && head.hash != signed.hash)
        .then(|| format!("row {last} of the audit is not the one that was signed"))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sequence: u64,
    hash: String,
    at: i64,
    signature: String,
}

impl Line {
    fn of(signed: &SignedHead, signature: &[u8]) -> Self {
        Self {
            sequence: signed.head.sequence,
            hash: base16ct::lower::encode_string(&signed.head.hash),
            at: signed.at.seconds(),
            signature: BASE64_URL_SAFE_NO_PAD.encode(signature),
        }
    }

    fn read(&self) -> Option<(SignedHead, Vec<u8>)> {
        let hash = base16ct::lower::decode_vec(&self.hash).ok()?;
        let head = AuditHead {
            sequence: self.sequence,
            hash: hash.try_into().ok()?,
        };
        let at = UnixTime::from_seconds(self.at)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(&self.signature).ok()?;
        Some((SignedHead { head, at }, signature))
    }
}

const DOMAIN: &[u8] = b"lintas/audit-head/v1";
const HOUR_S: i64 = 3600;
const MAX_LINE: u64 = 4096;
const MAX_LINE_BYTES: usize = 4096;
