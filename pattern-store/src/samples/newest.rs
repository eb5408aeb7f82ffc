//! How far a data source's samples reach.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{Result, Store};

impl Store {
    /// Time of the newest sample of a data source; of a sealed day, the first instant of that day.
    pub async fn newest_sample(&self, data_source: Uuid) -> Result<Option<DateTime<Utc>>> {
        let kept = self.newest_sealed_or_late(data_source).await?;
        let hot_days = sqlx::query_scalar!(
            "select day from sample_days where state = 'hot' and ($1::date is null or day >= $1)
             order by day desc",
            kept.map(|kept| kept.date_naive())
        )
        .fetch_all(self.pool())
        .await?;
        // Each is gone through whole, so they are looked at one by one.
        for day in hot_days {
            if let Some(newest) = self.newest_hot(data_source, day).await? {
                return Ok(Some(newest).max(kept));
            }
        }
        Ok(kept)
    }

    async fn newest_hot(&self, data_source: Uuid, day: NaiveDate) -> Result<Option<DateTime<Utc>>> {
        Ok(sqlx::query_scalar!(
            "select max(s.at) from samples s join points p on p.key = s.point
             where p.data_source_id = $1
               and s.at >= $2::date::timestamp at time zone 'UTC'
               and s.at < ($2::date + 1)::timestamp at time zone 'UTC'",
            data_source,
            day
        )
        .fetch_one(self.pool())
        .await?)
    }

    async fn newest_sealed_or_late(&self, data_source: Uuid) -> Result<Option<DateTime<Utc>>> {
        Ok(sqlx::query_scalar!(
            "select greatest(
                 (select max(b.day)::timestamp at time zone 'UTC' from points p
                  cross join lateral (select day from sample_blocks where point = p.key
                                      order by day desc limit 1) b
                  where p.data_source_id = $1),
                 (select max(l.at) from late_samples l join points p on p.key = l.point
                  where p.data_source_id = $1))",
            data_source
        )
        .fetch_one(self.pool())
        .await?)
    }
}
