//! The connections that everything shares.

use futures_util::FutureExt;
use pattern_embedded::testing::TestDatabase;
use pattern_store::Store;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::time::Duration;
use uuid::Uuid;

#[tokio::test]
async fn who_is_dropped_while_it_begins_leaves_no_transaction_to_the_next() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 1).expect("store");
    sqlx::query("create table seen (n int)").execute(store.pool()).await.expect("table");
    let mut holder = PgConnection::connect(&database.url).await.expect("connection");
    for n in 0..20 {
        holder.execute("select pg_advisory_lock(1)").await.expect("lock");
        let mut connection = store.pool().acquire().await.expect("connection");
        // The first look sends it; there is no answer while the lock is held.
        let looked = connection.begin_with("begin; select pg_advisory_xact_lock(1)").now_or_never();
        assert!(looked.is_none());
        drop(looked);
        drop(connection);
        holder.execute("select pg_advisory_unlock(1)").await.expect("unlock");
        sqlx::query("insert into seen values ($1)").bind(n).execute(store.pool()).await.expect("insert");
    }
    let elsewhere = Store::connect_lazy(&database.url, 1).expect("store");
    let seen: i64 =
        sqlx::query_scalar("select count(*) from seen").fetch_one(elsewhere.pool()).await.expect("count");
    assert_eq!(seen, 20, "what was written is committed");
}

#[tokio::test]
async fn where_the_server_has_no_slot_left_it_is_said_so() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 1).expect("store");
    let role = format!("crowded_{}", Uuid::new_v4().simple());
    let make = format!("create role {role} login connection limit 2");
    sqlx::query(AssertSqlSafe(make)).execute(store.pool()).await.expect("role");
    let mark = if database.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{mark}user={role}", database.url);

    let mut others = Vec::new();
    while let Ok(other) = PgConnection::connect(&url).await {
        others.push(other);
    }
    let crowded = Store::connect_lazy(&url, 1).expect("store").apart(Duration::from_millis(300));
    let problem = crowded.ping().await.expect_err("there is no other slot");
    assert!(problem.to_string().contains("too many connections"), "{problem}");
    for other in others {
        other.close().await.expect("closed");
    }
    sqlx::query(AssertSqlSafe(format!("drop role {role}"))).execute(store.pool()).await.expect("dropped");
}
