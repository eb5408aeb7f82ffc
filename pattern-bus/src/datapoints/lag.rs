//! How far the ingest is behind.

use chrono::{DateTime, Utc};
use pattern_core::domain::TOPIC_DATAPOINTS;
use pattern_store::Store;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde::Serialize;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    KafkaSettings, Result,
    blocking::{Unhurried, unhurried},
    client_log::ClientLog,
    offsets::{Ends, partition_ends},
    topic_id::topic_id,
};

/// What of `naia.datapoints` waits to be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IngestLag {
    /// Over all partitions; offsets without a record are counted too.
    pub records: i64,
    /// When the partition that has been waiting longest moved on last, or began to be read; `None` where it never did.
    pub last_progress: Option<DateTime<Utc>>,
}

/// Asks Kafka where the partitions end. It is in no consumer group, and keeps one connection. Cheap to clone.
#[derive(Clone)]
pub struct LagProbe {
    consumer: Arc<Unhurried<BaseConsumer<ClientLog>>>,
    topic: String,
}

impl LagProbe {
    /// Works while the broker is away.
    pub fn new(kafka: &KafkaSettings) -> Result<Self> {
        let consumer = kafka.consumer().create_with_context(kafka.log())?;
        Ok(Self { consumer: Arc::new(Unhurried::new(consumer)), topic: kafka.topic(TOPIC_DATAPOINTS) })
    }

    /// Compares the partitions' ends with what PostgreSQL says was taken in. `None`: the topic is not there.
    ///
    /// # Errors
    /// `Unavailable`: no broker answered within the time limit. `Store`: PostgreSQL did not.
    pub async fn ingest_lag(&self, store: &Store, within: Duration) -> Result<Option<IngestLag>> {
        let (consumer, topic) = (self.consumer.clone(), self.topic.clone());
        let asked = unhurried(move || look_up(&consumer, &topic, within)).await??;
        let Some((topic_id, ends)) = asked else { return Ok(None) };
        let consumed = store.consumed_partitions(&self.topic, &topic_id).await?;
        let (mut records, mut waiting) = (0, Vec::new());
        for (partition, ends) in &ends {
            let known = consumed.iter().find(|c| c.partition == *partition);
            let lag = ends.end - known.map_or(ends.first, |c| c.next_offset);
            if lag > 0 {
                records += lag;
                waiting.push(known.map(|c| c.updated_at));
            }
        }
        let newest = || consumed.iter().map(|c| c.updated_at).max();
        Ok(Some(IngestLag { records, last_progress: waiting.into_iter().min().unwrap_or_else(newest) }))
    }
}

type EndsByPartition = HashMap<i32, Ends>;

fn look_up(
    consumer: &BaseConsumer<ClientLog>,
    topic: &str,
    within: Duration,
) -> Result<Option<(String, EndsByPartition)>> {
    // What it has to tell waits until somebody asks for it.
    for _ in 0..100 {
        drop(consumer.poll(Duration::ZERO));
    }
    let asked = Instant::now();
    let left = || within.saturating_sub(asked.elapsed());
    let Some(id) = topic_id(consumer.client(), topic, within / 3)? else { return Ok(None) };
    consumer.context().answers();
    let metadata = consumer.fetch_metadata(Some(topic), left())?;
    let partitions: Vec<i32> =
        metadata.topics().iter().flat_map(|t| t.partitions()).map(|p| p.id()).collect();
    Ok(Some((id, partition_ends(consumer, topic, &partitions, left())?)))
}
