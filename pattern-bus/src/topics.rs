//! The topics, as they must be before anybody writes to them.

use pattern_core::domain::{
    DATAPOINT_PARTITIONS, EVENT_PARTITIONS, EVENT_TOPICS, TOPIC_DATAPOINTS, TOPIC_RETENTION_MS,
    dead_letter_topic,
};
use rdkafka::{
    admin::{
        AdminClient, AdminOptions, AlterConfig, ConfigSource, NewPartitions, NewTopic,
        OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
    },
    error::{KafkaError, RDKafkaErrorCode},
};
use std::{collections::HashMap, sync::Arc, time::Duration};

use crate::{
    BusError, KafkaSettings, MAX_RECORD_BYTES, Result,
    blocking::{Unhurried, unhurried},
    client_log::ClientLog,
};

const DEAD_LETTER_RETENTION_MS: u64 = 30 * 24 * 60 * 60 * 1000;
const LIMIT: &str = "max.message.bytes";
const TIMEOUT: Duration = Duration::from_secs(10);

/// How a topic must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Without prefix.
    pub name: String,
    pub partitions: i32,
    pub retention_ms: u64,
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
        [Wanted { name: topic.into(), partitions, retention_ms: TOPIC_RETENTION_MS }, dead_letters]
    })
    .collect()
}

/// Every topic without prefix, with its number of partitions: for a broker that has to know them before
/// anybody asks.
pub fn names_and_partitions() -> Vec<(String, i32)> {
    all().into_iter().map(|topic| (topic.name, topic.partitions)).collect()
}

/// Makes the topics that are missing. A topic with too few partitions (a broker that makes topics on
/// first use gives one) gets the rest, and one that takes only small records a higher limit; anything
/// else about an existing topic is its operator's choice.
pub async fn ensure_topics(kafka: &KafkaSettings) -> Result<()> {
    let admin = Admin::new(kafka)?;
    let (broker, existing) = admin.look_up().await?;
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT)).request_timeout(Some(TIMEOUT));
    let limit = MAX_RECORD_BYTES.to_string();

    let wanted: Vec<_> =
        all().into_iter().map(|topic| Wanted { name: kafka.topic(&topic.name), ..topic }).collect();
    let (present, missing): (Vec<_>, Vec<_>) =
        wanted.iter().partition(|topic| existing.contains_key(&topic.name));
    let retentions: Vec<_> = missing.iter().map(|topic| topic.retention_ms.to_string()).collect();
    let new: Vec<_> = missing
        .iter()
        .zip(&retentions)
        .map(|(topic, retention)| {
            // -1: as many replicas as the broker is set to make.
            NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(-1))
                .set("retention.ms", retention)
                .set("cleanup.policy", "delete")
                // By the broker's clock. By a producer's, were it wrong, records would be refused or go too early.
                .set("message.timestamp.type", "LogAppendTime")
                .set(LIMIT, &limit)
        })
        .collect();
    if !new.is_empty() {
        check(admin.client.create_topics(&new, &options).await?, RDKafkaErrorCode::TopicAlreadyExists)?;
    }

    let small: Vec<_> = present
        .iter()
        .filter(|topic| existing[&topic.name] < topic.partitions)
        .map(|topic| NewPartitions::new(&topic.name, topic.partitions as usize))
        .collect();
    if !small.is_empty() {
        check(admin.client.create_partitions(&small, &options).await?, RDKafkaErrorCode::InvalidPartitions)?;
    }

    let present: Vec<_> = present.iter().map(|topic| topic.name.as_str()).collect();
    match admin.raise_limits(broker, &present, &limit).await {
        // The in-memory broker has no such settings, and no limit either.
        Ok(()) | Err(KafkaError::AdminOp(RDKafkaErrorCode::UnsupportedFeature)) => {}
        // It may be forbidden to us. Smaller records pass all the same.
        Err(error) => tracing::warn!(%error, "topics may refuse large records: set their {LIMIT} to {limit}"),
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
    Ok(Admin::new(kafka)?.look_up().await?.1)
}

struct Admin {
    client: Arc<Unhurried<AdminClient<ClientLog>>>,
}

impl Admin {
    fn new(kafka: &KafkaSettings) -> Result<Self> {
        Ok(Self { client: Arc::new(Unhurried::new(kafka.client().create_with_context(kafka.log())?)) })
    }

    /// A broker, and every topic with its number of partitions.
    async fn look_up(&self) -> Result<(i32, HashMap<String, i32>)> {
        let client = self.client.clone();
        // librdkafka's metadata call blocks. All topics are asked for: naming one could create it.
        unhurried(move || {
            let metadata = client.inner().fetch_metadata(None, TIMEOUT)?;
            let count = |topic: &rdkafka::metadata::MetadataTopic| topic.partitions().len() as i32;
            let counts = metadata.topics().iter().map(|t| (t.name().to_owned(), count(t))).collect();
            // Not the one that answered: asked by its address, it has no id yet.
            let broker = metadata.brokers().first().map(|broker| broker.id());
            let nobody = || BusError::Unavailable("the kafka cluster names no broker".into());
            Ok((broker.ok_or_else(nobody)?, counts))
        })
        .await?
    }

    async fn raise_limits(&self, broker: i32, topics: &[&str], limit: &str) -> Result<(), KafkaError> {
        // By default the request waits for a controller, and the in-memory broker has none.
        let options = AdminOptions::new().request_timeout(Some(TIMEOUT)).broker_id(broker);
        let topics: Vec<_> = topics.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        if topics.is_empty() {
            return Ok(());
        }
        let described = self.client.describe_configs(&topics, &options).await?;
        let mut raised = Vec::new();
        for config in &described {
            let config = config.as_ref().map_err(|code| KafkaError::AdminOp(*code))?;
            let OwnedResourceSpecifier::Topic(name) = &config.specifier else { continue };
            let present = config.get(LIMIT).and_then(|entry| entry.value.as_ref()?.parse::<usize>().ok());
            if present.is_some_and(|present| present < MAX_RECORD_BYTES) {
                let topic = AlterConfig::new(ResourceSpecifier::Topic(name));
                // What this request does not repeat goes back to its default.
                let own = config.entries.iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
                let own = own.filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)));
                let topic = own.fold(topic, |topic, (name, value)| topic.set(name, value));
                raised.push(topic.set(LIMIT, limit));
            }
        }
        if raised.is_empty() {
            return Ok(());
        }
        let altered = self.client.alter_configs(&raised, &options).await?;
        altered
            .into_iter()
            .try_for_each(|topic| topic.map(drop).map_err(|(_, code)| KafkaError::AdminOp(code)))
    }
}
