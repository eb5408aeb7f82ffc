//! Which roles reviewers confirmed, and how far that speaks for other points.

use std::collections::HashMap;
use uuid::Uuid;

use super::confirmed_words::ConfirmedWords;
use super::manner::{Manner, behave_alike};
use super::resemblance::{Trigrams, resemblance};
use super::votes::{Call, RoleOf, Votes};
use crate::naming::Template;

/// Everything that reviewers confirmed at a site.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfirmedRoles {
    calls: Vec<ConfirmedRole>,
    by_template: HashMap<Template, Vec<usize>>,
    by_shape: HashMap<String, Vec<usize>>,
    /// One call of each template, for points that only resemble it.
    templates: Vec<usize>,
    words: ConfirmedWords,
}

/// A point that an answer was about.
#[derive(Debug, Clone)]
struct ConfirmedRole {
    call: Call,
    role: RoleOf,
    answer: Uuid,
}

/// Points called less alike than this have nothing to do with each other.
const RESEMBLES: f32 = 0.5;
/// What a similar point with a description says about a point without one, and the other way round: what is said of
/// the point itself counts more than its name.
const DESCRIBED: f64 = 0.9;
const UNDESCRIBED: f64 = 0.1;
/// And where the descriptions have nothing in common: ZC4124 may be the damper, and ZC4125 the valve.
const DESCRIBED_OTHERWISE: f64 = 0.1;
/// Likeness of descriptions from which they begin to say the same, and from which they do.
const SAME_WORDS: (f32, f32) = (0.85, 0.97);
/// The votes that names of the same letters have together beside those that are built alike: the first few of these
/// may just have been numbered so (FC6155SP and FC6145SP of two boxes).
const RELATIVES: f64 = 3.0;
/// What similar points of other numbers say beside those of the same one, 12_TIC_2687A beside 12_TIC_2687B: units that
/// stand in parallel share the number.
const OTHER_NUMBER: f64 = 0.2;
/// What a point says about one whose name only has the same letters.
const SAME_LETTERS: f64 = 0.8;

impl ConfirmedRoles {
    pub fn learn(&mut self, call: Call, role: RoleOf, answer: Uuid) {
        let index = self.calls.len();
        let alike = self.by_template.entry(call.template.clone()).or_default();
        if alike.is_empty() && call.part.is_some() {
            self.templates.push(index);
        }
        self.words.learn(&call.called, &call.template, &role, answer);
        alike.push(index);
        self.by_shape.entry(call.shape.clone()).or_default().push(index);
        self.calls.push(ConfirmedRole { call, role, answer });
    }

    /// Of the same template, else of names of the same letters, else of what resembles the point most.
    pub fn votes(&self, call: &Call) -> Votes {
        if let Some(alike) = self.by_template.get(&call.template) {
            let mut votes = self.count(alike, call, 1.0);
            votes.add(&self.relatives(call), RELATIVES);
            return votes;
        }
        if let Some(alike) = self.by_shape.get(&call.shape) {
            return self.count(alike, call, SAME_LETTERS);
        }
        let Some(part) = &call.part else { return Votes::default() };
        let likeness = |index: &usize| {
            let other = self.calls[*index].call.part.as_ref();
            other.map_or(0.0, |other| resemblance(part, other))
        };
        let likest = self.templates.iter().map(|index| (likeness(index), index));
        let resembling = match likest.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1))) {
            Some((likeness, nearest)) if likeness >= RESEMBLES => {
                let worth = f64::from((likeness - RESEMBLES) / (1.0 - RESEMBLES));
                let alike = &self.by_template[&self.calls[*nearest].call.template];
                self.count(alike, call, worth)
            }
            _ => Votes::default(),
        };
        // Letters of a loop say nothing beyond the machine.
        let by_word = if call.names_equipment { self.by_word(&call.called) } else { Votes::default() };
        if by_word.likeness > resembling.likeness { by_word } else { resembling }
    }

    fn by_word(&self, called: &str) -> Votes {
        let Some(says) = self.words.say(called) else { return Votes::default() };
        Votes {
            total: says.names.values().sum(),
            likeness: says.sureness,
            by_role: says.names,
            answers: says.answers,
        }
    }

    /// As `votes`, where only names count that are built alike and tell the equipment: letters of a loop are another
    /// machine's elsewhere.
    pub fn votes_elsewhere(&self, call: &Call) -> Votes {
        match self.by_template.get(&call.template) {
            Some(alike) if call.names_equipment => self.count(alike, call, 1.0),
            _ => Votes::default(),
        }
    }

    /// Of names that have the same letters, but are built otherwise.
    fn relatives(&self, call: &Call) -> Votes {
        let same_letters = self.by_shape.get(&call.shape).into_iter().flatten().copied();
        let others = same_letters.filter(|index| self.calls[*index].call.template != call.template);
        self.count(&others.collect::<Vec<_>>(), call, 1.0)
    }

    fn count(&self, alike: &[usize], call: &Call, worth: f64) -> Votes {
        let mut votes = Votes::default();
        let manners: Vec<Option<&Manner>> =
            alike.iter().map(|i| self.calls[*i].call.manner.as_ref()).collect();
        let behaving = behave_alike(call.manner.as_ref(), &manners);
        let same_number = |other: &Call| other.parallel == call.parallel;
        let any_same = alike.iter().any(|index| same_number(&self.calls[*index].call));
        for (confirmed, behaving) in alike.iter().map(|index| &self.calls[*index]).zip(behaving) {
            let ConfirmedRole { call: other, role, answer } = confirmed;
            let numbered = if any_same && !same_number(other) { OTHER_NUMBER } else { 1.0 };
            let worth = worth * numbered * said_alike(&call.description, &other.description);
            votes.likeness = votes.likeness.max(worth);
            *votes.by_role.entry(role.clone()).or_default() += worth * behaving;
            votes.total += worth * behaving;
            votes.answers.entry(role.0.clone()).or_default().insert(*answer);
        }
        votes
    }
}

/// What a similar point's role says about a point, by their descriptions, 0..1.
fn said_alike(point: &Trigrams, similar: &Trigrams) -> f64 {
    match (point.is_empty(), similar.is_empty()) {
        (true, true) => 1.0,
        (false, false) => {
            let (from, to) = SAME_WORDS;
            let same = f64::from(((resemblance(point, similar) - from) / (to - from)).clamp(0.0, 1.0));
            DESCRIBED_OTHERWISE + (1.0 - DESCRIBED_OTHERWISE) * same
        }
        (true, false) => DESCRIBED,
        (false, true) => UNDESCRIBED,
    }
}
