//! Which stretch of time a data source is looked at, and how finely.
//!
//! The window is the newest `window_days` or as much of them as there are samples for, in buckets of a quarter of an
//! hour. Only where these are too few to judge it is otherwise: what is shorter than a day gets the longest bucket of
//! [`FINE`] that there are [`ENOUGH_BUCKETS`] of (means over longer times are less noisy), but none that the samples do not
//! keep up with; and where a point has hardly a sample in two hours, the bucket is one of [`COARSE`] and the window longer.

use chrono::{DateTime, Duration, NaiveTime, Utc};
use std::fmt;

/// Seconds in a bucket of the means that are kept of each day.
pub const ROLLUP_SECONDS: i64 = 900;
/// Seconds in a bucket of data that are shorter than a day.
pub const FINE: [i64; 10] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
/// Seconds in a bucket of data that have few samples in the window. Each divides a day.
pub const COARSE: [i64; 7] = [7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400];
/// Fewer than these in common say nothing about two points; of quarters of an hour they are a day.
pub const FEWEST_BUCKETS: usize = 96;
/// Of a finer grid: who begins a little later, or has gaps, is to be judged as well.
pub const ENOUGH_BUCKETS: usize = 120;
/// Of a window that is longer than usual: enough to judge, and not dear to read.
const COARSE_BUCKETS: i64 = 2 * FEWEST_BUCKETS as i64;
/// Samples may be so much further apart than buckets are long: what is meant to come every second comes a little later.
const LATE: f64 = 1.1;
/// The former bucket stays while data longer or shorter, or faster or slower, by so much would get it.
const NEAR: [f64; 3] = [1.0, 0.8, 1.25];

/// A stretch of time in equal buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub start: DateTime<Utc>,
    pub bucket_seconds: i64,
    pub buckets: usize,
}

/// The times of a point's samples, as far as they were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointTimes {
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
    pub samples: i64,
}

/// How the samples of a data source lie in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
    /// Between the samples of a point; infinite where no point has two.
    pub interval_seconds: f64,
}

impl Frame {
    /// Quarters of an hour: the last `days` before `end` (cut to a full one).
    pub fn days(end: DateTime<Utc>, days: i64) -> Self {
        Self::until(floor(end, ROLLUP_SECONDS), Duration::days(days), ROLLUP_SECONDS)
    }

    /// That suits the samples. `end` is where a window of quarters of an hour ends, `former` the bucket that was
    /// chosen before.
    pub fn suiting(sampling: &Sampling, end: DateTime<Utc>, days: i64, former: Option<i64>) -> Self {
        let window = Duration::days(days);
        match suitable_bucket(sampling, window, former) {
            ROLLUP_SECONDS => {
                let (end, first_day) = (floor(end, ROLLUP_SECONDS), midnight(sampling.first));
                let length = if first_day < end { window.min(end - first_day) } else { window };
                Self::until(end, length, ROLLUP_SECONDS)
            }
            bucket if bucket < ROLLUP_SECONDS => {
                let end = floor(sampling.last, bucket) + Duration::seconds(bucket);
                Self::until(end, window.min(end - floor(sampling.first, bucket)), bucket)
            }
            bucket => {
                let end = floor(end, bucket);
                let longest = Duration::seconds(COARSE_BUCKETS * bucket);
                Self::until(end, longest.min(end - floor(sampling.first, bucket)), bucket)
            }
        }
    }

    fn until(end: DateTime<Utc>, length: Duration, bucket_seconds: i64) -> Self {
        let buckets = length.num_seconds() / bucket_seconds;
        let start = end - Duration::seconds(buckets * bucket_seconds);
        Self { start, bucket_seconds, buckets: usize::try_from(buckets).unwrap_or(0) }
    }

    /// First instant after the last bucket.
    pub fn end(&self) -> DateTime<Utc> {
        self.bucket_start(self.buckets)
    }

    pub fn length(&self) -> Duration {
        self.end() - self.start
    }

    pub fn bucket_start(&self, bucket: usize) -> DateTime<Utc> {
        self.start + Duration::seconds(self.bucket_seconds * bucket as i64)
    }
}

/// As "19 min in 570 buckets of 2 s".
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bucket = Duration::seconds(self.bucket_seconds);
        write!(f, "{} in {} buckets of {}", in_words(self.length()), self.buckets, in_words(bucket))
    }
}

/// Rounded to what is said of such times: as "19 min", "2 days".
pub fn in_words(time: Duration) -> String {
    const DAY: i64 = 86_400;
    let seconds = time.num_seconds();
    let rounded = |unit: i64| (seconds + unit / 2) / unit;
    match seconds {
        DAY => "1 day".into(),
        seconds if seconds >= 2 * DAY => format!("{} days", rounded(DAY)),
        seconds if seconds >= 7_200 || seconds == 3_600 => format!("{} h", rounded(3_600)),
        seconds if seconds >= 120 || seconds == 60 => format!("{} min", rounded(60)),
        seconds => format!("{seconds} s"),
    }
}

impl Sampling {
    /// Of some points, robustly: a tenth of them may have begun earlier, a tenth ended later, and a tenth may be
    /// faster. (Slow ones say little: a point that is stored when it changes may not have changed.) `None` of nothing.
    pub fn of(points: &[PointTimes]) -> Option<Self> {
        let mut firsts: Vec<_> = points.iter().map(|point| point.first).collect();
        let mut lasts: Vec<_> = points.iter().map(|point| point.last).collect();
        let mut intervals: Vec<f64> = points.iter().filter_map(PointTimes::interval_seconds).collect();
        firsts.sort_unstable();
        lasts.sort_unstable_by(|a, b| b.cmp(a));
        intervals.sort_unstable_by(f64::total_cmp);
        Some(Self {
            first: *tenth(&firsts)?,
            last: *tenth(&lasts)?,
            interval_seconds: tenth(&intervals).copied().unwrap_or(f64::INFINITY),
        })
    }

    pub fn span(&self) -> Duration {
        (self.last - self.first).max(Duration::zero())
    }

    /// Whether so few samples of a point lie in the window, or nearly, that a longer one would be better.
    pub fn is_slow(&self, window: Duration) -> bool {
        self.interval_seconds * NEAR[2] > slow(window)
    }
}

impl PointTimes {
    /// `None` of a single sample.
    fn interval_seconds(&self) -> Option<f64> {
        let seconds = (self.last - self.first).as_seconds_f64();
        (self.samples > 1 && seconds > 0.0).then(|| seconds / (self.samples - 1) as f64)
    }
}

/// The former one where it is still near.
fn suitable_bucket(sampling: &Sampling, window: Duration, former: Option<i64>) -> i64 {
    let (span, interval) = (sampling.span().as_seconds_f64(), sampling.interval_seconds);
    let best = |(longer, slower): (f64, f64)| best_bucket(span * longer, interval * slower, window);
    let near = NEAR.iter().flat_map(|longer| NEAR.map(|slower| (*longer, slower)));
    let mut near = near.map(best);
    former.filter(|former| near.any(|bucket| bucket == *former)).unwrap_or_else(|| best((1.0, 1.0)))
}

fn best_bucket(span: f64, interval: f64, window: Duration) -> i64 {
    let keeps_up = |bucket: &i64| interval <= *bucket as f64 * LATE;
    let fills = |bucket: i64, buckets: usize| span >= bucket as f64 * buckets as f64;
    let found = if !fills(ROLLUP_SECONDS, FEWEST_BUCKETS) {
        let mut fine = FINE.into_iter().filter(keeps_up);
        let longest = fine.clone().rfind(|bucket| fills(*bucket, ENOUGH_BUCKETS));
        longest.or_else(|| fine.next())
    } else if span >= window.as_seconds_f64() && interval > slow(window) {
        COARSE.into_iter().find(|bucket| keeps_up(bucket) && fills(*bucket, FEWEST_BUCKETS))
    } else {
        None
    };
    found.unwrap_or(ROLLUP_SECONDS)
}

/// Seconds between samples from which on a window holds too few.
fn slow(window: Duration) -> f64 {
    window.as_seconds_f64() / FEWEST_BUCKETS as f64
}

/// The longest window that a data source may get.
pub fn longest_window() -> Duration {
    Duration::seconds(COARSE_BUCKETS * COARSE[COARSE.len() - 1])
}

/// What a tenth of the sorted numbers lie before.
fn tenth<T>(sorted: &[T]) -> Option<&T> {
    sorted.get(sorted.len() / 10)
}

fn floor(at: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp().div_euclid(seconds) * seconds, 0).unwrap_or(at)
}

fn midnight(at: DateTime<Utc>) -> DateTime<Utc> {
    at.date_naive().and_time(NaiveTime::MIN).and_utc()
}
