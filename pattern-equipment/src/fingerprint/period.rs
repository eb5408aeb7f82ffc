use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use std::sync::Arc;

use super::MIN_SAMPLES;

/// A period has to explain this share of the variance.
const SHARE_OF_VARIANCE: f64 = 0.25;
/// Shorter rows have no room for a period.
const MIN_BUCKETS: usize = 32;

/// What repeats in a grid row. The plan of the transform is made again when the length changes.
pub struct Cycle {
    bucket_seconds: i64,
    plan: Option<Arc<dyn RealToComplex<f64>>>,
    centred: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Cycle {
    pub fn new(bucket_seconds: i64) -> Self {
        Self { bucket_seconds, plan: None, centred: Vec::new(), spectrum: Vec::new(), scratch: Vec::new() }
    }

    /// Autocorrelation at one bucket, and the hours of the period.
    pub fn of(&mut self, row: &[f32]) -> (f64, Option<f64>) {
        if !self.centre(row) {
            return (0.0, None);
        }
        let energy: f64 = self.centred.iter().map(|v| v * v).sum();
        if energy <= 0.0 {
            return (0.0, None);
        }
        let next: f64 = self.centred.windows(2).map(|w| w[0] * w[1]).sum();
        (next / energy, self.period_hours())
    }

    /// The row without its mean; gaps become 0, which adds nothing to a product. `false` where there is
    /// too little to judge.
    fn centre(&mut self, row: &[f32]) -> bool {
        let finite = row.iter().filter(|v| v.is_finite());
        let (count, sum) = finite.fold((0, 0.0), |(count, sum), v| (count + 1, sum + f64::from(*v)));
        let mean = sum / f64::from(count);
        self.centred.clear();
        self.centred.extend(row.iter().map(|v| if v.is_finite() { f64::from(*v) - mean } else { 0.0 }));
        count as usize >= MIN_SAMPLES
    }

    fn period_hours(&mut self) -> Option<f64> {
        let length = self.centred.len();
        if length < MIN_BUCKETS {
            return None;
        }
        let plan = match self.plan.take() {
            Some(plan) if plan.len() == length => plan,
            _ => RealFftPlanner::new().plan_fft_forward(length),
        };
        self.spectrum.resize(length / 2 + 1, Complex::default());
        self.scratch.resize(plan.get_scratch_len(), Complex::default());
        let transformed = plan.process_with_scratch(&mut self.centred, &mut self.spectrum, &mut self.scratch);
        self.plan = Some(plan);
        transformed.ok()?;
        let powers = self.spectrum.iter().map(|c| c.norm_sqr()).enumerate();
        let total: f64 = powers.clone().skip(1).map(|(_, power)| power).sum();
        // At least two full periods have to fit into the window.
        let (frequency, strongest) = powers.skip(2).take(length / 4).max_by(|a, b| a.1.total_cmp(&b.1))?;
        let hours = length as f64 * self.bucket_seconds as f64 / 3600.0 / frequency as f64;
        (strongest >= SHARE_OF_VARIANCE * total).then_some(hours)
    }
}
