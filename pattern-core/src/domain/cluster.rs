use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Direction;

/// Why the points of a cluster belong together.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClusterKind {
    /// They are named alike and move together: one piece of equipment.
    Equipment,
    /// Many changed their behaviour within a short time.
    Episode,
    /// They are called alike and stand alone: each is of a machine of its own.
    LookAlikes,
}

/// A cluster as its events and the API show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cluster {
    pub id: Uuid,
    pub data_source: String,
    pub kind: ClusterKind,
    /// The shared part of the points' names, or the first of them and how many more.
    pub label: String,
    /// The label only lists the points: nobody would call a machine so.
    #[serde(default)]
    pub unnamed: bool,
    /// 0..1: how tightly the members hang together.
    pub cohesion: f64,
    pub status: ClusterStatus,
    pub version: i64,
    pub point_count: i64,
    pub points: Vec<ClusterPoint>,
    /// Episodes only.
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub detected_at: DateTime<Utc>,
}

/// A point of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterPoint {
    pub id: Uuid,
    pub name: String,
    pub unit: String,
    /// Episodes only: which way it changed, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<DateTime<Utc>>,
}

/// Whether the newest detection still finds it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClusterStatus {
    Active,
    Dissolved,
}
