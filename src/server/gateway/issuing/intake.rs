//! Taking events in: read, checked as far as anything can be wrong with them, sealed, and put in line for certificates.
//!
//! Refuses rows one by one, naming field and code and never the value: one bad row keeps no other out. Refuses what the
//! operator's roles and facilities do not cover, and more than their share.

use super::Submitter;
use super::claim::Claim;
use super::vault::Vault;
use crate::failure::{Code, Failure};
use crate::issue::event::rows::{self, Form};
use crate::issue::event::{Action, Event};
use crate::model::UnixTime;
use crate::server::gateway::Gateway;
use crate::server::gateway::registry::{OperatorRole, canonical};
use crate::server::store::issuing::{NewEvent, Taken};
use actix_web::rt::task::spawn_blocking;
use actix_web::web::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::info;
use zeroize::Zeroizing;

/// What an operator hands in.
pub struct HandedIn {
    /// The form of `bytes`.
    pub form: Form,
    /// The rows.
    pub bytes: Bytes,
    /// The operator's own name for the import that this is a part of; without one it is an import of its own.
    pub import: Option<String>,
}

/// What became of it.
pub struct TakenIn {
    /// The import, 32 hexadecimal digits: by it the certificates can be withdrawn together.
    pub import: String,
    /// Until when what is made of it can be fetched, at least.
    pub until: UnixTime,
    /// Row by row, in order.
    pub rows: Vec<RowAnswer>,
}

/// What became of one row.
pub struct RowAnswer {
    /// Its number, from 1.
    pub row: u64,
    /// What became of it.
    pub became: Became,
}

/// What became of an event.
pub enum Became {
    /// It waits for its certificates.
    Taken {
        /// By which the holder fetches them.
        claim: Claim,
        /// What the holder should know before they travel.
        warnings: Vec<Code>,
    },
    /// The same was taken in before.
    Known {
        /// The claim of then, where whoever asks handed it in within a day.
        claim: Option<Claim>,
        /// What the holder should know before they travel.
        warnings: Vec<Code>,
    },
    /// It is cancelled, and its certificates are withdrawn as soon as the worker comes to it.
    Cancelled,
    /// It was not taken in.
    Refused(Failure),
}

impl Became {
    /// The machine name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "taken",
            Self::Known { .. } => "known",
            Self::Cancelled => "cancelled",
            Self::Refused(_) => "refused",
        }
    }
}

/// A row that is ready for the store.
struct Ready {
    position: usize,
    event: NewEvent,
    claim: Claim,
    warnings: Vec<Code>,
}

/// A row on its way there.
struct Read {
    row: u64,
    event: Result<Event, Failure>,
}

impl Gateway {
    /// Takes in what `submitter` hands in; what is not refused has its certificates soon.
    ///
    /// Handing in the same again is harmless: whoever did not hear the answer does just that.
    ///
    /// # Errors
    /// `forbidden`, `rate_limited`, `input_too_large`, `request_invalid`; `configuration_invalid` without the data key;
    /// `store_unavailable`, `store_incomplete`. Nothing is taken in then, as far as is known here.
    pub async fn take_in(
        self: &Arc<Self>,
        submitter: &Submitter,
        handed_in: HandedIn,
    ) -> Result<TakenIn, Failure> {
        if !submitter.may(OperatorRole::Correct) {
            submitter.demand(OperatorRole::Issue)?;
        }
        self.vault().await?;
        let now_ms = self.clock().now_ms();
        let import = self
            .import_of(submitter, handed_in.import.as_deref())
            .await?;
        let read = self
            .read_rows(submitter, handed_in.form, handed_in.bytes)
            .await?;
        let count = u64::try_from(read.len()).unwrap_or(u64::MAX);
        let limits = &self.issuing().limits;
        limits.spend(submitter.id(), count, now_ms).inspect_err(|_| {
            metrics::counter!("lintas_events_limited_total", "operator" => submitter.id().to_owned())
                .increment(1);
        })?;
        let (rows, ready) = self.make_ready(submitter, read, &import, now_ms).await?;
        let answers = self.keep(submitter, rows, ready, &import).await?;
        self.issuing().wake.notify_one();
        let taken = answers.iter().filter(|(answer, _)| is_new(&answer.became));
        let places = taken.filter_map(|(_, facility)| facility.as_deref());
        self.tell_unusual(submitter, places.collect(), now_ms).await;
        let rows = answers.into_iter().map(|(answer, _)| answer).collect();
        let days = i64::from(self.issuing().config.claim_days);
        Ok(TakenIn {
            import,
            until: self.clock().now().plus(days * DAY_S),
            rows,
        })
    }

    async fn import_of(
        self: &Arc<Self>,
        submitter: &Submitter,
        named: Option<&str>,
    ) -> Result<String, Failure> {
        let is_name = |name: &&str| (1..=64).contains(&name.len()) && name.bytes().all(is_plain);
        match named {
            Some(name) if is_name(&name) => Ok(self.vault().await?.import(submitter.id(), name)),
            Some(_) => {
                let reason = "an import is named by 1 to 64 letters, digits, -, _ or .";
                Err(Code::RequestInvalid.because(reason).about("import"))
            }
            None => Ok(base16ct::lower::encode_string(&draw()?)),
        }
    }

    /// The rows, each read and checked as far as the store is not needed.
    async fn read_rows(
        self: &Arc<Self>,
        submitter: &Submitter,
        form: Form,
        bytes: Bytes,
    ) -> Result<Vec<Read>, Failure> {
        let (gateway, submitter) = (Arc::clone(self), submitter.clone());
        let reading = spawn_blocking(move || {
            let raw = rows::read(form, &bytes, &gateway.issuing().products)?;
            let read = raw.map(|raw| Read {
                row: raw.number,
                event: raw.event.and_then(|event| within(&submitter, event)),
            });
            Ok(read.collect())
        });
        reading.await.map_err(broken)?
    }

    /// Every row's answer as far as it stands, and the events that the store is to take in.
    async fn make_ready(
        self: &Arc<Self>,
        submitter: &Submitter,
        read: Vec<Read>,
        import: &str,
        now_ms: i64,
    ) -> Result<(Vec<RowAnswer>, Vec<Ready>), Failure> {
        let gateway = Arc::clone(self);
        let (submitter, import) = (submitter.clone(), import.to_owned());
        let operator = submitter.operator();
        let anywhere = operator.works_anywhere();
        let within: Option<Arc<[String]>> =
            (!anywhere).then(|| operator.facilities.as_slice().into());
        let at = self.clock().now();
        let sealing = spawn_blocking(move || {
            let none = || Code::Internal.because("the data key is gone");
            let vault = gateway.known_vault()?.ok_or_else(none)?;
            let (mut answers, mut ready) = (Vec::new(), Vec::new());
            for (position, Read { row, event }) in read.into_iter().enumerate() {
                let made = event.and_then(|event| {
                    let operator = submitter.id();
                    gateway.made_ready(vault, operator, &import, position, &event, at, now_ms)
                });
                let made = made.map(|mut made| {
                    made.event.within.clone_from(&within);
                    made
                });
                let became = match made {
                    // Replaced by the store's word.
                    Ok(made) => {
                        ready.push(made);
                        Became::Cancelled
                    }
                    Err(failure) => Became::Refused(failure),
                };
                answers.push(RowAnswer { row, became });
            }
            Ok((answers, ready))
        });
        sealing.await.map_err(broken)?
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one row, and all that a call has in common"
    )]
    fn made_ready(
        &self,
        vault: &Vault,
        operator: &str,
        import: &str,
        position: usize,
        event: &Event,
        at: UnixTime,
        now_ms: i64,
    ) -> Result<Ready, Failure> {
        let warnings = match event.action {
            Action::New | Action::Correct | Action::Renew => self.rehearse(event, at)?,
            Action::Cancel => Vec::new(),
        };
        let (id, claim) = (draw()?, Claim::draw()?);
        let said = Zeroizing::new(canonical(&event.to_json()));
        let source_key = vault.source_key(&event.source_id);
        let new = NewEvent {
            id,
            source_key,
            digest: vault.digest(substance(event).as_bytes()),
            action: event.action,
            purpose: event.happening.purpose(),
            facility: event.facility.clone(),
            operator: event
                .operator
                .clone()
                .unwrap_or_else(|| operator.to_owned()),
            submitted_by: operator.to_owned(),
            lot: event.happening.lot().map(str::to_owned),
            batch: import.to_owned(),
            received_at_ms: now_ms,
            body: vault.seal_body(&id, &claim, said.as_bytes())?,
            claim_key: claim.lookup_key(),
            claim_again: vault.seal_again(&source_key, operator, &claim)?,
            within: None,
        };
        Ok(Ready {
            position,
            event: new,
            claim,
            warnings,
        })
    }

    /// Has the store take `ready` in. Each answer with the facility of its event, where there is one.
    async fn keep(
        self: &Arc<Self>,
        submitter: &Submitter,
        rows: Vec<RowAnswer>,
        ready: Vec<Ready>,
        import: &str,
    ) -> Result<Vec<(RowAnswer, Option<String>)>, Failure> {
        let store = self.records()?.store();
        let mut answers: Vec<_> = rows.into_iter().map(|row| (row, None)).collect();
        let (events, kept): (Vec<_>, Vec<_>) = ready
            .into_iter()
            .map(|it| (it.event, (it.position, it.claim, it.warnings)))
            .unzip();
        let refused = answers.len() - events.len();
        let detail = format!("{} events; {refused} rows refused before", events.len());
        let told = crate::server::store::Event {
            actor: submitter.id().to_owned(),
            ..self.event("events.handed_in", import, detail)
        };
        let taken = store.take_in(&events, &[told]).await?;
        if taken.len() != events.len() {
            return Err(Code::Internal.because("the store did not answer for each event"));
        }
        let none = || Code::Internal.because("the data key is gone");
        let vault = self.known_vault()?.ok_or_else(none)?;
        for ((event, (position, claim, warnings)), taken) in events.iter().zip(kept).zip(taken) {
            let became = match taken {
                Taken::New => Became::Taken { claim, warnings },
                Taken::Known { claim_again } => {
                    let open =
                        |it: Vec<u8>| vault.open_again(&event.source_key, submitter.id(), &it);
                    Became::Known {
                        claim: claim_again.and_then(open),
                        warnings,
                    }
                }
                Taken::Cancelled => Became::Cancelled,
                Taken::Refused(code) => {
                    Became::Refused(code.because("as it stands in the store").about("source_id"))
                }
            };
            if let Some((answer, facility)) = answers.get_mut(position) {
                answer.became = became;
                *facility = Some(event.facility.clone());
            }
        }
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (answer, _) in &answers {
            *counts.entry(answer.became.name()).or_default() += 1;
        }
        for (result, count) in &counts {
            metrics::counter!("lintas_operator_events_total",
                "operator" => submitter.id().to_owned(), "result" => (*result).to_owned())
            .increment(*count);
        }
        info!(
            operator = submitter.id(),
            import,
            "{} handed in events: {counts:?}",
            submitter.id()
        );
        Ok(answers)
    }
}

/// The event, where `submitter` may hand it in, in whose name it stands then.
fn within(submitter: &Submitter, event: Event) -> Result<Event, Failure> {
    submitter.demand(match event.action {
        Action::New => OperatorRole::Issue,
        Action::Correct | Action::Cancel | Action::Renew => OperatorRole::Correct,
    })?;
    let operator = submitter.operator();
    if !operator.works_at(&event.facility) {
        let reason = "the operator does not hand in events of this facility";
        return Err(Code::EventOutOfScope.because(reason).about("facility"));
    }
    let names_another = event
        .operator
        .as_deref()
        .is_some_and(|named| named != operator.id);
    if names_another && !operator.works_anywhere() {
        let reason = "the operator hands in nobody else's events";
        return Err(Code::EventOutOfScope.because(reason).about("operator"));
    }
    Ok(event)
}

/// What an event says, apart from what is to be done and by whom: the same again is the same event.
fn substance(event: &Event) -> Zeroizing<String> {
    let mut said = event.to_json();
    if let Some(members) = said.as_object_mut() {
        members.shift_remove("action");
        members.shift_remove("operator");
    }
    Zeroizing::new(canonical(&said))
}

fn is_new(became: &Became) -> bool {
    match became {
        Became::Taken { .. } => true,
        Became::Known { .. } | Became::Cancelled | Became::Refused(_) => false,
    }
}

pub(super) fn draw() -> Result<[u8; 16], Failure> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
    Ok(random)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

const DAY_S: i64 = 86_400;

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Code::Internal.caused_by("the intake broke off", error)
}
