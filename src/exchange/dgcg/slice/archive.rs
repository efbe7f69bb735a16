//! Slices as a file: entries of a TAR archive, in GZIP.
//!
//! Refuses names over 100 bytes, and compression: filters look like chance, and stored bytes are the same whatever compresses.
//!
//! Source: POSIX.1-1988 (ustar); RFC 1952.

use crate::failure::{Code, Failure};
use flate2::{Compression, GzBuilder};
use std::io::Write;

/// The archive of `entries`, each a name and its bytes.
///
/// # Errors
/// `internal` where a name is too long, or the writer fails.
pub fn write_archive<'e>(
    entries: impl IntoIterator<Item = (String, &'e [u8])>,
) -> Result<Vec<u8>, Failure> {
    let broken = |error| Code::Internal.caused_by("the archive was not written", error);
    let compression = Compression::none();
    let mut archive = GzBuilder::new()
        .operating_system(UNKNOWN_SYSTEM)
        .write(Vec::new(), compression);
    for (name, bytes) in entries {
        let head = head(&name, bytes.len());
        let head = head.ok_or_else(|| Code::Internal.because("no entry of an archive"))?;
        let padding = bytes.len().next_multiple_of(BLOCK) - bytes.len();
        for part in [&head[..], bytes, ZEROS.get(..padding).unwrap_or_default()] {
            archive.write_all(part).map_err(broken)?;
        }
    }
    for _ in 0..END_BLOCKS {
        archive.write_all(&ZEROS).map_err(broken)?;
    }
    archive.finish().map_err(broken)
}

/// The block before an entry of `length` bytes; `None` where its name or its length does not fit.
fn head(name: &str, length: usize) -> Option<Vec<u8>> {
    let is_short = u64::try_from(length).is_ok_and(|it| it < MAX_LENGTH);
    let fits = !name.is_empty() && name.len() <= NAME && is_short;
    if !fits {
        return None;
    }
    let mut head = name.as_bytes().to_vec();
    head.resize(NAME, 0);
    // Who may do what, whose it is (user, group), how long it is, from when it is.
    let length = format!("{length:011o}");
    for number in ["0000644", "0000000", "0000000", &length, "00000000000"] {
        head.extend(number.as_bytes());
        head.push(0);
    }
    let sum_at = head.len();
    head.extend(*b"        ");
    // A plain file.
    head.push(b'0');
    head.resize(MAGIC_AT, 0);
    head.extend(*b"ustar\x0000");
    head.resize(BLOCK, 0);
    let sum: u32 = head.iter().copied().map(u32::from).sum();
    let sum = format!("{sum:06o}\0 ");
    head.splice(sum_at..sum_at + sum.len(), sum.bytes());
    Some(head)
}

const BLOCK: usize = 512;
const ZEROS: [u8; BLOCK] = [0; BLOCK];
const END_BLOCKS: usize = 2;
const NAME: usize = 100;
/// After the name of what an entry links to.
const MAGIC_AT: usize = 257;
/// What eleven octal digits hold.
const MAX_LENGTH: u64 = 1 << 33;
const UNKNOWN_SYSTEM: u8 = 255;
