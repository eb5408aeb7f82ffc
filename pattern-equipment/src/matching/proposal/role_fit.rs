//! What speaks for and against a point in a role.

use std::collections::BTreeMap;

use super::cluster::ClusterView;
use super::pattern::CompiledRole;
use crate::fingerprint::Fingerprint;
use crate::matching::memory::RoleOf;
use crate::matching::reading::PointReading;
use pattern_core::domain::BehaviorClass;

/// Scores are 0..1, `None` where there is nothing to judge by.
#[derive(Debug, Clone, Default)]
pub(in crate::matching) struct RoleFit {
    pub name: Option<f64>,
    pub unit: Option<f64>,
    pub range: Option<f64>,
    pub behavior: Option<f64>,
    pub rate: Option<f64>,
    /// How far the site's bindings say that similar points play this role, 0..1; part of the name score.
    pub confirmed: f64,
    /// Sum of the logarithmic odds of all of them, for a piece of equipment that is of this pattern.
    pub strength: f64,
    /// What it says for the pattern itself: the name score, and the sum with it.
    pub name_for_pattern: Option<f64>,
    pub strength_for_pattern: f64,
}

impl RoleFit {
    /// Whether words or the unit say something for it.
    pub fn is_spoken(&self) -> bool {
        self.unit == Some(1.0) || self.name_for_pattern.is_some_and(|name| name > SPOKEN)
    }

    pub fn score(&self) -> f64 {
        probability(self.strength)
    }

    pub fn score_for_pattern(&self) -> f64 {
        probability(self.strength_for_pattern)
    }
}

/// A name score below this is chance.
const SPOKEN: f64 = 0.1;

fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The most that words alone are worth; the rest is for what the site has confirmed.
const WORDS_ALONE: f64 = 0.85;
const PRESUMED: f64 = 2.5;
/// Similar points of which fewer are of a pattern say nothing about its roles.
const HARDLY: f64 = 0.02;

pub(in crate::matching) fn role_fit(
    role: &CompiledRole,
    pattern: &str,
    cluster: &ClusterView,
    point: usize,
    best_described: f64,
) -> RoleFit {
    let Some(wording) = role.wording else { return site_role_fit(role, pattern, cluster, point) };
    let view = cluster.point(point);
    let words = view.reading.said.role(wording, best_described);
    let same = role.unit.zip(view.reading.unit).map(|(wanted, unit)| unit.measures_as(wanted));
    let unit = same.map(|same| if same { 1.0 } else { 0.0 });
    let print = view.features.fingerprint.as_ref();
    let range = print.and_then(|print| range_score(role, view.reading, print));
    let behavior = print.and_then(|print| behavior_score(role, print));
    let rate = print.and_then(|print| rate_score(role, print));
    let rest =
        odds(unit, 0.9, -2.2) + odds(range, 0.5, -1.6) + odds(behavior, 0.6, -1.2) + odds(rate, 0.3, -0.3);
    let (presumed_at_all, presumed_here) = presumed(view.presumed, pattern, &role.spec.name);
    let of_name = |(any_role, confirmed): (f64, f64), presumed: f64| {
        // Where it is confirmed that similar points are something else does not go by words any more.
        let otherwise = any_role - confirmed;
        let name = name_score(words.map(|words| words * (1.0 - otherwise)), confirmed);
        (name, name.map_or(-0.4, |name| name_strength(name, words.is_some())) + rest + presumed)
    };
    let confirmed = view.votes.confirmed_as(pattern, &role.spec.name);
    let (name, strength) = of_name(confirmed, presumed_here);
    let (name_for_pattern, strength_for_pattern) =
        of_name(view.votes.confirmed_at_all(pattern, &role.spec.name), presumed_at_all);
    let confirmed = confirmed.1;
    RoleFit { name, unit, range, behavior, rate, confirmed, strength, name_for_pattern, strength_for_pattern }
}

/// A role that only the site knows: there is nothing but its decisions to go by.
fn site_role_fit(role: &CompiledRole, pattern: &str, cluster: &ClusterView, point: usize) -> RoleFit {
    let votes = cluster.point(point).votes;
    let of_name = |confirmed: f64| {
        let name = (confirmed > 0.0).then(|| name_score(None, confirmed)).flatten();
        (name, name.map_or(-5.0, |name| name_strength(name, true)))
    };
    let (_, confirmed) = votes.confirmed_as(pattern, &role.spec.name);
    let (name, strength) = of_name(confirmed);
    let (name_for_pattern, strength_for_pattern) =
        of_name(votes.confirmed_at_all(pattern, &role.spec.name).1);
    RoleFit { name, confirmed, strength, name_for_pattern, strength_for_pattern, ..RoleFit::default() }
}

/// Logarithmic odds by what similar points seem to be, where there are several: at all, and once it is known that the
/// equipment is of this pattern.
fn presumed(shares: &BTreeMap<RoleOf, f64>, pattern: &str, role: &str) -> (f64, f64) {
    if shares.is_empty() {
        return (0.0, 0.0);
    }
    let odds = |share: f64| PRESUMED * (share - 0.25);
    let (mut here, mut of_pattern) = (0.0, 0.0);
    for ((_, played), share) in shares.iter().filter(|((of, _), _)| of == pattern) {
        of_pattern += share;
        if played == role {
            here = *share;
        }
    }
    let once_known = if of_pattern < HARDLY { here } else { here / of_pattern };
    (odds(here), odds(once_known))
}

fn name_score(words: Option<f64>, confirmed: f64) -> Option<f64> {
    if words.is_none() && confirmed == 0.0 {
        return None;
    }
    let base = WORDS_ALONE * words.unwrap_or(0.0);
    Some(base + (1.0 - base) * confirmed)
}

fn name_strength(name: f64, tells: bool) -> f64 {
    if tells { 7.0 * (name - 0.42) } else { (7.0 * (name - 0.42)).max(-0.4) }
}

fn odds(score: Option<f64>, for_it: f64, against: f64) -> f64 {
    score.map_or(0.0, |s| against + (for_it - against) * s)
}

/// How much of the usual span of values lies in the role's range.
fn range_score(role: &CompiledRole, point: &PointReading, print: &Fingerprint) -> Option<f64> {
    let (min, max, wanted) = (role.spec.min?, role.spec.max?, role.unit?);
    let (low, high) = (print.quantiles[1], print.quantiles[5]);
    let (lows, highs) = match point.unit {
        Some(unit) => (unit.readings(low, wanted)?, unit.readings(high, wanted)?),
        // Without a unit the numbers still may be impossible as they stand.
        None if point.has_no_unit => ([low; 2], [high; 2]),
        None => return None,
    };
    let slack = 0.02 * (max - min);
    let inside = |low: f64, high: f64| share_inside(low, high, min - slack, max + slack);
    Some(inside(lows[0], highs[0]).max(inside(lows[1], highs[1])))
}

fn share_inside(low: f64, high: f64, min: f64, max: f64) -> f64 {
    if high <= low {
        return if (min..=max).contains(&low) { 1.0 } else { 0.0 };
    }
    ((high.min(max) - low.max(min)) / (high - low)).clamp(0.0, 1.0)
}

fn behavior_score(role: &CompiledRole, print: &Fingerprint) -> Option<f64> {
    if role.spec.behavior.is_empty() {
        return None;
    }
    if role.spec.behavior.contains(&print.class) {
        return Some(1.0);
    }
    // A machine that stood still all week shows nothing of what it usually does.
    (print.class != BehaviorClass::Constant).then_some(0.0)
}

fn rate_score(role: &CompiledRole, print: &Fingerprint) -> Option<f64> {
    let typical = role.spec.update_seconds.filter(|s| *s > 0.0)?;
    let seconds = print.update_interval_seconds;
    (seconds > 0.0).then(|| (-(seconds / typical).ln().powi(2) / 4.0).exp())
}
