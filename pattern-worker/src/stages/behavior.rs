//! behavioral-analysis: a fingerprint for every point whose samples changed.

use pattern_core::{
    analytics::fingerprint::fingerprint,
    domain::{DataSource, JobName},
};
use pattern_store::FingerprintRow;
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

use super::{Outcome, Stage, StageError, version_of};

/// Points whose samples are read at once: bounds the memory of a run.
const BATCH: usize = 500;

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let Some(grid) = stage.grid(source).await? else { return Ok(Outcome::Unchanged) };
    let (start, end) = (grid.start, grid.end());
    let versions: Vec<(Uuid, String, Vec<f32>)> = (0..grid.points.len())
        .filter(|&i| grid.row(i).iter().any(|v| v.is_finite()))
        .map(|i| (grid.points[i], grid.version(i), grid.row(i).to_vec()))
        .collect();
    let input = version_of(versions.iter().map(|(_, version, _)| version));
    stage
        .unless_unchanged(JobName::BehavioralAnalysis, source, &input, async {
            let known = stage.store.fingerprint_versions(source.id).await?;
            let keys: HashMap<Uuid, i32> =
                stage.store.stored_points(source.id).await?.into_iter().map(|p| (p.id, p.key)).collect();
            let vanished: Vec<Uuid> = {
                let alive: HashMap<Uuid, ()> = versions.iter().map(|(id, ..)| (*id, ())).collect();
                known.keys().filter(|id| !alive.contains_key(id)).copied().collect()
            };
            let total = versions.len();
            let changed: Vec<_> =
                versions.into_iter().filter(|(id, version, _)| known.get(id) != Some(version)).collect();
            let changed_count = changed.len();
            let mut rows = Vec::with_capacity(changed_count);
            let mut pending = changed.into_iter().peekable();
            while pending.peek().is_some() {
                if stage.cancelled.is_cancelled() {
                    return Err(StageError::Cancelled);
                }
                let batch: Vec<_> = pending.by_ref().take(BATCH).collect();
                let batch_keys: Vec<i32> =
                    batch.iter().filter_map(|(id, ..)| keys.get(id).copied()).collect();
                let samples = stage.store.read_samples(&batch_keys, start, end).await?;
                let found = tokio::task::spawn_blocking(move || {
                    let series = batch.into_iter().zip(samples);
                    let made = series.filter_map(|((id, version, row), samples)| {
                        let made = fingerprint(&samples, &row)?;
                        Some((id, version, samples.len(), serde_json::to_value(made).unwrap_or(Value::Null)))
                    });
                    made.collect::<Vec<_>>()
                })
                .await?;
                rows.extend(found.into_iter().map(|(point_id, input_version, count, body)| FingerprintRow {
                    point_id,
                    input_version,
                    window_start: start,
                    window_end: end,
                    sample_count: count as i64,
                    body,
                }));
            }
            stage.store.save_fingerprints(&rows, &vanished, stage.fence).await?;
            Ok(json!({
                "points": total,
                "recomputed": changed_count,
                "vanished": vanished.len(),
                "window_start": start,
                "window_end": end,
            }))
        })
        .await
}
