//! A writer that is killed at any moment: what it was told is there is there, once, and nothing is half there.
//!
//! `LINTAS_STORE_ROUNDS` (100) says how often, `LINTAS_STORE_SEED` which moments.

use crate::ground::{Ground, event, pages, record, run};
use lintas::server::store::{Heads, StoreConfig, Wholeness, verify_audit};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn sqlite_survives_kill_9() {
    run(Ground::sqlite(), survives);
}

#[test]
fn postgres_survives_kill_9() {
    if let Some(ground) = Ground::postgres() {
        run(ground, survives);
    }
}

async fn survives(ground: Ground) {
    let rounds = setting("LINTAS_STORE_ROUNDS").unwrap_or(100);
    let seed = setting("LINTAS_STORE_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let mut random = Random(seed | 1);
    #[expect(clippy::disallowed_methods, reason = "told, not judged")]
    let started = Instant::now();
    // What each round was told: of each batch, how many records.
    let mut acknowledged: BTreeMap<String, usize> = BTreeMap::new();
    // Rounds that ended between the beginning of a batch and the word that it is there, and how that ended.
    let (mut undone, mut unheard) = (0, 0);
    for round in 0..rounds {
        let told = kill_one(&ground, round, &mut random);
        ground.quiet().await;
        acknowledged.extend(told.acknowledged);
        let there = check(&ground, &acknowledged).await;
        if let Some(batch) = told.begun {
            *(if there.contains(&batch) {
                &mut unheard
            } else {
                &mut undone
            }) += 1;
        }
    }
    let elapsed = started.elapsed();
    eprintln!(
        "{rounds} rounds in {elapsed:.1?}: {undone} killed before a commit, {unheard} after it and before it was told; {} \
         batches acknowledged; LINTAS_STORE_SEED={seed}",
        acknowledged.len()
    );
    assert!(undone * 10 >= rounds, "too few rounds hit a transaction");
}

struct Told {
    acknowledged: Vec<(String, usize)>,
    /// The batch that it had begun to add and was not told about.
    begun: Option<String>,
}

fn kill_one(ground: &Ground, round: u64, random: &mut Random) -> Told {
    let mut writer = Command::new(std::env::current_exe().unwrap());
    writer
        .args(["--exact", "kill::writer", "--nocapture", "--test-threads=1"])
        .env("LINTAS_STORE_WRITER", ground.url("lintas_write"))
        .env("LINTAS_STORE_DATA", ground.data.path())
        .env("LINTAS_STORE_ROUND", round.to_string())
        .env("LINTAS_STORE_SEED", random.next().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut writer = writer.spawn().unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut told = Told {
        acknowledged: Vec::new(),
        begun: None,
    };
    let hear = |line: &str, told: &mut Told| {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["@begin", batch] => told.begun = Some(batch.to_owned()),
            ["@done", batch, size] => {
                told.begun = None;
                told.acknowledged
                    .push((batch.to_owned(), size.parse().unwrap()));
            }
            _ => {}
        }
    };
    let begun = 1 + random.below(6);
    let mut seen = 0;
    while seen < begun {
        let line = lines.next().expect("the writer writes until it is killed");
        let line = line.unwrap();
        seen += u64::from(line.starts_with("@begin"));
        hear(&line, &mut told);
    }
    std::thread::sleep(Duration::from_micros(random.below(12_000)));
    writer.kill().unwrap();
    writer.wait().unwrap();
    for line in lines.map_while(Result::ok) {
        hear(&line, &mut told);
    }
    told
}

/// Everything that must be so after each round. The batches that are there.
async fn check(ground: &Ground, acknowledged: &BTreeMap<String, usize>) -> BTreeSet<String> {
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Whole);
    let mut batches: BTreeMap<String, (usize, BTreeSet<usize>)> = BTreeMap::new();
    let rows = pages(store.as_ref(), 1000).await.unwrap();
    for (row, expected) in rows.into_iter().zip(1..) {
        assert_eq!(row.sequence, expected, "a number was left out");
        let name = row.record.expect("a good seal").name;
        let parts: Vec<_> = name.split('/').collect();
        let (size, index) = (parts[1].parse().unwrap(), parts[2].parse().unwrap());
        let batch = batches.entry(parts[0].to_owned()).or_default();
        batch.0 = size;
        assert!(batch.1.insert(index), "{name} is there twice");
    }
    for (batch, (size, found)) in &batches {
        assert_eq!(found.len(), *size, "batch {batch} is there in part");
    }
    for (batch, size) in acknowledged {
        let found = batches.get(batch).map(|it| it.0);
        assert_eq!(found, Some(*size), "batch {batch} was acknowledged");
    }
    let mut told = BTreeSet::new();
    loop {
        let after = u64::try_from(told.len()).unwrap();
        let page = store.audit_rows(after, 1000).await.unwrap();
        if page.is_empty() {
            break;
        }
        told.extend(page.into_iter().map(|it| it.event.subject));
    }
    assert!(told.iter().eq(batches.keys()), "audit and records disagree");
    let heads = Heads::open(ground.data.path()).unwrap();
    heads
        .sign(store.as_ref(), crate::ground::at(0))
        .await
        .unwrap();
    let report = verify_audit(store.as_ref(), &heads).await.unwrap();
    assert_eq!(report.findings, Vec::<String>::new());
    store.close().await;
    batches.into_keys().collect()
}

/// The writer, in a process of its own; in the test program itself it does nothing.
#[test]
fn writer() {
    #[allow(clippy::disallowed_methods, reason = "how the parent tells its child")]
    let (Ok(url), Ok(data)) = (
        std::env::var("LINTAS_STORE_WRITER"),
        std::env::var("LINTAS_STORE_DATA"),
    ) else {
        return;
    };
    let round = setting("LINTAS_STORE_ROUND").unwrap();
    let mut random = Random(setting("LINTAS_STORE_SEED").unwrap() | 1);
    let config = StoreConfig {
        url: Some(url),
        ..StoreConfig::default()
    };
    actix_web::rt::System::new().block_on(async {
        let store = lintas::server::store::open(&config, data.as_ref())
            .await
            .unwrap();
        for number in 0.. {
            let (batch, size) = (format!("{round}-{number}"), 1 + random.below(20));
            let records: Vec<_> = (0..size)
                .map(|index| {
                    let mut record = record(&format!("{batch}/{size}/{index}"));
                    record.body = vec![b' '; usize::try_from(random.below(4000)).unwrap()];
                    record
                })
                .collect();
            tell(&format!("@begin {batch}"));
            store
                .append(&records, &[event(&batch)], None)
                .await
                .unwrap();
            tell(&format!("@done {batch} {size}"));
        }
    });
}

/// Each line leaves the process before it goes on.
pub(crate) fn tell(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

pub(crate) fn setting(name: &str) -> Option<u64> {
    #[allow(clippy::disallowed_methods, reason = "a test is set from outside")]
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap())
}

/// xorshift64*, seeded.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }
}
