use pattern_embedded::testing::TestDatabase;
use pattern_store::{Store, StoreError, SuggestionFilter};

const COMMAND: &str = "naia-pattern-worker --run-migrations";

#[tokio::test]
async fn an_empty_database_and_an_older_one_name_the_command_that_migrates_them() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 2).unwrap();
    store.wait_until_connected().await.unwrap();
    let asked = store.list_suggestions(&SuggestionFilter::default()).await;
    for told in [store.ping().await.unwrap_err(), asked.unwrap_err()] {
        assert!(matches!(&told, StoreError::NotMigrated(_)), "{told:?}");
        assert!(told.to_string().contains(COMMAND), "{told}");
    }

    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    sqlx::query("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)")
        .execute(store.pool())
        .await
        .unwrap();
    let told = store.ping().await.unwrap_err().to_string();
    assert!(told.contains("older version") && told.contains(COMMAND), "{told}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_serves() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 2).unwrap();
    store.migrate().await.unwrap();
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'later', true, '', 0)",
    )
    .execute(store.pool())
    .await
    .unwrap();
    store.ping().await.unwrap();
}
