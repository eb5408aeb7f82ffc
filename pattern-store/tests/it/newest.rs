//! How far samples reach is found without going through a day's table more than once, whatever PostgreSQL knows of
//! the tables: a plan that was good for small ones once took a minute.

use chrono::{DateTime, Duration, TimeZone, Utc};
use pattern_store::{NewPoint, Store, samples::KeyedSample};
use sqlx::Executor;

use crate::support::TestStore;

const IDLE_POINTS: usize = 400;

fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 0, 0, 0).unwrap() + Duration::seconds(seconds)
}

/// How often each day's table was gone through.
async fn scans(store: &Store) -> i64 {
    // What a session has counted shows up late unless it is told to.
    sqlx::raw_sql("select pg_stat_force_next_flush()").execute(store.pool()).await.unwrap();
    sqlx::query_scalar(
        "select coalesce(sum(seq_scan), 0)::bigint from pg_stat_user_tables where relname like 'samples_2026%'",
    )
    .fetch_one(store.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_data_source_without_samples_goes_through_each_hot_day_once() {
    for (rows, analysed) in [(10, false), (10, true), (60_000, false), (60_000, true)] {
        let created = TestStore::create().await;
        // One connection: the counts are those of its session.
        let store = created.with_one_connection();
        let idle: Vec<_> = (0..IDLE_POINTS).map(|i| NewPoint::named(format!("I{i}"))).collect();
        let idle = store.register_points("idle", &idle).await.unwrap().data_source_id;
        let busy = store.register_points("busy", &[NewPoint::named("B")]).await.unwrap();
        let sample = |i| KeyedSample { key: busy.keys["B"], at: at(i), value: i as f64, quality: 0 };
        // Two days that are not sealed.
        store
            .append_samples(&(0..rows).map(|i| sample(i * 172_800 / rows)).collect::<Vec<_>>())
            .await
            .unwrap();
        if analysed {
            store.pool().execute("analyze").await.unwrap();
        }
        let before = scans(&store).await;
        assert_eq!(store.newest_sample(idle).await.unwrap(), None);
        let scans = scans(&store).await - before;
        assert!(scans <= 2, "{scans} scans of two days with {rows} rows, analysed: {analysed}");
        let newest = (rows - 1) * 172_800 / rows;
        assert_eq!(store.newest_sample(busy.data_source_id).await.unwrap(), Some(at(newest)));
    }
}
