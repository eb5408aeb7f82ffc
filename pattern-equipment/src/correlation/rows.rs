//! What is known of a row before it meets others.

use super::{CorrelationOptions, sums::sums};

/// Variation below this share of a row's size is the noise of rounding: such a row is constant.
const RELATIVE_VARIANCE: f64 = 1e-12;

pub(super) fn is_rounding(energy: f64, count: f64, mean: f64) -> bool {
    energy <= RELATIVE_VARIANCE * count * (mean * mean).max(f64::MIN_POSITIVE)
}

/// A row that moves and has enough buckets. `(value − mean) · scale` has mean 0 and length 1 over what it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub point: usize,
    pub mean: f64,
    pub scale: f64,
    pub complete: bool,
    /// The squares of its steps over those of itself (von Neumann's ratio): near 0 what moves slowly, 2 noise, 4 what
    /// alternates. Steps over a gap are none.
    pub roughness: f64,
}

impl Row {
    pub fn new(point: usize, values: &[f32], options: &CorrelationOptions) -> Option<Self> {
        let known = |value: f32, terms: [f64; 2]| if value.is_finite() { terms } else { [0.0; 2] };
        let [count, sum] = sums(values, values, |v, _| known(v, [1.0, f64::from(v)]));
        if count < options.min_overlap.max(2) as f64 {
            return None;
        }
        let mean = sum / count;
        let [energy, _] = sums(values, values, |v, _| known(v, [(f64::from(v) - mean).powi(2), 0.0]));
        if is_rounding(energy, count, mean) {
            return None;
        }
        let step = |a: f32, b: f32| [(f64::from(b) - f64::from(a)).powi(2)];
        let [steps] = sums(&values[..values.len() - 1], &values[1..], |a, b| {
            if (b - a).is_finite() { step(a, b) } else { [0.0] }
        });
        Some(Self {
            point,
            mean,
            scale: energy.sqrt().recip(),
            complete: count == values.len() as f64,
            roughness: steps / energy,
        })
    }

    /// 0 in a gap.
    pub fn normal(&self, value: f32) -> f64 {
        if value.is_finite() { (f64::from(value) - self.mean) * self.scale } else { 0.0 }
    }
}
