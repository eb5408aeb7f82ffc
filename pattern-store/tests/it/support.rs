use pattern_embedded::testing::TestDatabase;
use pattern_store::Store;
use std::ops::Deref;

/// A store on an empty database of its own.
pub struct TestStore {
    store: Store,
    _database: TestDatabase,
}

impl TestStore {
    pub async fn create() -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 10).unwrap();
        store.migrate().await.unwrap();
        Self { store, _database: database }
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}
