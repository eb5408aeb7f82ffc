//! How far a topic has been consumed, moved in the transaction that stores what was read.

use sqlx::PgConnection;
use std::collections::HashMap;

use crate::{
    NewDeadLetter, Result, Store, dead_letters,
    samples::{AppendedSamples, KeyedSample, append_samples},
};

/// A partition's step from the offset that was to be read next to the one that is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetMove {
    pub partition: i32,
    /// What is stored as the next offset, `None` where nothing is. If something else is stored, another
    /// consumer has read on and nothing of the batch is written.
    pub expected: Option<i64>,
    pub next: i64,
}

/// What was read from a topic and is to be kept, whole or not at all.
#[derive(Debug, Clone, Copy)]
pub struct Consumed<'a> {
    pub topic: &'a str,
    /// The topic's identity: a topic that was dropped and made again has another one.
    pub topic_id: &'a str,
    pub moves: &'a [OffsetMove],
    pub samples: &'a [KeyedSample],
    pub dead_letters: &'a [NewDeadLetter],
}

impl Store {
    /// The offset to read next, by partition. Partitions that were never read are missing.
    pub async fn consumed_offsets(&self, topic: &str, topic_id: &str) -> Result<HashMap<i32, i64>> {
        let rows = sqlx::query!(
            "select partition, next_offset from consumed_offsets where topic = $1 and topic_id = $2",
            topic,
            topic_id
        )
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|r| (r.partition, r.next_offset)).collect())
    }

    /// Stores samples and dead letters and moves the offsets, in one transaction. `None`: another
    /// consumer was faster and nothing was written; read the offsets again.
    pub async fn store_consumed(&self, consumed: Consumed<'_>) -> Result<Option<AppendedSamples>> {
        let mut tx = self.pool().begin().await?;
        // First, so that of two consumers of one partition the second waits here, before it copies.
        if !move_offsets(&mut tx, consumed).await? {
            return Ok(None);
        }
        let appended = append_samples(&mut tx, consumed.samples).await?;
        dead_letters::insert(&mut tx, consumed.dead_letters).await?;
        tx.commit().await?;
        Ok(Some(appended))
    }
}

async fn move_offsets(conn: &mut PgConnection, consumed: Consumed<'_>) -> Result<bool> {
    let mut moves = consumed.moves.to_vec();
    moves.sort_by_key(|m| m.partition);
    let partitions: Vec<i32> = moves.iter().map(|m| m.partition).collect();
    let expected: Vec<Option<i64>> = moves.iter().map(|m| m.expected).collect();
    let next: Vec<i64> = moves.iter().map(|m| m.next).collect();
    // Where nothing is expected but something is stored, the comparison is null and nothing moves.
    // Where something is expected but nothing is stored, the insert is refused by the first filter.
    let moved = sqlx::query!(
        "insert into consumed_offsets as o (topic, topic_id, partition, next_offset)
         select $1, $2, m.partition, m.next
         from unnest($3::int[], $4::bigint[], $5::bigint[]) as m(partition, expected, next)
         where m.expected is null or exists (select from consumed_offsets c
             where c.topic = $1 and c.topic_id = $2 and c.partition = m.partition)
         order by m.partition
         on conflict (topic, topic_id, partition) do update
         set next_offset = excluded.next_offset, updated_at = now()
         where o.next_offset = ($4::bigint[])[array_position($3::int[], o.partition)]",
        consumed.topic,
        consumed.topic_id,
        &partitions,
        &expected as &[Option<i64>],
        &next
    )
    .execute(conn)
    .await?;
    Ok(moved.rows_affected() == moves.len() as u64)
}
