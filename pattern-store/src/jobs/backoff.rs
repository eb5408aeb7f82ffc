use rand::Rng;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(600);

/// How long to wait before the attempt after the `failed`th (from 1): each wait is three times the
/// one before, give or take a quarter, so that runs which failed together do not return together.
pub(super) fn delay(first: Duration, failed: i32, chance: &mut impl Rng) -> Duration {
    let steps = failed.clamp(1, 12) - 1;
    let exact = first.saturating_mul(3u32.pow(steps as u32)).min(LONGEST);
    exact.mul_f64(chance.random_range(0.75..1.25))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::SmallRng};

    #[test]
    fn waits_grow_and_stay_bounded() {
        let mut chance = SmallRng::seed_from_u64(1);
        let first = Duration::from_secs(2);
        let mut longest_before = Duration::ZERO;
        for failed in 1..=5 {
            let wait = delay(first, failed, &mut chance);
            assert!(wait > longest_before, "attempt {failed} waits {wait:?}");
            longest_before = wait;
        }
        assert!(delay(first, i32::MAX, &mut chance) <= LONGEST.mul_f64(1.25));
    }

    #[test]
    fn two_runs_that_failed_together_return_apart() {
        let mut chance = SmallRng::seed_from_u64(7);
        let first = Duration::from_secs(2);
        assert_ne!(delay(first, 1, &mut chance), delay(first, 1, &mut chance));
    }
}
