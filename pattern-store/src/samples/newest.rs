//! How far a data source's samples reach.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{Result, Store};

impl Store {
    /// Time of the newest sample of a data source; of a sealed day, the first instant of that day.
    pub async fn newest_sample(&self, data_source: Uuid) -> Result<Option<DateTime<Utc>>> {
        let days = sqlx::query!("select day, state from sample_days order by day desc")
            .fetch_all(self.pool())
            .await?;
        for row in days {
            let newest = match row.state.as_str() {
                "hot" => self.newest_hot(data_source, row.day).await?,
                _ => self.newest_sealed(data_source, row.day).await?,
            };
            if newest.is_some() {
                return Ok(newest);
            }
        }
        Ok(None)
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

    async fn newest_sealed(&self, data_source: Uuid, day: NaiveDate) -> Result<Option<DateTime<Utc>>> {
        Ok(sqlx::query_scalar!(
            r#"select b.day::timestamp at time zone 'UTC' as "start!" from sample_blocks b
               join points p on p.key = b.point where p.data_source_id = $1 and b.day = $2 limit 1"#,
            data_source,
            day
        )
        .fetch_optional(self.pool())
        .await?)
    }
}
