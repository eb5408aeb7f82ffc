use chrono::{DateTime, Duration, NaiveDate, Utc};
use pattern_core::series::frame::Frame;
use pattern_store::{
    NewPoint, Store,
    samples::{KeptFrom, KeyedSample, PrunedSamples},
};
use uuid::Uuid;

use crate::support::TestStore;

fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).unwrap() + Duration::days(number)
}

fn at(day_number: i64, seconds: i64) -> DateTime<Utc> {
    day(day_number).and_hms_opt(0, 0, 0).unwrap().and_utc() + Duration::seconds(seconds)
}

/// Four sealed days of one point.
async fn sealed_days(store: &Store) -> (Uuid, i32) {
    let registered = store.register_points("plant", &[NewPoint::named("T")]).await.unwrap();
    let key = registered.keys["T"];
    for number in 0..4 {
        let samples: Vec<_> = (0..96)
            .map(|i| KeyedSample { key, at: at(number, i * 900), value: i as f64, quality: 0 })
            .collect();
        store.append_samples(&samples).await.unwrap();
        store.seal_day(day(number)).await.unwrap();
    }
    (registered.data_source_id, key)
}

async fn samples_by_day(store: &Store, key: i32) -> Vec<usize> {
    let mut counts = Vec::new();
    for number in 0..4 {
        counts.push(store.read_samples(&[key], at(number, 0), at(number + 1, 0)).await.unwrap()[0].len());
    }
    counts
}

async fn known_means(store: &Store, source: Uuid) -> usize {
    let grid = store.read_grid(source, Frame::days(at(4, 0), 4)).await.unwrap();
    grid.values.iter().filter(|value| value.is_finite()).count()
}

#[tokio::test]
async fn nothing_is_let_go_of_unless_it_is_configured() {
    let store = TestStore::create().await;
    let (_, key) = sealed_days(&store).await;
    assert_eq!(store.prune_samples(KeptFrom::default()).await.unwrap(), PrunedSamples::default());
    assert_eq!(samples_by_day(&store, key).await, [96; 4]);
}

#[tokio::test]
async fn samples_and_means_are_let_go_of_each_at_its_time() {
    let store = TestStore::create().await;
    let (source, key) = sealed_days(&store).await;
    let kept_from = KeptFrom { samples: Some(day(2)), means: Some(day(1)) };
    let pruned = store.prune_samples(kept_from).await.unwrap();
    assert_eq!((pruned.sample_blocks, pruned.rollup_blocks), (2, 1));
    assert!(pruned.bytes > 0);
    assert_eq!(samples_by_day(&store, key).await, [0, 0, 96, 96]);
    assert_eq!(known_means(&store, source).await, 3 * 96);
    assert_eq!(store.prune_samples(kept_from).await.unwrap(), PrunedSamples::default());
}

#[tokio::test]
async fn what_comes_late_for_a_day_without_samples_does_not_harm_its_means() {
    let store = TestStore::create().await;
    let (source, key) = sealed_days(&store).await;
    store.prune_samples(KeptFrom { samples: Some(day(2)), means: None }).await.unwrap();
    let late = [KeyedSample { key, at: at(1, 7), value: 1e6, quality: 0 }];
    assert_eq!(store.append_samples(&late).await.unwrap().late, 1);

    assert_eq!(store.days_to_seal(at(5, 0), Duration::hours(1)).await.unwrap(), [day(1)]);
    assert_eq!(store.seal_day(day(1)).await.unwrap().dropped, 1);
    assert_eq!(store.days_to_seal(at(5, 0), Duration::hours(1)).await.unwrap(), []);
    let grid = store.read_grid(source, Frame::days(at(4, 0), 4)).await.unwrap();
    assert_eq!(grid.values.iter().filter(|value| value.is_finite()).count(), 4 * 96);
    assert!(grid.values.iter().all(|value| *value < 1e5));
}

#[tokio::test]
async fn samples_of_a_day_that_is_gone_make_it_a_day_again() {
    let store = TestStore::create().await;
    let (_, key) = sealed_days(&store).await;
    store.prune_samples(KeptFrom { samples: Some(day(1)), means: Some(day(1)) }).await.unwrap();
    let again = [KeyedSample { key, at: at(0, 7), value: 1.0, quality: 0 }];
    assert_eq!(store.append_samples(&again).await.unwrap().hot, 1);
    assert_eq!(samples_by_day(&store, key).await, [1, 96, 96, 96]);
}

#[tokio::test]
async fn samples_of_hundreds_of_past_days_make_a_bounded_number_of_tables() {
    let store = TestStore::create().await;
    let registered = store.register_points("plant", &[NewPoint::named("T")]).await.unwrap();
    let key = registered.keys["T"];
    let samples: Vec<_> = (0..300)
        .map(|number| KeyedSample { key, at: at(-number, 7), value: number as f64, quality: 0 })
        .collect();
    store.append_samples(&samples).await.unwrap();
    let tables = "select count(*) from pg_tables where tablename like 'samples_2%'";
    let count: i64 = sqlx::query_scalar(tables).fetch_one(store.pool()).await.unwrap();
    assert!((1..210).contains(&count), "{count} tables");
    let read = async || store.read_samples(&[key], at(-299, 0), at(1, 0)).await.unwrap()[0].len();
    assert_eq!(read().await, 300);

    // The newest day has a table whatever there is, and sealing takes all in.
    let today = [KeyedSample { key, at: at(1, 7), value: 1.0, quality: 0 }];
    assert_eq!(store.append_samples(&today).await.unwrap().hot, 1);
    for day in store.days_to_seal(at(9, 0), Duration::hours(1)).await.unwrap() {
        store.seal_day(day).await.unwrap();
    }
    assert_eq!(store.days_to_seal(at(9, 0), Duration::hours(1)).await.unwrap(), []);
    assert_eq!(read().await, 300);
    let late: i64 =
        sqlx::query_scalar("select count(*) from late_samples").fetch_one(store.pool()).await.unwrap();
    assert_eq!(late, 0);
}
