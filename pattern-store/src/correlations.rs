//! Pairs of points that move together, and what they were computed from.

use chrono::{DateTime, Utc};
use pattern_core::domain::{JobName, Word};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::HashMap;
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Result, Store, analysis::set_stage_input, correlation_plans::forget_plans, error::stored, jobs::Fence,
};

/// Which transform of the series a correlation was found on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Variant {
    /// The values themselves.
    Level,
    /// Without what changes slowly: cycles that the whole plant follows.
    HighPass,
    /// The ranks of the values.
    Rank,
}

/// A pair, the lower id first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrelationRow {
    pub point_a: Uuid,
    pub point_b: Uuid,
    pub r: f32,
    /// Buckets by which b follows a.
    pub lag_buckets: i32,
    pub sample_count: i32,
}

/// A point that moves with another one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CorrelatedPair {
    pub point_id: Uuid,
    pub name: String,
    /// Pearson's r, −1..1.
    pub r: f32,
    /// On which transform of the series it is that strong.
    pub variant: Variant,
    /// By how many seconds it follows; negative where it goes ahead.
    pub lag_seconds: i64,
    /// Buckets that both have a value in.
    pub sample_count: i32,
    pub window_end: DateTime<Utc>,
}

/// What a run changes in the pairs of a variant.
#[derive(Debug, Clone)]
pub struct CorrelationChange {
    pub variant: Variant,
    /// All pairs of these points are replaced …
    pub computed: Vec<Uuid>,
    /// … by these …
    pub found: Vec<CorrelationRow>,
    /// … and these of other points are no longer among the strongest.
    pub displaced: Vec<(Uuid, Uuid)>,
}

/// All that a run changes.
#[derive(Debug, Clone)]
pub struct FoundCorrelations {
    pub data_source_id: Uuid,
    pub window_end: DateTime<Utc>,
    pub changes: Vec<CorrelationChange>,
    pub points: Vec<CorrelatedPoint>,
    /// What it was found in: see [`Store::stage_input`].
    pub input_version: String,
}

/// What a point's pairs were computed from, and how many there were, in the order of [`Variant`].
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelatedPoint {
    pub point_id: Uuid,
    pub row_version: String,
    pub kept: Vec<i32>,
    /// At most so many.
    pub not_kept: Vec<i32>,
}

impl Store {
    pub async fn correlations(&self, data_source: Uuid, variant: Variant) -> Result<Vec<CorrelationRow>> {
        Ok(sqlx::query_as!(
            CorrelationRow,
            "select point_a, point_b, r, lag_buckets, sample_count from correlations
             where data_source_id = $1 and variant = $2 order by point_a, point_b",
            data_source,
            variant.as_str()
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// The points that move with this one, each once, the strongest first.
    pub async fn moves_with(&self, point: Uuid, limit: i64) -> Result<Vec<CorrelatedPair>> {
        let rows = sqlx::query!(
            r#"select p.id, p.name, c.variant as "variant!", c.r as "r!", c.lag as "lag!",
                      c.sample_count as "sample_count!", c.window_end as "window_end!",
                      coalesce(w.bucket_seconds, 0) as "bucket_seconds!"
               from (select distinct on (other) * from (
                         select point_b as other, variant, r, lag_buckets as lag, sample_count, window_end,
                                data_source_id from correlations where point_a = $1
                         union all
                         select point_a, variant, r, -lag_buckets, sample_count, window_end, data_source_id
                         from correlations where point_b = $1) as pairs
                     order by other, abs(r) desc, variant) as c
               join points p on p.id = c.other
               left join analysis_windows w on w.data_source_id = c.data_source_id
               order by abs(c.r) desc, p.name limit $2"#,
            point,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(CorrelatedPair {
                    point_id: row.id,
                    name: row.name,
                    r: row.r,
                    variant: stored("correlation", row.id, &row.variant)?,
                    lag_seconds: i64::from(row.lag) * i64::from(row.bucket_seconds),
                    sample_count: row.sample_count,
                    window_end: row.window_end,
                })
            })
            .collect()
    }

    pub async fn correlated_points(&self, data_source: Uuid) -> Result<HashMap<Uuid, CorrelatedPoint>> {
        let points = sqlx::query_as!(
            CorrelatedPoint,
            "select point_id, row_version, kept, not_kept from correlated_points where data_source_id = $1",
            data_source
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(points.into_iter().map(|point| (point.point_id, point)).collect())
    }

    /// Writes what a run found, pairs of all variants and what they were computed from, as one change. Plans of
    /// how to find it are of no use any more.
    pub async fn save_correlations(&self, found: &FoundCorrelations, fence: Fence) -> Result<()> {
        let data_source = found.data_source_id;
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        for change in &found.changes {
            delete(&mut tx, data_source, change).await?;
            insert(&mut tx, data_source, found.window_end, change).await?;
        }
        for chunk in found.points.chunks(2_000) {
            sqlx::query!(
                "insert into correlated_points (point_id, data_source_id, row_version, kept, not_kept)
                 select id, $1, version, ($4::integer[])[(n - 1)::int * $6 + 1 : n::int * $6],
                        ($5::integer[])[(n - 1)::int * $6 + 1 : n::int * $6]
                 from unnest($2::uuid[], $3::text[]) with ordinality as t(id, version, n)
                 on conflict (point_id) do update set
                    data_source_id = excluded.data_source_id, row_version = excluded.row_version,
                    kept = excluded.kept, not_kept = excluded.not_kept",
                data_source,
                &chunk.iter().map(|p| p.point_id).collect::<Vec<_>>(),
                &chunk.iter().map(|p| p.row_version.clone()).collect::<Vec<_>>(),
                &chunk.iter().flat_map(|p| p.kept.iter().copied()).collect::<Vec<_>>(),
                &chunk.iter().flat_map(|p| p.not_kept.iter().copied()).collect::<Vec<_>>(),
                Variant::ALL.len() as i32,
            )
            .execute(&mut *tx)
            .await?;
        }
        let stage = JobName::CORRELATION_ANALYSIS.as_str();
        set_stage_input(&mut tx, stage, data_source, &found.input_version).await?;
        forget_plans(&mut tx, data_source).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn delete(conn: &mut PgConnection, data_source: Uuid, change: &CorrelationChange) -> Result<()> {
    sqlx::query!(
        "delete from correlations
         where data_source_id = $1 and variant = $2 and (point_a = any($3) or point_b = any($3))",
        data_source,
        change.variant.as_str(),
        &change.computed
    )
    .execute(&mut *conn)
    .await?;
    let (a, b): (Vec<Uuid>, Vec<Uuid>) = change.displaced.iter().copied().unzip();
    sqlx::query!(
        "delete from correlations c using unnest($2::uuid[], $3::uuid[]) as gone(a, b)
         where c.point_a = gone.a and c.point_b = gone.b and c.variant = $1",
        change.variant.as_str(),
        &a,
        &b
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert(
    conn: &mut PgConnection,
    data_source: Uuid,
    window_end: DateTime<Utc>,
    change: &CorrelationChange,
) -> Result<()> {
    for chunk in change.found.chunks(10_000) {
        sqlx::query!(
            "insert into correlations
                (data_source_id, point_a, point_b, variant, r, lag_buckets, sample_count, window_end)
             select $1, a, b, $2, r, lag, n, $3
             from unnest($4::uuid[], $5::uuid[], $6::real[], $7::integer[], $8::integer[]) as t(a, b, r, lag, n)",
            data_source,
            change.variant.as_str(),
            window_end,
            &chunk.iter().map(|c| c.point_a).collect::<Vec<_>>(),
            &chunk.iter().map(|c| c.point_b).collect::<Vec<_>>(),
            &chunk.iter().map(|c| c.r).collect::<Vec<_>>(),
            &chunk.iter().map(|c| c.lag_buckets).collect::<Vec<_>>(),
            &chunk.iter().map(|c| c.sample_count).collect::<Vec<_>>(),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
