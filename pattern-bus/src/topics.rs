//! The topics, as they must be before anybody writes to them.

use pattern_core::domain::{EVENT_TOPICS, TOPIC_DATAPOINTS, dead_letter_topic};
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    error::RDKafkaErrorCode,
};
use std::{collections::HashMap, time::Duration};

use crate::{BusError, KafkaSettings, Result, blocking::unhurried};

pub const EVENT_PARTITIONS: i32 = 3;
pub const DATAPOINT_PARTITIONS: i32 = 12;

const RETENTION_MS: &str = "604800000"; // 7 days
const DEAD_LETTER_RETENTION_MS: &str = "2592000000"; // 30 days
const TIMEOUT: Duration = Duration::from_secs(10);

/// How a topic must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Without prefix.
    pub name: String,
    pub partitions: i32,
    pub retention_ms: &'static str,
}

/// Every topic of the product.
pub fn all() -> Vec<Wanted> {
    let live = EVENT_TOPICS
        .into_iter()
        .map(|topic| (topic, EVENT_PARTITIONS))
        .chain([(TOPIC_DATAPOINTS, DATAPOINT_PARTITIONS)]);
    live.flat_map(|(topic, partitions)| {
        // A dead letter keeps the partition number of the record it came from.
        let dead_letters =
            Wanted { name: dead_letter_topic(topic), partitions, retention_ms: DEAD_LETTER_RETENTION_MS };
        [Wanted { name: topic.into(), partitions, retention_ms: RETENTION_MS }, dead_letters]
    })
    .collect()
}

/// Every topic without prefix, with its number of partitions: for a broker that has to know them before
/// anybody asks.
pub fn names_and_partitions() -> Vec<(String, i32)> {
    all().into_iter().map(|topic| (topic.name, topic.partitions)).collect()
}

/// Makes the topics that are missing. A topic with too few partitions (a broker that makes topics on
/// first use gives one) gets the rest; anything else about an existing topic is its operator's choice.
pub async fn ensure_topics(kafka: &KafkaSettings) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = kafka.client().create()?;
    let existing = partition_counts(kafka).await?;
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT)).request_timeout(Some(TIMEOUT));

    let wanted: Vec<_> =
        all().into_iter().map(|topic| Wanted { name: kafka.topic(&topic.name), ..topic }).collect();
    let missing: Vec<_> = wanted
        .iter()
        .filter(|topic| !existing.contains_key(&topic.name))
        .map(|topic| {
            // -1: as many replicas as the broker is set to make.
            NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(-1))
                .set("retention.ms", topic.retention_ms)
                .set("cleanup.policy", "delete")
        })
        .collect();
    if !missing.is_empty() {
        check(admin.create_topics(&missing, &options).await?, RDKafkaErrorCode::TopicAlreadyExists)?;
    }

    let small: Vec<_> = wanted
        .iter()
        .filter(|topic| existing.get(&topic.name).is_some_and(|count| *count < topic.partitions))
        .map(|topic| NewPartitions::new(&topic.name, topic.partitions as usize))
        .collect();
    if !small.is_empty() {
        check(admin.create_partitions(&small, &options).await?, RDKafkaErrorCode::InvalidPartitions)?;
    }
    Ok(())
}

/// Two processes may start at once: `harmless` says that the other one was faster.
fn check(results: Vec<rdkafka::admin::TopicResult>, harmless: RDKafkaErrorCode) -> Result<()> {
    for result in results {
        match result {
            Ok(_) => {}
            Err((_, code)) if code == harmless => {}
            Err((topic, code)) => return Err(BusError::Topic { topic, reason: code.to_string() }),
        }
    }
    Ok(())
}

/// Every topic of the cluster with its number of partitions.
pub async fn partition_counts(kafka: &KafkaSettings) -> Result<HashMap<String, i32>> {
    let admin: AdminClient<DefaultClientContext> = kafka.client().create()?;
    // librdkafka's metadata call blocks. All topics are asked for: naming one could create it.
    unhurried(move || {
        let metadata = admin.inner().fetch_metadata(None, TIMEOUT)?;
        let count = |topic: &rdkafka::metadata::MetadataTopic| topic.partitions().len() as i32;
        Ok(metadata.topics().iter().map(|t| (t.name().to_owned(), count(t))).collect())
    })
    .await?
}
