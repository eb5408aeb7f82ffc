//! cluster-detection: which points belong together, and when many changed at once.

use pattern_core::{
    analytics::{
        clustering::{Associations, ClusterOptions, equipment_clusters},
        identity::carry_ids,
    },
    domain::{Cluster, ClusterKind, DataSource, JobName},
    naming::{NamedPoint, labels, name_edges},
};
use pattern_store::{
    ActiveBinding, CorrelationRow, Exclusion, FoundCluster, StoredPoint, Variant, off_thread,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

use super::{Outcome, Stage, StageError, episodes, version_of};

/// Points with a number for an equipment.
type Told = Vec<(u32, u32)>;

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let result = |outcome| match outcome {
        Outcome::Done(result) => result,
        Outcome::Unchanged => Value::Null,
    };
    let equipment = result(equipment(stage, source).await?);
    let episodes = result(episodes::run(stage, source).await?);
    if equipment.is_null() && episodes.is_null() {
        return Ok(Outcome::Unchanged);
    }
    Ok(Outcome::Done(json!({ "equipment": equipment, "episodes": episodes })))
}

/// A decision changes what belongs together, but not when something happened: the two have inputs of their own.
async fn equipment(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let points = stage.store.stored_points(source.id).await?;
    let correlated = stage.store.stage_input(JobName::CorrelationAnalysis.as_str(), source.id).await?;
    let bindings = stage.store.active_bindings(source.id).await?;
    let exclusions = stage.store.exclusions(source.id).await?;
    let input = {
        let told = bindings.iter().map(|b| format!("{}/{}", b.point_id, b.equipment_id));
        let told = told.chain(exclusions.iter().map(|x| format!("{} not {}", x.point_id, x.equipment_id)));
        let points = points.iter().map(|p| format!("{}/{}/{}/{}", p.id, p.name, p.unit, p.description));
        version_of(points.chain(told).chain([correlated.unwrap_or_default()]))
    };
    stage
        .unless_unchanged(JobName::ClusterDetection.as_str(), source, &input, async move {
            let level = stage.store.correlations(source.id, Variant::Level).await?;
            let rank = stage.store.correlations(source.id, Variant::Rank).await?;
            let high_pass = stage.store.correlations(source.id, Variant::HighPass).await?;
            let before = stage.store.active_clusters(source.id, ClusterKind::Equipment).await?;
            let find =
                move || find_equipment(points, [&level, &rank, &high_pass], &(bindings, exclusions), &before);
            let found = off_thread(find).await?;
            stage.replace_clusters(source, ClusterKind::Equipment, &found).await
        })
        .await
}

fn find_equipment(
    points: Vec<StoredPoint>,
    correlations: [&[CorrelationRow]; 3],
    answers: &(Vec<ActiveBinding>, Vec<Exclusion>),
    before: &[Cluster],
) -> Vec<FoundCluster> {
    let ids: Vec<Uuid> = points.iter().map(|p| p.id).collect();
    let index: HashMap<Uuid, u32> = ids.iter().enumerate().map(|(i, id)| (*id, i as u32)).collect();
    let edges = |rows: &[CorrelationRow]| -> Vec<(u32, u32, f32)> {
        rows.iter()
            .filter_map(|row| Some((*index.get(&row.point_a)?, *index.get(&row.point_b)?, row.r)))
            .collect()
    };
    let named: Vec<NamedPoint> =
        points.into_iter().map(|p| NamedPoint { name: p.name, description: p.description }).collect();
    let (told, excluded) = told(&index, answers);
    let [level, rank, high_pass] = correlations.map(edges);
    let known = Associations {
        points: ids.len(),
        level: &level,
        rank: &rank,
        high_pass: &high_pass,
        names: &name_edges(&named),
        told: &told,
        excluded: &excluded,
    };
    let detected = equipment_clusters(&known, &ClusterOptions::default());
    let names: Vec<Vec<&str>> = detected
        .iter()
        .map(|cluster| cluster.members.iter().map(|&i| named[i].name.as_str()).collect())
        .collect();
    let points: Vec<Vec<Uuid>> =
        detected.iter().map(|cluster| cluster.members.iter().map(|&i| ids[i]).collect()).collect();
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

/// Points by index with a number for the equipment that they are part of, and that they were excluded from.
fn told(
    index: &HashMap<Uuid, u32>,
    (bindings, exclusions): &(Vec<ActiveBinding>, Vec<Exclusion>),
) -> (Told, Told) {
    let mut numbers: HashMap<Uuid, u32> = HashMap::new();
    let mut told = |point: Uuid, equipment: Uuid| {
        let next = numbers.len() as u32;
        let number = *numbers.entry(equipment).or_insert(next);
        index.get(&point).map(|point| (*point, number))
    };
    let bound = bindings.iter().filter_map(|b| told(b.point_id, b.equipment_id)).collect();
    let excluded = exclusions.iter().filter_map(|x| told(x.point_id, x.equipment_id)).collect();
    (bound, excluded)
}
