//! How far a data source's samples reach.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::days::{is_gone, table_name};
use crate::{Result, Store};

impl Store {
    /// Time of the newest sample of a data source; of a sealed day, the first instant of that day.
    pub async fn newest_sample(&self, data_source: Uuid) -> Result<Option<DateTime<Utc>>> {
        let kept = self.newest_sealed(data_source).await?;
        // As a list, so that a table of samples is gone through once: a join with the points may go through it
        // once for each of them.
        let keys: Vec<i32> =
            sqlx::query_scalar!("select key from points where data_source_id = $1", data_source)
                .fetch_all(self.pool())
                .await?;
        let late = sqlx::query_scalar!("select max(at) from late_samples where point = any($1)", &keys)
            .fetch_one(self.pool())
            .await?;
        let kept = kept.max(late);
        let hot_days = sqlx::query_scalar!(
            "select day from sample_days where state = 'hot' and ($1::date is null or day >= $1)
             order by day desc",
            kept.map(|kept| kept.date_naive())
        )
        .fetch_all(self.pool())
        .await?;
        // Each is gone through whole, so they are looked at one by one.
        for day in hot_days {
            match self.newest_hot(&keys, day).await {
                Ok(None) => {}
                Ok(newest) => return Ok(newest.max(kept)),
                // Sealed since we looked: its samples are in blocks now.
                Err(error) if is_gone(&error) => {
                    return Ok(self.newest_sealed(data_source).await?.max(kept));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(kept)
    }

    async fn newest_hot(&self, keys: &[i32], day: NaiveDate) -> Result<Option<DateTime<Utc>>> {
        let statement = format!("select max(at) from {} where point = any($1)", table_name(day));
        Ok(sqlx::query_scalar(AssertSqlSafe(statement)).bind(keys).fetch_one(self.pool()).await?)
    }

    async fn newest_sealed(&self, data_source: Uuid) -> Result<Option<DateTime<Utc>>> {
        Ok(sqlx::query_scalar!(
            "select max(b.day)::timestamp at time zone 'UTC' from points p
             cross join lateral (select day from sample_blocks where point = p.key order by day desc limit 1) b
             where p.data_source_id = $1",
            data_source
        )
        .fetch_one(self.pool())
        .await?)
    }
}
