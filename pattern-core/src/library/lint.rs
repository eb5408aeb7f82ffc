use std::collections::BTreeSet;
use std::fmt;

use super::{PatternSpec, RoleSpec};
use crate::{
    domain::text::{DESCRIPTION, SHORT_NAME, UNIT},
    units,
};

/// Something about a pattern that a person should mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub pattern: String,
    pub role: Option<String>,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.role {
            Some(role) => write!(f, "pattern '{}', role '{role}': {}", self.pattern, self.message),
            None => write!(f, "pattern '{}': {}", self.pattern, self.message),
        }
    }
}

/// Everything wrong with these patterns; empty when they can be loaded.
pub fn lint(patterns: &[PatternSpec]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    for pattern in patterns {
        let mut found = |role: Option<&str>, message: String| {
            let role = role.map(str::to_owned);
            problems.push(Problem { pattern: pattern.name.clone(), role, message });
        };
        if pattern.name.trim().is_empty() {
            found(None, "has no name; give it one".into());
        }
        texts_of_pattern(pattern).for_each(|problem| found(None, problem));
        if !names.insert((pattern.kind.as_str(), pattern.name.as_str())) {
            found(None, "occurs twice; rename one or remove it".into());
        }
        if pattern.category.trim().is_empty() {
            found(None, "has no category; give it one (Pump, Tank, …)".into());
        }
        if !(0.05..=0.95).contains(&pattern.confidence) {
            found(None, format!("confidence {} is not between 0.05 and 0.95", pattern.confidence));
        }
        if pattern.roles.is_empty() {
            found(None, "has no role; a pattern needs at least one".into());
        }
        if !pattern.roles.iter().any(|role| role.required) {
            found(None, "has no required role; mark what it cannot be without".into());
        }
        let mut roles = BTreeSet::new();
        for role in &pattern.roles {
            let name = Some(role.name.as_str());
            texts_of_role(role).for_each(|problem| found(name, problem));
            if role.name.trim().is_empty() {
                found(name, "has no name; give it one".into());
            }
            if !roles.insert(role.name.to_lowercase()) {
                found(name, "occurs twice; rename one or remove it".into());
            }
            if !(role.weight > 0.0 && role.weight <= 10.0) {
                found(name, format!("weight {} is not between 0 and 10", role.weight));
            }
            if let Some(unit) = role.unit.as_deref().filter(|unit| units::parse(unit).is_none()) {
                found(name, format!("unit '{unit}' is not known; use one of pattern-core/data/units.toml"));
            }
            match (role.min, role.max) {
                (Some(min), Some(max)) if min >= max => {
                    found(name, format!("min {min} is not below max {max}; swap or mend them"));
                }
                (Some(_), None) | (None, Some(_)) => {
                    found(name, "has only one end of its range; give both min and max, or none".into());
                }
                (Some(_), Some(_)) if role.unit.is_none() => {
                    found(name, "has a range without a unit; say in which unit min and max are".into());
                }
                _ => {}
            }
            if [role.min, role.max].into_iter().flatten().any(|end| !end.is_finite()) {
                found(
                    name,
                    "has an end of its range that is no finite number; mend it or leave both out".into(),
                );
            }
            if role.update_seconds.is_some_and(|seconds| !(seconds > 0.0 && seconds.is_finite())) {
                found(name, "update_seconds is not above 0; mend it or leave it out".into());
            }
            if role.words.iter().any(|phrase| phrase.trim().is_empty()) {
                found(name, "has an empty phrase in words; remove it".into());
            }
        }
    }
    problems
}

/// That something is missing is said in other words.
fn texts_of_pattern(pattern: &PatternSpec) -> impl Iterator<Item = String> {
    let short = SHORT_NAME.or_nothing();
    [
        ("kind", short.problem(&pattern.kind)),
        ("name", short.problem(&pattern.name)),
        ("category", short.problem(&pattern.category)),
        ("description", DESCRIPTION.problem(&pattern.description)),
        ("one of keywords", pattern.keywords.iter().find_map(|keyword| short.problem(keyword))),
    ]
    .into_iter()
    .filter_map(|(field, problem)| Some(format!("{field} {}", problem?)))
}

fn texts_of_role(role: &RoleSpec) -> impl Iterator<Item = String> {
    let short = SHORT_NAME.or_nothing();
    [
        ("name", short.problem(&role.name)),
        ("unit", role.unit.as_deref().and_then(|unit| UNIT.problem(unit))),
        ("one of words", role.words.iter().find_map(|phrase| short.problem(phrase))),
    ]
    .into_iter()
    .filter_map(|(field, problem)| Some(format!("{field} {}", problem?)))
}
