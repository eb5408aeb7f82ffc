//! The events of the one stream, in order and each once, for the clients of this instance.
//!
//! Kafka is the fast road. Positions are dense, so the hub knows at once what Kafka did not bring and
//! reads it from the outbox: after a short wait, at start, and while the broker is away.

mod current;
mod event;
mod follow;
mod options;
mod pending;
mod ring;

pub use current::{CurrentState, StateChannel, Statistics};
pub use event::{HubEvent, StreamChannel};
pub use options::HubOptions;

use pattern_bus::KafkaSettings;
use pattern_core::domain::Position;
use pattern_store::{Store, outage};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use crate::{
    health::{Health, HealthWatch},
    metrics,
};
use current::Current;
use follow::Road;
use ring::{Ring, RingRead};

/// A client that is connected, as long as this is kept.
pub struct Connection(#[expect(dead_code, reason = "it counts by being kept")] TaskTrackerToken);

impl Drop for Connection {
    fn drop(&mut self) {
        metrics::socket_closed();
    }
}

/// Reconnecting clients read old events from PostgreSQL; at most so many at a time, so that a storm of
/// them leaves connections for everybody else.
const OUTBOX_READERS: usize = 3;

/// How far the hub is; watched by every connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub position: Position,
    /// Bytes of all events since the start.
    pub bytes: u64,
    /// Raised when the stream was renewed: what clients know then is worth nothing.
    pub generation: u64,
}

/// Why events cannot be read on from a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFailure {
    /// They are no longer kept, or belong to another stream.
    Gone,
    /// PostgreSQL does not answer.
    Unavailable,
}

/// One per API process.
pub struct Hub {
    store: Store,
    options: HubOptions,
    shutdown: CancellationToken,
    ring: RwLock<Ring>,
    progress: watch::Sender<Progress>,
    ready: AtomicBool,
    outbox_readers: Semaphore,
    current: Current,
    connections: TaskTracker,
    disconnects: Mutex<BTreeMap<u16, u64>>,
    from_kafka: AtomicU64,
    from_outbox: AtomicU64,
    recovered: AtomicU64,
    not_recovered: AtomicU64,
    /// `None`: not counted yet.
    pending_count: watch::Sender<Option<i64>>,
    health: HealthWatch,
    suggestions_changed: Notify,
}

impl Hub {
    /// Starts following the stream; ends with `shutdown`.
    pub fn start(
        store: Store,
        kafka: KafkaSettings,
        options: HubOptions,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let unknown = Progress { position: Position::new("unknown", 0), bytes: 0, generation: 0 };
        let hub = Arc::new(Self {
            ring: RwLock::new(Ring::new(0, options.ring_bytes)),
            progress: watch::Sender::new(unknown),
            ready: AtomicBool::new(false),
            outbox_readers: Semaphore::new(OUTBOX_READERS),
            current: Current::default(),
            connections: TaskTracker::new(),
            disconnects: Mutex::default(),
            from_kafka: AtomicU64::new(0),
            from_outbox: AtomicU64::new(0),
            recovered: AtomicU64::new(0),
            not_recovered: AtomicU64::new(0),
            pending_count: watch::Sender::new(None),
            health: HealthWatch::start(store.clone(), kafka.clone(), shutdown.clone()),
            suggestions_changed: Notify::new(),
            store,
            options,
            shutdown,
        });
        tokio::spawn(follow::follow_stream(hub.clone(), kafka));
        tokio::spawn(current::follow_current_state(hub.clone()));
        tokio::spawn(current::follow_health(hub.clone()));
        tokio::spawn(pending::follow_pending_count(hub.clone()));
        hub
    }

    /// Whether the hub has caught up with the stream; clients are served from then on.
    pub fn ready(&self) -> bool {
        let knows_enough = self.ready.load(Ordering::Acquire) && self.pending_count.borrow().is_some();
        knows_enough && !self.shutdown.is_cancelled()
    }

    /// How this instance and what it depends on fare, as last seen.
    pub async fn health(&self) -> Health {
        let mut health = self.health.seen().await;
        let is_ready = self.ready();
        health.add("events", true, is_ready.then_some(()).ok_or("catching up with the stream".into()));
        health
    }

    /// Why Kafka takes nothing, as far as was seen within the last seconds.
    pub fn kafka_is_away(&self) -> Option<String> {
        self.health.problem_of("kafka")
    }

    /// Position of the last event that clients can have.
    pub fn position(&self) -> Position {
        self.progress.borrow().position.clone()
    }

    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub fn options(&self) -> &HubOptions {
        &self.options
    }

    pub fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// What `jobs` and `stats` show now; changes are watched.
    pub fn current(&self, channel: StateChannel) -> watch::Receiver<CurrentState> {
        self.current.watch(channel)
    }

    /// Suggestions that wait for an answer, as last counted; 0 before the hub is ready.
    pub fn pending_count(&self) -> i64 {
        self.pending_count.borrow().unwrap_or_default()
    }

    /// Figures of this instance and of the stream.
    pub async fn statistics(&self) -> pattern_store::Result<Statistics> {
        let unpublished_events = self.store.unpublished_count().await?;
        let (recovered, not_recovered) = self.recoveries();
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Statistics {
            position: self.position(),
            connections: self.connection_count(),
            pending_count: self.pending_count(),
            unpublished_events,
            ring_events: ring.len(),
            ring_bytes: ring.bytes(),
            recovered,
            not_recovered,
        })
    }

    /// Dense events after `after`, at most `limit`, from memory or from the outbox; empty at the top.
    pub async fn read_after(
        &self,
        generation: u64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Arc<HubEvent>>, ReadFailure> {
        let epoch = {
            let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
            let progress = self.progress.borrow();
            if progress.generation != generation {
                return Err(ReadFailure::Gone);
            }
            if let RingRead::Events(events) = ring.read_after(after, limit) {
                return Ok(events);
            }
            progress.position.epoch.clone()
        };
        // In a box: what waits for events is small as long as they come from memory.
        Box::pin(self.read_outbox(epoch, after, limit)).await
    }

    async fn read_outbox(
        &self,
        epoch: String,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Arc<HubEvent>>, ReadFailure> {
        let _turn = self.outbox_readers.acquire().await.map_err(|_| ReadFailure::Unavailable)?;
        match self.store.read_events(after, limit as i64).await {
            Ok(Some(rows)) => {
                let known = self.position().number;
                // What the hub itself has not reached comes from the ring, in its turn.
                let rows = rows.into_iter().filter(|row| row.position <= known);
                Ok(rows.map(|row| Arc::new(HubEvent::new(&epoch, row.position, &row.text))).collect())
            }
            Ok(None) => Err(ReadFailure::Gone),
            Err(error) => {
                outage::tell(&error, "missed events cannot be read");
                Err(ReadFailure::Unavailable)
            }
        }
    }

    /// Whether a position of this epoch exists at all, here or further on.
    pub async fn exists(&self, number: i64) -> Result<bool, ReadFailure> {
        if number <= self.position().number {
            return Ok(true);
        }
        let top = self.store.stream_top().await.map_err(|_| ReadFailure::Unavailable)?;
        Ok(number <= top.position.number)
    }

    /// Keeps [`Hub::drained`] waiting until it is dropped.
    pub fn connection(&self) -> Connection {
        metrics::socket_opened();
        Connection(self.connections.token())
    }

    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// After `shutdown`: waits until every client has its close frame, at most `limit`.
    pub async fn drained(&self, limit: Duration) {
        self.connections.close();
        if tokio::time::timeout(limit, self.connections.wait()).await.is_err() {
            tracing::warn!(connections = self.connections.len(), "connections did not close in time");
        }
    }

    pub fn count_disconnect(&self, code: u16) {
        *self.locked_disconnects().entry(code).or_default() += 1;
    }

    /// How many connections ended, by close code.
    pub fn disconnects(&self) -> BTreeMap<u16, u64> {
        self.locked_disconnects().clone()
    }

    pub fn count_recovery(&self, recovered: bool) {
        metrics::recovery(recovered);
        let counter = if recovered { &self.recovered } else { &self.not_recovered };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// How many resumes were answered with `recovered` true, and false.
    pub fn recoveries(&self) -> (u64, u64) {
        (self.recovered.load(Ordering::Relaxed), self.not_recovered.load(Ordering::Relaxed))
    }

    fn locked_disconnects(&self) -> MutexGuard<'_, BTreeMap<u16, u64>> {
        self.disconnects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many events Kafka brought, and how many the outbox.
    pub fn roads(&self) -> (u64, u64) {
        (self.from_kafka.load(Ordering::Relaxed), self.from_outbox.load(Ordering::Relaxed))
    }

    fn push(&self, event: HubEvent, road: Road) {
        let counter = match road {
            Road::Kafka => &self.from_kafka,
            Road::Outbox => &self.from_outbox,
        };
        metrics::event(match road {
            Road::Kafka => "kafka",
            Road::Outbox => "outbox",
        });
        counter.fetch_add(1, Ordering::Relaxed);
        if event.channel == Some(StreamChannel::Suggestions) {
            self.suggestions_changed.notify_one();
        }
        let (position, bytes) = (event.position, event.bytes() as u64);
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.push(Arc::new(event));
        self.progress.send_modify(|progress| {
            progress.position.number = position;
            progress.bytes += bytes;
        });
    }

    /// Forgets everything: a stream with another epoch, or one that went on without us.
    fn restart(&self, start: Position) {
        self.ready.store(false, Ordering::Release);
        self.suggestions_changed.notify_one();
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Ring::new(start.number, self.options.ring_bytes);
        self.progress.send_modify(|progress| {
            progress.position = start;
            progress.generation += 1;
        });
    }
}
