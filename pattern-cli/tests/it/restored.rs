//! A dump, restored, and `naia restored` after it.

use pattern_embedded::testing::TestDatabase;
use pattern_store::{NewPoint, Store, samples::KeyedSample};
use std::path::Path;
use tokio::process::Command;

use crate::program::naia;

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_dump_is_announced_and_the_stream_begins_anew() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 2).unwrap();
    let unknown = naia(&["restored", "--postgres", &database.url]).output().await.unwrap();
    let problem = String::from_utf8(unknown.stderr).unwrap();
    assert!(!unknown.status.success() && problem.contains("--run-migrations"), "{problem}");

    store.migrate().await.unwrap();
    let before = store.stream_top().await.unwrap().position;
    let output = naia(&["restored", "--postgres", &database.url]).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let after = store.stream_top().await.unwrap().position;
    assert_ne!(before.epoch, after.epoch);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        format!("the event stream begins anew at {after}; browsers and other clients load again\n")
    );
}

/// Rows of every table, as `schema.table=count`.
async fn counts(store: &Store) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables
         where schemaname in ('public', 'apalis') order by 1",
    )
    .fetch_all(store.pool())
    .await
    .unwrap();
    let mut counts = Vec::new();
    for table in tables {
        let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let rows: i64 = sqlx::query_scalar(count).fetch_one(store.pool()).await.unwrap();
        counts.push(format!("{table}={rows}"));
    }
    counts
}

async fn run(program: &str, arguments: &[&str], file: &Path) {
    let output = Command::new(program).args(arguments).arg(file).output().await.unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_brings_everything_back_and_goes_on_where_it_was() {
    let (before, after) = (TestDatabase::create().await, TestDatabase::create().await);
    let store = Store::connect_lazy(&before.url, 2).unwrap();
    pattern_service::prepare_database(&store).await.unwrap();
    let points = [NewPoint::named("P-101.FLOW")];
    let registered = store.register_points("plant", &points).await.unwrap();
    let now = store.database_time().await.unwrap();
    let sample = KeyedSample { key: registered.keys["P-101.FLOW"], at: now, value: 7.0, quality: 0 };
    store.append_samples(&[sample]).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("naia.dump");
    run("pg_dump", &["-Fc", "-d", &before.url, "-f"], &dump).await;
    run("pg_restore", &["--no-owner", "--exit-on-error", "-d", &after.url], &dump).await;
    let restored = Store::connect_lazy(&after.url, 2).unwrap();
    restored.wait_until_ready().await.unwrap();
    let (was, is) = (counts(&store).await, counts(&restored).await);
    assert!(was.len() > 30 && was.iter().any(|count| count.ends_with("=1")), "{was:?}");
    assert_eq!(was, is);
    // Partitions, identities and triggers came back too: it takes another day, and the log still only grows.
    pattern_service::prepare_database(&restored).await.unwrap();
    let sample = KeyedSample { at: now - chrono::TimeDelta::days(3), ..sample };
    restored.append_samples(&[sample]).await.unwrap();
    restored.renew_epoch("test").await.unwrap();
    assert!(sqlx::query("delete from audit_log").execute(restored.pool()).await.is_err());
}
