//! What reviewers told about points, and how far it speaks for others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

use super::manner::{Manner, behave_alike};
use super::resemblance::{Trigrams, resemblance};
use super::told_words::ToldWords;
use crate::naming::Template;

/// A pattern and a role of it.
pub(super) type RoleOf = (String, String);

/// How often look-alikes of a point were bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Votes {
    /// Bindings, those of less alike points counting less than one; for names that tell no equipment all points
    /// of that template, bound or not: that FI-101 measures a pump's flow says little about FI-204.
    pub total: f64,
    /// What the most alike of them is worth: ten that are described otherwise are still no look-alike.
    pub likeness: f64,
    pub by_role: BTreeMap<RoleOf, f64>,
    /// The answers that say so, by the pattern that they gave.
    pub answers: BTreeMap<String, BTreeSet<Uuid>>,
}

/// How a point is called, as far as telling it from others goes.
#[derive(Debug, Clone)]
pub(super) struct Call {
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
    pub manner: Option<Manner>,
    /// The name tells which equipment the point belongs to, or at least more than the letters of a loop.
    pub names_equipment: bool,
}

/// Everything that was told at a site.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    calls: Vec<Telling>,
    by_template: HashMap<Template, Vec<usize>>,
    by_shape: HashMap<String, Vec<usize>>,
    /// One call of each template, for points that only resemble it.
    templates: Vec<usize>,
    words: ToldWords,
}

/// A point that an answer was about.
#[derive(Debug, Clone)]
struct Telling {
    call: Call,
    role: RoleOf,
    answer: Uuid,
}

/// How far one confirmed look-alike closes the gap to certainty.
const FIRST_LOOK_ALIKE: f64 = 0.7;
/// Points called less alike than this have nothing to do with each other.
const RESEMBLES: f32 = 0.5;
/// What a look-alike with a description says about a point without one, and the other way round: what is said of
/// the point itself counts more than its name.
const DESCRIBED: f64 = 0.9;
const UNDESCRIBED: f64 = 0.1;
/// And where the descriptions have nothing in common: ZC4124 may be the damper, and ZC4125 the valve.
const DESCRIBED_OTHERWISE: f64 = 0.1;
/// Likeness of descriptions from which they begin to say the same, and from which they do.
const SAME_WORDS: (f32, f32) = (0.85, 0.97);
/// The votes that names of the same letters have together beside those that are built alike: the first few of these
/// may just have been numbered so (FC6155SP and FC6145SP of two boxes).
const FAMILY: f64 = 3.0;
/// The same for what was told at other data sources, so that the first answer here outweighs it, and what its
/// likeness is worth.
const FOREIGN: f64 = 0.9;
const FOREIGN_LIKENESS: f64 = 0.9;
/// What look-alikes of other numbers say beside those of the same one, 12_TIC_2687A beside 12_TIC_2687B: units that
/// stand in parallel share the number.
const OTHER_NUMBER: f64 = 0.2;
/// What a point says about one whose name only has the same letters.
const SAME_LETTERS: f64 = 0.8;

impl Votes {
    /// How far the bindings say anything about this point, 0..1.
    pub fn told(&self) -> f64 {
        let bound: f64 = self.by_role.values().sum();
        if bound == 0.0 { 0.0 } else { bound / self.total * self.sureness(bound) }
    }

    /// Of a point of an equipment of this pattern: how far it is told at all, and how far that it plays this role,
    /// both 0..1. Letters of a loop (FIC) may say little about the machine, but much once that is known.
    pub fn told_of(&self, pattern: &str, role: &str) -> (f64, f64) {
        let of_pattern = self.by_role.iter().filter(|((of, _), _)| of == pattern);
        let bound: f64 = of_pattern.map(|(_, count)| count).sum();
        if bound == 0.0 {
            return (0.0, 0.0);
        }
        (self.sureness(bound), self.here(pattern, role) / bound * self.sureness(bound))
    }

    /// As `told_of`, where it is not known yet that the equipment is of this pattern.
    pub fn told_at_all(&self, pattern: &str, role: &str) -> (f64, f64) {
        let bound: f64 = self.by_role.values().sum();
        if bound == 0.0 { (0.0, 0.0) } else { (self.told(), self.here(pattern, role) / bound * self.told()) }
    }

    /// Adds others, which are worth no more than so many votes together.
    fn add(&mut self, others: &Votes, most: f64) {
        let worth = (most / others.total).min(1.0);
        for (role, count) in &others.by_role {
            *self.by_role.entry(role.clone()).or_default() += worth * count;
            self.total += worth * count;
        }
        for (pattern, answers) in &others.answers {
            self.answers.entry(pattern.clone()).or_default().extend(answers);
        }
    }

    /// Adds what was told at other data sources, where habits may be others.
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
        self.likeness * (1.0 - (1.0 - FIRST_LOOK_ALIKE).powf(bindings.min(20.0)))
    }
}

impl Told {
    pub fn learn(&mut self, call: Call, role: RoleOf, answer: Uuid) {
        let index = self.calls.len();
        let alike = self.by_template.entry(call.template.clone()).or_default();
        if alike.is_empty() && call.part.is_some() {
            self.templates.push(index);
        }
        self.words.learn(&call.called, &call.template, &role, answer);
        alike.push(index);
        self.by_shape.entry(call.shape.clone()).or_default().push(index);
        self.calls.push(Telling { call, role, answer });
    }

    /// Of the same template, else of names of the same letters, else of what resembles the point most.
    pub fn votes(&self, call: &Call) -> Votes {
        if let Some(alike) = self.by_template.get(&call.template) {
            let mut votes = self.count(alike, call, 1.0);
            votes.add(&self.family(call), FAMILY);
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
    fn family(&self, call: &Call) -> Votes {
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
        for (telling, behaving) in alike.iter().map(|index| &self.calls[*index]).zip(behaving) {
            let Telling { call: other, role, answer } = telling;
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

/// What a look-alike's role says about a point, by their descriptions, 0..1.
fn said_alike(point: &Trigrams, look_alike: &Trigrams) -> f64 {
    match (point.is_empty(), look_alike.is_empty()) {
        (true, true) => 1.0,
        (false, false) => {
            let (from, to) = SAME_WORDS;
            let same = f64::from(((resemblance(point, look_alike) - from) / (to - from)).clamp(0.0, 1.0));
            DESCRIBED_OTHERWISE + (1.0 - DESCRIBED_OTHERWISE) * same
        }
        (true, false) => DESCRIBED,
        (false, true) => UNDESCRIBED,
    }
}
