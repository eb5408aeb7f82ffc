//! correlation-analysis: every pair of points of a data source whose |r| reaches the threshold. Pairs are
//! computed of those points whose row of the grid changed since the last run; the others' are kept.
//!
//! Where much is to be computed, the run is split into tiles, which any worker pulls: see [`tiles`].

mod found;
mod known;
mod tiles;

pub(super) use tiles::tile;

use chrono::Duration;
use pattern_core::{
    domain::{DataSource, JobName, Word},
    series::{frame::in_words, grid::Grid},
};
use pattern_equipment::correlation::{
    Comparable, CorrelationOptions, comparable, correlate_changed, high_pass, lags, rank,
};
use pattern_store::{
    Variant,
    jobs::{JobContext, JobOutcome, NewTile},
    off_thread,
};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, sync::Arc};

use super::stage::{Outcome, Stage, StageError, each_source, no_good_samples};
use crate::input_version::version_of;
use found::{Found, change};
use known::EarlierPairs;

/// What becomes of a data source.
enum Step {
    Done(Outcome),
    Split(Vec<NewTile>),
}

pub(super) async fn run(stage: &Stage, context: &JobContext) -> Result<JobOutcome, StageError> {
    if let Some(so_far) = &context.so_far {
        return Ok(tiles::merge_all(stage, so_far).await?.into());
    }
    let mut tiles = Vec::new();
    let mut results = Map::new();
    for (source, step) in each_source(stage, context, analyse).await? {
        let result = match step {
            Step::Done(outcome) => stage.result_of(JobName::CORRELATION_ANALYSIS, &source, outcome).await?,
            Step::Split(of_source) => {
                let count = of_source.len();
                tiles.extend(of_source);
                json!({ "tiles": count })
            }
        };
        results.insert(source.name, result);
    }
    let so_far = Value::from(results);
    Ok(if tiles.is_empty() { so_far.into() } else { JobOutcome::Split { tiles, so_far } })
}

async fn analyse(stage: &Stage, source: &DataSource) -> Result<Step, StageError> {
    let Some(grid) = stage.grid(source).await? else { return Ok(Step::Done(Outcome::no_samples())) };
    let grid = Arc::new(grid);
    let threshold = stage.engine.correlation_threshold;
    let versions = off_thread({
        let grid = grid.clone();
        move || row_versions(&grid, threshold)
    })
    .await?;
    let input = version_of(&versions);
    let name = JobName::CORRELATION_ANALYSIS.as_str();
    if stage.store.stage_input(name, source.id).await?.as_deref() == Some(&input) {
        return Ok(Step::Done(Outcome::Unchanged));
    }
    let known = EarlierPairs::load(stage, source, &grid.points, &versions).await?;
    if known.changed() > stage.engine.correlation_tile_points {
        return Ok(Step::Split(tiles::plan(stage, source, &grid, versions, input, &known).await?));
    }
    let mut found = Found::new(&grid.points, &versions);
    for (i, &variant) in Variant::ALL.iter().enumerate() {
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
    let nothing_found = found.is_empty().then(|| why_nothing(&grid, threshold));
    let result = found.save(stage, source, grid.end(), input, nothing_found).await?;
    Ok(Step::Done(Outcome::Done(result)))
}

/// Of each row, a hash of all that its pairs depend on besides the other rows.
fn row_versions(grid: &Grid, threshold: f64) -> Vec<String> {
    let threshold = threshold.to_string();
    (0..grid.points.len()).map(|i| version_of([&grid.version(i), &threshold])).collect()
}

/// Why the grid has no pairs.
fn why_nothing(grid: &Grid, threshold: f64) -> String {
    let frame = grid.frame();
    let least = options(threshold).min_overlap;
    if frame.buckets < least {
        return format!(
            "the samples reach over {frame}, and points can only be compared over at least {least} buckets: import a \
             longer stretch of time, or more samples of it"
        );
    }
    let Comparable { known, long, moving } = comparable(grid, least);
    match (known, long, moving) {
        (0, ..) => no_good_samples(&frame),
        (_, 0, _) => format!(
            "none of the {known} points with samples is known in at least {least} of the {} buckets of {}",
            frame.buckets,
            in_words(Duration::seconds(frame.bucket_seconds))
        ),
        (_, _, 0) => format!("none of the {long} points with enough samples moves: all are constant"),
        (_, _, 1) => "only one point moves, and nothing moves with it".into(),
        _ => format!("none of the {moving} points that move do so together: no |r| reaches {threshold}"),
    }
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
