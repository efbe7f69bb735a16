//! A throw-away national PKI for demonstrations, made on this machine.
//!
//! Refuses any country but `ZZ`, and to keep the CSCA's private key: it signs one DSC and is gone.
//!
//! Source: certificate governance of the EU gateway (extensions and extended key usages).

use crate::codec::x509::Certificate;
use crate::failure::{Code, Failure};
use crate::model::{Country, Date, UnixTime};
use crate::server::files::{self, PRIVATE, PUBLIC};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where the throw-away PKI lies.
#[derive(Clone, Debug)]
pub struct DemoPki {
    /// The country signing CA's certificate, PEM.
    pub csca: PathBuf,
    /// The document signer certificate, PEM.
    pub dsc: PathBuf,
    /// The document signer's private key, PEM.
    pub key: PathBuf,
}

/// The throw-away PKI below the `data` folder, made at the instant `at` if it is not there or about to end, and its DSC pinned.
///
/// # Errors
/// `input_output`, `internal`.
pub fn demo_pki(data: &Path, at: UnixTime) -> Result<DemoPki, Failure> {
    let dir = data.join("keys").join("demo");
    let pki = DemoPki {
        csca: dir.join("csca.pem"),
        dsc: dir.join("dsc.pem"),
        key: dir.join("dsc.key"),
    };
    let pinned = data.join("trust").join("demo");
    let _making = files::lock(data)?;
    files::create_private_dir(&dir)?;
    files::create_dir(&pinned)?;
    if !pki.key.exists() || !is_current(&pki.dsc, at) {
        make(&pki, at)
            .map_err(|error| Code::Internal.caused_by("the demo PKI was not made", error))??;
    }
    files::write(&pinned.join("dsc.pem"), &files::read(&pki.dsc)?, PUBLIC)?;
    Ok(pki)
}

/// The certificate and key, PEM, of a throw-away backend that hands in, below the `data` folder; made at the instant `at` if they
/// are not there or about to end.
///
/// # Errors
/// `input_output`, `internal`.
pub fn demo_upload(data: &Path, at: UnixTime) -> Result<(PathBuf, PathBuf), Failure> {
    let dir = data.join("keys").join("demo");
    let (certificate, key) = (dir.join("upload.pem"), dir.join("upload.key"));
    let _making = files::lock(data)?;
    files::create_private_dir(&dir)?;
    if !key.exists() || !is_current(&certificate, at) {
        let made = KeyPair::generate().and_then(|pair| {
            let mut parameters = parameters("DEMO NBup", at, DSC_YEARS);
            parameters.is_ca = IsCa::ExplicitNoCa;
            parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            Ok((parameters.self_signed(&pair)?, pair))
        });
        let (made, pair) = made
            .map_err(|error| Code::Internal.caused_by("the demo upload key was not made", error))?;
        let private = Zeroizing::new(pair.serialize_pem());
        files::write(&key, private.as_bytes(), PRIVATE)?;
        files::write(&certificate, made.pem().as_bytes(), PUBLIC)?;
    }
    Ok((certificate, key))
}

/// Whether the DSC is there and does not end within a week.
fn is_current(dsc: &Path, at: UnixTime) -> bool {
    let pem = files::read(dsc).unwrap_or_default();
    let der = CertificateDer::from_pem_slice(&pem).ok();
    let certificate = der.and_then(|der| Certificate::read(&der).ok());
    certificate.is_some_and(|it| at.plus(7 * DAY_S).seconds() < it.not_after)
}

fn make(pki: &DemoPki, at: UnixTime) -> Result<Result<(), Failure>, rcgen::Error> {
    let mut csca = parameters("DEMO CSCA", at, CSCA_YEARS);
    csca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    csca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let csca = CertifiedIssuer::self_signed(csca, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let mut dsc = parameters("DEMO DSC", at, DSC_YEARS);
    dsc.is_ca = IsCa::ExplicitNoCa;
    dsc.use_authority_key_identifier_extension = true;
    dsc.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    dsc.extended_key_usages = USAGES
        .iter()
        .map(|arc| ExtendedKeyUsagePurpose::Other(arc.to_vec()))
        .collect();
    let dsc = dsc.signed_by(&key, &csca)?;
    let private = Zeroizing::new(key.serialize_pem());
    // The certificate comes last: where it lies, the rest does, too.
    Ok(
        files::write(&pki.csca, csca.as_ref().pem().as_bytes(), PUBLIC)
            .and_then(|()| files::write(&pki.key, private.as_bytes(), PRIVATE))
            .and_then(|()| files::write(&pki.dsc, dsc.pem().as_bytes(), PUBLIC)),
    )
}

fn parameters(name: &str, at: UnixTime, years: i32) -> CertificateParams {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, Country::DEMO.as_str());
    subject.push(DnType::OrganizationName, "Lintas DEMO");
    subject.push(DnType::CommonName, name);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    let (year, month, day) = parts(at.plus(-DAY_S).date());
    parameters.not_before = rcgen::date_time_ymd(year, month, day);
    parameters.not_after = rcgen::date_time_ymd(year + years, month, day.min(LAST_SAFE_DAY));
    parameters
}

fn parts(date: Date) -> (i32, u8, u8) {
    (i32::from(date.year()), date.month(), date.day())
}

/// Test, vaccination and recovery, below the arc 1.3.6.1.4.1.1847.2021.1.
const USAGES: [&[u64]; 3] = [
    &[1, 3, 6, 1, 4, 1, 1847, 2021, 1, 1],
    &[1, 3, 6, 1, 4, 1, 1847, 2021, 1, 2],
    &[1, 3, 6, 1, 4, 1, 1847, 2021, 1, 3],
];
const CSCA_YEARS: i32 = 4;
const DSC_YEARS: i32 = 2;
const DAY_S: i64 = 86_400;
/// A day that every month of every year has.
const LAST_SAFE_DAY: u8 = 28;
