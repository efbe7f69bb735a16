//! A foreign EU gateway that says what a test wants it to say, and countries that hand in there.

use crate::foreign::{Asked, Foreign, Reply};
use crate::support::country::{Identity, Participant, SIGNED_AT, carried};
use crate::support::{VACCINATION, issued_at};
use lintas::exchange::dgcg::write_statement;
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, Environment, UnixTime, Uvci};
use lintas::revocation::RevocationHash;
use lintas::snapshot::Snapshot;
use lintas::trust::{KeyMaterial, Place, Purposes, Role, Source, SourceList, TrustEntry};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};

/// What a foreign gateway says.
#[derive(Default)]
pub(crate) struct Said {
    /// Its list.
    pub(crate) list: Vec<Value>,
    /// What it says has changed, whoever asks for changes.
    pub(crate) changes: Vec<Value>,
    /// Its batches: when each changed, and the message; none where it was taken back.
    pub(crate) batches: Vec<(i64, Option<String>)>,
    /// What it says instead, to those questions to which this has an answer.
    pub(crate) instead: Option<Box<Instead>>,
}

type Instead = dyn Fn(&Asked) -> Option<Reply> + Send;

/// A foreign gateway, and the anchor that vouches for its countries.
pub(crate) struct Eu {
    pub(crate) anchor: Identity,
    pub(crate) gateway: Foreign,
    said: Arc<Mutex<Said>>,
}

impl Eu {
    pub(crate) async fn start() -> Self {
        let said = Arc::new(Mutex::new(Said::default()));
        let script = Arc::clone(&said);
        Self {
            anchor: Identity::self_signed("EU", "anchor", false),
            gateway: Foreign::start(move |asked| script.lock().unwrap().answer(asked)).await,
            said,
        }
    }

    /// What it says, to be changed.
    pub(crate) fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap()
    }

    /// From now on its list is that of `countries`.
    pub(crate) fn lists(&self, countries: &[&Land]) {
        let items = countries.iter().flat_map(|land| land.items.iter().cloned());
        self.said().list = items.collect();
    }

    /// From now on every question is answered by `reply`.
    pub(crate) fn breaks(&self, reply: fn() -> Reply) {
        self.said().instead = Some(Box::new(move |_| Some(reply())));
    }

    /// From now on it answers again.
    pub(crate) fn recovers(&self) {
        self.said().instead = None;
    }

    /// Its row in `feeds.toml`, whose files are in a folder of its name.
    pub(crate) fn row(&self, id: &str, more: &str) -> String {
        let row = self.gateway.row(more);
        let row = row.replace("id = \"foreign\"", &format!("id = \"{id}\""));
        let row = row.replace(&"aa".repeat(32), &self.anchor.thumbprint().to_string());
        ["client.pem", "client.key", "ca.pem"]
            .iter()
            .fold(row, |row, file| {
                row.replace(&format!("\"{file}\""), &format!("\"{id}/{file}\""))
            })
    }
}

impl Said {
    fn answer(&self, asked: &Asked) -> Reply {
        let instead = self.instead.as_ref();
        if let Some(reply) = instead.and_then(|instead| instead(asked)) {
            return reply;
        }
        let since = asked.since.as_deref();
        if let Some(id) = asked.path.strip_prefix("/revocation-list/") {
            let found = self.batches.iter().enumerate();
            let mut found = found.filter(|(number, _)| batch_id(*number) == id);
            let (_, (_, message)) = found.next().unwrap();
            let message = message.as_ref().unwrap();
            return Reply::status(200, message).header("etag", id);
        }
        if asked.path == "/revocation-list" {
            return self.batches_since(UnixTime::parse(since.unwrap()).unwrap());
        }
        let items = if since.is_some() {
            &self.changes
        } else {
            &self.list
        };
        let numbers: Vec<usize> = asked
            .path
            .strip_prefix("/trustList?page=")
            .unwrap()
            .split("&pagesize=")
            .map(|number| number.parse().unwrap())
            .collect();
        let (page, size) = (numbers[0], numbers[1]);
        let page: Vec<_> = items.iter().skip(page * size).take(size).collect();
        Reply::json(json!(page))
    }

    fn batches_since(&self, since: UnixTime) -> Reply {
        let rows = self.batches.iter().enumerate();
        let rows = rows.filter(|(_, (changed, _))| *changed > since.seconds());
        let rows: Vec<_> = rows
            .map(|(number, (changed, message))| {
                let deleted = message.is_none();
                let date = UnixTime::from_seconds(*changed).unwrap().to_string();
                json!({"batchId": batch_id(number), "country": "EU", "date": date, "deleted": deleted})
            })
            .collect();
        match rows.is_empty() {
            true => Reply::status(204, ""),
            false => Reply::json(json!({"more": false, "batches": rows})),
        }
    }
}

/// The id of the batch with this number.
fn batch_id(number: usize) -> String {
    format!("0fd0c11d-0000-4000-8000-0000000000{number:02}")
}

/// A country, its signers, and the entries of a trust list that name them.
pub(crate) struct Land {
    pub(crate) participant: Participant,
    pub(crate) signers: Vec<Identity>,
    /// Its CSCA, its upload certificate, and then the signers.
    pub(crate) items: Vec<Value>,
}

impl Land {
    /// A country with so many signers, for which `anchor` vouches.
    pub(crate) fn new(country: &'static str, anchor: &Identity, signers: usize) -> Self {
        let participant = Participant::new(country);
        let onboarded = participant.onboarded(anchor);
        let mut land = Self {
            items: onboarded.iter().map(write_statement).collect(),
            participant,
            signers: Vec::new(),
        };
        (0..signers).for_each(|_| land.add());
        land
    }

    /// Gives it one more signer, which the gateway took in a second after the one before.
    fn add(&mut self) {
        let signer = self.participant.signer();
        let mut statement = self.participant.named(&signer);
        let position = i64::try_from(self.signers.len()).unwrap();
        statement.taken_in_at = UnixTime::from_seconds(SIGNED_AT + position);
        self.items.push(write_statement(&statement));
        self.signers.push(signer);
    }

    /// The item of the signer at `position`.
    pub(crate) fn item(&self, position: usize) -> Value {
        self.items[2 + position].clone()
    }

    /// The name of the signer at `position` among records.
    pub(crate) fn name(&self, position: usize) -> String {
        self.signers[position].thumbprint().to_string()
    }

    /// What says that the signer at `position` is withdrawn.
    pub(crate) fn gone(&self, position: usize) -> Value {
        let mut item = self.item(position);
        (item["signature"], item["rawData"]) = (Value::Null, Value::Null);
        item
    }

    /// The text of a credential of the signer at `position`.
    pub(crate) fn credential(&self, position: usize) -> String {
        self.numbered(position, 0)
    }

    /// One of several credentials of the signer at `position`.
    pub(crate) fn numbered(&self, position: usize, number: u8) -> String {
        let signer = &self.signers[position];
        credential(self.country(), signer, uvci(self.country(), number))
    }

    pub(crate) fn country(&self) -> Country {
        Country::parse(self.participant.country).unwrap()
    }

    /// The message by which it withdraws, in the name of `country`, the credential numbered `number` of `owner`.
    pub(crate) fn batch(&self, country: &str, owner: &Self, number: u8) -> Option<String> {
        let hash = RevocationHash::of_uci(&uvci(owner.country(), number));
        let content = json!({
            "country": country, "expires": "2027-06-01T00:00:00Z", "kid": null, "hashType": "UCI",
            "entries": [{"hash": hash.to_string()}],
        });
        let upload = &self.participant.upload;
        Some(carried(&upload.sign(content.to_string().as_bytes(), true)))
    }
}

/// What lists say of `subject` as a signer of `country`, vouched for by `by`.
pub(crate) fn signer_item(country: &str, subject: &Identity, by: &Identity) -> Value {
    let statement = crate::support::country::stated(Role::Signer, country, subject, by);
    write_statement(&statement)
}

fn uvci(country: Country, number: u8) -> Uvci {
    issue::uvci_from_random(country, [number; 16]).unwrap()
}

/// The text of a credential of `country` that `signer` signed.
pub(crate) fn credential(country: Country, signer: &Identity, uvci: Uvci) -> String {
    let entry = TrustEntry {
        place: Place {
            document: "made".to_owned(),
            position: 1,
        },
        key: KeyMaterial::Certificate(signer.der.clone()),
        kid: None,
        country: None,
        purposes: Purposes::ALL,
    };
    let source = Source::new("made", Environment::Test, issued_at());
    let list = SourceList::pinned(source, vec![entry]);
    let (snapshot, _) = Snapshot::assemble(Environment::Test, 1, [&list]);
    let claims: Claims = serde_json::from_str(VACCINATION).unwrap();
    let issuer = Issuer {
        country,
        name: "Ministry of Tests".to_owned(),
    };
    let certificate = issue::check(&claims, &issuer, uvci, issued_at()).unwrap();
    let expires_at = issued_at().plus(365 * 86_400);
    let prepared = issue::prepare(
        certificate,
        country,
        issued_at(),
        expires_at,
        &snapshot.trust().signers()[0],
    )
    .unwrap();
    let signature = rcgen::SigningKey::sign(&signer.key, &prepared.signed_bytes()).unwrap();
    let signature = p256::ecdsa::Signature::from_der(&signature).unwrap();
    prepared
        .complete(signature.to_bytes().to_vec())
        .unwrap()
        .text
}
