//! How a pattern is proposed for a cluster.

use super::assignment::assign;
use super::cluster::ClusterView;
use super::pattern::{CompiledPattern, CompiledRole};
use super::proposed::{PartScores, Proposal, ProposedRole};
use super::reason::reason;
use super::role_fit::{RoleFit, role_fit};
use super::summary::{Called, Summary, calibrated};
use crate::matching::memory::Given;
use pattern_core::library::{EquipmentPattern, RoleSpec};

/// Below this a point is left without a role: naming it wrong costs more trust than naming it not.
const ROLE_FLOOR: f64 = 0.2;
/// What is less likely is not explained: most patterns are, of most clusters.
const UNLIKELY: f64 = 0.01;
/// Roles are given anew by the order of those given before: those that only the order gave have a say the next time.
const ROUNDS: usize = 2;
/// What is left over and is not worth a question is still most likely this.
const SPARE_FLOOR: f64 = -2.0;
/// From here on a person said it of similar points, so that a point may have a role that another one has too.
const SHARES: f64 = 0.5;

impl CompiledPattern {
    pub fn propose(&self, cluster: &ClusterView, called: Called) -> Proposal {
        // Roles that only this site knows stand behind the library's.
        let own: Vec<CompiledRole> = cluster
            .roles_of_site(&self.spec.name)
            .iter()
            .filter(|name| !self.roles.iter().any(|r| r.spec.name == **name))
            .map(|name| {
                CompiledRole::new(&RoleSpec { name: (*name).to_owned(), ..RoleSpec::default() }, None)
            })
            .collect();
        let roles: Vec<&CompiledRole> = self.roles.iter().chain(&own).collect();
        let columns = cluster.points.len();
        let described: Vec<f64> = cluster
            .reading
            .points
            .iter()
            .map(|point| point.said.described(self.roles.iter().filter_map(|role| role.wording)))
            .collect();
        let mut fits: Vec<RoleFit> = roles
            .iter()
            .flat_map(|role| {
                (0..columns).map(|point| role_fit(role, &self.spec.name, cluster, point, described[point]))
            })
            .collect();
        let pairs = self.assigned(&roles, &mut fits, cluster);
        let mut taken: Vec<(&CompiledRole, usize, &RoleFit)> =
            pairs.iter().map(|&(r, p)| (roles[r], p, &fits[r * columns + p])).collect();
        if taken.is_empty() {
            let reason = format!("none of the points looks like a part of a {}", self.spec.name);
            return Proposal { reason, ..Proposal::default() };
        }
        let mut spares = Vec::new();
        for point in (0..columns).filter(|point| !pairs.iter().any(|(_, at)| at == point)) {
            let of_role = |r: usize| &fits[r * columns + point];
            let stronger = |a: &usize, b: &usize| of_role(*a).strength.total_cmp(&of_role(*b).strength);
            let Some(best) = (0..roles.len()).max_by(stronger) else { continue };
            let fit = of_role(best);
            if fit.confirmed >= SHARES {
                taken.push((roles[best], point, fit));
            } else if fit.strength > SPARE_FLOOR && fit.unit != Some(0.0) {
                let role = roles[best].spec.name.clone();
                spares.push(ProposedRole { role, point, score: fit.score() });
            }
        }
        let scores = scores(&self.spec, &taken, cluster);
        let summary = Summary::new(self, cluster, &taken, called);
        let roles = taken
            .iter()
            .map(|(role, point, fit)| ProposedRole {
                role: role.spec.name.clone(),
                point: *point,
                score: fit.score(),
            })
            .collect();
        let confidence = calibrated(&summary);
        let reason = if confidence >= UNLIKELY {
            reason(&self.spec, cluster, &taken, &summary)
        } else {
            format!("hardly anything looks like a part of a {}", self.spec.name)
        };
        Proposal { roles, spares, scores, confidence, unanswered: None, reason }
    }

    /// Pairs of a role and a point, by what speaks for each and by where the others stand.
    fn assigned(
        &self,
        roles: &[&CompiledRole],
        fits: &mut [RoleFit],
        cluster: &ClusterView,
    ) -> Vec<(usize, usize)> {
        let columns = cluster.points.len();
        let mut assigned = pairs(fits, columns);
        let names: Vec<&str> = roles.iter().map(|role| role.spec.name.as_str()).collect();
        let Some(order) = cluster.order().of(&self.spec.name, &names) else { return assigned };
        let by_themselves: Vec<f64> = fits.iter().map(|fit| fit.strength).collect();
        for _ in 0..ROUNDS {
            let given = |&(role, point): &(usize, usize)| Given {
                role,
                place: &cluster.reading.points[point].place,
                sureness: fits[role * columns + point].score(),
            };
            let given: Vec<Given> = assigned.iter().map(given).collect();
            for (i, fit) in fits.iter_mut().enumerate() {
                let place = &cluster.reading.points[i % columns].place;
                fit.strength = by_themselves[i] + order.speaks_for(i / columns, place, &given);
            }
            assigned = pairs(fits, columns);
        }
        assigned
    }
}

/// Pairs of a role and a point.
fn pairs(fits: &[RoleFit], columns: usize) -> Vec<(usize, usize)> {
    assign(&fits.iter().map(|fit| fit.strength - ROLE_FLOOR).collect::<Vec<_>>(), columns)
}

/// Means over the points that have a role, by the roles' weights. Names also answer for the required
/// roles that nothing took.
fn scores(
    spec: &EquipmentPattern,
    taken: &[(&CompiledRole, usize, &RoleFit)],
    cluster: &ClusterView,
) -> PartScores {
    let is_taken = |role: &RoleSpec| taken.iter().any(|(t, _, _)| t.spec.name == role.name);
    let open = spec.roles.iter().filter(|role| role.required && !is_taken(role)).map(|role| role.weight);
    let told: f64 = taken.iter().map(|(role, _, fit)| role.spec.weight * fit.name.unwrap_or(0.0)).sum();
    let asked: f64 = taken.iter().map(|(role, _, _)| role.spec.weight).chain(open).sum();
    let mean = |part: fn(&RoleFit) -> Option<f64>| {
        let parts: Vec<(f64, f64)> =
            taken.iter().filter_map(|(role, _, fit)| Some((role.spec.weight, part(fit)?))).collect();
        let weight: f64 = parts.iter().map(|p| p.0).sum();
        (weight > 0.0).then(|| parts.iter().map(|(w, s)| w * s).sum::<f64>() / weight)
    };
    PartScores {
        name: (asked > 0.0).then(|| told / asked),
        unit: mean(|fit| fit.unit),
        range: mean(|fit| fit.range),
        behavior: mean(|fit| fit.behavior),
        rate: mean(|fit| fit.rate),
        cohesion: cluster.cohesion,
    }
}
