//! cluster-detection: which points belong together, and when many changed at once.

use chrono::{DateTime, Duration, Utc};
use pattern_core::{
    analytics::{
        clustering::{ClusterOptions, equipment_clusters},
        episodes::{behavior_changes, episodes},
        grid::Grid,
        identity::carry_ids,
    },
    domain::{Cluster, ClusterKind, DataSource, JobName},
    naming::{NamedPoint, label, name_edges},
};
use pattern_store::{CorrelationRow, FoundCluster, Variant};
use serde_json::json;
use std::collections::HashMap;
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
                .map(|p| Member {
                    id: p.id,
                    named: NamedPoint { name: p.name, unit: p.unit, description: p.description },
                })
                .collect();
            let level = stage.store.correlations(source.id, Variant::Level).await?;
            let high_pass = stage.store.correlations(source.id, Variant::HighPass).await?;
            let grid = stage.grid(source).await?;
            let before_equipment = stage.store.active_clusters(source.id, ClusterKind::Equipment).await?;
            let before_episodes = stage.store.active_clusters(source.id, ClusterKind::Episode).await?;
            let min_points = engine.cluster_min_points;
            let window = Duration::minutes(engine.cluster_time_window_minutes);
            let (equipment, episodes) = tokio::task::spawn_blocking(move || {
                let equipment = find_equipment(&members, &level, &high_pass, &before_equipment);
                let episodes = grid.map_or_else(Vec::new, |grid| {
                    find_episodes(&members, &grid, min_points, window, &before_episodes)
                });
                (equipment, episodes)
            })
            .await?;
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
    let groups = detected.into_iter().map(|cluster| {
        let names: Vec<&str> = cluster.members.iter().map(|&i| named[i].name.as_str()).collect();
        let ids = cluster.members.iter().map(|&i| members[i].id).collect();
        (label(&names), cluster.cohesion, ids, None)
    });
    with_ids(groups.collect(), before)
}

fn find_episodes(
    members: &[Member],
    grid: &Grid,
    min_points: usize,
    window: Duration,
    before: &[Cluster],
) -> Vec<FoundCluster> {
    let known: HashMap<Uuid, &Member> = members.iter().map(|m| (m.id, m)).collect();
    let changes: Vec<(DateTime<Utc>, usize)> = (0..grid.points.len())
        .flat_map(|i| behavior_changes(grid.row(i), grid.start).into_iter().map(move |at| (at, i)))
        .collect();
    let groups = episodes(&changes, min_points, window).into_iter().map(|episode| {
        let ids: Vec<Uuid> =
            episode.members.iter().map(|&i| grid.points[i]).filter(|id| known.contains_key(id)).collect();
        let label = format!("{} points changed", ids.len());
        (label, 1.0, ids, Some((episode.starts_at, episode.ends_at)))
    });
    with_ids(groups.filter(|(_, _, ids, _)| ids.len() >= min_points).collect(), before)
}

type Group = (String, f64, Vec<Uuid>, Option<(DateTime<Utc>, DateTime<Utc>)>);

/// Clusters carry on the ids of those they overlap with, so that decisions are remembered.
fn with_ids(groups: Vec<Group>, before: &[Cluster]) -> Vec<FoundCluster> {
    let previous: Vec<(Uuid, Vec<Uuid>)> =
        before.iter().map(|c| (c.id, c.points.iter().map(|p| p.id).collect())).collect();
    let current: Vec<Vec<Uuid>> = groups.iter().map(|(_, _, ids, _)| ids.clone()).collect();
    let carried = carry_ids(&previous, &current);
    groups
        .into_iter()
        .zip(carried)
        .map(|((label, cohesion, point_ids, span), id)| {
            let (starts_at, ends_at) = span.unzip();
            FoundCluster { id, label, cohesion, point_ids, starts_at, ends_at }
        })
        .collect()
}
