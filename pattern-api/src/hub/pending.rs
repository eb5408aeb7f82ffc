use pattern_bus::Backoff;
use std::sync::Arc;

use super::Hub;

/// Counts the pending suggestions, and again whenever one changed. Whoever wants to know gets the last
/// count at once: no client waits for PostgreSQL to be greeted.
pub async fn follow_pending_count(hub: Arc<Hub>) {
    let mut backoff = Backoff::default();
    while !hub.shutdown.is_cancelled() {
        match hub.store.pending_count(None).await {
            Ok(count) => {
                hub.pending_count.send_replace(Some(count));
                backoff.reset();
                tokio::select! {
                    () = hub.suggestions_changed.notified() => {}
                    () = hub.shutdown.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::debug!(%error, "pending suggestions cannot be counted");
                backoff.wait(&hub.shutdown).await;
            }
        }
    }
}
