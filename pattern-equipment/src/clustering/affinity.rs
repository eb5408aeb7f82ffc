//! What speaks for two points belonging together: signals and names as one weight per pair.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::graph::{Associations, Edge, Weights};
use super::name_groups::name_pairs;
use super::told_apart::told_apart;

/// What a level correlation is worth beside a high-passed one: slow movement is shared by many.
const LEVEL_WORTH: f32 = 0.5;
/// What a signal edge is worth between points whose names say that they belong to different equipment:
/// names rule where they speak.
const ACROSS_NAMES: f32 = 0.15;
/// Pairs of named neighbours from which one can tell whether names and signals agree.
const ENOUGH_TO_JUDGE: usize = 100;
/// Names of real equipment agree with the signals 50 times as often as chance, shuffled ones as often as it.
const BETTER_THAN_CHANCE: f64 = 2.0;

/// What speaks against two points that a person told apart: others, of whom nothing was confirmed, must not hold them
/// together.
const TOLD_APART: f32 = -1.0;

/// How much pairs belong together, each pair once with `a < b`, weights 0..1, and negative for those told apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Affinities {
    /// The graph to cut.
    pub graph: Vec<Edge>,
    /// Of all pairs, also the signal pairs that the graph leaves out.
    pub all: Vec<Edge>,
}

/// Puts everything into one graph; of the signals only the `neighbours` strongest of each point enter it.
pub fn fuse(known: &Associations, neighbours: usize) -> Affinities {
    let (mut names, mut name_group) = name_pairs(known.points, known.names);
    let confirmed: BTreeMap<u32, u32> = known.confirmed.iter().copied().collect();
    let excluded: BTreeSet<(u32, u32)> = known.excluded.iter().copied().collect();
    let apart = told_apart(&confirmed, &excluded, known.templates, &name_group);
    let template = |point: u32| known.templates.get(point as usize).copied().unwrap_or_default();
    names.retain(|&(a, b), _| {
        let (a, b) = (template(a), template(b));
        !apart.contains(&(a.min(b), a.max(b)))
    });
    let signals = signal_pairs(&ranked(known.level, known.rank), known.high_pass);
    let rank = ranks(known.points, &signals);
    let nearest: Vec<(u32, u32)> =
        rank.iter().filter(|(_, rank)| **rank < neighbours).map(|(pair, _)| *pair).collect();
    if !plausible(&name_group, &nearest) {
        names.clear();
        name_group.fill(None);
    }
    let (mut graph, mut all) = (names.clone(), names);
    for (&pair, &weight) in &signals {
        let worth = match (name_group[pair.0 as usize], name_group[pair.1 as usize]) {
            (Some(a), Some(b)) if a != b => ACROSS_NAMES,
            _ => 1.0,
        };
        add(&mut all, pair, worth * weight);
        if rank[&pair] < neighbours {
            add(&mut graph, pair, worth * weight);
        }
    }
    believe(&confirmed, &excluded, &mut graph);
    believe(&confirmed, &excluded, &mut all);
    Affinities { graph: edges(graph), all: edges(all) }
}

/// What a person said about two points overrules everything else about them.
fn believe(confirmed: &BTreeMap<u32, u32>, excluded: &BTreeSet<(u32, u32)>, weights: &mut Weights) {
    let may_join = |point: u32, equipment: u32| match confirmed.get(&point) {
        Some(own) => *own == equipment,
        None => !excluded.contains(&(point, equipment)),
    };
    for ((a, b), weight) in weights.iter_mut() {
        let apart = confirmed.get(a).is_some_and(|of_a| !may_join(*b, *of_a))
            || confirmed.get(b).is_some_and(|of_b| !may_join(*a, *of_b));
        if apart {
            *weight = TOLD_APART;
        }
    }
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    confirmed.iter().for_each(|(point, equipment)| members.entry(*equipment).or_default().push(*point));
    for members in members.values() {
        for (i, a) in members.iter().enumerate() {
            weights.extend(members[i + 1..].iter().map(|b| ((*a, *b), 1.0)));
        }
    }
}

/// Whether the points that move together share a name more often than chance would have it. Names that are
/// mere numbers can look like equipment (M00010 … M00019), and would then rule over the signals. Where there
/// are few signals, names are believed.
fn plausible(name_group: &[Option<usize>], nearest: &[(u32, u32)]) -> bool {
    let group = |point: u32| name_group[point as usize];
    let judged: Vec<(usize, usize)> =
        nearest.iter().filter_map(|&(a, b)| Some((group(a)?, group(b)?))).collect();
    if judged.len() < ENOUGH_TO_JUDGE {
        return true;
    }
    let mut sizes: BTreeMap<usize, f64> = BTreeMap::new();
    let with_signal: BTreeSet<u32> = nearest.iter().flat_map(|&(a, b)| [a, b]).collect();
    with_signal.into_iter().filter_map(group).for_each(|g| *sizes.entry(g).or_default() += 1.0);
    let points: f64 = sizes.values().sum();
    let by_chance = sizes.values().map(|n| n * (n - 1.0)).sum::<f64>() / (points * (points - 1.0));
    let together = judged.iter().filter(|(a, b)| a == b).count() as f64 / judged.len() as f64;
    // With a few large groups chance alone comes near to one: then a tie is no contradiction.
    together >= (BETTER_THAN_CHANCE * by_chance).min(0.5)
}

fn add(weights: &mut Weights, pair: (u32, u32), weight: f32) {
    let entry = weights.entry(pair).or_default();
    *entry = (*entry + weight).min(1.0);
}

fn edges(weights: Weights) -> Vec<Edge> {
    weights.into_iter().map(|((a, b), weight)| (a, b, weight)).collect()
}

fn ranked(level: &[Edge], rank: &[Edge]) -> Vec<Edge> {
    let pair = |(a, b, _): &Edge| (*a.min(b), *a.max(b));
    let also: HashSet<(u32, u32)> = rank.iter().map(pair).collect();
    level.iter().copied().filter(|edge| also.contains(&pair(edge))).collect()
}

fn signal_pairs(level: &[Edge], high_pass: &[Edge]) -> Weights {
    let mut signals = Weights::new();
    for (edges, worth) in [(level, LEVEL_WORTH), (high_pass, 1.0)] {
        for &(a, b, r) in edges.iter().filter(|(a, b, r)| a != b && r.is_finite()) {
            let entry = signals.entry((a.min(b), a.max(b))).or_default();
            *entry = entry.max(worth * r.abs().min(1.0));
        }
    }
    signals
}

/// Place of each pair among the pairs of either of its points, whichever is better; 0 is the strongest.
fn ranks(point_count: usize, signals: &Weights) -> BTreeMap<(u32, u32), usize> {
    let mut of_point: Vec<Vec<(f32, (u32, u32))>> = vec![Vec::new(); point_count];
    for (&pair, &weight) in signals {
        of_point[pair.0 as usize].push((weight, pair));
        of_point[pair.1 as usize].push((weight, pair));
    }
    let mut best = BTreeMap::new();
    for mut pairs in of_point {
        pairs.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
        for (rank, (_, pair)) in pairs.into_iter().enumerate() {
            let entry = best.entry(pair).or_insert(rank);
            *entry = rank.min(*entry);
        }
    }
    best
}
