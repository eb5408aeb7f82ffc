//! Episodes: many points that changed their behaviour within a short time.

use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeSet, HashMap};

use pattern_core::{
    domain::Direction,
    series::frame::{Frame, ROLLUP_SECONDS},
};

/// Buckets before and after a change that are compared: of quarters of an hour, an hour each. Their medians do not see a
/// spike.
const SIDE: usize = 4;
/// Fewer buckets than this on a side say nothing about its level.
const MIN_SIDE: usize = 3;
/// A change of level is this many times the point's usual step from bucket to bucket …
const UNUSUAL: f32 = 8.0;
/// … and at least this share of its range (1 to 99 %).
const SHARE_OF_RANGE: f32 = 0.3;
/// Who changes more often than this on a day is not changing behaviour: changing is its behaviour.
const CHANGES_PER_DAY: f32 = 4.0;
/// What goes the same way at the same time of day on this share of the other days is the routine of the day …
const ROUTINE: f32 = 0.5;
/// … where there are so many days to tell.
const FEWEST_DAYS: usize = 3;

/// On a finer grid than that of quarters of an hour, an episode is short beside the window.
const EPISODES_IN_WINDOW: i32 = 48;

/// Within which time points have to change to change at once: `most`, or less where the window is short.
pub fn at_once(frame: &Frame, most: Duration) -> Duration {
    if frame.bucket_seconds >= ROLLUP_SECONDS {
        return most;
    }
    most.min((frame.length() / EPISODES_IN_WINDOW).max(Duration::seconds(frame.bucket_seconds)))
}

/// Starts of the buckets at which a grid row went to another level and stayed for most of four buckets, and which way;
/// empty for points that always do so.
pub fn behavior_changes(row: &[f32], frame: &Frame) -> Vec<(DateTime<Utc>, Direction)> {
    let mut finite: Vec<f32> = row.iter().copied().filter(|v| v.is_finite()).collect();
    let mut steps: Vec<f32> =
        row.windows(2).map(|w| (w[1] - w[0]).abs()).filter(|step| step.is_finite()).collect();
    if steps.len() < 4 * SIDE {
        return Vec::new();
    }
    finite.sort_by(f32::total_cmp);
    steps.sort_by(f32::total_cmp);
    let spare = finite.len() / 100;
    let between = |spare: usize| finite[finite.len() - 1 - spare] - finite[spare];
    // A switch that changed a moment ago is at its new value in fewer buckets than are spared.
    let range = if between(spare) > 0.0 { between(spare) } else { between(0) };
    let limit = (UNUSUAL * steps[steps.len() / 2]).max(SHARE_OF_RANGE * range);
    if limit <= 0.0 {
        return Vec::new();
    }
    let mut shifts: Vec<(f32, usize)> = (1..row.len())
        .filter_map(|bucket| Some((shift(row, bucket)?, bucket)))
        .filter(|(by, _)| by.abs() >= limit)
        .collect();
    // Around a change several buckets show it: the clearest one stands for all.
    shifts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then(a.1.cmp(&b.1)));
    let mut buckets: Vec<(usize, Direction)> = Vec::new();
    for (by, bucket) in shifts {
        if buckets.iter().all(|(b, _)| b.abs_diff(bucket) >= SIDE) {
            buckets.push((bucket, if by > 0.0 { Direction::Up } else { Direction::Down }));
        }
    }
    let days = row.len() as f32 * frame.bucket_seconds as f32 / 86_400.0;
    if buckets.len() as f32 > (CHANGES_PER_DAY * days).max(2.0) {
        return Vec::new();
    }
    buckets.sort_unstable();
    let buckets = without_routine(buckets, row.len(), (86_400 / frame.bucket_seconds.max(1)) as usize);
    let change = |(bucket, direction)| (frame.bucket_start(steepest(row, bucket)), direction);
    buckets.into_iter().map(change).collect()
}

/// Leaves out what happens on most days at that time: a plant that starts every morning is not changing its behaviour.
fn without_routine(
    changes: Vec<(usize, Direction)>,
    buckets: usize,
    per_day: usize,
) -> Vec<(usize, Direction)> {
    let days = buckets / per_day.max(1);
    if days < FEWEST_DAYS {
        return changes;
    }
    let is_routine = |&(bucket, direction): &(usize, Direction)| {
        let same_way = changes.iter().filter(|(_, way)| *way == direction);
        let other_days: BTreeSet<i64> =
            same_way.filter_map(|(other, _)| days_later(bucket, *other, per_day)).collect();
        other_days.len() as f32 >= ROUTINE * (days - 1) as f32
    };
    let routine: Vec<bool> = changes.iter().map(is_routine).collect();
    changes.into_iter().zip(routine).filter(|(_, routine)| !routine).map(|(change, _)| change).collect()
}

/// How many days later the other bucket is, where it is at the same time of another day.
fn days_later(bucket: usize, other: usize, per_day: usize) -> Option<i64> {
    let (offset, per_day) = (other as i64 - bucket as i64, per_day as i64);
    let days = (offset as f64 / per_day as f64).round() as i64;
    (days != 0 && (offset - days * per_day).unsigned_abs() as usize <= SIDE).then_some(days)
}

/// When in a stretch of samples, in order, the level changed: the first sample of the second of the two parts whose
/// values differ least from their means. `None` where there are too few to tell.
pub fn moment_of_change(samples: &[(DateTime<Utc>, f64)]) -> Option<DateTime<Utc>> {
    let all: f64 = samples.iter().map(|(_, value)| value).sum();
    let count = samples.len() as f64;
    let mut before = 0.0;
    let gains = samples.windows(2).enumerate().map(|(i, pair)| {
        before += pair[0].1;
        let first = (i + 1) as f64;
        // How much less the squares are about two means than about one.
        let gain =
            (before / first - (all - before) / (count - first)).powi(2) * first * (count - first) / count;
        (gain, pair[1].0)
    });
    let (gain, at) = gains.filter(|(gain, _)| gain.is_finite()).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (gain > 0.0).then_some(at)
}

/// How far the level from a bucket on lies above the level before it.
fn shift(row: &[f32], bucket: usize) -> Option<f32> {
    let before = level(&row[bucket.saturating_sub(SIDE)..bucket])?;
    let after = level(&row[bucket..(bucket + SIDE).min(row.len())])?;
    Some(after - before)
}

/// Medians tell that there is a change, the largest step within two buckets tells where.
fn steepest(row: &[f32], bucket: usize) -> usize {
    let step = |b: usize| (row[b] - row[b - 1]).abs();
    let near = bucket.saturating_sub(SIDE / 2).max(1)..(bucket + SIDE / 2 + 1).min(row.len());
    near.filter(|b| step(*b).is_finite()).max_by(|a, b| step(*a).total_cmp(&step(*b))).unwrap_or(bucket)
}

fn level(buckets: &[f32]) -> Option<f32> {
    let mut finite = [0.0; SIDE];
    let mut count = 0;
    for value in buckets.iter().filter(|v| v.is_finite()) {
        finite[count] = *value;
        count += 1;
    }
    let finite = &mut finite[..count];
    if count < MIN_SIDE {
        return None;
    }
    finite.sort_by(f32::total_cmp);
    let middle = count / 2;
    Some(if count % 2 == 1 { finite[middle] } else { (finite[middle - 1] + finite[middle]) / 2.0 })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// Points that changed, sorted, each once.
    pub members: Vec<usize>,
}

/// Stretches of time in which, within any `window`, at least `min_points` different points changed, and
/// clearly more than usual. Stretches no further apart than the window are one episode. Times count in
/// microseconds. One sort and one sweep, however the changes lie.
pub fn episodes(changes: &[(DateTime<Utc>, usize)], min_points: usize, window: Duration) -> Vec<Episode> {
    let window = window.num_microseconds().unwrap_or(i64::MAX).max(0);
    let (points, changes) = numbered(changes);
    let min_points = min_points.max(unusual(&changes, window));
    let dense = dense(&changes, points.len(), min_points, window);
    let instant = |micros| DateTime::from_timestamp_micros(micros).unwrap_or_default();
    dense
        .chunk_by(|a, b| b.0 - a.0 <= window)
        .map(|part| {
            let mut members: Vec<usize> = part.iter().map(|(_, point)| points[*point as usize]).collect();
            members.sort_unstable();
            members.dedup();
            Episode { starts_at: instant(part[0].0), ends_at: instant(part[part.len() - 1].0), members }
        })
        .collect()
}

/// Microseconds and number of the point.
type Change = (i64, u32);

/// The points, and the changes in order, each once: where points are numbers 0.. an array can count them.
fn numbered(changes: &[(DateTime<Utc>, usize)]) -> (Vec<usize>, Vec<Change>) {
    let mut points = Vec::new();
    let mut numbers = HashMap::new();
    let mut number = |point: usize| {
        *numbers.entry(point).or_insert_with(|| {
            points.push(point);
            points.len() as u32 - 1
        })
    };
    let mut numbered: Vec<Change> =
        changes.iter().map(|(at, point)| (at.timestamp_micros(), number(*point))).collect();
    numbered.sort_unstable();
    numbered.dedup();
    (points, numbered)
}

/// The changes of all windows in which enough different points changed.
fn dense(changes: &[Change], points: usize, min_points: usize, window: i64) -> Vec<Change> {
    let mut dense = Vec::new();
    // How often each point changed within the window, and how many did.
    let (mut times, mut inside) = (vec![0_u32; points], 0);
    let (mut first, mut marked) = (0, 0);
    for (last, &(at, point)) in changes.iter().enumerate() {
        inside += usize::from(times[point as usize] == 0);
        times[point as usize] += 1;
        while at - changes[first].0 > window {
            let times = &mut times[changes[first].1 as usize];
            *times -= 1;
            inside -= usize::from(*times == 0);
            first += 1;
        }
        if inside >= min_points {
            // What an earlier window marked is there already: the sweep stays linear.
            dense.extend_from_slice(&changes[first.max(marked)..=last]);
            marked = last + 1;
        }
    }
    dense
}

/// Fewer windows than this in the whole span say nothing about what is usual.
const WINDOWS_TO_JUDGE: usize = 96;

/// From how many changes on a window is more than chance: in a plant of many thousand points some dozen
/// always change. Five standard deviations of a Poisson count above the median window.
fn unusual(changes: &[Change], window: i64) -> usize {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return 0 };
    let of = |change: &Change| (change.0 - first.0) / window.max(1);
    let windows = of(last) as usize;
    if windows < WINDOWS_TO_JUDGE {
        return 0;
    }
    // Only windows in which something changed are counted one by one: one absurd time makes millions.
    let counts = changes.chunk_by(|a, b| of(a) == of(b)).map(<[Change]>::len);
    let mut counts: Vec<usize> = counts.collect();
    let empty = windows.saturating_sub(counts.len());
    let usual = match (windows / 2).checked_sub(empty) {
        Some(middle) if middle < counts.len() => *counts.select_nth_unstable(middle).1 as f64,
        _ => 0.0,
    };
    (usual + 5.0 * usual.sqrt()).ceil() as usize
}
