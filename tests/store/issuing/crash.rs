//! A process that takes events in and enters certificates, and is killed at any moment: nothing is lost, nothing is there
//! twice, and the register is what the events say.
//!
//! `LINTAS_STORE_ROUNDS` says how often, `LINTAS_STORE_SEED` which moments.

use super::desk::{acting, claim_key, event, filled, sealed};
use crate::ground::{Ground, at};
use crate::kill::{Random, setting, tell};
use crate::on_both;
use lintas::issue::event::Action;
use lintas::server::store::issuing::{Selector, Taken, Which};
use lintas::server::store::{Store, StoreConfig, Wholeness};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

on_both! {
    a_few_deaths_lose_nothing
    #[ignore = "long: a hundred deaths"]
    a_hundred_deaths_lose_nothing
}

async fn a_few_deaths_lose_nothing(ground: Ground) {
    die(ground, setting("LINTAS_STORE_ROUNDS").unwrap_or(12)).await;
}

async fn a_hundred_deaths_lose_nothing(ground: Ground) {
    die(ground, setting("LINTAS_STORE_ROUNDS").unwrap_or(100)).await;
}

/// What a process was told is there: under each source, what it says; `None` once it is cancelled.
type Told = BTreeMap<String, Option<String>>;

/// What a process was doing when it died.
#[derive(Default)]
struct Doing {
    /// What it had handed in and not heard of.
    taking: Option<Told>,
    /// The events that it was entering and had not heard of.
    entering: Option<BTreeSet<String>>,
}

/// How many deaths fell before a commit, and between a commit and the word of it.
#[derive(Debug, Default)]
struct Deaths {
    taking: [u64; 2],
    entering: [u64; 2],
}

async fn die(ground: Ground, rounds: u64) {
    let seed = setting("LINTAS_STORE_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    eprintln!("LINTAS_STORE_SEED={seed}");
    let mut random = Random(seed | 1);
    let (mut told, mut deaths) = (Told::new(), Deaths::default());
    for round in 0..rounds {
        let word = if round % 2 == 0 { "@take" } else { "@enter" };
        let doing = kill_one(&ground, round, word, &mut random, &mut told);
        ground.quiet().await;
        let thorough = round % 10 == 9 || round + 1 == rounds;
        check(&ground, &mut told, doing, &mut deaths, thorough).await;
    }
    eprintln!(
        "{rounds} rounds, {} sources; before and after a commit: {deaths:?}",
        told.len()
    );
    let undone = deaths.taking[0].min(deaths.entering[0]);
    assert!(
        undone * 20 >= rounds,
        "too few deaths fell into a transaction: {deaths:?}"
    );
}

fn kill_one(
    ground: &Ground,
    round: u64,
    word: &str,
    random: &mut Random,
    told: &mut Told,
) -> Doing {
    let mut clerk = Command::new(std::env::current_exe().unwrap());
    clerk
        .args([
            "--exact",
            "issuing::crash::clerk",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("LINTAS_STORE_WRITER", ground.url("lintas_write"))
        .env("LINTAS_STORE_DATA", ground.data.path())
        .env("LINTAS_STORE_ROUND", round.to_string())
        .env("LINTAS_STORE_SEED", random.next().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut clerk = clerk.spawn().unwrap();
    let mut lines = BufReader::new(clerk.stdout.take().unwrap()).lines();
    let mut doing = Doing::default();
    let wanted = 1 + random.below(4);
    let mut seen = 0;
    while seen < wanted {
        let line = lines
            .next()
            .expect("the clerk works until it is killed")
            .unwrap();
        seen += u64::from(line.starts_with(word));
        hear(&line, told, &mut doing);
    }
    std::thread::sleep(Duration::from_micros(random.below(15_000)));
    clerk.kill().unwrap();
    clerk.wait().unwrap();
    for line in lines.map_while(Result::ok) {
        // The last line may have been cut short.
        if line.ends_with('.') {
            hear(&line, told, &mut doing);
        }
    }
    doing
}

fn hear(line: &str, told: &mut Told, doing: &mut Doing) {
    let mut words = line.trim_end_matches(" .").split(' ');
    match words.next() {
        Some("@take") => {
            let said = words.map(|it| it.split_once('=').unwrap());
            let said = said
                .map(|(source, what)| (source.to_owned(), (what != "-").then(|| what.to_owned())));
            doing.taking = Some(said.collect());
        }
        Some("@took") => told.extend(doing.taking.take().unwrap()),
        Some("@enter") => {
            let ids = words.filter(|it| !it.is_empty()).map(str::to_owned);
            doing.entering = Some(ids.collect()).filter(|it: &BTreeSet<_>| !it.is_empty());
        }
        Some("@entered") => doing.entering = None,
        _ => {}
    }
}

/// Everything that must be so after each round; each source by itself only where it is `thorough`.
async fn check(
    ground: &Ground,
    told: &mut Told,
    doing: Doing,
    deaths: &mut Deaths,
    thorough: bool,
) {
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Whole);
    // What was handed in and not heard of is there altogether, or not at all.
    if let Some(taking) = doing.taking {
        let mut there = 0;
        for (source, what) in &taking {
            let standing = store.standing(&filled(source)).await.unwrap();
            let says = standing.is_some_and(|it| match what {
                None => it.cancelled,
                Some(what) => !it.cancelled && it.digest == filled(what),
            });
            there += usize::from(says);
        }
        assert!(
            there == 0 || there == taking.len(),
            "{there} of {}",
            taking.len()
        );
        if there == 0 {
            deaths.taking[0] += 1;
        } else {
            deaths.taking[1] += 1;
            told.extend(taking);
        }
    }
    let mut certificates: BTreeMap<[u8; 16], usize> = BTreeMap::new();
    let mut forms = BTreeSet::new();
    let (mut after, all) = (0, Selector::default());
    loop {
        let page = store.select(&all, after, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        let next = last.number;
        for row in page {
            after += 1;
            assert_eq!(row.number, after, "a number was left out");
            assert!(forms.insert((row.event, row.profile)), "certified twice");
            *certificates.entry(row.event).or_default() += 1;
        }
        assert_eq!(after, next);
    }
    let names = certificates
        .keys()
        .map(|it| base16ct::lower::encode_string(it));
    let by_name: BTreeSet<String> = names.collect();
    if let Some(entering) = doing.entering {
        let entered = entering.iter().filter(|it| by_name.contains(*it)).count();
        assert!(
            entered == 0 || entered == entering.len(),
            "{entered} of {} were entered",
            entering.len()
        );
        deaths.entering[usize::from(entered > 0)] += 1;
    }
    let survey = store.survey().await.unwrap();
    assert_eq!(survey.findings, Vec::<String>::new());
    assert_eq!(survey.certificates, after);
    if thorough {
        let (waiting, held) = check_each(store.as_ref(), told, &certificates).await;
        assert_eq!(
            (survey.waiting, survey.held),
            (waiting, held),
            "there is more than was told"
        );
    }
    store.close().await;
}

/// Every source that is there, and its certificates. How many wait, and of how many something can be fetched.
async fn check_each(
    store: &dyn Store,
    told: &Told,
    certificates: &BTreeMap<[u8; 16], usize>,
) -> (u64, u64) {
    let (mut waiting, mut held) = (0, 0);
    for (source, what) in told {
        let standing = store.standing(&filled(source)).await.unwrap();
        let standing = standing.unwrap_or_else(|| panic!("{source} was taken in and is lost"));
        assert_eq!(standing.cancelled, what.is_none(), "{source}");
        waiting += u64::from(standing.waits);
        let found = certificates.get(&standing.event).copied();
        let fetched = store.held(&claim_key(&standing.event)).await.unwrap();
        let expected = match what {
            None => (None, false),
            Some(what) => {
                assert_eq!(standing.digest, filled(what), "{source}");
                held += u64::from(!standing.waits);
                ((!standing.waits).then_some(2), !standing.waits)
            }
        };
        assert_eq!((found, fetched.is_some()), expected, "{source}");
    }
    (waiting, held)
}

/// The clerk and the worker, in a process of their own; in the test program itself it does nothing.
#[test]
fn clerk() {
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
        // Behind what the test program itself has written.
        tell("");
        for call in 0.. {
            take(store.as_ref(), round, call, &mut random).await;
            // A lease that a killed one left behind is over by then.
            let now = at(i64::try_from(round * 1000 + call).unwrap());
            let holder = format!("clerk {round}");
            if let Some(lease) = store.lease("issuing", &holder, now, 1).await.unwrap() {
                let limit = 1 + u32::try_from(random.below(60)).unwrap();
                let waiting = store.waiting(Which::Oldest, limit).await.unwrap();
                if waiting.is_empty() {
                    continue;
                }
                // Of a cancellation, nothing can be seen in the register.
                let ids = waiting
                    .iter()
                    .filter(|it| it.event.action != Action::Cancel)
                    .map(|it| base16ct::lower::encode_string(&it.event.id));
                let sealed: Vec<_> = waiting.iter().map(|it| sealed(&it.event)).collect();
                tell(&format!("@enter {} .", ids.collect::<Vec<_>>().join(" ")));
                let told = crate::ground::event("entered");
                store.enter(&sealed, &[told], &lease).await.unwrap();
                tell("@entered .");
            }
        }
    });
}

/// Hands in new events, and changes to earlier ones.
async fn take(store: &dyn Store, round: u64, call: u64, random: &mut Random) {
    let what = format!("{round}/{call}");
    let (mut events, mut said) = (Vec::new(), Vec::new());
    for number in 0..1 + random.below(40) {
        let source = format!("{round}-{call}-{number}");
        events.push(event(&source, &what));
        said.push(format!("{source}={what}"));
    }
    let mut changed = BTreeSet::new();
    for _ in 0..random.below(6) {
        let earlier = format!(
            "{}-{}-{}",
            random.below(round + 1),
            random.below(3),
            random.below(9)
        );
        let standing = store.standing(&filled(&earlier)).await.unwrap();
        let own = earlier.starts_with(&format!("{round}-{call}-"));
        if own || standing.is_none_or(|it| it.cancelled) || !changed.insert(earlier.clone()) {
            continue;
        }
        if random.below(3) == 0 {
            events.push(acting(Action::Cancel, &earlier, &what));
            said.push(format!("{earlier}=-"));
        } else {
            events.push(acting(Action::Correct, &earlier, &what));
            said.push(format!("{earlier}={what}"));
        }
    }
    tell(&format!("@take {} .", said.join(" ")));
    let taken = store
        .take_in(&events, &[crate::ground::event("taken in")])
        .await
        .unwrap();
    assert!(
        taken
            .iter()
            .all(|it| matches!(it, Taken::New | Taken::Cancelled))
    );
    tell("@took .");
}
