//! The engine's standing against the truth.

use pattern_equipment::evaluation::{CalibrationScores, Contingency, calibration};
use pattern_store::PointLabels;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    trial::{SURE, Standing, StandingCluster},
    truth::Truth,
};

/// All 0..1; `null` where there is nothing to judge by.
#[derive(Debug, Clone, Serialize)]
pub struct Measures {
    pub grouping: Grouping,
    pub typing: Typing,
    pub roles: Roles,
    pub calibration: Calibration,
    pub suggestions: Suggestions,
}

/// Clusters against labelled equipment, over all points; who belongs nowhere is a group of one.
#[derive(Debug, Clone, Serialize)]
pub struct Grouping {
    pub ari: f64,
    pub nmi: f64,
    pub pair_precision: f64,
    pub pair_recall: f64,
    /// Share of the points with equipment that are in a cluster.
    pub coverage: f64,
    pub clusters: usize,
    pub equipment: usize,
}

/// Over equipment whose type the library knows; what no cluster stands for counts as wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Typing {
    pub top1: Option<f64>,
    pub top3: Option<f64>,
    /// Share for which a cluster stands, more than half of whose points are the equipment's.
    pub coverage: Option<f64>,
    pub equipment: usize,
}

/// Over points whose role is labelled and no answer confirmed; no proposal counts as wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Roles {
    pub accuracy: Option<f64>,
    /// Share with any proposal.
    pub coverage: Option<f64>,
    pub points: usize,
}

/// Of the best proposal of each cluster: the stated confidence against whether it is that pattern.
#[derive(Debug, Clone, Serialize)]
pub struct Calibration {
    pub ece: Option<f64>,
    pub brier: Option<f64>,
    pub proposals: usize,
}

/// Proposals at or above the threshold.
#[derive(Debug, Clone, Serialize)]
pub struct Suggestions {
    pub threshold: f64,
    pub count: usize,
    pub per_cluster: f64,
    /// Share that is right.
    pub precision: Option<f64>,
}

pub fn measure(standing: &Standing, truth: &Truth) -> Measures {
    let meant: Vec<Option<&str>> = standing
        .clusters
        .iter()
        .map(|cluster| of_most(cluster, truth, |label| label.equipment.as_deref()))
        .collect();
    Measures {
        grouping: grouping(standing, truth),
        typing: typing(standing, truth, &meant),
        roles: roles(standing, truth),
        calibration: calibrated(standing, truth, &meant),
        suggestions: suggestions(standing, truth, &meant),
    }
}

/// What more than half of the cluster's points have as this part of their label.
fn of_most<'a>(
    cluster: &StandingCluster,
    truth: &'a Truth,
    part: fn(&PointLabels) -> Option<&str>,
) -> Option<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let labels: Vec<_> = cluster.points.iter().filter_map(|name| truth.label(name)).collect();
    for said in labels.iter().filter_map(|label| part(label)) {
        *counts.entry(said).or_default() += 1;
    }
    let (said, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count * 2 > labels.len()).then_some(said)
}

pub fn grouping(standing: &Standing, truth: &Truth) -> Grouping {
    let cluster_of = standing.cluster_of();
    let mut equipment: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut wanted, mut found, mut with_equipment, mut covered) = (Vec::new(), Vec::new(), 0, 0);
    let mut scored: Vec<_> = truth.scored().collect();
    scored.sort_unstable_by_key(|(name, _)| *name);
    // A group of its own, of a number that no other group has.
    let alone = |i: usize| usize::MAX - i;
    for (i, (name, label)) in scored.iter().enumerate() {
        let next = equipment.len();
        let of = label.equipment.as_deref().map(|e| *equipment.entry(e).or_insert(next));
        let cluster = cluster_of.get(name);
        if of.is_some() {
            with_equipment += 1;
            covered += usize::from(cluster.is_some());
        }
        wanted.push(of.unwrap_or(alone(i)));
        found.push(cluster.copied().unwrap_or(alone(i)));
    }
    let scores = Contingency::new(&wanted, &found).scores();
    Grouping {
        ari: scores.ari,
        nmi: scores.nmi,
        pair_precision: scores.pair_precision,
        pair_recall: scores.pair_recall,
        coverage: covered as f64 / f64::from(with_equipment.max(1)),
        clusters: standing.clusters.len(),
        equipment: equipment.len(),
    }
}

fn typing(standing: &Standing, truth: &Truth, meant: &[Option<&str>]) -> Typing {
    let mut pattern_of: BTreeMap<&str, &str> = BTreeMap::new();
    let mut points_of: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (name, label) in truth.scored() {
        let (Some(equipment), Some(of_type)) = (&label.equipment, &label.equipment_type) else { continue };
        if let Some(pattern) = truth.pattern(of_type) {
            pattern_of.insert(equipment, pattern);
            points_of.entry(equipment).or_default().insert(name);
        }
    }
    let (mut first, mut among_three, mut covered) = (0, 0, 0);
    for (equipment, pattern) in &pattern_of {
        // Of several clusters that stand for it, the one with most of its points.
        let common = |cluster: &&StandingCluster| {
            cluster.points.iter().filter(|name| points_of[equipment].contains(name.as_str())).count()
        };
        let standing_for = standing.clusters.iter().zip(meant).filter(|(_, m)| **m == Some(equipment));
        let Some(cluster) = standing_for.map(|(cluster, _)| cluster).max_by_key(common) else { continue };
        covered += 1;
        let place = cluster.proposals.iter().position(|(proposed, _)| proposed == pattern);
        first += usize::from(place == Some(0));
        among_three += usize::from(place.is_some_and(|place| place < 3));
    }
    let share = |count: usize| (!pattern_of.is_empty()).then(|| count as f64 / pattern_of.len() as f64);
    Typing {
        top1: share(first),
        top3: share(among_three),
        coverage: share(covered),
        equipment: pattern_of.len(),
    }
}

pub fn roles(standing: &Standing, truth: &Truth) -> Roles {
    let (mut right, mut proposed, mut points) = (0, 0, 0);
    for (name, label) in truth.scored().filter(|(name, _)| !standing.confirmed.contains(*name)) {
        let Some(role) = &label.role else { continue };
        points += 1;
        if let Some(proposal) = standing.roles.get(name) {
            proposed += 1;
            right += usize::from(proposal == role);
        }
    }
    let share = |count: usize| (points > 0).then(|| count as f64 / points as f64);
    Roles { accuracy: share(right), coverage: share(proposed), points }
}

/// Confidence of the best proposal of each cluster and of each group of look-alikes, and whether it is right. Clusters of points without labels
/// are no equipment, so that whatever is proposed for them is wrong.
fn judged<'a>(
    standing: &'a Standing,
    truth: &'a Truth,
    meant: &'a [Option<&str>],
) -> impl Iterator<Item = (f64, bool)> + 'a {
    let type_of: HashMap<&str, &str> = truth
        .scored()
        .filter_map(|(_, label)| Some((label.equipment.as_deref()?, label.equipment_type.as_deref()?)))
        .collect();
    let of_cluster = move |(cluster, meant): (&'a StandingCluster, &'a Option<&'a str>)| {
        (cluster, meant.and_then(|equipment| type_of.get(equipment).copied()))
    };
    let clusters = standing.clusters.iter().zip(meant).map(of_cluster);
    let look_alikes = standing
        .look_alikes
        .iter()
        .map(|cluster| (cluster, of_most(cluster, truth, |label| label.equipment_type.as_deref())));
    clusters.chain(look_alikes).filter_map(|(cluster, of_type)| {
        let (pattern, confidence) = cluster.proposals.first()?;
        // A pattern that an answer made is called as the label is.
        let right = of_type.is_some_and(|t| truth.pattern(t).unwrap_or(t) == pattern);
        Some((*confidence, right))
    })
}

fn calibrated(standing: &Standing, truth: &Truth, meant: &[Option<&str>]) -> Calibration {
    let said: Vec<(f64, bool)> = judged(standing, truth, meant).collect();
    let scores = calibration(&said);
    Calibration {
        ece: scores.map(|CalibrationScores { ece, .. }| ece),
        brier: scores.map(|CalibrationScores { brier, .. }| brier),
        proposals: said.len(),
    }
}

fn suggestions(standing: &Standing, truth: &Truth, meant: &[Option<&str>]) -> Suggestions {
    let sure: Vec<bool> = judged(standing, truth, meant)
        .filter(|(confidence, _)| *confidence >= SURE)
        .map(|(_, right)| right)
        .collect();
    let right = sure.iter().filter(|right| **right).count();
    Suggestions {
        threshold: SURE,
        count: sure.len(),
        per_cluster: sure.len() as f64 / (standing.clusters.len() + standing.look_alikes.len()).max(1) as f64,
        precision: (!sure.is_empty()).then(|| right as f64 / sure.len() as f64),
    }
}
