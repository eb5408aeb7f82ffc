//! Two onlookers that are not ours: a Kafka consumer and a browser's WebSocket.

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use pattern_bus::KafkaSettings;
use pattern_core::domain::{CloudEvent, EVENT_TOPICS};
use pattern_embedded::poll;
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, StreamConsumer},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite;

const TIMEOUT: Duration = Duration::from_secs(15);

/// What one onlooker has seen so far, in the order it came.
pub struct Witness {
    seen: Arc<Mutex<Vec<CloudEvent>>>,
    watching: JoinHandle<Result<()>>,
}

impl Witness {
    /// Reads the three event topics from their present end on.
    pub async fn of_kafka(bootstrap: &str) -> Result<Self> {
        let mut config = KafkaSettings::new(bootstrap).consumer();
        config.set("group.id", "naia-demo");
        let lookup: Arc<BaseConsumer> = Arc::new(config.create()?);
        // A topic that was just made may have no leader yet.
        let found = poll(TIMEOUT, || {
            let lookup = lookup.clone();
            async move { tokio::task::spawn_blocking(move || ends(&lookup)).await.ok()?.ok() }
        });
        let places = found.await.context("the event topics cannot be read")?;
        let consumer: StreamConsumer = config.create()?;
        consumer.assign(&places)?;
        Ok(Self::watch(|seen| async move {
            loop {
                let message = consumer.recv().await.context("the kafka consumer failed")?;
                let payload = message.payload().unwrap_or_default();
                note(&seen, serde_json::from_slice(payload).context("a record is no event")?);
            }
        }))
    }

    /// Opens the WebSocket as the page does and subscribes to everything.
    pub async fn of_socket(api: &str) -> Result<Self> {
        let url = format!("{}/ws", api.replacen("http", "ws", 1));
        let (mut socket, _) = tokio_tungstenite::connect_async(&url)
            .await
            .with_context(|| format!("{url} cannot be opened"))?;
        let subscribe = json!({ "type": "subscribe", "channels": ["suggestions", "patterns", "clusters"] });
        socket.send(tungstenite::Message::text(subscribe.to_string())).await?;
        let subscribed = async {
            while let Some(message) = socket.next().await {
                if typed(&message?)?.0 == "subscribed" {
                    return Ok(());
                }
            }
            bail!("the WebSocket was closed before it was subscribed")
        };
        tokio::time::timeout(TIMEOUT, subscribed).await.context("the WebSocket does not subscribe")??;
        Ok(Self::watch(|seen| async move {
            while let Some(message) = socket.next().await {
                let (kind, body) = typed(&message.context("the WebSocket failed")?)?;
                if kind == "event" {
                    note(
                        &seen,
                        serde_json::from_value(body["event"].clone()).context("a frame is no event")?,
                    );
                }
            }
            bail!("the WebSocket was closed")
        }))
    }

    fn watch<F>(watch: impl FnOnce(Arc<Mutex<Vec<CloudEvent>>>) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let watching = tokio::spawn(watch(seen.clone()));
        Self { seen, watching }
    }

    pub fn seen(&self) -> Vec<CloudEvent> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn count(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits for an event.
    pub async fn sees(&self, limit: Duration, wanted: impl Fn(&CloudEvent) -> bool) -> Option<CloudEvent> {
        poll(limit, || {
            let found = self.seen().into_iter().find(&wanted);
            async move { found }
        })
        .await
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

fn note(seen: &Mutex<Vec<CloudEvent>>, event: CloudEvent) {
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(event);
}

fn typed(message: &tungstenite::Message) -> Result<(String, Value)> {
    let tungstenite::Message::Text(text) = message else { return Ok((String::new(), Value::Null)) };
    let body: Value = serde_json::from_str(text).context("a frame is not JSON")?;
    let kind = body["type"].as_str().unwrap_or_default().to_owned();
    Ok((kind, body))
}

fn ends(lookup: &BaseConsumer) -> Result<TopicPartitionList> {
    let mut places = TopicPartitionList::new();
    for topic in EVENT_TOPICS {
        let metadata = lookup.fetch_metadata(Some(topic), TIMEOUT)?;
        for partition in metadata.topics().iter().flat_map(|t| t.partitions()) {
            let (_, end) = lookup.fetch_watermarks(topic, partition.id(), TIMEOUT)?;
            places.add_partition_offset(topic, partition.id(), Offset::Offset(end))?;
        }
    }
    Ok(places)
}
