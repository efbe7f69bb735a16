//! Messages as other tools write them, and messages that nobody should write.

use crate::ground::Land;
use crate::support::country::Identity;
use lintas::codec::ber::Element;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SignatureAlgorithm};

/// A DER element.
fn der(identifier: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut element = vec![identifier];
    match contents.len() {
        short @ 0..128 => element.push(short.try_into().unwrap()),
        _ => {
            element.push(0x80 | u8::try_from(length.len()).unwrap());
            element.extend(length);
        }
    }
    element.extend(contents);
    element
}

/// An element of indefinite length.
fn indefinite(identifier: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[identifier, 0x80][..], &parts.concat(), &[0, 0]].concat()
}

/// The parts of SignedData in `message`: version, digests, content, certificates, signers.
fn parts(message: &[u8]) -> Vec<Vec<u8>> {
    let outer = Element::read(message).unwrap().children().unwrap();
    let data = outer[1].children().unwrap()[0];
    let parts = data.children().unwrap().into_iter();
    parts.map(|part| part.bytes.to_vec()).collect()
}

fn contents(element: &[u8]) -> Vec<u8> {
    Element::read(element).unwrap().contents.to_vec()
}

fn whole(parts: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<_> = parts.iter().map(Vec::as_slice).collect();
    der(0x30, &[SIGNED_DATA, &der(0xa0, &[&der(0x30, &parts)])])
}

/// `message` in lengths that end where they end, its content in pieces, as BouncyCastle writes it.
pub(crate) fn as_ber(message: &[u8]) -> Vec<u8> {
    let mut parts = parts(message);
    let inner = Element::read(&parts[2]).unwrap().children().unwrap();
    let content = inner[1].children().unwrap()[0];
    let (head, tail) = content.contents.split_at(10);
    let pieces = indefinite(0x24, &[&der(0x04, &[head]), &der(0x04, &[tail])]);
    parts[2] = indefinite(0x30, &[inner[0].bytes, &indefinite(0xa0, &[&pieces])]);
    let parts: Vec<_> = parts.iter().map(Vec::as_slice).collect();
    let data = indefinite(0xa0, &[&indefinite(0x30, &parts)]);
    indefinite(0x30, &[SIGNED_DATA, &data])
}

/// `message` over something else than data.
pub(crate) fn of_other_kind(message: &[u8]) -> Vec<u8> {
    let mut parts = parts(message);
    let last = parts[2].windows(DATA.len()).position(|it| it == DATA);
    parts[2][last.unwrap() + DATA.len() - 1] = 5;
    whole(&parts)
}

/// `message` with its certificate so often.
pub(crate) fn with_certificates(message: &[u8], count: usize) -> Vec<u8> {
    let mut parts = parts(message);
    let certificate = contents(&parts[3]);
    parts[3] = der(0xa0, &vec![certificate.as_slice(); count]);
    whole(&parts)
}

/// `message` with its signer so often.
pub(crate) fn with_signers(message: &[u8], count: usize) -> Vec<u8> {
    let mut parts = parts(message);
    let signer = contents(&parts[4]);
    parts[4] = der(0x31, &vec![signer.as_slice(); count]);
    whole(&parts)
}

/// `message` with `content` in the place of what was signed.
pub(crate) fn with_content(message: &[u8], content: &[u8]) -> Vec<u8> {
    let mut parts = parts(message);
    let content = der(0xa0, &[&der(0x04, &[content])]);
    parts[2] = der(0x30, &[DATA, &content]);
    whole(&parts)
}

/// A signer of `land` that names these countries, without extensions, valid for ten seconds long ago.
pub(crate) fn brief_signer(
    land: &Land,
    countries: &[&str],
    algorithm: &'static SignatureAlgorithm,
) -> Identity {
    let mut subject = DistinguishedName::new();
    for (index, country) in countries.iter().enumerate() {
        let kind = match index {
            0 => DnType::CountryName,
            // The same attribute, under a name that does not replace the first.
            _ => DnType::CustomDnType(vec![2, 5, 4, 6]),
        };
        subject.push(kind, *country);
    }
    subject.push(DnType::OrganizationName, "a ministry");
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.not_before = rcgen::date_time_ymd(2021, 1, 1);
    parameters.not_after = parameters.not_before + std::time::Duration::from_secs(10);
    let key = KeyPair::generate_for(algorithm).unwrap();
    land.csca.issue_as(parameters, key)
}

const SIGNED_DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
