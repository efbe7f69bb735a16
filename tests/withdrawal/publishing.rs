//! What is withdrawn here is published as batches that whoever believes our trust anchor believes.

use crate::ministry::{Certificate, Ministry};
use crate::support::country::Identity;
use lintas::exchange::dgcg::{read_batch, read_message};
use lintas::revocation::RevocationHash;
use lintas::server::gateway::registry::{Act, PartyCertificate};
use lintas::server::gateway::withdrawal::{OwnBatches, Selection};
use lintas::trust::Role;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::collections::BTreeSet;

impl Ministry {
    /// Has the anchor vouch for the upload certificate of the throw-away PKI.
    async fn joins(&self, anchor: &Identity) {
        let pem = std::fs::read(self.first.data.path().join("keys/demo/upload.pem")).unwrap();
        let upload = CertificateDer::from_pem_slice(&pem).unwrap().to_vec();
        let others = ["CSCA", "NBtls"].map(|name| Identity::self_signed("ZZ", name, true).der);
        let [csca, tls] = others;
        let parts = [
            (Role::Authentication, tls),
            (Role::Upload, upload),
            (Role::Csca, csca),
        ];
        let certificates = parts.map(|(role, certificate)| PartyCertificate {
            role,
            signature: anchor.sign(&certificate, false),
            certificate,
        });
        let joining = Act::PartyAdd {
            country: "ZZ".to_owned(),
            name: "our own backend".to_owned(),
            roles: Vec::new(),
            certificates: certificates.to_vec(),
        };
        let gateway = self.first.gateway();
        let asked = self.ana.asks(gateway, joining).await.unwrap();
        self.budi.approves(gateway, &asked).await.unwrap();
    }

    /// Every hash in the batches that stand in our own list.
    fn published(&self) -> BTreeSet<RevocationHash> {
        let hub = self.first.gateway().hub();
        let standing = hub.batches().filter(|it| !it.is_deleted());
        let hashes = standing.flat_map(|batch| {
            let message = read_message(batch.message.as_ref().unwrap().as_bytes()).unwrap();
            let read = read_batch(&batch.id, &message.content.unwrap()).unwrap();
            assert_eq!(read.kid, Some(self.signers[0].kid()));
            read.hashes
        });
        hashes.collect()
    }

    async fn withdraws_one(&self, certificate: &Certificate) -> String {
        let only = Selection::of_hashes([certificate.signature]);
        self.withdraws_alone(&only).await.0
    }
}

#[actix_web::test]
async fn hashes_are_published_and_taken_back_and_nothing_else_is() {
    let anchor = Identity::self_signed("ZZ", "trust anchor", false);
    let toml = format!("[federation]\nanchors = [\"{}\"]\n", anchor.thumbprint());
    let ministry = Ministry::open_with(1, None, &toml, |_| {}).await;
    let certificates = ministry.issues(0, 3, "clerk-17", "3174001").await;
    let gateway = ministry.first.gateway();
    let first = ministry.withdraws_one(&certificates[0]).await;
    let done = async || gateway.publish_withdrawals().await.unwrap();
    assert_eq!(
        done().await,
        OwnBatches::default(),
        "nobody vouches for the key yet"
    );
    ministry.joins(&anchor).await;
    assert_eq!(
        done().await,
        OwnBatches {
            added: 2,
            removed: 0
        }
    );
    assert_eq!(done().await, OwnBatches::default());
    ministry.withdraws_one(&certificates[1]).await;
    assert_eq!(
        done().await,
        OwnBatches {
            added: 2,
            removed: 0
        }
    );
    let published = ministry.published();
    assert_eq!(published.len(), 4);
    assert!(published.contains(&certificates[0].signature));
    // The list proves itself, as everywhere else.
    gateway.follow().await.unwrap();
    assert_eq!(gateway.world().snapshot.revocations().len(), 4);

    let who = ministry.ana.certificate();
    gateway.reinstate(&who, &first).await.unwrap();
    assert_eq!(
        done().await,
        OwnBatches {
            added: 0,
            removed: 2
        }
    );
    let published = ministry.published();
    assert!(!published.contains(&certificates[0].signature));
    assert!(published.contains(&certificates[1].signature) && published.len() == 2);
    ministry.ends().await;
}
