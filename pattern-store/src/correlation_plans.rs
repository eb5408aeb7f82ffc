//! A correlation that several workers do: what its tiles work on, and what they found.

use futures_util::TryStreamExt;
use pattern_core::domain::Word;
use pattern_core::series::{
    frame::Frame,
    grid::Grid,
    pairs::{Correlations, Pair, Share},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, Store, StoreError, Variant, jobs::Fence};

/// Bytes of the grid in a row of the table.
const PART: usize = 4 << 20;

/// All but the values of the grid.
#[derive(Debug, Clone)]
pub struct CorrelationPlan {
    pub run_id: Uuid,
    pub data_source_id: Uuid,
    /// What stage input the result is of.
    pub input_version: String,
    pub frame: Frame,
    /// |r| from which two points are associated.
    pub threshold: f64,
    /// The rows of the grid, in order.
    pub points: Vec<Uuid>,
    pub row_versions: Vec<String>,
    /// In the order of [`Variant`].
    pub variants: Vec<PlannedVariant>,
}

#[derive(Debug, Clone)]
pub struct PlannedVariant {
    pub variant: Variant,
    /// By row: whether its pairs are computed.
    pub computed: Vec<bool>,
    pub tiles: i32,
}

impl CorrelationPlan {
    /// The run ended, or another one planned anew.
    pub fn gone(run_id: Uuid) -> StoreError {
        StoreError::Conflict(format!("the plan of job run {run_id} is no longer there"))
    }

    /// Tiles of all variants; they are numbered from 0.
    pub fn tiles(&self) -> i32 {
        self.variants.iter().map(|planned| planned.tiles).sum()
    }

    /// What is to be done in a tile.
    pub fn tile(&self, number: i32) -> Option<(&PlannedVariant, Share)> {
        let mut first = 0;
        for planned in &self.variants {
            if (first..first + planned.tiles).contains(&number) {
                let share = Share { number: (number - first) as usize, of: planned.tiles as usize };
                return Some((planned, share));
            }
            first += planned.tiles;
        }
        None
    }
}

/// What was found in a tile, with the lag of each pair.
#[derive(Debug, Clone)]
pub struct CorrelationTile {
    pub found: Correlations,
    pub lags: Vec<i32>,
}

impl Store {
    /// Keeps a plan with the grid that it is for, instead of any other of the data source.
    pub async fn save_correlation_plan(
        &self,
        plan: &CorrelationPlan,
        values: &[f32],
        fence: Fence,
    ) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        forget_plans(&mut tx, plan.data_source_id).await?;
        sqlx::query!(
            "insert into correlation_plans
                (run_id, data_source_id, input_version, window_start, bucket_seconds, buckets, threshold,
                 points, row_versions)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            plan.run_id,
            plan.data_source_id,
            plan.input_version,
            plan.frame.start,
            plan.frame.bucket_seconds as i32,
            plan.frame.buckets as i32,
            plan.threshold,
            &plan.points,
            &plan.row_versions,
        )
        .execute(&mut *tx)
        .await?;
        for planned in &plan.variants {
            sqlx::query!(
                "insert into correlation_plan_variants (run_id, data_source_id, variant, computed, tiles)
                 values ($1, $2, $3, $4, $5)",
                plan.run_id,
                plan.data_source_id,
                planned.variant.as_str(),
                &planned.computed,
                planned.tiles,
            )
            .execute(&mut *tx)
            .await?;
        }
        for (part, values) in values.chunks(PART / size_of::<f32>()).enumerate() {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            sqlx::query!(
                "insert into correlation_plan_rows (run_id, data_source_id, part, data) values ($1, $2, $3, $4)",
                plan.run_id,
                plan.data_source_id,
                part as i32,
                bytes,
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    pub async fn correlation_plan(&self, run_id: Uuid, data_source: Uuid) -> Result<Option<CorrelationPlan>> {
        let Some(plan) = sqlx::query!(
            "select input_version, window_start, bucket_seconds, buckets, threshold, points, row_versions
             from correlation_plans where run_id = $1 and data_source_id = $2",
            run_id,
            data_source
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(None);
        };
        let mut variants = Vec::new();
        for &variant in Variant::ALL {
            let planned = sqlx::query!(
                "select computed, tiles from correlation_plan_variants
                 where run_id = $1 and data_source_id = $2 and variant = $3",
                run_id,
                data_source,
                variant.as_str()
            )
            .fetch_one(&self.pool)
            .await?;
            variants.push(PlannedVariant { variant, computed: planned.computed, tiles: planned.tiles });
        }
        Ok(Some(CorrelationPlan {
            run_id,
            data_source_id: data_source,
            input_version: plan.input_version,
            frame: Frame {
                start: plan.window_start,
                bucket_seconds: i64::from(plan.bucket_seconds),
                buckets: plan.buckets as usize,
            },
            threshold: plan.threshold,
            points: plan.points,
            row_versions: plan.row_versions,
            variants,
        }))
    }

    /// The grid that the plan is for.
    pub async fn planned_grid(&self, plan: &CorrelationPlan) -> Result<Grid> {
        let size = plan.points.len() * plan.frame.buckets;
        let mut values = Vec::with_capacity(size);
        let mut parts = sqlx::query_scalar!(
            "select data from correlation_plan_rows where run_id = $1 and data_source_id = $2 order by part",
            plan.run_id,
            plan.data_source_id
        )
        .fetch(&self.pool);
        while let Some(part) = parts.try_next().await? {
            values.extend(part.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        }
        if values.len() != size {
            return Err(CorrelationPlan::gone(plan.run_id));
        }
        let Frame { start, bucket_seconds, buckets } = plan.frame;
        Ok(Grid { start, bucket_seconds, buckets, points: plan.points.clone(), values })
    }

    pub async fn save_correlation_tile(
        &self,
        plan: &CorrelationPlan,
        number: i32,
        variant: Variant,
        CorrelationTile { found, lags }: &CorrelationTile,
        fence: Fence,
    ) -> Result<()> {
        let column = |of: fn(&Pair) -> i32| found.pairs.iter().map(of).collect::<Vec<_>>();
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        sqlx::query!(
            "insert into correlation_tiles
                (run_id, data_source_id, tile, variant, point_a, point_b, r, sample_count, lag_buckets, per_point)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             on conflict (run_id, data_source_id, tile) do nothing",
            plan.run_id,
            plan.data_source_id,
            number,
            variant.as_str(),
            &column(|pair| pair.a as i32),
            &column(|pair| pair.b as i32),
            &found.pairs.iter().map(|pair| pair.r).collect::<Vec<_>>(),
            &column(|pair| pair.samples as i32),
            lags,
            &found.per_point.iter().map(|count| *count as i32).collect::<Vec<_>>(),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn correlation_tiles(
        &self,
        plan: &CorrelationPlan,
        variant: Variant,
    ) -> Result<Vec<CorrelationTile>> {
        let rows = sqlx::query!(
            "select point_a, point_b, r, sample_count, lag_buckets, per_point from correlation_tiles
             where run_id = $1 and data_source_id = $2 and variant = $3",
            plan.run_id,
            plan.data_source_id,
            variant.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        let tiles = rows.into_iter().map(|row| {
            let pair = |at: usize| Pair {
                a: row.point_a[at] as usize,
                b: row.point_b[at] as usize,
                r: row.r[at],
                samples: row.sample_count[at] as u32,
            };
            let pairs = (0..row.r.len()).map(pair).collect();
            let per_point = row.per_point.iter().map(|count| *count as u32).collect();
            CorrelationTile { found: Correlations { pairs, dropped: 0, per_point }, lags: row.lag_buckets }
        });
        Ok(tiles.collect())
    }

    /// Forgets the plans of runs that ended without needing them to the end.
    pub async fn prune_correlation_plans(&self) -> Result<u64> {
        let gone = sqlx::query!(
            "delete from correlation_plans p using job_runs r
             where r.id = p.run_id and r.status in ('succeeded', 'dead', 'cancelled')"
        )
        .execute(&self.pool)
        .await?;
        Ok(gone.rows_affected())
    }
}

pub(crate) async fn forget_plans(conn: &mut PgConnection, data_source: Uuid) -> Result<()> {
    sqlx::query!("delete from correlation_plans where data_source_id = $1", data_source)
        .execute(conn)
        .await?;
    Ok(())
}
