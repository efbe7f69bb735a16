//! What parties hand in, published with the authorities that signed it, and gone when it is taken back.

use crate::site::{Node, Site};
use crate::support::country::{Identity, Participant};
use lintas::exchange::dgcg::{Dialect, write_message};
use lintas::exchange::did::DidDocument;
use lintas::model::{Country, UnixTime};
use lintas::server::gateway::hub::{
    Change, Conduct, Handed, Hub, Joining, PartyRole, delete_signer, leaving, upload_signer,
};
use lintas::trust::Role;
use serde_json::Value;

/// A party, and the anchor that vouches for it.
pub(crate) struct Land {
    pub(crate) participant: Participant,
    tls: Identity,
}

impl Land {
    pub(crate) fn new(country: &'static str) -> Self {
        Self {
            participant: Participant::new(country),
            tls: Identity::self_signed(country, "NBtls", false),
        }
    }

    pub(crate) fn country(&self) -> Country {
        Country::parse(self.participant.country).unwrap()
    }

    pub(crate) async fn joins(&self, node: &Node, anchor: &Identity) {
        let signed =
            |role: Role, it: &Identity| (role, it.der.clone(), anchor.sign(&it.der, false));
        let joining = Joining {
            country: self.country(),
            name: "a backend".to_owned(),
            roles: PartyRole::ALL.to_vec(),
            certificates: vec![
                signed(Role::Authentication, &self.tls),
                signed(Role::Upload, &self.participant.upload),
                signed(Role::Csca, &self.participant.csca),
            ],
        };
        keeps(node, |hub, at| joining.records(hub, at).unwrap()).await;
    }

    fn hands_in(&self, signer: &Identity) -> Handed {
        let message = self.participant.upload.sign(&signer.der, true);
        Handed::certificate(write_message(&message).as_bytes()).unwrap()
    }

    async fn uploads(&self, node: &Node, signer: &Identity) {
        let handed = self.hands_in(signer);
        let conduct = Conduct {
            dialect: Dialect::Eu,
            is_strict: false,
        };
        let decide = |hub: &Hub, at: UnixTime| {
            upload_signer(
                hub,
                hub.party(self.country()).unwrap(),
                &handed,
                None,
                conduct,
                at,
            )
        };
        node.gateway.hand_in(decide).await.unwrap();
    }

    async fn deletes(&self, node: &Node, signer: &Identity) {
        let handed = self.hands_in(signer);
        let decide = |hub: &Hub, at: UnixTime| {
            delete_signer(
                hub,
                hub.party(self.country()).unwrap(),
                &handed,
                Dialect::Eu,
                at,
            )
        };
        node.gateway.hand_in(decide).await.unwrap();
    }
}

async fn keeps(node: &Node, of: impl Fn(&Hub, UnixTime) -> Vec<lintas::exchange::Record>) {
    let decide = |hub: &Hub, at: UnixTime| {
        Ok(Change {
            records: of(hub, at),
            events: Vec::new(),
            answer: (),
        })
    };
    node.gateway.hand_in(decide).await.unwrap();
}

fn list(node: &Node) -> Vec<(String, String, Value)> {
    let edition = node.edition();
    let items: Value = serde_json::from_slice(&edition.artefacts["trustlist.json"].body).unwrap();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let items = items.as_array().unwrap().iter();
    items
        .map(|it| {
            (
                text(it, "certificateType"),
                text(it, "thumbprint"),
                it.clone(),
            )
        })
        .collect()
}

#[actix_web::test]
async fn a_partys_signer_is_published_with_its_authority_until_it_goes() {
    let anchor = Identity::self_signed("ID", "trust anchor", false);
    let federation = format!(
        "[federation]\nanchors = [\"{}\"]\ntest_participants = true\n",
        anchor.thumbprint()
    );
    let site = Site::new().with(&federation);
    let pinned = site.pins("one");
    let node = site.node().await;
    node.publishes().await.unwrap();
    let land = Land::new("XL");
    land.joins(&node, &anchor).await;
    site.passes(60);
    let before = node.sequence();
    node.publishes().await.unwrap();
    assert_eq!(
        node.sequence(),
        before,
        "a party without signers has nothing to publish"
    );
    let signer = land.participant.signer();
    land.uploads(&node, &signer).await;
    node.publishes().await.unwrap();
    assert!(node.sequence() > before);
    let rows = list(&node);
    assert_eq!(rows.len(), 3);
    let kids: Vec<_> = rows
        .iter()
        .map(|(.., it)| it["kid"].as_str().unwrap())
        .collect();
    assert!(kids.is_sorted());
    for (kind, thumbprint, item) in &rows {
        let own = *thumbprint == pinned.thumbprint().to_string();
        assert_eq!(item["signature"].is_null(), own);
        assert_eq!(item["country"], if own { "ID" } else { "XL" });
        assert_eq!(
            kind,
            if *thumbprint == land.participant.csca.thumbprint().to_string() {
                "CSCA"
            } else {
                "DSC"
            }
        );
    }
    let edition = node.edition();
    let document = |place: &str| {
        let artefact = edition.artefacts.get(&format!("v2:trustlist{place}"))?;
        let did = format!("did:web:trust.example.id:v2:trustlist{place}");
        Some(DidDocument::read(&artefact.body, &did).unwrap())
    };
    // The network has a name of its own for this participant.
    let signers = document(":DCC:XCL:DSC").unwrap();
    let method = signers.methods[0].as_ref().unwrap();
    assert_eq!(
        method.chain,
        [signer.der.clone(), land.participant.csca.der.clone()]
    );
    assert_eq!(method.entry().country.as_deref(), Some("XL"));
    assert_eq!(document(":DCC:XCL:SCA").unwrap().methods.len(), 1);
    assert_eq!(document(":DCC:XCL").unwrap().methods.len(), 2);
    assert_eq!(document("").unwrap().methods.len(), 3);
    assert_eq!(document(":-:-:DSC").unwrap().methods.len(), 2);
    assert!(document(":DCC:IDN:SCA").is_none());
    assert_eq!(edition.signers.len(), 2, "authorities are no signers");

    land.deletes(&node, &signer).await;
    site.passes(60);
    node.publishes().await.unwrap();
    assert_eq!(list(&node).len(), 1);
    let kid = lintas::trust::kid_of(&signer.der).unwrap().to_string();
    assert_eq!(node.edition().gone, [(kid, site.now())]);
    // Handed in again it has a new number; gone with its party it goes, too.
    let first = edition.signers.iter().map(|it| it.id).max().unwrap();
    land.uploads(&node, &signer).await;
    site.passes(60);
    node.publishes().await.unwrap();
    assert_eq!(node.edition().signers.last().unwrap().id, first + 1);
    let country = land.country();
    keeps(&node, |hub, at| leaving(hub, country, at).unwrap()).await;
    site.passes(60);
    node.publishes().await.unwrap();
    assert_eq!(list(&node).len(), 1);
    node.ends().await;
}
