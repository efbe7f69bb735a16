//! Two nodes over one database, to which batches are handed in while others list: nobody who goes on behind the last second
//! they saw may miss one.

use crate::database;
use crate::ground::{Ground, Land, client_holding};
use crate::rows::revocation::batch;
use crate::support::gateway::{TestGateway, read};
use actix_web::rt;
use lintas::exchange::dgcg::Dialect;
use lintas::model::UnixTime;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const PATH: &str = "/revocation-list";
/// How long parties hand in.
const WHILE: Duration = Duration::from_secs(4);
/// After that nothing is held back any more.
const SETTLED: Duration = Duration::from_secs(3);

/// A door of a node, as one party knocks at it.
#[derive(Clone)]
struct Door {
    base: String,
    client: reqwest::Client,
}

impl Door {
    fn of(node: &TestGateway, land: &Land) -> Self {
        let listening = node.running().federation.iter();
        let mut doors = listening.filter(|it| it.dialect == Dialect::Eu);
        let port = doors.next().unwrap().address.unwrap().port();
        Self {
            base: format!("https://localhost:{port}"),
            client: client_holding(node.data.path(), &land.tls),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn hands_in(&self, message: String) -> String {
        let request = self.client.post(self.url(PATH)).body(message);
        let answer = read(request.header("content-type", "application/cms-text")).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.headers["etag"].to_str().unwrap().to_owned()
    }

    async fn takes_back(&self, message: String) {
        let request = self.client.delete(self.url(PATH)).body(message);
        let answer = read(request.header("content-type", "application/cms-text")).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }

    /// The page behind `since`; `None` where there is nothing.
    async fn page(&self, since: &str) -> Option<Value> {
        let request = self.client.get(self.url(PATH));
        let answer = read(request.header("if-modified-since", since)).await;
        match answer.status {
            204 => None,
            200 => Some(answer.json()),
            other => panic!("{other}: {}", answer.text),
        }
    }
}

/// What happened to batches, and when everything has.
#[derive(Default)]
struct Done {
    handed_in: Mutex<BTreeSet<String>>,
    taken_back: Mutex<BTreeSet<String>>,
    working: AtomicUsize,
}

/// Hands in batch after batch, and takes back every fifth of them at `other`.
async fn hand_in(land: Rc<Land>, content: Value, door: Door, other: Door, done: Rc<Done>) {
    let ends = tokio::time::Instant::now() + WHILE;
    let message = land.hands_in(content.to_string().as_bytes());
    let mut count = 0;
    while tokio::time::Instant::now() < ends {
        let id = door.hands_in(message.clone()).await;
        count += 1;
        if count % 5 == 0 {
            let named = json!({ "batchId": id }).to_string();
            other.takes_back(land.hands_in(named.as_bytes())).await;
            done.taken_back.lock().unwrap().insert(id.clone());
        }
        done.handed_in.lock().unwrap().insert(id);
    }
    done.working.fetch_sub(1, Ordering::SeqCst);
}

/// Lists as the Java client does, at one door after the other, until everything has happened and there is nothing new.
/// How often each batch was seen standing, and how often taken back.
async fn list(doors: Vec<Door>, done: Rc<Done>) -> BTreeMap<String, (usize, usize)> {
    let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut since = "2021-06-01T00:00:00Z".to_owned();
    let mut settled = None;
    for door in doors.iter().cycle() {
        if let Some(page) = door.page(&since).await {
            for row in page["batches"].as_array().unwrap() {
                let counts = seen.entry(row["batchId"].as_str().unwrap().to_owned());
                let counts = counts.or_default();
                match row["deleted"] == true {
                    false => counts.0 += 1,
                    true => counts.1 += 1,
                }
                let date = row["date"].as_str().unwrap();
                assert!(UnixTime::parse(date) >= UnixTime::parse(&since));
                since = date.to_owned();
            }
            continue;
        }
        let is_over = done.working.load(Ordering::SeqCst) == 0;
        let now = tokio::time::Instant::now();
        let ends = settled.get_or_insert_with(|| now + SETTLED);
        if !is_over {
            settled = None;
        } else if now > *ends {
            break;
        }
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    seen
}

async fn nobody_misses_one(ground: Ground, url: &str) {
    let other = ground.beside(url).await;
    let ground = Rc::new(ground);
    let ticking = rt::spawn({
        let ground = Rc::clone(&ground);
        async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                ground.passes(1);
            }
        }
    });
    let land = Rc::new(Land::new("XD"));
    ground.joins(&land).await;
    let nodes = [&ground.gateway, &other];
    for node in nodes {
        node.gateway().follow().await.unwrap();
    }
    let door = |node: usize| Door::of(nodes[node], &land);
    let done = Rc::new(Done::default());
    let mut content = batch(&ground, "XD");
    content["expires"] = json!("2027-12-31T00:00:00Z");
    for (at, elsewhere) in [(0, 1), (0, 0), (1, 0)] {
        done.working.fetch_add(1, Ordering::SeqCst);
        let (at, elsewhere) = (door(at), door(elsewhere));
        rt::spawn(hand_in(
            Rc::clone(&land),
            content.clone(),
            at,
            elsewhere,
            Rc::clone(&done),
        ));
    }
    let readers = [vec![door(0)], vec![door(1)], vec![door(0), door(1)]];
    let readers = readers.map(|doors| rt::spawn(list(doors, Rc::clone(&done))));
    for (number, reader) in readers.into_iter().enumerate() {
        let seen = reader.await.unwrap();
        let handed_in = done.handed_in.lock().unwrap();
        let taken_back = done.taken_back.lock().unwrap();
        // One that was taken back at once may be seen so at first.
        let missed = handed_in.iter().filter(|id| !seen.contains_key(*id));
        assert_eq!(missed.count(), 0, "by reader {number}");
        let missed = taken_back.iter().filter(|id| seen[*id].1 == 0);
        assert_eq!(missed.count(), 0, "taken back, by reader {number}");
        let twice = seen.values().filter(|it| it.0 > 1 || it.1 > 1).count();
        let all = handed_in.len();
        eprintln!("reader {number}: {all} batches, {twice} of them told twice");
    }
    ticking.abort();
    let _ = ticking.await;
    other.stop().await;
    let Ok(ground) = Rc::try_unwrap(ground) else {
        panic!("somebody stays");
    };
    ground.ends().await;
}

#[actix_web::test]
async fn nobody_misses_a_batch_of_two_nodes_on_sqlite() {
    let ground = Ground::start().await;
    let url = format!("sqlite:{}/lintas.db", ground.gateway.data.path().display());
    nobody_misses_one(ground, &url).await;
}

#[test]
fn nobody_misses_a_batch_of_two_nodes_on_postgresql() {
    if let Some(base) = database::Ground::postgres() {
        database::run(base, async |base| {
            let url = base.url("lintas_write");
            let ground = Ground::configured(&format!("[store]\nurl = \"{url}\"\n"), |_| {}).await;
            nobody_misses_one(ground, &url).await;
            base.quiet().await;
        });
    }
}
