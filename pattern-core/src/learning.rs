//! Evidence to confidence: a Beta posterior in which older days weigh less.

use chrono::NaiveDate;

/// How many facts of one sort a day brought. Counts of equal (origin, kind, favourable, day) merge by
/// maximum; different ones add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceDay {
    /// The site that observed it.
    pub origin: String,
    /// `approval`, `rejection` or `correction`.
    pub kind: String,
    pub favourable: bool,
    pub day: NaiveDate,
    pub count: u64,
}

/// What is known about how often a pattern is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// Lower end of the credible interval, 0..1.
    pub lower_bound: f64,
    /// Mean of the posterior, 0..1.
    pub mean: f64,
    /// Facts behind it, older ones weighing less, the prior not counted.
    pub support: f64,
}

/// Days after which a fact weighs half.
pub const HALF_LIFE_DAYS: f64 = 180.0;
/// How many facts the prior is worth.
const PRIOR_STRENGTH: f64 = 8.0;
/// The confidence is the value that the true rate exceeds with this probability. Low enough that the
/// shipped priors stay recognisable, high enough that few facts are told from many.
const CREDIBILITY: f64 = 0.7;

/// The confidence of a pattern with this prior, from its evidence. A pure function: the order of the
/// counts, and counts that occur twice, change nothing. Facts after `today` weigh as today's.
pub fn confidence(prior: f64, counts: &[EvidenceDay], today: NaiveDate) -> Confidence {
    let mut merged: std::collections::BTreeMap<(&str, &str, bool, NaiveDate), u64> = Default::default();
    for c in counts {
        let count = merged.entry((&c.origin, &c.kind, c.favourable, c.day)).or_default();
        *count = (*count).max(c.count);
    }
    let (mut favourable, mut adverse) = (0.0, 0.0);
    for ((_, _, is_favourable, day), count) in merged {
        let age = (today - day).num_days().max(0) as f64;
        let worth = count as f64 * 0.5_f64.powf(age / HALF_LIFE_DAYS);
        if is_favourable {
            favourable += worth;
        } else {
            adverse += worth;
        }
    }
    let (a, b) = prior_shape(prior);
    let (a, b) = (a + favourable, b + adverse);
    Confidence {
        lower_bound: beta_quantile(1.0 - CREDIBILITY, a, b),
        mean: a / (a + b),
        support: favourable + adverse,
    }
}

/// The Beta whose lower bound is the prior itself, so that a pattern without evidence keeps the
/// confidence it was shipped with.
fn prior_shape(prior: f64) -> (f64, f64) {
    let prior = prior.clamp(0.02, 0.98);
    let (mut low, mut high) = (prior * 0.5, 1.0 - 1e-4);
    for _ in 0..60 {
        let mean = 0.5 * (low + high);
        let bound = beta_quantile(1.0 - CREDIBILITY, mean * PRIOR_STRENGTH, (1.0 - mean) * PRIOR_STRENGTH);
        if bound < prior {
            low = mean;
        } else {
            high = mean;
        }
    }
    let mean = 0.5 * (low + high);
    (mean * PRIOR_STRENGTH, (1.0 - mean) * PRIOR_STRENGTH)
}

/// The value that a Beta(a, b) variable stays below with this probability.
pub fn beta_quantile(probability: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    // The distribution function grows strictly, so halving finds every digit that a double holds.
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if beta_cumulative(middle, a, b) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Regularised incomplete beta function: the probability that a Beta(a, b) variable is at most `x`.
pub fn beta_cumulative(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The continued fraction converges fast below the mean only; above, the mirrored one is used.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cumulative(1.0 - x, b, a);
    }
    let front = (a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp() / a;
    front * continued_fraction(x, a, b)
}

/// Lentz's evaluation of the continued fraction 26.5.8 in Abramowitz and Stegun.
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for step in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + step * d);
            c = away_from_zero(1.0 + step / c);
            value *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// Logarithm of the gamma function for positive arguments (Lanczos, g = 7, nine terms).
fn ln_gamma(x: f64) -> f64 {
    const LANCZOS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // Reflection; the arguments here are positive, so the sine is.
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let sum = LANCZOS[1..].iter().zip(1..).fold(LANCZOS[0], |sum, (c, i)| sum + c / (x + f64::from(i)));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}
