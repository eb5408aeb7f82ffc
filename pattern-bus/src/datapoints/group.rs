//! Membership in the consumer group. The group only says who reads which partition; from where is read
//! in PostgreSQL, so a new assignment waits until we know.

use rdkafka::{
    ClientContext, Message, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, StreamConsumer},
    error::KafkaError,
    message::{BorrowedMessage, Headers},
    types::RDKafkaRespErr,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    KafkaSettings, MAX_RECORD_BYTES, Result,
    blocking::{Unhurried, unhurried},
    client_log::ClientLog,
    member_id::has_left,
    offsets::{Ends, partition_ends},
    reader::close,
    topic_id::topic_id,
};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const LEAVE_WITHIN: Duration = Duration::from_secs(3);
const LEAVE_POLL: Duration = Duration::from_millis(10);

/// A record that no producer may send, and compressed can: a megabyte of it may be a gigabyte.
const KEPT_OF_HUGE: usize = 64 * 1024;

/// A record, detached from librdkafka.
#[derive(Debug, Clone)]
pub(super) struct RawRecord {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    /// How long the payload was, where no more than its beginning was kept.
    pub cut_from: Option<usize>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub timestamp_ms: Option<i64>,
}

impl RawRecord {
    pub fn from_message(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map(|headers| {
            headers.iter().map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec())).collect()
        });
        let payload = message.payload().unwrap_or_default();
        let is_huge = payload.len() > MAX_RECORD_BYTES;
        Self {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            payload: message
                .payload()
                .map(|all| if is_huge { all[..KEPT_OF_HUGE].to_vec() } else { all.to_vec() }),
            cut_from: is_huge.then_some(payload.len()),
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
    /// These are ours now. Nothing is read from them before `assign` was called.
    Assigned(Vec<i32>),
    /// None is ours any more.
    Revoked,
}

struct GroupContext {
    events: mpsc::UnboundedSender<GroupEvent>,
    log: ClientLog,
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.log.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.log.stats_raw(statistics);
    }
}

impl ConsumerContext for GroupContext {
    // Runs on the thread that polls, so it must not wait: it hands over what happened. But it answers, for
    // until then the next rebalance waits, and with it the whole group.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let (answered, event) = if err == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let partitions = list.elements().iter().map(|p| p.partition()).collect();
            (consumer.assign(&TopicPartitionList::new()), GroupEvent::Assigned(partitions))
        } else {
            (consumer.unassign(), GroupEvent::Revoked)
        };
        if let Err(error) = answered {
            tracing::warn!(%error, ?event, "kafka does not take the answer to a rebalance");
        }
        // Nobody receives once the consumer is closing.
        let _ = self.events.send(event);
    }
}

/// A member of the group that reads one topic. Cheap to clone; whoever polls it serves the group too, so
/// somebody has to at all times.
#[derive(Clone)]
pub(super) struct GroupMember {
    consumer: Arc<Unhurried<StreamConsumer<GroupContext>>>,
    topic: Arc<str>,
}

impl GroupMember {
    pub fn join(
        kafka: &KafkaSettings,
        group_id: &str,
        topic: &str,
    ) -> Result<(Self, mpsc::UnboundedReceiver<GroupEvent>)> {
        let mut config = kafka.consumer();
        config
            // The only protocol in which an assignment always names all partitions.
            .set("partition.assignment.strategy", "range")
            // What a killed worker read goes to another one this soon.
            .set("session.timeout.ms", "10000")
            // A topic that is made or made again is noticed soon.
            .set("topic.metadata.refresh.interval.ms", "5000");
        let mut config = kafka.lasting(config);
        config
            .set("group.id", group_id)
            // A broker that comes back after more than a session takes us for somebody new, and would wait
            // a session long for whom we were. By this name it knows us.
            .set("group.instance.id", Uuid::new_v4().to_string())
            // Records that were deleted unread are to be noticed, not skipped.
            .set("auto.offset.reset", "error");
        let (sender, events) = mpsc::unbounded_channel();
        let consumer: StreamConsumer<GroupContext> =
            config.create_with_context(GroupContext { events: sender, log: kafka.log() })?;
        consumer.subscribe(&[topic])?;
        Ok((Self { consumer: Arc::new(Unhurried::new(consumer)), topic: topic.into() }, events))
    }

    /// The next record. May be dropped while it waits without losing one.
    pub async fn receive(&self) -> Result<RawRecord, KafkaError> {
        self.consumer.recv().await.map(|message| RawRecord::from_message(&message))
    }

    /// Starts reading: each partition from its offset.
    pub fn assign(&self, positions: &HashMap<i32, i64>) -> Result<()> {
        let list = self.list(positions.iter().map(|(partition, next)| (*partition, *next)))?;
        self.consumer.assign(&list)?;
        // What was paused is so still, though it was given back meanwhile.
        Ok(self.consumer.resume(&list)?)
    }

    /// Nothing more arrives, but for what happens to the group. What was fetched is fetched again later.
    pub fn pause(&self) -> Result<()> {
        Ok(self.consumer.pause(&self.consumer.assignment()?)?)
    }

    pub fn resume(&self) -> Result<()> {
        Ok(self.consumer.resume(&self.consumer.assignment()?)?)
    }

    /// Tells the group how far we are. Only for people and tools that look at its lag, so a failure
    /// does no harm.
    pub fn commit(&self, offsets: impl Iterator<Item = (i32, i64)>) {
        let list = self.list(offsets);
        let committed = list.and_then(|list| Ok(self.consumer.commit(&list, CommitMode::Async)?));
        if let Err(error) = committed {
            tracing::debug!(%error, "offsets cannot be committed to kafka");
        }
    }

    fn list(&self, offsets: impl Iterator<Item = (i32, i64)>) -> Result<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, next) in offsets {
            list.add_partition_offset(&self.topic, partition, Offset::Offset(next))?;
        }
        Ok(list)
    }

    /// The topic's identity as of now; `None` where there is no such topic.
    pub async fn topic_id(&self) -> Result<Option<String>> {
        let (consumer, topic) = (self.consumer.clone(), self.topic.clone());
        unhurried(move || topic_id(consumer.client(), &topic, ANSWER_WITHIN)).await?
    }

    /// Where the partitions begin and end as of now.
    pub async fn ends(&self, partitions: Vec<i32>) -> Result<HashMap<i32, Ends>> {
        let (consumer, topic) = (self.consumer.clone(), self.topic.clone());
        unhurried(move || partition_ends(&**consumer, &topic, &partitions, ANSWER_WITHIN)).await?
    }

    /// Leaves the group, so that others get our partitions at once: one that has a name of its own only
    /// leaves by unsubscribing, and only while it is polled. Nobody else should use it any more.
    pub async fn leave(self) {
        self.consumer.unsubscribe();
        if tokio::time::timeout(LEAVE_WITHIN, self.poll_until_it_has_left()).await.is_err() {
            tracing::debug!("the consumer group was not left in time, its session will run out");
        }
        if let Some(consumer) = Arc::into_inner(self.consumer) {
            close(Arc::new(consumer.into_inner())).await;
        }
    }

    async fn poll_until_it_has_left(&self) {
        loop {
            drop(tokio::time::timeout(LEAVE_POLL, self.receive()).await);
            let consumer = self.consumer.clone();
            let left = unhurried(move || has_left(consumer.client())).await.unwrap_or(true);
            if left && Arc::strong_count(&self.consumer) == 1 {
                return;
            }
        }
    }
}
