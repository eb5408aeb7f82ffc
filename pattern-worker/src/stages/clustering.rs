//! cluster-detection: which points belong together, and when many changed at once.

use pattern_core::domain::{Cluster, ClusterKind, DataSource, JobName};
use pattern_core::identity::carry_ids;
use pattern_equipment::{
    clustering::{Associations, ClusterOptions, equipment_clusters},
    naming::{NamedPoint, labels, look_alikes, name_edges, templates},
};
use pattern_store::{
    ActiveBinding, CorrelationRow, Exclusion, FoundCluster, StoredPoint, Variant, off_thread,
};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

use super::episodes;
use super::stage::{Outcome, Stage, StageError};
use crate::input_version::version_of;

/// Points with a number for an equipment.
type MachineNumbers = Vec<(u32, u32)>;

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
    let nothing_found = match equipment {
        Value::Null => stage.store.nothing_found(source.id, JobName::CLUSTER_DETECTION.as_str()).await?,
        ref done => done["nothing_found"].as_str().map(str::to_owned),
    };
    let mut result = json!({ "equipment": equipment, "episodes": episodes });
    if let Some(reason) = nothing_found {
        result["nothing_found"] = json!(reason);
    }
    Ok(Outcome::Done(result))
}

/// A decision changes what belongs together, but not when something happened: the two have inputs of their own.
async fn equipment(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let points = stage.store.stored_points(source.id).await?;
    let correlated = stage.store.stage_input(JobName::CORRELATION_ANALYSIS.as_str(), source.id).await?;
    let bindings = stage.store.active_bindings(source.id).await?;
    let exclusions = stage.store.exclusions(source.id).await?;
    let input = {
        let confirmed = bindings.iter().map(|b| format!("{}/{}", b.point_id, b.equipment_id));
        let confirmed =
            confirmed.chain(exclusions.iter().map(|x| format!("{} not {}", x.point_id, x.equipment_id)));
        let points = points.iter().map(|p| {
            let said = [&p.name, &p.unit, &p.description, &p.device, &p.path, &p.group];
            format!("{}/{}", p.id, said.map(String::as_str).join("/"))
        });
        version_of(points.chain(confirmed).chain([correlated.unwrap_or_default()]))
    };
    stage
        .unless_unchanged(JobName::CLUSTER_DETECTION.as_str(), source, &input, async move {
            let level = stage.store.correlations(source.id, Variant::Level).await?;
            let rank = stage.store.correlations(source.id, Variant::Rank).await?;
            let high_pass = stage.store.correlations(source.id, Variant::HighPass).await?;
            let before = stage.store.active_clusters(source.id, ClusterKind::Equipment).await?;
            let alike_before = stage.store.active_clusters(source.id, ClusterKind::LookAlikes).await?;
            let (points_known, pairs_known) = (points.len(), level.len() + rank.len() + high_pass.len());
            let find = move || {
                let named = Named::new(points);
                let answers = (bindings, exclusions);
                let equipment = find_equipment(&named, [&level, &rank, &high_pass], &answers, &before);
                let alike = find_look_alikes(&named, &equipment, &alike_before);
                (equipment, alike)
            };
            let (equipment, alike) = off_thread(find).await?;
            let nothing_found =
                (equipment.is_empty() && alike.is_empty()).then(|| why_nothing(points_known, pairs_known));
            let alike = stage.replace_clusters(source, ClusterKind::LookAlikes, &alike).await?;
            let mut result = stage.replace_clusters(source, ClusterKind::Equipment, &equipment).await?;
            result["look_alikes"] = alike;
            if let Some(reason) = nothing_found {
                result["nothing_found"] = json!(reason);
            }
            Ok(result)
        })
        .await
}

/// Why no points belong together.
fn why_nothing(points: usize, pairs: usize) -> String {
    let least = ClusterOptions::default().min_points;
    match (points, pairs) {
        (points, _) if points < least => {
            format!("a group has at least {least} points, and there are only {points}")
        }
        (points, 0) => format!(
            "nothing ties {least} of the {points} points to each other: no pair moves together, and their names share no \
             machine"
        ),
        (points, _) => format!(
            "some pairs of the {points} points move together, but no group of at least {least} holds together"
        ),
    }
}

/// The points of a data source, as naming reads them.
struct Named {
    ids: Vec<Uuid>,
    points: Vec<NamedPoint>,
}

impl Named {
    fn new(points: Vec<StoredPoint>) -> Self {
        let ids = points.iter().map(|p| p.id).collect();
        let named = |p: StoredPoint| {
            let StoredPoint { name, description, device, path, group, .. } = p;
            NamedPoint { name, description, device, path, group }
        };
        Self { ids, points: points.into_iter().map(named).collect() }
    }

    fn names(&self) -> Vec<&str> {
        self.points.iter().map(|point| point.name.as_str()).collect()
    }
}

fn find_equipment(
    named: &Named,
    correlations: [&[CorrelationRow]; 3],
    answers: &(Vec<ActiveBinding>, Vec<Exclusion>),
    before: &[Cluster],
) -> Vec<FoundCluster> {
    let index: HashMap<Uuid, u32> = named.ids.iter().enumerate().map(|(i, id)| (*id, i as u32)).collect();
    let edges = |rows: &[CorrelationRow]| -> Vec<(u32, u32, f32)> {
        rows.iter()
            .filter_map(|row| Some((*index.get(&row.point_a)?, *index.get(&row.point_b)?, row.r)))
            .collect()
    };
    let (confirmed, excluded) = confirmed(&index, answers);
    let [level, rank, high_pass] = correlations.map(edges);
    let known = Associations {
        points: named.ids.len(),
        level: &level,
        rank: &rank,
        high_pass: &high_pass,
        names: &name_edges(&named.points),
        templates: &templates(&named.names()),
        confirmed: &confirmed,
        excluded: &excluded,
    };
    let detected = equipment_clusters(&known, &ClusterOptions::default());
    let (members, cohesions): (Vec<_>, Vec<_>) =
        detected.into_iter().map(|cluster| (cluster.members, cluster.cohesion)).unzip();
    let found = named_clusters(named, &members, before).into_iter().zip(cohesions);
    found.map(|(cluster, cohesion)| FoundCluster { cohesion, ..cluster }).collect()
}

/// What stands alone and is called alike.
fn find_look_alikes(named: &Named, equipment: &[FoundCluster], before: &[Cluster]) -> Vec<FoundCluster> {
    let grouped: HashSet<&Uuid> = equipment.iter().flat_map(|cluster| &cluster.point_ids).collect();
    let alone: Vec<usize> = (0..named.ids.len()).filter(|&i| !grouped.contains(&named.ids[i])).collect();
    let found = named_clusters(named, &look_alikes(&named.points, &alone), before).into_iter();
    found.map(|cluster| FoundCluster { cohesion: 1.0, ..cluster }).collect()
}

/// Groups of points (by index) with their labels, and the ids of those that they carry on.
fn named_clusters(named: &Named, members: &[Vec<usize>], before: &[Cluster]) -> Vec<FoundCluster> {
    let name = |&i: &usize| named.points[i].name.as_str();
    let names: Vec<Vec<&str>> = members.iter().map(|members| members.iter().map(name).collect()).collect();
    let points: Vec<Vec<Uuid>> =
        members.iter().map(|members| members.iter().map(|&i| named.ids[i]).collect()).collect();
    let previous: Vec<(Uuid, Vec<Uuid>)> =
        before.iter().map(|c| (c.id, c.points.iter().map(|p| p.id).collect())).collect();
    // Clusters carry on the ids of those they overlap with, so that decisions are remembered.
    let carried = carry_ids(&previous, &points);
    labels(&names)
        .into_iter()
        .zip(points.into_iter().zip(carried))
        .map(|(label, (point_ids, id))| FoundCluster {
            id,
            label: label.text,
            unnamed: label.lists_points,
            point_ids,
            ..FoundCluster::default()
        })
        .collect()
}

/// Points by index with a number for the equipment that they are part of, and that they were excluded from.
fn confirmed(
    index: &HashMap<Uuid, u32>,
    (bindings, exclusions): &(Vec<ActiveBinding>, Vec<Exclusion>),
) -> (MachineNumbers, MachineNumbers) {
    let mut numbers: HashMap<Uuid, u32> = HashMap::new();
    let mut numbered = |point: Uuid, equipment: Uuid| {
        let next = numbers.len() as u32;
        let number = *numbers.entry(equipment).or_insert(next);
        index.get(&point).map(|point| (*point, number))
    };
    let bound = bindings.iter().filter_map(|b| numbered(b.point_id, b.equipment_id)).collect();
    let excluded = exclusions.iter().filter_map(|x| numbered(x.point_id, x.equipment_id)).collect();
    (bound, excluded)
}
