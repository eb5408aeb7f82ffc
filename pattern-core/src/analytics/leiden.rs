//! Leiden with the constant Potts model (Traag, Waltman, van Eck 2019).
//!
//! Maximises Σ_c (w_c − γ · n_c (n_c − 1) / 2): a community is worth it where its mean edge weight per
//! pair exceeds the resolution γ. Unlike modularity it has no resolution limit: small groups survive in
//! large graphs. Each round moves nodes, refines every community into well-connected parts, and merges
//! the parts into the nodes of the next round, so no community is ever disconnected.

use rand::{SeedableRng, rngs::SmallRng, seq::SliceRandom};
use std::collections::VecDeque;

/// Passes and rounds stop by themselves when nothing moves; these only bound a pathological case.
const MAX_PASSES: usize = 20;
const MAX_ROUNDS: usize = 50;
/// Smaller gains are rounding.
const MIN_GAIN: f64 = 1e-12;

/// Communities 0.. of `node_count` nodes, numbered by first occurrence. Edges are undirected; weights of
/// doubled edges add up; self-loops and edges of no positive weight are ignored. The same seed gives the
/// same answer. No node gains by moving alone: passes start from the last result until it stays.
pub fn leiden_cpm(node_count: usize, edges: &[(u32, u32, f32)], resolution: f64, seed: u64) -> Vec<u32> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let graph = Graph::new(node_count, edges);
    let mut found: Vec<usize> = (0..node_count).collect();
    for _ in 0..MAX_PASSES {
        let better = pass(&graph, &found, resolution, &mut rng);
        if better == found {
            break;
        }
        found = better;
    }
    found.into_iter().map(|community| community as u32).collect()
}

/// Moves, refines and merges until a round changes nothing.
fn pass(whole: &Graph, start: &[usize], resolution: f64, rng: &mut SmallRng) -> Vec<usize> {
    let mut merged_graph: Option<Graph> = None;
    // Where each original node is in the current graph, and the community of each current node.
    let mut place: Vec<usize> = (0..start.len()).collect();
    let mut community = start.to_vec();
    for _ in 0..MAX_ROUNDS {
        let graph = merged_graph.as_ref().unwrap_or(whole);
        let moved = move_nodes(graph, &mut community, resolution, rng);
        let refined = refine(graph, &community, resolution, rng);
        let (merged, part_of) = graph.merge(&refined);
        if !moved && merged.sizes.len() == graph.sizes.len() {
            break;
        }
        let mut next = vec![0; merged.sizes.len()];
        for (node, &part) in part_of.iter().enumerate() {
            next[part] = community[node];
        }
        place.iter_mut().for_each(|p| *p = part_of[*p]);
        merged_graph = Some(merged);
        community = number(&next);
    }
    let found: Vec<usize> = place.iter().map(|&p| community[p]).collect();
    number(&found)
}

/// Quality of a partition under the constant Potts model.
pub fn cpm_quality(edges: &[(u32, u32, f32)], community: &[u32], resolution: f64) -> f64 {
    let inside: f64 = edges
        .iter()
        .filter(|(a, b, w)| a != b && *w > 0.0 && community[*a as usize] == community[*b as usize])
        .map(|(.., w)| f64::from(*w))
        .sum();
    let mut sizes = vec![0_u64; community.iter().map(|c| *c as usize + 1).max().unwrap_or(0)];
    community.iter().for_each(|c| sizes[*c as usize] += 1);
    let pairs: u64 = sizes.iter().map(|n| n * n.saturating_sub(1) / 2).sum();
    inside - resolution * pairs as f64
}

struct Graph {
    /// Original nodes in each node.
    sizes: Vec<f64>,
    starts: Vec<usize>,
    neighbours: Vec<(usize, f64)>,
}

impl Graph {
    fn new(node_count: usize, edges: &[(u32, u32, f32)]) -> Self {
        let usable = edges
            .iter()
            .filter(|(a, b, w)| a != b && *w > 0.0)
            .map(|&(a, b, w)| (a as usize, b as usize, f64::from(w)));
        Self::from_edges(vec![1.0; node_count], usable.collect())
    }

    fn from_edges(sizes: Vec<f64>, edges: Vec<(usize, usize, f64)>) -> Self {
        let mut directed: Vec<(usize, usize, f64)> =
            edges.iter().flat_map(|&(a, b, w)| [(a, b, w), (b, a, w)]).collect();
        directed.sort_by_key(|&(a, b, _)| (a, b));
        let mut starts = vec![0; sizes.len() + 1];
        let mut neighbours: Vec<(usize, f64)> = Vec::with_capacity(directed.len());
        for same in directed.chunk_by(|x, y| (x.0, x.1) == (y.0, y.1)) {
            neighbours.push((same[0].1, same.iter().map(|e| e.2).sum()));
            starts[same[0].0 + 1] += 1;
        }
        for node in 0..sizes.len() {
            starts[node + 1] += starts[node];
        }
        Self { sizes, starts, neighbours }
    }

    fn neighbours(&self, node: usize) -> &[(usize, f64)] {
        &self.neighbours[self.starts[node]..self.starts[node + 1]]
    }

    /// One node per part. Also answers which part each node went to.
    fn merge(&self, parts: &[usize]) -> (Self, Vec<usize>) {
        let part_of = number(parts);
        let count = part_of.iter().map(|p| p + 1).max().unwrap_or(0);
        let mut sizes = vec![0.0; count];
        let mut edges = Vec::new();
        for node in 0..self.sizes.len() {
            sizes[part_of[node]] += self.sizes[node];
            for &(other, weight) in self.neighbours(node) {
                if node < other && part_of[node] != part_of[other] {
                    edges.push((part_of[node], part_of[other], weight));
                }
            }
        }
        (Self::from_edges(sizes, edges), part_of)
    }
}

/// Weights from one node to the communities around it; cleared without touching the rest.
struct Around {
    weight: Vec<f64>,
    touched: Vec<usize>,
}

impl Around {
    fn new(communities: usize) -> Self {
        Self { weight: vec![0.0; communities], touched: Vec::new() }
    }

    fn look(&mut self, graph: &Graph, node: usize, community: &[usize], keep: impl Fn(usize) -> bool) {
        for &c in &self.touched {
            self.weight[c] = 0.0;
        }
        self.touched.clear();
        for &(other, weight) in graph.neighbours(node) {
            if !keep(other) {
                continue;
            }
            let c = community[other];
            if self.weight[c] == 0.0 {
                self.touched.push(c);
            }
            self.weight[c] += weight;
        }
    }
}

/// Moves nodes to the best community around them until none gains. Answers whether any moved.
fn move_nodes(graph: &Graph, community: &mut [usize], resolution: f64, rng: &mut SmallRng) -> bool {
    let count = graph.sizes.len();
    let mut total = vec![0.0; count];
    (0..count).for_each(|node| total[community[node]] += graph.sizes[node]);
    let mut empty: Vec<usize> = (0..count).filter(|&c| total[c] == 0.0).collect();
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(rng);
    let mut queue: VecDeque<usize> = order.into();
    let mut queued = vec![true; count];
    let mut around = Around::new(count);
    let mut moved = false;
    while let Some(node) = queue.pop_front() {
        queued[node] = false;
        let (old, size) = (community[node], graph.sizes[node]);
        around.look(graph, node, community, |_| true);
        total[old] -= size;
        let gain = |c: usize, weight: f64| weight - resolution * size * total[c];
        let (mut best, mut best_gain) = (old, gain(old, around.weight[old]));
        // Being alone is worth 0.
        if best_gain < -MIN_GAIN
            && let Some(&alone) = empty.last()
        {
            (best, best_gain) = (alone, 0.0);
        }
        for &c in &around.touched {
            let here = gain(c, around.weight[c]);
            if here > best_gain + MIN_GAIN {
                (best, best_gain) = (c, here);
            }
        }
        if best != old {
            moved = true;
            if empty.last() == Some(&best) {
                empty.pop();
            }
            if total[old] == 0.0 {
                empty.push(old);
            }
            community[node] = best;
            for &(other, _) in graph.neighbours(node) {
                if community[other] != best && !queued[other] {
                    queued[other] = true;
                    queue.push_back(other);
                }
            }
        }
        total[best] += size;
    }
    moved
}

/// Splits every community into well-connected parts: nodes that are still alone join the part, within
/// their community, where they gain most.
fn refine(graph: &Graph, community: &[usize], resolution: f64, rng: &mut SmallRng) -> Vec<usize> {
    let count = graph.sizes.len();
    let mut part: Vec<usize> = (0..count).collect();
    let mut total = graph.sizes.clone();
    let mut members = vec![1_usize; count];
    let mut community_total = vec![0.0; count];
    (0..count).for_each(|node| community_total[community[node]] += graph.sizes[node]);
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(rng);
    let mut around = Around::new(count);
    // Weight from each part to the rest of its community.
    let mut outward = vec![0.0; count];
    for node in 0..count {
        let same = graph.neighbours(node).iter().filter(|(other, _)| community[*other] == community[node]);
        outward[node] = same.map(|(_, weight)| weight).sum();
    }
    let whole = community_total;
    let loose = |outward: f64, size: f64, community: usize| {
        outward < resolution * size * (whole[community] - size) - MIN_GAIN
    };
    for node in order {
        if members[part[node]] != 1 {
            continue;
        }
        let size = graph.sizes[node];
        around.look(graph, node, &part, |other| community[other] == community[node]);
        // A node that hangs loosely in its community stays alone, and so does one that finds only such parts.
        if loose(outward[node], size, community[node]) {
            continue;
        }
        let old = part[node];
        let (mut best, mut best_gain) = (old, 0.0);
        for &p in &around.touched {
            let gain = around.weight[p] - resolution * size * total[p];
            let fits = p != old && !loose(outward[p], total[p], community[node]);
            if fits && gain > best_gain + MIN_GAIN {
                (best, best_gain) = (p, gain);
            }
        }
        if best != old {
            // What lies between the two is no longer outward, for neither of them.
            outward[best] += outward[old] - 2.0 * around.weight[best];
            total[old] -= size;
            members[old] -= 1;
            total[best] += size;
            members[best] += 1;
            part[node] = best;
        }
    }
    part
}

/// The same grouping, numbered 0.. by first occurrence.
fn number(groups: &[usize]) -> Vec<usize> {
    let mut names = vec![usize::MAX; groups.iter().map(|g| g + 1).max().unwrap_or(0)];
    let mut next = 0;
    groups
        .iter()
        .map(|&group| {
            if names[group] == usize::MAX {
                names[group] = next;
                next += 1;
            }
            names[group]
        })
        .collect()
}
