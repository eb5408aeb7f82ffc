use chrono::Utc;
use pattern_bus::{KafkaSettings, relay};
use pattern_core::domain::{EventType, NewEvent, stable_id};
use pattern_embedded::testing::{self, eventually};
use pattern_store::{Store, outbox};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaResult,
    message::Headers,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::test_store;

/// Generous: it is only waited for where something is broken.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A database of its own, and topics of its own on the shared broker.
pub struct TestStream {
    pub store: Store,
    pub kafka: KafkaSettings,
    pub database: testing::TestDatabase,
}

impl TestStream {
    pub async fn create() -> Self {
        Self::on(testing::kafka_bootstrap()).await
    }

    /// With a broker that need not be there.
    pub async fn on(bootstrap: String) -> Self {
        let (store, database) = test_store().await;
        let prefix = format!("t{}.", &Uuid::new_v4().simple().to_string()[..12]);
        Self { store, kafka: KafkaSettings::new(bootstrap).with_topic_prefix(prefix), database }
    }

    /// A second pool on the same database, as another process has it.
    pub fn other_store(&self) -> Store {
        Store::connect_lazy(&self.database.url, 10).unwrap()
    }

    pub fn relay(&self, holder: &str) -> Relay {
        Relay::start(self.other_store(), self.kafka.clone(), holder)
    }

    pub async fn wait_until_all_is_published(&self) {
        eventually("everything is published", async || {
            (self.store.unpublished_count().await.unwrap() == 0).then_some(())
        })
        .await;
    }

    /// Every record of a topic, in the order of each partition.
    pub async fn records(&self, topic: &str) -> Vec<Consumed> {
        // A topic that was just made may have no leader yet.
        eventually("the topic can be read", || async {
            let (kafka, topic) = (self.kafka.clone(), self.kafka.topic(topic));
            tokio::task::spawn_blocking(move || consume(&kafka, &topic)).await.unwrap().ok()
        })
        .await
    }
}

/// A relay in a task of its own, that can be stopped or killed.
pub struct Relay {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Relay {
    pub fn start(store: Store, kafka: KafkaSettings, holder: &str) -> Self {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(relay::run(store, kafka, holder.into(), shutdown.clone()));
        Self { shutdown, task }
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// As kill -9 does: nothing is released.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// One record as any consumer sees it.
#[derive(Debug, Clone)]
pub struct Consumed {
    pub partition: i32,
    pub key: String,
    pub text: String,
    pub headers: BTreeMap<String, String>,
}

impl Consumed {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn position(&self) -> i64 {
        self.event()["sequence"].as_str().unwrap().parse().unwrap()
    }
}

/// A plain client: nothing of our reader is used.
fn consume(kafka: &KafkaSettings, topic: &str) -> KafkaResult<Vec<Consumed>> {
    let consumer: BaseConsumer =
        kafka.client().set("group.id", "test").set("enable.auto.commit", "false").create().unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10))?;
    let mut partitions = TopicPartitionList::new();
    let mut expected = 0;
    for partition in metadata.topics()[0].partitions() {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), Duration::from_secs(10))?;
        expected += high - low;
        partitions.add_partition_offset(topic, partition.id(), Offset::Beginning).unwrap();
    }
    consumer.assign(&partitions).unwrap();
    let mut records = Vec::new();
    while (records.len() as i64) < expected {
        let message = consumer.poll(Duration::from_secs(20)).expect("a record that the broker has").unwrap();
        let headers = message.headers().into_iter().flat_map(|headers| {
            headers.iter().map(|h| (h.key.to_owned(), String::from_utf8_lossy(h.value.unwrap()).into_owned()))
        });
        records.push(Consumed {
            partition: message.partition(),
            key: String::from_utf8_lossy(message.key().unwrap()).into_owned(),
            text: String::from_utf8_lossy(message.payload().unwrap()).into_owned(),
            headers: headers.collect(),
        });
    }
    Ok(records)
}

/// A cluster event about entity `name`.
pub fn event(name: &str, version: i64) -> NewEvent {
    let id = stable_id(&[name]);
    let data = json!({
        "id": id, "version": version, "data_source": "plant", "label": name,
        "points": (0..8).map(|i| json!({"name": format!("{name}.{i}"), "unit": "bar"})).collect::<Vec<_>>(),
        "actor": "engine", "cause": "test",
    });
    NewEvent::new(EventType::ClusterChanged, id, version, Some("plant"), Utc::now(), &data)
}

/// An event whose text does not compress to much less than `bytes`.
pub fn large_event(name: &str, bytes: usize) -> NewEvent {
    let id = stable_id(&[name]);
    let noise: String = (0..bytes / 32).map(|_| Uuid::new_v4().simple().to_string()).collect();
    let data = json!({ "id": id, "version": 1, "data_source": "plant", "label": name, "noise": noise });
    NewEvent::new(EventType::ClusterChanged, id, 1, Some("plant"), Utc::now(), &data)
}

/// Commits events in a transaction of their own.
pub async fn append(store: &Store, events: &[NewEvent]) {
    let mut tx = store.pool().begin().await.unwrap();
    outbox::append(&mut tx, events).await.unwrap();
    tx.commit().await.unwrap();
}
