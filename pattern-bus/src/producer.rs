//! The one way to write to Kafka.

use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _},
};
use std::{sync::Arc, time::Duration};

use crate::{
    BusError, KafkaSettings, Result,
    blocking::{Unhurried, unhurried},
    client_log::ClientLog,
};

/// One record on its way to Kafka.
#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'a> {
    /// With its prefix, as the broker knows it.
    pub topic: &'a str,
    /// `None`: by key. A topic is written either always by key or always by number.
    pub partition: Option<i32>,
    pub key: Option<&'a [u8]>,
    pub payload: Option<&'a [u8]>,
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// Where a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    pub partition: i32,
    pub offset: i64,
}

/// A record that is on its way: `report` waits for the broker's answer.
#[must_use = "a record counts only once its delivery is reported"]
pub struct Delivery(DeliveryFuture);

impl Delivery {
    /// # Errors
    /// `Unavailable`: not acknowledged in time; it may or may not have been written. `TooLarge`: it was not.
    pub async fn report(self) -> Result<Delivered> {
        match self.0.await {
            Ok(Ok(done)) => Ok(Delivered { partition: done.partition, offset: done.offset }),
            Ok(Err((error, _))) => Err(error.into()),
            Err(_) => Err(BusError::Unavailable("the producer was closed before the record left".into())),
        }
    }
}

/// Snappy, idempotent, `acks=all`. Cheap to clone.
#[derive(Clone)]
pub struct Producer {
    inner: Arc<Unhurried<FutureProducer<ClientLog>>>,
}

impl Producer {
    /// Works while the broker is away; records then wait for it up to `message.timeout.ms`.
    pub fn new(kafka: &KafkaSettings) -> Result<Self> {
        let producer = kafka.lasting(kafka.producer()).create_with_context(kafka.log())?;
        Ok(Self { inner: Arc::new(Unhurried::new(producer)) })
    }

    /// Queues a record in order of the calls; waits only while the local queue is full.
    pub async fn enqueue(&self, record: Record<'_>) -> Result<Delivery> {
        let mut waiting = future_record(record);
        loop {
            match self.inner.send_result(waiting) {
                Ok(delivery) => return Ok(Delivery(delivery)),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                    waiting = same;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }

    /// Writes a record and waits for the broker's acknowledgement.
    pub async fn send(&self, record: Record<'_>) -> Result<Delivered> {
        self.enqueue(record).await?.report().await
    }

    /// Asks a broker for its metadata: an error says that none answers.
    pub async fn ping(&self, limit: Duration) -> Result<()> {
        let inner = self.inner.clone();
        unhurried(move || inner.client().fetch_metadata(None, limit)).await??;
        Ok(())
    }

    /// After a fatal error (a broker that lost acknowledged records, say) only a new producer helps.
    pub fn is_broken(&self) -> bool {
        self.inner.client().fatal_error().is_some()
    }
}

fn future_record<'a>(record: Record<'a>) -> FutureRecord<'a, [u8], [u8]> {
    let headers = record
        .headers
        .iter()
        .fold(OwnedHeaders::new_with_capacity(record.headers.len()), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(*value) })
        });
    let mut out = FutureRecord::to(record.topic).headers(headers);
    out.partition = record.partition;
    out.key = record.key;
    out.payload = record.payload;
    out
}
