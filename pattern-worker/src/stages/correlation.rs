//! correlation-analysis: every pair of points of a data source whose |r| reaches the threshold.

use pattern_core::{
    analytics::{
        correlation::{CorrelationOptions, Correlations, correlate, high_pass, rank},
        grid::Grid,
    },
    domain::{DataSource, JobName},
};
use pattern_store::{CorrelationRow, Variant};
use serde_json::{Map, json};

use super::{Outcome, Stage, StageError, version_of};

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let Some(grid) = stage.grid(source).await? else { return Ok(Outcome::Unchanged) };
    let threshold = stage.engine.correlation_threshold;
    let input = {
        let rows = (0..grid.points.len()).map(|i| grid.version(i));
        version_of(rows.chain([threshold.to_string(), stage.engine.window_days.to_string()]))
    };
    stage
        .unless_unchanged(JobName::CorrelationAnalysis.as_str(), source, &input, async {
            let end = grid.end();
            let mut summary = Map::new();
            let points = grid.points.clone();
            for variant in Variant::ALL {
                if stage.cancelled.is_cancelled() {
                    return Err(StageError::Cancelled);
                }
                let found = correlations(&grid, variant, threshold);
                let rows: Vec<CorrelationRow> = found
                    .pairs
                    .iter()
                    .map(|pair| {
                        let (a, b) = (points[pair.a], points[pair.b]);
                        CorrelationRow {
                            point_a: a.min(b),
                            point_b: a.max(b),
                            r: pair.r,
                            sample_count: pair.samples as i32,
                        }
                    })
                    .collect();
                stage.store.replace_correlations(source.id, variant, end, &rows, stage.fence).await?;
                let counts = json!({ "pairs": rows.len(), "not_kept": found.dropped });
                summary.insert(variant.as_str().into(), counts);
            }
            summary.insert("points".into(), json!(points.len()));
            Ok(summary.into())
        })
        .await
}

fn correlations(grid: &Grid, variant: Variant, threshold: f64) -> Correlations {
    let options = CorrelationOptions { threshold, ..CorrelationOptions::default() };
    match variant {
        Variant::Level => correlate(grid, &options),
        Variant::HighPass => correlate(&high_pass(grid), &options),
        Variant::Rank => correlate(&rank(grid), &options),
    }
}
