//! A batch of records on its way into the store.

use chrono::{DateTime, Utc};
use pattern_core::domain::SampleBatch;
use pattern_store::{NewDeadLetter, OffsetMove, samples::KeyedSample};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, RwLock},
};

use super::{
    group::RawRecord,
    keys::{KnownKeys, read},
    record::{Understood, understand},
};
use crate::{BusError, MAX_RECORD_BYTES, Result};

/// What was received together, and how far it has come. Every step can be tried again: it keeps what
/// it started from.
pub(super) struct Pending {
    pub records: Arc<Vec<RawRecord>>,
    pub moves: Vec<OffsetMove>,
    pub parsed: Option<Arc<Parsed>>,
    pub samples: Option<Arc<Vec<KeyedSample>>>,
    pub dead_are_published: bool,
    /// It is a dead letter as a whole.
    pub is_refused: bool,
}

pub(super) struct Parsed {
    pub batches: Vec<SampleBatch>,
    /// Bad records: index into the records, and what is kept of them.
    pub dead: Vec<(usize, NewDeadLetter)>,
}

impl Pending {
    /// `positions`: our partitions with the next offset as PostgreSQL has it. Records that were stored
    /// before, and those of partitions that are not ours, are left out.
    pub fn new(mut records: Vec<RawRecord>, positions: &HashMap<i32, i64>) -> Self {
        records.retain(|r| positions.get(&r.partition).is_some_and(|next| r.offset >= *next));
        let mut next: BTreeMap<i32, i64> = BTreeMap::new();
        for record in &records {
            let end = next.entry(record.partition).or_default();
            *end = (*end).max(record.offset + 1);
        }
        let moves = next
            .into_iter()
            .map(|(partition, next)| OffsetMove { partition, expected: positions[&partition], next })
            .collect();
        Self {
            records: Arc::new(records),
            moves,
            parsed: None,
            samples: None,
            dead_are_published: false,
            is_refused: false,
        }
    }

    /// Of a single record: keeps it as a dead letter, whatever it holds.
    pub fn refuse(&mut self, topic: &str, topic_id: &str, reason: &str) {
        let reason = format!("the record cannot be stored: {reason}");
        let letters = self.records.iter().map(|record| dead_letter(record, topic, topic_id, reason.clone()));
        let dead = letters.enumerate().collect();
        self.parsed = Some(Arc::new(Parsed { batches: Vec::new(), dead }));
        self.samples = None;
        self.dead_are_published = false;
        self.is_refused = true;
    }

    /// The records in two parts that keep each partition's order.
    pub fn halves(self) -> (Vec<RawRecord>, Vec<RawRecord>) {
        let mut first = Arc::unwrap_or_clone(self.records);
        let second = first.split_off(first.len() / 2);
        (first, second)
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
        known: Arc<RwLock<KnownKeys>>,
    ) -> Result<Arc<Vec<KeyedSample>>> {
        if let Some(samples) = &self.samples {
            return Ok(samples.clone());
        }
        let samples = Arc::new(off_thread(move || read(&known).resolve(&parsed.batches)).await??);
        self.samples = Some(samples.clone());
        Ok(samples)
    }
}

fn parse(records: &[RawRecord], topic: &str, topic_id: &str, now: DateTime<Utc>) -> Parsed {
    let mut parsed = Parsed { batches: Vec::with_capacity(records.len()), dead: Vec::new() };
    for (index, record) in records.iter().enumerate() {
        let understood = match record.cut_from {
            Some(bytes) => Understood::nothing(too_long(record, bytes)),
            None => understand(record.payload.as_deref(), now),
        };
        parsed.batches.extend(understood.batch);
        if let Some(reason) = understood.problem {
            parsed.dead.push((index, dead_letter(record, topic, topic_id, reason)));
        }
    }
    parsed
}

fn too_long(record: &RawRecord, bytes: usize) -> String {
    format!(
        "the record has {bytes} bytes, and {MAX_RECORD_BYTES} are the most: send its samples in several; its first {} \
         bytes are kept here",
        record.bytes()
    )
}

pub(super) fn dead_letter(record: &RawRecord, topic: &str, topic_id: &str, reason: String) -> NewDeadLetter {
    NewDeadLetter {
        topic: topic.to_owned(),
        topic_id: topic_id.to_owned(),
        partition: record.partition,
        offset: record.offset,
        key: record.key.clone(),
        payload: record.payload.clone(),
        reason,
    }
}

/// Runs CPU work where it does not hold up the async threads.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| BusError::Unavailable(format!("work on samples stopped: {e}")))
}
