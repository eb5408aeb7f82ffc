use sqlx::postgres::{PgListener, PgPoolOptions};
use std::time::Duration;

use crate::{Store, connection::ACQUIRE_TIMEOUT};

/// Waits for NOTIFY on one channel, with a poll for what a lost connection may have swallowed.
///
/// It holds a connection of its own, outside the pool, and never fails: while PostgreSQL is away the
/// poll goes on, so its user finds out by itself, at the poll's pace.
pub struct Listener {
    channel: &'static str,
    poll: Duration,
    store: Store,
    inner: Option<PgListener>,
}

impl Store {
    /// A listener that wakes at the latest every `poll`.
    pub fn listener(&self, channel: &'static str, poll: Duration) -> Listener {
        Listener { channel, poll, store: self.clone(), inner: None }
    }
}

impl Listener {
    /// The newest payload, or `None` when the poll is due or something may have been missed.
    pub async fn wait(&mut self) -> Option<String> {
        let due = tokio::time::Instant::now() + self.poll;
        match tokio::time::timeout_at(due, self.next()).await {
            Ok(Ok(payload)) => payload,
            Ok(Err(error)) => {
                tracing::debug!(channel = self.channel, %error, "cannot listen, will poll");
                self.inner = None;
                tokio::time::sleep_until(due).await;
                None
            }
            Err(_) => None,
        }
    }

    async fn next(&mut self) -> sqlx::Result<Option<String>> {
        if let Some(listener) = self.inner.as_mut()
            && let Some(mut newest) = listener.try_recv().await?
        {
            while let Some(notification) = listener.next_buffered() {
                newest = notification;
            }
            return Ok(Some(newest.payload().to_owned()));
        }
        // The connection is lost, or there was none yet. The next one may lead to another server.
        self.inner = None;
        self.inner = Some(self.listen().await?);
        // What was announced before we listened is found by looking once.
        Ok(None)
    }

    async fn listen(&self) -> sqlx::Result<PgListener> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(self.store.direct_options());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(self.channel).await?;
        Ok(listener)
    }
}
