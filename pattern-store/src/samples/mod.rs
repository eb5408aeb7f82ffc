//! Samples: append-only hot tables, one a UTC day, that sealing turns into compressed blocks.
//!
//! Three places can hold a sample of a day: its hot table, its blocks (after sealing), and the late
//! table (what came while or after the day was sealed). Reading merges all three. Of several samples
//! with the same point and time the last one counts: a hot or late one by its batch, a late one over
//! what is sealed.

mod codec;
mod copy;
mod days;
mod grid;
mod import;
mod merge;
mod newest;
mod reader;
mod retention;
mod sealing;
mod times;
mod writer;

pub use codec::STALE_AFTER;
pub use import::InsertedSamples;
pub use retention::{KeptFrom, PrunedSamples};
pub use sealing::SealedDay;
pub use writer::{AppendedSamples, append_samples};
pub(crate) use writer::{parts_to_append, sorted_and_distinct};

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use pattern_core::domain::Sample;

/// A sample of a point that is known by its key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyedSample {
    pub key: i32,
    pub at: DateTime<Utc>,
    pub value: f64,
    pub quality: i16,
}

impl KeyedSample {
    pub fn new(key: i32, sample: Sample) -> Self {
        Self { key, at: sample.at, value: sample.value, quality: sample.quality }
    }

    pub fn sample(&self) -> Sample {
        Sample { at: self.at, value: self.value, quality: self.quality }
    }

    fn day(&self) -> NaiveDate {
        self.at.date_naive()
    }
}

/// Sorts by day, point and time, and keeps of samples with the same point and time the last one given.
/// Times are cut to the microsecond that PostgreSQL keeps, so that equal stays equal.
pub fn sort_and_dedupe(samples: &mut Vec<KeyedSample>) {
    for sample in samples.iter_mut() {
        sample.at = sample.at.trunc_subsecs(6);
    }
    // Stable, so samples with the same point and time stay in the order they were given.
    samples.sort_by_key(order);
    samples.dedup_by(|later, kept| {
        let same = later.key == kept.key && later.at == kept.at;
        if same {
            *kept = *later;
        }
        same
    });
}

fn order(sample: &KeyedSample) -> (i64, i32, DateTime<Utc>) {
    (sample.at.timestamp().div_euclid(86_400), sample.key, sample.at)
}

fn is_sorted_and_distinct(samples: &[KeyedSample]) -> bool {
    samples.windows(2).all(|pair| order(&pair[0]) < order(&pair[1]))
        && samples.iter().all(|s| s.at.timestamp_subsec_nanos().is_multiple_of(1_000))
}
