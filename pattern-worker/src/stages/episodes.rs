//! When many points changed their behaviour at once; a part of cluster-detection.

use chrono::{DateTime, Duration, Utc};
use pattern_core::{
    domain::{Cluster, ClusterKind, DataSource, Direction, JobName, PointChange},
    identity::{Span, carry_episode_ids},
    series::grid::Grid,
};
use pattern_episode::detection::{Episode, at_once, behavior_changes, episodes, moment_of_change};
use pattern_store::{FoundCluster, off_thread};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

use super::stage::{Outcome, Stage, StageError};
use crate::input_version::version_of;

/// What this part's input is remembered under.
const NAME: &str = "episode-detection";
/// Fewer points than this that change at once are no event that anybody would want to hear of.
const FEWEST: usize = 4;
/// Buckets before and after a change whose samples are looked at.
const AROUND: i32 = 1;

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let correlated = stage.store.stage_input(JobName::CORRELATION_ANALYSIS.as_str(), source.id).await?;
    let Some(samples) = correlated else { return Ok(Outcome::Unchanged) };
    let min_points = stage.engine.cluster_min_points;
    let window = Duration::minutes(stage.engine.cluster_time_window_minutes);
    let input = version_of([samples, min_points.to_string(), window.to_string()]);
    stage
        .unless_unchanged(NAME, source, &input, async {
            let grid = stage.grid(source).await?;
            let bucket = Duration::seconds(grid.as_ref().map_or(0, |grid| grid.bucket_seconds));
            let before = stage.store.active_clusters(source.id, ClusterKind::Episode).await?;
            let find =
                move || grid.map_or_else(Default::default, |grid| find_episodes(&grid, min_points, window));
            let (mut found, smaller) = off_thread(find).await?;
            if !found.is_empty() {
                let points = stage.store.stored_points(source.id).await?;
                let keys = points.iter().map(|point| (point.id, point.key)).collect();
                for episode in &mut found {
                    tell_moments(stage, &keys, bucket, episode).await?;
                }
            }
            carry_ids(&mut found, &before);
            let mut result = stage.replace_clusters(source, ClusterKind::Episode, &found).await?;
            if smaller > 0 {
                result["too_small"] = json!(format!(
                    "{smaller} times fewer points changed at once than pattern_engine.cluster_min_points = {min_points}"
                ));
            }
            Ok(result)
        })
        .await
}

/// The episodes, and how many more there would be if they needed no more than [`FEWEST`] points.
fn find_episodes(grid: &Grid, min_points: usize, window: Duration) -> (Vec<FoundCluster>, usize) {
    let frame = grid.frame();
    let changed: Vec<Vec<(DateTime<Utc>, Direction)>> =
        (0..grid.points.len()).map(|i| behavior_changes(grid.row(i), &frame)).collect();
    let moments: Vec<(DateTime<Utc>, usize)> = changed
        .iter()
        .enumerate()
        .flat_map(|(i, changes)| changes.iter().map(move |(at, _)| (*at, i)))
        .collect();
    let episode = |Episode { starts_at, ends_at, members }: Episode| {
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
            id: None,
            label: format!("{} points changed", members.len()),
            unnamed: false,
            cohesion: 1.0,
            point_ids: members.iter().map(|i| grid.points[*i]).collect(),
            starts_at: Some(starts_at),
            ends_at: Some(ends_at),
            changes: members.iter().filter_map(change).collect(),
        }
    };
    let window = at_once(&frame, window);
    let found: Vec<FoundCluster> = episodes(&moments, min_points, window).into_iter().map(episode).collect();
    let smaller = episodes(&moments, FEWEST.min(min_points), window).len().saturating_sub(found.len());
    (found, smaller)
}

/// An episode that was found before keeps its id.
fn carry_ids(found: &mut [FoundCluster], before: &[Cluster]) {
    let previous: Vec<(Uuid, Span)> =
        before.iter().filter_map(|c| Some((c.id, c.starts_at.zip(c.ends_at)?))).collect();
    let spans: Vec<Span> =
        found.iter().filter_map(|episode| episode.starts_at.zip(episode.ends_at)).collect();
    for (episode, id) in found.iter_mut().zip(carry_episode_ids(&previous, &spans)) {
        episode.id = id;
    }
}

/// The grid tells the bucket of a change, and its samples when within that it was.
async fn tell_moments(
    stage: &Stage,
    keys: &HashMap<Uuid, i32>,
    bucket: Duration,
    episode: &mut FoundCluster,
) -> Result<(), StageError> {
    let Some((starts_at, ends_at)) = episode.starts_at.zip(episode.ends_at) else { return Ok(()) };
    episode.changes.retain(|change| keys.contains_key(&change.point));
    let keys: Vec<i32> = episode.changes.iter().map(|change| keys[&change.point]).collect();
    let (from, to) = (starts_at - bucket * AROUND, ends_at + bucket * (AROUND + 1));
    let samples = stage.store.read_samples(&keys, from, to).await?;
    for (change, samples) in episode.changes.iter_mut().zip(samples) {
        let near = change.at - bucket * AROUND..change.at + bucket * (AROUND + 1);
        let good = samples.iter().filter(|sample| sample.is_good() && near.contains(&sample.at));
        let good: Vec<(DateTime<Utc>, f64)> = good.map(|sample| (sample.at, sample.value)).collect();
        if let Some(at) = moment_of_change(&good) {
            change.at = at;
        }
    }
    episode.starts_at = episode.changes.iter().map(|change| change.at).min();
    episode.ends_at = episode.changes.iter().map(|change| change.at).max();
    Ok(())
}
