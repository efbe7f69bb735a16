//! Handing in at a foreign gateway: signers, batches of revocations and rules, each as a CMS message by the upload key.
//!
//! Refuses to sign what is not read back as what it is meant to be: a certificate, a batch, a rule.
//!
//! Source: dgc-gateway, `POST /signerCertificate`, `/revocation-list`, `/rules` and their deletions; the same in the
//! WHO's trust network.

use super::remote::{Remote, refusal};
use crate::codec::x509::Certificate;
use crate::exchange::dgcg::{read_batch, read_rule, write_message};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::federation::feed_config::{ClientFiles, DgcgConfig};
use crate::server::federation::outbound::Answer;
use crate::server::files;
use crate::server::keys::{FileSigner, sign_message};
use reqwest::Method;
use reqwest::header::ETAG;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use std::path::Path;

/// A foreign gateway, and the key by which this country hands in there.
pub struct Uploader {
    remote: Remote,
    certificate: Vec<u8>,
    key: FileSigner,
}

impl Uploader {
    /// That of `config`, whose files are below `data`.
    ///
    /// # Errors
    /// `configuration_invalid`, also where no upload certificate is configured or the key is another one's; `input_output`.
    pub fn open(config: &DgcgConfig, data: &Path) -> Result<Self, Failure> {
        let none = || Code::ConfigurationInvalid.because("the feed has no upload certificate");
        let ClientFiles { certificate, key } = config.upload.as_ref().ok_or_else(none)?;
        let path = data.join(certificate);
        let pem = files::read(&path)?;
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(|_| {
            let reason = format!("{} holds no certificate in PEM", path.display());
            Code::ConfigurationInvalid.because(reason)
        })?;
        let key = FileSigner::open(&data.join(key))?;
        if Certificate::read(&certificate)?.public_key != key.spki()? {
            let reason = "the upload key does not belong to the upload certificate";
            return Err(Code::ConfigurationInvalid.because(reason));
        }
        Ok(Self {
            remote: Remote::new(config, data)?,
            certificate: certificate.to_vec(),
            key,
        })
    }

    /// Hands in the signer whose certificate is `der`; tells whether it was new there.
    ///
    /// # Errors
    /// `entry_invalid`, `signer_unavailable`, `upstream_unavailable`, `upstream_invalid`.
    pub async fn signer(&self, der: &[u8], at: UnixTime) -> Result<bool, Failure> {
        Certificate::read(der)?;
        let message = self.message(der, at)?;
        let answer = self.send(Method::POST, "/signerCertificate", CERTIFICATE, message);
        match answer.await? {
            answer if answer.status == CREATED => Ok(true),
            answer if answer.status == CONFLICT => Ok(false),
            answer => Err(refusal(&answer)),
        }
    }

    /// Takes back the signer whose certificate is `der`.
    ///
    /// # Errors
    /// As [`Uploader::signer`].
    pub async fn withdraw_signer(&self, der: &[u8], at: UnixTime) -> Result<(), Failure> {
        let message = self.message(der, at)?;
        let answer = self.send(Method::DELETE, "/signerCertificate", CERTIFICATE, message);
        done(&answer.await?, NO_CONTENT)
    }

    /// Hands in a batch of revocations, JSON; the id that it got there.
    ///
    /// # Errors
    /// `revocation_invalid`; otherwise as [`Uploader::signer`].
    pub async fn batch(&self, batch: &[u8], at: UnixTime) -> Result<String, Failure> {
        read_batch("new", batch)?;
        let message = self.message(batch, at)?;
        let answer = self
            .send(Method::POST, "/revocation-list", TEXT, message)
            .await?;
        done(&answer, CREATED)?;
        // The EU's gateway writes the id without the quotes of an entity tag.
        let id = answer.header(&ETAG).map(|id| id.trim_matches('"'));
        let plain = |id: &&str| {
            id.len() == UUID && id.bytes().all(|it| it == b'-' || it.is_ascii_hexdigit())
        };
        let id = id.filter(plain).map(str::to_owned);
        id.ok_or_else(|| Code::UpstreamInvalid.because("no id of the batch in its answer"))
    }

    /// Takes back the batch with this id.
    ///
    /// # Errors
    /// As [`Uploader::signer`].
    pub async fn withdraw_batch(&self, id: &str, at: UnixTime) -> Result<(), Failure> {
        let content = json!({ "batchId": id }).to_string();
        let message = self.message(content.as_bytes(), at)?;
        let answer = self.send(Method::DELETE, "/revocation-list", TEXT, message);
        done(&answer.await?, NO_CONTENT)
    }

    /// Takes back the batch with this id, which may have gone already.
    ///
    /// # Errors
    /// As [`Uploader::signer`].
    pub async fn end_batch(&self, id: &str, at: UnixTime) -> Result<(), Failure> {
        let content = json!({ "batchId": id }).to_string();
        let message = self.message(content.as_bytes(), at)?;
        let answer = self.send(Method::DELETE, "/revocation-list", TEXT, message);
        match answer.await? {
            answer if GONE.contains(&answer.status) => Ok(()),
            answer => done(&answer, NO_CONTENT),
        }
    }

    /// Hands in a version of a rule, JSON.
    ///
    /// # Errors
    /// `rule_invalid`; otherwise as [`Uploader::signer`].
    pub async fn rule(&self, rule: &[u8], at: UnixTime) -> Result<(), Failure> {
        read_rule(rule)?;
        let message = self.message(rule, at)?;
        done(
            &self.send(Method::POST, "/rules", TEXT, message).await?,
            CREATED,
        )
    }

    /// Takes back all versions of the rule with this identifier.
    ///
    /// # Errors
    /// As [`Uploader::signer`].
    pub async fn withdraw_rule(&self, identifier: &str, at: UnixTime) -> Result<(), Failure> {
        let message = self.message(identifier.as_bytes(), at)?;
        done(
            &self.send(Method::DELETE, "/rules", TEXT, message).await?,
            NO_CONTENT,
        )
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        message: String,
    ) -> Result<Answer, Failure> {
        self.remote.send(method, path, content_type, message).await
    }

    /// `content` in a message of the upload key, signed at `at`.
    fn message(&self, content: &[u8], at: UnixTime) -> Result<String, Failure> {
        let message = sign_message(&self.key, &self.certificate, content, true, at)?;
        Ok(write_message(&message))
    }
}

fn done(answer: &Answer, expected: u16) -> Result<(), Failure> {
    if answer.status == expected {
        return Ok(());
    }
    Err(refusal(answer))
}

const CERTIFICATE: &str = "application/cms";
const TEXT: &str = "application/cms-text";
const CREATED: u16 = 201;
const NO_CONTENT: u16 = 204;
const CONFLICT: u16 = 409;
/// Not there, or taken back before.
const GONE: [u16; 2] = [404, 410];
const UUID: usize = 36;
