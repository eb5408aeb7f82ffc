use std::collections::BTreeSet;
use std::fmt;

use super::PatternSpec;
use crate::domain::{
    Word,
    text::{DESCRIPTION, SHORT_NAME},
};

/// Something about a pattern that a person should mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub pattern: String,
    /// The part of it that is meant: what it is, and its name.
    pub part: Option<(&'static str, String)>,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            Some((what, name)) => write!(f, "pattern '{}', {what} '{name}': {}", self.pattern, self.message),
            None => write!(f, "pattern '{}': {}", self.pattern, self.message),
        }
    }
}

/// The problems of one pattern, as they are found.
pub(super) struct Findings<'a> {
    pattern: &'a str,
    problems: Vec<Problem>,
}

impl Findings<'_> {
    pub fn of_pattern(&mut self, message: String) {
        self.problems.push(Problem { pattern: self.pattern.to_owned(), part: None, message });
    }

    pub fn of_part(&mut self, what: &'static str, name: &str, message: String) {
        let part = Some((what, name.to_owned()));
        self.problems.push(Problem { pattern: self.pattern.to_owned(), part, message });
    }
}

/// Everything wrong with these patterns; empty when they can be loaded.
pub fn lint(patterns: &[PatternSpec]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    for pattern in patterns {
        let mut found = Findings { pattern: pattern.name(), problems: Vec::new() };
        common(pattern, &mut found);
        if !names.insert((pattern.kind().as_str(), pattern.name())) {
            found.of_pattern("occurs twice; rename one or remove it".into());
        }
        match pattern {
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
