//! When many points changed their behaviour at once; a part of cluster-detection.

use chrono::{DateTime, Duration, Utc};
use pattern_core::{
    domain::{Cluster, ClusterKind, DataSource, Direction, JobName, PointChange},
    identity::{Span, carry_episode_ids},
    series::grid::Grid,
};
use pattern_episode::detection::{Episode, at_once, behavior_changes, episodes};
use pattern_store::{FoundCluster, off_thread};
use uuid::Uuid;

use super::stage::{Outcome, Stage, StageError};
use crate::input_version::version_of;

/// What this part's input is remembered under.
const NAME: &str = "episode-detection";

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let correlated = stage.store.stage_input(JobName::CORRELATION_ANALYSIS.as_str(), source.id).await?;
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
    let changed: Vec<Vec<(DateTime<Utc>, Direction)>> =
        (0..grid.points.len()).map(|i| behavior_changes(grid.row(i), &frame)).collect();
    let moments: Vec<(DateTime<Utc>, usize)> = changed
        .iter()
        .enumerate()
        .flat_map(|(i, changes)| changes.iter().map(move |(at, _)| (*at, i)))
        .collect();
    let found = episodes(&moments, min_points, at_once(&frame, window));
    let previous: Vec<(Uuid, Span)> =
        before.iter().filter_map(|c| Some((c.id, c.starts_at.zip(c.ends_at)?))).collect();
    let spans: Vec<Span> = found.iter().map(|episode| (episode.starts_at, episode.ends_at)).collect();
    found
        .into_iter()
        .zip(carry_episode_ids(&previous, &spans))
        .map(|(Episode { starts_at, ends_at, members }, id)| {
            // How a point changed first within the episode.
            let change = |i: &usize| {
                let inside = changed[*i].iter().find(|(at, _)| (starts_at..=ends_at).contains(at));
                inside.map(|(at, direction)| PointChange {
                    point: grid.points[*i],
                    direction: *direction,
                    at: *at,
                })
            };
            FoundCluster {
                id,
                label: format!("{} points changed", members.len()),
                unnamed: false,
                cohesion: 1.0,
                point_ids: members.iter().map(|i| grid.points[*i]).collect(),
                starts_at: Some(starts_at),
                ends_at: Some(ends_at),
                changes: members.iter().filter_map(change).collect(),
            }
        })
        .collect()
}
