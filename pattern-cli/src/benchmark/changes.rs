//! Streams of changes of behaviour.

use chrono::{DateTime, Duration, Utc};
use clap::ValueEnum;

use crate::sample_plant::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// Thirty days; a tenth of the changes lie in bursts of ten minutes
    Bursts,
    /// All within a quarter of an hour
    OneWindow,
    /// One point, all the time
    OnePoint,
}

pub type Change = (DateTime<Utc>, usize);

const MONTH_SECONDS: f64 = 30.0 * 86_400.0;
const BURST: usize = 500;

/// In no order of time.
pub fn changes(points: usize, count: usize, shape: Shape, seed: u64) -> Vec<Change> {
    let mut dice = Dice::new(seed, "benchmark changes");
    let span = if shape == Shape::OneWindow { 900.0 } else { MONTH_SECONDS };
    let mut burst_at = 0.0;
    (0..count)
        .map(|i| {
            if i % BURST == 0 {
                burst_at = dice.between(0.0, MONTH_SECONDS - 600.0);
            }
            let in_burst = shape == Shape::Bursts && i < count / 10;
            let seconds =
                if in_burst { burst_at + dice.between(0.0, 600.0) } else { dice.between(0.0, span) };
            let point = if shape == Shape::OnePoint { 0 } else { dice.below(points) };
            (DateTime::UNIX_EPOCH + Duration::seconds(seconds as i64), point)
        })
        .collect()
}
