//! Reads the events of all partitions, for an instance that serves all of them to its clients.
//!
//! No consumer group: every instance reads everything, from the end on. What happened before, and
//! what Kafka does not bring, is in the outbox.

use pattern_core::domain::EVENT_TOPICS;
use pattern_store::trace::TRACEPARENT;
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    error::KafkaError,
    message::{BorrowedMessage, Headers},
};
use serde::Deserialize;
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    Backoff, KafkaSettings, Result, blocking::unhurried, client_log::ClientLog, relay::HEADER_EPOCH,
};

const METADATA_TIMEOUT: Duration = Duration::from_secs(5);
const NEW_PARTITIONS_POLL: Duration = Duration::from_secs(10);
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// An event as Kafka brought it: maybe late, twice, or out of order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEvent {
    pub position: i64,
    /// The CloudEvent.
    pub text: String,
    /// The trace that it belongs to, where it belongs to one.
    pub traceparent: Option<String>,
}

type Partition = (String, i32);

/// Sends events of `epoch` to `sink` until `shutdown` is cancelled or nobody receives. While the
/// broker is away it waits; it begins at the topics' ends, so nothing older comes.
pub async fn read_events(
    kafka: KafkaSettings,
    epoch: String,
    sink: mpsc::Sender<ReadEvent>,
    shutdown: CancellationToken,
) -> Result<()> {
    let mut config = kafka.lasting(kafka.consumer());
    // librdkafka assigns nothing without a group id. Nobody ever joins or commits this one.
    config.set("group.id", "naia-patterns-reader");
    let topics: Vec<_> = EVENT_TOPICS.into_iter().map(|topic| kafka.topic(topic)).collect();
    let mut backoff = Backoff::default();
    loop {
        let consumer: Arc<Reader> = Arc::new(config.create_with_context(kafka.log())?);
        let ended = tokio::select! {
            () = follow_partitions(&consumer, &topics, &shutdown) => End::Asked,
            ended = receive(&consumer, &epoch, &sink) => ended,
            () = shutdown.cancelled() => End::Asked,
        };
        close(consumer).await;
        if ended == End::Asked {
            return Ok(());
        }
        // What a new client does not see any more is in the outbox.
        backoff.wait(&shutdown).await;
    }
}

type Reader = StreamConsumer<ClientLog>;

#[derive(PartialEq)]
enum End {
    Asked,
    ClientBroken,
}

/// Assigns all partitions, and new ones as they appear. Runs until it is dropped.
async fn follow_partitions(consumer: &Arc<Reader>, topics: &[String], shutdown: &CancellationToken) {
    let mut assigned = HashSet::new();
    let mut backoff = Backoff::default();
    loop {
        match assign_new(consumer, topics, &mut assigned).await {
            Ok(true) => {
                backoff.reset();
                tokio::time::sleep(NEW_PARTITIONS_POLL).await;
            }
            Ok(false) => backoff.wait(shutdown).await,
            Err(error) => {
                tracing::debug!(%error, "event topics cannot be looked up, the outbox serves meanwhile");
                backoff.wait(shutdown).await;
            }
        }
    }
}

/// Answers whether every topic is there.
async fn assign_new(
    consumer: &Arc<Reader>,
    topics: &[String],
    assigned: &mut HashSet<Partition>,
) -> Result<bool> {
    let found = partitions(consumer.clone(), topics.to_vec()).await?;
    let complete = topics.iter().all(|topic| found.iter().any(|(name, _)| name == topic));
    let mut new = TopicPartitionList::new();
    for (topic, partition) in found.iter().filter(|p| !assigned.contains(*p)) {
        // A partition that appears later is read whole: nothing in it is old.
        let known_topic = assigned.iter().any(|(name, _)| name == topic);
        let from = if known_topic { Offset::Beginning } else { Offset::End };
        new.add_partition_offset(topic, *partition, from)?;
    }
    if new.count() > 0 {
        consumer.incremental_assign(&new)?;
        assigned.extend(found);
    }
    Ok(complete)
}

async fn partitions(consumer: Arc<Reader>, topics: Vec<String>) -> Result<Vec<Partition>> {
    unhurried(move || {
        let mut found = Vec::new();
        for topic in &topics {
            let metadata = consumer.fetch_metadata(Some(topic), METADATA_TIMEOUT)?;
            let parts = metadata.topics().iter().flat_map(|t| t.partitions());
            found.extend(parts.map(|p| (topic.clone(), p.id())));
        }
        Ok(found)
    })
    .await?
}

async fn receive(consumer: &Reader, epoch: &str, sink: &mpsc::Sender<ReadEvent>) -> End {
    loop {
        match consumer.recv().await {
            Ok(message) => {
                let Some(event) = understand(&message, epoch) else { continue };
                if sink.send(event).await.is_err() {
                    return End::Asked;
                }
            }
            Err(KafkaError::MessageConsumptionFatal(code)) => {
                tracing::error!(%code, "kafka reader of events cannot go on, making a new one");
                return End::ClientBroken;
            }
            // librdkafka keeps trying by itself. An error is old by the time it is read, and many wait
            // when an outage is over: nothing waits for them.
            Err(error) => tracing::debug!(%error, "kafka brings no events"),
        }
    }
}

/// `None` for another epoch's events and for what is no event of ours. The outbox has every event, so
/// a record that cannot be read leaves no gap.
fn understand(message: &BorrowedMessage<'_>, epoch: &str) -> Option<ReadEvent> {
    #[derive(Deserialize)]
    struct Sequenced<'a> {
        #[serde(borrow)]
        sequence: &'a str,
    }
    let headers = message.headers()?;
    let same_epoch = headers.iter().any(|h| h.key == HEADER_EPOCH && h.value == Some(epoch.as_bytes()));
    if !same_epoch {
        return None;
    }
    let text = std::str::from_utf8(message.payload()?).ok()?;
    let position = serde_json::from_str::<Sequenced>(text).ok()?.sequence.parse().ok()?;
    let traceparent = headers.iter().find(|header| header.key == TRACEPARENT).and_then(|header| header.value);
    let traceparent = traceparent.map(|value| String::from_utf8_lossy(value).into_owned());
    Some(ReadEvent { position, text: text.to_owned(), traceparent })
}

/// Closing can take as long as a broker that is away.
pub(crate) async fn close<C: Send + Sync + 'static>(consumer: Arc<C>) {
    let closed = unhurried(move || drop(consumer));
    if tokio::time::timeout(CLOSE_LIMIT, closed).await.is_err() {
        tracing::warn!("kafka consumer did not close in time");
    }
}
