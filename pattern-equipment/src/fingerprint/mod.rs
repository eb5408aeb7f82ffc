//! How a point behaves over a window.

mod class;
mod maker;
mod moments;
mod period;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use pattern_core::domain::{BehaviorClass, Sample};

pub use maker::Fingerprinter;

/// A point's behaviour. Values are in the point's own unit.
///
/// Stored ones are read back by later versions: a new field needs a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Good samples.
    pub sample_count: usize,
    pub mean: f64,
    /// Sample standard deviation (n − 1).
    pub std_dev: f64,
    /// Third standardised moment, as scipy's `skew`; `None` for a constant.
    #[serde(default)]
    pub skewness: Option<f64>,
    /// Fourth standardised moment less 3, as scipy's `kurtosis`: 0 for a normal one; `None` for a constant.
    #[serde(default)]
    pub kurtosis: Option<f64>,
    pub min: f64,
    pub max: f64,
    /// 1, 5, 25, 50, 75, 95 and 99 %, linear between samples as numpy's default.
    pub quantiles: [f64; 7],
    /// Median seconds between samples.
    pub update_interval_seconds: f64,
    pub distinct_values: usize,
    pub class: BehaviorClass,
    /// Standard deviation of the step between samples, ÷ √2: what white noise alone would show.
    pub noise: f64,
    /// Changes of value by more than a tenth of the 5–95 % span, per day.
    pub steps_per_day: f64,
    /// Times that a counter lost more than half of what it had counted; 0 for others.
    #[serde(default)]
    pub counter_resets: usize,
    /// Hours of the strongest period on the grid, where one explains at least a quarter of the variance.
    pub period_hours: Option<f64>,
    /// Autocorrelation of the grid row at one bucket; 0 for a constant.
    pub autocorrelation: f64,
}

/// Fewer good samples than this say nothing about behaviour …
pub const MIN_SAMPLES: usize = 8;
/// … unless so many are all the same: a historian that stores changes repeats a constant once a day.
const MIN_REPEATED: usize = 3;
/// What one thread takes at a time: enough to make its buffers worth while.
const POINTS_PER_TASK: usize = 128;

/// Makes the fingerprint from a window's samples (sorted by time) and their grid row. `None` where there
/// is too little to judge.
pub fn fingerprint(samples: &[Sample], row: &[f32], bucket_seconds: i64) -> Option<Fingerprint> {
    Fingerprinter::new(bucket_seconds).make(samples, row)
}

/// The fingerprints of many points, in their order, on all cores.
pub fn fingerprints(points: &[(&[Sample], &[f32])], bucket_seconds: i64) -> Vec<Option<Fingerprint>> {
    let made = points.par_chunks(POINTS_PER_TASK).flat_map_iter(|points| {
        let mut maker = Fingerprinter::new(bucket_seconds);
        points.iter().map(move |(samples, row)| maker.make(samples, row))
    });
    made.collect()
}
