//! Groups of points that names and descriptions put together.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Edge, Weights};

/// Equipment of more points than this is a whole area: its pairs are not spelled out.
const LARGEST_GROUP: usize = 200;
/// Two groups are joined by edges that this share of each one's points have into the other: a description that was
/// copied from another machine is one point's.
const SUPPORT: f64 = 0.2;

/// Naming edges are sparse: a few hold a group together. The graph needs every pair, or large equipment
/// would look looser than small. A pair weighs what the weakest edge on the best way between its points
/// does, so groups are joined from the strongest edge down. Also answers each point's naming group.
pub(super) fn name_pairs(point_count: usize, name_edges: &[Edge]) -> (Weights, Vec<Option<usize>>) {
    let mut sorted: Vec<Edge> =
        name_edges.iter().copied().filter(|(a, b, weight)| a != b && *weight > 0.0).collect();
    sorted.sort_by(|x, y| y.2.total_cmp(&x.2).then((x.0, x.1).cmp(&(y.0, y.1))));
    let mut groups = Groups::new(point_count);
    let mut pairs = Weights::new();
    for level in sorted.chunk_by(|x, y| x.2 == y.2) {
        let weight = level[0].2.min(1.0);
        for (a, b) in groups.supported(level) {
            groups.join(a, b, weight, &mut pairs);
        }
    }
    let named = |point: usize| {
        let group = groups.of[point];
        (groups.members[group].len() > 1).then_some(group)
    };
    (pairs, (0..point_count).map(named).collect())
}

struct Groups {
    of: Vec<usize>,
    members: Vec<Vec<u32>>,
}

impl Groups {
    fn new(points: usize) -> Self {
        Self { of: (0..points).collect(), members: (0..points).map(|point| vec![point as u32]).collect() }
    }

    /// The edges between groups that enough of both have.
    fn supported(&self, edges: &[Edge]) -> Vec<(u32, u32)> {
        let mut between: BTreeMap<(usize, usize), Vec<(u32, u32)>> = BTreeMap::new();
        for &(a, b, _) in edges {
            let (of_a, of_b) = (self.of[a as usize], self.of[b as usize]);
            let (groups, edge) = if of_a < of_b { ((of_a, of_b), (a, b)) } else { ((of_b, of_a), (b, a)) };
            between.entry(groups).or_default().push(edge);
        }
        let enough = |group: usize, points: BTreeSet<u32>| {
            points.len() as f64 >= SUPPORT * self.members[group].len() as f64
        };
        between.retain(|(one, other), edges| {
            enough(*one, edges.iter().map(|edge| edge.0).collect())
                && enough(*other, edges.iter().map(|edge| edge.1).collect())
        });
        between.into_values().flatten().collect()
    }

    fn join(&mut self, a: u32, b: u32, weight: f32, pairs: &mut Weights) {
        let (mut from, mut to) = (self.of[a as usize], self.of[b as usize]);
        if from == to {
            return;
        }
        if self.members[from].len() > self.members[to].len() {
            (from, to) = (to, from);
        }
        if self.members[from].len() + self.members[to].len() <= LARGEST_GROUP {
            for &x in &self.members[from] {
                pairs.extend(self.members[to].iter().map(|&y| ((x.min(y), x.max(y)), weight)));
            }
        } else {
            pairs.insert((a.min(b), a.max(b)), weight);
        }
        let moving = std::mem::take(&mut self.members[from]);
        moving.iter().for_each(|&point| self.of[point as usize] = to);
        self.members[to].extend(moving);
    }
}
