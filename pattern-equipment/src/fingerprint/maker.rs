use super::{
    Fingerprint, MIN_REPEATED, MIN_SAMPLES,
    class::{Steps, behavior_class},
    moments::Moments,
    period::Cycle,
};
use pattern_core::domain::BehaviorClass;
use pattern_core::domain::Sample;

const QUANTILES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
const SECONDS_PER_DAY: f64 = 86_400.0;

/// Makes one fingerprint after another and keeps its buffers.
pub struct Fingerprinter {
    values: Vec<f64>,
    keys: Vec<i64>,
    sorted: Vec<f64>,
    gaps: Vec<i64>,
    cycle: Cycle,
}

impl Fingerprinter {
    /// For grid rows of such buckets.
    pub fn new(bucket_seconds: i64) -> Self {
        Self {
            values: Vec::new(),
            keys: Vec::new(),
            sorted: Vec::new(),
            gaps: Vec::new(),
            cycle: Cycle::new(bucket_seconds),
        }
    }

    /// See [`fingerprint`](super::fingerprint).
    pub fn make(&mut self, samples: &[Sample], row: &[f32]) -> Option<Fingerprint> {
        let seconds = self.read(samples);
        let values = &self.values;
        let repeated = values.len() >= MIN_REPEATED && values.iter().all(|value| *value == values[0]);
        if values.len() < MIN_SAMPLES && !repeated {
            return None;
        }
        sort(values, &mut self.keys, &mut self.sorted);
        let sorted = &self.sorted;
        let quantiles = QUANTILES.map(|q| quantile(sorted, q));
        let moments = Moments::of(values);
        let steps = Steps::of(values, (quantiles[5] - quantiles[1]) * 0.1);
        let distinct_values = 1 + sorted.windows(2).filter(|w| w[0] != w[1]).count();
        let class = behavior_class(sorted, distinct_values, &steps, row);
        let resets = if class == BehaviorClass::Counter { resets(values, sorted[0]) } else { 0 };
        let (autocorrelation, period_hours) = self.cycle.of(row);
        Some(Fingerprint {
            sample_count: values.len(),
            mean: moments.mean,
            std_dev: moments.std_dev,
            skewness: moments.skewness,
            kurtosis: moments.kurtosis,
            min: sorted[0],
            max: sorted[sorted.len() - 1],
            quantiles,
            update_interval_seconds: median(&mut self.gaps) / 1e6,
            distinct_values,
            class,
            noise: (steps.mean_square / 2.0).sqrt(),
            steps_per_day: if seconds > 0.0 { steps.large as f64 * SECONDS_PER_DAY / seconds } else { 0.0 },
            counter_resets: resets,
            period_hours,
            autocorrelation,
        })
    }

    /// Takes the good samples' values and the gaps between them; answers the seconds from first to last.
    fn read(&mut self, samples: &[Sample]) -> f64 {
        self.values.clear();
        self.gaps.clear();
        let (mut first, mut last) = (None, 0);
        for sample in samples.iter().filter(|sample| sample.is_good()) {
            let at = sample.at.timestamp_micros();
            if first.is_none() {
                first = Some(at);
            } else if at > last {
                self.gaps.push(at - last);
            }
            last = at;
            self.values.push(sample.value);
        }
        first.map_or(0.0, |first| (last - first) as f64 / 1e6)
    }
}

/// Whole numbers in the order of the floats sort faster than the floats.
fn sort(values: &[f64], keys: &mut Vec<i64>, sorted: &mut Vec<f64>) {
    let flip = |bits: i64| bits ^ ((bits >> 63) as u64 >> 1) as i64;
    keys.clear();
    keys.extend(values.iter().map(|value| flip(value.to_bits() as i64)));
    keys.sort_unstable();
    sorted.clear();
    sorted.extend(keys.iter().map(|key| f64::from_bits(flip(*key) as u64)));
}

/// Linear between the two nearest samples, as numpy's default.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * part
}

/// 0 of nothing.
fn median(numbers: &mut [i64]) -> f64 {
    let middle = numbers.len() / 2;
    if numbers.is_empty() {
        return 0.0;
    }
    let odd = numbers.len() % 2 == 1;
    let (below, high, _) = numbers.select_nth_unstable(middle);
    let high = *high as f64;
    let low = if odd { None } else { below.iter().max() };
    low.map_or(high, |low| (*low as f64 + high) / 2.0)
}

fn resets(values: &[f64], start: f64) -> usize {
    values.windows(2).filter(|w| w[1] < w[0] && w[1] - start < (w[0] - start) / 2.0).count()
}
