//! When many points changed their behaviour at once; a part of cluster-detection.

use chrono::{DateTime, Duration, Utc};
use pattern_core::{
    domain::{Cluster, ClusterKind, DataSource, JobName, Word},
    series::grid::Grid,
};
use pattern_equipment::{
    clustering::identity::{Span, carry_episode_ids},
    episodes::{at_once, behavior_changes, episodes},
};
use pattern_store::{FoundCluster, off_thread};
use uuid::Uuid;

use super::{Outcome, Stage, StageError, version_of};

/// What this part's input is remembered under.
const NAME: &str = "episode-detection";

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let correlated = stage.store.stage_input(JobName::CorrelationAnalysis.as_str(), source.id).await?;
    let Some(samples) = correlated else { return Ok(Outcome::Unchanged) };
    let min_points = stage.engine.cluster_min_points;
    let window = Duration::minutes(stage.engine.cluster_time_window_minutes);
    let input = version_of([samples, min_points.to_string(), window.to_string()]);
    stage
        .unless_unchanged(NAME, source, &input, async {
            let grid = stage.grid(source).await?;
            let before = stage.store.active_clusters(source.id, ClusterKind::Episode).await?;
            let find =
                move || grid.map_or_else(Vec::new, |grid| find_episodes(&grid, min_points, window, &before));
            let found = off_thread(find).await?;
            stage.replace_clusters(source, ClusterKind::Episode, &found).await
        })
        .await
}

fn find_episodes(grid: &Grid, min_points: usize, window: Duration, before: &[Cluster]) -> Vec<FoundCluster> {
    let frame = grid.frame();
    let changes: Vec<(DateTime<Utc>, usize)> = (0..grid.points.len())
        .flat_map(|i| behavior_changes(grid.row(i), &frame).into_iter().map(move |at| (at, i)))
        .collect();
    let found: Vec<(Vec<Uuid>, Span)> = episodes(&changes, min_points, at_once(&frame, window))
        .into_iter()
        .map(|episode| {
            let points = episode.members.iter().map(|&i| grid.points[i]).collect();
            (points, (episode.starts_at, episode.ends_at))
        })
        .collect();
    let previous: Vec<(Uuid, Span)> =
        before.iter().filter_map(|c| Some((c.id, c.starts_at.zip(c.ends_at)?))).collect();
    let spans: Vec<Span> = found.iter().map(|(_, span)| *span).collect();
    found
        .into_iter()
        .zip(carry_episode_ids(&previous, &spans))
        .map(|((point_ids, (starts_at, ends_at)), id)| FoundCluster {
            unnamed: false,
            id,
            label: format!("{} points changed", point_ids.len()),
            cohesion: 1.0,
            point_ids,
            starts_at: Some(starts_at),
            ends_at: Some(ends_at),
            changes: Vec::new(),
        })
        .collect()
}
