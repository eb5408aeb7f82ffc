//! Of each point the strongest pairs, and how many there were.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};
use uuid::Uuid;

use super::{Correlations, Pair};

/// Takes pairs from all threads, in any order, and holds `limit` per point at most: a trip of the whole plant
/// makes billions of pairs. What is kept does not depend on the order, because equally strong pairs of a point
/// are told apart by the other point's id.
pub(super) struct Strongest {
    /// Points of the grid, in the order of their ids.
    by_id: Vec<usize>,
    /// Place of each point of the grid in that order.
    place: Vec<u32>,
    points: Vec<Point>,
    limit: usize,
}

#[derive(Default)]
struct Point {
    kept: Mutex<BinaryHeap<Kept>>,
    /// |r| below which nothing is kept any more, as bits: 0 until `limit` pairs are kept. It only rises.
    weakest: AtomicU32,
    offered: AtomicU32,
}

/// One side of a pair. The greatest of a heap is the weakest.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Kept {
    r: f32,
    /// Place of the other point.
    other: u32,
    samples: u32,
}

impl Eq for Kept {}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        other.r.abs().total_cmp(&self.r.abs()).then(self.other.cmp(&other.other))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Strongest {
    pub fn new(ids: &[Uuid], limit: usize) -> Self {
        let mut by_id: Vec<usize> = (0..ids.len()).collect();
        by_id.sort_by_key(|&point| ids[point]);
        let mut place = vec![0; ids.len()];
        by_id.iter().enumerate().for_each(|(at, &point)| place[point] = at as u32);
        Self { by_id, place, points: ids.iter().map(|_| Point::default()).collect(), limit }
    }

    /// Whether neither point would keep a pair of this strength.
    pub fn is_too_weak(&self, p: usize, q: usize, strength: f32) -> bool {
        let weak = |point: usize| strength < f32::from_bits(self.points[point].weakest.load(Relaxed));
        weak(p) && weak(q)
    }

    /// Counts a pair that neither point keeps.
    pub fn count(&self, p: usize, q: usize) {
        for point in [p, q] {
            self.points[point].offered.fetch_add(1, Relaxed);
        }
    }

    pub fn offer(&self, p: usize, q: usize, r: f32, samples: u32) {
        self.count(p, q);
        self.keep(p, q, r, samples);
    }

    fn keep(&self, p: usize, q: usize, r: f32, samples: u32) {
        for (point, other) in [(p, q), (q, p)] {
            self.points[point].keep(Kept { r, other: self.place[other], samples }, self.limit);
        }
    }

    /// Takes what was found of other pairs.
    pub fn add(&self, others: &Correlations) {
        for (point, count) in self.points.iter().zip(&others.per_point) {
            point.offered.fetch_add(*count, Relaxed);
        }
        for pair in &others.pairs {
            self.keep(pair.a, pair.b, pair.r, pair.samples);
        }
    }

    pub fn finish(self) -> Correlations {
        let mut pairs = Vec::new();
        let mut per_point = Vec::with_capacity(self.points.len());
        for (point, found) in self.points.into_iter().enumerate() {
            per_point.push(found.offered.into_inner());
            let kept = found.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
            pairs.extend(kept.into_iter().map(|kept| {
                let other = self.by_id[kept.other as usize];
                Pair { a: point.min(other), b: point.max(other), r: kept.r, samples: kept.samples }
            }));
        }
        pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
        pairs.dedup_by_key(|pair| (pair.a, pair.b));
        let offered = per_point.iter().map(|&count| u64::from(count)).sum::<u64>() / 2;
        Correlations { dropped: offered - pairs.len() as u64, pairs, per_point }
    }
}

impl Point {
    fn keep(&self, pair: Kept, limit: usize) {
        if pair.r.abs() < f32::from_bits(self.weakest.load(Relaxed)) {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < limit {
            kept.push(pair);
        } else if let Some(mut weakest) = kept.peek_mut()
            && pair < *weakest
        {
            *weakest = pair;
        }
        if kept.len() == limit {
            let strength = kept.peek().map_or(f32::INFINITY, |weakest| weakest.r.abs());
            self.weakest.store(strength.to_bits(), Relaxed);
        }
    }
}
