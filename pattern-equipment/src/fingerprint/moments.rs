/// Deviations below this share of the values' size are the rounding of their mean.
const ROUNDING: f64 = 1e-14;

pub struct Moments {
    pub mean: f64,
    /// n − 1.
    pub std_dev: f64,
    pub skewness: Option<f64>,
    pub kurtosis: Option<f64>,
}

impl Moments {
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let [sum] = sums(values, |v| [v]);
        let mean = sum / n;
        let [second, third, fourth] = sums(values, |v| {
            let d = v - mean;
            [d * d, d * d * d, (d * d) * (d * d)]
        });
        let variance = second / n;
        let moves = variance.sqrt() > ROUNDING * mean.abs();
        let standardised = |sum: f64, power: f64| moves.then(|| sum / n / variance.powf(power));
        Self {
            mean,
            std_dev: (second / (n - 1.0)).sqrt(),
            skewness: standardised(third, 1.5),
            kurtosis: standardised(fourth, 2.0).map(|k| k - 3.0),
        }
    }
}

/// Eight partial sums each, so that additions need not wait for one another.
fn sums<const COUNT: usize>(values: &[f64], terms: impl Fn(f64) -> [f64; COUNT]) -> [f64; COUNT] {
    const LANES: usize = 8;
    let mut lanes = [[0.0; LANES]; COUNT];
    let (whole, rest) = values.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, value) in chunk.iter().enumerate() {
            let terms = terms(*value);
            for term in 0..COUNT {
                lanes[term][lane] += terms[term];
            }
        }
    }
    for value in rest {
        let terms = terms(*value);
        for term in 0..COUNT {
            lanes[term][0] += terms[term];
        }
    }
    lanes.map(|lanes| lanes.iter().sum())
}
