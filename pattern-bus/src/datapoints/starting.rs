//! Finding out from where to read partitions.

use pattern_store::{PartitionStart, Store};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::group::GroupMember;
use crate::{Backoff, BusError, KafkaSettings, Result, offsets::Ends};

/// A partition that ends before what was read of it has lost records. A broker that has just started may
/// look so for a moment.
const BELIEVE_LOSS_AFTER: Duration = Duration::from_secs(10);

/// From where the partitions of a topic are read.
pub(super) struct Start {
    pub topic_id: String,
    pub positions: HashMap<i32, i64>,
}

pub(super) struct Starter {
    pub kafka: KafkaSettings,
    pub topic: String,
    pub store: Store,
    pub member: GroupMember,
}

impl Starter {
    /// Tries until it knows, or is cancelled.
    pub async fn find(self, partitions: Vec<i32>, cancelled: CancellationToken) -> Option<Start> {
        let mut backoff = Backoff::default();
        let mut looks_lost_since = None;
        loop {
            let error = tokio::select! {
                biased;
                () = cancelled.cancelled() => return None,
                found = self.try_find(&partitions, &mut looks_lost_since) => match found {
                    Ok(start) => return Some(start),
                    Err(error) => error,
                },
            };
            backoff.tell_unless_away(&error, "reading samples cannot start yet", &self.kafka);
            backoff.wait(&cancelled).await;
        }
    }

    async fn try_find(&self, partitions: &[i32], looks_lost_since: &mut Option<Instant>) -> Result<Start> {
        if partitions.is_empty() {
            // More members than partitions, or no topic yet: the group will tell us when that changes.
            return Ok(Start { topic_id: String::new(), positions: HashMap::new() });
        }
        let missing = || BusError::Unavailable(format!("topic {} does not exist", self.topic));
        let topic_id = self.member.topic_id().await?.ok_or_else(missing)?;
        // In this order: what is read moves on meanwhile, and so do the ends, but never behind it.
        let stored = self.store.consumed_offsets(&self.topic, &topic_id).await?;
        let ends = self.member.ends(partitions.to_vec()).await?;

        let lost = lost_partitions(&stored, &ends);
        if let Some(partition) = lost.iter().next()
            && looks_lost_since.get_or_insert_with(Instant::now).elapsed() < BELIEVE_LOSS_AFTER
        {
            let what = format!("partition {partition} of topic {} ends before what was read", self.topic);
            return Err(BusError::Unavailable(what));
        }
        for partition in &lost {
            tracing::warn!(
                topic = self.topic,
                partition,
                "kafka has lost records of this partition that were read, reading it from its beginning"
            );
        }
        let starts: Vec<PartitionStart> = ends
            .iter()
            .map(|(partition, ends)| PartitionStart {
                partition: *partition,
                first: ends.first,
                lost_at: stored.get(partition).copied().filter(|_| lost.contains(partition)),
            })
            .collect();
        let started = self.store.start_consuming(&self.topic, &topic_id, &starts).await?;
        for gap in &started.gaps {
            let (partition, from, to, records) =
                (gap.partition, gap.from_offset, gap.to_offset, gap.records());
            tracing::warn!(
                topic = self.topic,
                partition,
                from,
                to,
                records,
                "records were deleted before they were read; `naia dlq gaps` lists what is missing"
            );
        }
        Ok(Start { topic_id, positions: started.next })
    }
}

/// Those that end before the offset that is to be read next.
fn lost_partitions(stored: &HashMap<i32, i64>, ends: &HashMap<i32, Ends>) -> HashSet<i32> {
    let lost = ends.iter().filter(|(partition, ends)| stored.get(partition).is_some_and(|at| *at > ends.end));
    lost.map(|(partition, _)| *partition).collect()
}
