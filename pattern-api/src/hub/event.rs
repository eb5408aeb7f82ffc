use axum::extract::ws::Utf8Bytes;
use pattern_core::domain::{Entity, EventType, Position, Word};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a client can subscribe to in the stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamChannel {
    Suggestions,
    Patterns,
    Clusters,
}

impl StreamChannel {
    fn of(event_type: &str) -> Option<Self> {
        Some(match EventType::read(event_type).ok()?.entity() {
            Entity::Suggestion | Entity::DataSource => Self::Suggestions,
            Entity::Pattern => Self::Patterns,
            Entity::Cluster => Self::Clusters,
        })
    }
}

/// One event of the stream, ready to be sent: serialised once, its bytes shared by all clients.
#[derive(Debug)]
pub struct HubEvent {
    pub position: i64,
    /// `None` for a type this version does not know: it keeps its place and goes to nobody.
    pub channel: Option<StreamChannel>,
    /// `None`: it concerns every data source.
    pub data_source: Option<String>,
    /// The whole WebSocket message.
    pub message: Utf8Bytes,
}

#[derive(Deserialize, Default)]
struct Envelope<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<EnvelopeData<'a>>,
}

#[derive(Deserialize)]
struct EnvelopeData<'a> {
    #[serde(borrow, default)]
    data_source: Option<Cow<'a, str>>,
}

impl HubEvent {
    /// `text` is the CloudEvent.
    pub fn new(epoch: &str, position: i64, text: &str) -> Self {
        let envelope: Envelope<'_> = serde_json::from_str(text).unwrap_or_default();
        let place = Position::new(epoch, position);
        Self {
            position,
            channel: StreamChannel::of(&envelope.r#type),
            data_source: envelope.data.and_then(|d| d.data_source).map(Cow::into_owned),
            message: format!(r#"{{"type":"event","position":"{place}","event":{text}}}"#).into(),
        }
    }

    pub fn bytes(&self) -> usize {
        self.message.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_knows_its_channel_and_data_source() {
        let text = r#"{"sequence":"7","type":"SuggestionCreated","data":{"id":"x","data_source":"plant"}}"#;
        let event = HubEvent::new("e1", 7, text);
        assert_eq!(event.channel, Some(StreamChannel::Suggestions));
        assert_eq!(event.data_source.as_deref(), Some("plant"));
        assert_eq!(event.message.as_str(), format!(r#"{{"type":"event","position":"e1.7","event":{text}}}"#));
    }

    #[test]
    fn an_event_of_a_newer_version_keeps_its_place() {
        let event = HubEvent::new("e1", 8, r#"{"type":"PatternMerged","data":{"data_source":null}}"#);
        assert_eq!((event.position, event.channel, event.data_source), (8, None, None));
    }
}
