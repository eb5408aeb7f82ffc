//! Going past a record that blocks the ingest, by a person's decision.

use pattern_core::domain::TOPIC_DATAPOINTS;
use pattern_store::{Consumed, OffsetMove, Store, StoreError};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use std::{sync::Arc, time::Duration};

use super::{batch::dead_letter, group::RawRecord};
use crate::{
    BusError, KafkaSettings, Producer, Result,
    blocking::unhurried,
    client_log::ClientLog,
    dlq::{self, DeadRecord},
    offsets::partition_ends,
    reader::close,
    topic_id::topic_id,
};

/// Stands in the dead letter for the consumer, which never got past the record.
const SKIPPER: &str = "naia-patterns-skip";
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A record that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRecord {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub bytes: usize,
    /// How many records of the partition are left to read.
    pub left: i64,
}

/// Moves the ingest past the record of `partition` that it would take in next, and keeps the record as a
/// dead letter. `expected`: only if that is its offset. A running ingest notices and goes on behind it.
///
/// # Errors
/// `Store(NotFound)`: there is nothing to skip. `Store(Conflict)`: another offset is the next one.
pub async fn skip_record(
    kafka: &KafkaSettings,
    store: &Store,
    partition: i32,
    expected: Option<i64>,
    reason: &str,
) -> Result<SkippedRecord> {
    let topic = kafka.topic(TOPIC_DATAPOINTS);
    let mut config = kafka.consumer();
    config.set("group.id", SKIPPER).set("auto.offset.reset", "error");
    let consumer: Arc<StreamConsumer<ClientLog>> = Arc::new(config.create_with_context(kafka.log())?);
    let found = find(&consumer, store, &topic, partition, expected).await;
    close(consumer).await;
    let Found { topic_id, next, record, end } = found?;

    let letter = dead_letter(&record, &topic, &topic_id, reason.to_owned());
    let producer = Producer::new(kafka)?;
    let (headers, timestamp_ms) = (record.headers.as_slice(), record.timestamp_ms);
    let dead = DeadRecord { letter: &letter, headers, timestamp_ms, group_id: SKIPPER };
    dlq::publish_dead_letter(&producer, dead).await?;
    let consumed = Consumed {
        topic: &topic,
        topic_id: &topic_id,
        moves: &[OffsetMove { partition, expected: next, next: record.offset + 1 }],
        samples: &[],
        dead_letters: std::slice::from_ref(&letter),
    };
    if store.store_consumed(consumed).await?.is_none() {
        let what = format!("partition {partition} was read on meanwhile: offset {next} blocks nothing");
        return Err(StoreError::Conflict(what).into());
    }
    let left = end - record.offset - 1;
    Ok(SkippedRecord { topic, partition, offset: record.offset, bytes: record.bytes(), left })
}

struct Found {
    topic_id: String,
    next: i64,
    record: RawRecord,
    end: i64,
}

async fn find(
    consumer: &Arc<StreamConsumer<ClientLog>>,
    store: &Store,
    topic: &str,
    partition: i32,
    expected: Option<i64>,
) -> Result<Found> {
    let (asking, name) = (consumer.clone(), topic.to_owned());
    let id = unhurried(move || topic_id(asking.client(), &name, ANSWER_WITHIN)).await??;
    let id = id.ok_or_else(|| StoreError::NotFound(format!("topic {topic}")))?;
    let stored = store.consumed_offsets(topic, &id).await?.get(&partition).copied();
    let next = stored.ok_or_else(|| {
        StoreError::NotFound(format!("partition {partition} of topic {topic}, as something that is read,"))
    })?;
    if let Some(expected) = expected.filter(|expected| *expected != next) {
        let what = format!("offset {next} of partition {partition} is read next, not {expected}");
        return Err(StoreError::Conflict(what).into());
    }
    let (asking, name) = (consumer.clone(), topic.to_owned());
    let ends =
        unhurried(move || partition_ends(asking.as_ref(), &name, &[partition], ANSWER_WITHIN)).await??;
    let end = ends.get(&partition).map_or(next, |ends| ends.end);
    if next >= end {
        let what = format!("a record after offset {next} of partition {partition}");
        return Err(StoreError::NotFound(what).into());
    }
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(next))?;
    consumer.assign(&list)?;
    let record = tokio::time::timeout(ANSWER_WITHIN, receive(consumer)).await;
    let record = record.map_err(|_| BusError::Unavailable("the record did not arrive in time".into()))??;
    Ok(Found { topic_id: id, next, record, end })
}

async fn receive(consumer: &StreamConsumer<ClientLog>) -> Result<RawRecord> {
    loop {
        match consumer.recv().await {
            Ok(message) => return Ok(RawRecord::from_message(&message)),
            Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset)) => {
                return Err(StoreError::NotFound("the record that is read next".into()).into());
            }
            // One of several brokers that is away, say.
            Err(error) => tracing::debug!(%error, "kafka does not bring the record yet"),
        }
    }
}
