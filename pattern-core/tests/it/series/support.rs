use chrono::{DateTime, Duration, NaiveDate, Utc};
use pattern_core::{
    domain::Sample,
    series::{frame::ROLLUP_SECONDS, grid::Grid},
};
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
