//! Measures how long a data source takes to be read as a grid, beside the mathematics of the correlation job: all pairs
//! of the levels, of the high-passed and of the ranks.
//!
//! `NAIA_TEST_POSTGRES=postgres://…/postgres cargo run --release -p pattern-store --example grid_speed [POINTS]`
//!
//! Seven days with a sample every 15 minutes: first all of them sealed, then with half a day that is not.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use pattern_core::{
    domain::Sample,
    series::{frame::Frame, grid::Grid},
};
use pattern_embedded::testing::TestDatabase;
use pattern_equipment::correlation::{CorrelationOptions, correlate, high_pass, rank};
use pattern_store::{NewPoint, Store, samples::KeyedSample};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::time::{Duration as Elapsed, Instant};
use uuid::Uuid;

const DAYS: i64 = 7;
const REPEAT: usize = 5;

#[tokio::main]
async fn main() {
    let points: usize = std::env::args().nth(1).map_or(20_000, |count| count.parse().expect("a number"));
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 8).expect("the url is valid");
    store.migrate().await.expect("migrate");
    let (source, keys) = register(&store, points).await;
    let first = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day");
    let mut plant = Plant { rng: StdRng::seed_from_u64(1), values: vec![0.0; points], keys };

    let begun = Instant::now();
    for day in first.iter_days().take(DAYS as usize) {
        plant.add(&store, day, 96).await;
        store.seal_day(day).await.expect("sealed");
    }
    println!("{points} points, {DAYS} days written and sealed in {:.1?}", begun.elapsed());
    let end = (first + Duration::days(DAYS)).and_hms_opt(0, 0, 0).expect("midnight").and_utc();
    measure("sealed", &store, source, end).await;

    plant.add(&store, end.date_naive(), 48).await;
    measure("half a day not sealed", &store, source, end + Duration::hours(12)).await;
}

async fn measure(what: &str, store: &Store, source: Uuid, end: DateTime<Utc>) {
    let (mut reading, mut correlating) = (Vec::new(), Vec::new());
    for _ in 0..REPEAT {
        let begun = Instant::now();
        let grid = store.read_grid(source, Frame::days(end, DAYS)).await.expect("grid");
        reading.push(begun.elapsed());
        correlating.push(correlated(&grid));
    }
    let (reading, correlating) = (median(reading), median(correlating));
    println!(
        "{what}: read in {reading:.2?}, correlated in {correlating:.2?}: {:.1} times as long",
        reading.as_secs_f64() / correlating.as_secs_f64()
    );
}

fn correlated(grid: &Grid) -> Elapsed {
    let begun = Instant::now();
    let options = CorrelationOptions { threshold: 0.75, ..CorrelationOptions::default() };
    for variant in [grid, &high_pass(grid), &rank(grid)] {
        std::hint::black_box(correlate(variant, &options));
    }
    begun.elapsed()
}

fn median(mut times: Vec<Elapsed>) -> Elapsed {
    times.sort();
    times[times.len() / 2]
}

async fn register(store: &Store, points: usize) -> (Uuid, Vec<i32>) {
    let all: Vec<NewPoint> = (0..points).map(|i| NewPoint::named(format!("T{i:06}"))).collect();
    let registered = store.register_points("plant", &all).await.expect("points");
    (registered.data_source_id, all.iter().map(|point| registered.keys[&point.name]).collect())
}

/// Points that wander each by itself.
struct Plant {
    rng: StdRng,
    values: Vec<f64>,
    keys: Vec<i32>,
}

impl Plant {
    async fn add(&mut self, store: &Store, day: NaiveDate, steps: i64) {
        let midnight = day.and_hms_opt(0, 0, 0).expect("midnight").and_utc();
        for step in 0..steps {
            let at = midnight + Duration::minutes(15 * step);
            let samples: Vec<KeyedSample> = self
                .keys
                .iter()
                .zip(&mut self.values)
                .map(|(key, value)| {
                    *value = 0.9 * *value + self.rng.random_range(-1.0..1.0);
                    // As precise as instruments are.
                    let read = ((100.0 + 10.0 * *value) * 100.0).round() / 100.0;
                    KeyedSample::new(*key, Sample { at, value: read, quality: 0 })
                })
                .collect();
            store.append_samples(&samples).await.expect("samples");
        }
    }
}
