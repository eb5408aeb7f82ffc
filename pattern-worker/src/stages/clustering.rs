//! cluster-detection: which points belong together, and when many changed at once.

use chrono::{DateTime, Duration, Utc};
use pattern_core::{
    analytics::{
        clustering::{ClusterOptions, equipment_clusters},
        episodes::{Episode, behavior_changes, episodes},
        grid::Grid,
        identity::{Span, carry_episode_ids, carry_ids},
    },
    domain::{Cluster, ClusterKind, DataSource, JobName},
    naming::{NamedPoint, labels, name_edges},
};
use pattern_store::{CorrelationRow, FoundCluster, Variant};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

use super::{Outcome, Stage, StageError, version_of};

struct Member {
    id: Uuid,
    named: NamedPoint,
}

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let points = stage.store.stored_points(source.id).await?;
    let correlated = stage.store.stage_input(JobName::CorrelationAnalysis.as_str(), source.id).await?;
    let engine = &stage.engine;
    let input = {
        let points = points.iter().map(|p| format!("{}/{}/{}/{}", p.id, p.name, p.unit, p.description));
        let settings = format!("{}/{}", engine.cluster_min_points, engine.cluster_time_window_minutes);
        version_of(points.chain([correlated.unwrap_or_default(), settings]))
    };
    stage
        .unless_unchanged(JobName::ClusterDetection, source, &input, async {
            let members: Vec<Member> = points
                .into_iter()
                .map(|p| Member { id: p.id, named: NamedPoint { name: p.name, description: p.description } })
                .collect();
            let level = stage.store.correlations(source.id, Variant::Level).await?;
            let high_pass = stage.store.correlations(source.id, Variant::HighPass).await?;
            let grid = stage.grid(source).await?;
            let before_equipment = stage.store.active_clusters(source.id, ClusterKind::Equipment).await?;
            let before_episodes = stage.store.active_clusters(source.id, ClusterKind::Episode).await?;
            let min_points = engine.cluster_min_points;
            let window = Duration::minutes(engine.cluster_time_window_minutes);
            let equipment = find_equipment(&members, &level, &high_pass, &before_equipment);
            let episodes = grid.map_or_else(Vec::new, |grid| {
                find_episodes(&members, &grid, min_points, window, &before_episodes)
            });
            let equipment_change = stage
                .store
                .replace_clusters(source.id, ClusterKind::Equipment, &equipment, stage.fence, stage.now)
                .await?;
            let episode_change = stage
                .store
                .replace_clusters(source.id, ClusterKind::Episode, &episodes, stage.fence, stage.now)
                .await?;
            Ok(json!({
                "equipment": { "clusters": equipment.len(), "change": equipment_change },
                "episodes": { "clusters": episodes.len(), "change": episode_change },
            }))
        })
        .await
}

fn find_equipment(
    members: &[Member],
    level: &[CorrelationRow],
    high_pass: &[CorrelationRow],
    before: &[Cluster],
) -> Vec<FoundCluster> {
    let index: HashMap<Uuid, u32> = members.iter().enumerate().map(|(i, m)| (m.id, i as u32)).collect();
    let edges = |rows: &[CorrelationRow]| -> Vec<(u32, u32, f32)> {
        rows.iter()
            .filter_map(|row| Some((*index.get(&row.point_a)?, *index.get(&row.point_b)?, row.r)))
            .collect()
    };
    let named: Vec<NamedPoint> = members.iter().map(|m| m.named.clone()).collect();
    let detected = equipment_clusters(
        members.len(),
        &edges(level),
        &edges(high_pass),
        &name_edges(&named),
        &ClusterOptions::default(),
    );
    let names: Vec<Vec<&str>> = detected
        .iter()
        .map(|cluster| cluster.members.iter().map(|&i| named[i].name.as_str()).collect())
        .collect();
    let points: Vec<Vec<Uuid>> =
        detected.iter().map(|cluster| cluster.members.iter().map(|&i| members[i].id).collect()).collect();
    let previous: Vec<(Uuid, Vec<Uuid>)> =
        before.iter().map(|c| (c.id, c.points.iter().map(|p| p.id).collect())).collect();
    // Clusters carry on the ids of those they overlap with, so that decisions are remembered.
    let carried = carry_ids(&previous, &points);
    detected
        .into_iter()
        .zip(labels(&names))
        .zip(points.into_iter().zip(carried))
        .map(|((cluster, label), (point_ids, id))| FoundCluster {
            id,
            label,
            cohesion: cluster.cohesion,
            point_ids,
            ..FoundCluster::default()
        })
        .collect()
}

fn find_episodes(
    members: &[Member],
    grid: &Grid,
    min_points: usize,
    window: Duration,
    before: &[Cluster],
) -> Vec<FoundCluster> {
    let known: HashSet<Uuid> = members.iter().map(|m| m.id).collect();
    let changes: Vec<(DateTime<Utc>, usize)> = (0..grid.points.len())
        .flat_map(|i| behavior_changes(grid.row(i), grid.start).into_iter().map(move |at| (at, i)))
        .collect();
    let known = |episode: &Episode| -> Vec<Uuid> {
        episode.members.iter().map(|&i| grid.points[i]).filter(|id| known.contains(id)).collect()
    };
    let found: Vec<(Vec<Uuid>, Span)> = episodes(&changes, min_points, window)
        .into_iter()
        .map(|episode| (known(&episode), (episode.starts_at, episode.ends_at)))
        .filter(|(points, _)| points.len() >= min_points)
        .collect();
    let previous: Vec<(Uuid, Span)> =
        before.iter().filter_map(|c| Some((c.id, c.starts_at.zip(c.ends_at)?))).collect();
    let spans: Vec<Span> = found.iter().map(|(_, span)| *span).collect();
    found
        .into_iter()
        .zip(carry_episode_ids(&previous, &spans))
        .map(|((point_ids, (starts_at, ends_at)), id)| FoundCluster {
            id,
            label: format!("{} points changed", point_ids.len()),
            cohesion: 1.0,
            point_ids,
            starts_at: Some(starts_at),
            ends_at: Some(ends_at),
        })
        .collect()
}
