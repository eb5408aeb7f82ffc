use std::{
    fmt,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

use pattern_store::{StoreError, outage};

use crate::{BusError, KafkaSettings, client_log::is_away};

const FIRST: Duration = Duration::from_millis(100);
/// A server that is back is found within so long.
const LONGEST: Duration = Duration::from_secs(1);
const REMIND_EVERY: Duration = Duration::from_secs(60);
/// What Kafka does by itself (elect a leader for a new partition, find a group's coordinator) is done within so long,
/// and then it was no failure.
const WORTH_A_LINE_AFTER: Duration = Duration::from_secs(10);

/// Waits longer after every failure in a row, so that nothing spins while a server is away.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    fails_since: Option<Instant>,
    told: Option<Instant>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST, fails_since: None, told: None }
    }
}

impl Backoff {
    /// Call it after a success.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Logs that PostgreSQL does not do something: the first failure of a row, and one a minute.
    pub fn tell_of_store(&mut self, error: &StoreError, what_failed: &str) {
        if !outage::is_told(error, what_failed) {
            self.tell(error, what_failed);
        }
    }

    /// Logs a failure: the first one of a row, and one a minute.
    fn tell(&mut self, error: &impl fmt::Display, what_failed: &str) {
        if self.told.is_some_and(|told| told.elapsed() < REMIND_EVERY) {
            tracing::debug!(%error, "{what_failed}, trying again");
            return;
        }
        self.told = Some(Instant::now());
        tracing::warn!(%error, "{what_failed}, trying again");
    }

    /// Logs a failure: the first one of a row, and one a minute; but not what the log says already, that a server is
    /// away, and not what passes by itself.
    pub fn tell_unless_away(&mut self, error: &BusError, what_failed: &str, kafka: &KafkaSettings) {
        let since = self.fails_since.get_or_insert_with(Instant::now);
        let passes = since.elapsed() < WORTH_A_LINE_AFTER;
        let away = matches!(error, BusError::Unavailable(_)) && (passes || is_away(&kafka.bootstrap));
        if let BusError::Store(error) = error {
            self.tell_of_store(error, what_failed);
        } else if away {
            tracing::debug!(%error, "{what_failed}, trying again");
        } else {
            self.tell(error, what_failed);
        }
    }

    /// Waits; returns early when `shutdown` is cancelled.
    pub async fn wait(&mut self, shutdown: &CancellationToken) {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
    }
}
