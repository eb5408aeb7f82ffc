//! How often a connection may have the past sent to it: a short question with a long answer.

use std::time::Duration;
use tokio::time::Instant;

/// At once: a client with several lists, each with a position of its own.
const AT_ONCE: u32 = 16;
/// Later on one more each time that so long has passed.
const ANOTHER_AFTER: Duration = Duration::from_secs(10);

/// Generic cell rate algorithm: `paid_until` moves on by one interval per resume, and may be ahead by `AT_ONCE` of them.
#[derive(Debug)]
pub struct Resumes {
    paid_until: Option<Instant>,
}

impl Resumes {
    pub fn new() -> Self {
        Self { paid_until: None }
    }

    /// Whether one more is allowed now.
    pub fn take(&mut self, now: Instant) -> bool {
        let from = self.paid_until.map_or(now, |until| until.max(now));
        let next = from + ANOTHER_AFTER;
        let allowed = next <= now + ANOTHER_AFTER * AT_ONCE;
        if allowed {
            self.paid_until = Some(next);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_allowed_at_once_and_then_one_at_a_time() {
        let (mut resumes, now) = (Resumes::new(), Instant::now());
        assert_eq!((0..100).filter(|_| resumes.take(now)).count(), AT_ONCE as usize);
        assert!(!resumes.take(now + ANOTHER_AFTER / 2));
        assert!(resumes.take(now + ANOTHER_AFTER));
        assert!(!resumes.take(now + ANOTHER_AFTER));
        let much_later = now + ANOTHER_AFTER * 1000;
        assert_eq!((0..100).filter(|_| resumes.take(much_later)).count(), AT_ONCE as usize);
    }
}
