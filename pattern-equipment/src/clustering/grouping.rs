//! Equipment clusters: affinity by signals and by names in one graph, cut by Leiden.

use std::collections::{BTreeMap, HashMap};

use super::{
    affinity::fuse,
    graph::{Associations, Edge},
    leiden::leiden_cpm,
};

#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Mean weights per pair of points from which they are a group: each is tried, and the data says which is
    /// right. Names make full graphs (every pair has about 1), so that it hardly matters to named equipment. Signals
    /// keep `neighbours` edges per point, so n points have at most `neighbours / n` per pair: 0.05 lets them form
    /// groups of up to about 100 tags, 0.5 of up to 10.
    pub resolutions: &'static [f64],
    /// Smaller groups are no cluster.
    pub min_points: usize,
    /// Nor are looser ones: what is left over when all machines are taken out still makes groups. On labelled
    /// plants six in ten groups below this are of several machines, of the others one in ten.
    pub min_cohesion: f64,
    /// Signal edges that are kept from each point, the strongest first. A cycle that the whole plant follows
    /// ties everything to everything; it cannot use up more than this.
    pub neighbours: usize,
    pub seed: u64,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        let resolutions = &[0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5];
        Self { resolutions, min_points: 3, min_cohesion: 0.6, neighbours: 5, seed: 1 }
    }
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectedCluster {
    /// Sorted indices.
    pub members: Vec<usize>,
    /// Mean affinity over all pairs of members, 0..1; pairs without any count 0.
    pub cohesion: f64,
}

/// From this weight on two points rather belong together than not.
const AS_LIKELY_AS_NOT: f64 = 0.5;

/// Groups of at least `min_points` and `min_cohesion`, ordered by their first member; points that belong nowhere
/// are in none. Of the resolutions that one is taken whose groups agree best with the affinities: the sum over all
/// pairs within them of how much more they rather belong together than not (correlation clustering; Bansal, Blum,
/// Chawla 2004).
pub fn equipment_clusters(known: &Associations, options: &ClusterOptions) -> Vec<DetectedCluster> {
    let fused = fuse(known, options.neighbours);
    let mut best = (f64::NEG_INFINITY, Vec::new());
    for &resolution in options.resolutions {
        let community = leiden_cpm(known.points, &fused.graph, resolution, options.seed);
        let clusters = clusters_of(&community, &fused.all, options);
        let agreement = |c: &DetectedCluster| pairs(c.members.len()) * (c.cohesion - AS_LIKELY_AS_NOT);
        let agreement: f64 = clusters.iter().map(agreement).sum();
        if agreement > best.0 {
            best = (agreement, clusters);
        }
    }
    best.1
}

fn clusters_of(community: &[u32], affinities: &[Edge], options: &ClusterOptions) -> Vec<DetectedCluster> {
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (point, group) in community.iter().enumerate() {
        members.entry(*group).or_default().push(point);
    }
    let mut inside: HashMap<u32, f64> = HashMap::new();
    for (a, b, weight) in affinities {
        if community[*a as usize] == community[*b as usize] {
            *inside.entry(community[*a as usize]).or_default() += f64::from(*weight);
        }
    }
    members
        .into_iter()
        .filter(|(_, members)| members.len() >= options.min_points.max(2))
        .map(|(group, members)| {
            let held = inside.get(&group).copied().unwrap_or(0.0);
            let cohesion = (held / pairs(members.len())).clamp(0.0, 1.0);
            DetectedCluster { members, cohesion }
        })
        .filter(|cluster| cluster.cohesion >= options.min_cohesion)
        .collect()
}

fn pairs(points: usize) -> f64 {
    (points * (points - 1) / 2) as f64
}
