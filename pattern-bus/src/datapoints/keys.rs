//! From names to sample keys.

use pattern_core::domain::{SampleBatch, quality};
use pattern_store::{
    NewPoint, Store, StoreError,
    samples::{KeyedSample, sort_and_dedupe},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

/// The sample keys of all points that have been seen, by data source and name. Points are never
/// deleted, so what is known stays true.
#[derive(Debug, Default)]
pub(super) struct KnownKeys {
    by_data_source: HashMap<String, HashMap<String, i32>>,
}

impl KnownKeys {
    /// Names that have no key yet, by data source.
    fn unknown(&self, batches: &[SampleBatch]) -> HashMap<String, HashSet<String>> {
        let mut unknown: HashMap<String, HashSet<String>> = HashMap::new();
        for batch in batches {
            let known = self.by_data_source.get(&batch.data_source);
            for sample in &batch.samples {
                if !known.is_some_and(|keys| keys.contains_key(&sample.name)) {
                    unknown.entry(batch.data_source.clone()).or_default().insert(sample.name.clone());
                }
            }
        }
        unknown
    }

    fn add(&mut self, data_source: &str, keys: HashMap<String, i32>) {
        self.by_data_source.entry(data_source.to_owned()).or_default().extend(keys);
    }

    /// The samples by key, in the order and form in which the store wants them. Every name must have
    /// been learned. CPU-bound.
    pub fn resolve(&self, batches: &[SampleBatch]) -> Result<Vec<KeyedSample>, StoreError> {
        let mut samples = Vec::with_capacity(batches.iter().map(|b| b.samples.len()).sum());
        for batch in batches {
            let known = self.by_data_source.get(&batch.data_source);
            for sample in &batch.samples {
                let Some(key) = known.and_then(|keys| keys.get(&sample.name)).copied() else {
                    return Err(StoreError::NotFound(format!("point {}/{}", batch.data_source, sample.name)));
                };
                let (at, value) = (sample.timestamp, sample.value);
                let quality = quality::stored(sample.quality, batch.quality_scale);
                samples.push(KeyedSample { key, at, value, quality });
            }
        }
        sort_and_dedupe(&mut samples);
        Ok(samples)
    }
}

pub(super) fn read(known: &RwLock<KnownKeys>) -> RwLockReadGuard<'_, KnownKeys> {
    known.read().unwrap_or_else(PoisonError::into_inner)
}

/// Makes all names of the batches known: looks them up, and registers those that are new to the data source.
pub(super) async fn learn(
    known: &RwLock<KnownKeys>,
    store: &Store,
    batches: &[SampleBatch],
) -> Result<(), StoreError> {
    let unknown = read(known).unknown(batches);
    for (data_source, names) in unknown {
        let names: Vec<String> = names.into_iter().collect();
        let mut keys = store.point_keys(&data_source, &names).await?;
        let new: Vec<NewPoint> =
            names.iter().filter(|name| !keys.contains_key(*name)).map(NewPoint::named).collect();
        if !new.is_empty() {
            let registered = store.register_points(&data_source, &new).await?;
            tracing::info!(data_source, points = registered.new, "registered unknown points");
            keys.extend(registered.keys);
        }
        known.write().unwrap_or_else(PoisonError::into_inner).add(&data_source, keys);
    }
    Ok(())
}
