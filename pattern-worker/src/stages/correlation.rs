//! correlation-analysis: every pair of points of a data source whose |r| reaches the threshold. Pairs are
//! computed of those points whose row of the grid changed since the last run; the others' are kept.

use pattern_core::{
    analytics::{
        correlation::{
            CorrelationOptions, Pair, PairCount, Recorrelated, correlate_changed, high_pass, lags, rank,
        },
        grid::Grid,
    },
    domain::{DataSource, JobName},
};
use pattern_store::{CorrelatedPoint, CorrelationChange, CorrelationRow, Variant, off_thread};
use serde_json::{Map, json};
use std::{borrow::Cow, collections::HashMap, sync::Arc};
use uuid::Uuid;

use super::{Outcome, Stage, StageError, version_of};

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let Some(grid) = stage.grid(source).await? else { return Ok(Outcome::Unchanged) };
    let grid = Arc::new(grid);
    let threshold = stage.engine.correlation_threshold;
    let versions = off_thread({
        let grid = grid.clone();
        move || row_versions(&grid, threshold)
    })
    .await?;
    stage
        .unless_unchanged(JobName::CorrelationAnalysis.as_str(), source, &version_of(&versions), async {
            let before = stage.store.correlated_points(source.id).await?;
            let unchanged: Vec<Option<&CorrelatedPoint>> = grid
                .points
                .iter()
                .zip(&versions)
                .map(|(id, version)| before.get(id).filter(|point| point.row_version == *version))
                .collect();
            let mut points: Vec<CorrelatedPoint> = grid.points.iter().zip(&versions).map(fresh).collect();
            let mut changes = Vec::new();
            let mut summary = Map::new();
            for (i, variant) in Variant::ALL.into_iter().enumerate() {
                if stage.cancelled.is_cancelled() {
                    return Err(StageError::Cancelled);
                }
                let known = match unchanged.iter().any(Option::is_some) {
                    true => stage.store.correlations(source.id, variant).await?,
                    false => Vec::new(),
                };
                let counts = unchanged.iter().map(|point| point.map(|point| count(point, i))).collect();
                let grid = grid.clone();
                let (change, counts) =
                    off_thread(move || correlate(&grid, variant, threshold, &known, counts)).await?;
                let total = |of: fn(&PairCount) -> u32| counts.iter().map(|c| u64::from(of(c))).sum::<u64>() / 2;
                summary.insert(
                    variant.as_str().into(),
                    json!({ "pairs": total(|c| c.kept), "not_kept": total(|c| c.not_kept), "computed": change.computed.len() }),
                );
                for (point, count) in points.iter_mut().zip(counts) {
                    point.kept.push(count.kept as i32);
                    point.not_kept.push(count.not_kept as i32);
                }
                changes.push(change);
            }
            stage.store.save_correlations(source.id, grid.end(), &changes, &points, stage.fence).await?;
            summary.insert("points".into(), json!(points.len()));
            Ok(summary.into())
        })
        .await
}

/// Of each row, a hash of all that its pairs depend on besides the other rows.
fn row_versions(grid: &Grid, threshold: f64) -> Vec<String> {
    let threshold = threshold.to_string();
    (0..grid.points.len()).map(|i| version_of([&grid.version(i), &threshold])).collect()
}

fn fresh((id, version): (&Uuid, &String)) -> CorrelatedPoint {
    CorrelatedPoint { point_id: *id, row_version: version.clone(), kept: Vec::new(), not_kept: Vec::new() }
}

fn count(point: &CorrelatedPoint, variant: usize) -> PairCount {
    PairCount { kept: point.kept[variant] as u32, not_kept: point.not_kept[variant] as u32 }
}

fn correlate(
    levels: &Grid,
    variant: Variant,
    threshold: f64,
    before: &[CorrelationRow],
    counts: Vec<Option<PairCount>>,
) -> (CorrelationChange, Vec<PairCount>) {
    let grid = match variant {
        Variant::Level => Cow::Borrowed(levels),
        Variant::HighPass => Cow::Owned(high_pass(levels)),
        Variant::Rank => Cow::Owned(rank(levels)),
    };
    let rows: HashMap<Uuid, usize> = grid.points.iter().enumerate().map(|(row, id)| (*id, row)).collect();
    let pair = |row: &CorrelationRow| -> Option<Pair> {
        let (a, b) = (*rows.get(&row.point_a)?, *rows.get(&row.point_b)?);
        Some(Pair { a: a.min(b), b: a.max(b), r: row.r, samples: row.sample_count as u32 })
    };
    let known: Vec<Pair> = before.iter().filter_map(pair).collect();
    let options = CorrelationOptions { threshold, ..CorrelationOptions::default() };
    let Recorrelated { pairs, computed, counts } = correlate_changed(&grid, &options, &known, &counts);

    let is_computed = |pair: &Pair| computed[pair.a] || computed[pair.b];
    let is_kept = |pair: &Pair| pairs.binary_search_by_key(&(pair.a, pair.b), |p| (p.a, p.b)).is_ok();
    let displaced = known.iter().filter(|pair| !is_computed(pair) && !is_kept(pair));
    let found: Vec<Pair> = pairs.iter().copied().filter(is_computed).collect();
    let ids = |pair: &Pair| {
        let (a, b) = (grid.points[pair.a], grid.points[pair.b]);
        if a < b { (a, b) } else { (b, a) }
    };
    let row = |(pair, lag): (&Pair, i32)| {
        let (point_a, point_b) = ids(pair);
        // What is known of a and b is turned around with them.
        let lag_buckets = if point_a == grid.points[pair.a] { lag } else { -lag };
        CorrelationRow { point_a, point_b, r: pair.r, lag_buckets, sample_count: pair.samples as i32 }
    };
    let change = CorrelationChange {
        variant,
        computed: grid
            .points
            .iter()
            .zip(&computed)
            .filter(|(_, computed)| **computed)
            .map(|(id, _)| *id)
            .collect(),
        displaced: displaced.map(ids).collect(),
        found: found.iter().zip(lags(&grid, &found)).map(row).collect(),
    };
    (change, counts)
}
