//! Whose certificates an operator may withdraw, and have back.

use crate::ministry::{Ministry, codes};
use crate::people::{Person, code};
use lintas::failure::{Code, Failure};
use lintas::revocation::RevocationHash;
use lintas::server::gateway::registry::Act;
use lintas::server::gateway::withdrawal::{Reason, Selection, Withdrawn};

fn lot() -> Selection {
    Selection {
        lot: Some("A1".to_owned()),
        ..Selection::default()
    }
}

fn of_facility(facility: &str) -> Selection {
    Selection {
        facility: Some(facility.to_owned()),
        ..Selection::default()
    }
}

fn withdrawing(selector: Selection) -> Act {
    let reason = Reason::LotRecalled;
    Act::CertificatesWithdraw { selector, reason }
}

impl Ministry {
    async fn tries(&self, who: &Person, selection: &Selection) -> Result<Withdrawn, Failure> {
        let gateway = self.first.gateway();
        let who = who.certificate();
        let preview = gateway.preview_withdrawal(&who, selection).await;
        let done = gateway.withdraw(&who, selection, Reason::LotRecalled).await;
        if let (Err(one), Err(two)) = (&preview, &done) {
            assert_eq!(one.code(), two.code());
        }
        done
    }
}

fn done(withdrawn: Withdrawn) -> (String, usize) {
    match withdrawn {
        Withdrawn::Done { id, certificates } => (id, certificates),
        Withdrawn::Asked(request) => panic!("it waits as {}", request.id),
    }
}

#[actix_web::test]
async fn certificates_of_other_facilities_are_neither_withdrawn_nor_shown() {
    let ministry = Ministry::open(1, None, |_| {}).await;
    let own = ministry.issues(0, 3, "clerk-17", "3174001").await;
    let others = ministry.issues(0, 2, "clerk-18", "3174002").await;
    let gateway = ministry.first.gateway();
    let citra = ministry.clerk("citra", &["3174001", "3174003"]).await;
    let dodi = ministry.clerk("dodi", &[]).await;

    // What facilities have in common is refused whole, and so is what others have, whether there is any or not.
    for selection in [lot(), of_facility("3174002"), of_facility("3174009")] {
        for who in [&citra, &dodi] {
            let refused = ministry.tries(who, &selection).await.unwrap_err();
            assert_eq!(refused.code(), Code::Forbidden);
            assert!(!refused.detail().contains("3174"), "{refused}");
            let asked = who.asks(gateway, withdrawing(selection.clone())).await;
            assert_eq!(code(asked), Code::Forbidden);
        }
    }
    // One that is named is as if it were not there.
    let named = |hash: RevocationHash| Selection::of_hashes([hash]);
    let unknown = ministry
        .tries(&citra, &named(RevocationHash([9; 16])))
        .await;
    let unknown = unknown.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let other = ministry.tries(&citra, &named(others[0].signature)).await;
    let other = other.unwrap_err();
    assert_eq!(other.code(), Code::NotFound);
    assert_eq!(other.detail(), unknown.detail());
    let nobody = ministry.tries(&dodi, &named(own[0].signature)).await;
    assert_eq!(code(nobody), Code::NotFound);
    let both = Selection::of_hashes([own[0].signature, others[0].signature]);
    let (mine, count) = done(ministry.tries(&citra, &both).await.unwrap());
    assert_eq!(count, 1);
    let (_, count) = done(
        ministry
            .tries(&citra, &of_facility("3174001"))
            .await
            .unwrap(),
    );
    assert_eq!(count, 2);
    for certificate in &own {
        assert_eq!(codes(&ministry.first, &certificate.text).await, ["revoked"]);
    }
    for certificate in &others {
        assert!(codes(&ministry.first, &certificate.text).await.is_empty());
    }

    // Nor is what another withdrew of others' taken back.
    let (theirs, count) = ministry.withdraws_alone(&lot()).await;
    assert_eq!(count, 2);
    let undone = gateway.reinstate(&citra.certificate(), &theirs).await;
    assert_eq!(code(undone), Code::Forbidden);
    let act = Act::CertificatesReinstate { id: theirs };
    assert_eq!(code(citra.asks(gateway, act).await), Code::Forbidden);
    let undone = gateway.reinstate(&dodi.certificate(), &mine).await;
    assert_eq!(code(undone), Code::Forbidden);
    let undone = gateway.reinstate(&citra.certificate(), &mine).await;
    assert_eq!(done(undone.unwrap()).1, 1);
    ministry.ends().await;
}

#[actix_web::test]
async fn what_is_approved_is_what_whoever_asked_may_still_withdraw() {
    let ministry = Ministry::open(1, None, |_| {}).await;
    let own = ministry.issues(0, 2, "clerk-17", "3174001").await;
    let others = ministry.issues(0, 1, "clerk-18", "3174002").await;
    let gateway = ministry.first.gateway();
    let citra = ministry.clerk("citra", &["3174001"]).await;
    let asks = async |selection: Selection| citra.asks(gateway, withdrawing(selection)).await;
    let outdated = asks(of_facility("3174001")).await.unwrap();
    let both = Selection::of_hashes([own[0].signature, others[0].signature]);
    let named = asks(both).await.unwrap();
    ministry.moves(&citra, &["3174002"]).await;
    let refused = ministry.budi.approves(gateway, &outdated).await;
    assert_eq!(code(refused), Code::ApprovalOutdated);
    ministry.moves(&citra, &["3174001"]).await;
    ministry.budi.approves(gateway, &named).await.unwrap();
    assert_eq!(codes(&ministry.first, &own[0].text).await, ["revoked"]);
    assert!(codes(&ministry.first, &own[1].text).await.is_empty());
    assert!(codes(&ministry.first, &others[0].text).await.is_empty());
    ministry.ends().await;
}
