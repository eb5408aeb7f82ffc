use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{EpisodePattern, EquipmentPattern};
use crate::domain::PatternKind;

/// A pattern of any kind, as files and the database hold it. What each kind says has a type of its own, so that a
/// pattern of one kind cannot be matched as another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PatternSpec {
    Equipment(EquipmentPattern),
    Episode(EpisodePattern),
}

/// What a pattern of one kind says. Whoever reads the library asks for one of these.
pub trait PatternBody: Clone + Serialize + DeserializeOwned + Into<PatternSpec> {
    const KIND: PatternKind;

    /// Nothing where the pattern is of another kind.
    fn of(spec: PatternSpec) -> Option<Self>;
}

impl PatternBody for EquipmentPattern {
    const KIND: PatternKind = PatternKind::Equipment;

    fn of(spec: PatternSpec) -> Option<Self> {
        match spec {
            PatternSpec::Equipment(body) => Some(body),
            PatternSpec::Episode(_) => None,
        }
    }
}

impl PatternBody for EpisodePattern {
    const KIND: PatternKind = PatternKind::Episode;

    fn of(spec: PatternSpec) -> Option<Self> {
        match spec {
            PatternSpec::Episode(body) => Some(body),
            PatternSpec::Equipment(_) => None,
        }
    }
}

impl From<EquipmentPattern> for PatternSpec {
    fn from(body: EquipmentPattern) -> Self {
        Self::Equipment(body)
    }
}

impl From<EpisodePattern> for PatternSpec {
    fn from(body: EpisodePattern) -> Self {
        Self::Episode(body)
    }
}

impl PatternSpec {
    pub fn kind(&self) -> PatternKind {
        match self {
            Self::Equipment(_) => PatternKind::Equipment,
            Self::Episode(_) => PatternKind::Episode,
        }
    }

    /// Unique within its kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Equipment(body) => &body.name,
            Self::Episode(body) => &body.name,
        }
    }

    pub fn category(&self) -> &str {
        match self {
            Self::Equipment(body) => &body.category,
            Self::Episode(body) => &body.category,
        }
    }

    pub fn description(&self) -> &str {
        match self {
            Self::Equipment(body) => &body.description,
            Self::Episode(body) => &body.description,
        }
    }

    /// The same under another name.
    pub fn named(mut self, name: &str) -> Self {
        match &mut self {
            Self::Equipment(body) => body.name = name.to_owned(),
            Self::Episode(body) => body.name = name.to_owned(),
        }
        self
    }

    /// How often a suggestion of it is right before any evidence, 0..1.
    pub fn confidence(&self) -> f64 {
        match self {
            Self::Equipment(body) => body.confidence,
            Self::Episode(body) => body.confidence,
        }
    }
}
