//! Clusters keep their ids: groups while most of their points stay, episodes while they are of the same time.

use chrono::{DateTime, Utc};
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
    one_to_one(candidates.into_iter().map(|(_, id, now)| (id, now)), current.len())
}

/// First and last instant of an episode.
pub type Span = (DateTime<Utc>, DateTime<Utc>);

/// As [`carry_ids`] for episodes, which carry on one that they overlap in time: the same points may change
/// again an hour later. Of several, the one with the nearest start.
pub fn carry_episode_ids(previous: &[(Uuid, Span)], current: &[Span]) -> Vec<Option<Uuid>> {
    let mut candidates = Vec::new();
    for (now, (starts, ends)) in current.iter().enumerate() {
        for (id, (started, ended)) in previous {
            if starts <= ended && started <= ends {
                candidates.push(((*starts - *started).abs(), *id, now));
            }
        }
    }
    candidates.sort();
    one_to_one(candidates.into_iter().map(|(_, id, now)| (id, now)), current.len())
}

/// The best candidates first; each id and each group is taken once.
fn one_to_one(candidates: impl Iterator<Item = (Uuid, usize)>, groups: usize) -> Vec<Option<Uuid>> {
    let mut carried = vec![None; groups];
    let mut taken = BTreeSet::new();
    for (id, now) in candidates {
        if carried[now].is_none() && taken.insert(id) {
            carried[now] = Some(id);
        }
    }
    carried
}
