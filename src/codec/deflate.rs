//! zlib streams, inflated under a ceiling.
//!
//! Refuses raw deflate, preset dictionaries, a wrong checksum, bytes after the stream, and output past the ceiling,
//! which is checked while inflating: a bomb costs no more than the ceiling.
//!
//! Source: RFC 1950, RFC 1951.

use crate::failure::{Code, Failure};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::cell::Cell;

thread_local! {
    // Taken out while in use and put back after success alone, so what a failure or a panic left behind is dropped.
    static INFLATER: Cell<Option<Decompress>> = const { Cell::new(None) };
    static DEFLATER: Cell<Option<Compress>> = const { Cell::new(None) };
}

/// The content of one complete zlib stream, at most `ceiling` bytes of it.
///
/// The inflater's own tables and window (48 KiB) are kept for the next stream on this thread.
///
/// # Errors
/// `inflate_invalid`; `input_too_large` where the content exceeds `ceiling`.
pub fn inflate(stream: &[u8], ceiling: usize) -> Result<Vec<u8>, Failure> {
    let mut inflater = match INFLATER.take() {
        Some(mut inflater) => {
            inflater.reset(true);
            inflater
        }
        None => Decompress::new(true),
    };
    let content = inflate_with(&mut inflater, stream, ceiling)?;
    INFLATER.set(Some(inflater));
    Ok(content)
}

fn inflate_with(
    inflater: &mut Decompress,
    stream: &[u8],
    ceiling: usize,
) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::with_capacity(stream.len().saturating_mul(2).min(ceiling) + 1);
    loop {
        let consumed = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = stream.get(consumed..).unwrap_or_default();
        let before = (inflater.total_in(), content.len());
        // Told that this is all of it, the inflater keeps no window where the content fits at once.
        let status = inflater
            .decompress_vec(rest, &mut content, FlushDecompress::Finish)
            .map_err(|error| Code::InflateInvalid.caused_by("not a zlib stream", error))?;
        if content.len() > ceiling {
            return Err(Code::InputTooLarge.because(format!("inflates to over {ceiling} bytes")));
        }
        match status {
            Status::StreamEnd => break,
            Status::Ok | Status::BufError if content.len() == content.capacity() => {
                let room = content.len().min(ceiling + 1 - content.len());
                content.reserve_exact(room.max(1));
            }
            Status::Ok if (inflater.total_in(), content.len()) != before => {}
            Status::Ok | Status::BufError => {
                return Err(Code::InflateInvalid.because("the zlib stream ends early"));
            }
        }
    }
    if inflater.total_in() != u64::try_from(stream.len()).unwrap_or(u64::MAX) {
        return Err(Code::InflateInvalid.because("bytes follow the zlib stream"));
    }
    Ok(content)
}

/// `content` as a zlib stream at the fastest compression level (header `78 01`).
///
/// Half of a signed certificate is a signature and names, which nothing shrinks: over the published messages of 379
/// bytes the slowest level gives 376 bytes and the fastest 382, nine characters of QR text more, in under a third of the
/// time (5.6 to 20 us beside 18 for a signature). The compressor's own tables (about 300 KiB) are kept for the next stream on this thread.
///
/// # Errors
/// `internal` if the compressor fails, which it has no reason to.
pub fn deflate(content: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut deflater = match DEFLATER.take() {
        Some(mut deflater) => {
            deflater.reset();
            deflater
        }
        None => Compress::new(LEVEL, true),
    };
    let mut stream = Vec::with_capacity(content.len() + content.len() / 8 + MAX_OVERHEAD);
    let status = deflater
        .compress_vec(content, &mut stream, FlushCompress::Finish)
        .map_err(|error| Code::Internal.caused_by("deflate failed", error))?;
    match status {
        Status::StreamEnd => {
            DEFLATER.set(Some(deflater));
            Ok(stream)
        }
        Status::Ok | Status::BufError => Err(Code::Internal.because("deflate did not finish")),
    }
}

const LEVEL: Compression = Compression::fast();
const MAX_OVERHEAD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deflated_inflates() {
        for length in [0, 1, 100, 65_536] {
            let content: Vec<u8> = (0..=255).cycle().take(length).collect();
            let stream = deflate(&content).unwrap();
            assert_eq!(stream[..2], [0x78, 0x01]);
            assert_eq!(inflate(&stream, 65_536).unwrap(), content);
        }
    }

    #[test]
    fn a_bomb_stops_at_the_ceiling() {
        let stream = deflate(&vec![0; 10_000_000]).unwrap();
        assert!(stream.len() < 100_000, "{}", stream.len());
        assert_eq!(
            inflate(&stream, 65_536).unwrap_err().code(),
            Code::InputTooLarge
        );
    }

    #[test]
    fn the_ceiling_itself_fits() {
        let stream = deflate(&[7; 1000]).unwrap();
        assert_eq!(inflate(&stream, 1000).unwrap().len(), 1000);
        assert_eq!(
            inflate(&stream, 999).unwrap_err().code(),
            Code::InputTooLarge
        );
    }

    #[test]
    fn cut_lengthened_and_damaged_streams_are_refused() {
        let stream = deflate(b"one certificate, one stream").unwrap();
        for end in 0..stream.len() {
            assert_eq!(
                inflate(&stream[..end], 100).unwrap_err().code(),
                Code::InflateInvalid,
                "{end}"
            );
        }
        let longer = [stream.as_slice(), &[0]].concat();
        assert_eq!(
            inflate(&longer, 100).unwrap_err().code(),
            Code::InflateInvalid
        );
        let mut damaged = stream;
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(
            inflate(&damaged, 100).unwrap_err().code(),
            Code::InflateInvalid
        );
        assert_eq!(
            inflate(&[0xd2, 0x84, 0x43], 100).unwrap_err().code(),
            Code::InflateInvalid
        );
    }
}
