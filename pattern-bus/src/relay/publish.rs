use pattern_store::{
    Store,
    outbox::UnpublishedEvent,
    trace::{self, TRACEPARENT},
};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::{
    Backoff, BusError, Delivered, Delivery, KafkaSettings, Producer, Record, Result, metrics, topics,
};

/// Records carry the stream's epoch: a reader drops what was published before a restore.
pub const HEADER_EPOCH: &str = "naia-epoch";
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=UTF-8";

const PUBLISH_AT_ONCE: i64 = 1000;
/// Finds rows that an older leader numbered in its last moment.
const POLL: Duration = Duration::from_secs(2);

pub struct Publisher {
    kafka: KafkaSettings,
    producer: Option<Producer>,
    topics_ready: bool,
}

impl Publisher {
    pub fn new(kafka: KafkaSettings) -> Self {
        Self { kafka, producer: None, topics_ready: false }
    }

    /// Publishes what has a position, in its order; runs until it is dropped.
    pub async fn run(&mut self, store: &Store, numbered: &Notify, shutdown: &CancellationToken) {
        let mut backoff = Backoff::default();
        loop {
            match self.publish_batch(store).await {
                Ok(PUBLISH_AT_ONCE) => backoff.reset(),
                Ok(_) => {
                    backoff.reset();
                    // Either way the next look finds what there is.
                    let _ = tokio::time::timeout(POLL, numbered.notified()).await;
                }
                Err(error) => {
                    backoff.tell_unless_away(&error, "events wait in the outbox", &self.kafka);
                    self.topics_ready = false;
                    if self.producer.as_ref().is_some_and(Producer::is_broken) {
                        self.producer = None;
                    }
                    backoff.wait(shutdown).await;
                }
            }
        }
    }

    /// Answers how many events were published.
    async fn publish_batch(&mut self, store: &Store) -> Result<i64> {
        let events = store.unpublished_events(PUBLISH_AT_ONCE).await?;
        if events.is_empty() {
            return Ok(0);
        }
        if !self.topics_ready {
            topics::ensure_topics(&self.kafka).await?;
            self.topics_ready = true;
        }
        if self.producer.is_none() {
            self.producer = Some(Producer::new(&self.kafka)?);
        }
        let Some(producer) = &self.producer else { return Ok(0) };

        let began = Instant::now();
        let mut deliveries = Vec::with_capacity(events.len());
        for event in &events {
            let span = send_span(event);
            deliveries.push((event, enqueue(producer, &self.kafka, event, &span).await, span));
        }
        let (acknowledged, outcome) = reports(deliveries).await;
        metrics::batch_sent(began.elapsed());
        if let Some(last) = acknowledged {
            store.mark_events_published(events[0].position, last).await?;
        }
        outcome.map(|()| events.len() as i64)
    }
}

/// The span of one event's way to Kafka; of none where what it tells of was in no trace.
fn send_span(event: &UnpublishedEvent) -> Span {
    let Some(traceparent) = event.traceparent.as_deref() else { return Span::none() };
    let span = tracing::info_span!(
        parent: None,
        "send",
        otel.name = format!("send {}", event.topic),
        otel.kind = "producer",
        "messaging.system" = "kafka",
        "messaging.operation.type" = "send",
        "messaging.operation.name" = "send",
        "messaging.destination.name" = event.topic,
        "messaging.message.id" = %event.id,
        "messaging.destination.partition.id" = tracing::field::Empty,
        "messaging.kafka.offset" = tracing::field::Empty,
    );
    trace::go_on(&span, Some(traceparent));
    span
}

async fn enqueue(
    producer: &Producer,
    kafka: &KafkaSettings,
    event: &UnpublishedEvent,
    span: &Span,
) -> Result<Delivery> {
    let id = event.id.to_string();
    let mut headers: Vec<(&str, &[u8])> = vec![
        ("content-type", CONTENT_TYPE.as_bytes()),
        ("id", id.as_bytes()),
        (HEADER_EPOCH, event.epoch.as_bytes()),
    ];
    let traceparent = trace::of(span).or_else(|| event.traceparent.clone());
    if let Some(traceparent) = &traceparent {
        headers.push((TRACEPARENT, traceparent.as_bytes()));
    }
    let key = event.key.to_string();
    producer
        .enqueue(Record {
            topic: &kafka.topic(&event.topic),
            partition: None,
            key: Some(key.as_bytes()),
            payload: Some(event.text.as_bytes()),
            headers: &headers,
        })
        .await
}

/// Waits for all, and answers the last position before the first failure: what follows a failure is
/// published again, so that an entity's events end up on the topic in their order.
async fn reports(deliveries: Vec<(&UnpublishedEvent, Result<Delivery>, Span)>) -> (Option<i64>, Result<()>) {
    let mut acknowledged = None;
    let mut outcome = Ok(());
    for (event, enqueued, span) in deliveries {
        let reported = match enqueued {
            Ok(delivery) => delivery.report().await,
            Err(error) => Err(error),
        };
        metrics::sent(&event.topic, reported.is_ok());
        if let Ok(Delivered { partition, offset }) = &reported {
            span.record("messaging.destination.partition.id", partition);
            span.record("messaging.kafka.offset", offset);
        }
        drop(span);
        match reported {
            // It must not hold up the stream for ever. Who misses its position finds it in the outbox.
            Err(error @ BusError::TooLarge) => tracing::error!(
                %error, id = %event.id, position = event.position, topic = event.topic, bytes = event.text.len(),
                "an event does not fit into kafka and is left out there"
            ),
            reported => outcome = outcome.and(reported.map(drop)),
        }
        if outcome.is_ok() {
            acknowledged = Some(event.position);
        }
    }
    (acknowledged, outcome)
}
