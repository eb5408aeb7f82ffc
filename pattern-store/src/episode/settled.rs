use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

use crate::review::{Answer, Answered, NewSuggestion};

/// From this share of common points on, two episodes are about the same.
const SAME_POINTS: f64 = 0.5;

/// The answers about the episodes of a data source. The same may happen again, and then it is asked again; what was said
/// to be nothing is nothing the next time as well.
pub(crate) struct SettledEpisodes {
    by_subject: HashMap<Uuid, Vec<(Answer, Option<Uuid>)>>,
    /// The points of what is nothing.
    nothing: Vec<BTreeSet<Uuid>>,
}

impl SettledEpisodes {
    pub fn new(answered: Vec<Answered>) -> Self {
        let mut settled = Self { by_subject: HashMap::new(), nothing: Vec::new() };
        for past in answered {
            let of_subject = settled.by_subject.entry(past.subject_id).or_default();
            of_subject.push((past.answer, past.pattern_id));
            // That it is not one kind of event says nothing about others.
            if past.answer == Answer::Rejected && past.pattern_id.is_none() {
                settled.nothing.push(past.members);
            }
        }
        settled
    }

    /// How this was answered before; `None` when it has to be asked.
    pub fn answer(&self, asked: &NewSuggestion) -> Option<Answer> {
        let pattern = asked.pattern.map(|(id, _)| id);
        let of_subject = self.by_subject.get(&asked.subject.id).into_iter().flatten();
        let past = of_subject
            .filter(|(answer, about)| *answer == Answer::Approved || *about == pattern)
            .map(|(answer, _)| *answer);
        let is_nothing =
            pattern.is_none() && self.nothing.iter().any(|points| is_same(points, &asked.members));
        past.chain(is_nothing.then_some(Answer::Rejected)).min()
    }
}

fn is_same(points: &BTreeSet<Uuid>, members: &[Uuid]) -> bool {
    let common = members.iter().filter(|member| points.contains(member)).count();
    let all = points.len() + members.len() - common;
    common as f64 >= SAME_POINTS * all as f64
}
