use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::lint::{self, Findings};
use crate::domain::{
    Direction,
    text::{NAME, SHORT_NAME},
};

/// What a kind of event looks like: which points of a data source change their behaviour when it happens. The name is
/// unique within the kind `episode`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodePattern {
    pub name: String,
    #[serde(default = "event")]
    pub category: String,
    #[serde(default)]
    pub description: String,
    /// Prior confidence, 0..1: how often a suggestion of it is right before any evidence.
    pub confidence: f64,
    /// Whose points `changes` names.
    pub data_source: String,
    /// From its first change to its last, in seconds.
    pub within_seconds: f64,
    pub changes: Vec<EpisodeChange>,
}

/// A point that changes when it happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeChange {
    /// Its name.
    pub point: String,
    pub direction: Direction,
    /// In which share of the occurrences it did, 0..1.
    pub share: f64,
    /// How long after the first change, in seconds: the median of the occurrences.
    pub after_seconds: f64,
}

impl EpisodePattern {
    /// What a person should mend of its changes.
    pub(super) fn lint(&self, found: &mut Findings) {
        for problem in lint::texts([("data_source", NAME.problem(&self.data_source))]) {
            found.of_pattern(problem);
        }
        if !(self.within_seconds >= 0.0 && self.within_seconds.is_finite()) {
            found.of_pattern(format!("within_seconds {} is no length of time; mend it", self.within_seconds));
        }
        if self.changes.is_empty() {
            found.of_pattern("has no change; name a point that changes when it happens".into());
        }
        let mut points = BTreeSet::new();
        for change in &self.changes {
            let mut problem = |message| found.of_part("point", &change.point, message);
            if let Some(text) = SHORT_NAME.or_nothing().problem(&change.point) {
                problem(text);
            }
            if !points.insert(&change.point) {
                problem("occurs twice; remove one".into());
            }
            if !(change.share > 0.0 && change.share <= 1.0) {
                problem(format!("share {} is not above 0 and at most 1", change.share));
            }
            if !(change.after_seconds >= 0.0 && change.after_seconds.is_finite()) {
                problem(format!("after_seconds {} is no length of time; mend it", change.after_seconds));
            } else if change.after_seconds > self.within_seconds {
                let within = self.within_seconds;
                problem(format!(
                    "after_seconds {} is beyond within_seconds {within}; mend one",
                    change.after_seconds
                ));
            }
        }
    }
}

fn event() -> String {
    "Event".into()
}
