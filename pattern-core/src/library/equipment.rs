use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::lint::{self, Findings};
use crate::{
    domain::{BehaviorClass, text::SHORT_NAME, text::UNIT},
    units,
};

/// What a kind of equipment looks like. The name is unique within the kind `equipment`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EquipmentPattern {
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

impl EquipmentPattern {
    /// Whether a person named this kind, at a site.
    pub fn is_learned(&self) -> bool {
        self.category == LEARNED
    }

    /// A pattern that a site taught.
    pub fn learned(name: &str, description: &str, roles: Vec<RoleSpec>) -> Self {
        Self {
            name: name.to_owned(),
            category: LEARNED.into(),
            description: description.to_owned(),
            confidence: LEARNED_PRIOR,
            keywords: Vec::new(),
            roles,
        }
    }
}

impl EquipmentPattern {
    /// What a person should mend of its keywords and roles.
    pub(super) fn lint(&self, found: &mut Findings) {
        let short = SHORT_NAME.or_nothing();
        if let Some(problem) = self.keywords.iter().find_map(|keyword| short.problem(keyword)) {
            found.of_pattern(format!("one of keywords {problem}"));
        }
        if self.roles.is_empty() {
            found.of_pattern("has no role; a pattern needs at least one".into());
        }
        if !self.roles.iter().any(|role| role.required) {
            found.of_pattern("has no required role; mark what it cannot be without".into());
        }
        let mut names = BTreeSet::new();
        for role in &self.roles {
            if !names.insert(role.name.to_lowercase()) {
                found.of_part("role", &role.name, "occurs twice; rename one or remove it".into());
            }
            for problem in role.problems() {
                found.of_part("role", &role.name, problem);
            }
        }
    }
}

impl RoleSpec {
    fn problems(&self) -> Vec<String> {
        let short = SHORT_NAME.or_nothing();
        let mut problems = lint::texts([
            ("name", short.problem(&self.name)),
            ("unit", self.unit.as_deref().and_then(|unit| UNIT.problem(unit))),
            ("one of words", self.words.iter().find_map(|phrase| short.problem(phrase))),
        ]);
        if self.name.trim().is_empty() {
            problems.push("has no name; give it one".into());
        }
        if !(self.weight > 0.0 && self.weight <= 10.0) {
            problems.push(format!("weight {} is not between 0 and 10", self.weight));
        }
        if let Some(unit) = self.unit.as_deref().filter(|unit| units::parse(unit).is_none()) {
            problems.push(format!("unit '{unit}' is not known; use one of pattern-core/data/units.toml"));
        }
        match (self.min, self.max) {
            (Some(min), Some(max)) if min >= max => {
                problems.push(format!("min {min} is not below max {max}; swap or mend them"));
            }
            (Some(_), None) | (None, Some(_)) => {
                problems.push("has only one end of its range; give both min and max, or none".into());
            }
            (Some(_), Some(_)) if self.unit.is_none() => {
                problems.push("has a range without a unit; say in which unit min and max are".into());
            }
            _ => {}
        }
        if [self.min, self.max].into_iter().flatten().any(|end| !end.is_finite()) {
            problems
                .push("has an end of its range that is no finite number; mend it or leave both out".into());
        }
        if self.update_seconds.is_some_and(|seconds| !(seconds > 0.0 && seconds.is_finite())) {
            problems.push("update_seconds is not above 0; mend it or leave it out".into());
        }
        if self.words.iter().any(|phrase| phrase.trim().is_empty()) {
            problems.push("has an empty phrase in words; remove it".into());
        }
        problems
    }
}

fn one() -> f64 {
    1.0
}
