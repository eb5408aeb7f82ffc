//! What is only said of equipment.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ClusterKind, Opinion, ScoreName};

/// The parts of the scores of a suggestion of equipment.
pub const EQUIPMENT_SCORES: [ScoreName; 6] = [
    ScoreName::new("name", "Names", "Do the names and descriptions say these roles?"),
    ScoreName::new("unit", "Units", "Do the units fit the roles?"),
    ScoreName::new("range", "Ranges", "Do the values lie in the roles' ranges?"),
    ScoreName::new("behavior", "Behavior", "Do the signals behave as the roles do?"),
    ScoreName::new("rate", "Rates", "Do the points update as often as the roles do?"),
    ScoreName::new("cohesion", "Cohesion", "Do the points hang together?"),
];

/// What is asked about a cluster: which points would take which role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquipmentContent {
    pub roles: BTreeMap<Uuid, String>,
    /// The roles of the pattern that an approval would make.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drafted_roles: Vec<String>,
}

/// What a suggestion of equipment says beside what all suggestions do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EquipmentQuestion {
    pub cluster: ClusterRef,
    /// Set while it is approved. Of several machines the one with the most points.
    pub equipment: Option<EquipmentRef>,
}

/// The cluster that a suggestion is about; its label is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterRef {
    pub id: Uuid,
    pub kind: ClusterKind,
    pub label: String,
    /// What an approval calls the equipment unless it is told; null where no name is known, and for look-alikes, which
    /// are called as their points are.
    #[serde(default)]
    pub equipment_name: Option<String>,
    pub point_count: i64,
}

/// A piece of equipment by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EquipmentRef {
    pub id: Uuid,
    pub name: String,
    /// Name of the pattern that it was approved as, which need not be the proposed one.
    pub pattern: String,
}

/// What a suggestion of equipment shows in detail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EquipmentDetail {
    pub points: Vec<SuggestedPoint>,
    pub roles: Vec<SuggestedRole>,
    /// What the equipment may be called, the likeliest first.
    pub equipment_names: Vec<String>,
}

/// A point of a suggestion, with the role that is proposed for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SuggestedPoint {
    pub id: Uuid,
    pub name: String,
    pub unit: String,
    pub description: String,
    /// The proposed role; once it is approved, the one that it has.
    pub role: Option<String>,
    /// How well the point fits the proposed role, 0..1.
    pub role_score: Option<f64>,
    /// The machine that it is of, once the suggestion is approved.
    pub equipment: Option<String>,
    /// What the name or the description says, spelled out; null where it is not understood.
    pub spelled_out: Option<String>,
    /// What the engine thinks likeliest of it.
    pub opinion: Option<Opinion>,
    /// The window of the last behavioral analysis (seven days unless configured otherwise) in equal parts,
    /// each value held as the engine holds it, normalised to 0..1, null where there is a gap; empty where
    /// the point has no fingerprint.
    pub sparkline: Vec<Option<f32>>,
}

/// A role of the proposed pattern, and the point that would take it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SuggestedRole {
    pub name: String,
    pub required: bool,
    pub point_id: Option<Uuid>,
}
