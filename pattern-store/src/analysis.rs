//! What the jobs found out about points: fingerprints, and which input each stage saw last.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

use crate::{Result, Store, jobs::Fence};

#[derive(Debug, Clone)]
pub struct FingerprintRow {
    pub point_id: Uuid,
    /// Hash of what it was made from.
    pub input_version: String,
    pub window_start: DateTime<Utc>,
    pub window_end: DateTime<Utc>,
    pub sample_count: i64,
    /// The serde form of the fingerprint.
    pub body: Value,
    /// How the point moved, for a chart; NaN is a gap.
    pub sparkline: [f32; SPARKLINE_LENGTH],
}

/// Points of a chart line: two hours each over a week.
pub const SPARKLINE_LENGTH: usize = 84;

impl Store {
    pub async fn fingerprint_versions(&self, data_source: Uuid) -> Result<HashMap<Uuid, String>> {
        let rows = sqlx::query!(
            "select f.point_id, f.input_version from fingerprints f join points p on p.id = f.point_id
             where p.data_source_id = $1",
            data_source
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|r| (r.point_id, r.input_version)).collect())
    }

    pub async fn fingerprints(&self, data_source: Uuid) -> Result<HashMap<Uuid, Value>> {
        let rows = sqlx::query!(
            "select f.point_id, f.body from fingerprints f join points p on p.id = f.point_id
             where p.data_source_id = $1",
            data_source
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|r| (r.point_id, r.body)).collect())
    }

    /// How those points moved that have a fingerprint; `None` is a gap.
    pub async fn sparklines(&self, points: &[Uuid]) -> Result<HashMap<Uuid, Vec<Option<f32>>>> {
        let rows = sqlx::query!(
            r#"select point_id, sparkline as "sparkline!" from fingerprints
               where point_id = any($1) and sparkline is not null"#,
            points
        )
        .fetch_all(&self.pool)
        .await?;
        let line = |values: Vec<f32>| values.into_iter().map(|v| (!v.is_nan()).then_some(v)).collect();
        Ok(rows.into_iter().map(|r| (r.point_id, line(r.sparkline))).collect())
    }

    /// Writes the given fingerprints and removes those of `vanished` points, as one change.
    pub async fn save_fingerprints(
        &self,
        rows: &[FingerprintRow],
        vanished: &[Uuid],
        fence: Fence,
    ) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        sqlx::query!("delete from fingerprints where point_id = any($1)", vanished).execute(&mut *tx).await?;
        for chunk in rows.chunks(2_000) {
            sqlx::query!(
                "insert into fingerprints
                    (point_id, input_version, window_start, window_end, sample_count, body, sparkline)
                 select id, version, starts, ends, count, body,
                        ($7::real[])[(n - 1)::int * $8 + 1 : n::int * $8]
                 from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bigint[],
                             $6::jsonb[]) with ordinality as t(id, version, starts, ends, count, body, n)
                 on conflict (point_id) do update set
                    input_version = excluded.input_version, window_start = excluded.window_start,
                    window_end = excluded.window_end, sample_count = excluded.sample_count,
                    body = excluded.body, sparkline = excluded.sparkline, calculated_at = now()",
                &chunk.iter().map(|r| r.point_id).collect::<Vec<_>>(),
                &chunk.iter().map(|r| r.input_version.clone()).collect::<Vec<_>>(),
                &chunk.iter().map(|r| r.window_start).collect::<Vec<_>>(),
                &chunk.iter().map(|r| r.window_end).collect::<Vec<_>>(),
                &chunk.iter().map(|r| r.sample_count).collect::<Vec<_>>(),
                &chunk.iter().map(|r| r.body.clone()).collect::<Vec<_>>(),
                &chunk.iter().flat_map(|r| r.sparkline).collect::<Vec<_>>(),
                SPARKLINE_LENGTH as i32,
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The input that `stage` worked on last for this data source.
    pub async fn stage_input(&self, stage: &str, data_source: Uuid) -> Result<Option<String>> {
        Ok(sqlx::query_scalar!(
            "select input_version from stage_inputs where stage = $1 and data_source_id = $2",
            stage,
            data_source
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    pub async fn set_stage_input(
        &self,
        stage: &str,
        data_source: Uuid,
        input_version: &str,
        fence: Fence,
    ) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        set_stage_input(&mut tx, stage, data_source, input_version).await?;
        tx.commit().await?;
        Ok(())
    }
}

pub(crate) async fn set_stage_input(
    conn: &mut PgConnection,
    stage: &str,
    data_source: Uuid,
    input_version: &str,
) -> Result<()> {
    sqlx::query!(
        "insert into stage_inputs (stage, data_source_id, input_version) values ($1, $2, $3)
         on conflict (stage, data_source_id) do update set
            input_version = excluded.input_version, updated_at = now()",
        stage,
        data_source,
        input_version
    )
    .execute(conn)
    .await?;
    Ok(())
}
