use futures_util::FutureExt;
use pattern_embedded::testing::TestDatabase;
use pattern_store::{Store, jobs::Handler};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

pub async fn database() -> (TestDatabase, Store) {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 10).unwrap();
    store.migrate().await.unwrap();
    (database, store)
}

/// Waits for a condition, and says what was awaited when it does not come.
pub async fn eventually<F, Fut>(what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Succeeds at once, whatever the job.
pub fn idle_handler() -> Handler {
    Arc::new(|_| async { Ok(json!({})) }.boxed())
}
