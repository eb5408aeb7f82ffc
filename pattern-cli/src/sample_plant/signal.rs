//! What a simulated signal is made of: chance, wandering, and things that follow late.

use rand::{RngCore, SeedableRng, rngs::StdRng};

/// Seeded chance. Each piece of equipment has its own, so that adding one does not change the others.
pub struct Dice(StdRng);

impl Dice {
    pub fn new(seed: u64, purpose: &str) -> Self {
        let id = pattern_core::domain::stable_id(&["sample plant", &seed.to_string(), purpose]);
        let mut key = [0; 32];
        key[..16].copy_from_slice(id.as_bytes());
        Self(StdRng::from_seed(key))
    }

    /// Even between 0 and 1.
    fn even(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.even()
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.even() < probability
    }

    /// One of 0..count.
    pub fn below(&mut self, count: usize) -> usize {
        (self.even() * count as f64) as usize
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Mean 0, standard deviation 1, never beyond 3.5: the sum of four even numbers is near enough to
    /// normal, cheap, and the same on every machine, which a logarithm need not be.
    pub fn normal(&mut self) -> f64 {
        let bits = self.0.next_u64();
        let sum: u64 = (0..4).map(|lane| bits >> (16 * lane) & 0xffff).sum();
        (sum as f64 / 65_536.0 - 2.0) * 3f64.sqrt()
    }
}

/// A value that drifts at random around its mean (an Ornstein-Uhlenbeck process).
pub struct Wander {
    mean: f64,
    spread: f64,
    keep: f64,
    value: f64,
}

impl Wander {
    /// `minutes`: how long it remembers where it was.
    pub fn new(mean: f64, spread: f64, minutes: f64) -> Self {
        Self { mean, spread, keep: 1.0 - 1.0 / minutes, value: mean }
    }

    pub fn next(&mut self, dice: &mut Dice) -> f64 {
        let push = self.spread * (1.0 - self.keep * self.keep).sqrt() * dice.normal();
        self.value = self.mean + (self.value - self.mean) * self.keep + push;
        self.value
    }
}

/// First-order lag: temperatures and levels follow their cause late.
pub struct Lag {
    share: f64,
    value: f64,
}

impl Lag {
    pub fn new(start: f64, minutes: f64) -> Self {
        Self { share: 1.0 / minutes, value: start }
    }

    pub fn follow(&mut self, target: f64) -> f64 {
        self.value += (target - self.value) * self.share;
        self.value
    }
}

/// Runs for some hours, rests for some hours, as operators please.
pub struct RunsAndRests {
    running: bool,
    minutes_left: f64,
    run_hours: (f64, f64),
    rest_hours: (f64, f64),
}

impl RunsAndRests {
    pub fn new(run_hours: (f64, f64), rest_hours: (f64, f64), dice: &mut Dice) -> Self {
        let minutes_left = dice.between(0.2, 1.0) * run_hours.1 * 60.0;
        Self { running: true, minutes_left, run_hours, rest_hours }
    }

    /// One minute later: 1 while running, else 0.
    pub fn next(&mut self, dice: &mut Dice) -> f64 {
        self.minutes_left -= 1.0;
        if self.minutes_left <= 0.0 {
            self.running = !self.running;
            let (low, high) = if self.running { self.run_hours } else { self.rest_hours };
            self.minutes_left = dice.between(low, high) * 60.0;
        }
        f64::from(self.running)
    }
}
