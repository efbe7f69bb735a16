//! Certificates and their events, as the document describes them.
//!
//! Refuses to describe an event twice: what is handed in and what is shown are made of the same members.

use super::{closed, count, day, instant, nullable, object, schema, text, with};
use crate::model::Purpose;
use serde_json::{Value, json};

/// The schemas of what the views show.
pub(super) fn certificate() -> Value {
    let part = |what| nullable(text(what));
    let whole = json!({
        "name": schema("Name"),
        "birth_date": text("YYYY-MM-DD, YYYY-MM, YYYY or empty."),
        "schema_version": text("The version that the certificate declares."),
    });
    let whole = object(
        with(whole, events(stated)),
        &Purpose::ALL.map(Purpose::name),
    );
    json!({
        "Name": object(json!({
            "family": part("As written."), "family_icao": part("In A-Z and <."),
            "given": part("As written."), "given_icao": part("In A-Z and <."),
            "full": text("The whole name, in a WHO certificate, which knows no parts."),
        }), &["full"]),
        "Certificate": { "anyOf": [schema("GateCertificate"), schema("WholeCertificate")] },
        "GateCertificate": with(object(json!({
            "name": schema("Name"), "birth_year": nullable(count("Where it is known.")),
        }), &[]), json!({ "description": "In the view gate." })),
        "WholeCertificate": with(whole, json!({
            "description": "In the views officer and holder.", "oneOf": one_event(),
        })),
    })
}

/// The kinds of event by their names, each as `told`.
pub(super) fn events(told: fn(Purpose) -> Value) -> Value {
    let named = Purpose::ALL.map(|purpose| (purpose.name().to_owned(), told(purpose)));
    Value::Object(named.into_iter().collect())
}

/// That exactly one of them is there.
pub(super) fn one_event() -> Value {
    json!(Purpose::ALL.map(|purpose| json!({ "required": [purpose.name()] })))
}

/// An event as a certificate of either form states it.
fn stated(purpose: Purpose) -> Value {
    let vouched = json!({
        "disease": text("SNOMED CT."),
        "country": text("Where it happened, as written."),
        "issuer": text("Who vouches for it, as written."),
        "uvci": text("The unique identifier; in the view holder only."),
    });
    let eu = with(event(purpose), vouched.clone());
    let Some(more) = who(purpose) else {
        return object(eu, &["uvci"]);
    };
    // A WHO certificate has the same members, some of which may be unknown, and codes of any system.
    let mut members = with(event(purpose), vouched);
    if let Value::Object(members) = &mut members {
        for (_, member) in members.iter_mut().filter(|(name, _)| *name != "uvci") {
            *member = nullable(member.take());
        }
    }
    let who = object(with(members, more), &["uvci"]);
    let said = "In a WHO certificate; codes are of the systems named, which may be words where there is no code.";
    json!({ "anyOf": [object(eu, &["uvci"]), with(who, json!({ "description": said }))] })
}

/// What a WHO certificate says beyond an EU one.
fn who(purpose: Purpose) -> Option<Value> {
    let part = |what| nullable(text(what));
    let systems = json!({
        "type": "object", "additionalProperties": { "type": "string" },
        "description": "Which system a code is of, by the member that has the code.",
    });
    match purpose {
        Purpose::Vaccination => Some(json!({
            "lot": part("The lot."),
            "centre": part("Where it was given."),
            "valid_from": nullable(day("The first day on which the dose counts.")),
            "next_dose": nullable(day("When the next dose is due.")),
            "systems": systems,
        })),
        Purpose::Test => Some(json!({
            "manufacturer": part("Who made the test."),
            "origin": part("Where on the body the sample was taken."),
            "systems": systems,
        })),
        Purpose::Recovery => None,
    }
}

/// An event as it is handed in.
pub(super) fn claimed(purpose: Purpose) -> Value {
    let disease = with(text("SNOMED CT."), json!({ "default": "840539006" }));
    let members = with(event(purpose), json!({ "disease": disease }));
    closed(members, &["disease", "name", "device", "centre"])
}

fn event(purpose: Purpose) -> Value {
    let dose = |what| with(count(what), json!({ "minimum": 1 }));
    match purpose {
        Purpose::Vaccination => json!({
            "vaccine": text("The kind of vaccine."),
            "product": text("The product."),
            "manufacturer": text("The manufacturer."),
            "dose": dose("Which dose this was."),
            "doses": dose("How many the series has; a booster may exceed it."),
            "date": day("The day of the dose."),
        }),
        Purpose::Test => json!({
            "type": text("LOINC."),
            "name": nullable(text("The name of a nucleic-acid test.")),
            "device": nullable(text("The device identifier of a rapid antigen test.")),
            "sampled_at": instant("When the sample was taken."),
            "result": text("SNOMED CT."),
            "centre": nullable(text("Where it was made.")),
        }),
        Purpose::Recovery => json!({
            "first_positive": day("The day of the first positive test."),
            "valid_from": day("The first day that it is meant for."),
            "valid_until": day("The last day that it is meant for."),
        }),
    }
}
