//! What confirmed roles of similar points say about a point.

use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use super::manner::Manner;
use super::resemblance::Trigrams;
use crate::naming::Template;

/// A pattern and a role of it.
pub(in crate::matching) type RoleOf = (String, String);

/// How often similar points of a point were bound.
#[derive(Debug, Clone, Default)]
pub(in crate::matching) struct Votes {
    /// Bindings, those of less alike points counting less than one; for names that tell no equipment all points
    /// of that template, bound or not: that FI-101 measures a pump's flow says little about FI-204.
    pub total: f64,
    /// What the most alike of them is worth: ten that are described otherwise are still no similar point.
    pub likeness: f64,
    pub by_role: BTreeMap<RoleOf, f64>,
    /// The answers that say so, by the pattern that they gave.
    pub answers: BTreeMap<String, BTreeSet<Uuid>>,
}

/// How a point is called, as far as telling it from others goes.
#[derive(Debug, Clone)]
pub(in crate::matching) struct Call {
    pub template: Template,
    /// The whole name without its numbers.
    pub shape: String,
    /// The whole name with its numbers, a single letter behind each left open: the unit among parallel ones.
    pub parallel: String,
    /// Without numbers; empty where it has none.
    pub description: Trigrams,
    /// The rest of the name and the description, where these tell a part.
    pub called: String,
    /// The same, weighed.
    pub part: Option<Trigrams>,
    /// How it behaves, where that is known.
    pub(super) manner: Option<Manner>,
    /// The name tells which equipment the point belongs to, or at least more than the letters of a loop.
    pub names_equipment: bool,
}

/// How far one confirmed similar point closes the gap to certainty.
const FIRST: f64 = 0.7;
/// The votes that what was confirmed at other data sources has together, so that the first answer here outweighs it, and what its
/// likeness is worth.
const FOREIGN: f64 = 0.9;
const FOREIGN_LIKENESS: f64 = 0.9;

impl Votes {
    /// How far the bindings say anything about this point, 0..1.
    pub fn confirmed(&self) -> f64 {
        let bound: f64 = self.by_role.values().sum();
        if bound == 0.0 { 0.0 } else { bound / self.total * self.sureness(bound) }
    }

    /// Of a point of an equipment of this pattern: how far it is confirmed at all, and how far that it plays this role,
    /// both 0..1. Letters of a loop (FIC) may say little about the machine, but much once that is known.
    pub fn confirmed_as(&self, pattern: &str, role: &str) -> (f64, f64) {
        let of_pattern = self.by_role.iter().filter(|((of, _), _)| of == pattern);
        let bound: f64 = of_pattern.map(|(_, count)| count).sum();
        if bound == 0.0 {
            return (0.0, 0.0);
        }
        (self.sureness(bound), self.here(pattern, role) / bound * self.sureness(bound))
    }

    /// As `confirmed_as`, where it is not known yet that the equipment is of this pattern.
    pub fn confirmed_at_all(&self, pattern: &str, role: &str) -> (f64, f64) {
        let bound: f64 = self.by_role.values().sum();
        if bound == 0.0 {
            (0.0, 0.0)
        } else {
            (self.confirmed(), self.here(pattern, role) / bound * self.confirmed())
        }
    }

    /// Adds others, which are worth no more than so many votes together.
    pub fn add(&mut self, others: &Votes, most: f64) {
        let worth = (most / others.total).min(1.0);
        for (role, count) in &others.by_role {
            *self.by_role.entry(role.clone()).or_default() += worth * count;
            self.total += worth * count;
        }
        for (pattern, answers) in &others.answers {
            self.answers.entry(pattern.clone()).or_default().extend(answers);
        }
    }

    /// Adds what was confirmed at other data sources, where habits may be others.
    pub fn add_foreign(&mut self, foreign: &Votes) {
        self.add(foreign, FOREIGN);
        self.likeness = self.likeness.max(FOREIGN_LIKENESS * foreign.likeness);
    }

    fn here(&self, pattern: &str, role: &str) -> f64 {
        let found = self.by_role.iter().find(|((of, played), _)| of == pattern && played == role);
        found.map_or(0.0, |(_, count)| *count)
    }

    /// How sure so many bindings make, 0..1.
    fn sureness(&self, bindings: f64) -> f64 {
        self.likeness * (1.0 - (1.0 - FIRST).powf(bindings.min(20.0)))
    }
}
