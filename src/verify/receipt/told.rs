//! What a receipt says.
//!
//! Refuses verdicts at an instant that the caller chose: a receipt is about what was answered, not about what would be.

use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Environment, SnapshotId, UnixTime};
use crate::quirk::Quirks;
use crate::rules::{Colour, Coloured};
use crate::snapshot::Snapshot;
use crate::trust::Source;
use crate::verify::identity::Identity;
use crate::verify::{Asked, Finding, Journey, Outcome, Policy, Registered, Verdict};
use smol_str::SmolStr;
use std::fmt;

/// What was answered, to whom, when, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The world it belongs to.
    pub environment: Environment,
    /// The instant that the verdict is about.
    pub at: UnixTime,
    /// The id of the client who was answered.
    pub client: String,
    /// The answer in a word.
    pub outcome: Outcome,
    /// What was said of each credential, in the order asked.
    pub credentials: Vec<Told>,
    /// For what they were to be good, where that was asked.
    pub journey: Option<Journey>,
    /// Whether the colour of whoever showed them was asked.
    pub with_colour: bool,
    /// The colour that was answered.
    pub colour: Option<ToldColour>,
    /// The policy in force.
    pub policy: PolicyName,
    /// The content hash of the snapshot in force.
    pub snapshot: SnapshotId,
    /// Its number at the node that answered.
    pub sequence: u64,
    /// The snapshot's sources, by id, with their ages: what a verdict depends on and the snapshot's id does not cover.
    pub sources: Vec<Source>,
}

/// What was said of one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// SHA-256 over its text exactly as it came.
    pub text: [u8; 32],
    /// What spoke against it, each with the identifier of the rule that it comes from, where one does.
    pub codes: Vec<(Code, Option<SmolStr>)>,
    /// What was odd about it.
    pub quirks: Quirks,
    /// What the register of issued certificates said of it.
    pub registered: Registered,
    /// How far it was about the holder, where one was named and it was authentic.
    pub identity: Option<Identity>,
}

/// A colour that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldColour {
    /// The colour.
    pub colour: Colour,
    /// The identifier of the rule that gave it.
    pub rule: SmolStr,
    /// Those of the rules of which it could not be told whether they hold.
    pub open: Vec<SmolStr>,
    /// Whether somebody had to look, since it was not known to be true.
    pub is_doubtful: bool,
}

impl ToldColour {
    fn of(coloured: &Coloured) -> Self {
        Self {
            colour: coloured.colour(),
            rule: coloured.rule.identifier.as_str().into(),
            open: coloured.open.iter().map(SmolStr::from).collect(),
            is_doubtful: coloured.is_open(),
        }
    }
}

impl fmt::Display for ToldColour {
    /// Colour and rule, and what was not known, in machine names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.colour.name(), self.rule)?;
        if self.is_doubtful {
            f.write_str(", doubtful")?;
        }
        self.open
            .iter()
            .try_for_each(|rule| write!(f, ", open {rule}"))
    }
}

impl Told {
    /// All of it but the text, in machine names.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let codes = self.codes.iter().map(|(code, rule)| match rule {
            None => code.name().to_owned(),
            Some(rule) => format!("{code} {rule}"),
        });
        let quirks = self.quirks.iter().map(|it| it.name());
        let identity = self.identity.map(Identity::name);
        let others = quirks.chain(self.registered.name()).chain(identity);
        codes.chain(others.map(str::to_owned))
    }
}

/// Which policy it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyName {
    /// Its name.
    pub id: SmolStr,
    /// Its version.
    pub version: u32,
    /// SHA-256 over all of it, as [`Policy::write`] has it.
    pub hash: [u8; 32],
}

impl PolicyName {
    /// That of `policy`.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn of(policy: &Policy) -> Result<Self, Failure> {
        Ok(Self {
            id: policy.id.clone(),
            version: policy.version,
            hash: sha256(&policy.write()?),
        })
    }
}

impl Receipt {
    /// What is to be confirmed to `client` of the `verdict` on `texts`, which answers what was `asked` and was reached by
    /// `snapshot` under `policy`.
    ///
    /// # Errors
    /// `request_invalid` for a simulated verdict; `internal` where the parts are not of one verdict.
    pub fn of(
        verdict: &Verdict,
        texts: &[&str],
        asked: &Asked,
        snapshot: &Snapshot,
        policy: PolicyName,
        client: &str,
    ) -> Result<Self, Failure> {
        if verdict.simulated {
            return Err(Code::RequestInvalid.because("a simulated verdict has no receipt"));
        }
        let of_one = verdict.credentials.len() == texts.len()
            && verdict.snapshot_id() == snapshot.id()
            && verdict.policy == (policy.id.clone(), policy.version);
        if !of_one {
            return Err(Code::Internal.because("a receipt for another verdict"));
        }
        let credentials = verdict.credentials.iter().zip(texts);
        let credentials = credentials.map(|(credential, text)| Told {
            text: sha256(text.as_bytes()),
            codes: credential.findings.iter().map(reason).collect(),
            quirks: credential.quirks.clone(),
            registered: credential.registered,
            identity: credential.identity,
        });
        let sources = snapshot.sources().iter().map(|source| Source {
            revocation_as_of: source.revocation_as_of,
            revocation_countries: source.revocation_countries.clone(),
            ..Source::new(source.id.as_str(), snapshot.environment(), source.as_of)
        });
        Ok(Self {
            environment: snapshot.environment(),
            at: verdict.at,
            client: client.to_owned(),
            outcome: verdict.outcome(),
            credentials: credentials.collect(),
            journey: asked.journey.clone(),
            with_colour: asked.with_colour,
            colour: verdict.colour.as_ref().map(ToldColour::of),
            policy,
            snapshot: snapshot.id(),
            sequence: snapshot.sequence(),
            sources: sources.collect(),
        })
    }

    /// Whether `text` is the one that was judged at this place, from 0.
    pub fn is_about_at(&self, place: usize, text: &str) -> bool {
        let told = self.credentials.get(place);
        told.is_some_and(|told| told.text == sha256(text.as_bytes()))
    }

    /// Whether these are the texts that were judged, in their order.
    pub fn is_about(&self, texts: &[&str]) -> bool {
        let judged = self.credentials.iter().map(|told| told.text);
        judged.eq(texts.iter().map(|text| sha256(text.as_bytes())))
    }
}

fn reason(finding: &Finding) -> (Code, Option<SmolStr>) {
    let rule = finding.rule.as_ref();
    (finding.code, rule.map(|it| it.identifier.as_str().into()))
}
