use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{EPISODE_SCORES, EQUIPMENT_SCORES, ScoreName};

/// What a pattern, a suggestion and a piece of evidence are about.
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
pub enum PatternKind {
    /// What machine some points are of.
    Equipment,
    /// What happened when many points changed at once.
    Episode,
}

impl PatternKind {
    /// The parts of the scores of its suggestions, in the order in which people see them.
    pub fn scores(self) -> &'static [ScoreName] {
        match self {
            Self::Equipment => &EQUIPMENT_SCORES,
            Self::Episode => &EPISODE_SCORES,
        }
    }
}

/// A library entry as its events and the API show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pattern {
    pub id: Uuid,
    pub kind: PatternKind,
    pub name: String,
    pub category: String,
    pub description: String,
    pub source: PatternSource,
    pub status: PatternStatus,
    pub version: i64,
    /// Lower bound of the evidence's posterior.
    pub confidence: f64,
    /// How much evidence (weighted facts) stands behind the confidence.
    pub support: f64,
    pub roles: Vec<PatternRole>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A place in a pattern that a point can take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PatternRole {
    pub name: String,
    pub required: bool,
    pub weight: f64,
    pub unit: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// Set where a site added the role: the data source's name.
    pub data_source: Option<String>,
}

/// Where a pattern came from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PatternSource {
    /// Shipped with the product.
    Library,
    /// Made from a site's decisions.
    Learned,
    /// Loaded by a person.
    Imported,
}

/// Whether a pattern is proposed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PatternStatus {
    Active,
    Retired,
}
