use chrono::{DateTime, Duration, NaiveDate, Utc};
use pattern_core::series::{
    frame::{Frame, PointTimes},
    grid::Grid,
};
use pattern_embedded::testing::until;
use pattern_store::{
    NewPoint, Store,
    samples::{KeyedSample, SealedDay, append_samples},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use uuid::Uuid;

use crate::support::{TestStore, somebody_waits_for_a_lock};

const DAY: i64 = 86_400;

fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).unwrap() + Duration::days(number)
}

/// `seconds` after the midnight that begins day 0.
fn at(seconds: i64) -> DateTime<Utc> {
    day(0).and_hms_opt(0, 0, 0).unwrap().and_utc() + Duration::seconds(seconds)
}

fn sample(key: i32, seconds: i64, value: f64) -> KeyedSample {
    KeyedSample { key, at: at(seconds), value, quality: 0 }
}

async fn register(store: &Store, count: usize) -> (Uuid, Vec<i32>) {
    let names: Vec<String> = (0..count).map(|i| format!("T{i:04}")).collect();
    let points: Vec<_> = names.iter().map(NewPoint::named).collect();
    let registered = store.register_points("plant", &points).await.unwrap();
    (registered.data_source_id, names.iter().map(|name| registered.keys[name]).collect())
}

async fn values(store: &Store, key: i32) -> Vec<(i64, f64)> {
    let series = store.read_samples(&[key], at(-30 * DAY), at(30 * DAY)).await.unwrap();
    series[0].iter().map(|s| ((s.at - at(0)).num_seconds(), s.value)).collect()
}

async fn grid(store: &Store, data_source: Uuid) -> Grid {
    store.read_grid(data_source, Frame::days(at(3 * DAY + 5 * 3_600 + 17), 3)).await.unwrap()
}

fn bits(grid: &Grid) -> Vec<u32> {
    grid.values.iter().map(|v| if v.is_nan() { u32::MAX } else { v.to_bits() }).collect()
}

async fn assert_grid_is(store: &Store, data_source: Uuid, expected: &Grid, when: &str) {
    let found = grid(store, data_source).await;
    assert_eq!(
        (found.start, found.buckets, &found.points),
        (expected.start, expected.buckets, &expected.points)
    );
    let differing = bits(&found).iter().zip(bits(expected)).filter(|(a, b)| **a != *b).count();
    assert_eq!(differing, 0, "buckets differ {when}");
}

/// Irregular series over four days with gaps, bad samples, silent days and duplicates.
fn awkward(keys: &[i32]) -> Vec<KeyedSample> {
    let mut samples = Vec::new();
    let mut state = 7u64;
    let mut random = move |below: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as i64) % below
    };
    for (i, key) in keys.iter().enumerate() {
        let mut time = random(DAY / 2);
        while time < 4 * DAY {
            // Every third point is silent for the whole of day 2: only what it held before goes on.
            if !(i % 3 == 0 && (2 * DAY..3 * DAY).contains(&time)) {
                let quality = if random(20) == 0 { 8 } else { 0 };
                let value = random(1_000) as f64 / 7.0;
                samples.push(KeyedSample { quality, ..sample(*key, time, value) });
            }
            time += 1 + random(if i % 2 == 0 { 900 } else { 20_000 });
        }
    }
    samples
}

#[tokio::test]
async fn the_grid_has_the_same_bits_before_and_after_sealing() {
    let store = TestStore::create().await;
    let (data_source, keys) = register(&store, 12).await;
    store.append_samples(&awkward(&keys)).await.unwrap();
    let hot = grid(&store, data_source).await;
    assert!(hot.values.iter().filter(|v| !v.is_nan()).count() > 1_000, "the grid is not empty");
    let read: Vec<_> = store.read_samples(&keys, at(0), at(5 * DAY)).await.unwrap();

    for number in 0..4 {
        let sealed = store.seal_day(day(number)).await.unwrap();
        assert!(sealed.points > 0 && sealed.samples > 0);
        assert_grid_is(&store, data_source, &hot, &format!("after sealing day {number}")).await;
        assert_eq!(store.read_samples(&keys, at(0), at(5 * DAY)).await.unwrap(), read);
    }
    let left: i64 = sqlx::query_scalar("select count(*) from samples").fetch_one(store.pool()).await.unwrap();
    assert_eq!(left, 0, "hot tables are gone");
}

#[tokio::test]
async fn grids_finer_and_coarser_than_the_kept_means_and_what_is_known_of_times_outlast_sealing() {
    let store = TestStore::create().await;
    let (data_source, keys) = register(&store, 12).await;
    store.append_samples(&awkward(&keys)).await.unwrap();
    let frames = [(60, 600), (7_200, 24)].map(|(bucket_seconds, buckets)| Frame {
        start: at(DAY + 2 * 7_200),
        bucket_seconds,
        buckets,
    });
    let read = async || {
        let mut grids = Vec::new();
        for frame in frames {
            grids.push(bits(&store.read_grid(data_source, frame).await.unwrap()));
        }
        let mut times = store.point_times(data_source, at(-3 * DAY), at(4 * DAY)).await.unwrap();
        times.sort_by_key(|point| (point.first, point.last, point.samples));
        (grids, times)
    };
    let hot = read().await;
    assert!(hot.0.iter().all(|grid| grid.iter().filter(|bits| **bits != u32::MAX).count() > 100));
    assert_eq!(hot.1.len(), 12);
    let total: usize =
        store.read_samples(&keys, at(0), at(5 * DAY)).await.unwrap().iter().map(Vec::len).sum();
    assert_eq!(hot.1.iter().map(|point| point.samples).sum::<i64>(), total as i64);
    for number in [1, 0, 3, 2] {
        store.seal_day(day(number)).await.unwrap();
        assert_eq!(read().await, hot, "after sealing day {number}");
    }
}

#[tokio::test]
async fn the_times_of_the_few_points_that_have_samples_are_found_among_many() {
    let store = TestStore::create().await;
    let (data_source, keys) = register(&store, 1_500).await;
    let few: Vec<KeyedSample> = (0..10).map(|second| sample(keys[1], second, 1.0)).collect();
    store.append_samples(&few).await.unwrap();
    let times = store.point_times(data_source, at(-7 * DAY), at(10)).await.unwrap();
    assert_eq!(times, [PointTimes { first: at(0), last: at(9), samples: 10 }]);
}

#[tokio::test]
async fn of_long_data_only_sealed_days_are_looked_at() {
    let store = TestStore::create().await;
    let (data_source, keys) = register(&store, 3).await;
    let every_hour =
        |hour: i64| keys.iter().map(move |key| sample(*key, hour * 3_600, 1.0)).collect::<Vec<_>>();
    store.append_samples(&(0..72).flat_map(every_hour).collect::<Vec<_>>()).await.unwrap();
    for number in 0..3 {
        store.seal_day(day(number)).await.unwrap();
    }
    let times = store.point_times(data_source, at(DAY), at(4 * DAY)).await.unwrap();
    // Two sealed days of 24 samples, and another day as they were.
    assert_eq!(times, [PointTimes { first: at(DAY), last: at(4 * DAY), samples: 72 }; 3]);
}

#[tokio::test]
async fn the_order_in_which_days_are_sealed_does_not_matter() {
    let store = TestStore::create().await;
    let (data_source, keys) = register(&store, 9).await;
    store.append_samples(&awkward(&keys)).await.unwrap();
    let hot = grid(&store, data_source).await;
    for number in [2, 0, 3, 1] {
        store.seal_day(day(number)).await.unwrap();
        assert_grid_is(&store, data_source, &hot, &format!("after sealing day {number}")).await;
    }
}

#[tokio::test]
async fn late_samples_of_sealed_days_count_before_and_after_they_are_merged() {
    let (late_store, early_store) = (TestStore::create().await, TestStore::create().await);
    let (late_source, keys) = register(&late_store, 9).await;
    let (early_source, _) = register(&early_store, 9).await;
    let on_time = awkward(&keys);
    // Corrections, new times, and last samples of a day, which change the day after.
    let mut late: Vec<_> = on_time.iter().step_by(37).map(|s| KeyedSample { value: -1.0, ..*s }).collect();
    late.extend(keys.iter().step_by(2).map(|key| sample(*key, 2 * DAY - 1, 55.5)));
    late.extend(keys.iter().step_by(4).map(|key| KeyedSample { quality: 1, ..sample(*key, DAY - 1, 0.0) }));

    early_store.append_samples(&on_time).await.unwrap();
    early_store.append_samples(&late).await.unwrap();
    let expected = grid(&early_store, early_source).await;

    late_store.append_samples(&on_time).await.unwrap();
    for number in 0..3 {
        late_store.seal_day(day(number)).await.unwrap();
    }
    let appended = late_store.append_samples(&late).await.unwrap();
    assert!(appended.late > 0 && appended.hot > 0, "day 3 is still hot: {appended:?}");
    assert_grid_is(&late_store, late_source, &expected, "while samples are late").await;

    let days = late_store.days_to_seal(at(4 * DAY), Duration::hours(12)).await.unwrap();
    assert_eq!(days, [day(0), day(1), day(2)], "days with late samples are sealed again");
    for number in days {
        assert!(late_store.seal_day(number).await.unwrap().late > 0);
    }
    assert_grid_is(&late_store, late_source, &expected, "after they were merged").await;
    for (a, b) in keys.iter().zip(register(&early_store, 9).await.1) {
        assert_eq!(values(&late_store, *a).await, values(&early_store, b).await);
    }
    assert_eq!(late_store.seal_day(day(0)).await.unwrap(), SealedDay::default(), "nothing is left to merge");
}

#[tokio::test]
async fn the_last_duplicate_wins_in_hot_late_and_sealed_samples() {
    let store = TestStore::create().await;
    let key = register(&store, 1).await.1[0];
    store.append_samples(&[sample(key, 10, 1.0), sample(key, 20, 1.0), sample(key, 30, 1.0)]).await.unwrap();
    store.append_samples(&[sample(key, 20, 2.0), sample(key, 30, 2.0)]).await.unwrap();
    assert_eq!(values(&store, key).await, [(10, 1.0), (20, 2.0), (30, 2.0)]);
    store.seal_day(day(0)).await.unwrap();
    assert_eq!(values(&store, key).await, [(10, 1.0), (20, 2.0), (30, 2.0)]);
    assert_eq!(store.append_samples(&[sample(key, 30, 3.0)]).await.unwrap().late, 1);
    store.append_samples(&[sample(key, 30, 4.0), sample(key, 40, 4.0)]).await.unwrap();
    assert_eq!(values(&store, key).await, [(10, 1.0), (20, 2.0), (30, 4.0), (40, 4.0)]);
    store.seal_day(day(0)).await.unwrap();
    assert_eq!(values(&store, key).await, [(10, 1.0), (20, 2.0), (30, 4.0), (40, 4.0)]);
}

#[tokio::test]
async fn a_large_day_is_sealed_again_in_parts_and_loses_nothing() {
    let store = TestStore::create().await;
    let keys = register(&store, 7).await.1;
    let all_at = |second, value| keys.iter().map(|key| sample(*key, second, value)).collect::<Vec<_>>();
    store.append_samples(&all_at(10, 1.0)).await.unwrap();
    assert_eq!(store.seal_day(day(0)).await.unwrap().parts, 1);
    assert_eq!(store.append_samples(&all_at(20, 2.0)).await.unwrap().late, 7);
    // As if it had filled a plant's day.
    sqlx::query("update sample_blocks set count = 1000000").execute(store.pool()).await.unwrap();
    let sealed = store.seal_day(day(0)).await.unwrap();
    assert!(sealed.parts > 1, "{sealed:?}");
    assert_eq!((sealed.points, sealed.samples, sealed.late), (7, 14, 7));
    for key in keys {
        assert_eq!(values(&store, key).await, [(10, 1.0), (20, 2.0)]);
    }
}

#[tokio::test]
async fn an_import_knows_what_is_sealed() {
    let store = TestStore::create().await;
    let key = register(&store, 1).await.1[0];
    let samples: Vec<_> = (0..200).map(|i| sample(key, i * 1_000, i as f64)).collect();
    store.insert_new_samples(&samples).await.unwrap();
    store.seal_day(day(0)).await.unwrap();
    let again = store.insert_new_samples(&samples).await.unwrap();
    assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 200));
    assert_eq!(store.seal_day(day(0)).await.unwrap(), SealedDay::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sealing_while_samples_come_in_loses_none_that_was_acknowledged() {
    let store = TestStore::create().await;
    let keys = register(&store, 4).await.1;
    store.append_samples(&[sample(keys[0], 0, 0.0)]).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged_of_one = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = keys
        .iter()
        .map(|key| {
            let (store, stop, key) = (store.clone(), stop.clone(), *key);
            let count = (key == keys[1]).then(|| acknowledged_of_one.clone());
            tokio::spawn(async move {
                let (mut acknowledged, mut late) = (Vec::new(), 0);
                while !stop.load(Ordering::Relaxed) {
                    let next = acknowledged.len() as i64 + 1;
                    let appended = store.append_samples(&[sample(key, next, next as f64)]).await.unwrap();
                    late += appended.late;
                    acknowledged.push((next, next as f64));
                    if let Some(count) = &count {
                        count.store(acknowledged.len(), Ordering::SeqCst);
                    }
                }
                (acknowledged, late)
            })
        })
        .collect();
    let reader = tokio::spawn({
        let (store, stop, key) = (store.clone(), stop.clone(), keys[1]);
        async move {
            while !stop.load(Ordering::Relaxed) {
                let acknowledged = acknowledged_of_one.load(Ordering::SeqCst);
                let seen = values(&store, key).await;
                let complete = seen.iter().enumerate().all(|(i, (second, _))| *second == i as i64 + 1);
                assert!(complete && seen.len() >= acknowledged, "a reader missed a sample");
            }
        }
    });
    // Sealed again and again while they write and read.
    let mut merged = 0;
    for _ in 0..150 {
        merged += store.seal_day(day(0)).await.unwrap().late;
    }
    stop.store(true, Ordering::Relaxed);
    reader.await.unwrap();
    let mut late = 0;
    for (writer, key) in writers.into_iter().zip(&keys) {
        let (acknowledged, written_late) = writer.await.unwrap();
        late += written_late;
        let mut stored = values(&store, *key).await;
        stored.retain(|(second, _)| *second > 0);
        assert_eq!(stored, acknowledged);
    }
    assert!(merged > 0 && late >= merged, "sealing and writing met: {merged} of {late} late samples merged");
    store.seal_day(day(0)).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("select count(*) from late_samples").fetch_one(store.pool()).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn sealing_waits_for_a_batch_that_is_being_written() {
    let store = TestStore::create().await;
    let key = register(&store, 1).await.1[0];
    store.append_samples(&[sample(key, 1, 1.0)]).await.unwrap();
    let mut batch = store.pool().begin().await.unwrap();
    assert_eq!(append_samples(&mut batch, &[sample(key, 2, 2.0)]).await.unwrap().hot, 1);

    let sealing = spawn_sealing(&store);
    until("somebody waits for a lock", || somebody_waits_for_a_lock(&store)).await;
    batch.commit().await.unwrap();
    assert_eq!(sealing.await.unwrap().samples, 2);
    assert_eq!(values(&store, key).await, [(1, 1.0), (2, 2.0)]);
}

#[tokio::test]
async fn a_batch_does_not_wait_for_a_sealing() {
    let store = TestStore::create().await;
    let key = register(&store, 1).await.1[0];
    store.append_samples(&[sample(key, 1, 1.0)]).await.unwrap();
    // Whoever reads the hot table keeps the sealing from its last step.
    let mut reader = store.pool().begin().await.unwrap();
    sqlx::query("select * from samples_20260302").fetch_all(&mut *reader).await.unwrap();
    let sealing = spawn_sealing(&store);
    until("somebody waits for a lock", || somebody_waits_for_a_lock(&store)).await;

    let appended = store.append_samples(&[sample(key, 1, 5.0), sample(key, 2, 2.0)]).await.unwrap();
    assert_eq!((appended.hot, appended.late), (0, 2));
    reader.commit().await.unwrap();
    assert_eq!(sealing.await.unwrap().samples, 1);
    assert_eq!(values(&store, key).await, [(1, 5.0), (2, 2.0)]);
}

fn spawn_sealing(store: &Store) -> tokio::task::JoinHandle<SealedDay> {
    let store = store.clone();
    tokio::spawn(async move { store.seal_day(day(0)).await.unwrap() })
}

#[tokio::test]
async fn only_days_that_are_over_for_long_enough_are_sealed() {
    let store = TestStore::create().await;
    let key = register(&store, 1).await.1[0];
    let samples: Vec<_> = (0..3).map(|number| sample(key, number * DAY, 1.0)).collect();
    store.append_samples(&samples).await.unwrap();
    let at_noon = at(2 * DAY + DAY / 2);
    assert_eq!(store.days_to_seal(at_noon, Duration::hours(36)).await.unwrap(), [day(0)]);
    assert_eq!(store.days_to_seal(at_noon, Duration::hours(12)).await.unwrap(), [day(0), day(1)]);
    assert_eq!(store.days_to_seal(at_noon, Duration::hours(13)).await.unwrap(), [day(0)]);
}
