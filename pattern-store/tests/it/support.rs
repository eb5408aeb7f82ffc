use pattern_embedded::testing::TestDatabase;
use pattern_store::Store;
use std::ops::Deref;

/// A store on an empty database of its own.
pub struct TestStore {
    store: Store,
    database: TestDatabase,
}

impl TestStore {
    pub async fn create() -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 10).unwrap();
        store.migrate().await.unwrap();
        Self { store, database }
    }

    /// Another pool on the same database.
    pub fn with_one_connection(&self) -> Store {
        Store::connect_lazy(&self.database.url, 1).unwrap()
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

pub async fn somebody_waits_for_a_lock(store: &Store) -> bool {
    sqlx::query_scalar(
        "select exists (select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock')",
    )
    .fetch_one(store.pool())
    .await
    .unwrap()
}
