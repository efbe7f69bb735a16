//! The layers of bundles over a real register: they grow on top of each other, and are one again before there are too many.

use crate::ground::Ground;
use crate::ministry::registers;
use crate::support::issued_at;
use lintas::model::Country;
use lintas::revocation::{Leading, RevocationHash};
use lintas::server::gateway::layers::Layers;
use lintas::snapshot::{Offline, Own};
use std::sync::Arc;

const EACH: usize = 6;
const MAX_LAYERS: usize = 32;
const HOUR_S: i64 = 60 * 60;

/// Which of `all` a scanner that is brought these layers takes for withdrawn.
fn withdrawn(layers: &Layers, own: &Own, all: &[RevocationHash]) -> Vec<bool> {
    let covered = layers.covered().by_first_byte().flatten();
    let back = covered
        .filter(|it| !own.withdrawn().contains(*it))
        .collect();
    let offline = Offline::new(layers.layers().to_vec(), back, Arc::default());
    let is_withdrawn = |hash: &RevocationHash| {
        let leading = Leading::from(*hash);
        let fresh = own.withdrawn().contains(leading) && !layers.covered().contains(leading);
        fresh || offline.withdraws(*hash, issued_at())
    };
    all.iter().map(is_withdrawn).collect()
}

#[actix_web::test]
async fn after_thirty_two_layers_one_of_all_takes_their_place() {
    let ground = Ground::sqlite();
    let store = ground.open().await;
    let rounds = 2 * MAX_LAYERS + 3;
    let all = registers(store.as_ref(), EACH * rounds + 50).await;
    let now = issued_at().plus(2 * HOUR_S);
    let mut own = Own::of(Country::DEMO);
    let mut layers = Layers::new(EACH - 1, MAX_LAYERS);
    for round in 0..rounds {
        let taken = &all[..EACH * (round + 1)];
        own.withdraw(taken[EACH * round..].iter().copied());
        // The first of each third round comes back into force later.
        let is_back = |place: usize| place.is_multiple_of(3 * EACH) && place / EACH < round;
        own.reinstate((0..taken.len()).filter(|it| is_back(*it)).map(|it| all[it]));
        layers.grow(store.as_ref(), &own, now).await.unwrap();
        // One of all again, and then small ones on top.
        assert_eq!(layers.layers().len(), round % MAX_LAYERS + 1, "{round}");
        let expected = (0..all.len()).map(|it| it < taken.len() && !is_back(it));
        let expected: Vec<_> = expected.collect();
        assert_eq!(withdrawn(&layers, &own, &all), expected, "{round}");
    }
    // What came back stands in no layer that was made since.
    assert!(!layers.covered().contains(all[0].into()));
    store.close().await;
}

#[actix_web::test]
async fn few_certificates_and_new_ones_make_no_layer() {
    let ground = Ground::sqlite();
    let store = ground.open().await;
    let all = registers(store.as_ref(), 20).await;
    let mut layers = Layers::new(EACH, MAX_LAYERS);
    let mut own = Own::of(Country::DEMO);
    let late = issued_at().plus(2 * HOUR_S);
    own.withdraw(all[..EACH].iter().copied());
    layers.grow(store.as_ref(), &own, late).await.unwrap();
    assert!(layers.layers().is_empty(), "as many as may stand in none");
    own.withdraw(all[EACH..].iter().copied());
    let early = issued_at().plus(HOUR_S / 2);
    layers.grow(store.as_ref(), &own, early).await.unwrap();
    assert!(layers.layers().is_empty(), "some may not be registered yet");
    layers.grow(store.as_ref(), &own, late).await.unwrap();
    assert_eq!(layers.layers().len(), 1);
    assert_eq!(withdrawn(&layers, &own, &all), [true; 20]);
    store.close().await;
}
