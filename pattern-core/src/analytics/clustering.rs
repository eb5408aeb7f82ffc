//! Equipment clusters: signal and naming evidence in one graph, cut by Leiden.

use std::collections::{BTreeMap, BTreeSet};

use super::leiden::leiden_cpm;

#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Mean edge weight per pair from which points are a group. A clique of names has 1; series that
    /// move together have about 0.5; a shared daily cycle leaves a tenth.
    pub resolution: f64,
    pub min_points: usize,
    /// |r| that is worth nothing; weights grow from there to 1.
    pub threshold: f64,
    pub seed: u64,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self { resolution: 0.25, min_points: 3, threshold: 0.6, seed: 1 }
    }
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectedCluster {
    /// Sorted indices.
    pub members: Vec<usize>,
    /// Mean fused weight over all pairs of members, 0..1; pairs without an edge count 0.
    pub cohesion: f64,
}

/// What a level correlation alone is worth: plant-wide cycles make many of them.
const LEVEL_ONLY: f64 = 0.3;
/// What a correlation between points of two different naming groups is worth: names rule where they speak.
const ACROSS_NAMES: f64 = 0.15;

/// Groups of at least `min_points`; points that belong nowhere are in none. Edges are (index, index,
/// signed r) for the two correlations, (index, index, weight 0..1) for names.
pub fn equipment_clusters(
    point_count: usize,
    level: &[(u32, u32, f32)],
    high_pass: &[(u32, u32, f32)],
    name_edges: &[(u32, u32, f32)],
    options: &ClusterOptions,
) -> Vec<DetectedCluster> {
    let edges = fuse(point_count, level, high_pass, name_edges, options.threshold);
    let community = leiden_cpm(point_count, &edges, options.resolution, options.seed);
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (point, group) in community.iter().enumerate() {
        members.entry(*group).or_default().push(point);
    }
    let mut inside: BTreeMap<u32, f64> = BTreeMap::new();
    for (a, b, weight) in &edges {
        if community[*a as usize] == community[*b as usize] {
            *inside.entry(community[*a as usize]).or_default() += f64::from(*weight);
        }
    }
    members
        .into_iter()
        .filter(|(_, members)| members.len() >= options.min_points)
        .map(|(group, members)| {
            let pairs = (members.len() * (members.len() - 1) / 2) as f64;
            let cohesion = (inside.get(&group).copied().unwrap_or(0.0) / pairs).clamp(0.0, 1.0);
            DetectedCluster { members, cohesion }
        })
        .collect()
}

/// One edge per pair, weight 0..1.
pub fn fuse(
    point_count: usize,
    level: &[(u32, u32, f32)],
    high_pass: &[(u32, u32, f32)],
    name_edges: &[(u32, u32, f32)],
    threshold: f64,
) -> Vec<(u32, u32, f32)> {
    let mut weights: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let mut named = vec![false; point_count];
    let mut name_pairs = BTreeSet::new();
    for &(a, b, weight) in name_edges {
        named[a as usize] = true;
        named[b as usize] = true;
        name_pairs.insert((a.min(b), a.max(b)));
        let entry = weights.entry((a.min(b), a.max(b))).or_default();
        *entry = entry.max(f64::from(weight));
    }
    let strength = |r: f32| ((f64::from(r.abs()) - threshold) / (1.0 - threshold)).clamp(0.0, 1.0);
    let mut signal: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for (edges, worth) in [(level, LEVEL_ONLY), (high_pass, 1.0)] {
        for &(a, b, r) in edges {
            let entry = signal.entry((a.min(b), a.max(b))).or_default();
            // From the threshold on a pair is worth half; perfect pairs are worth all.
            *entry = entry.max(worth * (0.5 + 0.5 * strength(r)));
        }
    }
    for (pair, strength) in signal {
        let both_named = named[pair.0 as usize] && named[pair.1 as usize];
        let worth = if both_named && !name_pairs.contains(&pair) { ACROSS_NAMES } else { 1.0 };
        let entry = weights.entry(pair).or_default();
        *entry = (*entry + worth * strength).min(1.0);
    }
    weights.into_iter().map(|((a, b), weight)| (a, b, weight as f32)).collect()
}
