//! What points are that are called alike and stand alone: each is matched by itself, and all of them are asked about
//! at once.

use super::proposed::{PartScores, Proposal, ProposedRole};
use crate::matching::features::PointFeatures;

/// One proposal about all points, from what was proposed for each alone.
pub(in crate::matching) fn merged(points: &[PointFeatures], of_each: &[Proposal]) -> Proposal {
    let fitting = || of_each.iter().enumerate().filter(|(_, proposal)| !proposal.roles.is_empty());
    let Some((_, surest)) = fitting().max_by(|(_, a), (_, b)| a.confidence.total_cmp(&b.confidence)) else {
        return Proposal::default();
    };
    let share = |value: fn(&Proposal) -> f64| of_each.iter().map(value).sum::<f64>() / of_each.len() as f64;
    let on_one_answer = of_each.iter().any(|proposal| proposal.unanswered.is_some());
    let mean = |part: fn(&PartScores) -> Option<f64>| {
        let parts: Vec<f64> = fitting().filter_map(|(_, proposal)| part(&proposal.scores)).collect();
        (!parts.is_empty()).then(|| parts.iter().sum::<f64>() / parts.len() as f64)
    };
    let own_role = |(point, proposal): (usize, &Proposal)| {
        let role = proposal.roles.first()?;
        Some(ProposedRole { point, ..role.clone() })
    };
    Proposal {
        roles: fitting().filter_map(own_role).collect(),
        spares: Vec::new(),
        scores: PartScores {
            name: mean(|s| s.name),
            unit: mean(|s| s.unit),
            range: mean(|s| s.range),
            behavior: mean(|s| s.behavior),
            rate: mean(|s| s.rate),
            cohesion: None,
        },
        confidence: share(|proposal| proposal.confidence),
        unanswered: on_one_answer
            .then(|| share(|proposal| proposal.unanswered.unwrap_or(proposal.confidence))),
        reason: format!(
            "{} points are called alike, and each stands alone; of the one that fits best: {}",
            points.len(),
            surest.reason
        ),
    }
}
