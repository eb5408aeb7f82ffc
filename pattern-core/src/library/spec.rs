use serde::{Deserialize, Serialize};

use crate::domain::BehaviorClass;

/// What a kind of equipment looks like. The name is unique within the kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternSpec {
    #[serde(default = "equipment")]
    pub kind: String,
    pub name: String,
    pub category: String,
    #[serde(default)]
    pub description: String,
    /// Prior confidence, 0..1: how often a suggestion of it is right before any evidence.
    pub confidence: f64,
    /// What people call it in names and descriptions: words or abbreviations, phrases with blanks.
    #[serde(default)]
    pub keywords: Vec<String>,
    pub roles: Vec<RoleSpec>,
}

/// A place that a point can take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleSpec {
    pub name: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default = "one")]
    pub weight: f64,
    /// How points in this role are named besides by the role's own name: phrases, all of whose words
    /// have to occur. Abbreviations are expanded by the lexicon.
    #[serde(default)]
    pub words: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Normal range, in `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Behaviour classes that such a point shows; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behavior: Vec<BehaviorClass>,
    /// Typical seconds between two samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_seconds: Option<f64>,
}

impl Default for RoleSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            required: false,
            weight: 1.0,
            words: Vec::new(),
            unit: None,
            min: None,
            max: None,
            behavior: Vec::new(),
            update_seconds: None,
        }
    }
}

/// What a learned pattern starts with: it was seen, but nobody has confirmed it on other equipment.
const LEARNED_PRIOR: f64 = 0.6;

const LEARNED: &str = "Learned";

impl PatternSpec {
    /// Whether a person named this kind, at a site.
    pub fn is_learned(&self) -> bool {
        self.category == LEARNED
    }

    /// A pattern that a site taught.
    pub fn learned(name: &str, description: &str, roles: Vec<RoleSpec>) -> Self {
        Self {
            kind: equipment(),
            name: name.to_owned(),
            category: LEARNED.into(),
            description: description.to_owned(),
            confidence: LEARNED_PRIOR,
            keywords: Vec::new(),
            roles,
        }
    }
}

fn equipment() -> String {
    "equipment".into()
}

fn one() -> f64 {
    1.0
}
