//! A process that is killed while it asks a feed and keeps the answer: nothing is lost, nothing is kept twice.
//!
//! The real program asks a real folder of signed statements, which changes each round, and dies at a random moment. SQLite
//! always; PostgreSQL where it can be started. `LINTAS_KILL_ROUNDS` says how often, 100 if it is not set.

#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "whatever a folder does not send is a failure; deaths are spread over the time that a question takes"
)]

use crate::ground::Ground;
use crate::support::country::{Identity, onboarding};
use lintas::exchange::RecordKind;
use lintas::server::store::{self, Heads, Store, Wholeness};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A gateway's data folder with one feed, a folder of statements.
struct Place {
    data: tempfile::TempDir,
    anchor: Identity,
    statements: u32,
}

impl Place {
    fn new(ground: &Ground) -> Self {
        let data = tempfile::tempdir().unwrap();
        let anchor = Identity::self_signed("EU", "anchor", false);
        fs::create_dir_all(data.path().join("lintas-data/trust/demo")).unwrap();
        fs::create_dir_all(data.path().join("lintas-data/statements")).unwrap();
        let feeds = format!(
            "[[feed]]\nid = \"statements\"\nkind = \"folder\"\nenvironment = \"demo\"\npath = \"statements\"\n\
             form = \"onboarding\"\nanchors = [\"{}\"]\n",
            anchor.thumbprint()
        );
        fs::write(data.path().join("feeds.toml"), feeds).unwrap();
        let store = ground
            .config
            .url
            .as_ref()
            .map(|url| format!("[store]\nurl = \"{url}\"\n"));
        let config = format!(
            "roles = [\"verify\"]\nengine = \"library\"\n\
             [listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\nworkers = 1\n\
             [trust]\nfeeds = \"feeds.toml\"\nrefresh_s = 1\n{}",
            store.unwrap_or_default()
        );
        fs::write(data.path().join("lintas.toml"), config).unwrap();
        Self {
            data,
            anchor,
            statements: 0,
        }
    }

    fn folder(&self) -> std::path::PathBuf {
        self.data.path().join("lintas-data")
    }

    /// Adds statements, and takes the oldest away again now and then.
    fn change(&mut self, random: &mut Random) {
        for _ in 0..1 + random.below(4) {
            let csca = Identity::self_signed("ID", &format!("CSCA {}", self.statements), true);
            let path = self
                .folder()
                .join(format!("statements/{:06}.json", self.statements));
            fs::write(path, onboarding("ID", &csca, &self.anchor)).unwrap();
            self.statements += 1;
        }
        if self.statements > 20 && random.below(4) == 0 {
            let oldest = fs::read_dir(self.folder().join("statements")).unwrap();
            let oldest = oldest.map(|entry| entry.unwrap().path()).min().unwrap();
            fs::remove_file(oldest).unwrap();
        }
    }

    /// A gateway that asks its feed as soon as it runs.
    fn gateway(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
        command
            .current_dir(self.data.path())
            .args(["serve", "--config", "lintas.toml"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// A generator whose seed is told, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What must hold of the store at any moment: every seal and the chain, no document twice in a row, the audit whole.
async fn check(store: &Arc<dyn Store>, data: &Path) -> BTreeMap<String, Vec<u8>> {
    assert_eq!(store.wholeness(), Wholeness::Whole);
    let mut current: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut withdrawn: HashMap<String, usize> = HashMap::new();
    let mut after = 0;
    loop {
        let rows = store.records(after, 1000).await.unwrap();
        let Some(last) = rows.last() else { break };
        let next = last.sequence;
        for row in rows {
            assert_eq!(row.sequence, after + 1, "no number is left out");
            after = row.sequence;
            let record = row.record.unwrap();
            match record.kind {
                RecordKind::ListDocument => {
                    let before = current.insert(record.name.clone(), record.body.clone());
                    assert_ne!(
                        before.as_ref(),
                        Some(&record.body),
                        "{} is kept twice",
                        record.name
                    );
                }
                RecordKind::Tombstone => {
                    let name = record
                        .name
                        .strip_prefix("list_document/")
                        .unwrap()
                        .to_owned();
                    assert!(current.remove(&name).is_some(), "{name} is withdrawn twice");
                    *withdrawn.entry(name).or_default() += 1;
                }
                RecordKind::Confirmation => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(after, next);
    }
    let heads = Heads::open(data).unwrap();
    let report = store::verify_audit(store.as_ref(), &heads).await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    current
}

fn rounds() -> u32 {
    #[allow(clippy::disallowed_methods, reason = "how long a test runs")]
    let rounds = std::env::var("LINTAS_KILL_ROUNDS").ok();
    rounds.map_or(100, |rounds| rounds.parse().unwrap())
}

/// Lets a gateway run until everything in the folder is kept, then kills it; how long that took.
fn undisturbed(ground: &Ground, place: &Place) -> Duration {
    let started = Instant::now();
    let mut child = place.gateway().spawn().unwrap();
    while kept(ground, place) != in_folder(place) {
        let patience = Duration::from_secs(60);
        assert!(started.elapsed() < patience, "what is there is not kept");
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    let whole = started.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    whole
}

/// What the store holds, once everything that must be has been checked.
fn kept(ground: &Ground, place: &Place) -> BTreeMap<String, Vec<u8>> {
    actix_web::rt::System::new().block_on(async {
        let store = store::open(&ground.config, &place.folder()).await.unwrap();
        let current = check(&store, &place.folder()).await;
        store.close().await;
        current
    })
}

fn in_folder(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(place.folder().join("statements")).unwrap();
    let files = files.map(|entry| entry.unwrap());
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    };
    files.map(file).collect()
}

fn killed_again_and_again(ground: &Ground) {
    let seed = u64::from(std::process::id()) << 17 | 1;
    eprintln!("seed {seed}");
    let (mut random, mut place) = (Random(seed), Place::new(ground));
    place.change(&mut random);
    undisturbed(ground, &place);
    place.change(&mut random);
    // Keys and certificates are there by now, so this is how long a gateway takes that is only killed.
    let whole = u64::try_from(undisturbed(ground, &place).as_micros()).unwrap();
    let (mut before, mut after) = (0, 0);
    for _ in 0..rounds() {
        place.change(&mut random);
        let mut child = place.gateway().spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.below(whole + whole / 4)));
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        if kept(ground, &place) == in_folder(&place) {
            after += 1;
        } else {
            before += 1;
        }
    }
    eprintln!("{before} killed before everything was kept, {after} afterwards");
    assert!(before > 0 && after > 0, "deaths fell on one side only");
    undisturbed(ground, &place);
}

#[test]
fn a_gateway_on_sqlite_survives_a_hundred_deaths() {
    killed_again_and_again(&Ground::sqlite());
}

#[test]
fn a_gateway_on_postgresql_survives_a_hundred_deaths() {
    if let Some(ground) = Ground::postgres() {
        killed_again_and_again(&ground);
    }
}
