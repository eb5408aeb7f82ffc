use pattern_core::domain::Position;
use std::time::Duration;
use tokio::time::timeout;

use super::{
    CloseCode,
    messages::{Channel, ServerMessage, Subscribe},
    subscriptions::Subscriptions,
    writer::{Ending, Outcome, Watched, Writer},
};
use crate::hub::ReadFailure;

/// How long a position that another instance has shown may take to get here.
const REACH_WITHIN: Duration = Duration::from_secs(30);

/// Subscribing, and coming back: everything that was missed, or the word that it can not be had.
impl Writer {
    pub(super) async fn subscribe(&mut self, subscribe: Subscribe) -> Outcome {
        let data_source = subscribe.data_source.as_deref();
        let mut added = Subscriptions::default();
        for channel in &subscribe.channels {
            if let Channel::Stream(channel) = channel {
                added.add(*channel, data_source);
            }
        }
        let resume = match &subscribe.position {
            Some(text) => self.can_resume(text).await?,
            None => None,
        };
        if subscribe.position.is_some() {
            self.hub.count_recovery(resume.is_some());
        }
        let from = Position::new(self.epoch.clone(), resume.unwrap_or(self.cursor));
        let channels = &subscribe.channels;
        self.send(ServerMessage::Subscribed { recovered: resume.is_some(), position: &from, channels })
            .await?;

        if let Some(resume) = resume {
            self.replay(resume, &added).await?;
        }
        for channel in subscribe.channels {
            match channel {
                Channel::Stream(channel) => self.subscriptions.add(channel, data_source),
                Channel::State(channel) => {
                    *self.watched(channel) = Some(Watched { state: self.hub.current(channel), sent: 0 });
                    self.send_state(channel, true).await?;
                }
            }
        }
        Ok(())
    }

    /// The position to read on from, if everything after it can be read.
    async fn can_resume(&mut self, text: &str) -> Outcome<Option<i64>> {
        let Ok(position) = text.parse::<Position>() else { return Ok(None) };
        if position.epoch != self.epoch {
            return Ok(None);
        }
        let unavailable = |_| Ending::Close(CloseCode::Insufficient);
        if !self.hub.exists(position.number).await.map_err(unavailable)? {
            return Ok(None);
        }
        let mut progress = self.progress.clone();
        let generation = self.generation;
        let reached =
            progress.wait_for(|p| p.position.number >= position.number || p.generation != generation);
        if timeout(REACH_WITHIN, reached).await.is_err() {
            return Err(Ending::Close(CloseCode::Insufficient));
        }
        match self.hub.read_after(self.generation, position.number, 1).await {
            Ok(_) => Ok(Some(position.number)),
            Err(ReadFailure::Gone) => Ok(None),
            Err(failure @ ReadFailure::Unavailable) => Err(unavailable(failure)),
        }
    }

    /// Sends what `added` missed after `from`, up to the cursor, where all subscriptions go on together.
    async fn replay(&mut self, from: i64, added: &Subscriptions) -> Outcome {
        if self.subscriptions.is_empty() {
            self.cursor = from;
            self.bytes_at_cursor = None;
            return Ok(());
        }
        while self.cursor < from {
            self.deliver().await?;
        }
        let mut reached = from;
        while reached < self.cursor {
            for event in self.read_after(reached).await? {
                reached = event.position;
                if event.position <= self.cursor && added.includes(&event) {
                    self.send_event(&event).await?;
                }
            }
        }
        Ok(())
    }
}
