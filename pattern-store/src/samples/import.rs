//! Direct import: writes what is not stored yet, so that a second import changes nothing.

use chrono::NaiveDate;
use pattern_core::domain::Sample;
use std::collections::HashMap;

use super::{KeyedSample, reader::Select, sort_and_dedupe};
use crate::{Result, Store};

/// What an import did, counted in samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InsertedSamples {
    pub new: u64,
    /// Stored before with another value or quality; the new one counts now.
    pub changed: u64,
    pub unchanged: u64,
    /// Given more than once in this call; the last one counts.
    pub repeated: u64,
}

impl InsertedSamples {
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.repeated += other.repeated;
    }
}

impl Store {
    /// Stores those samples that are not stored with the same value and quality already. Costs one
    /// reading of the days that the samples are of, so give it large chunks, best in order of time.
    pub async fn insert_new_samples(&self, samples: &[KeyedSample]) -> Result<InsertedSamples> {
        let (inserted, missing) = self.new_samples(samples).await?;
        self.append_samples(&missing).await?;
        Ok(inserted)
    }

    /// Which samples are not stored with the same value and quality already, and what storing them does.
    pub async fn new_samples(&self, samples: &[KeyedSample]) -> Result<(InsertedSamples, Vec<KeyedSample>)> {
        let mut distinct = samples.to_vec();
        sort_and_dedupe(&mut distinct);
        let mut inserted = InsertedSamples {
            repeated: (samples.len() - distinct.len()) as u64,
            ..InsertedSamples::default()
        };
        let mut missing = Vec::new();
        for group in distinct.chunk_by(|a, b| a.day() == b.day()) {
            let stored = self.stored_like(group[0].day(), group).await?;
            for sample in group {
                match stored_sample(&stored, sample) {
                    None => inserted.new += 1,
                    Some(old) if same(&old, &sample.sample()) => {
                        inserted.unchanged += 1;
                        continue;
                    }
                    Some(_) => inserted.changed += 1,
                }
                missing.push(*sample);
            }
        }
        Ok((inserted, missing))
    }

    /// What is stored for the points and the span of time of `group`, which is of one day.
    async fn stored_like(&self, day: NaiveDate, group: &[KeyedSample]) -> Result<HashMap<i32, Vec<Sample>>> {
        if self.known_days(day, day).await?.is_empty() {
            return Ok(HashMap::new());
        }
        let mut keys: Vec<i32> = group.iter().map(|s| s.key).collect();
        keys.dedup();
        let times = group.iter().map(|s| s.at);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
            return Ok(HashMap::new());
        };
        self.read_day(day, Select::Between(&keys, first, last)).await
    }
}

fn stored_sample(stored: &HashMap<i32, Vec<Sample>>, sample: &KeyedSample) -> Option<Sample> {
    let series = stored.get(&sample.key)?;
    series.binary_search_by_key(&sample.at, |s| s.at).ok().map(|index| series[index])
}

fn same(a: &Sample, b: &Sample) -> bool {
    let same_value = a.value.to_bits() == b.value.to_bits() || (a.value.is_nan() && b.value.is_nan());
    same_value && a.quality == b.quality
}
