//! How a point behaves over a window.

use realfft::RealFftPlanner;
use serde::{Deserialize, Serialize};

use super::grid::BUCKET_SECONDS;
use crate::domain::Sample;

/// What kind of signal a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BehaviorClass {
    /// Moves continuously.
    Analog,
    /// Rests on a few values and jumps between them.
    Setpoint,
    /// Is on or off.
    Binary,
    /// Only grows, save for resets.
    Counter,
    /// Never moves.
    Constant,
}

/// A point's behaviour. Values are in the point's own unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Good samples.
    pub sample_count: usize,
    pub mean: f64,
    /// Sample standard deviation (n − 1).
    pub std_dev: f64,
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
    /// Hours of the strongest period on the grid, where one explains at least a quarter of the variance.
    pub period_hours: Option<f64>,
    /// Autocorrelation of the grid row at one bucket; 0 for a constant.
    pub autocorrelation: f64,
}

/// Fewer good samples than this say nothing about behaviour.
const MIN_SAMPLES: usize = 8;
const QUANTILES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/// Makes the fingerprint from a window's samples (sorted by time) and their grid row. `None` where there
/// is too little to judge.
pub fn fingerprint(samples: &[Sample], row: &[f32]) -> Option<Fingerprint> {
    let good: Vec<&Sample> = samples.iter().filter(|s| s.is_good()).collect();
    if good.len() < MIN_SAMPLES {
        return None;
    }
    let values: Vec<f64> = good.iter().map(|s| s.value).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let quantiles = QUANTILES.map(|q| quantile(&sorted, q));
    let distinct_values = sorted.chunk_by(|a, b| a == b).count();
    let differences: Vec<f64> = values.windows(2).map(|w| w[1] - w[0]).collect();
    let mut gaps: Vec<f64> = good
        .windows(2)
        .map(|w| (w[1].at - w[0].at).num_microseconds().unwrap_or(0) as f64 / 1e6)
        .filter(|seconds| *seconds > 0.0)
        .collect();
    gaps.sort_by(f64::total_cmp);
    let span = quantiles[5] - quantiles[1];
    let days = (good[good.len() - 1].at - good[0].at).num_seconds() as f64 / 86_400.0;
    let steps = differences.iter().filter(|d| span > 0.0 && d.abs() > 0.1 * span).count();
    let mean_square = differences.iter().map(|d| d * d).sum::<f64>() / differences.len() as f64;
    let filled = filled(row);
    Some(Fingerprint {
        sample_count: values.len(),
        mean,
        std_dev: variance.sqrt(),
        min: sorted[0],
        max: sorted[sorted.len() - 1],
        quantiles,
        update_interval_seconds: if gaps.is_empty() { 0.0 } else { quantile(&gaps, 0.5) },
        distinct_values,
        class: classify(&sorted, &differences, distinct_values, row),
        noise: (mean_square / 2.0).sqrt(),
        steps_per_day: if days > 0.0 { steps as f64 / days } else { 0.0 },
        period_hours: period_hours(&filled),
        autocorrelation: autocorrelation(&filled),
    })
}

/// The same class whether the historian keeps every reading or only changes: changes are counted in the
/// samples, rest on the grid, where values are held.
fn classify(sorted: &[f64], differences: &[f64], distinct: usize, row: &[f32]) -> BehaviorClass {
    if distinct == 1 {
        return BehaviorClass::Constant;
    }
    let rests = rests(differences, row);
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    if distinct == 2 {
        let switch = [0.0, 1.0].contains(&low) && high.fract() == 0.0;
        return if rests && !switch { BehaviorClass::Setpoint } else { BehaviorClass::Binary };
    }
    let rises = differences.iter().filter(|d| **d > 0.0);
    let falls = differences.iter().filter(|d| **d < 0.0).count();
    let smallest = rises.clone().copied().fold(f64::INFINITY, f64::min);
    let largest = rises.clone().copied().fold(0.0, f64::max);
    // A reset falls back near the start; noise falls as often as it rises.
    if falls * 50 <= rises.count() && (distinct > 10 || smallest == largest) {
        return BehaviorClass::Counter;
    }
    if rests && distinct <= 12.max(sorted.len() / 50) {
        return BehaviorClass::Setpoint;
    }
    BehaviorClass::Analog
}

/// Whether nine of ten buckets go on with the value of the one before; without a grid row, samples.
fn rests(differences: &[f64], row: &[f32]) -> bool {
    let steps: Vec<f32> = row.windows(2).map(|w| w[1] - w[0]).filter(|step| step.is_finite()).collect();
    let (resting, all) = if steps.is_empty() {
        (differences.iter().filter(|d| **d == 0.0).count(), differences.len())
    } else {
        (steps.iter().filter(|step| **step == 0.0).count(), steps.len())
    };
    resting * 10 >= all * 9
}

/// Linear between the two nearest samples, as numpy's default.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * part
}

/// The row without its mean; gaps become 0, which adds nothing to a product.
fn filled(row: &[f32]) -> Vec<f64> {
    let finite: Vec<f64> = row.iter().filter(|v| v.is_finite()).map(|v| f64::from(*v)).collect();
    if finite.len() < MIN_SAMPLES {
        return Vec::new();
    }
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    row.iter().map(|v| if v.is_finite() { f64::from(*v) - mean } else { 0.0 }).collect()
}

fn autocorrelation(centred: &[f64]) -> f64 {
    let energy: f64 = centred.iter().map(|v| v * v).sum();
    if energy <= 0.0 {
        return 0.0;
    }
    centred.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / energy
}

fn period_hours(centred: &[f64]) -> Option<f64> {
    let n = centred.len();
    if n < 32 {
        return None;
    }
    let plan = RealFftPlanner::<f64>::new().plan_fft_forward(n);
    let mut input = centred.to_vec();
    let mut spectrum = plan.make_output_vec();
    plan.process(&mut input, &mut spectrum).ok()?;
    let power: Vec<f64> = spectrum.iter().map(|c| c.norm_sqr()).collect();
    let total: f64 = power[1..].iter().sum();
    // At least two full periods have to fit into the window.
    let (frequency, strongest) =
        power.iter().enumerate().skip(2).take(n / 4).max_by(|a, b| a.1.total_cmp(b.1))?;
    let hours = n as f64 * BUCKET_SECONDS as f64 / 3600.0 / frequency as f64;
    (total > 0.0 && *strongest >= 0.25 * total).then_some(hours)
}
