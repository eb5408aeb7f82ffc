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
/// doubled edges add up, negative ones push apart; self-loops and edges without weight are ignored. The same seed
/// gives the same answer. No node gains by moving alone: passes start from the last result until it stays.
pub fn leiden_cpm(node_count: usize, edges: &[(u32, u32, f32)], resolution: f64, seed: u64) -> Vec<u32> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let graph = Graph::new(node_count, edges);
    let mut found: Vec<u32> = (0..node_count as u32).collect();
    for _ in 0..MAX_PASSES {
        let better = pass(&graph, &found, resolution, &mut rng);
        if better == found {
            break;
        }
        found = better;
    }
    found
}

/// Moves, refines and merges until a round changes nothing.
fn pass(whole: &Graph, start: &[u32], resolution: f64, rng: &mut SmallRng) -> Vec<u32> {
    let mut merged_graph: Option<Graph> = None;
    // Where each original node is in the current graph, and the community of each current node.
    let mut place: Vec<u32> = (0..start.len() as u32).collect();
    let mut community = start.to_vec();
    for _ in 0..MAX_ROUNDS {
        let graph = merged_graph.as_ref().unwrap_or(whole);
        let moved = move_nodes(graph, &mut community, resolution, rng);
        let part_of = number(&refine(graph, &community, resolution, rng));
        let merged = graph.merge(&part_of);
        if !moved && merged.sizes.len() == graph.sizes.len() {
            break;
        }
        let mut next = vec![0; merged.sizes.len()];
        for (node, &part) in part_of.iter().enumerate() {
            next[part as usize] = community[node];
        }
        place.iter_mut().for_each(|p| *p = part_of[*p as usize]);
        merged_graph = Some(merged);
        community = number(&next);
    }
    let found: Vec<u32> = place.iter().map(|&p| community[p as usize]).collect();
    number(&found)
}

/// Quality of a partition under the constant Potts model.
pub fn cpm_quality(edges: &[(u32, u32, f32)], community: &[u32], resolution: f64) -> f64 {
    let inside: f64 = edges
        .iter()
        .filter(|(a, b, w)| a != b && w.is_finite() && community[*a as usize] == community[*b as usize])
        .map(|(.., w)| f64::from(*w))
        .sum();
    let mut sizes = vec![0_u64; community.iter().map(|c| *c as usize + 1).max().unwrap_or(0)];
    community.iter().for_each(|c| sizes[*c as usize] += 1);
    let pairs: u64 = sizes.iter().map(|n| n * n.saturating_sub(1) / 2).sum();
    inside - resolution * pairs as f64
}

/// Undirected edges, listed from both ends. What is read at random is kept small: that is where the time goes.
struct Graph {
    /// Original nodes in each node.
    sizes: Vec<f64>,
    /// Where each node's edges begin, and where the last one's end.
    starts: Vec<u32>,
    ends: Vec<u32>,
    weights: Vec<f64>,
}

impl Graph {
    fn new(node_count: usize, edges: &[(u32, u32, f32)]) -> Self {
        let usable = edges.iter().filter(|(a, b, w)| a != b && w.is_finite() && *w != 0.0);
        Self::from_edges(vec![1.0; node_count], usable.map(|&(a, b, w)| (a, b, f64::from(w))))
    }

    /// Sorted into place by counting.
    fn from_edges(sizes: Vec<f64>, edges: impl Iterator<Item = (u32, u32, f64)> + Clone) -> Self {
        let mut starts = vec![0_u32; sizes.len() + 1];
        for (a, b, _) in edges.clone() {
            starts[a as usize + 1] += 1;
            starts[b as usize + 1] += 1;
        }
        for node in 0..sizes.len() {
            starts[node + 1] += starts[node];
        }
        let count = starts[sizes.len()] as usize;
        let (mut ends, mut weights) = (vec![0; count], vec![0.0; count]);
        let mut free = starts.clone();
        for (a, b, weight) in edges {
            for (from, to) in [(a, b), (b, a)] {
                let slot = free[from as usize] as usize;
                (ends[slot], weights[slot]) = (to, weight);
                free[from as usize] += 1;
            }
        }
        Self { sizes, starts, ends, weights }
    }

    fn neighbours(&self, node: u32) -> impl Iterator<Item = (u32, f64)> {
        let edges = self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize;
        self.ends[edges.clone()].iter().copied().zip(self.weights[edges].iter().copied())
    }

    /// One node per part; parts are numbered 0.. without holes.
    fn merge(&self, part_of: &[u32]) -> Self {
        let count = part_of.iter().map(|p| *p as usize + 1).max().unwrap_or(0);
        let mut sizes = vec![0.0; count];
        for (node, &part) in part_of.iter().enumerate() {
            sizes[part as usize] += self.sizes[node];
        }
        let (order, starts) = by_part(part_of, count);
        let mut around = Around::new(count);
        let mut edges = Vec::new();
        for part in 0..count as u32 {
            for &node in &order[starts[part as usize]..starts[part as usize + 1]] {
                let outward = self.neighbours(node).map(|(other, weight)| (part_of[other as usize], weight));
                // Each edge from one end, so that both ends get the very same sum.
                around.add(outward.filter(|(other, _)| *other > part));
            }
            edges.extend(around.take().map(|(other, weight)| (part, other, weight)));
        }
        Self::from_edges(sizes, edges.iter().copied())
    }
}

/// Nodes sorted by their part, and where each part's nodes begin.
fn by_part(part_of: &[u32], parts: usize) -> (Vec<u32>, Vec<usize>) {
    let mut starts = vec![0; parts + 1];
    part_of.iter().for_each(|part| starts[*part as usize + 1] += 1);
    for part in 0..parts {
        starts[part + 1] += starts[part];
    }
    let mut free = starts.clone();
    let mut order = vec![0; part_of.len()];
    for (node, &part) in part_of.iter().enumerate() {
        order[free[part as usize]] = node as u32;
        free[part as usize] += 1;
    }
    (order, starts)
}

/// Weights from one node to the groups around it; cleared without touching the rest.
struct Around {
    weight: Vec<f64>,
    touched: Vec<u32>,
}

impl Around {
    fn new(groups: usize) -> Self {
        Self { weight: vec![0.0; groups], touched: Vec::new() }
    }

    fn clear(&mut self) {
        self.take().for_each(drop);
    }

    /// Each group once, also where weights cancelled out on the way and it was touched again.
    fn take(&mut self) -> impl Iterator<Item = (u32, f64)> {
        let weight = &mut self.weight;
        let sums = self.touched.drain(..).map(|group| (group, std::mem::take(&mut weight[group as usize])));
        sums.filter(|(_, weight)| *weight != 0.0)
    }

    /// Group and weight of each edge.
    fn add(&mut self, edges: impl Iterator<Item = (u32, f64)>) {
        for (group, weight) in edges {
            let sum = &mut self.weight[group as usize];
            if *sum == 0.0 {
                self.touched.push(group);
            }
            *sum += weight;
        }
    }
}

/// Moves nodes to the best community around them until none gains. Answers whether any moved.
fn move_nodes(graph: &Graph, community: &mut [u32], resolution: f64, rng: &mut SmallRng) -> bool {
    let count = graph.sizes.len();
    let mut total = vec![0.0; count];
    (0..count).for_each(|node| total[community[node] as usize] += graph.sizes[node]);
    let mut empty: Vec<u32> = (0..count as u32).filter(|&c| total[c as usize] == 0.0).collect();
    let mut queue: VecDeque<u32> = shuffled(count, rng).into();
    let mut queued = vec![true; count];
    let mut around = Around::new(count);
    let mut moved = false;
    while let Some(node) = queue.pop_front() {
        queued[node as usize] = false;
        let (old, size) = (community[node as usize], graph.sizes[node as usize]);
        around.clear();
        around.add(graph.neighbours(node).map(|(other, weight)| (community[other as usize], weight)));
        total[old as usize] -= size;
        let gain = |c: u32| around.weight[c as usize] - resolution * size * total[c as usize];
        let (mut best, mut best_gain) = (old, gain(old));
        // Being alone is worth 0.
        if best_gain < -MIN_GAIN
            && let Some(&alone) = empty.last()
        {
            (best, best_gain) = (alone, 0.0);
        }
        for &c in &around.touched {
            let here = gain(c);
            if here > best_gain + MIN_GAIN {
                (best, best_gain) = (c, here);
            }
        }
        if best != old {
            moved = true;
            if empty.last() == Some(&best) {
                empty.pop();
            }
            if total[old as usize] == 0.0 {
                empty.push(old);
            }
            community[node as usize] = best;
            for (other, _) in graph.neighbours(node) {
                if community[other as usize] != best && !queued[other as usize] {
                    queued[other as usize] = true;
                    queue.push_back(other);
                }
            }
        }
        total[best as usize] += size;
    }
    moved
}

/// Splits every community into well-connected parts: nodes that are still alone join the part, within
/// their community, where they gain most. Answers the part of each node.
fn refine(graph: &Graph, community: &[u32], resolution: f64, rng: &mut SmallRng) -> Vec<u32> {
    let count = graph.sizes.len();
    let mut part: Vec<u32> = (0..count as u32).collect();
    let mut total = graph.sizes.clone();
    let mut members = vec![1_u32; count];
    let mut whole = vec![0.0; count];
    (0..count).for_each(|node| whole[community[node] as usize] += graph.sizes[node]);
    let same = |node: u32| {
        let own = community[node as usize];
        graph.neighbours(node).filter(move |(other, _)| community[*other as usize] == own)
    };
    // Weight from each part to the rest of its community.
    let mut outward: Vec<f64> =
        (0..count as u32).map(|node| same(node).map(|(_, weight)| weight).sum()).collect();
    let loose = |outward: f64, size: f64, community: u32| {
        outward < resolution * size * (whole[community as usize] - size) - MIN_GAIN
    };
    let mut around = Around::new(count);
    for node in shuffled(count, rng) {
        let (old, own) = (part[node as usize], community[node as usize]);
        let size = graph.sizes[node as usize];
        // A node that hangs loosely in its community stays alone, and so does one that finds only such parts.
        if members[old as usize] != 1 || loose(outward[node as usize], size, own) {
            continue;
        }
        around.clear();
        around.add(same(node).map(|(other, weight)| (part[other as usize], weight)));
        let (mut best, mut best_gain) = (old, 0.0);
        for &p in &around.touched {
            let gain = around.weight[p as usize] - resolution * size * total[p as usize];
            let fits = p != old && !loose(outward[p as usize], total[p as usize], own);
            if fits && gain > best_gain + MIN_GAIN {
                (best, best_gain) = (p, gain);
            }
        }
        if best != old {
            // What lies between the two is no longer outward, for neither of them.
            outward[best as usize] += outward[old as usize] - 2.0 * around.weight[best as usize];
            total[old as usize] -= size;
            members[old as usize] -= 1;
            total[best as usize] += size;
            members[best as usize] += 1;
            part[node as usize] = best;
        }
    }
    part
}

fn shuffled(count: usize, rng: &mut SmallRng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.shuffle(rng);
    order
}

/// The same grouping, numbered 0.. by first occurrence.
fn number(groups: &[u32]) -> Vec<u32> {
    let mut names = vec![u32::MAX; groups.iter().map(|g| *g as usize + 1).max().unwrap_or(0)];
    let mut next = 0;
    groups
        .iter()
        .map(|&group| {
            let name = &mut names[group as usize];
            if *name == u32::MAX {
                *name = next;
                next += 1;
            }
            *name
        })
        .collect()
}
