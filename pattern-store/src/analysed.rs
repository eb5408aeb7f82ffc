//! What the newest analysis of a data source looked at, and why it found nothing where it did not.

use chrono::{DateTime, Utc};
use pattern_core::{
    domain::{DataSource, NothingFound},
    series::frame::Frame,
};
use uuid::Uuid;

use crate::{Result, Store, jobs::Fence};

/// A data source as it is stored.
struct Row {
    id: Uuid,
    name: String,
    version: i64,
    point_count: i64,
    created_at: DateTime<Utc>,
    starts_at: Option<DateTime<Utc>>,
    bucket_seconds: Option<i32>,
    buckets: Option<i32>,
}

impl Store {
    /// Every data source, by name.
    pub async fn data_sources(&self) -> Result<Vec<DataSource>> {
        self.find_data_sources(None).await
    }

    pub async fn data_source(&self, name: &str) -> Result<Option<DataSource>> {
        Ok(self.find_data_sources(Some(name)).await?.pop())
    }

    async fn find_data_sources(&self, name: Option<&str>) -> Result<Vec<DataSource>> {
        let rows = sqlx::query_as!(
            Row,
            r#"select d.id, d.name, d.version, d.created_at,
                      (select count(*) from points p where p.data_source_id = d.id) as "point_count!",
                      w.starts_at as "starts_at?", w.bucket_seconds as "bucket_seconds?", w.buckets as "buckets?"
               from data_sources d left join analysis_windows w on w.data_source_id = d.id
               where $1::text is null or d.name = $1 order by d.name"#,
            name
        )
        .fetch_all(&self.pool)
        .await?;
        let reasons = sqlx::query!(
            "select data_source_id, stage, reason from nothing_found
             order by array_position(array['behavioral-analysis', 'correlation-analysis', 'cluster-detection'], stage)"
        )
        .fetch_all(&self.pool)
        .await?;
        let mut sources: Vec<DataSource> = rows.into_iter().map(Row::data_source).collect();
        for row in reasons {
            if let Some(source) = sources.iter_mut().find(|source| source.id == row.data_source_id) {
                source.nothing_found.push(NothingFound { stage: row.stage, reason: row.reason });
            }
        }
        Ok(sources)
    }

    pub async fn analysed_frame(&self, data_source: Uuid) -> Result<Option<Frame>> {
        let row = sqlx::query!(
            "select starts_at, bucket_seconds, buckets from analysis_windows where data_source_id = $1",
            data_source
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| frame(row.starts_at, row.bucket_seconds, row.buckets)))
    }

    pub async fn set_analysed_frame(&self, data_source: Uuid, frame: Frame, fence: Fence) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        sqlx::query!(
            "insert into analysis_windows (data_source_id, starts_at, bucket_seconds, buckets)
             values ($1, $2, $3, $4)
             on conflict (data_source_id) do update set
                starts_at = excluded.starts_at, bucket_seconds = excluded.bucket_seconds,
                buckets = excluded.buckets, changed_at = now()",
            data_source,
            frame.start,
            frame.bucket_seconds as i32,
            frame.buckets as i32
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Why the stage found nothing when it last did something.
    pub async fn nothing_found(&self, data_source: Uuid, stage: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar!(
            "select reason from nothing_found where data_source_id = $1 and stage = $2",
            data_source,
            stage
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// `None`: it found something.
    pub async fn set_nothing_found(
        &self,
        data_source: Uuid,
        stage: &str,
        reason: Option<&str>,
        fence: Fence,
    ) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        match reason {
            Some(reason) => {
                sqlx::query!(
                    "insert into nothing_found (data_source_id, stage, reason) values ($1, $2, $3)
                     on conflict (data_source_id, stage) do update set reason = excluded.reason",
                    data_source,
                    stage,
                    reason
                )
                .execute(&mut *tx)
                .await?
            }
            None => {
                sqlx::query!(
                    "delete from nothing_found where data_source_id = $1 and stage = $2",
                    data_source,
                    stage
                )
                .execute(&mut *tx)
                .await?
            }
        };
        tx.commit().await?;
        Ok(())
    }
}

impl Row {
    fn data_source(self) -> DataSource {
        let window = self.starts_at.zip(self.bucket_seconds).zip(self.buckets);
        DataSource {
            id: self.id,
            name: self.name,
            version: self.version,
            point_count: self.point_count,
            created_at: self.created_at,
            analysed: window.map(|((start, seconds), buckets)| frame(start, seconds, buckets).into()),
            nothing_found: Vec::new(),
        }
    }
}

fn frame(start: DateTime<Utc>, bucket_seconds: i32, buckets: i32) -> Frame {
    let buckets = usize::try_from(buckets).unwrap_or(0);
    Frame { start, bucket_seconds: i64::from(bucket_seconds), buckets }
}
