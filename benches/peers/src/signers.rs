//! Throw-away signers, the same in every run, and what they signed.
//!
//! Refuses randomness: keys come from their number by SHA-256, signatures are those of RFC 6979.

use lintas::crypto::{VerifyingKey, sha256};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey};

/// A throw-away signer.
pub struct Signer {
    key: SigningKey,
    /// The public key, SubjectPublicKeyInfo in DER.
    pub spki: Vec<u8>,
    /// The public key as the gateway holds it.
    pub verifying: VerifyingKey,
}

impl Signer {
    /// The signers with the numbers `0..count`.
    pub fn first(count: usize) -> Vec<Self> {
        (0..count).map(Self::numbered).collect()
    }

    fn numbered(number: usize) -> Self {
        let secret = sha256(format!("signer {number}").as_bytes());
        let key =
            SigningKey::from_slice(&secret).expect("a hash is below the order, but for 1 in 2^32");
        let spki = key
            .verifying_key()
            .to_public_key_der()
            .expect("a key has an encoding");
        let spki = spki.into_vec();
        Self {
            verifying: VerifyingKey::from_spki(&spki).expect("a key on P-256"),
            key,
            spki,
        }
    }

    /// The point, 65 bytes, as it stands at the end of the SubjectPublicKeyInfo.
    pub fn point(&self) -> &[u8] {
        &self.spki[self.spki.len() - 65..]
    }

    /// The private key in PKCS#8.
    pub fn pkcs8(&self) -> Vec<u8> {
        let der = self.key.to_pkcs8_der().expect("a key has an encoding");
        der.as_bytes().to_vec()
    }

    /// The signature over `message`, `r ‖ s`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.key.sign(message);
        signature.to_bytes().into()
    }
}

/// A message with its signature.
pub struct Signed {
    /// Which of the signers signed it.
    pub signer: usize,
    /// What was signed.
    pub message: Vec<u8>,
    /// The signature, `r ‖ s`.
    pub signature: [u8; 64],
}

/// `count` messages of 350 bytes, as long as what is signed of a certificate, signed by all `signers` in rotation.
pub fn signed(signers: &[Signer], count: usize) -> Vec<Signed> {
    let message = |number: usize| {
        let hash = sha256(format!("message {number}").as_bytes());
        hash.iter()
            .copied()
            .cycle()
            .take(MESSAGE)
            .collect::<Vec<u8>>()
    };
    let one = |number: usize| {
        let (signer, message) = (number % signers.len(), message(number));
        Signed {
            signer,
            signature: signers[signer].sign(&message),
            message,
        }
    };
    (0..count).map(one).collect()
}

const MESSAGE: usize = 350;
