use chrono::{DateTime, Duration, NaiveDate, Utc};
use pattern_core::{
    domain::Sample,
    series::{frame::ROLLUP_SECONDS, grid::Grid},
};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use uuid::Uuid;

pub fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).expect("date")
}

pub fn midnight() -> DateTime<Utc> {
    day().and_hms_opt(0, 0, 0).expect("time").and_utc()
}

pub fn good(seconds: i64, value: f64) -> Sample {
    Sample { at: midnight() + Duration::seconds(seconds), value, quality: 0 }
}

pub fn grid(rows: &[Vec<f32>]) -> Grid {
    Grid {
        bucket_seconds: ROLLUP_SECONDS,
        start: midnight(),
        buckets: rows.first().map_or(0, Vec::len),
        points: (0..rows.len()).map(|i| Uuid::from_u128(i as u128)).collect(),
        values: rows.concat(),
    }
}

/// Normal noise, as the sum of twelve uniform numbers.
pub struct Noise(SmallRng);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    pub fn next(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// 0 … 1
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    pub fn series(&mut self, length: usize) -> Vec<f64> {
        (0..length).map(|_| self.next()).collect()
    }
}
