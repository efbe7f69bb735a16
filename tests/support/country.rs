//! A country of a trust network, and the network's anchor: their certificates, and what they sign.

use der::asn1::ObjectIdentifier;
use lintas::codec::cms::Unsigned;
use lintas::crypto::sha256;
use lintas::exchange::dgcg::{write_message, write_statement};
use lintas::model::Thumbprint;
use lintas::trust::{Place, Role, Statement};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, SigningKey,
};

/// A key and the certificate over it.
pub struct Identity {
    pub key: KeyPair,
    pub der: Vec<u8>,
    parameters: CertificateParams,
}

/// Year, month, day.
pub type Day = (i32, u8, u8);

/// 2026-06-15T00:00:00Z, at which messages say that they were signed.
pub const SIGNED_AT: i64 = 1_781_481_600;

impl Identity {
    /// A certificate that signs itself, as anchors, CSCAs and upload certificates do.
    pub fn self_signed(country: &str, name: &str, is_ca: bool) -> Self {
        let parameters = parameters(country, name, is_ca);
        let key = KeyPair::generate().unwrap();
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        Self {
            key,
            der,
            parameters,
        }
    }

    /// A certificate that `self` signs, with these extended key usages.
    pub fn issue(&self, country: &str, name: &str, usages: &[&[u64]]) -> Self {
        let mut parameters = parameters(country, name, false);
        let usages = usages
            .iter()
            .map(|arc| ExtendedKeyUsagePurpose::Other(arc.to_vec()));
        parameters.extended_key_usages = usages.collect();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.parameters, &self.key);
        let der = parameters.signed_by(&key, &issuer).unwrap().der().to_vec();
        Self {
            key,
            der,
            parameters,
        }
    }

    /// A certificate that `self` signs over any public key, with these countries in its name.
    pub fn certify(&self, countries: &[&str], key: &impl rcgen::PublicKeyData) -> Vec<u8> {
        let mut parameters = parameters(countries[0], "DSC", false);
        for country in &countries[1..] {
            let kind = DnType::CustomDnType(vec![2, 5, 4, 6]);
            parameters.distinguished_name.push(kind, *country);
        }
        let issuer = Issuer::from_params(&self.parameters, &self.key);
        parameters.signed_by(key, &issuer).unwrap().der().to_vec()
    }

    /// A certificate that signs itself over `key`, as a backend's client has it, between two days.
    pub fn client(subject: DistinguishedName, key: KeyPair, from: Day, until: Day) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = subject;
        parameters.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        parameters.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        Self {
            key,
            der,
            parameters,
        }
    }

    /// A certificate that `self` signs, made as `parameters` say, over `key`.
    pub fn issue_as(&self, parameters: CertificateParams, key: KeyPair) -> Self {
        let issuer = Issuer::from_params(&self.parameters, &self.key);
        let der = parameters.signed_by(&key, &issuer).unwrap().der().to_vec();
        Self {
            key,
            der,
            parameters,
        }
    }

    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint(sha256(&self.der))
    }

    /// A CMS message of this key over `content`, which stands in it or not.
    pub fn sign(&self, content: &[u8], attached: bool) -> Vec<u8> {
        self.sign_at(content, attached, SIGNED_AT)
    }

    pub fn sign_at(&self, content: &[u8], attached: bool, at: i64) -> Vec<u8> {
        let ecdsa = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
        let kept = attached.then(|| content.to_vec());
        let unsigned = Unsigned::new(
            kept,
            sha256(content),
            self.der.clone(),
            ecdsa,
            at.try_into().unwrap(),
        )
        .unwrap();
        unsigned.complete(&SigningKey::sign(&self.key, &unsigned.signed_bytes()).unwrap())
    }
}

fn parameters(country: &str, name: &str, is_ca: bool) -> CertificateParams {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, country);
    subject.push(DnType::CommonName, name);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2028, 1, 1);
    parameters.is_ca = if is_ca {
        IsCa::Ca(BasicConstraints::Constrained(0))
    } else {
        IsCa::ExplicitNoCa
    };
    parameters
}

/// The certificates of a country's backend.
pub struct Participant {
    pub country: &'static str,
    pub csca: Identity,
    pub upload: Identity,
}

impl Participant {
    pub fn new(country: &'static str) -> Self {
        Self {
            country,
            csca: Identity::self_signed(country, "CSCA", true),
            upload: Identity::self_signed(country, "NBup", false),
        }
    }

    /// A signer without extended key usages.
    pub fn signer(&self) -> Identity {
        self.csca.issue(self.country, "DSC", &[])
    }

    /// What the gateway's list says of `signer`.
    pub fn named(&self, signer: &Identity) -> Statement {
        stated(Role::Signer, self.country, signer, &self.upload)
    }

    /// What the gateway's list says of the country itself, once `anchor` has signed it.
    pub fn onboarded(&self, anchor: &Identity) -> [Statement; 2] {
        [
            stated(Role::Csca, self.country, &self.csca, anchor),
            stated(Role::Upload, self.country, &self.upload, anchor),
        ]
    }
}

/// `subject` in its part, vouched for by `by`.
pub fn stated(role: Role, country: &str, subject: &Identity, by: &Identity) -> Statement {
    Statement {
        place: Place {
            document: "list".to_owned(),
            position: 1,
        },
        role,
        country: country.to_owned(),
        kid: None,
        thumbprint: Some(subject.thumbprint()),
        certificate: subject.der.clone(),
        signature: by.sign(&subject.der, false),
        taken_in_at: lintas::model::UnixTime::from_seconds(SIGNED_AT),
    }
}

/// An entry of a trust list, JSON.
pub fn entry(statement: &Statement) -> String {
    write_statement(statement).to_string()
}

/// A message as gateways carry it.
pub fn carried(message: &[u8]) -> String {
    write_message(message)
}

/// What `anchor` says of `csca` when its country joins, as the WHO's network files it.
pub fn onboarding(country: &str, csca: &Identity, anchor: &Identity) -> String {
    serde_json::json!({
        "trustAnchorSignature": write_message(&anchor.sign(&csca.der, true)),
        "certificateRawData": write_message(&csca.der),
        "certificateThumbprint": csca.thumbprint().to_string(),
        "country": country,
    })
    .to_string()
}
