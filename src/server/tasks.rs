//! What a running server does beside answering: looks at files, watches the engine, asks foreign feeds, follows the store,
//! cuts off removed peers.
//!
//! Refuses to let one task take another with it: whatever fails is logged and tried again.

use crate::failure::Failure;
use crate::server::federation::Feed;
use crate::server::gateway::issuing::Worker;
use crate::server::gateway::{Gateway, Synchronised};
use crate::server::http::State;
use crate::server::http::auth::Clients;
use crate::server::http::connections::Connections;
use crate::server::http::tls::Identity;
use crate::server::store::Heads;
use crate::server::telemetry::Metrics;
use actix_web::rt;
use actix_web::web::Data;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tracing::{debug, error, info, warn};

/// Warms the engine, then looks after it once a second.
pub(super) async fn watch_engine(gateway: Arc<Gateway>) {
    let warming = Arc::clone(&gateway);
    let warmed = rt::task::spawn_blocking(move || warming.warm());
    if warmed.await.is_err() {
        error!(code = "internal", "the warming of the engine broke off");
    }
    let mut ticks = rt::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        let gateway = Arc::clone(&gateway);
        let watched = rt::task::spawn_blocking(move || gateway.watch_engine());
        if watched.await.is_err() {
            error!(code = "internal", "the look at the engine broke off");
        }
    }
}

/// Looks again at sources, clients and certificate; whatever cannot be read stays as it was.
pub(super) async fn keep_looking(
    state: Data<State>,
    identity: Arc<Identity>,
    clients: Option<PathBuf>,
    every: Duration,
) {
    let mut ticks = rt::time::interval(every);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let (state, identity, clients) = (state.clone(), Arc::clone(&identity), clients.clone());
        let looked = rt::task::spawn_blocking(move || {
            Metrics::install().upkeep();
            state.gateway.refresh();
            state.gateway.warm();
            state.gateway.report_cache();
            if let Some(clients) = &clients {
                look_at_clients(&state, clients);
            }
            match identity.reload() {
                Ok(true) => info!("the new TLS certificate is in force"),
                Ok(false) => {}
                Err(failure) => warn!(
                    code = failure.code().name(),
                    "the old TLS certificate stays: {failure}"
                ),
            }
        });
        if looked.await.is_err() {
            error!(
                code = "internal",
                "the look at sources, clients and certificate broke off"
            );
        }
    }
}

fn look_at_clients(state: &State, clients: &Path) {
    match Clients::read(clients) {
        Ok(read) if read != **state.clients.load() => {
            let count = read.count();
            if !clients.exists() {
                warn!("clients.toml is gone: no client is known");
            }
            info!(count, "clients in force: {count}");
            state.clients.store(Arc::new(read));
        }
        Ok(_) => {}
        Err(failure) => {
            warn!(
                code = failure.code().name(),
                "the old clients stay: {failure}"
            );
        }
    }
}

/// Reads what other nodes kept, twice a second.
pub(super) async fn follow(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(FOLLOW);
    let mut told = false;
    loop {
        ticks.tick().await;
        let followed = gateway.follow().await;
        gateway.store_answered(followed.is_ok());
        match followed {
            Ok(_) => told = false,
            Err(failure) if !told => {
                told = true;
                error!(
                    code = failure.code().name(),
                    "the store cannot be followed: {failure}"
                );
            }
            Err(_) => {}
        }
    }
}

/// Reads what other nodes kept, four times a second, so that what they withdraw is in force here before a new world is made.
pub(super) async fn follow_withdrawals(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(FOLLOW_WITHDRAWALS);
    loop {
        ticks.tick().await;
        // Whoever follows for the world tells of a store that does not answer.
        let _ = gateway.read_store().await;
    }
}

/// Asks the register about signatures of our own keys that were seen.
pub(super) async fn look_up_seen(gateway: Arc<Gateway>) {
    loop {
        if let Err(failure) = gateway.look_up_seen().await {
            let code = failure.code().name();
            debug!(code, "the register was not asked: {failure}");
            rt::time::sleep(PUBLISH).await;
        }
    }
}

/// Asks `feed` again and again: every `every` seconds while it answers, ever more slowly while it does not.
pub(super) async fn ask(gateway: Arc<Gateway>, feed: Box<dyn Feed>, every: Duration) {
    loop {
        let id = feed.id();
        if gateway.is_due(id, every) {
            match gateway.synchronise(feed.as_ref(), false).await {
                Ok(Synchronised::Kept(_) | Synchronised::Elsewhere) => {}
                Err(failure) => {
                    metrics::counter!("lintas_feed_failures_total", "feed" => id.to_owned())
                        .increment(1);
                    let code = failure.code().name();
                    warn!(feed = id, code, "{id} keeps what it said before: {failure}");
                }
            }
        }
        let failed = gateway.foreign().attempts(id).failed;
        rt::time::sleep(pause(every, failed)).await;
    }
}

/// How long to wait after `failed` failures in a row; no two nodes wait alike.
fn pause(every: Duration, failed: u32) -> Duration {
    let doubled = FIRST_RETRY.saturating_mul(1 << failed.saturating_sub(1).min(MAX_DOUBLINGS));
    let wait = if failed == 0 {
        every
    } else {
        doubled.min(every)
    };
    let mut random = [0];
    // Without randomness all nodes wait alike, which costs a lease and nothing else.
    let _ = aws_lc_rs::rand::fill(&mut random);
    let [random] = random;
    wait.mul_f64(0.9 + f64::from(random) / 1275.0)
}

/// Closes the connections of peers that are let in no more, four times a second.
pub(super) async fn cut_off(connections: Arc<Connections>) {
    let mut ticks = rt::time::interval(CUT_OFF);
    loop {
        ticks.tick().await;
        let closed = connections.close_removed();
        if closed > 0 {
            info!(closed, "{closed} connections of removed peers are closed");
        }
    }
}

/// Looks every hour for batches that have ended, and takes them back.
pub(super) async fn end_batches(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(END_BATCHES);
    loop {
        ticks.tick().await;
        match gateway.end_batches().await {
            Ok(0) => {}
            Ok(count) => info!(count, "{count} batches of revocations have ended"),
            Err(refused) => error!(
                code = refused.details,
                "batches that have ended stay in the list"
            ),
        }
    }
}

/// Tells every hour what ends.
pub(super) async fn watch_ends(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(WATCH_ENDS);
    loop {
        ticks.tick().await;
        let gateway = Arc::clone(&gateway);
        let watched = rt::task::spawn_blocking(move || gateway.watch_ends());
        if watched.await.is_err() {
            error!(code = "internal", "the look at what ends broke off");
        }
    }
}

/// Signs the head of the audit once a minute, outside the database.
pub(super) async fn sign_audit(gateway: Arc<Gateway>, heads: Arc<Heads>) {
    let mut ticks = rt::time::interval(SIGN_AUDIT);
    loop {
        ticks.tick().await;
        sign_audit_once(&gateway, &heads).await;
    }
}

/// Signs the head of the audit.
pub(super) async fn sign_audit_once(gateway: &Gateway, heads: &Heads) {
    let signed = match gateway.records() {
        Ok(records) => {
            heads
                .sign(records.store().as_ref(), gateway.clock().now())
                .await
        }
        Err(failure) => Err(failure),
    };
    if let Err(failure) = signed {
        metrics::counter!("lintas_audit_alarms_total").increment(1);
        error!(
            code = failure.code().name(),
            "the head of the audit was not signed: {failure}"
        );
    }
}

/// Publishes what is withdrawn of our own, and takes back what is not any more, once a minute.
pub(super) async fn publish_withdrawals(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(PUBLISH_WITHDRAWALS);
    loop {
        ticks.tick().await;
        if let Err(failure) = gateway.publish_withdrawals().await {
            metrics::counter!("lintas_withdrawals_publishing_failed_total").increment(1);
            let code = failure.code().name();
            warn!(code, "withdrawals are not all published: {failure}");
        }
    }
}

/// Makes certificates of events, for as long as the node runs.
pub(super) async fn issue(gateway: Arc<Gateway>) {
    Worker::new(gateway).run().await;
}

/// Erases answers that nobody can ask for again, once a minute.
pub(super) async fn erase_answers(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(ERASE_ANSWERS);
    loop {
        ticks.tick().await;
        if let Err(failure) = gateway.erase_answers().await {
            let code = failure.code().name();
            warn!(code, "old answers are not erased yet: {failure}");
        }
    }
}

const CUT_OFF: Duration = Duration::from_millis(250);
/// Publishes what has changed, and serves what was published, once a second.
pub(super) async fn publish(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(PUBLISH);
    let mut told = None;
    loop {
        ticks.tick().await;
        let failed = gateway.keep_published().await.err();
        let failed = failed.map(|failure| failure.to_string());
        if let Some(reason) = failed.as_ref().filter(|_| failed != told) {
            debug!("nothing new is published: {reason}");
        }
        told = failed;
    }
}

/// Presses a bundle where something has changed, every five seconds.
pub(super) async fn press(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(PRESS);
    let mut told = None;
    loop {
        ticks.tick().await;
        let failed = gateway.keep_bundled().await.err();
        let failed = failed.map(|failure| failure.to_string());
        if let Some(reason) = failed.as_ref().filter(|_| failed != told) {
            warn!("no new bundle: {reason}");
        }
        told = failed;
    }
}

/// Makes the slices of withdrawn certificates anew where something else is withdrawn, looking once a second.
pub(super) async fn slice(gateway: Arc<Gateway>) {
    let mut ticks = rt::time::interval(PUBLISH);
    let mut told = None;
    loop {
        ticks.tick().await;
        let failed = gateway.keep_slices().await.err();
        let code = failed.as_ref().map(Failure::code);
        if let Some(failure) = failed.filter(|_| code != told) {
            let code = failure.code().name();
            warn!(code, "slices stay as they were: {failure}");
        }
        told = code;
    }
}

const PRESS: Duration = Duration::from_secs(5);
const PUBLISH: Duration = Duration::from_secs(1);
const FOLLOW: Duration = Duration::from_millis(500);
const WATCH_ENDS: Duration = Duration::from_secs(3600);
const PUBLISH_WITHDRAWALS: Duration = Duration::from_secs(60);
const FOLLOW_WITHDRAWALS: Duration = Duration::from_millis(250);
const END_BATCHES: Duration = Duration::from_secs(3600);
const ERASE_ANSWERS: Duration = Duration::from_secs(60);
const SIGN_AUDIT: Duration = Duration::from_secs(60);
const FIRST_RETRY: Duration = Duration::from_secs(30);
const MAX_DOUBLINGS: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::http::peer::Peer;
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[actix_web::test]
    async fn a_removed_peer_is_cut_off_within_a_second() {
        static ADMITTED: AtomicBool = AtomicBool::new(true);
        let connections = Connections::new(Box::new(|_| ADMITTED.load(Ordering::SeqCst)));
        let (served, mut client) = UnixStream::pair().unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(1)))
            .unwrap();
        let peer = Arc::new(Peer::holding(b"party"));
        let _kept = connections.register(&peer, OwnedFd::from(served).into());
        let cutting = rt::spawn(cut_off(connections));
        ADMITTED.store(false, Ordering::SeqCst);
        let ended = rt::task::spawn_blocking(move || client.read(&mut [0]).unwrap());
        assert_eq!(ended.await.unwrap(), 0);
        cutting.abort();
    }

    #[test]
    fn whoever_does_not_answer_is_asked_ever_more_slowly() {
        let hour = Duration::from_secs(3600);
        for (failed, least, most) in [
            (0, 3240, 3960),
            (1, 27, 33),
            (3, 108, 132),
            (30, 3240, 3960),
        ] {
            let waits = pause(hour, failed).as_secs();
            assert!((least..=most).contains(&waits), "{failed}: {waits}");
        }
    }
}
