//! A pattern with its phrases prepared, and how it is proposed.

use super::assignment::assign;
use super::calibration::{Summary, calibrated};
use super::cluster::ClusterView;
use super::evidence::{RoleEvidence, role_evidence, site_role_evidence};
use super::keyword::Keyword;
use super::reason::reason;
use super::{Proposal, ProposedRole};
use crate::domain::Scores;
use crate::library::{PatternSpec, RoleSpec};
use crate::naming::Phrase;

pub(super) struct CompiledPattern {
    pub spec: PatternSpec,
    pub confidence: f64,
    pub roles: Vec<CompiledRole>,
    pub keywords: Vec<Keyword>,
}

pub(super) struct CompiledRole {
    pub spec: RoleSpec,
    pub phrases: Vec<Phrase>,
}

/// Below this a point is left without a role: naming it wrong costs more trust than naming it not.
const ROLE_FLOOR: f64 = 0.2;

impl CompiledPattern {
    pub fn new(spec: &PatternSpec, confidence: f64) -> Self {
        let roles = spec.roles.iter().map(CompiledRole::new).collect();
        let names = spec.keywords.iter().map(String::as_str).chain([spec.name.as_str()]);
        let keywords = names.map(Keyword::new).collect();
        Self { spec: spec.clone(), confidence, roles, keywords }
    }

    pub fn propose(&self, cluster: &ClusterView) -> Proposal {
        // Roles that only this site knows stand behind the library's.
        let own: Vec<CompiledRole> = cluster
            .roles_of_site(&self.spec.name)
            .iter()
            .filter(|name| !self.roles.iter().any(|r| r.spec.name == **name))
            .map(|name| CompiledRole::new(&RoleSpec { name: (*name).to_owned(), ..RoleSpec::default() }))
            .collect();
        let roles: Vec<&CompiledRole> = self.roles.iter().chain(&own).collect();
        let columns = cluster.points.len();
        let evidence: Vec<RoleEvidence> = roles
            .iter()
            .enumerate()
            .flat_map(|(r, role)| {
                let known = r < self.roles.len();
                (0..columns).map(move |p| {
                    if known {
                        role_evidence(role, &self.spec.name, cluster, p)
                    } else {
                        site_role_evidence(role, &self.spec.name, cluster, p)
                    }
                })
            })
            .collect();
        let profit: Vec<f64> = evidence.iter().map(|e| e.strength - ROLE_FLOOR).collect();
        let pairs = assign(&profit, columns);
        let taken: Vec<(&CompiledRole, usize, &RoleEvidence)> =
            pairs.iter().map(|&(r, p)| (roles[r], p, &evidence[r * columns + p])).collect();
        if taken.is_empty() {
            let reason = format!("none of the points looks like a part of a {}", self.spec.name);
            return Proposal { reason, ..Proposal::default() };
        }
        let spares = (0..columns)
            .filter(|point| !taken.iter().any(|(_, at, _)| at == point))
            .filter_map(|point| {
                let of_role = |r: &usize| &evidence[r * columns + point];
                let strongest = |a: &usize, b: &usize| of_role(a).strength.total_cmp(&of_role(b).strength);
                let best = (0..roles.len()).max_by(strongest)?;
                let evidence = of_role(&best);
                let role = roles[best].spec.name.clone();
                (evidence.strength > ROLE_FLOOR).then(|| ProposedRole {
                    role,
                    point,
                    score: evidence.score(),
                })
            })
            .collect();
        let scores = scores(&self.spec, &taken, cluster);
        let summary = Summary::new(self, cluster, &taken);
        let roles = taken
            .iter()
            .map(|(role, point, evidence)| ProposedRole {
                role: role.spec.name.clone(),
                point: *point,
                score: evidence.score(),
            })
            .collect();
        Proposal {
            roles,
            spares,
            scores,
            confidence: calibrated(&summary),
            reason: reason(&self.spec, cluster, &taken, &summary),
        }
    }
}

impl CompiledRole {
    fn new(spec: &RoleSpec) -> Self {
        let texts = std::iter::once(&spec.name).chain(&spec.words);
        let phrases = texts.map(|text| Phrase::new(text)).filter(|p| !p.is_empty()).collect();
        Self { spec: spec.clone(), phrases }
    }
}

/// Means over the points that have a role, by the roles' weights. Names also answer for the required
/// roles that nothing took.
fn scores(
    spec: &PatternSpec,
    taken: &[(&CompiledRole, usize, &RoleEvidence)],
    cluster: &ClusterView,
) -> Scores {
    let is_taken = |role: &RoleSpec| taken.iter().any(|(t, _, _)| t.spec.name == role.name);
    let open = spec.roles.iter().filter(|role| role.required && !is_taken(role)).map(|role| role.weight);
    let told: f64 = taken.iter().map(|(role, _, e)| role.spec.weight * e.name.unwrap_or(0.0)).sum();
    let asked: f64 = taken.iter().map(|(role, _, _)| role.spec.weight).chain(open).sum();
    let mean = |part: fn(&RoleEvidence) -> Option<f64>| {
        let parts: Vec<(f64, f64)> =
            taken.iter().filter_map(|(role, _, e)| Some((role.spec.weight, part(e)?))).collect();
        let weight: f64 = parts.iter().map(|p| p.0).sum();
        (weight > 0.0).then(|| parts.iter().map(|(w, s)| w * s).sum::<f64>() / weight)
    };
    Scores {
        name: (asked > 0.0).then(|| told / asked),
        unit: mean(|e| e.unit),
        range: mean(|e| e.range),
        behavior: mean(|e| e.behavior),
        rate: mean(|e| e.rate),
        cohesion: cluster.cohesion,
    }
}
