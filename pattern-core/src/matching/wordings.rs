//! How well each text says each role, remembered: look-alikes are told in the same words.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::naming::{Phrase, PointWords, Text};

/// What the descriptions of look-alikes are worth beside the point's own.
const BORROWED: f64 = 0.85;

/// The wordings of all roles of a library. A role goes by its number, its place among them.
#[derive(Default)]
pub(super) struct Wordings {
    phrases: Vec<Vec<Phrase>>,
    /// Per text the score of every role, 0..1.
    known: Mutex<HashMap<Text, Arc<[f32]>>>,
}

/// How well the texts about a point say each role.
#[derive(Default)]
pub(super) struct Said {
    /// Scores of every role per text, and what that text is worth.
    texts: Vec<(Arc<[f32]>, f64)>,
    /// The name where it is a short code without meaning: its letters still may begin those of a phrase.
    letters: Option<Arc<[f32]>>,
}

impl Wordings {
    /// Takes in the ways to say a role, and answers its number.
    pub fn add<'a>(&mut self, texts: impl IntoIterator<Item = &'a String>) -> usize {
        let phrases = texts.into_iter().map(|text| Phrase::new(text)).filter(|p| !p.is_empty());
        self.phrases.push(phrases.collect());
        self.phrases.len() - 1
    }

    /// `borrowed`: what the descriptions of look-alikes say.
    pub fn said_of(&self, words: &PointWords, borrowed: Option<&Text>) -> Said {
        let own = [(&words.description, 1.0), (&words.name, 1.0)];
        // Look-alikes speak for a point that nobody described.
        let borrowed = borrowed.filter(|_| !words.description.tells_something()).map(|text| (text, BORROWED));
        let isa = words.isa.iter().map(|text| (text, 0.8));
        let texts = own.into_iter().chain(borrowed).chain(isa).filter(|(text, _)| text.tells_something());
        let is_code = !words.name.tells_something() && !words.name.is_empty();
        Said {
            texts: texts.map(|(text, worth)| (self.scores(text), worth)).collect(),
            letters: is_code.then(|| self.scores(&words.name)),
        }
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
    /// How well they say this role, 0..1; `None` where they say nothing at all.
    pub fn role(&self, number: usize) -> Option<f64> {
        let mut found: Vec<f64> =
            self.texts.iter().map(|(scores, worth)| worth * f64::from(scores[number])).collect();
        let letters = self.letters.iter().map(|scores| 0.8 * f64::from(scores[number]));
        found.extend(letters.filter(|score| *score > 0.2));
        found.sort_by(|a, b| b.total_cmp(a));
        let strongest = *found.first()?;
        let second = found.get(1).copied().unwrap_or(0.0);
        Some(strongest + (1.0 - strongest) * 0.4 * second)
    }
}
