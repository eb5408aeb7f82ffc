//! The way of the events out of the outbox into Kafka.
//!
//! Every worker and every API process runs a relay; a fenced lease in PostgreSQL makes one of them
//! active. It numbers what was committed and publishes in the order of the numbers. A crash between
//! publishing and marking publishes again, with the same id and position; an old leader that wakes
//! late can only repeat old positions.

mod pending;
mod publish;

use pattern_store::{
    Store, outage,
    outbox::{CHANNEL_APPENDED, Lease},
};
use std::time::Duration;
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{Backoff, KafkaSettings};
use pending::ChangedDataSources;
use publish::Publisher;
pub use publish::{CONTENT_TYPE, HEADER_EPOCH};

const LEASE: Duration = Duration::from_secs(5);
/// A leader that could not renew for this long stops by itself before another one starts.
const TRUST: Duration = Duration::from_secs(3);
const STANDBY_POLL: Duration = Duration::from_secs(1);
/// Finds rows whose NOTIFY was lost with a connection.
const APPENDED_POLL: Duration = Duration::from_secs(1);
const NUMBER_AT_ONCE: i64 = 2000;

/// Relays until `shutdown` is cancelled. `holder` names the process to people. It survives PostgreSQL
/// and Kafka being away: numbering needs only the one, publishing goes on once both are back.
pub async fn run(store: Store, kafka: KafkaSettings, holder: String, shutdown: CancellationToken) {
    let mut publisher = Publisher::new(kafka);
    let mut backoff = Backoff::default();
    while !shutdown.is_cancelled() {
        match store.acquire_relay_lease(&holder, LEASE).await {
            Ok(Some(lease)) => {
                backoff.reset();
                tracing::info!(holder, term = lease.term, "this process relays events");
                lead(&store, &lease, &mut publisher, &shutdown).await;
                tracing::info!(holder, term = lease.term, "this process relays no more");
                if let Err(error) = store.release_relay_lease(&lease).await {
                    tracing::debug!(%error, "relay lease not released, it will run out");
                }
            }
            Ok(None) => pause(STANDBY_POLL, &shutdown).await,
            Err(error) => {
                backoff.tell_of_store(&error, "relay cannot ask for its lease");
                backoff.wait(&shutdown).await;
            }
        }
    }
}

async fn pause(time: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = shutdown.cancelled() => {}
    }
}

/// Returns when the lease is lost or at shutdown. What was being published is left as it is: it is
/// not marked, so the next leader publishes it again.
async fn lead(store: &Store, lease: &Lease, publisher: &mut Publisher, shutdown: &CancellationToken) {
    let numbered = Notify::new();
    let changed = ChangedDataSources::default();
    tokio::select! {
        () = keep_lease(store, lease) => {}
        () = number(store, lease, &numbered, &changed, shutdown) => {}
        () = publisher.run(store, &numbered, shutdown) => {}
        () = pending::announce(store, &changed, shutdown) => {}
        () = shutdown.cancelled() => {}
    }
}

/// Returns when the lease is lost, or may be.
async fn keep_lease(store: &Store, lease: &Lease) {
    let mut trusted_until = Instant::now() + TRUST;
    loop {
        tokio::time::sleep(TRUST / 4).await;
        let asked = Instant::now();
        match tokio::time::timeout_at(trusted_until, store.renew_relay_lease(lease, LEASE)).await {
            Ok(Ok(true)) => trusted_until = asked + TRUST,
            Ok(Ok(false)) => {
                tracing::warn!(term = lease.term, "another process relays now");
                return;
            }
            Ok(Err(error)) => outage::tell(&error, "relay lease not renewed"),
            Err(_) => {
                tracing::info!(term = lease.term, "relay lease could not be renewed in time");
                return;
            }
        }
    }
}

/// Gives positions to what was committed. Returns when the lease is lost.
async fn number(
    store: &Store,
    lease: &Lease,
    numbered: &Notify,
    changed: &ChangedDataSources,
    shutdown: &CancellationToken,
) {
    let mut listener = store.listener(CHANNEL_APPENDED, APPENDED_POLL);
    let mut backoff = Backoff::default();
    loop {
        match store.number_events(lease, NUMBER_AT_ONCE).await {
            Ok(Some(round)) => {
                backoff.reset();
                if round.count > 0 {
                    changed.add(round.data_sources);
                    numbered.notify_one();
                }
                if round.count < NUMBER_AT_ONCE {
                    wait_for_events(store, &mut listener).await;
                }
            }
            Ok(None) => return,
            Err(error) => {
                backoff.tell_of_store(&error, "events cannot be numbered");
                backoff.wait(shutdown).await;
            }
        }
    }
}

/// Waits without taking the stream's lock again and again while nothing happens.
async fn wait_for_events(store: &Store, listener: &mut pattern_store::Listener) {
    loop {
        if listener.wait().await.is_some() {
            return;
        }
        match store.has_unnumbered_events().await {
            Ok(false) => {}
            // On an error numbering will meet it too, and waits as it must.
            Ok(true) | Err(_) => return,
        }
    }
}
