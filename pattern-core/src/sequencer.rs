//! Puts events back into the order of their positions.

use std::{collections::BTreeMap, ops::RangeInclusive};

/// Takes positions as they come (late, twice, out of order, or not at all) and gives every position
/// once, in order. Because positions are dense it knows what is missing, as soon as it has heard of
/// anything later.
#[derive(Debug)]
pub struct Sequencer<T> {
    next: i64,
    top: i64,
    waiting: BTreeMap<i64, T>,
    waiting_limit: usize,
}

impl<T> Sequencer<T> {
    /// Starts after position `last`. At most `waiting_limit` items wait for a gap to close; what does
    /// not fit is forgotten, and counts as missing when its turn comes.
    pub fn new(last: i64, waiting_limit: usize) -> Self {
        Self { next: last + 1, top: last, waiting: BTreeMap::new(), waiting_limit: waiting_limit.max(1) }
    }

    /// Takes an item. One that was given out, or waits already, is dropped.
    pub fn offer(&mut self, position: i64, item: T) {
        if position < self.next {
            return;
        }
        self.announce(position);
        self.waiting.entry(position).or_insert(item);
        // The latest goes: the earliest is what the gap's end needs.
        if self.waiting.len() > self.waiting_limit {
            self.waiting.pop_last();
        }
    }

    /// Learns that every position up to `top` exists.
    pub fn announce(&mut self, top: i64) {
        self.top = self.top.max(top);
    }

    /// The next item in order, if it is there.
    pub fn take(&mut self) -> Option<(i64, T)> {
        let item = self.waiting.remove(&self.next)?;
        let position = self.next;
        self.next += 1;
        Some((position, item))
    }

    /// The first positions that exist but have not come, up to what waits behind them.
    pub fn missing(&self) -> Option<RangeInclusive<i64>> {
        let last = match self.waiting.first_key_value() {
            Some((first, _)) if *first == self.next => return None,
            Some((first, _)) => first - 1,
            None => self.top,
        };
        (last >= self.next).then_some(self.next..=last)
    }

    /// The last position that was given out.
    pub fn position(&self) -> i64 {
        self.next - 1
    }

    /// The last position that is known to exist.
    pub fn top(&self) -> i64 {
        self.top
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drain(sequencer: &mut Sequencer<i64>, out: &mut Vec<i64>) {
        while let Some((position, item)) = sequencer.take() {
            assert_eq!(position, item);
            out.push(position);
        }
    }

    /// What happens to the stream between two looks at the output.
    #[derive(Debug, Clone)]
    enum Step {
        /// Kafka brings a position: any one that exists, again, early or late.
        Arrives(usize),
        /// The top is announced, as it is now or as it was.
        Announced(usize),
        /// More events are written.
        Written(u8),
        /// The outbox answers for the first gap, at most so many rows.
        GapClosed(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => any::<usize>().prop_map(Step::Arrives),
            1 => any::<usize>().prop_map(Step::Announced),
            3 => (1..20u8).prop_map(Step::Written),
            1 => (1..10u8).prop_map(Step::GapClosed),
        ]
    }

    fn close_gap(sequencer: &mut Sequencer<i64>, limit: i64) {
        if let Some(gap) = sequencer.missing() {
            for position in gap.clone().take(limit as usize) {
                sequencer.offer(position, position);
            }
        }
    }

    proptest! {
        #[test]
        fn every_position_comes_out_once_and_in_order(
            start in 0..1000i64,
            waiting_limit in 1..50usize,
            steps in proptest::collection::vec(step(), 0..300),
        ) {
            let mut sequencer = Sequencer::new(start, waiting_limit);
            let mut written = start;
            let mut out = Vec::new();
            let existing = |pick: usize, written: i64| 1 + (pick % written.max(1) as usize) as i64;
            for step in steps {
                match step {
                    Step::Arrives(pick) if written > 0 => {
                        let position = existing(pick, written);
                        sequencer.offer(position, position);
                    }
                    Step::Announced(pick) if written > 0 => sequencer.announce(existing(pick, written)),
                    Step::Written(count) => written += i64::from(count),
                    Step::GapClosed(limit) => close_gap(&mut sequencer, i64::from(limit)),
                    _ => {}
                }
                drain(&mut sequencer, &mut out);
                prop_assert!(sequencer.waiting.len() <= waiting_limit);
                prop_assert_eq!(sequencer.position(), start + out.len() as i64);
                prop_assert!(sequencer.top() <= written);
            }
            // Whatever Kafka lost: once the top is known, the outbox closes every gap.
            sequencer.announce(written);
            while sequencer.missing().is_some() {
                close_gap(&mut sequencer, 7);
                drain(&mut sequencer, &mut out);
            }
            prop_assert_eq!(out, (start + 1..=written).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_gap_is_known_at_once() {
        let mut sequencer = Sequencer::new(4, 10);
        assert_eq!(sequencer.missing(), None);
        sequencer.offer(8, "eight");
        assert_eq!(sequencer.missing(), Some(5..=7));
        assert_eq!(sequencer.take(), None);
    }

    #[test]
    fn an_announced_top_shows_what_never_came() {
        let mut sequencer = Sequencer::<()>::new(0, 10);
        sequencer.announce(3);
        assert_eq!(sequencer.missing(), Some(1..=3));
    }

    #[test]
    fn what_does_not_fit_is_missing_later() {
        let mut sequencer = Sequencer::new(0, 2);
        for position in [2, 3, 4] {
            sequencer.offer(position, position);
        }
        sequencer.offer(1, 1);
        let mut out = Vec::new();
        drain(&mut sequencer, &mut out);
        // 1 did not push out 2: the latest is what is forgotten.
        assert_eq!(out, [1, 2]);
        assert_eq!(sequencer.missing(), Some(3..=4));
    }
}
