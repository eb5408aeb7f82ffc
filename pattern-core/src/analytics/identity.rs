//! Clusters keep their ids while most of their points stay.

use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Share of common points (Jaccard) from which a group carries on an earlier one.
const SAME: f64 = 0.5;

/// For each current group the id it carries on, one to one, most alike first; `None` is a new group.
pub fn carry_ids(previous: &[(Uuid, Vec<Uuid>)], current: &[Vec<Uuid>]) -> Vec<Option<Uuid>> {
    let mut holders: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
    for (group, (_, points)) in previous.iter().enumerate() {
        for point in points {
            holders.entry(*point).or_default().push(group);
        }
    }
    let mut candidates = Vec::new();
    for (now, points) in current.iter().enumerate() {
        let points: BTreeSet<&Uuid> = points.iter().collect();
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        for group in points.iter().filter_map(|p| holders.get(p)).flatten() {
            *common.entry(*group).or_default() += 1;
        }
        for (group, shared) in common {
            let before: BTreeSet<&Uuid> = previous[group].1.iter().collect();
            let alike = shared as f64 / (before.len() + points.len() - shared) as f64;
            if alike >= SAME {
                candidates.push((alike, previous[group].0, now));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut carried = vec![None; current.len()];
    let mut taken = BTreeSet::new();
    for (_, id, now) in candidates {
        if carried[now].is_none() && taken.insert(id) {
            carried[now] = Some(id);
        }
    }
    carried
}
