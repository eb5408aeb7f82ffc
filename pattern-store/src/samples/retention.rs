//! Letting go of sealed days that are older than they are to be kept.

use chrono::NaiveDate;
use serde::Serialize;
use sqlx::PgConnection;

use super::{
    days::{self, DayState, midnight},
    sealing::drop_late,
};
use crate::{Result, Store};

/// From which day on what is kept; `None` keeps everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeptFrom {
    pub samples: Option<NaiveDate>,
    /// The 15-minute means.
    pub means: Option<NaiveDate>,
}

/// What was let go of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PrunedSamples {
    pub sample_blocks: i64,
    pub rollup_blocks: i64,
    /// Compressed. PostgreSQL uses the space again; only a `vacuum full` gives it back to the disk.
    pub bytes: i64,
}

impl Store {
    /// Deletes the samples and means of sealed days that are older, day by day. A day that is not sealed yet stays.
    pub async fn prune_samples(&self, kept_from: KeptFrom) -> Result<PrunedSamples> {
        let days = sqlx::query_scalar!(
            "select day from sample_days
             where state = 'sealed' and (day < $1 and samples_pruned_at is null or day < $2) order by day",
            kept_from.samples,
            kept_from.means
        )
        .fetch_all(self.pool())
        .await?;
        let mut total = PrunedSamples::default();
        for day in days {
            let mut tx = self.pool().begin().await?;
            // As for sealing: nobody writes to the day, and late samples that come now wait for their turn.
            days::close_for_sealing(&mut tx, day).await?;
            if days::states(&mut tx, &[day]).await?.get(&day) == Some(&DayState::Sealed) {
                let pruned = prune_day(&mut tx, day, kept_from).await?;
                total.sample_blocks += pruned.sample_blocks;
                total.rollup_blocks += pruned.rollup_blocks;
                total.bytes += pruned.bytes;
            }
            tx.commit().await?;
        }
        Ok(total)
    }
}

async fn prune_day(conn: &mut PgConnection, day: NaiveDate, kept_from: KeptFrom) -> Result<PrunedSamples> {
    let is_past = |kept_from: Option<NaiveDate>| kept_from.is_some_and(|kept_from| day < kept_from);
    let mut pruned = PrunedSamples::default();
    if is_past(kept_from.samples) {
        let gone = sqlx::query!(
            r#"with gone as (delete from sample_blocks where day = $1 returning octet_length(data) as bytes)
               select count(*) as "blocks!", coalesce(sum(bytes), 0) as "bytes!" from gone"#,
            day
        )
        .fetch_one(&mut *conn)
        .await?;
        (pruned.sample_blocks, pruned.bytes) = (gone.blocks, gone.bytes);
        drop_late(conn, day).await?;
        sqlx::query!("update sample_days set samples_pruned_at = now() where day = $1", day)
            .execute(&mut *conn)
            .await?;
    }
    if is_past(kept_from.means) {
        let gone = sqlx::query!(
            r#"with gone as (delete from rollup_blocks where day = $1 returning octet_length(data) as bytes)
               select count(*) as "blocks!", coalesce(sum(bytes), 0) as "bytes!" from gone"#,
            day
        )
        .fetch_one(&mut *conn)
        .await?;
        pruned.rollup_blocks = gone.blocks;
        pruned.bytes += gone.bytes;
    }
    // Of a day that has nothing left nothing needs to be known; samples that come for it make it a day again.
    sqlx::query!(
        "delete from sample_days d where day = $1
         and not exists (select from sample_blocks b where b.day = d.day)
         and not exists (select from rollup_blocks r where r.day = d.day)
         and not exists (select from late_samples l where l.at >= $2 and l.at < $2 + interval '1 day')",
        day,
        midnight(day)
    )
    .execute(conn)
    .await?;
    Ok(pruned)
}
