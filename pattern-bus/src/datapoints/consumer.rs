use futures_util::FutureExt;
use pattern_core::domain::TOPIC_DATAPOINTS;
use pattern_store::Store;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    group::{GroupEvent, GroupMember, RawRecord},
    keeping::{Keeper, Kept},
    keys::KnownKeys,
    starting::{Start, Starter},
};
use crate::{Backoff, KafkaSettings, Producer, Result, topics::ensure_topics};

/// A batch is stored when it has so many bytes or records, or when its first record has waited so long.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCH_RECORDS: usize = 50_000;
const BATCH_WAIT: Duration = Duration::from_millis(50);
/// Storing a batch takes a moment. When it takes longer, something is away, and the group is served
/// without receiving records.
const STORING_MOMENT: Duration = Duration::from_secs(1);
/// How often an idle consumer looks whether its topic is still the same.
const IDENTITY_POLL: Duration = Duration::from_secs(5);

/// Consumes until `shutdown` is cancelled. While PostgreSQL or Kafka is away it waits; records that can
/// not be understood or stored go to the dead letters.
///
/// # Errors
/// `Settings` only: with these settings it can never work.
pub async fn run_datapoints_consumer(
    kafka: KafkaSettings,
    group_id: String,
    store: Store,
    shutdown: CancellationToken,
) -> Result<()> {
    let (topic, group_id) = (kafka.topic(TOPIC_DATAPOINTS), kafka.group(&group_id));
    let known = Arc::new(RwLock::new(KnownKeys::default()));
    let mut backoff = Backoff::default();
    while !shutdown.is_cancelled() {
        let (member, events) = GroupMember::join(&kafka, &group_id, &topic)?;
        let keeper = Keeper {
            kafka: kafka.clone(),
            group_id: group_id.clone(),
            topic: topic.clone(),
            store: store.clone(),
            producer: Producer::new(&kafka)?,
            known: known.clone(),
            member: member.clone(),
        };
        let consumer = Consumer::new(keeper, events);
        consumer.run(&shutdown).await;
        member.leave().await;
        // Only after a fatal error of a client; they are made anew.
        backoff.wait(&shutdown).await;
    }
    Ok(())
}

/// Serves the group at all times, and receives records while the ones before them are being stored. What
/// waits for a server does so in a task of its own.
struct Consumer {
    keeper: Keeper,
    events: mpsc::UnboundedReceiver<GroupEvent>,
    topic_id: String,
    /// Our partitions, with the next offset as PostgreSQL has it.
    positions: HashMap<i32, i64>,
    /// Records that were received and are not being stored yet.
    collected: Collected,
    work: Work,
    paused: bool,
    /// The next record of some partition is not there any more: it has to be found out from where to go on.
    out_of_range: bool,
}

#[derive(Default)]
struct Collected {
    records: Vec<RawRecord>,
    bytes: usize,
    since: Option<Instant>,
}

/// What is being done beside receiving. It stops when it is dropped.
enum Work {
    None,
    Starting(Task<Option<Start>>),
    Keeping(Task<Kept>, Instant),
    Identifying(Task<Result<Option<String>>>),
}

struct Task<T> {
    handle: JoinHandle<T>,
    _cancels: DropGuard,
}

impl<T: Send + 'static> Task<T> {
    fn spawn<F: Future<Output = T> + Send + 'static>(work: impl FnOnce(CancellationToken) -> F) -> Self {
        let cancelled = CancellationToken::new();
        let handle = tokio::spawn(work(cancelled.clone()));
        Self { handle, _cancels: cancelled.drop_guard() }
    }
}

/// What work has brought.
enum Done {
    Started(Option<Start>),
    Kept(Kept),
    Identified(Result<Option<String>>),
    BrokeDown,
}

/// Whether the clients can go on.
#[derive(PartialEq)]
enum Step {
    On,
    MakeAnew,
}

impl Collected {
    fn push(&mut self, record: RawRecord) {
        self.bytes += record.bytes();
        self.records.push(record);
        self.since.get_or_insert_with(Instant::now);
    }

    fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES || self.records.len() >= BATCH_RECORDS
    }

    fn is_due(&self) -> bool {
        self.is_full() || self.since.is_some_and(|since| since.elapsed() >= BATCH_WAIT)
    }
}

impl Work {
    /// Never, where there is none. May be dropped while it waits.
    async fn done(&mut self) -> Done {
        let done = match self {
            Self::None => return std::future::pending().await,
            Self::Starting(task) => (&mut task.handle).await.map(Done::Started),
            Self::Keeping(task, _) => (&mut task.handle).await.map(Done::Kept),
            Self::Identifying(task) => (&mut task.handle).await.map(Done::Identified),
        };
        *self = Self::None;
        done.unwrap_or(Done::BrokeDown)
    }

    fn stores_for_long(&self) -> bool {
        matches!(self, Self::Keeping(_, since) if since.elapsed() >= STORING_MOMENT)
    }
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl Consumer {
    fn new(keeper: Keeper, events: mpsc::UnboundedReceiver<GroupEvent>) -> Self {
        Self {
            keeper,
            events,
            topic_id: String::new(),
            positions: HashMap::new(),
            collected: Collected::default(),
            work: Work::None,
            paused: false,
            out_of_range: false,
        }
    }

    /// Returns when shutdown is cancelled or a Kafka client cannot go on.
    async fn run(mut self, shutdown: &CancellationToken) {
        let mut identity = tokio::time::interval(IDENTITY_POLL);
        identity.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.keep_what_is_due();
            self.pause_or_resume();
            let member = self.keeper.member.clone();
            let waits_for_room = self.has_no_room() && !self.paused;
            let deadline = self.next_deadline();
            let step = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                Some(event) = self.events.recv() => self.follow(event),
                done = self.work.done() => self.finish(done),
                received = member.receive(), if !waits_for_room => self.take(received),
                () = reached(deadline) => Step::On,
                _ = identity.tick() => self.identify(),
            };
            if step == Step::MakeAnew {
                return;
            }
        }
    }

    /// When a batch is due, or storing one takes too long.
    fn next_deadline(&self) -> Option<Instant> {
        match (&self.work, self.collected.since) {
            (Work::Keeping(_, since), _) if self.has_no_room() && !self.paused => {
                Some(*since + STORING_MOMENT)
            }
            (Work::None | Work::Identifying(_), Some(since)) => Some(since + BATCH_WAIT),
            _ => None,
        }
    }

    fn has_no_room(&self) -> bool {
        self.collected.is_full() || self.out_of_range
    }

    /// A consumer that is not polled for long is thrown out of its group, and old errors pile up in it.
    fn pause_or_resume(&mut self) {
        let pause = self.has_no_room() && (self.paused || self.work.stores_for_long());
        if pause == self.paused {
            return;
        }
        let member = &self.keeper.member;
        match if pause { member.pause() } else { member.resume() } {
            Ok(()) => self.paused = pause,
            Err(error) => {
                tracing::debug!(%error, pause, "kafka partitions are not paused or resumed");
                // Receiving too much is better than to serve the group no more.
                self.paused = true;
            }
        }
    }

    fn follow(&mut self, event: GroupEvent) -> Step {
        self.forget();
        self.positions.clear();
        if let GroupEvent::Assigned(partitions) = event {
            self.start(partitions);
        }
        Step::On
    }

    /// What was received is not ours any more, or is read again.
    fn forget(&mut self) {
        self.collected = Collected::default();
        self.work = Work::None;
        self.out_of_range = false;
    }

    fn start(&mut self, partitions: Vec<i32>) {
        let Keeper { kafka, topic, store, member, .. } = self.keeper.clone();
        let starter = Starter { kafka, topic, store, member };
        self.work = Work::Starting(Task::spawn(|cancelled| starter.find(partitions, cancelled)));
    }

    fn start_over(&mut self) {
        self.forget();
        self.start(self.positions.keys().copied().collect());
    }

    fn keep_what_is_due(&mut self) {
        if !matches!(self.work, Work::None | Work::Identifying(_)) {
            return;
        }
        if self.collected.records.is_empty() {
            if self.out_of_range {
                self.start_over();
            }
            return;
        }
        if !self.collected.is_due() && !self.out_of_range {
            return;
        }
        let records = std::mem::take(&mut self.collected).records;
        let (keeper, topic_id, positions) =
            (self.keeper.clone(), self.topic_id.clone(), self.positions.clone());
        let task = Task::spawn(|cancelled| keeper.keep(records, topic_id, positions, cancelled));
        self.work = Work::Keeping(task, Instant::now());
    }

    fn identify(&mut self) -> Step {
        if matches!(self.work, Work::None) {
            let (member, kafka) = (self.keeper.member.clone(), self.keeper.kafka.clone());
            let task = Task::spawn(|_| async move {
                let id = member.topic_id().await?;
                // Somebody deleted it, or nobody has made it yet.
                if id.is_none() {
                    ensure_topics(&kafka).await?;
                }
                Ok(id)
            });
            self.work = Work::Identifying(task);
        }
        Step::On
    }

    fn finish(&mut self, done: Done) -> Step {
        let topic = &self.keeper.topic;
        match done {
            Done::Started(None) | Done::Kept(Kept::Cancelled) => {}
            Done::Started(Some(start)) => self.begin(start),
            Done::Kept(Kept::Stored(positions)) => self.positions = positions,
            Done::Kept(Kept::Overtaken) => {
                tracing::info!(topic, "another consumer has read on, following it");
                self.start_over();
            }
            Done::Kept(Kept::TopicReplaced) => self.follow_new_topic(),
            Done::Kept(Kept::ProducerBroken) => {
                tracing::error!(topic, "kafka producer of the dead letters cannot go on, making a new one");
                return Step::MakeAnew;
            }
            Done::Identified(Ok(Some(id))) if !self.positions.is_empty() && id != self.topic_id => {
                self.follow_new_topic();
            }
            Done::Identified(Ok(None)) => {
                tracing::warn!(topic, "topic was missing and has been made, joining its group anew");
                return Step::MakeAnew;
            }
            // A broker that is away will be back.
            Done::Identified(_) => {}
            Done::BrokeDown => {
                tracing::error!(topic, "storing samples broke down, beginning anew");
                return Step::MakeAnew;
            }
        }
        Step::On
    }

    fn follow_new_topic(&mut self) {
        let topic = &self.keeper.topic;
        tracing::warn!(topic, "topic was made again, reading it from its beginning");
        self.start_over();
    }

    fn begin(&mut self, start: Start) {
        // What came since is from before.
        self.forget();
        if let Err(error) = self.keeper.member.assign(&start.positions) {
            tracing::warn!(%error, "partitions cannot be read yet, trying again");
            return self.start(start.positions.into_keys().collect());
        }
        self.paused = false;
        Start { topic_id: self.topic_id, positions: self.positions } = start;
        let (topic, topic_id) = (&self.keeper.topic, &self.topic_id);
        tracing::info!(topic, topic_id, partitions = ?self.positions.keys(), "consuming");
    }

    /// Takes what was received, and what else is there already.
    fn take(&mut self, received: Result<RawRecord, KafkaError>) -> Step {
        let member = self.keeper.member.clone();
        let mut next = Some(received);
        while let Some(received) = next {
            match received {
                Ok(_) if matches!(self.work, Work::Starting(_)) => {}
                Ok(record) => self.collected.push(record),
                Err(KafkaError::MessageConsumptionFatal(code)) => {
                    tracing::error!(%code, "kafka consumer cannot go on, making a new one");
                    return Step::MakeAnew;
                }
                Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset)) => {
                    self.out_of_range = true;
                }
                // librdkafka keeps trying by itself, and its log tells of a broker that is away. An error
                // is old by the time it is read, so nothing waits for it.
                Err(error) => tracing::debug!(%error, "kafka brings no samples"),
            }
            next = if self.has_no_room() { None } else { member.receive().now_or_never() };
        }
        Step::On
    }
}
