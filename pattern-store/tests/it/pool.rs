//! The connections that everything shares.

use futures_util::FutureExt;
use pattern_embedded::testing::TestDatabase;
use pattern_store::Store;
use sqlx::Connection;

#[tokio::test]
async fn who_is_dropped_while_it_begins_leaves_no_transaction_to_the_next() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 1).expect("store");
    sqlx::query("create table seen (n int)").execute(store.pool()).await.expect("table");
    for n in 0..20 {
        let mut connection = store.pool().acquire().await.expect("connection");
        // The first look sends it; the answer takes longer, and is not waited for.
        let looked = connection.begin_with("begin; select pg_sleep(0.02)").now_or_never();
        assert!(looked.is_none());
        drop(looked);
        drop(connection);
        sqlx::query("insert into seen values ($1)").bind(n).execute(store.pool()).await.expect("insert");
    }
    let elsewhere = Store::connect_lazy(&database.url, 1).expect("store");
    let seen: i64 =
        sqlx::query_scalar("select count(*) from seen").fetch_one(elsewhere.pool()).await.expect("count");
    assert_eq!(seen, 20, "what was written is committed");
}
