//! Dead letters: records that could not be understood, kept as they came.

use pattern_core::domain::dead_letter_topic;
use pattern_store::{NewDeadLetter, Store, StoreError};
use uuid::Uuid;

use crate::{BusError, Delivered, Producer, Record, Result};

/// Begins every header that we add; the rest of the names is Spring's.
pub const HEADER_PREFIX: &str = "naia_dlt-";

/// A record that goes to its topic's dead letters, and where it came from.
#[derive(Debug, Clone, Copy)]
pub struct DeadRecord<'a> {
    pub letter: &'a NewDeadLetter,
    /// The record's own headers.
    pub headers: &'a [(String, Vec<u8>)],
    pub timestamp_ms: Option<i64>,
    pub group_id: &'a str,
}

/// Writes the record to `<topic>.dlq`: same key, value, headers and partition number, and headers that
/// say why it is there and where it was. What is too large for that topic is left out of it.
pub async fn publish_dead_letter(producer: &Producer, dead: DeadRecord<'_>) -> Result<()> {
    let letter = dead.letter;
    let mut added = vec![
        ("exception-fqcn", "naia.BadRecord".to_owned()),
        ("exception-message", letter.reason.clone()),
        ("original-topic", letter.topic.clone()),
        ("original-partition", letter.partition.to_string()),
        ("original-offset", letter.offset.to_string()),
        ("original-consumer-group", dead.group_id.to_owned()),
    ];
    if let Some(timestamp) = dead.timestamp_ms {
        added.push(("original-timestamp", timestamp.to_string()));
    }
    let added: Vec<(String, String)> =
        added.into_iter().map(|(name, value)| (format!("{HEADER_PREFIX}{name}"), value)).collect();
    let own = dead.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let headers: Vec<(&str, &[u8])> =
        own.chain(added.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))).collect();

    let topic = dead_letter_topic(&letter.topic);
    let record = Record {
        topic: &topic,
        partition: Some(letter.partition),
        key: letter.key.as_deref(),
        payload: letter.payload.as_deref(),
        headers: &headers,
    };
    let sent = match producer.send(record).await {
        // The dead letter topic may have fewer partitions; any of them is better than none.
        Err(BusError::Unavailable(_)) => producer.send(Record { partition: None, ..record }).await,
        sent => sent,
    };
    match sent {
        // The row in PostgreSQL keeps the record too, and the good ones behind it must not wait for ever.
        Err(error @ BusError::TooLarge) => {
            let (partition, offset) = (letter.partition, letter.offset);
            tracing::warn!(%error, topic, partition, offset, "a dead letter is kept in postgres only");
            Ok(())
        }
        sent => sent.map(drop),
    }
}

/// Publishes a dead letter's key and value to its topic again, for a consumer that understands them by
/// now. Its headers are only on the dead letter topic.
///
/// # Errors
/// `Store(NotFound)`, or `Store(Conflict)` where it was redriven before.
pub async fn redrive(store: &Store, producer: &Producer, id: Uuid) -> Result<Delivered> {
    let letter = store.dead_letter(id).await?;
    if let Some(at) = letter.redriven_at {
        return Err(
            StoreError::Conflict(format!("dead letter {id} was redriven at {}", at.to_rfc3339())).into()
        );
    }
    let delivered = producer
        .send(Record {
            topic: &letter.topic,
            partition: None,
            key: letter.key.as_deref(),
            payload: letter.payload.as_deref(),
            headers: &[],
        })
        .await?;
    store.mark_redriven(id).await?;
    Ok(delivered)
}
