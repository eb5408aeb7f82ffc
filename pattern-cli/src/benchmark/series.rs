//! Groups of about eight correlated series, and some that follow nothing.

use chrono::DateTime;
use pattern_core::{
    domain::Sample,
    series::{frame::ROLLUP_SECONDS, grid::Grid},
};
use uuid::Uuid;

use crate::sample_plant::{Dice, Wander};

/// A signal remembers for about this many samples where it was.
const MEMORY: f64 = 10.0;

/// A grid of `points` rows without gaps. Four of five points are in groups of 4 to 12 that follow one
/// signal, each with its own sign, scale, offset and noise, so that r within a group is about 0.5 to 0.98
/// either way.
pub fn series(points: usize, samples: usize, seed: u64) -> Grid {
    let mut dice = Dice::new(seed, "benchmark series");
    let mut values = Vec::with_capacity(points * samples);
    let mut left = points;
    while left > 0 {
        let alone = dice.chance(0.3);
        let size = if alone { dice.between(1.0, 7.0) } else { dice.between(4.0, 13.0) } as usize;
        let mut wander = Wander::new(0.0, 1.0, MEMORY);
        let signal: Vec<f64> = (0..samples).map(|_| wander.next(&mut dice)).collect();
        for _ in 0..size.min(left) {
            let follows = if alone { 0.0 } else { dice.between(0.7, 0.99) };
            let sign = if dice.chance(0.5) { 1.0 } else { -1.0 };
            let (offset, scale) = (dice.between(-50.0, 500.0), dice.between(0.1, 20.0));
            let noise = (1.0 - follows * follows).sqrt();
            values.extend(
                signal.iter().map(|common| {
                    (offset + scale * (sign * follows * common + noise * dice.normal())) as f32
                }),
            );
        }
        left -= size.min(left);
    }
    let names = (0..points).map(|point| Uuid::from_u128(point as u128)).collect();
    Grid {
        start: DateTime::UNIX_EPOCH,
        bucket_seconds: ROLLUP_SECONDS,
        buckets: samples,
        points: names,
        values,
    }
}

/// The rows as the historian would have sent them.
pub fn samples(grid: &Grid) -> Vec<Vec<Sample>> {
    let frame = grid.frame();
    let sample = |(bucket, value): (usize, &f32)| Sample {
        at: frame.bucket_start(bucket),
        value: f64::from(*value),
        quality: 0,
    };
    (0..grid.points.len()).map(|row| grid.row(row).iter().enumerate().map(sample).collect()).collect()
}
