//! What a verification on this machine is for: a journey with the rules of its destination, and whose the certificate is.
//!
//! Refuses names and birth dates as arguments, which every other user of the machine could read: they come in a file.

use super::documents::each;
use super::{input, show};
use crate::codec::json;
use crate::exchange::dgcg::read_rule;
use crate::exchange::read_value_set;
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::rules::{Circumstances, RuleSet, ValueSets};
use crate::snapshot::Acceptance;
use crate::verify::Journey;
use crate::verify::identity::Holder;
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// The arguments.
#[derive(Args)]
pub(super) struct Purpose {
    /// The country of arrival, whose rules are to accept the certificate.
    #[arg(long = "for", value_name = "COUNTRY")]
    destination: Option<String>,
    /// The region of arrival.
    #[arg(long, requires = "destination")]
    region: Option<String>,
    /// The instant of arrival, RFC 3339; the instant of judging if left out.
    #[arg(long, requires = "destination")]
    arrival: Option<String>,
    #[command(flatten)]
    stated: Stated,
    /// A file or folder of rules, with the folders in it but for hidden ones; each JSON document is one rule or a list of
    /// them, taken as they are, without proof.
    #[arg(long, value_name = "PATH", requires = "destination")]
    rules: Vec<PathBuf>,
    /// A file or folder of value sets that the rules look up.
    #[arg(long, value_name = "PATH", requires = "destination")]
    value_sets: Vec<PathBuf>,
    /// A file with whom the certificate is to be about, JSON: `name`, `birth_date`, `mrz`.
    #[arg(long, value_name = "FILE")]
    holder: Option<PathBuf>,
    /// Tell what every rule says, and not only those that are not passed.
    #[arg(long, requires = "destination")]
    pub(super) all_rules: bool,
}

/// Where and why people are asked, for policy sets.
#[derive(Args)]
pub(super) struct Stated {
    /// How people travel, as the policy set names it.
    #[arg(long)]
    mode: Option<String>,
    /// What they want to enter, as the policy set names it.
    #[arg(long)]
    sector: Option<String>,
    /// The code of the region.
    #[arg(long)]
    wilayah: Option<String>,
}

impl Stated {
    /// What is stated.
    ///
    /// # Errors
    /// `request_invalid` for what is no word.
    pub(super) fn circumstances(&self) -> Result<Circumstances, Failure> {
        Circumstances::read(self.mode.clone(), self.sector.clone(), self.wilayah.clone())
    }
}

impl Purpose {
    /// Whether rules or value sets are named.
    pub(super) fn has_rules(&self) -> bool {
        !self.rules.is_empty() || !self.value_sets.is_empty()
    }

    /// The journey, where one is asked about.
    ///
    /// # Errors
    /// `request_invalid`.
    pub(super) fn journey(&self) -> Result<Option<Journey>, Failure> {
        let invalid = |what: &str| Code::RequestInvalid.because(format!("--{what}"));
        let circumstances = self.stated.circumstances()?;
        let Some(country) = &self.destination else {
            return match circumstances.is_empty() {
                true => Ok(None),
                false => Err(invalid("mode, --sector and --wilayah need --for COUNTRY")),
            };
        };
        let destination =
            Country::parse(country).ok_or_else(|| invalid("for is no country code"))?;
        let arrival = self.arrival.as_deref().map(|text| {
            UnixTime::parse(text).ok_or_else(|| invalid("arrival is not RFC 3339 with a zone"))
        });
        Ok(Some(Journey {
            destination,
            region: self.region.as_deref().map(Into::into),
            arrival: arrival.transpose()?,
            circumstances,
        }))
    }

    /// The holder, where one is named.
    ///
    /// # Errors
    /// `input_output`, `input_too_large`, `request_invalid`.
    pub(super) fn holder(&self) -> Result<Option<Holder>, Failure> {
        let Some(path) = &self.holder else {
            return Ok(None);
        };
        let stated = json::read(input::file(path)?.as_bytes(), MAX_VALUES)?;
        Holder::from_json(&stated).map(Some)
    }

    /// The rules and value sets in the named places.
    ///
    /// # Errors
    /// `input_output`, `input_too_large`, `rule_invalid`, with the file. What is no value set is told and left out.
    pub(super) fn acceptance(&self) -> Result<Acceptance, Failure> {
        let mut rules = RuleSet::default();
        each(&self.rules, &mut |document| {
            if document.get("Type").and_then(Value::as_str) == Some("PolicySet") {
                return Err(Code::RuleInvalid.because(POLICY_SET));
            }
            let mut document = document.clone();
            if let Value::Object(members) = &mut document {
                // Apps keep the hash of what was signed beside it.
                members.shift_remove("hash");
            }
            let rule = read_rule(document.to_string().as_bytes())?;
            rules.add(Arc::new(rule))
        })?;
        Ok(Acceptance::new(rules, value_sets(&self.value_sets)?))
    }
}

/// The value sets in `places`.
///
/// # Errors
/// `input_output`, `input_too_large`, with the file. What is no value set is told and left out.
pub(super) fn value_sets(places: &[PathBuf]) -> Result<ValueSets, Failure> {
    let mut value_sets = ValueSets::default();
    each(places, &mut |document| {
        let read = read_value_set(document.to_string().as_bytes());
        // A rule that looks up what is not there cannot be told, so nobody is let in by a set that is left out.
        if let Err(failure) = read.and_then(|set| value_sets.add(set)) {
            show::note(&format!("a value set is left out: {failure}"));
        }
        Ok(())
    })?;
    Ok(value_sets)
}

/// The most values that a file with a holder has.
const MAX_VALUES: usize = 1_000_000;
const POLICY_SET: &str = "a policy set, which is no rule: try it with `lintas rules dry-run`, activate it at a gateway with `lintas rules \
                          activate`, or put its list `Rules` into a file of its own";
