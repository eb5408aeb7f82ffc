//! Words of a site that were only ever told as one role: whatever ends in TRIGGER is a presence sensor, whichever room
//! the rest of its name is about.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::told::RoleOf;
use crate::naming::{Template, TokenKind, tokenize};

/// How surely a word tells a role that all of so many names of different build have with it: n / (n + this).
const DOUBT: f64 = 2.0;
/// One name proves nothing about its words.
const FEWEST: usize = 2;

/// The names of different build that were told with each word, by their roles.
#[derive(Debug, Clone, Default)]
pub(super) struct ToldWords {
    by_word: HashMap<String, BTreeMap<RoleOf, BTreeSet<Template>>>,
}

/// What a name's most telling word says.
pub(super) struct WordSays {
    pub role: RoleOf,
    /// 0..1
    pub sureness: f64,
    pub names: usize,
}

impl ToldWords {
    pub fn learn(&mut self, called: &str, template: &Template, role: &RoleOf) {
        for word in words(called) {
            self.by_word.entry(word).or_default().entry(role.clone()).or_default().insert(template.clone());
        }
    }

    /// By the word that most names were told with, all in one role.
    pub fn say(&self, called: &str) -> Option<WordSays> {
        let of_word = |word: String| {
            let (role, names) = self.by_word.get(&word).filter(|roles| roles.len() == 1)?.iter().next()?;
            (names.len() >= FEWEST).then_some((names.len(), role))
        };
        let (names, role) = words(called).into_iter().filter_map(of_word).max_by_key(|(names, _)| *names)?;
        Some(WordSays { role: role.clone(), sureness: names as f64 / (names as f64 + DOUBT), names })
    }
}

/// Single letters are what is numbered: Z4, G10.
fn words(called: &str) -> BTreeSet<String> {
    let letters = tokenize(called).into_iter().filter(|t| t.kind == TokenKind::Letters && t.text.len() > 1);
    letters.map(|token| token.text.to_lowercase()).collect()
}
