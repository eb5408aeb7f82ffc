//! How alike two points behave, for similar points whose names and descriptions leave open which part they play:
//! the valve and the damper of one box, or metrics that are only numbered.
//!
//! Every measure of behaviour is compared by its rank among all points of the site, so that no scale has to be
//! known: half the distance are levels (quantiles, in one unit per dimension), half the shape of the signal.

use crate::fingerprint::Fingerprint;
use pattern_core::domain::BehaviorClass;
use pattern_core::units;

const LEVELS: usize = 7;
const SHAPES: usize = 10;
const MEASURES: usize = LEVELS + SHAPES;

/// What a class of its own adds to the distance.
const OTHER_CLASS: f32 = 0.05;
/// How much further away a similar point may be to count e times less: in labelled plants half the points have
/// their nearest one within this.
const REACH: f32 = 0.05;

/// Behaviour as ranks among the points of a site, 0..1; NaN where a measure says nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manner {
    ranks: [f32; MEASURES],
    class: BehaviorClass,
}

/// How the points of a site behave: each measure of all of them, sorted.
#[derive(Debug, Clone, Default)]
pub(super) struct Manners {
    sorted: Vec<Vec<f64>>,
}

impl Manners {
    /// From the fingerprints of a site with the units of their points.
    pub fn new<'a>(points: impl Iterator<Item = (&'a Fingerprint, &'a str)>) -> Self {
        let mut sorted = vec![Vec::new(); MEASURES];
        for (print, unit) in points {
            for (column, value) in sorted.iter_mut().zip(measures(print, unit)) {
                column.extend(value.is_finite().then_some(value));
            }
        }
        sorted.iter_mut().for_each(|column| column.sort_by(f64::total_cmp));
        Self { sorted }
    }

    /// `None` where the site was not observed.
    pub fn of(&self, print: &Fingerprint, unit: &str) -> Option<Manner> {
        let mut ranks = [f32::NAN; MEASURES];
        if self.sorted.is_empty() {
            return None;
        }
        for ((rank, column), value) in ranks.iter_mut().zip(&self.sorted).zip(measures(print, unit)) {
            if value.is_finite() && !column.is_empty() {
                // The middle of those that are equal.
                let place = column.partition_point(|v| *v < value) + column.partition_point(|v| *v <= value);
                *rank = place as f32 / 2.0 / column.len() as f32;
            }
        }
        Some(Manner { ranks, class: print.class })
    }
}

/// What each of the others counts beside the one that behaves most like `own`, 0..1. Where nothing is known of the
/// behaviour they count alike.
pub(super) fn behave_alike(own: Option<&Manner>, others: &[Option<&Manner>]) -> Vec<f64> {
    let Some(own) = own else { return vec![1.0; others.len()] };
    let distances: Vec<Option<f32>> =
        others.iter().map(|other| other.map(|other| own.distance(other))).collect();
    let nearest = distances.iter().flatten().copied().fold(f32::INFINITY, f32::min);
    let nearest = if nearest.is_finite() { nearest } else { 0.0 };
    let further = |distance: &Option<f32>| distance.map_or(REACH, |distance| distance - nearest);
    distances.iter().map(|distance| f64::from((-further(distance) / REACH).exp())).collect()
}

impl Manner {
    /// 0: the same, 1: at opposite ends in everything.
    fn distance(&self, other: &Manner) -> f32 {
        let class = if self.class == other.class { 0.0 } else { OTHER_CLASS };
        let (levels, shapes) = self.ranks.split_at(LEVELS);
        let (other_levels, other_shapes) = other.ranks.split_at(LEVELS);
        (mean_distance(levels, other_levels) + mean_distance(shapes, other_shapes)) / 2.0 + class
    }
}

/// What only one of both has counts as half way apart.
fn mean_distance(a: &[f32], b: &[f32]) -> f32 {
    let (mut sum, mut count) = (0.0, 0);
    for (a, b) in a.iter().zip(b).filter(|(a, b)| !(a.is_nan() && b.is_nan())) {
        let distance = (a - b).abs();
        sum += if distance.is_nan() { 0.5 } else { distance };
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / count as f32 }
}

fn measures(print: &Fingerprint, unit: &str) -> [f64; MEASURES] {
    let unit = units::parse(unit);
    let level = |value: f64| unit.map_or(value, |unit| value * unit.scale + unit.offset);
    let [q01, q05, q25, q50, q75, q95, q99] = print.quantiles.map(level);
    let span = q95 - q05;
    [
        q01,
        q05,
        q25,
        q50,
        q75,
        q95,
        q99,
        span,
        print.std_dev / print.mean.abs(),
        print.skewness.unwrap_or(f64::NAN),
        print.kurtosis.unwrap_or(f64::NAN),
        print.noise / print.std_dev,
        print.autocorrelation,
        print.steps_per_day,
        print.update_interval_seconds,
        print.distinct_values as f64 / print.sample_count as f64,
        print.period_hours.unwrap_or(0.0),
    ]
}
