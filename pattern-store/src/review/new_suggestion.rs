use pattern_core::domain::{Content, Purpose, Scores, Subject};
use pattern_core::library::PatternSpec;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A proposal of a matching run.
#[derive(Debug, Clone)]
pub struct NewSuggestion {
    pub subject: Subject,
    /// `None` only with purpose `new_pattern`, which then has a `draft`.
    pub pattern: Option<(Uuid, i64)>,
    pub purpose: Purpose,
    /// How much the answer would teach.
    pub priority: f64,
    pub confidence: f64,
    pub scores: Scores,
    pub reason: String,
    /// What the question is about, as a set: it is known by it, whatever id its subject has later.
    pub members: Vec<Uuid>,
    /// What is asked of them.
    pub content: Content,
    /// How well each member fits that, 0..1.
    pub fits: BTreeMap<Uuid, f64>,
    /// The pattern that an approval would make.
    pub draft: Option<PatternSpec>,
}
