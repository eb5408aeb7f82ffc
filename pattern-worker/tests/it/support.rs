use futures_util::FutureExt;
use pattern_embedded::testing::TestDatabase;
use pattern_store::{Store, jobs::Handler};
use serde_json::json;
use std::sync::Arc;

pub async fn database() -> (TestDatabase, Store) {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 10).unwrap();
    store.migrate().await.unwrap();
    (database, store)
}

/// Succeeds at once, whatever the job.
pub fn idle_handler() -> Handler {
    Arc::new(|_| async { Ok(json!({}).into()) }.boxed())
}
