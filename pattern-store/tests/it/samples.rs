use chrono::{DateTime, Duration, TimeZone, Utc};
use pattern_embedded::testing::until;
use pattern_store::{NewPoint, Store, samples::KeyedSample};

use crate::support::{TestStore, somebody_waits_for_a_lock};

const DAY: i64 = 86_400;

fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 0, 0, 0).unwrap() + Duration::seconds(seconds)
}

fn sample(key: i32, seconds: i64, value: f64) -> KeyedSample {
    KeyedSample { key, at: at(seconds), value, quality: 0 }
}

async fn register(store: &Store, names: &[&str]) -> Vec<i32> {
    let points: Vec<_> = names.iter().map(|name| NewPoint::named(*name)).collect();
    let registered = store.register_points("plant", &points).await.unwrap();
    names.iter().map(|name| registered.keys[*name]).collect()
}

async fn values(store: &Store, key: i32) -> Vec<f64> {
    let series = store.read_samples(&[key], at(-DAY), at(3 * DAY)).await.unwrap();
    series[0].iter().map(|s| s.value).collect()
}

#[tokio::test]
async fn samples_of_several_days_are_read_back_by_point_and_in_order_of_time() {
    let store = TestStore::create().await;
    let keys = register(&store, &["A", "B"]).await;
    let samples = [
        sample(keys[1], 90_000, 4.0),
        sample(keys[0], 5, 2.0),
        sample(keys[0], 1, 1.0),
        sample(keys[0], 90_001, 3.0),
    ];
    assert_eq!(store.append_samples(&samples).await.unwrap().hot, 4);

    let series = store.read_samples(&[keys[1], 999, keys[0]], at(1), at(90_001)).await.unwrap();
    let values: Vec<Vec<f64>> = series.iter().map(|s| s.iter().map(|s| s.value).collect()).collect();
    assert_eq!(values, [vec![4.0], vec![], vec![1.0, 2.0]]);
}

#[tokio::test]
async fn the_last_of_several_samples_with_the_same_time_wins() {
    let store = TestStore::create().await;
    let key = register(&store, &["A"]).await[0];
    store.append_samples(&[sample(key, 1, 1.0), sample(key, 1, 2.0), sample(key, 0, 0.0)]).await.unwrap();
    assert_eq!(values(&store, key).await, [0.0, 2.0]);
    store.append_samples(&[sample(key, 0, 5.0)]).await.unwrap();
    assert_eq!(values(&store, key).await, [5.0, 2.0]);
}

#[tokio::test]
async fn a_second_import_changes_nothing() {
    let store = TestStore::create().await;
    let key = register(&store, &["A"]).await[0];
    let samples: Vec<_> = (0..500).map(|i| sample(key, i * 600, i as f64)).collect();

    let first = store.insert_new_samples(&samples).await.unwrap();
    assert_eq!((first.new, first.unchanged, first.changed), (500, 0, 0));
    let second = store.insert_new_samples(&samples).await.unwrap();
    assert_eq!((second.new, second.unchanged, second.changed), (0, 500, 0));

    let rows: i64 = sqlx::query_scalar("select count(*) from samples").fetch_one(store.pool()).await.unwrap();
    assert_eq!(rows, 500, "nothing was written twice");
}

#[tokio::test]
async fn an_import_with_a_corrected_value_replaces_it() {
    let store = TestStore::create().await;
    let key = register(&store, &["A"]).await[0];
    store.insert_new_samples(&[sample(key, 0, 1.0), sample(key, 60, 2.0)]).await.unwrap();
    let again = [sample(key, 0, 1.0), sample(key, 60, 2.5), sample(key, 120, 3.0), sample(key, 120, 3.5)];
    let inserted = store.insert_new_samples(&again).await.unwrap();
    assert_eq!((inserted.new, inserted.unchanged, inserted.changed, inserted.repeated), (1, 1, 1, 1));
    assert_eq!(values(&store, key).await, [1.0, 2.5, 3.5]);
}

#[tokio::test]
async fn many_writers_make_the_same_new_days_without_a_conflict() {
    let store = TestStore::create().await;
    let key = register(&store, &["A"]).await[0];
    let writers = (0..8i64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let samples: Vec<_> = (0..3i64).map(|day| sample(key, day * 86_400 + writer, 1.0)).collect();
            store.append_samples(&samples).await.unwrap()
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        assert_eq!(writer.await.unwrap().hot, 3);
    }
    assert_eq!(values(&store, key).await.len(), 24);
}

#[tokio::test]
async fn a_read_that_is_dropped_half_way_leaves_no_connection_that_answers_wrong() {
    let store = TestStore::create().await;
    let key = register(&store, &["A"]).await[0];
    store.append_samples(&[sample(key, 1, 1.0)]).await.unwrap();
    let mut holder = store.pool().begin().await.unwrap();
    sqlx::raw_sql("lock table samples_20260302").execute(&mut *holder).await.unwrap();

    let one = store.with_one_connection();
    {
        let keys = [key];
        let reading = one.read_samples(&keys, at(0), at(10));
        tokio::select! {
            _ = reading => panic!("the table is locked"),
            () = until("the copy waits", || somebody_waits_for_a_lock(&store)) => {}
        }
    }
    holder.rollback().await.unwrap();
    for asked in 1..=3 {
        let answer: i32 = sqlx::query_scalar("select $1").bind(asked).fetch_one(one.pool()).await.unwrap();
        assert_eq!(answer, asked);
    }
    assert_eq!(values(&one, key).await, [1.0]);
}

#[tokio::test]
async fn the_newest_sample_is_found_whether_it_is_hot_sealed_or_late() {
    let store = TestStore::create().await;
    let key = register(&store, &["A"]).await[0];
    let plant = store.data_source("plant").await.unwrap().unwrap().id;
    let other = store.register_points("other", &[NewPoint::named("B")]).await.unwrap();
    let newest = async |source| store.newest_sample(source).await.unwrap();
    assert_eq!(newest(plant).await, None);

    store.append_samples(&[sample(key, 5, 1.0), sample(key, DAY + 7, 1.0)]).await.unwrap();
    assert_eq!((newest(plant).await, newest(other.data_source_id).await), (Some(at(DAY + 7)), None));
    store.seal_day(at(0).date_naive()).await.unwrap();
    assert_eq!(newest(plant).await, Some(at(DAY + 7)));
    store.seal_day(at(DAY).date_naive()).await.unwrap();
    assert_eq!(newest(plant).await, Some(at(DAY)), "of a sealed day its beginning");

    // Another data source's first samples, for a day that is sealed already.
    store.append_samples(&[sample(other.keys["B"], 9, 1.0)]).await.unwrap();
    assert_eq!(newest(other.data_source_id).await, Some(at(9)));
    assert_eq!(newest(plant).await, Some(at(DAY)));
}

#[tokio::test]
async fn points_are_read_in_as_few_turns_as_memory_allows() {
    let store = TestStore::create().await;
    let key = register(&store, &["A"]).await[0];
    store.append_samples(&[sample(key, 5, 1.0)]).await.unwrap();
    let per_read = async || store.points_per_read(at(0), at(DAY), 50_000).await.unwrap();
    assert_eq!(per_read().await, 50_000);
    store.seal_day(at(0).date_naive()).await.unwrap();
    // As if it had filled a plant's day.
    sqlx::query("update sample_blocks set count = 100000000").execute(store.pool()).await.unwrap();
    assert!((1_000..5_000).contains(&per_read().await), "{}", per_read().await);
}
