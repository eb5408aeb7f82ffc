use std::{collections::VecDeque, sync::Arc};

use super::HubEvent;

/// The newest events, dense and in order, bounded by their bytes.
#[derive(Debug)]
pub struct Ring {
    events: VecDeque<Arc<HubEvent>>,
    bytes: usize,
    max_bytes: usize,
    /// Position of the newest event that was ever in it.
    top: i64,
}

/// What the ring has after some position.
#[derive(Debug)]
pub enum RingRead {
    Events(Vec<Arc<HubEvent>>),
    /// The next event has left the ring already.
    TooOld,
}

impl Ring {
    /// Empty; the first event will be the one after `top`.
    pub fn new(top: i64, max_bytes: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, max_bytes, top }
    }

    /// Takes the next event; the oldest leave. The newest stays, however large.
    pub fn push(&mut self, event: Arc<HubEvent>) {
        debug_assert_eq!(event.position, self.top + 1, "positions are dense");
        self.top = event.position;
        self.bytes += event.bytes();
        self.events.push_back(event);
        while self.bytes > self.max_bytes && self.events.len() > 1 {
            self.bytes -= self.events.pop_front().map_or(0, |event| event.bytes());
        }
    }

    /// At most `limit` events after position `after`; none at the top.
    pub fn read_after(&self, after: i64, limit: usize) -> RingRead {
        let first = self.top + 1 - self.events.len() as i64;
        if after + 1 < first {
            return RingRead::TooOld;
        }
        let skip = usize::try_from(after + 1 - first).unwrap_or(0);
        RingRead::Events(self.events.iter().skip(skip).take(limit).cloned().collect())
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring_of(positions: std::ops::RangeInclusive<i64>, max_bytes: usize) -> Ring {
        let mut ring = Ring::new(positions.start() - 1, max_bytes);
        for position in positions {
            ring.push(Arc::new(HubEvent::new("e", position, "{}")));
        }
        ring
    }

    fn positions(read: RingRead) -> Option<Vec<i64>> {
        match read {
            RingRead::Events(events) => Some(events.iter().map(|e| e.position).collect()),
            RingRead::TooOld => None,
        }
    }

    #[test]
    fn it_gives_what_comes_after_a_position() {
        let ring = ring_of(5..=9, 10_000);
        assert_eq!(positions(ring.read_after(4, 100)), Some(vec![5, 6, 7, 8, 9]));
        assert_eq!(positions(ring.read_after(7, 1)), Some(vec![8]));
        assert_eq!(positions(ring.read_after(9, 100)), Some(vec![]));
        assert_eq!(positions(ring.read_after(3, 100)), None);
    }

    #[test]
    fn the_oldest_leave_when_the_bytes_are_used_up() {
        let one = HubEvent::new("e", 1, "{}").bytes();
        let ring = ring_of(1..=9, one * 3);
        assert_eq!(ring.len(), 3);
        assert_eq!(positions(ring.read_after(6, 100)), Some(vec![7, 8, 9]));
        assert_eq!(positions(ring.read_after(5, 100)), None);
    }

    #[test]
    fn the_newest_stays_however_large() {
        let ring = ring_of(1..=2, 1);
        assert_eq!(positions(ring.read_after(1, 100)), Some(vec![2]));
    }

    #[test]
    fn an_empty_ring_is_not_too_old_at_its_top() {
        let ring = Ring::new(41, 100);
        assert_eq!(positions(ring.read_after(41, 10)), Some(vec![]));
        assert_eq!(positions(ring.read_after(40, 10)), None);
    }
}
