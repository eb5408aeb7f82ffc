//! Makes one series a point of what the hot table, the blocks and the late table say.

use chrono::{DateTime, Utc};
use pattern_core::domain::Sample;
use std::collections::{HashMap, HashSet};

use super::copy::Row;
use crate::{Result, StoreError};

/// Samples of one day by point key, sorted by time, one per time.
pub(super) type DaySamples = HashMap<i32, Vec<Sample>>;

/// What was found of one day, in the order in which it was read.
#[derive(Debug, Default)]
pub(super) struct DayParts {
    pub hot: Vec<Row>,
    pub late: Vec<Row>,
    pub blocks: Vec<(i32, Vec<u8>)>,
}

/// A row with its rank among those of the same point and time.
struct Ranked {
    row: Row,
    tier: u8,
}

/// A hot row next to a block of the same point was sealed into it while we read, so the block is newer.
const SEALED_MEANWHILE: u8 = 0;
const SEALED: u8 = 1;
const OPEN: u8 = 2;

/// CPU-bound: call it off the async threads.
pub(super) fn merge(parts: DayParts, decode: impl Fn(&[u8]) -> Result<Vec<Sample>>) -> Result<DaySamples> {
    let with_block: HashSet<i32> = parts.blocks.iter().map(|(key, _)| *key).collect();
    let mut days: DaySamples = HashMap::with_capacity(with_block.len());
    let touched: HashSet<i32> = parts.hot.iter().chain(&parts.late).map(|row| row.point).collect();

    let mut ranked = Vec::with_capacity(parts.hot.len() + parts.late.len());
    for row in parts.hot {
        let tier = if with_block.contains(&row.point) { SEALED_MEANWHILE } else { OPEN };
        ranked.push(Ranked { row, tier });
    }
    ranked.extend(parts.late.into_iter().map(|row| Ranked { row, tier: OPEN }));
    for (key, block) in parts.blocks {
        let samples = decode(&block)?;
        if touched.contains(&key) {
            ranked.extend(samples.iter().map(|s| Ranked { row: sealed_row(key, s), tier: SEALED }));
        } else {
            days.insert(key, samples);
        }
    }

    // Stable on purpose: batches lie in the table in this order already, and the sort uses such runs.
    ranked.sort_by_key(|r| (r.row.point, r.row.at_micros, r.tier, r.row.batch));
    for group in ranked.chunk_by(|a, b| a.row.point == b.row.point) {
        let samples = group
            .chunk_by(|a, b| a.row.at_micros == b.row.at_micros)
            .filter_map(|same_time| same_time.last())
            .map(|last| sample(&last.row))
            .collect::<Result<Vec<_>>>()?;
        days.insert(group[0].row.point, samples);
    }
    Ok(days)
}

fn sealed_row(key: i32, sample: &Sample) -> Row {
    Row {
        at_micros: sample.at.timestamp_micros(),
        value: sample.value,
        batch: 0,
        point: key,
        quality: sample.quality,
    }
}

fn sample(row: &Row) -> Result<Sample> {
    let at = DateTime::<Utc>::from_timestamp_micros(row.at_micros)
        .ok_or_else(|| StoreError::Corrupt(format!("a sample's time is {} microseconds", row.at_micros)))?;
    Ok(Sample { at, value: row.value, quality: row.quality })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(point: i32, at_micros: i64, value: f64, batch: i64) -> Row {
        Row { at_micros, value, batch, point, quality: 0 }
    }

    fn values(parts: DayParts, sealed: &[(i64, f64)]) -> Vec<(i64, f64)> {
        let sealed: Vec<Sample> =
            sealed.iter().map(|(at, value)| sample(&row(1, *at, *value, 0)).expect("valid time")).collect();
        let days = merge(parts, |_| Ok(sealed.clone())).expect("merges");
        days[&1].iter().map(|s| (s.at.timestamp_micros(), s.value)).collect()
    }

    #[test]
    fn the_highest_batch_wins_in_any_order_of_rows() {
        let hot = vec![row(1, 10, 3.0, 3), row(1, 20, 1.0, 1), row(1, 10, 1.0, 1), row(2, 10, 9.0, 9)];
        let late = vec![row(1, 10, 2.0, 2), row(1, 20, 5.0, 5)];
        let parts = DayParts { hot, late, blocks: vec![] };
        assert_eq!(values(parts, &[]), [(10, 3.0), (20, 5.0)]);
    }

    #[test]
    fn a_late_sample_wins_over_the_block_and_the_block_over_hot_rows_seen_before_the_sealing() {
        let parts = DayParts {
            hot: vec![row(1, 10, 1.0, 90), row(1, 20, 2.0, 91)],
            late: vec![row(1, 30, 7.0, 4)],
            blocks: vec![(1, vec![])],
        };
        let merged = values(parts, &[(10, 1.5), (20, 2.0), (30, 3.0), (40, 4.0)]);
        assert_eq!(merged, [(10, 1.5), (20, 2.0), (30, 7.0), (40, 4.0)]);
    }
}
