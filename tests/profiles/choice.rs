//! Which form for whom.

use crate::ground::*;
use lintas::failure::Code;
use lintas::issue::Profiles;
use lintas::issue::event::{Event, Happening, Profile, Wanted};
use lintas::issue::products::Products;
use lintas::model::Country;

fn chosen(event: &Event) -> Result<(Vec<Profile>, Vec<Code>), (Code, Option<String>)> {
    let products = Products::embedded().unwrap();
    let chosen = Profiles::embedded().unwrap().chosen(event, &products);
    chosen.map_err(|failure| (failure.code(), failure.member().map(str::to_owned)))
}

#[test]
fn destination_and_product_choose_the_form() {
    use Profile::{EuDcc, WhoDdcc};
    let to = |country: &str| Wanted::For(Country::parse(country).unwrap());
    let warned = vec![Code::ProductHasNoEuCode];
    let plain = Vec::new;
    for (happening, wanted, profile, warnings) in [
        (dose("coronavac", 2), Wanted::Usual, EuDcc, plain()),
        (dose("zifivax", 2), Wanted::Usual, WhoDdcc, warned.clone()),
        (dose("coronavac", 2), to("DE"), EuDcc, plain()),
        (dose("coronavac", 2), to("SA"), WhoDdcc, plain()),
        (dose("zifivax", 2), to("DE"), WhoDdcc, warned),
        (dose("zifivax", 2), to("SA"), WhoDdcc, plain()),
        (test("pcr", false), Wanted::Usual, EuDcc, plain()),
        (test("pcr", true), to("SA"), WhoDdcc, plain()),
        (recovery("2026-04-02"), Wanted::Usual, EuDcc, plain()),
        // The WHO has no form for it.
        (recovery("2026-04-02"), to("SA"), EuDcc, plain()),
    ] {
        let event = event(happening, wanted);
        assert_eq!(chosen(&event), Ok((vec![profile], warnings)), "{event:?}");
    }
    let both = event(dose("coronavac", 1), Wanted::These(Profile::ALL.to_vec()));
    assert_eq!(chosen(&both), Ok((Profile::ALL.to_vec(), plain())));
}

#[test]
fn what_a_form_cannot_state_is_refused_by_its_member() {
    let these = |profile| Wanted::These(vec![profile]);
    let no_lot = |wanted| {
        let mut event = event(dose("zifivax", 1), wanted);
        if let Happening::Vaccination { lot, .. } = &mut event.happening {
            *lot = None;
        }
        event
    };
    for (event, code, member) in [
        (
            event(dose("indovac", 1), these(Profile::EuDcc)),
            Code::ProductHasNoEuCode,
            "profiles",
        ),
        (
            event(recovery("2026-04-02"), these(Profile::WhoDdcc)),
            Code::ClaimInvalid,
            "profiles",
        ),
        (
            event(dose("coronavac", 1), Wanted::These(Vec::new())),
            Code::EventInvalid,
            "profiles",
        ),
        (no_lot(Wanted::Usual), Code::EventInvalid, "lot"),
        (no_lot(these(Profile::WhoDdcc)), Code::EventInvalid, "lot"),
        (
            event(dose("vaxx", 1), Wanted::Usual),
            Code::ProductUnknown,
            "product",
        ),
        (
            event(test("swab", false), Wanted::Usual),
            Code::ProductUnknown,
            "test",
        ),
        (
            event(dose("coronavac", 5), Wanted::Usual),
            Code::DoseInvalid,
            "dose",
        ),
    ] {
        assert_eq!(
            chosen(&event),
            Err((code, Some(member.to_owned()))),
            "{event:?}"
        );
    }
}

#[test]
fn data_that_contradicts_itself_is_refused() {
    let good = include_str!("../../products/profiles.toml");
    assert!(Profiles::parse(good).is_ok());
    for (from, to) in [
        ("version = \"2026-11-30\"", "version = \"new\""),
        ("\"AD\", \"AE\"", "\"AD\", \"AD\""),
        ("\"AD\", \"AE\"", "\"AND\""),
        ("\"AD\", \"AE\"", "\"Andorra\""),
        ("vaccination_days = 365", "vaccination_days = 0"),
        ("vaccination_days = 365", "vaccination_days = 36500"),
        ("vaccination_days = 365", "vaccination_days = -1"),
        ("vaccination_days = 365", ""),
        ("recovery_from_days = 11", "recovery_from_days = 180"),
        ("[validity]", "[validity]\nmore = 1"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let failure = Profiles::parse(&bad).unwrap_err();
        assert_eq!(failure.code(), Code::ConfigurationInvalid, "{to}");
    }
}
