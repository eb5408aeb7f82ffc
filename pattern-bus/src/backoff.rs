use std::time::Duration;
use tokio_util::sync::CancellationToken;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Waits longer after every failure in a row, so that nothing spins while a server is away.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// Call it after a success.
    pub fn reset(&mut self) {
        self.next = FIRST;
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
