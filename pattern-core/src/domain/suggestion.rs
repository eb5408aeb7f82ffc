use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    ClusterKind,
    text::{self, TextRule},
};

/// Where a suggestion stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SuggestionStatus {
    Pending,
    Approved,
    Rejected,
    Deferred,
    Expired,
}

/// Why a suggestion is asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// At or above the threshold.
    Match,
    /// Below it, but the answer teaches most.
    Learning,
    /// Several look-alike clusters that nothing in the library fits.
    NewPattern,
}

/// The parts of a suggestion's score, each 0..1. `None`: there was nothing to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Scores {
    /// Names and descriptions say the roles.
    pub name: Option<f64>,
    /// Units fit the roles.
    pub unit: Option<f64>,
    /// Values lie in the ranges of the roles.
    pub range: Option<f64>,
    /// Signals behave as the roles do.
    pub behavior: Option<f64>,
    /// Points update as often as the roles do.
    pub rate: Option<f64>,
    /// Points hang together.
    pub cohesion: Option<f64>,
}

impl Scores {
    pub fn parts(&self) -> [Option<f64>; 6] {
        [self.name, self.unit, self.range, self.behavior, self.rate, self.cohesion]
    }
}

/// A suggestion as lists and events show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Suggestion {
    pub id: Uuid,
    pub status: SuggestionStatus,
    pub purpose: Purpose,
    pub pattern: PatternRef,
    pub cluster: ClusterRef,
    /// Name of the data source.
    pub data_source: String,
    /// Rises with every change.
    pub version: i64,
    /// The version in which the points, the roles, the pattern or the status changed last. Later ones differ in scores
    /// only: a decision about any of them is about the same question.
    #[serde(default)]
    #[schema(required)]
    pub content_version: i64,
    /// About how many points the answer would teach something, after those asked before it: the order in
    /// which the engine asks. It may change without a new version.
    pub priority: f64,
    /// Calibrated probability that the suggestion is right.
    pub confidence: f64,
    pub scores: Scores,
    /// In words a technician understands.
    pub reason: String,
    pub created_at: DateTime<Utc>,
    /// When it goes if nobody answers.
    pub expires_at: DateTime<Utc>,
    /// Set while it is approved. Of several machines the one with the most points.
    pub equipment: Option<EquipmentRef>,
}

/// `id` is null for a suggestion of a new pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PatternRef {
    pub id: Option<Uuid>,
    pub name: String,
    pub category: String,
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

/// A suggestion with everything needed to judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SuggestionDetail {
    #[serde(flatten)]
    pub suggestion: Suggestion,
    pub points: Vec<SuggestedPoint>,
    pub roles: Vec<SuggestedRole>,
    /// What the equipment may be called, the likeliest first.
    pub equipment_names: Vec<String>,
    /// The last decision, if any.
    pub decision: Option<Decision>,
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

/// What was decided.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DecisionAction {
    Approve,
    Reject,
    Defer,
    Undo,
}

/// What a named reviewer answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    pub action: DecisionAction,
    pub decided_by: String,
    pub decided_at: DateTime<Utc>,
    pub reason: String,
}

/// Body of `POST /api/suggestions/{id}/approve`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveRequest {
    /// The version that the reviewer saw. 409 where points, roles, pattern or status have changed since; new scores
    /// are no conflict.
    pub version: Option<i64>,
    /// Corrects the proposal to another pattern of the library.
    pub pattern_id: Option<Uuid>,
    /// Makes a pattern of this name, for what the library lacks. Of purpose `new_pattern` it is the proposed
    /// one, called so; of others it has the roles that are assigned.
    #[schema(max_length = 200)]
    pub pattern_name: Option<String>,
    /// The one machine that the points are of. Defaults to the cluster's `equipment_name`, and is required where that
    /// is null; look-alikes are each a machine of their own unless it is given, called as the point is.
    #[schema(max_length = 500)]
    pub equipment_name: Option<String>,
    /// Point id to the machine that it is of, where that is another one: several machines were grouped as one.
    /// Points with the same name here are of the same machine.
    #[serde(default)]
    pub equipment_names: BTreeMap<Uuid, String>,
    /// Adds the points to equipment of this name that exists with other points; without it that is a conflict.
    #[serde(default)]
    pub extend: bool,
    /// Point id to role, or null for no role. Points that are not named keep the proposed role.
    pub role_assignments: Option<BTreeMap<Uuid, Option<String>>>,
    /// Points of the suggestion that are no part of the equipment. They lose the proposed role, and are no longer
    /// grouped with it.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>)]
    pub excluded_points: BTreeSet<Uuid>,
    /// Kept with the decision.
    #[schema(max_length = 2000)]
    pub comment: Option<String>,
}

impl ApproveRequest {
    /// With every text as it is kept, or which one cannot be, and why.
    pub fn checked(mut self) -> Result<Self, String> {
        clean("pattern_name", &text::SHORT_NAME.or_nothing(), self.pattern_name.as_mut())?;
        clean("equipment_name", &text::NAME.or_nothing(), self.equipment_name.as_mut())?;
        clean("comment", &text::REASON, self.comment.as_mut())?;
        for (point, name) in &mut self.equipment_names {
            clean(&format!("equipment_names.{point}"), &text::NAME.or_nothing(), Some(name))?;
        }
        for (point, role) in self.role_assignments.iter_mut().flatten() {
            clean(&format!("role_assignments.{point}"), &text::SHORT_NAME.or_nothing(), role.as_mut())?;
        }
        Ok(self)
    }
}

fn clean(field: &str, rule: &TextRule, text: Option<&mut String>) -> Result<(), String> {
    if let Some(text) = text {
        *text = rule.clean(text).map_err(|problem| format!("{field} {problem}"))?;
    }
    Ok(())
}

/// Body of `POST /api/suggestions/{id}/reject`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectRequest {
    /// As in an approval.
    pub version: Option<i64>,
    /// What is wrong with it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: String,
}

impl RejectRequest {
    /// As [`ApproveRequest::checked`].
    pub fn checked(mut self) -> Result<Self, String> {
        clean("reason", &text::REASON, Some(&mut self.reason))?;
        Ok(self)
    }
}

/// Body of `POST /api/suggestions/{id}/defer`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeferRequest {
    /// As in an approval.
    pub version: Option<i64>,
    /// When it comes back by itself; without it, it waits until somebody decides.
    pub until: Option<DateTime<Utc>>,
}

/// Body of `POST /api/suggestions/{id}/undo`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    /// The version that the decision made.
    pub version: Option<i64>,
}
