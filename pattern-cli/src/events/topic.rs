use pattern_bus::KafkaSettings;
use pattern_core::domain::{
    CloudEvent, EVENT_TOPICS, TOPIC_CLUSTERS, TOPIC_DATAPOINTS, TOPIC_SUGGESTIONS, TOPIC_UPDATED,
};
use rdkafka::{Message, message::BorrowedMessage};
use serde_json::Value;

use crate::printable::printable;

/// The topics a person means.
pub fn resolve(named: Option<&str>, kafka: &KafkaSettings) -> Vec<String> {
    let topic = match named {
        None => return EVENT_TOPICS.map(|topic| kafka.topic(topic)).to_vec(),
        Some("suggestions") => TOPIC_SUGGESTIONS,
        Some("updated" | "patterns") => TOPIC_UPDATED,
        Some("clusters") => TOPIC_CLUSTERS,
        Some("datapoints") => TOPIC_DATAPOINTS,
        Some(whole) => return vec![whole.into()],
    };
    vec![kafka.topic(topic)]
}

pub fn raw(message: &BorrowedMessage<'_>) -> String {
    String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned()
}

/// One line: where it stands, what it is, what it says.
pub fn describe(message: &BorrowedMessage<'_>) -> String {
    printable(&in_words(message)).replace('\n', " ")
}

fn in_words(message: &BorrowedMessage<'_>) -> String {
    let place = format!("{}/{}@{}", message.topic(), message.partition(), message.offset());
    let payload = message.payload().unwrap_or_default();
    if let Ok(event) = serde_json::from_slice::<CloudEvent>(payload) {
        return format!("{place} {}", describe_event(&event));
    }
    let key = message.key().map(String::from_utf8_lossy).unwrap_or_default();
    match serde_json::from_slice::<Value>(payload) {
        Ok(value) => format!("{place} key={key} {value}"),
        Err(_) => format!("{place} key={key} {} bytes: {}", payload.len(), String::from_utf8_lossy(payload)),
    }
}

pub fn describe_event(event: &CloudEvent) -> String {
    let position = event.sequence.as_deref().unwrap_or("?");
    let time = event.time.format("%Y-%m-%d %H:%M:%S%.3f");
    format!("#{position} {time} {:<20} {}", format!("{:?}", event.r#type), summary(&event.data))
}

/// The words of an event's data that a person asks for first.
fn summary(data: &Value) -> String {
    let text = |path: &str| data.pointer(path).map(plain);
    let parts = [
        ("", text("/name").or_else(|| text("/pattern/name")).or_else(|| text("/label"))),
        ("data_source=", text("/data_source")),
        ("status=", text("/status")),
        ("confidence=", text("/confidence")),
        ("pending=", text("/pending_count")),
        ("by ", text("/actor")),
        ("because ", text("/cause")),
        ("id=", text("/id")),
    ];
    let shown = parts.iter().filter_map(|(name, value)| {
        let value = value.as_ref().filter(|v| !v.is_empty())?;
        Some(format!("{name}{value}"))
    });
    shown.collect::<Vec<_>>().join(" · ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), short),
        other => other.to_string(),
    }
}

fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
