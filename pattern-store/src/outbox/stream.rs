use chrono::{DateTime, Utc};
use pattern_core::domain::{AuditAction, Position};
use sqlx::PgConnection;

use super::with_sequence;
use crate::{AuditRecord, Result, Store, access::audit};

const ROWS_PER_STATEMENT: i64 = 5_000;

/// How far the stream reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTop {
    /// Position of the newest event; number 0 before the first.
    pub position: Position,
    /// Positions up to this one cannot be read any more.
    pub pruned_through: i64,
}

/// One event of the stream, by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedEvent {
    pub position: i64,
    /// The CloudEvent, `sequence` included.
    pub text: String,
}

impl Store {
    pub async fn stream_top(&self) -> Result<StreamTop> {
        let mut conn = self.pool().acquire().await?;
        stream_top(&mut conn).await
    }

    /// Events after position `after`, dense and in order, at most `limit`; empty at the top.
    /// `None`: the first of them is pruned.
    pub async fn read_events(&self, after: i64, limit: i64) -> Result<Option<Vec<NumberedEvent>>> {
        let rows = sqlx::query!(
            r#"select position as "position!", event from outbox
               where position > $1 order by position limit $2"#,
            after,
            limit,
        )
        .fetch_all(self.pool())
        .await?;
        // Positions are dense, so a first row that is not the next one says that pruning was faster.
        match rows.first() {
            Some(first) if first.position != after + 1 => return Ok(None),
            None if self.stream_top().await?.pruned_through > after => return Ok(None),
            _ => {}
        }
        let events = rows.into_iter().map(|row| NumberedEvent {
            text: with_sequence(&row.event, row.position),
            position: row.position,
        });
        Ok(Some(events.collect()))
    }

    /// Deletes events that were published before `cutoff`, oldest first and never leaving a hole;
    /// answers how many. In short steps: whoever numbers events or holds the lease needs the stream's row.
    pub async fn prune_events(&self, cutoff: DateTime<Utc>) -> Result<u64> {
        // What is numbered meanwhile comes after all of these.
        let through = sqlx::query_scalar!(
            r#"select coalesce(
                   (select position - 1 from outbox
                    where position is not null and (published_at is null or published_at >= $1)
                    order by position limit 1),
                   (select max(position) from outbox), 0) as "through!""#,
            cutoff,
        )
        .fetch_one(self.pool())
        .await?;
        // First: who still finds some of them finds the newest, without a hole, and who finds none is
        // told why.
        sqlx::query!("update stream set pruned_through = $1 where pruned_through < $1", through)
            .execute(self.pool())
            .await?;
        let mut deleted = 0;
        loop {
            let step = sqlx::query!(
                "delete from outbox where position in
                     (select position from outbox where position <= $1 order by position limit $2)",
                through,
                ROWS_PER_STATEMENT,
            )
            .execute(self.pool())
            .await?
            .rows_affected();
            deleted += step;
            if step < ROWS_PER_STATEMENT as u64 {
                return Ok(deleted);
            }
        }
    }

    /// Makes every position given so far worthless: call it after restoring a backup, whose positions
    /// may have been given to other events since.
    pub async fn renew_epoch(&self, by: &str) -> Result<Position> {
        let mut tx = self.pool().begin().await?;
        let row = sqlx::query!(
            "update stream set epoch = substr(md5(gen_random_uuid()::text), 1, 8)
             returning epoch, next_position"
        )
        .fetch_one(&mut *tx)
        .await?;
        let position = Position::new(row.epoch, row.next_position - 1);
        let record = AuditRecord::new(by, AuditAction::StreamRenewed, position.to_string());
        audit::record(&mut tx, &record).await?;
        tx.commit().await?;
        Ok(position)
    }
}

/// Inside a REPEATABLE READ transaction: everything up to the position is in what the transaction reads.
pub async fn stream_top(conn: &mut PgConnection) -> Result<StreamTop> {
    let row = sqlx::query!("select epoch, next_position, pruned_through from stream").fetch_one(conn).await?;
    Ok(StreamTop {
        position: Position::new(row.epoch, row.next_position - 1),
        pruned_through: row.pruned_through,
    })
}
