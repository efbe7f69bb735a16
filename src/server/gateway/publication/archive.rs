//! The archive: every certificate as a file of its own in a ZIP, and the detached signature over it.
//!
//! Refuses compression and times of the day, which would make two nodes differ.
//!
//! Source: EU DGCG, the public archive `dcc_trustlist.zip` and `dcc_trustlist.zip.sig.txt`; PKWARE APPNOTE 6.3; RFC 5652.

use super::set::Key;
use crate::exchange::dgcg::write_message;
use crate::exchange::write_pem;
use crate::failure::{Code, Failure};
use crate::model::{Environment, UnixTime};
use crate::server::keys::{PublicationKey, sign_message};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The archive of `keys`, number `sequence`, made at `created`.
///
/// # Errors
/// `internal` if the writer fails.
pub(super) fn write(
    keys: &[Key],
    environment: Environment,
    sequence: u64,
    created: UnixTime,
) -> Result<Vec<u8>, Failure> {
    let broken = |error| Code::Internal.caused_by("the archive was not written", error);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: &str, content: &str| {
        archive.start_file(name, options)?;
        archive.write_all(content.as_bytes())?;
        Ok::<_, zip::result::ZipError>(())
    };
    let version = format!("{sequence}\n{created}\n{environment}\n");
    for (name, content) in [
        ("Readme.txt", README),
        ("License.txt", LICENSE),
        ("Version.txt", &version),
    ] {
        put(name, content).map_err(broken)?;
    }
    for key in keys {
        let (part, domain, country) = (key.role.name(), &key.domain, key.country);
        let name = format!("{part}/{domain}/{country}/{}.pem", key.thumbprint);
        put(&name, &write_pem("CERTIFICATE", &key.certificate)).map_err(broken)?;
    }
    Ok(archive.finish().map_err(broken)?.into_inner())
}

/// The message in Base64 by which `key` signs `archive` at the instant `at`.
///
/// # Errors
/// `signer_unavailable`, `internal`.
pub(super) fn sign(archive: &[u8], key: &PublicationKey, at: UnixTime) -> Result<String, Failure> {
    let message = sign_message(key, key.certificate(), archive, false, at)?;
    Ok(write_message(&message))
}

const README: &str = "\
Certificates of a health-certificate gateway.

DSC/<domain>/<country>/<fingerprint>.pem   certificates of keys that sign health certificates
CSCA/<domain>/<country>/<fingerprint>.pem  certificates of the authorities that signed those
Version.txt                                number, time and environment of this archive

A fingerprint is SHA-256 over the certificate. The archive is signed; with the signature decoded from Base64:

  base64 -d dcc_trustlist.zip.sig.txt > dcc_trustlist.zip.sig
  openssl cms -verify -binary -inform DER -in dcc_trustlist.zip.sig -content dcc_trustlist.zip \\
    -CAfile archive.pem -purpose any -out /dev/null

archive.pem is the certificate of the gateway's archive key. Compare its fingerprint with the one that the gateway's
operator gave you by another way. A certificate that has expired stays in the archive; one that is gone was withdrawn.
";
const LICENSE: &str = "\
The certificates in this archive are public. You may copy, use and pass them on, whole or in part, for any purpose and
without asking. They come as they are, without any warranty; whoever relies on them has to fetch them anew in time.
";
