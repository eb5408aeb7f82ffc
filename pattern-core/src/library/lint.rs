use std::collections::{BTreeMap, btree_map::Entry};
use std::fmt;

use super::{PatternSpec, Written};
use crate::domain::{
    Word,
    text::{DESCRIPTION, SHORT_NAME},
};

/// Something about a pattern that a person should mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which file.
    pub origin: String,
    pub pattern: String,
    /// The part of it that is meant: what it is, and its name.
    pub part: Option<(&'static str, String)>,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: pattern '{}'", self.origin, self.pattern)?;
        if let Some((what, name)) = &self.part {
            write!(f, ", {what} '{name}'")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The problems of one pattern, as they are found.
pub(super) struct Findings<'a> {
    origin: &'a str,
    pattern: &'a str,
    problems: Vec<Problem>,
}

impl Findings<'_> {
    pub fn of_pattern(&mut self, message: String) {
        self.add(None, message);
    }

    pub fn of_part(&mut self, what: &'static str, name: &str, message: String) {
        self.add(Some((what, name.to_owned())), message);
    }

    fn add(&mut self, part: Option<(&'static str, String)>, message: String) {
        let (origin, pattern) = (self.origin.to_owned(), self.pattern.to_owned());
        self.problems.push(Problem { origin, pattern, part, message });
    }
}

/// Everything wrong with these patterns; empty when they can be loaded.
pub fn lint(patterns: &[Written]) -> Vec<Problem> {
    let mut problems = Vec::new();
    // Capitals tell no two patterns apart.
    let mut names: BTreeMap<(&str, String), &Written> = BTreeMap::new();
    for written in patterns {
        let Written { origin, spec } = written;
        let mut found = Findings { origin, pattern: spec.name(), problems: Vec::new() };
        common(spec, &mut found);
        match names.entry((spec.kind().as_str(), spec.name().to_lowercase())) {
            Entry::Vacant(new) => drop(new.insert(written)),
            Entry::Occupied(first) => {
                let Written { origin, spec } = first.get();
                let first = spec.name();
                found.of_pattern(format!("occurs twice, as '{first}' in {origin}; rename one or remove it"));
            }
        }
        match spec {
            PatternSpec::Equipment(body) => body.lint(&mut found),
            PatternSpec::Episode(body) => body.lint(&mut found),
        }
        problems.append(&mut found.problems);
    }
    problems
}

/// What patterns of every kind have.
fn common(pattern: &PatternSpec, found: &mut Findings) {
    let short = SHORT_NAME.or_nothing();
    let problems = texts([
        ("name", short.problem(pattern.name())),
        ("category", short.problem(pattern.category())),
        ("description", DESCRIPTION.problem(pattern.description())),
    ]);
    problems.into_iter().for_each(|problem| found.of_pattern(problem));
    if pattern.name().trim().is_empty() {
        found.of_pattern("has no name; give it one".into());
    }
    if pattern.category().trim().is_empty() {
        found.of_pattern("has no category; give it one (Pump, Tank, …)".into());
    }
    if !(0.05..=0.95).contains(&pattern.confidence()) {
        found.of_pattern(format!("confidence {} is not between 0.05 and 0.95", pattern.confidence()));
    }
}

/// The problems of texts, each behind the name of its field. That one is missing is said in other words.
pub(super) fn texts<const N: usize>(fields: [(&str, Option<String>); N]) -> Vec<String> {
    fields.into_iter().filter_map(|(field, problem)| Some(format!("{field} {}", problem?))).collect()
}
