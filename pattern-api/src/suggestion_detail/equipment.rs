//! What a suggestion of equipment shows: points, roles, and what the machine may be called.

use pattern_core::{
    domain::{
        ClusterKind, EquipmentDetail, EquipmentQuestion, SuggestedPoint, SuggestedRole, Suggestion,
        SuggestionBody,
    },
    library::EquipmentPattern,
};
use pattern_equipment::{
    matching::{PointFeatures, SiteMemory, spelled_out},
    naming::{NamedPoint, equipment_names},
};
use std::collections::BTreeSet;

use crate::{AppState, problem::Problem};

/// Names for the roles of points that the pattern has none for.
fn spell_out(points: &mut [SuggestedPoint], known: &BTreeSet<String>) {
    let features: Vec<PointFeatures> = points
        .iter()
        .map(|point| PointFeatures {
            id: point.id,
            name: point.name.clone(),
            unit: point.unit.clone(),
            description: point.description.clone(),
            fingerprint: None,
        })
        .collect();
    let said = spelled_out(&features, &SiteMemory::default(), &|said| known.contains(said));
    for (point, said) in points.iter_mut().zip(said) {
        point.spelled_out = said;
    }
}

/// What the equipment may be called. Look-alikes are each called as their point is.
fn names(suggestion: &Suggestion, points: &[SuggestedPoint]) -> Vec<String> {
    let SuggestionBody::Equipment(EquipmentQuestion { cluster, .. }) = &suggestion.body else {
        return Vec::new();
    };
    if cluster.kind != ClusterKind::Equipment {
        return Vec::new();
    }
    let named: Vec<NamedPoint> = points
        .iter()
        .map(|point| NamedPoint {
            name: point.name.clone(),
            description: point.description.clone(),
            ..NamedPoint::default()
        })
        .collect();
    let mut names: Vec<String> = cluster.equipment_name.iter().cloned().collect();
    names.extend(equipment_names(&named, &suggestion.pattern.name));
    names.dedup();
    names
}

pub(super) async fn detail(
    state: &AppState,
    suggestion: &Suggestion,
    mut points: Vec<SuggestedPoint>,
    draft: Option<EquipmentPattern>,
) -> Result<EquipmentDetail, Problem> {
    let mut roles: Vec<SuggestedRole> = match (suggestion.pattern.id, draft) {
        (Some(pattern), _) => state
            .store
            .pattern(pattern)
            .await?
            .roles
            .into_iter()
            .filter(|role| role.data_source.as_ref().is_none_or(|site| *site == suggestion.data_source))
            .map(|role| SuggestedRole { name: role.name, required: role.required, point_id: None })
            .collect(),
        (None, Some(draft)) => draft
            .roles
            .into_iter()
            .map(|role| SuggestedRole { name: role.name, required: role.required, point_id: None })
            .collect(),
        (None, None) => Vec::new(),
    };
    let known: BTreeSet<String> = roles.iter().map(|role| role.name.clone()).collect();
    for point in &points {
        let Some(name) = &point.role else { continue };
        if !known.contains(name) {
            roles.push(SuggestedRole { name: name.clone(), required: false, point_id: Some(point.id) });
        }
        // Of several points the surest one, which comes first.
        if let Some(role) = roles.iter_mut().find(|role| role.name == *name) {
            role.point_id.get_or_insert(point.id);
        }
    }
    spell_out(&mut points, &known);
    let mut equipment_names = names(suggestion, &points);
    // Two machines of one name would be taken for one.
    let taken = state.store.taken_equipment_names(suggestion.id, &equipment_names).await?;
    equipment_names.retain(|name| !taken.contains(name));
    Ok(EquipmentDetail { points, roles, equipment_names })
}
