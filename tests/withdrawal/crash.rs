//! A gateway that is killed while operators withdraw: what they were told is withdrawn is, wholly, and nothing else is.
//!
//! The real program, its listener for operators, SQLite and PostgreSQL. After each death a gateway is opened over what is left.
//! `LINTAS_STORE_SEED` says at which moments it dies.

#![allow(clippy::disallowed_methods, reason = "deaths are spread over time")]

use crate::ground::{Ground, run};
use crate::ministry::registers;
use crate::people::{Person, configuration};
use crate::support::program::Serving;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::exchange::RecordKind;
use lintas::revocation::RevocationHash;
use lintas::server::client;
use lintas::server::gateway::{Clock, Gateway, enrol};
use lintas::server::keys::OperatorKey;
use lintas::server::store::{self, Heads, Store, Wholeness, verify_audit};
use serde_json::json;
use sqlx::{AnyConnection, Connection};
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

type Hashes = BTreeSet<RevocationHash>;

#[test]
fn a_gateway_on_sqlite_that_dies_while_it_withdraws() {
    run(Ground::sqlite(), async |ground| survives(ground, 4).await);
}

#[test]
fn a_gateway_on_postgresql_that_dies_while_it_withdraws() {
    if let Some(ground) = Ground::postgres() {
        run(ground, async |ground| survives(ground, 4).await);
    }
}

#[test]
#[ignore = "takes many minutes"]
fn a_gateway_on_sqlite_that_dies_a_hundred_times_while_it_withdraws() {
    run(Ground::sqlite(), async |ground| survives(ground, 100).await);
}

#[test]
#[ignore = "takes many minutes"]
fn a_gateway_on_postgresql_that_dies_a_hundred_times_while_it_withdraws() {
    if let Some(ground) = Ground::postgres() {
        run(ground, async |ground| survives(ground, 100).await);
    }
}

/// What operators asked for and were told, over all rounds.
#[derive(Default, Clone)]
struct Told {
    /// How many requests were begun in this round.
    begun: usize,
    /// The request that is under way.
    open: Option<Hashes>,
    asked: Vec<Hashes>,
    answered: Vec<Hashes>,
}

async fn survives(ground: Ground, rounds: usize) {
    let seed = std::env::var("LINTAS_STORE_SEED").ok();
    let seed = seed.map_or_else(
        || RandomState::new().hash_one(0),
        |seed| seed.parse().unwrap(),
    );
    let mut random = Random(seed | 1);
    let place = Place::new(ground, rounds).await;
    let mut rest: VecDeque<_> = place.certificates.iter().copied().collect();
    let told = Arc::new(Mutex::new(Told::default()));
    let started = Instant::now();
    // Rounds that ended while a request was not answered: within the transaction that keeps the withdrawal, as the database
    // says and what is left proves; otherwise before it was kept; after it was.
    let (mut inside, mut before, mut after) = (0, 0, 0);
    for round in 0..rounds {
        let seen = place.kill_one(round, &told, &mut rest, &mut random).await;
        place.ground.quiet().await;
        let so_far = told.lock().unwrap().clone();
        let kept = place.check(&so_far).await;
        if let Some(open) = told.lock().unwrap().open.take() {
            let counted = match (kept.contains(&open), seen) {
                (true, _) => &mut after,
                (false, true) => &mut inside,
                (false, false) => &mut before,
            };
            *counted += 1;
        }
    }
    let answered = told.lock().unwrap().answered.len();
    eprintln!(
        "{rounds} rounds in {:.1?}: {inside} killed within the transaction of a withdrawal, {before} before it, {after} after it \
         and before the answer; {answered} withdrawals answered; LINTAS_STORE_SEED={seed}",
        started.elapsed()
    );
    assert!(answered > 0, "nothing was ever withdrawn");
    assert!(
        inside * 10 >= rounds || rounds < 10,
        "too few transactions were hit"
    );
}

/// A gateway with many operators and a register, and where its records are.
struct Place {
    ground: Ground,
    folder: tempfile::TempDir,
    toml: String,
    people: Vec<&'static str>,
    certificates: Vec<RevocationHash>,
}

impl Place {
    async fn new(ground: Ground, rounds: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = ground.config.url.as_ref();
        let store = url.map(|url| format!("[store]\nurl = \"{url}\"\n"));
        let toml = format!(
            "roles = [\"verify\", \"admin\"]\nengine = \"library\"\n\
             [listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nworkers = 1\n{}",
            store.unwrap_or_default()
        );
        fs::write(folder.path().join("lintas.toml"), &toml).unwrap();
        let mut place = Self {
            ground,
            folder,
            toml,
            people: Vec::new(),
            certificates: Vec::new(),
        };
        fs::create_dir_all(place.data()).unwrap();
        let store = store::open(&place.ground.config, &place.data())
            .await
            .unwrap();
        place.employs(store.as_ref(), rounds).await;
        place.certificates = registers(store.as_ref(), rounds * MOST * LARGEST).await;
        store.close().await;
        place
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("lintas-data")
    }

    /// So many operators that none withdraws more than one may alone in a day.
    async fn employs(&mut self, store: &dyn Store, rounds: usize) {
        let count = 2.max(rounds.div_ceil(2));
        let now = Clock::System.now();
        let mut operators = Vec::new();
        for number in 0..count {
            let person = Person::new(Box::leak(format!("operator-{number}").into_boxed_str()));
            let path = |ending: &str| self.folder.path().join(format!("{}.{ending}", person.id));
            let base64 = BASE64_STANDARD.encode(&person.der);
            let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
            fs::write(path("pem"), pem).unwrap();
            fs::write(path("key"), person.key.serialize_pem()).unwrap();
            fs::set_permissions(path("key"), fs::Permissions::from_mode(0o600)).unwrap();
            self.people.push(person.id);
            operators.push(person.operator().at(&["*".to_owned()]).unwrap());
        }
        let (first, others) = operators.split_at(2);
        enrol::enrol(store, [&first[0], &first[1]], now)
            .await
            .unwrap();
        let records: Vec<_> = others.iter().map(|it| it.record(now)).collect();
        store.append(&records, &[], None).await.unwrap();
    }

    /// Lets a gateway withdraw for an operator, and kills it: as soon as the database says that a withdrawal is being written,
    /// where it does, in three of four rounds. Whether it did.
    async fn kill_one(
        &self,
        round: usize,
        told: &Arc<Mutex<Told>>,
        rest: &mut VecDeque<RevocationHash>,
        random: &mut Random,
    ) -> bool {
        let serving = Serving::start(self.folder.path());
        let id = self.people[round % self.people.len()];
        let path = |ending: &str| self.folder.path().join(format!("{id}.{ending}"));
        let key = OperatorKey::open(&path("pem"), &path("key")).unwrap();
        let client = client::operating(&self.data().join("tls/ca.pem"), &key).unwrap();
        let url = format!("{}/admin/v1/revocations", serving.admin);
        let sets: Vec<Hashes> = (0..MOST)
            .map(|_| {
                let size = 1 + usize::try_from(random.below(4)).unwrap();
                rest.drain(..size).collect()
            })
            .collect();
        told.lock().unwrap().begun = 0;
        let talk = actix_web::rt::spawn(withdraw(client, url, sets, Arc::clone(told)));
        let first = usize::try_from(1 + random.below(3)).unwrap();
        while told.lock().unwrap().begun < first && !talk.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let seen = if random.below(4) == 0 {
            tokio::time::sleep(Duration::from_micros(random.below(60_000))).await;
            false
        } else {
            let mut witness = Witness::new(&self.ground, &self.data()).await;
            let mut seen = false;
            while !seen && !talk.is_finished() {
                seen = witness.sees_a_withdrawal_being_written().await;
            }
            seen
        };
        // Kills it.
        drop(serving);
        talk.await.unwrap();
        seen
    }

    /// Everything that must be so after each round. What is withdrawn.
    async fn check(&self, told: &Told) -> Vec<Hashes> {
        let data = self.data();
        let mut config = configuration(self.folder.path(), &self.toml);
        config.data.clone_from(&data);
        let gateway = Gateway::open_with_records(&config, Clock::System)
            .await
            .unwrap();
        let store = gateway.records().unwrap().store();
        assert_eq!(store.wholeness(), Wholeness::Whole);
        let (own, world) = (gateway.own_records(), gateway.world());
        let kept: Vec<Hashes> = own
            .withdrawals()
            .map(|it| it.withdrawal.signatures().collect())
            .collect();
        for withdrawn in &kept {
            assert!(
                told.asked.contains(withdrawn),
                "one is there in part, or nobody asked for it"
            );
        }
        let in_force = world.snapshot.own();
        for withdrawn in &told.answered {
            assert!(
                kept.contains(withdrawn),
                "one that was answered is not kept"
            );
            assert!(withdrawn.iter().all(|hash| in_force.names(*hash)));
        }
        let all: Hashes = kept.iter().flatten().copied().collect();
        assert_eq!(in_force.len(), all.len(), "others are withdrawn");
        // The register is what it was, and knows all that is withdrawn.
        let survey = store.survey().await.unwrap();
        assert_eq!(survey.findings, Vec::<String>::new());
        assert_eq!(
            survey.certificates,
            u64::try_from(self.certificates.len()).unwrap()
        );
        assert!(all.iter().all(|hash| self.certificates.contains(hash)));

        // The chain: no number is left out, and the audit tells of the same withdrawals.
        let (mut records, mut recorded) = (0, BTreeSet::new());
        loop {
            let page = store.records(records, 1000).await.unwrap();
            if page.is_empty() {
                break;
            }
            for row in page {
                records += 1;
                assert_eq!(row.sequence, records);
                let record = row.record.unwrap();
                if record.kind == RecordKind::Withdrawal {
                    let id = record.name.split('/').next().unwrap().to_owned();
                    assert!(recorded.insert(id), "a withdrawal is there twice");
                }
            }
        }
        let (mut rows, mut audited) = (0, BTreeSet::new());
        loop {
            let page = store.audit_rows(rows, 1000).await.unwrap();
            let Some(last) = page.last() else { break };
            rows = last.sequence;
            let withdrawn = page
                .into_iter()
                .filter(|row| row.event.event == "certificates.withdrawn");
            audited.extend(withdrawn.map(|row| row.event.subject));
        }
        assert_eq!(recorded, audited);
        assert_eq!(recorded.len(), kept.len());
        let heads = Heads::open(&data).unwrap();
        let report = verify_audit(store.as_ref(), &heads).await.unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
        store.close().await;
        kept
    }
}

/// Withdraws one set after the other until the gateway is gone.
async fn withdraw(client: reqwest::Client, url: String, sets: Vec<Hashes>, told: Arc<Mutex<Told>>) {
    for set in sets {
        let hashes: Vec<_> = set.iter().map(ToString::to_string).collect();
        let body = json!({ "selector": { "hashes": hashes }, "reason": "fraud" });
        {
            let mut told = told.lock().unwrap();
            told.begun += 1;
            told.asked.push(set.clone());
            told.open = Some(set.clone());
        }
        let request = client.post(&url).header("content-type", "application/json");
        let Ok(answer) = request.body(body.to_string()).send().await else {
            return;
        };
        let status = answer.status();
        let Ok(text) = answer.text().await else {
            return;
        };
        assert_eq!(status, 200, "{text}");
        let mut told = told.lock().unwrap();
        told.open = None;
        told.answered.push(set);
    }
}

/// Somebody who sees from beside whether a withdrawal is being written just now.
enum Witness {
    Sqlite(AnyConnection),
    Postgres(AnyConnection, String),
}

impl Witness {
    async fn new(ground: &Ground, data: &std::path::Path) -> Self {
        sqlx::any::install_default_drivers();
        if let Some((server, database)) = &ground.server {
            let connection = AnyConnection::connect(&server.url("postgres", "postgres")).await;
            return Self::Postgres(connection.unwrap(), database.clone());
        }
        let url = format!("sqlite:{}", data.join("lintas.db").display());
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        let at_once = sqlx::query("PRAGMA busy_timeout = 0");
        at_once.execute(&mut connection).await.unwrap();
        Self::Sqlite(connection)
    }

    async fn sees_a_withdrawal_being_written(&mut self) -> bool {
        match self {
            Self::Postgres(connection, database) => {
                // Rows of records, or the audit's behind them, in a transaction that is not at its end.
                let writing: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1 AND backend_xid IS NOT NULL \
                     AND (query LIKE 'INSERT INTO records%' OR query LIKE 'INSERT INTO audit%')",
                )
                .bind(database.clone())
                .fetch_one(connection)
                .await
                .unwrap();
                writing > 0
            }
            Self::Sqlite(connection) => {
                // A decision's lease is given out, and somebody writes: the withdrawal, or, where that is kept, the end of
                // the lease.
                let held: Option<i64> = sqlx::query_scalar(
                    "SELECT expires_at FROM lease WHERE name = 'admin' ORDER BY token DESC LIMIT 1",
                )
                .fetch_optional(&mut *connection)
                .await
                .unwrap();
                if held.is_none_or(|until| until <= Clock::System.now().seconds()) {
                    return false;
                }
                let begun = sqlx::query("BEGIN IMMEDIATE")
                    .execute(&mut *connection)
                    .await;
                if begun.is_err() {
                    return true;
                }
                sqlx::query("ROLLBACK").execute(connection).await.unwrap();
                false
            }
        }
    }
}

/// xorshift64*, seeded.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % end
    }
}

/// Requests of one round, at most.
const MOST: usize = 6;
/// Certificates of one request, at most.
const LARGEST: usize = 4;
