//! How sure this site's answers show the engine to be: Platt's scaling of the shipped calibration.
//!
//! J. Platt, Probabilistic outputs for support vector machines, 1999; here with a Gaussian prior at "as shipped", so
//! that a few dozen answers move it no further than they can prove.

/// A site is calibrated by its own answers from so many on.
pub const ENOUGH_DECISIONS: usize = 50;
/// What it said longer ago was said before most of what was learned since …
pub const NEWEST_DECISIONS: usize = 100;
/// … and an answer counts half as much as one that came so many later.
const HALF_LIFE: f64 = 25.0;

/// Precision of the prior, in answers at even odds.
const PRIOR: f64 = 4.0;
/// Log-odds are cut off here: a confidence of 1 proves no more than one of .9975.
const SUREST: f64 = 6.0;
/// The order of suggestions stays as it is.
const LEAST_SLOPE: f64 = 0.1;
const ROUNDS: usize = 25;

/// logit(calibrated) = slope × logit(shipped) + offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SiteCalibration {
    slope: f64,
    offset: f64,
}

impl Default for SiteCalibration {
    /// As shipped.
    fn default() -> Self {
        Self { slope: 1.0, offset: 0.0 }
    }
}

impl SiteCalibration {
    /// From confidences (0..1) of suggestions that were decided, and whether they were right; the newest first.
    pub fn fit(decided: &[(f64, bool)]) -> Self {
        let shipped = Self::default();
        if decided.len() < ENOUGH_DECISIONS {
            return shipped;
        }
        let mut fitted = shipped;
        // Newton's method on a strictly convex function; half steps where a whole one leads uphill.
        for _ in 0..ROUNDS {
            let (mut step, loss) = (fitted.newton_step(decided), fitted.loss(decided));
            let mut next = fitted.moved(step);
            while next.loss(decided) > loss && (step.0.abs() + step.1.abs()) > 1e-9 {
                step = (step.0 / 2.0, step.1 / 2.0);
                next = fitted.moved(step);
            }
            fitted = next;
        }
        Self { slope: fitted.slope.max(LEAST_SLOPE), ..fitted }
    }

    /// `confidence` 0..1; monotone.
    pub fn apply(&self, confidence: f64) -> f64 {
        // What is certain stays so where nothing was fitted.
        if *self == Self::default() { confidence } else { probability(self.logit(confidence)) }
    }

    fn logit(&self, confidence: f64) -> f64 {
        self.slope * logit(confidence) + self.offset
    }

    fn moved(self, (slope, offset): (f64, f64)) -> Self {
        Self { slope: self.slope + slope, offset: self.offset + offset }
    }

    /// Negative logarithm of the posterior.
    fn loss(&self, decided: &[(f64, bool)]) -> f64 {
        let surprise = |(age, &(confidence, right)): (usize, &(f64, bool))| {
            let z = self.logit(confidence);
            // ln(1 + e^z) − z·right, without overflow.
            worth(age) * (z.max(0.0) + (-z.abs()).exp().ln_1p() - if right { z } else { 0.0 })
        };
        let prior = PRIOR / 2.0 * ((self.slope - 1.0).powi(2) + self.offset.powi(2));
        decided.iter().enumerate().map(surprise).sum::<f64>() + prior
    }

    fn newton_step(&self, decided: &[(f64, bool)]) -> (f64, f64) {
        let (mut gradient, mut curve) =
            ((PRIOR * (self.slope - 1.0), PRIOR * self.offset), (PRIOR, 0.0, PRIOR));
        for (age, &(confidence, right)) in decided.iter().enumerate() {
            let (x, p) = (logit(confidence), probability(self.logit(confidence)));
            let (error, weight) = (p - f64::from(u8::from(right)), p * (1.0 - p));
            let (error, weight) = (worth(age) * error, worth(age) * weight);
            gradient = (gradient.0 + error * x, gradient.1 + error);
            curve = (curve.0 + weight * x * x, curve.1 + weight * x, curve.2 + weight);
        }
        let determinant = curve.0 * curve.2 - curve.1 * curve.1;
        let slope = (curve.2 * gradient.0 - curve.1 * gradient.1) / determinant;
        let offset = (curve.0 * gradient.1 - curve.1 * gradient.0) / determinant;
        (-slope, -offset)
    }
}

fn worth(age: usize) -> f64 {
    0.5_f64.powf(age as f64 / HALF_LIFE)
}

fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln().clamp(-SUREST, SUREST)
}

fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
