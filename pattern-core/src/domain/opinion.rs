use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;

/// What the engine thinks likeliest of a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Opinion {
    pub role: String,
    /// The machine that it is of, for people; null where none is known.
    pub equipment: Option<String>,
    /// What kind of machine that is; null where the role is known without it.
    pub pattern: Option<String>,
    /// How sure, 0..1.
    pub confidence: f64,
    pub source: OpinionSource,
}

/// What an opinion comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OpinionSource {
    /// Somebody said so.
    Confirmed,
    /// Somebody said so of points that are called alike and behave alike.
    SimilarPoints,
    /// The likeliest pattern of its group has this role for it.
    Proposal,
    /// It was left over there, and looks most like this role: a second sensor of the same.
    Spare,
    /// Its own words say so.
    SpelledOut,
    /// It fits this role by itself, whatever it is grouped with.
    Itself,
}
