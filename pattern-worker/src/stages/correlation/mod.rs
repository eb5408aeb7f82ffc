//! correlation-analysis: every pair of points of a data source whose |r| reaches the threshold. Pairs are
//! computed of those points whose row of the grid changed since the last run; the others' are kept.
//!
//! Where much is to be computed, the run is split into tiles, which any worker pulls: see [`tiles`].

mod found;
mod known;
mod tiles;

pub(super) use tiles::tile;

use pattern_core::{
    analytics::{
        correlation::{CorrelationOptions, correlate_changed, high_pass, lags, rank},
        grid::Grid,
    },
    domain::{DataSource, JobName},
};
use pattern_store::{
    Variant,
    jobs::{Answer, JobContext, NewTile},
    off_thread,
};
use serde_json::json;
use std::{borrow::Cow, sync::Arc};

use super::{Outcome, Stage, StageError, each_source, summary, version_of};
use found::{Found, change};
use known::Known;

/// What becomes of a data source.
enum Step {
    Done(Outcome),
    Split(Vec<NewTile>),
}

pub(super) async fn run(stage: &Stage, context: &JobContext) -> Result<Answer, StageError> {
    if let Some(so_far) = &context.so_far {
        return Ok(tiles::merge_all(stage, so_far).await?.into());
    }
    let mut tiles = Vec::new();
    let steps = each_source(stage, context, analyse).await?.into_iter();
    let outcomes = steps.map(|(source, step)| match step {
        Step::Done(outcome) => (source, outcome),
        Step::Split(of_source) => {
            let outcome = Outcome::Done(json!({ "tiles": of_source.len() }));
            tiles.extend(of_source);
            (source, outcome)
        }
    });
    let so_far = summary(outcomes);
    Ok(if tiles.is_empty() { so_far.into() } else { Answer::Split { tiles, so_far } })
}

async fn analyse(stage: &Stage, source: &DataSource) -> Result<Step, StageError> {
    let Some(grid) = stage.grid(source).await? else { return Ok(Step::Done(Outcome::Unchanged)) };
    let grid = Arc::new(grid);
    let threshold = stage.engine.correlation_threshold;
    let versions = off_thread({
        let grid = grid.clone();
        move || row_versions(&grid, threshold)
    })
    .await?;
    let input = version_of(&versions);
    let name = JobName::CorrelationAnalysis.as_str();
    if stage.store.stage_input(name, source.id).await?.as_deref() == Some(&input) {
        return Ok(Step::Done(Outcome::Unchanged));
    }
    let known = Known::load(stage, source, &grid.points, &versions).await?;
    if known.changed() > stage.engine.correlation_tile_points {
        return Ok(Step::Split(tiles::plan(stage, source, &grid, versions, input, &known).await?));
    }
    let mut found = Found::new(&grid.points, &versions);
    for (i, variant) in Variant::ALL.into_iter().enumerate() {
        if stage.cancelled.is_cancelled() {
            return Err(StageError::Cancelled);
        }
        let (pairs, counts) = (known.pairs(stage, source, variant).await?, known.counts(i));
        let (grid, options) = (grid.clone(), options(threshold));
        let found_here = off_thread(move || {
            let grid = transformed(&grid, variant);
            let again = correlate_changed(&grid, &options, &pairs, &counts);
            change(variant, &grid.points, &pairs, again, |found| lags(&grid, found))
        });
        found.add(found_here.await?);
    }
    let result = found.save(stage, source, grid.end(), input).await?;
    Ok(Step::Done(Outcome::Done(result)))
}

/// Of each row, a hash of all that its pairs depend on besides the other rows.
fn row_versions(grid: &Grid, threshold: f64) -> Vec<String> {
    let threshold = threshold.to_string();
    (0..grid.points.len()).map(|i| version_of([&grid.version(i), &threshold])).collect()
}

fn options(threshold: f64) -> CorrelationOptions {
    CorrelationOptions { threshold, ..CorrelationOptions::default() }
}

fn transformed(levels: &Grid, variant: Variant) -> Cow<'_, Grid> {
    match variant {
        Variant::Level => Cow::Borrowed(levels),
        Variant::HighPass => Cow::Owned(high_pass(levels)),
        Variant::Rank => Cow::Owned(rank(levels)),
    }
}
