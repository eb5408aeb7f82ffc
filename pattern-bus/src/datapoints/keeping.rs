//! Storing a batch of records, however often it has to be tried. It runs beside the consumer, which goes
//! on serving its group.

use futures_util::future::try_join_all;
use pattern_core::domain::TOPIC_DATAPOINTS;
use pattern_store::{Consumed, NewDeadLetter, OffsetMove, Store, StoreError, samples::KeyedSample};
use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};
use tokio_util::sync::CancellationToken;

use super::{
    batch::Pending,
    group::{GroupMember, RawRecord},
    keys::{self, KnownKeys},
};
use crate::{
    Backoff, BusError, KafkaSettings, Producer, Result,
    dlq::{self, DeadRecord},
    metrics, topics,
};

const DEAD_LETTERS_AT_ONCE: usize = 256;

/// So often a batch is tried as a whole while PostgreSQL answers and does not store it. One of its records may be the
/// cause: then the others go past it, and what waits, and is named in the log, is that record.
const ATTEMPTS_TOGETHER: u32 = 3;

/// What storing needs.
#[derive(Clone)]
pub(super) struct Keeper {
    pub kafka: KafkaSettings,
    pub group_id: String,
    pub topic: String,
    pub store: Store,
    /// Writes the dead letters.
    pub producer: Producer,
    pub known: Arc<RwLock<KnownKeys>>,
    pub member: GroupMember,
}

/// How storing a batch ended.
pub(super) enum Kept {
    /// With the new positions.
    Stored(HashMap<i32, i64>),
    /// Another consumer has moved an offset that we wanted to move.
    Overtaken,
    TopicReplaced,
    /// The producer of the dead letters cannot go on.
    ProducerBroken,
    /// Nobody waits for it any more.
    Cancelled,
}

/// How storing some records at once ended.
enum Decided {
    Stored,
    /// One of them is to blame, or may be.
    Refused,
    Not(Kept),
}

/// PostgreSQL is there, and fails at what it is asked for.
fn is_of_a_statement(error: &BusError) -> bool {
    matches!(error, BusError::Store(StoreError::Database(_)))
}

impl Keeper {
    /// Stores the records, and tries until they are stored or prove to be somebody else's. A record that
    /// PostgreSQL refuses is searched for, and becomes a dead letter alone.
    ///
    /// When it is cancelled it stops where it waits. What is being written then is written to its end:
    /// PostgreSQL knows whether it still counts.
    pub async fn keep(
        self,
        records: Vec<RawRecord>,
        topic_id: String,
        mut positions: HashMap<i32, i64>,
        cancelled: CancellationToken,
    ) -> Kept {
        let mut parts = vec![records];
        while let Some(part) = parts.pop() {
            let mut pending = Pending::new(part, &positions);
            if pending.records.is_empty() {
                continue;
            }
            match self.decide(&mut pending, &topic_id, &cancelled).await {
                Decided::Stored => positions.extend(pending.moves.iter().map(|m| (m.partition, m.next))),
                Decided::Refused => {
                    let (first, second) = pending.halves();
                    parts.extend([second, first]);
                }
                Decided::Not(kept) => return kept,
            }
        }
        Kept::Stored(positions)
    }

    async fn decide(&self, pending: &mut Pending, topic_id: &str, cancelled: &CancellationToken) -> Decided {
        let mut backoff = Backoff::default();
        let mut failures = 0;
        loop {
            if self.producer.is_broken() {
                return Decided::Not(Kept::ProducerBroken);
            }
            let error = match self.attempt(pending, topic_id, cancelled).await {
                Ok(decided) => return decided,
                Err(error) => error,
            };
            let refused = matches!(&error, BusError::Store(e) if e.blames_the_data());
            match pending.records.as_slice() {
                [record] if refused && !pending.is_refused => {
                    let (partition, offset) = (record.partition, record.offset);
                    tracing::warn!(%error, topic = self.topic, partition, offset, "a record cannot be stored");
                    pending.refuse(&self.topic, topic_id, &error.to_string());
                }
                [_, _, ..] if refused || (failures >= ATTEMPTS_TOGETHER && is_of_a_statement(&error)) => {
                    return Decided::Refused;
                }
                records => {
                    failures += 1;
                    backoff.tell_unless_away(&error, &self.waiting(records), &self.kafka);
                    backoff.wait(cancelled).await;
                    if self.is_overtaken(&pending.moves, topic_id).await {
                        return Decided::Not(Kept::Overtaken);
                    }
                }
            }
        }
    }

    /// Whether others have read on, or somebody has skipped what waits here.
    async fn is_overtaken(&self, moves: &[OffsetMove], topic_id: &str) -> bool {
        let Ok(next) = self.store.consumed_offsets(&self.topic, topic_id).await else { return false };
        moves.iter().any(|m| next.get(&m.partition).is_some_and(|next| *next != m.expected))
    }

    /// Where to look, for a person who may have to skip a record.
    fn waiting(&self, records: &[RawRecord]) -> String {
        let first = records.first().map(|r| format!("{}/{}@{}", self.topic, r.partition, r.offset));
        format!("{} records from {} on cannot be stored yet", records.len(), first.unwrap_or_default())
    }

    /// One attempt; how far it came is in `pending`, so the next one does not begin at the beginning.
    async fn attempt(
        &self,
        pending: &mut Pending,
        topic_id: &str,
        cancelled: &CancellationToken,
    ) -> Result<Decided> {
        let ready = tokio::select! {
            biased;
            () = cancelled.cancelled() => return Ok(Decided::Not(Kept::Cancelled)),
            ready = self.make_ready(pending, topic_id) => ready?,
        };
        let Some((samples, dead_letters)) = ready else {
            return Ok(Decided::Not(Kept::TopicReplaced));
        };
        let consumed = Consumed {
            topic: &self.topic,
            topic_id,
            moves: &pending.moves,
            samples: &samples,
            dead_letters: &dead_letters,
        };
        let Some(stored) = self.store.store_consumed(consumed).await? else {
            return Ok(Decided::Not(Kept::Overtaken));
        };
        self.member.commit(pending.moves.iter().map(|m| (m.partition, m.next)));
        let (samples, late, dead) = (stored.total(), stored.late, dead_letters.len());
        metrics::stored(samples, dead);
        metrics::consumed(TOPIC_DATAPOINTS, pending.records.len());
        tracing::debug!(samples, late, dead, topic = self.topic, "stored");
        Ok(Decided::Stored)
    }

    /// Does all that comes before the transaction, and answers what it stores; `None` where the records
    /// are from a topic that is gone.
    async fn make_ready(
        &self,
        pending: &mut Pending,
        topic_id: &str,
    ) -> Result<Option<(Arc<Vec<KeyedSample>>, Vec<NewDeadLetter>)>> {
        let parsed = pending.parsed(&self.topic, topic_id, self.store.now()).await?;
        keys::learn(&self.known, &self.store, &parsed.batches).await?;
        let samples = pending.samples(parsed.clone(), self.known.clone()).await?;
        if !pending.dead_are_published {
            self.publish_dead(&pending.records, &parsed.dead).await?;
            pending.dead_are_published = true;
        }
        // Asked after the records were received: if it still is the same topic, they are from it.
        if self.member.topic_id().await?.as_deref() != Some(topic_id) {
            return Ok(None);
        }
        Ok(Some((samples, parsed.dead.iter().map(|(_, letter)| letter.clone()).collect())))
    }

    async fn publish_dead(&self, records: &[RawRecord], dead: &[(usize, NewDeadLetter)]) -> Result<()> {
        for part in dead.chunks(DEAD_LETTERS_AT_ONCE) {
            let mut sending = Vec::with_capacity(part.len());
            for (index, letter) in part {
                let record = &records[*index];
                let (headers, timestamp_ms) = (record.headers.as_slice(), record.timestamp_ms);
                let dead = DeadRecord { letter, headers, timestamp_ms, group_id: &self.group_id };
                sending.push(dlq::publish_dead_letter(&self.producer, dead));
            }
            if let Err(error) = try_join_all(sending).await {
                // Perhaps the dead letters have no topic; the next attempt finds one.
                topics::ensure_topics(&self.kafka).await?;
                return Err(error);
            }
        }
        Ok(())
    }
}
