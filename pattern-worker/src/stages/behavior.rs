//! behavioral-analysis: a fingerprint for every point whose samples changed.

use pattern_core::{
    domain::{DataSource, JobName, Sample},
    series::grid::{Grid, sparkline},
};
use pattern_equipment::fingerprint::{MIN_SAMPLES, fingerprints};
use pattern_store::{FingerprintRow, off_thread};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

use super::stage::{Outcome, Stage, StageError, no_good_samples};
use crate::input_version::version_of;

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let Some(grid) = stage.grid(source).await? else { return Ok(Outcome::no_samples()) };
    let grid = Arc::new(grid);
    let (start, end) = (grid.start, grid.end());
    let alive = off_thread({
        let grid = grid.clone();
        move || alive(&grid)
    })
    .await?;
    let input = version_of(alive.iter().map(|(_, version)| version));
    stage
        .unless_unchanged(JobName::BEHAVIORAL_ANALYSIS.as_str(), source, &input, async {
            let known = stage.store.fingerprint_versions(source.id).await?;
            let keys: HashMap<Uuid, i32> =
                stage.store.stored_points(source.id).await?.into_iter().map(|p| (p.id, p.key)).collect();
            let points = alive.len();
            let points_per_read = stage.store.points_per_read(start, end, points).await?;
            let mut kept: HashSet<Uuid> = HashSet::with_capacity(points);
            let mut changed = Vec::new();
            for (row, version) in alive {
                let (id, known_version) = (grid.points[row], known.get(&grid.points[row]));
                if known_version == Some(&version) {
                    kept.insert(id);
                } else if let Some(key) = keys.get(&id) {
                    changed.push((row, version, *key));
                }
            }
            let mut rows = Vec::with_capacity(changed.len());
            for batch in changed.chunks(points_per_read) {
                if stage.cancelled.is_cancelled() {
                    return Err(StageError::Cancelled);
                }
                let batch_keys: Vec<i32> = batch.iter().map(|(.., key)| *key).collect();
                let series = stage.store.read_samples(&batch_keys, start, end).await?;
                let (grid, batch) = (grid.clone(), batch.to_vec());
                rows.extend(off_thread(move || fingerprint_rows(&grid, batch, &series)).await?);
            }
            kept.extend(rows.iter().map(|row| row.point_id));
            // Also those that the window still knows, but too little of to judge: what they were like
            // before must not speak for them now.
            let vanished: Vec<Uuid> = known.keys().filter(|id| !kept.contains(id)).copied().collect();
            stage.store.save_fingerprints(&rows, &vanished, stage.fence).await?;
            let mut result = json!({
                "points": points,
                "recomputed": changed.len(),
                "vanished": vanished.len(),
                "window_start": start,
                "window_end": end,
                "bucket_seconds": grid.bucket_seconds,
                "buckets": grid.buckets,
                "analysed": grid.frame().to_string(),
            });
            if kept.is_empty() {
                result["nothing_found"] = json!(match points {
                    0 => no_good_samples(&grid.frame()),
                    _ => format!(
                        "none of the {points} points has the {MIN_SAMPLES} good samples that it takes to judge how it \
                         behaves"
                    ),
                });
            }
            Ok(result)
        })
        .await
}

/// Row and version of each point that the window knows a value of.
fn alive(grid: &Grid) -> Vec<(usize, String)> {
    let known = (0..grid.points.len()).filter(|&row| grid.row(row).iter().any(|v| v.is_finite()));
    known.map(|row| (row, version_of([grid.version(row)]))).collect()
}

/// Those of the batch that say enough.
fn fingerprint_rows(
    grid: &Grid,
    batch: Vec<(usize, String, i32)>,
    series: &[Vec<Sample>],
) -> Vec<FingerprintRow> {
    let points: Vec<(&[Sample], &[f32])> =
        batch.iter().zip(series).map(|((row, ..), samples)| (&samples[..], grid.row(*row))).collect();
    let made = fingerprints(&points, grid.bucket_seconds).into_iter().zip(batch).zip(series);
    made.filter_map(|((made, (row, input_version, _)), samples)| {
        Some(FingerprintRow {
            point_id: grid.points[row],
            input_version,
            window_start: grid.start,
            window_end: grid.end(),
            sample_count: samples.len() as i64,
            body: serde_json::to_value(made?).unwrap_or(Value::Null),
            sparkline: sparkline(grid.row(row)),
        })
    })
    .collect()
}
