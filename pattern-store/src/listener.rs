use sqlx::postgres::{PgListener, PgPoolOptions};
use std::time::Duration;

use crate::{PgPool, Store};

/// Waits for NOTIFY on one channel, with a poll for what a lost connection may have swallowed.
///
/// It holds a connection of its own, outside the pool, and never fails: while PostgreSQL is away the
/// poll goes on, so its user finds out by itself, at the poll's pace.
pub struct Listener {
    channel: &'static str,
    poll: Duration,
    pool: PgPool,
    inner: Option<PgListener>,
}

impl Store {
    /// A listener that wakes at the latest every `poll`.
    pub fn listener(&self, channel: &'static str, poll: Duration) -> Listener {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(self.pool().connect_options().as_ref().clone());
        Listener { channel, poll, pool, inner: None }
    }
}

impl Listener {
    /// The newest payload, or `None` when the poll is due or something may have been missed.
    pub async fn wait(&mut self) -> Option<String> {
        let due = tokio::time::Instant::now() + self.poll;
        match tokio::time::timeout_at(due, self.next()).await {
            Ok(Ok(payload)) => payload,
            Ok(Err(error)) => {
                tracing::debug!(channel = self.channel, %error, "can not listen, will poll");
                self.inner = None;
                tokio::time::sleep_until(due).await;
                None
            }
            Err(_) => None,
        }
    }

    async fn next(&mut self) -> sqlx::Result<Option<String>> {
        if self.inner.is_none() {
            let mut listener = PgListener::connect_with(&self.pool).await?;
            listener.listen(self.channel).await?;
            self.inner = Some(listener);
            // What was announced before we listened is found by looking once.
            return Ok(None);
        }
        let Some(listener) = self.inner.as_mut() else { return Ok(None) };
        let mut newest = listener.try_recv().await?;
        while let Some(notification) = listener.next_buffered() {
            newest = Some(notification);
        }
        Ok(newest.map(|notification| notification.payload().to_owned()))
    }
}
