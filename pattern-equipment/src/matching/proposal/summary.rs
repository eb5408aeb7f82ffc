//! From what was found to the probability that it is right.

use super::cluster::ClusterView;
use super::pattern::{CompiledPattern, CompiledRole};
use super::role_fit::RoleFit;

/// What a proposal rests on; everything 0..1 unless told otherwise.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Summary {
    /// Share of the points that the roles explain, roles that any machine may have counting less.
    pub coverage: f64,
    /// Share of the required roles that are filled, by weight and sureness.
    pub required: f64,
    /// Mean sureness of the roles.
    pub sureness: f64,
    /// Mean name score.
    pub name: f64,
    /// Share of the roles that a name, a description or a unit speaks for: behaviour alone fits many machines.
    pub spoken: f64,
    /// How far names and descriptions call it so.
    pub keyword: f64,
    /// They call it something else.
    pub other_kind: bool,
    /// Points in roles that are typical of this pattern, 0 at none, near 1 from five on.
    pub typical: f64,
    /// Similar points were bound to this pattern (up to 1) or to others (down to −1).
    pub site: f64,
    /// Logarithmic odds of the pattern's own confidence.
    pub prior: f64,
    pub cohesion: f64,
    /// A single point: any machine may have it, unless something says which.
    pub alone: bool,
}

/// How far names and descriptions call a cluster so, and how far they call it any pattern at all, both 0..1.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching) struct Called {
    pub so: f64,
    pub anything: f64,
}

impl Called {
    /// Half of the points are called something else, and hardly any so.
    fn is_other(self) -> bool {
        self.anything >= 0.5 && self.so < 0.1
    }
}

impl Summary {
    pub fn new(
        pattern: &CompiledPattern,
        cluster: &ClusterView,
        taken: &[(&CompiledRole, usize, &RoleFit)],
        called: Called,
    ) -> Self {
        let generality = |role: &CompiledRole| role.spec.weight.clamp(0.3, 1.0);
        let explained: f64 = taken.iter().map(|(r, _, fit)| generality(r) * fit.score_for_pattern()).sum();
        let counted: f64 = taken.iter().map(|(r, _, _)| generality(r)).sum::<f64>()
            + (cluster.points.len() - taken.len()) as f64;
        let required = || pattern.roles.iter().filter(|role| role.spec.required);
        let filled = |role: &CompiledRole| {
            let scores = taken
                .iter()
                .filter(|(r, _, _)| r.spec.name == role.spec.name)
                .map(|(_, _, fit)| fit.score_for_pattern());
            role.spec.weight * scores.fold(0.0, f64::max)
        };
        let sureness =
            taken.iter().map(|(_, _, fit)| fit.score_for_pattern()).sum::<f64>() / taken.len() as f64;
        let names: Vec<f64> = taken.iter().filter_map(|(_, _, fit)| fit.name_for_pattern).collect();
        let spoken = taken.iter().filter(|(_, _, fit)| fit.is_spoken()).count() as f64 / taken.len() as f64;
        let typical: f64 = taken
            .iter()
            .map(|(r, _, fit)| if r.spec.weight >= 0.5 { fit.score_for_pattern() } else { 0.0 })
            .sum();
        let (votes, agreement) = cluster.site_votes(&pattern.spec.name);
        let own = pattern.confidence.clamp(0.02, 0.98);
        Self {
            coverage: explained / counted,
            required: share(required().map(filled).sum(), required().map(|role| role.spec.weight).sum()),
            sureness,
            name: names.iter().sum::<f64>() / names.len().max(1) as f64,
            spoken,
            keyword: called.so,
            other_kind: cluster.reading.equipment.is_of_another_kind(&pattern.keywords) || called.is_other(),
            typical: 1.0 - (-typical / 2.0).exp(),
            site: votes * (2.0 * agreement - 1.0),
            prior: (own / (1.0 - own)).ln(),
            cohesion: cluster.cohesion.unwrap_or(0.5),
            alone: cluster.points.len() == 1,
        }
    }
}

/// All of it where nothing is asked for.
fn share(found: f64, of: f64) -> f64 {
    if of > 0.0 { found / of } else { 1.0 }
}

/// The shipped logistic. Its weights are set by hand and checked against labelled plants that are not
/// part of the product: there it is careful, what it calls 0.75 is right more often than that.
pub(super) fn calibrated(s: &Summary) -> f64 {
    let flag = |on: bool| if on { 1.0 } else { 0.0 };
    let z = -7.0 + 4.5 * s.coverage + 2.5 * s.required + 1.5 * s.sureness + 1.0 * s.name + 2.0 * s.keyword
        - 4.0 * (1.0 - s.spoken)
        - 2.0 * flag(s.other_kind)
        + 1.5 * s.typical
        + 3.0 * s.site
        + 0.4 * (s.prior - 1.1)
        + 0.5 * (s.cohesion - 0.5)
        - 4.0 * flag(s.alone) * (1.0 - (0.4 * s.keyword).max(s.site).min(1.0));
    1.0 / (1.0 + (-z).exp())
}
