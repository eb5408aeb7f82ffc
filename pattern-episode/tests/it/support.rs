use chrono::{DateTime, NaiveDate, Utc};
use rand::{Rng, SeedableRng, rngs::SmallRng};

pub fn midnight() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(2026, 3, 2).and_then(|day| day.and_hms_opt(0, 0, 0)).expect("time").and_utc()
}

/// Normal noise, as the sum of twelve uniform numbers.
pub struct Noise(SmallRng);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    pub fn next(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// 0 … 1
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }
}
