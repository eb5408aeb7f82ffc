//! In which order to ask: what teaches most comes first.

use pattern_core::domain::Purpose;
use pattern_equipment::matching::Family;
use pattern_store::{NewSuggestion, SettledQuestions};
use std::collections::{HashMap, HashSet};

use crate::knowledge::Knowledge;

/// What an answer leaves to learn about the families of its points. To hear that a point plays no role is an
/// answer too, and so is a rejection: whoever rejected one would reject the others.
const LEFT: f64 = 0.3;
/// What an answer is worth that only confirms what is certain.
const CONFIRMED: f64 = 0.02;

/// How often points of a family were answered about.
#[derive(Clone, Copy, Default)]
struct AnswerCounts {
    answered: i32,
    excluded: i32,
}

/// Gives the questions their priority, and lets go of those that are asked for the sake of the answer and would teach
/// least, where there are more than the limit. Each question counts what the ones before it leave to learn, so that two
/// of a family are not asked in a row.
pub(super) fn by_lesson(
    known: &Knowledge,
    settled: &SettledQuestions,
    mut questions: Vec<NewSuggestion>,
    learning_limit: usize,
) -> Vec<NewSuggestion> {
    let mut answers: HashMap<Family, AnswerCounts> = HashMap::new();
    for (family, _) in settled.answered_points().filter_map(|point| known.family(point)) {
        answers.entry(family).or_default().answered += 1;
    }
    for (family, _) in settled.excluded_points().iter().filter_map(|point| known.family(*point)) {
        answers.entry(family).or_default().excluded += 1;
    }
    let mut lessons: Vec<HashMap<Family, f64>> =
        questions.iter().map(|question| lessons(known, &answers, question)).collect();
    let mut asked = Vec::with_capacity(questions.len());
    let mut learning = 0;
    while !questions.is_empty() {
        let worth = |lessons: &HashMap<Family, f64>| lessons.values().sum::<f64>();
        let best = (0..questions.len())
            .max_by(|&a, &b| {
                let order = worth(&lessons[a]).total_cmp(&worth(&lessons[b]));
                order.then_with(|| questions[b].subject.id.cmp(&questions[a].subject.id))
            })
            .unwrap_or(0);
        let taught = lessons.swap_remove(best);
        let mut question = questions.swap_remove(best);
        question.priority = worth(&taught);
        if only_teaches(&question) {
            learning += 1;
            if learning > learning_limit {
                continue;
            }
        }
        for lessons in &mut lessons {
            lessons.retain(|family, _| !taught.contains_key(family));
        }
        asked.push(question);
    }
    asked
}

/// Asked for the sake of the answer, not because it is likely right.
fn only_teaches(question: &NewSuggestion) -> bool {
    let is_about_look_alikes = question.scores.part("cohesion").is_none();
    question.purpose == Purpose::Learning || question.purpose == Purpose::NewPattern && is_about_look_alikes
}

/// How many points each part of an answer would teach about, those that are sure already counting less. A
/// question that is likely to be rejected teaches little: that some points are not this says not what they are.
/// Points that belong together can be told what they are, though less easily where the proposal is wrong.
fn lessons(
    known: &Knowledge,
    answers: &HashMap<Family, AnswerCounts>,
    question: &NewSuggestion,
) -> HashMap<Family, f64> {
    let mut lessons: HashMap<Family, f64> = HashMap::new();
    // Look-alikes have no cohesion: none of them needs to belong to another.
    let answered = question.scores.part("cohesion").unwrap_or(1.0) * (1.0 + question.confidence) / 2.0;
    let mut points = HashSet::new();
    for point in question.members.iter().filter(|point| points.insert(**point)) {
        let Some((family, size)) = known.family(*point) else { continue };
        let counts = answers.get(&family).copied().unwrap_or_default();
        // Who took some out of their machines would take the others out: that still does not say what they are.
        let excluded = if question.scores.part("cohesion").is_some() { counts.excluded } else { 0 };
        let untold = size * LEFT.powi(counts.answered + excluded);
        let doubt = 1.0 - question.fits.get(point).copied().unwrap_or(0.0);
        let worth = lessons.entry(family).or_default();
        *worth = worth.max(answered * untold * doubt.max(CONFIRMED));
    }
    lessons
}
