//! How well each text says each role, remembered: similar points are told in the same words.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::naming::{Phrase, PointWords, Text};
use pattern_core::units::Unit;

/// What the descriptions of similar points are worth beside the point's own.
const BORROWED: f64 = 0.85;

/// A text that says no role better than this tells nothing of its unit.
const TELLS: f32 = 0.5;
/// And says the roles that come so near to its best one.
const AS_WELL: f32 = 0.9;

/// The wordings of all roles of a library. A role goes by its number, its place among them.
#[derive(Default)]
pub(in crate::matching) struct Wordings {
    phrases: Vec<Vec<Phrase>>,
    units: Vec<Option<Unit>>,
    /// Per text the score of every role, 0..1.
    known: Mutex<HashMap<Text, Arc<[f32]>>>,
}

/// How well the texts about a point say each role.
#[derive(Default)]
pub(in crate::matching) struct Said {
    /// Scores of every role per text, and what that text is worth.
    texts: Vec<(Arc<[f32]>, f64)>,
    /// Scores of every role by the point's own description, where that tells something.
    description: Option<Arc<[f32]>>,
    /// The name where it is a short code without meaning: its letters still may begin those of a phrase.
    letters: Option<Arc<[f32]>>,
}

impl Wordings {
    /// Takes in the ways to say a role, and answers its number.
    pub fn add<'a>(&mut self, texts: impl IntoIterator<Item = &'a String>, unit: Option<Unit>) -> usize {
        self.units.push(unit);
        let phrases = texts.into_iter().map(|text| Phrase::new(text)).filter(|p| !p.is_empty());
        self.phrases.push(phrases.collect());
        self.phrases.len() - 1
    }

    /// Whether what a text is most likely about is measured in this unit; `None` where it tells too little.
    fn is_measured_in(&self, text: &Text, unit: Unit) -> Option<bool> {
        if !text.tells_something() {
            return None;
        }
        let scores = self.scores(text);
        let best = scores.iter().copied().fold(0.0, f32::max);
        if best < TELLS {
            return None;
        }
        let of_best = scores.iter().zip(&self.units).filter(|(score, _)| **score >= AS_WELL * best);
        let measured: Vec<bool> =
            of_best.filter_map(|(_, wanted)| Some(unit.measures_as((*wanted)?))).collect();
        (!measured.is_empty()).then(|| measured.contains(&true))
    }

    /// Whether a point's description is of something else: its unit contradicts, and its name agrees with that.
    fn is_misplaced(&self, words: &PointWords, borrowed: Option<&Text>, unit: Unit) -> bool {
        let others = words.isa.iter().chain([&words.name]).chain(borrowed);
        self.is_measured_in(&words.description, unit) == Some(false)
            && others.filter_map(|text| self.is_measured_in(text, unit)).any(|fits| fits)
    }

    /// `borrowed`: what the descriptions of similar points say.
    pub fn said_of(&self, words: &PointWords, borrowed: Option<&Text>, unit: Option<Unit>) -> Said {
        let misplaced = unit.filter(|unit| self.is_misplaced(words, borrowed, *unit));
        let description = words.description.tells_something().then(|| match misplaced {
            Some(unit) => self.measured_in(&self.scores(&words.description), unit),
            None => self.scores(&words.description),
        });
        // Similar points speak for a point that nobody described.
        let undescribed = description.is_none() || misplaced.is_some();
        let fits = |text: &&Text| unit.is_none_or(|unit| self.is_measured_in(text, unit) != Some(false));
        let borrowed = borrowed.filter(|_| undescribed).filter(fits).map(|text| (text, BORROWED));
        let isa = words.isa.iter().map(|text| (text, 0.8));
        let texts = [(&words.name, 1.0)].into_iter().chain(borrowed).chain(isa);
        let texts = texts.filter(|(text, _)| text.tells_something());
        let is_code = !words.name.tells_something() && !words.name.is_empty();
        Said {
            description,
            texts: texts.map(|(text, worth)| (self.scores(text), worth)).collect(),
            letters: is_code.then(|| self.scores(&words.name)),
        }
    }

    /// Only what is measured in this unit, or in none.
    fn measured_in(&self, scores: &[f32], unit: Unit) -> Arc<[f32]> {
        let fits = |wanted: &Option<Unit>| wanted.is_none_or(|wanted| unit.measures_as(wanted));
        scores
            .iter()
            .zip(&self.units)
            .map(|(score, wanted)| if fits(wanted) { *score } else { 0.0 })
            .collect()
    }

    fn scores(&self, text: &Text) -> Arc<[f32]> {
        // A thread that panicked left nothing half done here.
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scores) = known().get(text) {
            return scores.clone();
        }
        let best =
            |phrases: &Vec<Phrase>| phrases.iter().map(|phrase| phrase.score(text)).fold(0.0, f32::max);
        let scores: Arc<[f32]> = self.phrases.iter().map(best).collect();
        known().insert(text.clone(), scores.clone());
        scores
    }
}

impl Said {
    /// How well the best of these roles is described, 0..1.
    pub fn described(&self, numbers: impl Iterator<Item = usize>) -> f64 {
        let Some(scores) = &self.description else { return 0.0 };
        numbers.map(|number| f64::from(scores[number])).fold(0.0, f64::max)
    }

    /// How well they say this role, 0..1; `None` where they say nothing at all. `best` is how well the description
    /// says what it says best.
    pub fn role(&self, number: usize, best: f64) -> Option<f64> {
        let described = self.description.as_ref().map(|scores| f64::from(scores[number]));
        let rest = 1.0 - (best - described.unwrap_or(0.0)).max(0.0);
        let texts = self.texts.iter().map(|(scores, worth)| rest * worth * f64::from(scores[number]));
        let letters = self.letters.iter().map(|scores| 0.8 * rest * f64::from(scores[number]));
        let letters = letters.filter(|score| *score > 0.2);
        let (mut strongest, mut second) = (None, 0.0);
        for score in texts.chain(described).chain(letters) {
            let before = strongest.unwrap_or(0.0);
            second = f64::max(second, score.min(before));
            strongest = Some(before.max(score));
        }
        strongest.map(|strongest| strongest + (1.0 - strongest) * 0.4 * second)
    }
}
