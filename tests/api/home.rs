//! A gateway whose country's policy set begins within the hour, so that its own country is a destination with rules.

use crate::people::two_operators;
use crate::support::country::{Identity, SIGNED_AT};
use crate::support::gateway::{TestGateway, later};
use crate::support::issued_at;
use lintas::model::UnixTime;
use lintas::server::gateway::Clock;
use lintas::server::gateway::registry::Act;
use serde_json::{Value, json};

/// The gateway, and an arrival at which the set is in force: the sample set as the demo country's, with `rules` in place of
/// its own where there are any.
pub(crate) async fn at_home(rules: Option<&[Value]>) -> (TestGateway, UnixTime) {
    let country = Identity::self_signed("ZZ", "NBup", false);
    let toml = format!("[policy]\nsigners = [\"{}\"]\n", country.thumbprint());
    let gateway = TestGateway::configured(&toml, |_| {}, Clock::Fixed(issued_at())).await;
    let at = later(3600);
    let message = country.sign_at(policy_set(at, rules).as_bytes(), true, SIGNED_AT);
    let (ana, budi) = two_operators(gateway.gateway()).await;
    let act = Act::PolicyActivate { message, at };
    let request = ana.asks(gateway.gateway(), act).await.unwrap();
    budi.approves(gateway.gateway(), &request).await.unwrap();
    gateway.gateway().follow().await.unwrap();
    (gateway, later(86_400))
}

fn policy_set(from: UnixTime, rules: Option<&[Value]>) -> String {
    let sample = include_str!("../../policies/id.json").replace("-ID-", "-ZZ-");
    let sample = sample.replace("\"Country\": \"ID\"", "\"Country\": \"ZZ\"");
    let mut set: Value = serde_json::from_str(&sample).unwrap();
    set["ValidFrom"] = json!(from.to_string());
    if let Some(rules) = rules {
        set["Rules"] = json!(rules);
    }
    for rule in set["Rules"].as_array_mut().unwrap() {
        rule["ValidFrom"] = json!(from.to_string());
    }
    for levels in set["Wilayah"].as_object_mut().unwrap().values_mut() {
        levels[0]["ValidFrom"] = json!(from.to_string());
    }
    set.to_string()
}
