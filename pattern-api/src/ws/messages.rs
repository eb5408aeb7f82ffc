//! The wire format. Architecture invariant: only this crate knows it.

use axum::extract::ws::Utf8Bytes;
use pattern_core::domain::Position;
use serde::{Deserialize, Serialize};

use crate::hub::{StateChannel, Statistics, StreamChannel};

/// A channel by its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Channel {
    Stream(StreamChannel),
    State(StateChannel),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    Auth {
        #[serde(default)]
        token: String,
    },
    Subscribe(Subscribe),
    Unsubscribe {
        channels: Vec<Channel>,
    },
    Ping,
    Stats,
}

#[derive(Debug, Deserialize)]
pub struct Subscribe {
    pub channels: Vec<Channel>,
    /// Only this data source, and what concerns all of them.
    #[serde(default)]
    pub data_source: Option<String>,
    /// The last position the client has seen.
    #[serde(default)]
    pub position: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage<'a> {
    Connected {
        pending_count: i64,
        position: &'a Position,
    },
    /// `recovered`: everything after the client's position follows. Otherwise the client loads a
    /// snapshot; events after `position` follow either way.
    Subscribed {
        recovered: bool,
        position: &'a Position,
        channels: &'a [Channel],
    },
    /// Everything up to `position` that the client is subscribed to was sent.
    Pong {
        position: &'a Position,
    },
    Statistics {
        #[serde(flatten)]
        statistics: &'a Statistics,
    },
    Error {
        reason: &'a str,
    },
}

impl ServerMessage<'_> {
    pub fn text(&self) -> Utf8Bytes {
        serde_json::to_string(self).expect("a server message has string keys").into()
    }
}

/// What is wrong with a message, in words for its sender.
pub fn parse(text: &str) -> Result<ClientMessage, String> {
    serde_json::from_str(text).map_err(|error| {
        format!(
            "message not understood: {error}; types are auth, subscribe, unsubscribe, ping and stats, \
             channels are suggestions, patterns, clusters, jobs, stats and health"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_names_channels_of_both_kinds() {
        let text = r#"{"type":"subscribe","channels":["clusters","jobs"],"data_source":"plant"}"#;
        let Ok(ClientMessage::Subscribe(subscribe)) = parse(text) else { panic!("not a subscription") };
        let clusters = Channel::Stream(StreamChannel::Clusters);
        assert_eq!(subscribe.channels, [clusters, Channel::State(StateChannel::Jobs)]);
        assert_eq!((subscribe.data_source.as_deref(), subscribe.position), (Some("plant"), None));
    }

    #[test]
    fn a_message_that_is_not_understood_says_what_is() {
        for text in ["{", r#"{"type":"sing"}"#, r#"{"type":"subscribe","channels":["weather"]}"#] {
            assert!(parse(text).is_err_and(|reason| reason.contains("suggestions")), "{text}");
        }
    }

    #[test]
    fn messages_have_the_agreed_shape() {
        let position = Position::new("e", 4);
        let message = ServerMessage::Connected { pending_count: 2, position: &position };
        assert_eq!(message.text().as_str(), r#"{"type":"connected","pending_count":2,"position":"e.4"}"#);
        let message = ServerMessage::Pong { position: &position };
        assert_eq!(message.text().as_str(), r#"{"type":"pong","position":"e.4"}"#);
    }
}

/// In a box, since a channel keeps room for 32 of them.
pub type Boxed = Box<Command>;

/// What the client said.
#[derive(Debug)]
pub enum Command {
    Message(ClientMessage),
    NotUnderstood(String),
    /// A pong, or another sign of life.
    Alive,
}
