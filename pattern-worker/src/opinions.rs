//! What the engine thinks likeliest of each point: one opinion, which is kept, shown, and scored.

use pattern_core::domain::{Cluster, Opinion, OpinionSource};
use pattern_equipment::matching::{PointFeatures, Proposal};
use std::collections::HashMap;
use uuid::Uuid;

use crate::knowledge::Knowledge;

/// More likely than not. What is less likely to be any of the library's patterns is called what its own words say.
const LIKELY: f64 = 0.5;
/// Nothing is certain, not even what somebody said.
const CERTAIN: f64 = 1.0;

/// A cluster of kind `equipment`, and the likeliest of the patterns that fit at all.
pub struct Taken<'a> {
    pub cluster: &'a Cluster,
    pub points: &'a [PointFeatures],
    pub best: Option<(&'a str, &'a Proposal)>,
}

/// By point. What somebody said of it counts first; then what is surest of its group and of similar points; then what it
/// is by itself.
pub fn opinions(known: &Knowledge, taken: &[Taken]) -> HashMap<Uuid, Opinion> {
    let mut opinions = HashMap::new();
    let mut machines: HashMap<Uuid, &str> = HashMap::new();
    for Taken { cluster, points, best } in taken {
        let equipment = (!cluster.unnamed).then(|| cluster.label.clone());
        if !cluster.unnamed {
            machines.extend(points.iter().map(|point| (point.id, cluster.label.as_str())));
        }
        if let Some((pattern, proposal)) = best {
            let roles = proposal.roles.iter().map(|role| (role, OpinionSource::Proposal));
            let spares = proposal.spares.iter().map(|role| (role, OpinionSource::Spare));
            for (role, source) in roles.chain(spares) {
                let opinion = Opinion {
                    role: role.role.clone(),
                    equipment: equipment.clone(),
                    pattern: Some((*pattern).to_owned()),
                    confidence: role.score,
                    source,
                };
                opinions.insert(points[role.point].id, opinion);
            }
        }
        if best.is_none_or(|(_, proposal)| proposal.confidence < LIKELY) {
            for (point, said) in points.iter().zip(known.spelled_out(points)) {
                if let Some(role) = said {
                    let (equipment, source) = (equipment.clone(), OpinionSource::SpelledOut);
                    let opinion = Opinion { role, equipment, pattern: None, confidence: LIKELY, source };
                    opinions.insert(point.id, opinion);
                }
            }
        }
    }
    let machine = |point: &Uuid| machines.get(point).map(|name| (*name).to_owned());
    for (point, role, confidence) in known.of_similar_points() {
        let known: Option<&Opinion> = opinions.get(&point);
        if known.is_none_or(|known| confidence > known.confidence) {
            let equipment = machine(&point);
            let source = OpinionSource::SimilarPoints;
            opinions.insert(point, Opinion { role, equipment, pattern: None, confidence, source });
        }
    }
    for (point, role, confidence) in known.by_themselves(|point| !opinions.contains_key(&point)) {
        let source = OpinionSource::Itself;
        let equipment = machine(&point);
        opinions.insert(point, Opinion { role, equipment, pattern: None, confidence, source });
    }
    for binding in known.confirmed() {
        let opinion = Opinion {
            role: binding.role.clone(),
            equipment: Some(binding.equipment.clone()),
            pattern: known.pattern(binding.pattern_id).map(|pattern| pattern.spec.name.clone()),
            confidence: CERTAIN,
            source: OpinionSource::Confirmed,
        };
        opinions.insert(binding.point_id, opinion);
    }
    opinions
}
