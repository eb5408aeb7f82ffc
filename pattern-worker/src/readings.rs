//! What the names, descriptions and units of a data source say, kept from one run to the next: an answer changes none
//! of it, and reading takes longer than judging.

use pattern_equipment::matching::{Reading, SiteMemory};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// Readings of more points are made again each time, rather than kept in memory.
const MOST_POINTS: usize = 20_000;

/// The readings of the data source that was read last. Cheap to clone.
#[derive(Clone, Default)]
pub struct KeptReadings(Arc<Mutex<Option<SiteReadings>>>);

/// What was read of a data source.
pub(crate) struct SiteReadings {
    /// Of the points, as they are called and behave, and of the library's patterns.
    pub version: String,
    pub observed: SiteMemory,
    /// By their points.
    pub clusters: HashMap<Vec<Uuid>, Arc<Reading>>,
}

impl KeptReadings {
    /// What is kept, where it is of this version.
    pub(crate) fn take(&self, version: &str) -> Option<SiteReadings> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.filter(|kept| kept.version == version)
    }

    pub(crate) fn keep(&self, readings: SiteReadings) {
        let points: usize = readings.clusters.keys().map(Vec::len).sum();
        if points <= MOST_POINTS {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(readings);
        }
    }
}
