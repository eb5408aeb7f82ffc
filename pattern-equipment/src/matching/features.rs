use uuid::Uuid;

use crate::fingerprint::Fingerprint;

/// What matching knows of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct PointFeatures {
    pub id: Uuid,
    pub name: String,
    pub unit: String,
    pub description: String,
    /// `None` until there are enough samples.
    pub fingerprint: Option<Fingerprint>,
}
