use futures_util::future::try_join_all;
use pattern_core::domain::TOPIC_DATAPOINTS;
use pattern_store::{Consumed, NewDeadLetter, Store};
use rdkafka::error::KafkaError;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    batch::Pending,
    group::{GroupEvent, GroupMember, RawRecord},
    keys::KnownKeys,
};
use crate::{
    Backoff, BusError, KafkaSettings, Producer, Result,
    dlq::{self, DeadRecord},
    topics,
};

/// A batch is stored when it has so many bytes or records, or when its first record has waited so long.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCH_RECORDS: usize = 50_000;
const BATCH_WAIT: Duration = Duration::from_millis(50);
/// How often an idle consumer looks whether its topic is still the same.
const IDENTITY_POLL: Duration = Duration::from_secs(5);
const DEAD_LETTERS_AT_ONCE: usize = 256;

/// Consumes until `shutdown` is cancelled. While PostgreSQL or Kafka is away it waits; records that can
/// not be understood go to the dead letters.
///
/// # Errors
/// `Settings` only: with these settings it can never work.
pub async fn run_datapoints_consumer(
    kafka: KafkaSettings,
    group_id: String,
    store: Store,
    shutdown: CancellationToken,
) -> Result<()> {
    let topic = kafka.topic(TOPIC_DATAPOINTS);
    let mut known = Arc::new(KnownKeys::default());
    let mut backoff = Backoff::default();
    while !shutdown.is_cancelled() {
        let (member, events) = GroupMember::join(&kafka, &group_id, &topic)?;
        let mut consumer = Consumer {
            kafka: &kafka,
            group_id: &group_id,
            topic: &topic,
            store: &store,
            shutdown: &shutdown,
            producer: Producer::new(&kafka)?,
            known: known.clone(),
            member,
            events,
            topic_id: String::new(),
            positions: HashMap::new(),
            collected: Vec::new(),
        };
        consumer.run().await;
        known = consumer.known;
        consumer.member.leave().await;
        // Only after a fatal error of the client; it is made anew.
        backoff.wait(&shutdown).await;
    }
    Ok(())
}

struct Consumer<'a> {
    kafka: &'a KafkaSettings,
    group_id: &'a str,
    topic: &'a str,
    store: &'a Store,
    shutdown: &'a CancellationToken,
    /// Writes the dead letters.
    producer: Producer,
    known: Arc<KnownKeys>,
    member: GroupMember,
    events: mpsc::UnboundedReceiver<GroupEvent>,
    topic_id: String,
    /// Our partitions, with the next offset as PostgreSQL has it.
    positions: HashMap<i32, Option<i64>>,
    /// Records that were received and not stored yet.
    collected: Vec<RawRecord>,
}

enum Kept {
    Stored,
    /// Another consumer has moved an offset that we wanted to move.
    Overtaken,
    TopicReplaced,
}

impl Consumer<'_> {
    /// Returns when shutdown is cancelled or a Kafka client can not go on.
    async fn run(&mut self) {
        let mut backoff = Backoff::default();
        while !self.shutdown.is_cancelled() {
            if self.producer.is_broken() {
                tracing::error!("kafka producer of the dead letters can not go on, making a new one");
                return;
            }
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return,
                Some(event) = self.events.recv() => self.follow(event).await,
                received = collect(&self.member, &mut self.collected) => match received {
                    Ok(()) => {
                        backoff.reset();
                        self.keep_collected().await;
                    }
                    Err(KafkaError::MessageConsumptionFatal(code)) => {
                        tracing::error!(%code, "kafka consumer can not go on, making a new one");
                        return;
                    }
                    Err(error) => {
                        // librdkafka keeps trying by itself.
                        tracing::warn!(%error, topic = self.topic, "kafka brings no samples");
                        backoff.wait(self.shutdown).await;
                    }
                },
                () = tokio::time::sleep(IDENTITY_POLL) => self.check_identity().await,
            }
        }
    }

    async fn follow(&mut self, event: GroupEvent) {
        self.collected.clear();
        match event {
            GroupEvent::Assigned(partitions) => self.start(&partitions).await,
            GroupEvent::Revoked => self.positions.clear(),
        }
    }

    /// Reads the partitions from where PostgreSQL says. Tries until it works or shutdown is cancelled.
    async fn start(&mut self, partitions: &[i32]) {
        let mut backoff = Backoff::default();
        while !self.shutdown.is_cancelled() {
            match self.try_start(partitions).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, topic = self.topic, "consumption can not start yet, trying again");
                    backoff.wait(self.shutdown).await;
                }
            }
        }
    }

    async fn try_start(&mut self, partitions: &[i32]) -> Result<()> {
        if partitions.is_empty() {
            // More members than partitions, or no topic yet: the group will tell us when that changes.
            self.positions.clear();
            return self.member.assign(&self.positions);
        }
        self.topic_id = self.current_topic_id().await?;
        let offsets = self.store.consumed_offsets(self.topic, &self.topic_id).await?;
        self.positions = partitions.iter().map(|p| (*p, offsets.get(p).copied())).collect();
        self.collected.clear();
        self.member.assign(&self.positions)?;
        tracing::info!(topic = self.topic, topic_id = self.topic_id, ?partitions, "consuming");
        Ok(())
    }

    async fn start_over(&mut self) {
        // The group has news for us: our partitions may be somebody else's, and the news says what to read.
        if !self.events.is_empty() {
            return;
        }
        let partitions: Vec<i32> = self.positions.keys().copied().collect();
        self.start(&partitions).await;
    }

    async fn current_topic_id(&self) -> Result<String> {
        let missing = || BusError::Unavailable(format!("topic {} does not exist", self.topic));
        self.member.topic_id().await?.ok_or_else(missing)
    }

    async fn check_identity(&mut self) {
        if self.positions.is_empty() {
            return;
        }
        match self.member.topic_id().await {
            Ok(Some(id)) if id != self.topic_id => {
                tracing::warn!(topic = self.topic, "topic was made again, reading it from its beginning");
                self.start_over().await;
            }
            // A topic that is gone is the group's business; a broker that is away will be back.
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "topic can not be identified"),
        }
    }

    /// Stores what was collected. Tries until it is stored, or proves to be somebody else's, or
    /// shutdown is cancelled, or the producer breaks; then PostgreSQL still says that it is to be read
    /// again.
    async fn keep_collected(&mut self) {
        let mut records = std::mem::take(&mut self.collected);
        records.retain(|r| self.positions.get(&r.partition).is_some_and(|next| Some(r.offset) >= *next));
        if records.is_empty() {
            return;
        }
        let mut pending = Pending::new(records, &self.positions);
        let mut backoff = Backoff::default();
        while !self.shutdown.is_cancelled() && !self.producer.is_broken() {
            match self.try_keep(&mut pending).await {
                Ok(Kept::Stored) => return,
                Ok(Kept::Overtaken) => {
                    tracing::info!(topic = self.topic, "another consumer has read on, following it");
                    return self.start_over().await;
                }
                Ok(Kept::TopicReplaced) => {
                    tracing::warn!(topic = self.topic, "topic was made again, reading it from its beginning");
                    return self.start_over().await;
                }
                Err(error) => {
                    tracing::warn!(%error, topic = self.topic, "samples can not be stored yet, trying again");
                    backoff.wait(self.shutdown).await;
                }
            }
        }
    }

    /// One attempt; how far it came is in `pending`, so the next one does not begin at the beginning.
    async fn try_keep(&mut self, pending: &mut Pending) -> Result<Kept> {
        let parsed = pending.parsed(self.topic, &self.topic_id, self.store.now()).await?;
        let unknown = self.known.unknown(&parsed.batches);
        Arc::make_mut(&mut self.known).learn(self.store, &unknown).await?;
        let samples = pending.samples(parsed.clone(), self.known.clone()).await?;
        if !pending.dead_are_published {
            self.publish_dead(&pending.records, &parsed.dead).await?;
            pending.dead_are_published = true;
        }
        // Asked after the records were received: if it still is the same topic, they are from it.
        if self.current_topic_id().await? != self.topic_id {
            return Ok(Kept::TopicReplaced);
        }
        let dead_letters: Vec<_> = parsed.dead.iter().map(|(_, letter)| letter.clone()).collect();
        let consumed = Consumed {
            topic: self.topic,
            topic_id: &self.topic_id,
            moves: &pending.moves,
            samples: &samples,
            dead_letters: &dead_letters,
        };
        let Some(stored) = self.store.store_consumed(consumed).await? else {
            return Ok(Kept::Overtaken);
        };
        self.positions.extend(pending.moves.iter().map(|m| (m.partition, Some(m.next))));
        self.member.commit(pending.moves.iter().map(|m| (m.partition, m.next)));
        let (samples, late, dead) = (stored.total(), stored.late, dead_letters.len());
        tracing::debug!(samples, late, dead, topic = self.topic, "stored");
        Ok(Kept::Stored)
    }

    async fn publish_dead(&self, records: &[RawRecord], dead: &[(usize, NewDeadLetter)]) -> Result<()> {
        for part in dead.chunks(DEAD_LETTERS_AT_ONCE) {
            let mut sending = Vec::with_capacity(part.len());
            for (index, letter) in part {
                let record = &records[*index];
                let (headers, timestamp_ms) = (record.headers.as_slice(), record.timestamp_ms);
                let dead = DeadRecord { letter, headers, timestamp_ms, group_id: self.group_id };
                sending.push(dlq::publish_dead_letter(&self.producer, dead));
            }
            if let Err(error) = try_join_all(sending).await {
                // Perhaps the dead letters have no topic; the next attempt finds one.
                topics::ensure_topics(self.kafka).await?;
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Receives records until a batch is full, or its first record has waited long enough. What was
/// received is in `collected` even when this is dropped.
async fn collect(member: &GroupMember, collected: &mut Vec<RawRecord>) -> Result<(), KafkaError> {
    if collected.is_empty() {
        collected.push(member.receive().await?);
    }
    let deadline = Instant::now() + BATCH_WAIT;
    let mut bytes: usize = collected.iter().map(RawRecord::bytes).sum();
    while bytes < BATCH_BYTES && collected.len() < BATCH_RECORDS {
        match tokio::time::timeout_at(deadline, member.receive()).await {
            Ok(Ok(record)) => {
                bytes += record.bytes();
                collected.push(record);
            }
            // An error that lasts comes again, with nothing collected.
            Ok(Err(_)) | Err(_) => break,
        }
    }
    Ok(())
}
