//! A batch of records on its way into the store.

use chrono::{DateTime, Utc};
use pattern_core::domain::SampleBatch;
use pattern_store::{NewDeadLetter, OffsetMove, samples::KeyedSample};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{group::RawRecord, keys::KnownKeys, record::understand};
use crate::{BusError, Result};

/// What was received together, and how far it has come. Every step can be tried again: it keeps what
/// it started from.
pub(super) struct Pending {
    pub records: Arc<Vec<RawRecord>>,
    pub moves: Vec<OffsetMove>,
    pub parsed: Option<Arc<Parsed>>,
    pub samples: Option<Arc<Vec<KeyedSample>>>,
    pub dead_are_published: bool,
}

pub(super) struct Parsed {
    pub batches: Vec<SampleBatch>,
    /// Bad records: index into the records, and what is kept of them.
    pub dead: Vec<(usize, NewDeadLetter)>,
}

impl Pending {
    /// `positions`: our partitions with the next offset as PostgreSQL has it.
    pub fn new(records: Vec<RawRecord>, positions: &HashMap<i32, Option<i64>>) -> Self {
        let mut next: BTreeMap<i32, i64> = BTreeMap::new();
        for record in &records {
            let end = next.entry(record.partition).or_default();
            *end = (*end).max(record.offset + 1);
        }
        let expected = |partition| positions.get(&partition).copied().flatten();
        let moves = next
            .into_iter()
            .map(|(partition, next)| OffsetMove { partition, expected: expected(partition), next })
            .collect();
        Self { records: Arc::new(records), moves, parsed: None, samples: None, dead_are_published: false }
    }

    /// The records as samples by name and dead letters.
    /// What lies too far ahead of `now` is refused.
    pub async fn parsed(&mut self, topic: &str, topic_id: &str, now: DateTime<Utc>) -> Result<Arc<Parsed>> {
        if let Some(parsed) = &self.parsed {
            return Ok(parsed.clone());
        }
        let (records, topic, topic_id) = (self.records.clone(), topic.to_owned(), topic_id.to_owned());
        let parsed = Arc::new(off_thread(move || parse(&records, &topic, &topic_id, now)).await?);
        self.parsed = Some(parsed.clone());
        Ok(parsed)
    }

    /// The samples as the store wants them. Every name must be known.
    pub async fn samples(
        &mut self,
        parsed: Arc<Parsed>,
        known: Arc<KnownKeys>,
    ) -> Result<Arc<Vec<KeyedSample>>> {
        if let Some(samples) = &self.samples {
            return Ok(samples.clone());
        }
        let samples = Arc::new(off_thread(move || known.resolve(&parsed.batches)).await??);
        self.samples = Some(samples.clone());
        Ok(samples)
    }
}

fn parse(records: &[RawRecord], topic: &str, topic_id: &str, now: DateTime<Utc>) -> Parsed {
    let mut parsed = Parsed { batches: Vec::with_capacity(records.len()), dead: Vec::new() };
    for (index, record) in records.iter().enumerate() {
        let understood = understand(record.payload.as_deref(), now);
        parsed.batches.extend(understood.batch);
        if let Some(reason) = understood.problem {
            let letter = NewDeadLetter {
                topic: topic.to_owned(),
                topic_id: topic_id.to_owned(),
                partition: record.partition,
                offset: record.offset,
                key: record.key.clone(),
                payload: record.payload.clone(),
                reason,
            };
            parsed.dead.push((index, letter));
        }
    }
    parsed
}

/// Runs CPU work where it does not hold up the async threads.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| BusError::Unavailable(format!("work on samples stopped: {e}")))
}
