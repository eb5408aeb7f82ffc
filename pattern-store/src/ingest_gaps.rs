//! Beginning to read a topic, and what was deleted from it before it was read.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::HashMap;

use crate::{Result, Store};

/// What a partition holds as it begins to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionStart {
    pub partition: i32,
    /// The oldest offset that is still there.
    pub first: i64,
    /// The stored offset, where it lies behind the partition's end: the broker lost what was read, and
    /// numbers again. The partition is then read from its beginning.
    pub lost_at: Option<i64>,
}

/// Records that were deleted before they were read: from `from_offset` up to and without `to_offset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IngestGap {
    pub topic: String,
    pub partition: i32,
    pub from_offset: i64,
    pub to_offset: i64,
    pub found_at: DateTime<Utc>,
}

impl IngestGap {
    /// At most so many records are missing: not every offset has one.
    pub fn records(&self) -> i64 {
        self.to_offset - self.from_offset
    }
}

/// From where to read a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// The offset to read next, of each partition.
    pub next: HashMap<i32, i64>,
    /// What was found to be missing, and is now kept as a gap.
    pub gaps: Vec<IngestGap>,
}

/// How much was deleted before it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IngestGapTotals {
    pub gaps: i64,
    pub records: i64,
}

impl Store {
    /// Says from where each partition is to be read. One that nobody read before begins at its oldest
    /// record. Where the offset to be read next is deleted, reading goes on at the oldest record that is
    /// there, and what is missing becomes a gap in the same transaction.
    pub async fn start_consuming(
        &self,
        topic: &str,
        topic_id: &str,
        starts: &[PartitionStart],
    ) -> Result<Started> {
        let partitions: Vec<i32> = starts.iter().map(|s| s.partition).collect();
        let first: Vec<i64> = starts.iter().map(|s| s.first).collect();
        let mut tx = self.pool().begin().await?;
        sqlx::query!(
            "insert into consumed_offsets (topic, topic_id, partition, next_offset)
             select $1, $2, s.partition, s.first from unnest($3::int[], $4::bigint[]) as s(partition, first)
             order by s.partition
             on conflict (topic, topic_id, partition) do nothing",
            topic,
            topic_id,
            &partitions,
            &first
        )
        .execute(&mut *tx)
        .await?;
        let stored = sqlx::query!(
            "select partition, next_offset from consumed_offsets
             where topic = $1 and topic_id = $2 and partition = any($3)
             order by partition for update",
            topic,
            topic_id,
            &partitions
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut next: HashMap<i32, i64> = stored.into_iter().map(|r| (r.partition, r.next_offset)).collect();
        let mut gaps = Vec::new();
        for start in starts {
            let Some(stored) = next.get_mut(&start.partition) else { continue };
            let lost = start.lost_at == Some(*stored);
            if lost || *stored < start.first {
                if !lost {
                    gaps.push((start.partition, *stored, start.first));
                }
                *stored = start.first;
                jump(&mut tx, topic, topic_id, start.partition, start.first).await?;
            }
        }
        let gaps = keep_gaps(&mut tx, topic, topic_id, &gaps).await?;
        tx.commit().await?;
        Ok(Started { next, gaps })
    }

    /// What was deleted before it was read, what was found last first.
    pub async fn ingest_gaps(&self, limit: u32) -> Result<Vec<IngestGap>> {
        Ok(sqlx::query_as!(
            IngestGap,
            "select topic, partition, from_offset, to_offset, found_at from ingest_gaps
             order by found_at desc, topic, partition, from_offset limit $1",
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await?)
    }

    pub async fn ingest_gap_totals(&self) -> Result<IngestGapTotals> {
        Ok(sqlx::query_as!(
            IngestGapTotals,
            r#"select count(*) as "gaps!", coalesce(sum(to_offset - from_offset), 0)::bigint as "records!"
               from ingest_gaps"#
        )
        .fetch_one(self.pool())
        .await?)
    }
}

async fn jump(conn: &mut PgConnection, topic: &str, topic_id: &str, partition: i32, to: i64) -> Result<()> {
    sqlx::query!(
        "update consumed_offsets set next_offset = $4, updated_at = now()
         where topic = $1 and topic_id = $2 and partition = $3",
        topic,
        topic_id,
        partition,
        to
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn keep_gaps(
    conn: &mut PgConnection,
    topic: &str,
    topic_id: &str,
    gaps: &[(i32, i64, i64)],
) -> Result<Vec<IngestGap>> {
    let partitions: Vec<i32> = gaps.iter().map(|gap| gap.0).collect();
    let from: Vec<i64> = gaps.iter().map(|gap| gap.1).collect();
    let to: Vec<i64> = gaps.iter().map(|gap| gap.2).collect();
    // An offset can be jumped over twice only when the broker numbered again in between.
    Ok(sqlx::query_as!(
        IngestGap,
        "insert into ingest_gaps as g (topic, topic_id, partition, from_offset, to_offset)
         select $1, $2, * from unnest($3::int[], $4::bigint[], $5::bigint[])
         on conflict (topic, topic_id, partition, from_offset) do update
         set to_offset = greatest(g.to_offset, excluded.to_offset), found_at = now()
         returning topic, partition, from_offset, to_offset, found_at",
        topic,
        topic_id,
        &partitions,
        &from,
        &to
    )
    .fetch_all(conn)
    .await?)
}
