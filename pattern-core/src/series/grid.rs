//! The grid: samples as time-weighted means of equal buckets of time, mostly of 15 minutes.
//!
//! A good sample's value holds until the next sample, but no longer than the stale limit. A bucket that
//! is covered for less than half its time is a gap (NaN). A day's buckets of 15 minutes
//! depend on that day's samples and the last good sample before midnight only, so they can be made once and kept.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::frame::{Frame, ROLLUP_SECONDS};
use crate::domain::Sample;

/// Such buckets in a UTC day.
pub const BUCKETS_PER_DAY: usize = 96;

/// One day of a point. `samples` are that day's, sorted, one per time; `carry_in` is the last good
/// sample before midnight. Gaps are NaN.
pub fn day_buckets(
    day: NaiveDate,
    carry_in: Option<Sample>,
    samples: &[Sample],
    stale_after: Duration,
) -> [f32; BUCKETS_PER_DAY] {
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    let frame = Frame { start: midnight, bucket_seconds: ROLLUP_SECONDS, buckets: BUCKETS_PER_DAY };
    let mut buckets = [f32::NAN; BUCKETS_PER_DAY];
    means(&frame, carry_in, samples, stale_after, &mut buckets);
    buckets
}

/// A point's row of any frame. `samples` are sorted, one per time, from so long before the frame that what holds into
/// it is among them.
pub fn row(frame: &Frame, samples: &[Sample], stale_after: Duration) -> Vec<f32> {
    let mut row = vec![f32::NAN; frame.buckets];
    means(frame, None, samples, stale_after, &mut row);
    row
}

fn means(
    frame: &Frame,
    carry_in: Option<Sample>,
    samples: &[Sample],
    stale_after: Duration,
    row: &mut [f32],
) {
    let bucket_micros = frame.bucket_seconds * 1_000_000;
    let end = bucket_micros * row.len() as i64;
    let micros = |at: DateTime<Utc>| (at - frame.start).num_microseconds().unwrap_or(i64::MAX);
    let stale = stale_after.num_microseconds().unwrap_or(i64::MAX);
    let mut weighted = vec![0.0_f64; row.len()];
    let mut covered = vec![0_i64; row.len()];

    let mut hold = |from: i64, until: i64, value: f64| {
        let (from, until) = (from.max(0), until.min(end));
        let mut start = from;
        while start < until {
            let bucket = (start / bucket_micros) as usize;
            let end = until.min((bucket as i64 + 1) * bucket_micros);
            weighted[bucket] += value * (end - start) as f64;
            covered[bucket] += end - start;
            start = end;
        }
    };
    let all: Vec<Sample> = carry_in.into_iter().chain(samples.iter().copied()).collect();
    for (i, sample) in all.iter().enumerate() {
        if !sample.is_good() {
            continue;
        }
        let from = micros(sample.at);
        let next = all.get(i + 1).map_or(end, |next| micros(next.at));
        hold(from, next.min(from.saturating_add(stale)), sample.value);
    }

    for (bucket, mean) in row.iter_mut().enumerate() {
        if covered[bucket] * 2 >= bucket_micros {
            *mean = (weighted[bucket] / covered[bucket] as f64) as f32;
        }
    }
}

/// Means over `parts` buckets each; where fewer than half of them are known it is a gap.
pub fn coarser(row: &[f32], parts: usize) -> impl Iterator<Item = f32> {
    row.chunks(parts).map(move |chunk| {
        let known = || chunk.iter().filter(|value| !value.is_nan());
        let count = known().count();
        if count * 2 < parts {
            return f32::NAN;
        }
        (known().map(|value| f64::from(*value)).sum::<f64>() / count as f64) as f32
    })
}

/// Points by buckets, row-major; gaps are NaN.
#[derive(Debug, Clone)]
pub struct Grid {
    pub start: DateTime<Utc>,
    pub bucket_seconds: i64,
    /// Buckets per row.
    pub buckets: usize,
    pub points: Vec<Uuid>,
    /// `points.len() × buckets` values.
    pub values: Vec<f32>,
}

impl Grid {
    pub fn row(&self, point: usize) -> &[f32] {
        &self.values[point * self.buckets..][..self.buckets]
    }

    pub fn frame(&self) -> Frame {
        Frame { start: self.start, bucket_seconds: self.bucket_seconds, buckets: self.buckets }
    }

    /// First instant after the last bucket.
    pub fn end(&self) -> DateTime<Utc> {
        self.frame().end()
    }

    /// Hash of a row and its window: equal rows have equal versions.
    pub fn version(&self, point: usize) -> String {
        let mut hash = Sha256::new();
        hash.update(self.start.timestamp().to_le_bytes());
        hash.update(self.bucket_seconds.to_le_bytes());
        for value in self.row(point) {
            // All gaps are alike, whatever bits their NaN has.
            let bits = if value.is_nan() { u32::MAX } else { value.to_bits() };
            hash.update(bits.to_le_bytes());
        }
        hash.finalize()[..12].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A grid row as means over equal parts, scaled to 0 (the lowest) … 1 (the highest), for a chart; NaN is
/// a gap. A constant lies in the middle.
pub fn sparkline<const LENGTH: usize>(row: &[f32]) -> [f32; LENGTH] {
    let mut parts = [(0.0_f64, 0_u32); LENGTH];
    for (bucket, value) in row.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
        let (sum, count) = &mut parts[bucket * LENGTH / row.len()];
        *sum += f64::from(*value);
        *count += 1;
    }
    // Nothing divided by nothing is NaN, and so a part without values a gap.
    let means = parts.map(|(sum, count)| sum / f64::from(count));
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    means.map(|mean| match mean {
        gap if gap.is_nan() => f32::NAN,
        mean if high > low => ((mean - low) / (high - low)) as f32,
        _ => 0.5,
    })
}
