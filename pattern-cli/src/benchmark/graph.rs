//! A graph of correlations with planted groups.

use crate::sample_plant::Dice;

pub struct PlantedGraph {
    pub edges: Vec<(u32, u32, f32)>,
    /// The group of each node.
    pub groups: Vec<usize>,
}

/// Groups of 15 to 35 nodes, in no order. 30 % of the pairs within a group are edges, and twice as many
/// as there are nodes lie anywhere. Weights are correlations from `lowest` to 1, as they are found from so
/// many samples: with a standard error of (1 − r²) / √samples.
pub fn planted_graph(nodes: usize, samples: u32, lowest: f64, seed: u64) -> PlantedGraph {
    let mut dice = Dice::new(seed, "benchmark graph");
    let weight = |dice: &mut Dice| {
        let r = dice.between(lowest, 1.0);
        let error = (1.0 - r * r) / f64::from(samples).sqrt();
        (r + error * dice.normal()).clamp(lowest, 1.0) as f32
    };
    let mut order: Vec<u32> = (0..nodes as u32).collect();
    for last in (1..nodes).rev() {
        order.swap(last, dice.below(last + 1));
    }
    let mut groups = vec![0; nodes];
    let mut edges = Vec::new();
    let (mut first, mut group) = (0, 0);
    while first < nodes {
        let end = (first + 15 + dice.below(21)).min(nodes);
        for (place, &a) in order[..end].iter().enumerate().skip(first) {
            groups[a as usize] = group;
            for &b in &order[place + 1..end] {
                if dice.chance(0.3) {
                    edges.push((a, b, weight(&mut dice)));
                }
            }
        }
        (first, group) = (end, group + 1);
    }
    for _ in 0..2 * nodes {
        let (a, b) = (dice.below(nodes) as u32, dice.below(nodes) as u32);
        if a != b {
            edges.push((a, b, weight(&mut dice)));
        }
    }
    PlantedGraph { edges, groups }
}
