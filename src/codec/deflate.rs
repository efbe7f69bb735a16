//! zlib streams, inflated under a ceiling.
//!
//! Refuses raw deflate, preset dictionaries, a wrong checksum, bytes after the stream, and output past the ceiling,
//! which is checked while inflating: a bomb costs no more than the ceiling.
//!
//! Source: RFC 1950, RFC 1951.

use crate::failure::{Code, Failure};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The content of one complete zlib stream, at most `ceiling` bytes of it.
///
/// # Errors
/// `inflate_invalid`; `input_too_large` where the content exceeds `ceiling`.
pub fn inflate(stream: &[u8], ceiling: usize) -> Result<Vec<u8>, Failure> {
    let mut inflater = Decompress::new(true);
    let mut content = Vec::with_capacity(stream.len().saturating_mul(2).min(ceiling) + 1);
    loop {
        let consumed = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = stream.get(consumed..).unwrap_or_default();
        let before = (inflater.total_in(), content.len());
        let status = inflater
            .decompress_vec(rest, &mut content, FlushDecompress::None)
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

/// `content` as a zlib stream at the highest compression level (header `78 DA`).
///
/// # Errors
/// `internal` if the compressor fails, which it has no reason to.
pub fn deflate(content: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut deflater = Compress::new(Compression::best(), true);
    let mut stream = Vec::with_capacity(content.len() + content.len() / 8 + MAX_OVERHEAD);
    let status = deflater
        .compress_vec(content, &mut stream, FlushCompress::Finish)
        .map_err(|error| Code::Internal.caused_by("deflate failed", error))?;
    match status {
        Status::StreamEnd => Ok(stream),
        Status::Ok | Status::BufError => Err(Code::Internal.because("deflate did not finish")),
    }
}

const MAX_OVERHEAD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deflated_inflates() {
        for length in [0, 1, 100, 65_536] {
            let content: Vec<u8> = (0..=255).cycle().take(length).collect();
            let stream = deflate(&content).unwrap();
            assert_eq!(stream[..2], [0x78, 0xda]);
            assert_eq!(inflate(&stream, 65_536).unwrap(), content);
        }
    }

    #[test]
    fn a_bomb_stops_at_the_ceiling() {
        let stream = deflate(&vec![0; 10_000_000]).unwrap();
        assert!(stream.len() < 20_000);
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
