//! Membership in the consumer group. The group only says who reads which partition; from where is read
//! in PostgreSQL, so a new assignment waits until we know.

use rdkafka::{
    ClientContext, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, StreamConsumer},
    error::KafkaError,
    message::{BorrowedMessage, Headers},
    types::RDKafkaRespErr,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::mpsc;

use crate::{KafkaSettings, Result, blocking::unhurried, reader::close, topic_id::topic_id};

const IDENTITY_TIMEOUT: Duration = Duration::from_secs(5);

/// A record, detached from librdkafka.
#[derive(Debug)]
pub(super) struct RawRecord {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub timestamp_ms: Option<i64>,
}

impl RawRecord {
    fn from_message(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map(|headers| {
            headers.iter().map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec())).collect()
        });
        Self {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            payload: message.payload().map(<[u8]>::to_vec),
            headers: headers.unwrap_or_default(),
            timestamp_ms: message.timestamp().to_millis(),
        }
    }

    pub fn bytes(&self) -> usize {
        self.payload.as_ref().map_or(0, Vec::len)
    }
}

/// What the group decided about our partitions.
#[derive(Debug)]
pub(super) enum GroupEvent {
    /// These are ours now. Nothing arrives before `assign` was called.
    Assigned(Vec<i32>),
    /// None is ours any more.
    Revoked,
}

struct GroupContext {
    events: mpsc::UnboundedSender<GroupEvent>,
}

impl ClientContext for GroupContext {}

impl ConsumerContext for GroupContext {
    // Runs on the thread that polls, so it must not wait: it hands over what happened. librdkafka holds
    // the assignment back until somebody calls assign.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let event = if err == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            GroupEvent::Assigned(list.elements().iter().map(|p| p.partition()).collect())
        } else {
            if let Err(error) = consumer.unassign() {
                tracing::warn!(%error, "kafka partitions can not be given back");
            }
            GroupEvent::Revoked
        };
        // Nobody receives once the consumer is closing.
        let _ = self.events.send(event);
    }
}

/// A member of the group that reads one topic.
pub(super) struct GroupMember {
    consumer: Arc<StreamConsumer<GroupContext>>,
    topic: String,
}

impl GroupMember {
    pub fn join(
        kafka: &KafkaSettings,
        group_id: &str,
        topic: &str,
    ) -> Result<(Self, mpsc::UnboundedReceiver<GroupEvent>)> {
        let mut config = kafka.consumer();
        config
            .set("group.id", group_id)
            // The only protocol in which an assignment always names all partitions.
            .set("partition.assignment.strategy", "range")
            // What a killed worker read goes to another one this soon.
            .set("session.timeout.ms", "10000")
            // A topic that is made or made again is noticed soon.
            .set("topic.metadata.refresh.interval.ms", "5000");
        let (sender, events) = mpsc::unbounded_channel();
        let consumer: StreamConsumer<GroupContext> =
            kafka.with_options(config).create_with_context(GroupContext { events: sender })?;
        consumer.subscribe(&[topic])?;
        Ok((Self { consumer: Arc::new(consumer), topic: topic.to_owned() }, events))
    }

    /// The next record. May be dropped while it waits without losing one.
    pub async fn receive(&self) -> Result<RawRecord, KafkaError> {
        self.consumer.recv().await.map(|message| RawRecord::from_message(&message))
    }

    /// Starts reading: each partition from its offset, or from its beginning.
    pub fn assign(&self, positions: &HashMap<i32, Option<i64>>) -> Result<()> {
        let mut list = TopicPartitionList::new();
        for (partition, next) in positions {
            let from = next.map_or(Offset::Beginning, Offset::Offset);
            list.add_partition_offset(&self.topic, *partition, from)?;
        }
        Ok(self.consumer.assign(&list)?)
    }

    /// Tells the group how far we are. Only for people and tools that look at its lag, so a failure
    /// does no harm.
    pub fn commit(&self, offsets: impl Iterator<Item = (i32, i64)>) {
        let mut list = TopicPartitionList::new();
        for (partition, next) in offsets {
            if let Err(error) = list.add_partition_offset(&self.topic, partition, Offset::Offset(next)) {
                tracing::debug!(%error, partition, "offset can not be committed to kafka");
            }
        }
        if let Err(error) = self.consumer.commit(&list, CommitMode::Async) {
            tracing::debug!(%error, "offsets can not be committed to kafka");
        }
    }

    /// The topic's identity as of now; `None` where there is no such topic.
    pub async fn topic_id(&self) -> Result<Option<String>> {
        let (consumer, topic) = (self.consumer.clone(), self.topic.clone());
        unhurried(move || topic_id(consumer.client(), &topic, IDENTITY_TIMEOUT)).await?
    }

    pub async fn leave(self) {
        close(self.consumer).await;
    }
}
