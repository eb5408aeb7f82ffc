//! A correlation in tiles, the same to the last row as one without.
//!
//! The run keeps a plan, and the grid with it: samples go on arriving, and tiles that each read them would work
//! on different grids. A tile is a share of the pairs of one variant. When all are done, the run merges them and
//! writes what it found as one change.

use pattern_core::{
    domain::{DataSource, JobName, TileArguments, Word},
    series::{grid::Grid, pairs::Pair},
};
use pattern_equipment::correlation::{correlate_share, lags, merge_shares, rows_to_compute};
use pattern_store::{
    CorrelationPlan, CorrelationTile, PlannedVariant, StoreError, Variant,
    jobs::{JobContext, NewTile},
    off_thread,
};
use serde_json::{Value, json};

use super::{
    super::stage::{Outcome, Stage, StageError},
    found::{Found, change},
    known::EarlierPairs,
    options, transformed, why_nothing,
};

pub(super) async fn plan(
    stage: &Stage,
    source: &DataSource,
    grid: &Grid,
    row_versions: Vec<String>,
    input_version: String,
    known: &EarlierPairs,
) -> Result<Vec<NewTile>, StageError> {
    let mut variants = Vec::new();
    for (i, &variant) in Variant::ALL.iter().enumerate() {
        let (pairs, counts) = (known.pairs(stage, source, variant).await?, known.counts(i));
        let computed = off_thread(move || rows_to_compute(&pairs, &counts)).await?;
        let rows = computed.iter().filter(|computed| **computed).count();
        let tiles = rows.div_ceil(stage.engine.correlation_tile_points) as i32;
        variants.push(PlannedVariant { variant, computed, tiles });
    }
    let plan = CorrelationPlan {
        run_id: stage.run_id,
        data_source_id: source.id,
        input_version,
        frame: grid.frame(),
        threshold: stage.engine.correlation_threshold,
        points: grid.points.clone(),
        row_versions,
        variants,
    };
    stage.store.save_correlation_plan(&plan, &grid.values, stage.fence).await?;
    let tile = |tile| NewTile {
        job: JobName::CORRELATION_TILE,
        data_source_id: source.id,
        arguments: json!(TileArguments { tile }),
    };
    Ok((0..plan.tiles()).map(tile).collect())
}

/// correlation-tile: one of them.
pub async fn tile(stage: &Stage, context: &JobContext) -> Result<Value, StageError> {
    let (Some(tile), Some(source)) = (context.tile, context.data_source_id) else {
        return Err(StoreError::Invalid(
            "a tile is a part of a correlation-analysis; run that one instead".into(),
        )
        .into());
    };
    let TileArguments { tile: number } = context.arguments()?;
    let gone = || CorrelationPlan::gone(tile.run_id);
    let plan = stage.store.correlation_plan(tile.run_id, source).await?.ok_or_else(gone)?;
    let grid = stage.store.planned_grid(&plan).await?;
    let options = options(plan.threshold);
    let (planned, share) = plan.tile(number).ok_or_else(gone)?;
    let (variant, computed) = (planned.variant, planned.computed.clone());
    let found = off_thread(move || {
        let grid = transformed(&grid, variant);
        let found = correlate_share(&grid, &options, &computed, share);
        CorrelationTile { lags: lags(&grid, &found.pairs), found }
    });
    let found = found.await?;
    if stage.cancelled.is_cancelled() {
        return Err(StageError::Cancelled);
    }
    stage.store.save_correlation_tile(&plan, number, variant, &found, stage.fence).await?;
    Ok(
        json!({ "variant": variant.as_str(), "share": share.number, "of": share.of, "pairs": found.found.pairs.len() }),
    )
}

/// Goes on with a run whose tiles are done.
pub(super) async fn merge_all(stage: &Stage, so_far: &Value) -> Result<Value, StageError> {
    let mut results = so_far.as_object().cloned().unwrap_or_default();
    for source in stage.store.data_sources().await? {
        if let Some(plan) = stage.store.correlation_plan(stage.run_id, source.id).await? {
            let merged = Outcome::Done(merge(stage, &source, plan).await?);
            let result = stage.result_of(JobName::CORRELATION_ANALYSIS, &source, merged).await?;
            results.insert(source.name, result);
        }
    }
    Ok(results.into())
}

async fn merge(stage: &Stage, source: &DataSource, plan: CorrelationPlan) -> Result<Value, StageError> {
    let known = EarlierPairs::load(stage, source, &plan.points, &plan.row_versions).await?;
    let mut found = Found::new(&plan.points, &plan.row_versions);
    for (i, PlannedVariant { variant, computed, .. }) in plan.variants.iter().enumerate() {
        if stage.cancelled.is_cancelled() {
            return Err(StageError::Cancelled);
        }
        let (pairs, counts) = (known.pairs(stage, source, *variant).await?, known.counts(i));
        let tiles = stage.store.correlation_tiles(&plan, *variant).await?;
        let options = options(plan.threshold);
        let (variant, computed, points) = (*variant, computed.clone(), plan.points.clone());
        let merged = off_thread(move || {
            let lags = known_lags(&tiles);
            let shares = tiles.into_iter().map(|tile| tile.found);
            let again = merge_shares(&points, &options, &pairs, &counts, computed, shares);
            change(variant, &points, &pairs, again, |found| found.iter().map(lags).collect())
        });
        found.add(merged.await?);
    }
    let nothing_found = match found.is_empty() {
        true => Some(why_nothing(&stage.store.planned_grid(&plan).await?, plan.threshold)),
        false => None,
    };
    found.save(stage, source, plan.frame.end(), plan.input_version, nothing_found).await
}

/// The lags that the tiles found.
fn known_lags(tiles: &[CorrelationTile]) -> impl Fn(&Pair) -> i32 + use<> {
    let of_tile = |tile: &CorrelationTile| {
        let pairs: Vec<_> = tile.found.pairs.iter().map(|pair| (pair.a, pair.b)).collect();
        pairs.into_iter().zip(tile.lags.clone())
    };
    let mut lags: Vec<((usize, usize), i32)> = tiles.iter().flat_map(of_tile).collect();
    lags.sort_unstable();
    move |pair| {
        let at = lags.binary_search_by_key(&(pair.a, pair.b), |(pair, _)| *pair);
        at.map_or(0, |at| lags[at].1)
    }
}
