//! What usually changes in a kind of event.

use chrono::{DateTime, Utc};
use pattern_core::domain::{Direction, PointChange};
use std::collections::BTreeMap;
use uuid::Uuid;

/// An episode as it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// Each point once.
    pub changes: Vec<PointChange>,
}

impl Occurrence {
    pub fn seconds(&self) -> f64 {
        seconds_between(self.starts_at, self.ends_at)
    }

    /// How long after the beginning a change was, in seconds.
    pub(crate) fn delay(&self, change: &PointChange) -> f64 {
        seconds_between(self.starts_at, change.at)
    }
}

fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64()
}

/// How a point takes part in a kind of event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    pub direction: Direction,
    /// In which share of the occurrences it did, 0..1.
    pub share: f64,
    /// How long after the beginning, in seconds: the median.
    pub after_seconds: f64,
}

/// What usually changes in a kind of event, by point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    pub parts: BTreeMap<Uuid, Part>,
    /// From the first change to the last: the median.
    pub seconds: f64,
}

impl Profile {
    /// What these occurrences of one kind have in common. A point that went both ways is kept as it mostly went.
    pub fn of(occurrences: &[Occurrence]) -> Self {
        let mut by_point: BTreeMap<Uuid, Vec<(Direction, f64)>> = BTreeMap::new();
        for occurrence in occurrences {
            for change in &occurrence.changes {
                by_point.entry(change.point).or_default().push((change.direction, occurrence.delay(change)));
            }
        }
        let part = |changes: Vec<(Direction, f64)>| {
            let up = changes.iter().filter(|(direction, _)| *direction == Direction::Up).count();
            let direction = if 2 * up >= changes.len() { Direction::Up } else { Direction::Down };
            let delays: Vec<f64> =
                changes.iter().filter(|(its, _)| *its == direction).map(|(_, delay)| *delay).collect();
            let share = delays.len() as f64 / occurrences.len() as f64;
            Part { direction, share, after_seconds: median(delays) }
        };
        Self {
            parts: by_point.into_iter().map(|(point, changes)| (point, part(changes))).collect(),
            seconds: median(occurrences.iter().map(Occurrence::seconds).collect()),
        }
    }
}

/// 0 of none; of an even number the lower of the two in the middle, which did occur.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n => values[(n - 1) / 2],
    }
}
