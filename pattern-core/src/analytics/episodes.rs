//! Episodes: many points that changed their behaviour within a short time.

use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;

use super::grid::BUCKET_SECONDS;

/// A step is this many times the point's usual step …
const UNUSUAL: f32 = 8.0;
/// … and at least this share of its range.
const SHARE_OF_RANGE: f32 = 0.3;
/// Who steps more often than this on a day is not changing behaviour: stepping is its behaviour.
const STEPS_PER_DAY: f32 = 1.0;

/// Times at which a grid row changed by an unusual step; empty for points that always step.
pub fn behavior_changes(row: &[f32], start: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let finite: Vec<f32> = row.iter().copied().filter(|v| v.is_finite()).collect();
    let low = finite.iter().copied().fold(f32::INFINITY, f32::min);
    let high = finite.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut steps: Vec<f32> =
        row.windows(2).map(|w| (w[1] - w[0]).abs()).filter(|step| step.is_finite()).collect();
    if steps.len() < 16 || high <= low {
        return Vec::new();
    }
    steps.sort_by(f32::total_cmp);
    let usual = steps[steps.len() / 2];
    let limit = (UNUSUAL * usual).max(SHARE_OF_RANGE * (high - low));
    let changes: Vec<DateTime<Utc>> = row
        .windows(2)
        .enumerate()
        .filter(|(_, w)| (w[1] - w[0]).abs() >= limit)
        .map(|(i, _)| start + Duration::seconds(BUCKET_SECONDS * (i as i64 + 1)))
        .collect();
    let days = row.len() as f32 * BUCKET_SECONDS as f32 / 86_400.0;
    if changes.len() as f32 > (STEPS_PER_DAY * days).max(2.0) { Vec::new() } else { changes }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// Points that changed, sorted, each once.
    pub members: Vec<usize>,
}

/// Stretches of time in which, within any `window`, at least `min_points` different points changed.
/// Stretches that share a change are one episode.
pub fn episodes(changes: &[(DateTime<Utc>, usize)], min_points: usize, window: Duration) -> Vec<Episode> {
    let mut changes = changes.to_vec();
    changes.sort_unstable();
    changes.dedup();
    let mut dense = vec![false; changes.len()];
    let mut inside = std::collections::BTreeMap::<usize, usize>::new();
    let (mut first, mut marked) = (0, 0);
    for last in 0..changes.len() {
        *inside.entry(changes[last].1).or_default() += 1;
        while changes[last].0 - changes[first].0 > window {
            let point = changes[first].1;
            if let Some(count) = inside.get_mut(&point) {
                *count -= 1;
                if *count == 0 {
                    inside.remove(&point);
                }
            }
            first += 1;
        }
        if inside.len() >= min_points {
            // What an earlier window marked needs no second look: the sweep stays linear.
            dense[first.max(marked)..=last].fill(true);
            marked = last + 1;
        }
    }
    let marked: Vec<(DateTime<Utc>, usize)> =
        changes.into_iter().zip(dense).filter(|(_, dense)| *dense).map(|(change, _)| change).collect();
    marked
        .chunk_by(|a, b| b.0 - a.0 <= window)
        .map(|part| Episode {
            starts_at: part[0].0,
            ends_at: part[part.len() - 1].0,
            members: part.iter().map(|(_, point)| *point).collect::<BTreeSet<_>>().into_iter().collect(),
        })
        .collect()
}
