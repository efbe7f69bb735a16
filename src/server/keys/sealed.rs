//! A signing key in a file under a passphrase: PKCS#8 by PBES2, scrypt and AES-256 in CBC mode; P-256.
//!
//! Refuses files that others may open, keys without a passphrase, other ciphers, scrypt that costs too little to hold or
//! more than this machine should spend, and to write over a file that is there.
//!
//! Source: RFC 5958 (PKCS#8), RFC 8018 (PBES2), RFC 7914 (scrypt); made so that OpenSSL reads it, and reads what
//! `openssl pkcs8 -topk8 -scrypt` makes.

use super::file::FileSigner;
use super::passphrase::Passphrase;
use crate::failure::{Code, Failure};
use crate::server::files::{self, PRIVATE};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{Decode, SecretDocument};
use pkcs8::pkcs5::pbes2::{self, ScryptParams};
use pkcs8::pkcs5::{EncryptionScheme, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};
use std::path::Path;
use zeroize::Zeroizing;

/// The key in the file at `path`, opened with `passphrase`. It takes as long as its sealing says, some tenths of a second.
///
/// # Errors
/// `input_output`; `configuration_invalid` for a file that others may open, or that holds no sealed P-256 key;
/// `key_sealed` for a wrong passphrase.
pub fn open_sealed(path: &Path, passphrase: &Passphrase) -> Result<FileSigner, Failure> {
    let unusable = |what: &str| {
        let reason = format!("{} {what}", path.display());
        Code::ConfigurationInvalid.because(reason)
    };
    let pem = files::read_private(path)?;
    if pem.len() > MAX_FILE {
        return Err(unusable("is too large for a key"));
    }
    let text = std::str::from_utf8(&pem).map_err(|_| unusable("is no PEM"))?;
    let (label, sealed) =
        SecretDocument::from_pem(text).map_err(|_| unusable("holds no PKCS#8 key in PEM"))?;
    if label != EncryptedPrivateKeyInfoRef::PEM_LABEL {
        return Err(unusable("is not sealed under a passphrase"));
    }
    let info = EncryptedPrivateKeyInfoRef::from_der(sealed.as_bytes())
        .map_err(|_| unusable("holds no sealed PKCS#8 key"))?;
    check(&info.encryption_algorithm).map_err(unusable)?;
    let wrong = || {
        let reason = format!("{}: the passphrase is not the right one", path.display());
        Code::KeySealed.because(reason)
    };
    let opened = info.decrypt(passphrase.expose()).map_err(|_| wrong())?;
    // Garbage that happens to be padded well is no key either.
    PrivateKeyInfoRef::from_der(opened.as_bytes()).map_err(|_| wrong())?;
    FileSigner::of(opened.as_bytes()).ok_or_else(|| unusable("holds no key for P-256"))
}

/// A new key, sealed under `passphrase` in a new file at `path`, mode 0600.
///
/// # Errors
/// `request_invalid` where there is a file already, or the passphrase is shorter than 12 characters; `input_output`,
/// `internal`.
pub fn make_sealed(path: &Path, passphrase: &Passphrase) -> Result<FileSigner, Failure> {
    passphrase.fit_to_seal()?;
    if path.exists() {
        let reason = format!("{} is there already", path.display());
        return Err(Code::RequestInvalid.because(reason));
    }
    let failed = |_| Code::Internal.because("a key was not made");
    let random = aws_lc_rs::rand::SystemRandom::new();
    let der =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(failed)?;
    let sealed = seal(der.as_ref(), passphrase)?;
    files::write(path, sealed.as_bytes(), PRIVATE)?;
    FileSigner::of(der.as_ref()).ok_or_else(|| Code::Internal.because("a key was not made"))
}

/// The key in `der`, PKCS#8, sealed under `passphrase`, PEM.
fn seal(der: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<String>, Failure> {
    let failed = || Code::Internal.because("a key was not sealed");
    let (mut salt, mut start) = ([0; 16], [0; 16]);
    for random in [&mut salt, &mut start] {
        aws_lc_rs::rand::fill(random).map_err(|_| failed())?;
    }
    let cost = scrypt::Params::new(LOG_N, BLOCK, LANES).map_err(|_| failed())?;
    let how = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, start);
    let how = how.map_err(|_| failed())?;
    let key = PrivateKeyInfoRef::from_der(der).map_err(|_| failed())?;
    let sealed = key.encrypt_with_params(how, passphrase.expose());
    let pem = sealed.and_then(|sealed| {
        let pem = sealed.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF);
        Ok(pem?)
    });
    pem.map_err(|_| failed())
}

/// That a key is sealed as it should be; otherwise what is wrong.
fn check(scheme: &EncryptionScheme) -> Result<(), &'static str> {
    let pbes2 = scheme.pbes2().ok_or("is not sealed by PBES2")?;
    if !matches!(pbes2.encryption, pbes2::EncryptionScheme::Aes256Cbc { .. }) {
        return Err("is not sealed by AES-256 in CBC mode");
    }
    let scrypt = pbes2.kdf.scrypt().ok_or("is not sealed by scrypt")?;
    let ScryptParams {
        cost_parameter,
        block_size,
        parallelization,
        ..
    } = scrypt;
    let memory = u64::from(*block_size).saturating_mul(*cost_parameter);
    if memory < MIN_MEMORY {
        return Err("is sealed by scrypt that is too cheap: N times r is at least 131072");
    }
    if memory > MAX_MEMORY || !(1..=MAX_LANES).contains(parallelization) {
        return Err("is sealed by scrypt that is too dear: N times r is at most 2097152, p 16");
    }
    Ok(())
}

/// OpenSSL opens no more by itself than what takes 32 MiB.
const LOG_N: u8 = 14;
const BLOCK: u32 = 8;
const LANES: u32 = 5;
/// N times r, in units of 128 bytes: 16 MiB.
const MIN_MEMORY: u64 = 1 << 17;
/// 256 MiB.
const MAX_MEMORY: u64 = 1 << 21;
const MAX_LANES: u16 = 16;
const MAX_FILE: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::keys::Signer;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn a_sealed_key_opens_with_its_passphrase_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.key");
        let right = passphrase("correct horse battery");
        let made = make_sealed(&path, &right).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let opened = open_sealed(&path, &right).unwrap();
        assert_eq!(opened.spki().unwrap(), made.spki().unwrap());
        assert_eq!(opened.sign(b"a").unwrap().len(), 64);
        let wrong = open_sealed(&path, &passphrase("correct horse")).unwrap_err();
        assert_eq!(wrong.code(), Code::KeySealed);
        let again = make_sealed(&path, &right).unwrap_err();
        assert_eq!(again.code(), Code::RequestInvalid);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let open = open_sealed(&path, &right).unwrap_err();
        assert_eq!(open.code(), Code::ConfigurationInvalid);
    }

    #[test]
    fn a_key_without_a_passphrase_and_a_weak_passphrase_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.key");
        let short = make_sealed(&path, &passphrase("short")).unwrap_err();
        assert_eq!(short.code(), Code::RequestInvalid);
        assert!(!path.exists());
        let plain = rcgen::KeyPair::generate().unwrap().serialize_pem();
        files::write(&path, plain.as_bytes(), PRIVATE).unwrap();
        let refused = open_sealed(&path, &passphrase("any")).unwrap_err();
        assert_eq!(refused.code(), Code::ConfigurationInvalid);
        assert!(
            refused
                .detail()
                .ends_with("is not sealed under a passphrase")
        );
    }
}
