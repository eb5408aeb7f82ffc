use pattern_store::Store;
use std::{
    collections::BTreeSet,
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Backoff;

/// A matching run changes hundreds of suggestions within a moment: the count is told once.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// Names of data sources in which suggestions changed.
#[derive(Debug, Default)]
pub struct ChangedDataSources {
    names: Mutex<BTreeSet<String>>,
    added: Notify,
}

impl ChangedDataSources {
    pub fn add(&self, names: impl IntoIterator<Item = String>) {
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(names);
        if !known.is_empty() {
            self.added.notify_one();
        }
    }

    fn take(&self) -> BTreeSet<String> {
        mem::take(&mut self.names.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Announces pending counts that changed, soon after the change; runs until it is dropped.
pub async fn announce(store: &Store, changed: &ChangedDataSources, shutdown: &CancellationToken) {
    let mut backoff = Backoff::default();
    // What the leader before us did not get to.
    loop {
        match store.data_sources_with_other_pending_count().await {
            Ok(names) => break changed.add(names),
            Err(error) => {
                backoff.tell_of_store(&error, "pending counts cannot be read");
                backoff.wait(shutdown).await;
            }
        }
    }
    loop {
        changed.added.notified().await;
        tokio::time::sleep(DEBOUNCE).await;
        for name in changed.take() {
            match store.announce_pending_count(&name, store.now()).await {
                Ok(_) => backoff.reset(),
                Err(error) => {
                    backoff.tell_of_store(&error, "pending counts cannot be announced");
                    changed.add([name]);
                    backoff.wait(shutdown).await;
                }
            }
        }
    }
}
