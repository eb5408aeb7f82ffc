//! What every question about equipment says of its cluster.

use pattern_core::domain::{Cluster, Subject, SubjectKind};
use pattern_equipment::matching::PointFeatures;
use uuid::Uuid;

pub(super) fn subject(cluster: &Cluster) -> Subject {
    Subject { kind: SubjectKind::Cluster, id: cluster.id, label: cluster.label.clone() }
}

/// Sorted, so that the same members always make the same question.
pub(super) fn member_ids(points: &[PointFeatures]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = points.iter().map(|p| p.id).collect();
    ids.sort_unstable();
    ids
}
