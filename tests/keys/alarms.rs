//! What ends, and who is told of it in time.

use crate::land::{DAY_S, Land, add};

#[actix_web::test]
async fn what_ends_is_told_of_before_it_does() {
    let land = Land::open("waiting_h = 0").await;
    let certificate = land.new_key(&["vaccination"], "all", "2026Q2");
    land.does(add(&certificate, "all", "2026Q2")).await;
    let ends = |what: &str| {
        let ends = land.gateway.ends().into_iter().filter(|it| it.what == what);
        ends.map(|it| (it.days, it.alarm())).collect::<Vec<_>>()
    };
    assert_eq!(
        ends("dsc"),
        [(730, None)].map(|(days, alarm)| (days + 1, alarm))
    );
    assert_eq!(ends("csca"), [(1461, None)]);
    assert_eq!(ends("operator").len(), 2);
    land.gateway.watch_ends();
    assert!(land.gateway.ending().is_empty());
    land.passes((731 - 30) * DAY_S);
    assert_eq!(ends("dsc"), [(30, Some(30))]);
    land.passes(23 * DAY_S);
    land.gateway.watch_ends();
    let [ending] = land.gateway.ending().try_into().unwrap();
    assert!(
        ending.starts_with("dsc ") && ending.ends_with(": 7 days"),
        "{ending}"
    );
    // Long before, it signs no more: what it signed would outlive it.
    let late = land.ready("").err().unwrap();
    assert!(late.detail().ends_with("ends too soon"));
    land.passes(8 * DAY_S);
    assert_eq!(ends("dsc"), [(-1, Some(0))]);
    land.ends().await;
}
