use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    EpisodeContent, EpisodeDetail, EpisodeQuestion, EquipmentContent, EquipmentDetail, EquipmentQuestion,
    PatternKind,
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
    /// Several similar clusters that nothing in the library fits.
    NewPattern,
}

/// The parts of a suggestion's score by name, each 0..1. Null: there was nothing to judge by. Which parts there are, and
/// in which order people see them, its kind declares ([`PatternKind::scores`]).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Scores(pub BTreeMap<String, Option<f64>>);

impl<const N: usize> From<[(&str, Option<f64>); N]> for Scores {
    fn from(parts: [(&str, Option<f64>); N]) -> Self {
        Self(parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl Scores {
    /// The part of this name, where it was judged.
    pub fn part(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied().flatten()
    }
}

/// A part of the scores of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ScoreName {
    /// As `scores` has it.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    /// What it answers, as a question.
    pub meaning: &'static str,
}

impl ScoreName {
    pub const fn new(name: &'static str, label: &'static str, meaning: &'static str) -> Self {
        Self { name, label, meaning }
    }
}

/// What a suggestion is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    pub kind: SubjectKind,
    pub id: Uuid,
    /// For people; it is no name.
    pub label: String,
}

/// What sort of thing a suggestion is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SubjectKind {
    Cluster,
}

/// What only suggestions of one kind say, beside what all have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SuggestionBody {
    Equipment(EquipmentQuestion),
    Episode(EpisodeQuestion),
}

/// What exactly is asked: with another content it is another question, with other scores it is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    Equipment(EquipmentContent),
    Episode(EpisodeContent),
}

impl Content {
    pub fn kind(&self) -> PatternKind {
        match self {
            Self::Equipment(_) => PatternKind::Equipment,
            Self::Episode(_) => PatternKind::Episode,
        }
    }
}

/// A suggestion as lists and events show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Suggestion {
    pub id: Uuid,
    pub subject: Subject,
    pub status: SuggestionStatus,
    pub purpose: Purpose,
    pub pattern: PatternRef,
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
    /// How sure the engine is that the suggestion is right, 0..1. About equipment a calibrated probability; about an
    /// episode how much it resembles what was named so, less where that happened seldom or was denied.
    pub confidence: f64,
    pub scores: Scores,
    /// In words a technician understands.
    pub reason: String,
    pub created_at: DateTime<Utc>,
    /// When it goes if nobody answers.
    pub expires_at: DateTime<Utc>,
    /// Set while it is approved.
    #[serde(default)]
    #[schema(required)]
    pub outcome: Option<ApprovedAs>,
    #[serde(flatten)]
    pub body: SuggestionBody,
}

/// What an approval made of a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovedAs {
    /// For people: the name of the equipment, of the kind of event.
    pub label: String,
    /// Name of the pattern that was confirmed, which need not be the proposed one.
    pub pattern: String,
}

impl Suggestion {
    pub fn kind(&self) -> PatternKind {
        match self.body {
            SuggestionBody::Equipment(_) => PatternKind::Equipment,
            SuggestionBody::Episode(_) => PatternKind::Episode,
        }
    }

    /// What only a suggestion of equipment says.
    pub fn equipment_question(&self) -> Option<&EquipmentQuestion> {
        match &self.body {
            SuggestionBody::Equipment(question) => Some(question),
            SuggestionBody::Episode(_) => None,
        }
    }
}

/// `id` is null for a suggestion of a new pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PatternRef {
    pub id: Option<Uuid>,
    pub name: String,
    pub category: String,
}

/// A suggestion with everything needed to judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SuggestionDetail {
    #[serde(flatten)]
    pub suggestion: Suggestion,
    #[serde(flatten)]
    pub detail: DetailBody,
    /// The last decision, if any.
    pub decision: Option<Decision>,
}

/// What only suggestions of one kind show in detail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum DetailBody {
    Equipment(EquipmentDetail),
    Episode(EpisodeDetail),
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
