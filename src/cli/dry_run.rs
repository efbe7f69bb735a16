//! `rules dry-run`: what a policy set would change, on a file of certificates, one a line, on every core.
//!
//! Refuses to print anything of the certificates: lines have numbers, and colours are counted.

use super::lines::{Chunk, Next, Work, open, stop_on_interrupt, worked};
use super::offline::{self, Trusted};
use super::purpose::{Stated, value_sets};
use super::tally::progress;
use super::{Exit, batch, rules, show};
use crate::crypto::Engine;
use crate::failure::Failure;
use crate::model::UnixTime;
use crate::rules::{Circumstances, Coloured, PolicySet, ValueSets};
use crate::snapshot::Snapshot;
use crate::verify::{self, CredentialVerdict, Opened, Policy, Registered};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Arguments of `rules dry-run`.
#[derive(Args)]
pub(super) struct DryRun {
    /// The policy set that is tried, JSON or the signed message that holds it.
    new: PathBuf,
    /// The set that it is compared with.
    #[arg(long)]
    against: Option<PathBuf>,
    /// The certificates, one a line; `-` is standard input.
    #[arg(long)]
    certificates: PathBuf,
    #[command(flatten)]
    trusted: Trusted,
    /// The instant to judge at, RFC 3339; now if left out.
    #[arg(long)]
    at: Option<String>,
    /// A file or folder of value sets that the rules look up; those of the bundle, where one is trusted, if left out.
    #[arg(long, value_name = "PATH")]
    value_sets: Vec<PathBuf>,
    #[command(flatten)]
    stated: Stated,
    /// Print JSON: a line for each certificate whose colour changes, and the counts last.
    #[arg(long)]
    json: bool,
}

impl DryRun {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let at = offline::instant(self.at.as_deref())?;
        let new = rules::read(&self.new)?;
        let old = self.against.as_deref().map(rules::read).transpose()?;
        let circumstances = self.stated.circumstances()?;
        for set in [Some(&new), old.as_ref()].into_iter().flatten() {
            set.external(&circumstances, at)?;
        }
        let snapshot = self.trusted.snapshot(at)?;
        let values = match self.value_sets.is_empty() {
            true => snapshot.value_sets().clone(),
            false => value_sets(&self.value_sets)?,
        };
        let trial = Arc::new(Trial {
            engine: offline::engine(&snapshot),
            snapshot,
            policy: Policy::default(),
            values,
            at,
            circumstances,
            old,
            new,
            is_json: self.json,
        });
        let (input, length) = open(&self.certificates)?;
        let (stop, progress) = (stop_on_interrupt(), progress(length));
        let mut answers = worked(input, trial);
        let mut seen = Seen::default();
        let ended = loop {
            if stop.load(Ordering::Relaxed) {
                break Ok(Exit::Interrupted);
            }
            match answers.next() {
                Next::Answer(Ok(chunk)) => {
                    for line in &chunk.changed {
                        show::line(line)?;
                    }
                    progress.inc(chunk.bytes);
                    seen.add(chunk);
                }
                Next::Answer(Err(failure)) => break Err(failure),
                Next::NotYet => {}
                Next::Nothing => break Ok(Exit::Success),
            }
        };
        progress.finish_and_clear();
        seen.tell(self.json)?;
        ended
    }
}

/// Two policy sets, and the world in which they are tried.
struct Trial {
    engine: Option<Arc<Engine>>,
    snapshot: Snapshot,
    policy: Policy,
    values: ValueSets,
    at: UnixTime,
    circumstances: Circumstances,
    old: Option<PolicySet>,
    new: PolicySet,
    is_json: bool,
}

/// What was seen of some lines.
#[derive(Default)]
struct Seen {
    lines: u64,
    /// Those that hold an authentic certificate.
    authentic: u64,
    open: u64,
    /// How many went from which colour, where there was one, to which.
    counts: BTreeMap<(Option<&'static str>, &'static str), u64>,
    /// What is to be printed of them.
    changed: Vec<String>,
    bytes: u64,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.authentic += other.authentic;
        self.open += other.open;
        for (colours, count) in other.counts {
            *self.counts.entry(colours).or_default() += count;
        }
    }

    fn tell(&self, is_json: bool) -> Result<(), Failure> {
        let changed = self.counts.iter();
        let changed = changed.filter(|((old, new), _)| old.is_some_and(|old| old != *new));
        let changed: u64 = changed.map(|(_, count)| count).sum();
        let (lines, authentic) = (self.lines, self.authentic);
        let hint = match (authentic, lines) {
            (0, 1..) => ": are these the signers (--trust, --data, --environment)?",
            _ => "",
        };
        show::note(&format!(
            "{authentic} of {lines} lines hold an authentic certificate of a signer known here{hint}"
        ));
        if is_json {
            let rows = self.counts.iter();
            let rows =
                rows.map(|((from, to), count)| json!({ "from": from, "to": to, "count": count }));
            let counts = rows.collect::<Vec<_>>();
            let open = self.open;
            let told = json!({
                "lines": lines, "authentic": authentic, "changed": changed, "open": open, "counts": counts,
            });
            return show::line(&told.to_string());
        }
        for ((from, to), count) in &self.counts {
            show::line(&match from {
                None => format!("{to}: {count}"),
                Some(from) if from == to => format!("{from} stays: {count}"),
                Some(from) => format!("{from} -> {to}: {count}"),
            })?;
        }
        show::line(&format!("{} lines, {changed} changed", self.lines))?;
        if self.open > 0 {
            show::note(&format!(
                "of {} lines some rule of the new set could not be told whether it holds",
                self.open
            ));
        }
        Ok(())
    }
}

impl Work for Trial {
    type Answer = Seen;

    fn warm(&self) {
        if let Some(engine) = &self.engine {
            self.snapshot.warm(engine, batch::TABLES);
        }
    }

    fn done(&self, chunk: &Chunk) -> Seen {
        let texts: Vec<_> = chunk.texts.iter().map(String::as_str).collect();
        let mut seen = Seen {
            bytes: chunk.bytes,
            ..Seen::default()
        };
        for (number, opened) in (chunk.first..).zip(verify::open_batch(&texts, &self.snapshot)) {
            let asked = Registered::NotAsked;
            let verdict = verify::judge(&opened, self.at, &self.snapshot, &self.policy, asked);
            let old = self.old.as_ref();
            let old = old.and_then(|old| self.colour(old, &opened, &verdict));
            let Some(new) = self.colour(&self.new, &opened, &verdict) else {
                continue;
            };
            let (from, to) = (
                old.as_ref().map(|it| it.colour().name()),
                new.colour().name(),
            );
            seen.lines += 1;
            seen.authentic += u64::from(verdict.certificate.is_some());
            seen.open += u64::from(!new.open.is_empty());
            *seen.counts.entry((from, to)).or_default() += 1;
            if self.is_json && from.is_some_and(|from| from != to) {
                let rule = |it: &Coloured| Value::from(it.rule.identifier.as_str());
                let told = json!({
                    "line": number, "from": from, "to": to,
                    "rule_before": old.as_ref().map(rule), "rule": rule(&new),
                });
                seen.changed.push(told.to_string());
            }
        }
        seen
    }
}

impl Trial {
    /// The colour under `set`; circumstances were looked at before, so there is one.
    fn colour(
        &self,
        set: &PolicySet,
        opened: &Opened,
        verdict: &CredentialVerdict,
    ) -> Option<Coloured> {
        let judged = [(opened, verdict)];
        let instants = (self.at, self.at);
        verify::colour(&judged, &self.circumstances, instants, set, &self.values).ok()
    }
}
