use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, Stream, StreamExt};
use pattern_core::domain::Position;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tokio::{sync::mpsc::UnboundedSender, task::JoinHandle};
use tokio_tungstenite::tungstenite::{self, Message};
use uuid::Uuid;

/// A browser has an approval.
pub struct Seen {
    pub browser: usize,
    pub suggestion: Uuid,
    pub at: Instant,
}

/// Counts of events.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Events {
    pub received: u64,
    pub missing: u64,
    pub doubled: u64,
}

/// A WebSocket client that is subscribed to all events, as the page is.
pub struct Browser {
    /// Events after this position are its to get.
    start: i64,
    /// How often each position came.
    received: Arc<Mutex<BTreeMap<i64, u64>>>,
    listening: JoinHandle<Result<()>>,
}

#[derive(Deserialize)]
struct Frame {
    r#type: String,
    position: Option<Position>,
    event: Option<Event>,
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
    subject: Uuid,
}

impl Browser {
    /// Returns once it is subscribed.
    pub async fn open(api: &str, number: usize, approvals: UnboundedSender<Seen>) -> Result<Self> {
        let url = format!("{}/ws", api.replacen("http", "ws", 1));
        let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.context("no WebSocket opens")?;
        let subscribe = json!({ "type": "subscribe", "channels": ["suggestions", "patterns", "clusters"] });
        socket.send(Message::text(subscribe.to_string())).await?;
        let start = loop {
            let (frame, _) = next(&mut socket).await?;
            if frame.r#type == "subscribed" {
                break frame.position.context("the subscription has no position")?.number;
            }
        };
        let received = Arc::new(Mutex::new(BTreeMap::new()));
        let counts = received.clone();
        let listening = tokio::spawn(async move {
            loop {
                let (frame, at) = next(&mut socket).await?;
                let (Some(position), Some(event)) = (frame.position, frame.event) else { continue };
                *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(position.number).or_default() +=
                    1;
                if event.r#type == "SuggestionApproved" {
                    approvals.send(Seen { browser: number, suggestion: event.subject, at })?;
                }
            }
        });
        Ok(Self { start, received, listening })
    }

    pub fn has_reached(&self, position: i64) -> bool {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.last_key_value().map_or(self.start, |(last, _)| *last) >= position
    }

    /// What came of the events up to position `top`.
    pub fn events(&self, top: i64) -> Events {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = u64::try_from(top - self.start).unwrap_or_default();
        Events {
            received: received.values().sum(),
            missing: expected - received.range(self.start + 1..=top).count() as u64,
            doubled: received.values().map(|times| times - 1).sum(),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The next frame, and when it came.
async fn next<S>(socket: &mut S) -> Result<(Frame, Instant)>
where
    S: Stream<Item = tungstenite::Result<Message>> + Unpin,
{
    while let Some(message) = socket.next().await {
        let at = Instant::now();
        if let Message::Text(text) = message? {
            return Ok((serde_json::from_str(&text).context("a frame is not understood")?, at));
        }
    }
    bail!("the WebSocket was closed")
}
