//! How far a topic has been consumed, moved in the transaction that stores what was read.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use std::collections::HashMap;

use crate::{
    NewDeadLetter, Result, Store, dead_letters,
    samples::{AppendedSamples, KeyedSample, append_samples, parts_to_append, sorted_and_distinct},
};

/// A partition's step from the offset that was to be read next to the one that is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetMove {
    pub partition: i32,
    /// What is stored as the next offset. If something else is stored, another consumer has read on and
    /// nothing of the batch is written.
    pub expected: i64,
    pub next: i64,
}

/// What was read from a topic and is to be kept.
#[derive(Debug, Clone, Copy)]
pub struct Consumed<'a> {
    pub topic: &'a str,
    /// The topic's identity: a topic that was dropped and made again has another one.
    pub topic_id: &'a str,
    pub moves: &'a [OffsetMove],
    pub samples: &'a [KeyedSample],
    pub dead_letters: &'a [NewDeadLetter],
}

/// How far a partition is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumedPartition {
    pub partition: i32,
    pub next_offset: i64,
    /// When the offset moved last.
    pub updated_at: DateTime<Utc>,
}

impl Store {
    /// How far the topic is read, by partition. Partitions that nobody consumed yet are missing.
    pub async fn consumed_partitions(&self, topic: &str, topic_id: &str) -> Result<Vec<ConsumedPartition>> {
        Ok(sqlx::query_as!(
            ConsumedPartition,
            "select partition, next_offset, updated_at from consumed_offsets
             where topic = $1 and topic_id = $2 order by partition",
            topic,
            topic_id
        )
        .fetch_all(self.pool())
        .await?)
    }

    /// The offset to read next, by partition. Partitions that were never read are missing.
    pub async fn consumed_offsets(&self, topic: &str, topic_id: &str) -> Result<HashMap<i32, i64>> {
        let partitions = self.consumed_partitions(topic, topic_id).await?;
        Ok(partitions.into_iter().map(|p| (p.partition, p.next_offset)).collect())
    }

    /// Stores samples and dead letters and moves the offsets. `None`: another consumer was faster and no
    /// offset was moved; read the offsets again.
    ///
    /// Samples of more days than one transaction can hold are written by several, and the offsets move
    /// with the last: after a crash in between all of them are written again, which changes nothing.
    pub async fn store_consumed(&self, consumed: Consumed<'_>) -> Result<Option<AppendedSamples>> {
        let samples = sorted_and_distinct(consumed.samples);
        let (last, before) = parts_to_append(&samples);
        let mut appended = AppendedSamples::default();
        for part in before {
            let mut tx = self.pool().begin().await?;
            if !lock_offsets(&mut tx, consumed).await? {
                return Ok(None);
            }
            appended.add(append_samples(&mut tx, part).await?);
            tx.commit().await?;
        }
        let mut tx = self.pool().begin().await?;
        // First, so that of two consumers of one partition the second waits here, before it copies.
        if !lock_offsets(&mut tx, consumed).await? {
            return Ok(None);
        }
        appended.add(append_samples(&mut tx, last).await?);
        dead_letters::insert(&mut tx, consumed.dead_letters).await?;
        move_offsets(&mut tx, consumed).await?;
        tx.commit().await?;
        Ok(Some(appended))
    }
}

/// Answers whether every partition stands where it is expected to. If so, none moves until the
/// transaction ends.
async fn lock_offsets(conn: &mut PgConnection, consumed: Consumed<'_>) -> Result<bool> {
    let partitions: Vec<i32> = consumed.moves.iter().map(|m| m.partition).collect();
    let stored = sqlx::query!(
        "select partition, next_offset from consumed_offsets
         where topic = $1 and topic_id = $2 and partition = any($3)
         order by partition for update",
        consumed.topic,
        consumed.topic_id,
        &partitions
    )
    .fetch_all(conn)
    .await?;
    let stored: HashMap<i32, i64> = stored.into_iter().map(|r| (r.partition, r.next_offset)).collect();
    Ok(consumed.moves.iter().all(|m| stored.get(&m.partition) == Some(&m.expected)))
}

/// The offsets must be locked.
async fn move_offsets(conn: &mut PgConnection, consumed: Consumed<'_>) -> Result<()> {
    let partitions: Vec<i32> = consumed.moves.iter().map(|m| m.partition).collect();
    let next: Vec<i64> = consumed.moves.iter().map(|m| m.next).collect();
    sqlx::query!(
        "update consumed_offsets o set next_offset = m.next, updated_at = now()
         from unnest($3::int[], $4::bigint[]) as m(partition, next)
         where o.topic = $1 and o.topic_id = $2 and o.partition = m.partition",
        consumed.topic,
        consumed.topic_id,
        &partitions,
        &next
    )
    .execute(conn)
    .await?;
    Ok(())
}
