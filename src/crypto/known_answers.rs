//! Signatures whose answers are known, asked of the engine before it is let to work.
//!
//! Refuses an engine that gets one wrong, alone or in company.
//!
//! Source: RFC 6979, A.2.5 (P-256, SHA-256, messages "sample" and "test").

use super::digest::sha256;
use super::p256::{Answer, Job, Multiplier};

/// Whether `multiplier` finds good what is, and bad what is not, one at a time and eight together.
pub(super) fn are_given(multiplier: &Multiplier) -> bool {
    let (Some(x), Some(y)) = (hex(X), hex(Y)) else {
        return false;
    };
    let (Some(sample), Some(test)) = (hex(SAMPLE), hex(TEST)) else {
        return false;
    };
    let Some(table) = multiplier.table(&x, &y) else {
        return false;
    };
    let job = |message: &[u8], signature| Job {
        table: &table,
        hash: sha256(message),
        signature,
    };
    let (jobs, right): (Vec<_>, Vec<_>) = [
        (job(b"sample", sample), Answer::Good),
        (job(b"test", sample), Answer::Bad),
        (job(b"test", test), Answer::Good),
        (job(b"sample", test), Answer::Bad),
        (job(b"sample", [0; 64]), Answer::Bad),
        (job(b"sample", [0xff; 64]), Answer::Bad),
        (job(b"test", test), Answer::Good),
        (job(b"test", [1; 64]), Answer::Bad),
        (job(b"sample", sample), Answer::Good),
        (job(b"", sample), Answer::Bad),
    ]
    .into_iter()
    .unzip();
    let alone: Vec<_> = jobs.iter().map(|job| multiplier.verify(job)).collect();
    alone == right && multiplier.verify_batch(&jobs) == right
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    base16ct::lower::decode_vec(text).ok()?.try_into().ok()
}

const X: &str = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
const Y: &str = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const SAMPLE: &str = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                      f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
const TEST: &str = "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367\
                    019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";
