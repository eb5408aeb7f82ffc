use futures_util::future::join_all;
use pattern_embedded::testing::{PgBouncer, TestDatabase, private_folder};
use pattern_store::{NewPoint, Store};
use std::time::Duration;

use super::refusal;

#[tokio::test]
async fn a_pooler_that_mixes_up_prepared_statements_is_refused_with_what_to_do() {
    let (database, folder) = (TestDatabase::create().await, private_folder("mixing"));
    Store::connect_lazy(&database.url, 2).unwrap().migrate().await.unwrap();
    for pool_size in [1, 5] {
        // What Debian's own release does by itself, newer ones have to be told to.
        let settings = format!("pool_mode = transaction\ndefault_pool_size = {pool_size}");
        let pooler = PgBouncer::start_without_tracking(folder.path(), &database.url, &settings).await;
        let told = refusal(&pooler.url(&database.url)).await;
        assert!(told.contains("max_prepared_statements") && told.contains("pool_mode = session"), "{told}");
        // A direct URL does not help there.
        let store = Store::connect_lazy_beside(&pooler.url(&database.url), Some(&database.url), 2).unwrap();
        store.wait_until_connected().await.unwrap_err();
        assert!(store.data_source("plant").await.is_err(), "nothing is ever asked through it");
    }
}

#[tokio::test]
async fn a_pooler_in_session_mode_serves_as_postgres_does() {
    let (database, folder) = (TestDatabase::create().await, private_folder("sessions"));
    let pooler = PgBouncer::start(folder.path(), &database.url, "pool_mode = session").await;
    let store = Store::connect_lazy(&pooler.url(&database.url), 4).unwrap();
    store.wait_until_connected().await.unwrap();
    store.migrate().await.unwrap();
    store.wait_until_ready().await.unwrap();
    store.register_points("plant", &[NewPoint::named("a")]).await.unwrap();
    hears_itself(&store).await;
}

#[tokio::test]
async fn a_pooler_that_keeps_prepared_statements_apart_serves_with_a_direct_url_beside_it() {
    let (database, folder) = (TestDatabase::create().await, private_folder("tracking"));
    let settings = "pool_mode = transaction\ndefault_pool_size = 3\nmax_prepared_statements = 200";
    let Some(pooler) = PgBouncer::start_tracking(folder.path(), &database.url, settings).await else {
        eprintln!(
            "left out: the installed PgBouncer is older than 1.21; NAIA_PGBOUNCER may name another one"
        );
        return;
    };
    let url = pooler.url(&database.url);
    let alone = refusal(&url).await;
    assert!(alone.contains("postgres.direct_url"), "{alone}");
    let twice = Store::connect_lazy_beside(&url, Some(&url), 2).unwrap();
    let twice = twice.wait_until_connected().await.unwrap_err().to_string();
    assert!(twice.contains("postgres.direct_url leads to a pooler"), "{twice}");

    let store = Store::connect_lazy_beside(&url, Some(&database.url), 8).unwrap();
    store.wait_until_connected().await.unwrap();
    store.migrate().await.unwrap();
    store.wait_until_ready().await.unwrap();
    let names: Vec<String> = (0..40).map(|i| format!("plant-{i}")).collect();
    let points = [NewPoint::named("a"), NewPoint::named("b")];
    let registered = join_all(names.iter().map(|name| store.register_points(name, &points))).await;
    assert!(registered.iter().all(|outcome| outcome.is_ok()), "{registered:?}");
    let found = join_all(names.iter().map(|name| store.data_source(name))).await;
    for (name, found) in names.iter().zip(found) {
        assert_eq!(&found.unwrap().unwrap().name, name);
    }
    hears_itself(&store).await;
}

async fn hears_itself(store: &Store) {
    let mut listener = store.listener("test", Duration::from_secs(60));
    assert_eq!(listener.wait().await, None, "it listens");
    sqlx::query("select pg_notify('test', 'news')").execute(store.pool()).await.unwrap();
    assert_eq!(listener.wait().await.as_deref(), Some("news"));
}
