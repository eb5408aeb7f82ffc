//! Measures how long it takes to append samples: small batches, ordinary ones, and a backfill of many days.
//!
//! `target/debug/with-test-servers --postgres-only cargo run --release -p pattern-store --example append_speed`

use chrono::{DateTime, Duration, Utc};
use pattern_embedded::testing::TestDatabase;
use pattern_store::{Store, samples::KeyedSample};
use std::time::Instant;

/// As many as the ingest takes at once: about 8 MB of rows.
const ORDINARY: i64 = 150_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDatabase::create().await;
    let url = std::env::args().nth(1).unwrap_or_else(|| database.url.clone());
    println!("postgres {url}");
    let store = Store::connect_lazy(&url, 4)?;
    store.migrate().await?;
    let today = Utc::now() - Duration::hours(1);

    measure(&store, "1 000 samples of one day", 21, |i| {
        series(today - Duration::days(1), Duration::milliseconds(1), i * 1_000..(i + 1) * 1_000)
    })
    .await?;
    measure(&store, "150 000 samples of one day", 7, |i| {
        series(today - Duration::days(2), Duration::milliseconds(1), i * ORDINARY..(i + 1) * ORDINARY)
    })
    .await?;
    measure(&store, "400 days of one sample, new days", 1, |_| {
        series(today - Duration::days(500), Duration::days(1), 0..400)
    })
    .await?;
    measure(&store, "400 days of one sample, known days", 3, |_| {
        series(today - Duration::days(500), Duration::days(1), 0..400)
    })
    .await?;
    Ok(())
}

fn series(from: DateTime<Utc>, step: Duration, numbers: std::ops::Range<i64>) -> Vec<KeyedSample> {
    let at = |i: i64| from + step * i32::try_from(i).expect("few");
    numbers.map(|i| KeyedSample { key: 1, at: at(i), value: i as f64, quality: 0 }).collect()
}

async fn measure(
    store: &Store,
    what: &str,
    times: i64,
    samples: impl Fn(i64) -> Vec<KeyedSample>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut took = Vec::new();
    for i in 0..times {
        let samples = samples(i);
        let began = Instant::now();
        store.append_samples(&samples).await?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    println!("{what}: median {:.1} ms of {times}", took[took.len() / 2]);
    Ok(())
}
