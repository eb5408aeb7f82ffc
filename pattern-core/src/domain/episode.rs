//! What is only said of episodes: many points that changed their behaviour within a short time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ClusterRef, ScoreName};

/// The parts of the scores of a suggestion of an episode.
pub const EPISODE_SCORES: [ScoreName; 4] = [
    ScoreName::new("points", "Points", "Did the points change that usually do?"),
    ScoreName::new("direction", "Directions", "Did they go the way that they usually go?"),
    ScoreName::new("order", "Order", "Did they change in the usual order?"),
    ScoreName::new("duration", "Duration", "Did it take as long as usual?"),
];

/// Which way a point changed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Direction {
    /// To a higher level.
    Up,
    Down,
}

/// A point that changed its behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PointChange {
    pub point: Uuid,
    pub direction: Direction,
    pub at: DateTime<Utc>,
}

/// What is asked about an episode: what changed, how and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpisodeContent {
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// In the order in which it happened.
    pub changes: Vec<PointChange>,
    #[serde(default)]
    pub context: EpisodeContext,
}

/// What is shown beside the question, and is no part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EpisodeContext {
    /// When the same happened before, newest first: as far as people said so, and of a kind that nobody has named, as far
    /// as it resembles.
    pub happened_before: Vec<DateTime<Utc>>,
}

/// What a suggestion of an episode says beside what all suggestions do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EpisodeQuestion {
    pub cluster: ClusterRef,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// The equipment that the changed points are of, as far as it is known, by name.
    pub concerned: Vec<String>,
    /// When the same happened before, as far as people said so; newest first.
    pub happened_before: Vec<DateTime<Utc>>,
}

/// What a suggestion of an episode shows in detail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EpisodeDetail {
    /// In the order in which they changed.
    pub points: Vec<ChangedPoint>,
}

/// A point of an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangedPoint {
    pub id: Uuid,
    pub name: String,
    pub unit: String,
    pub description: String,
    pub direction: Direction,
    pub changed_at: DateTime<Utc>,
    /// The equipment that it is of, where somebody said so.
    pub equipment: Option<String>,
    /// Its role there.
    pub role: Option<String>,
    /// As a suggested point has it.
    pub sparkline: Vec<Option<f32>>,
}
