//! Words of a site that were mostly confirmed as one role: whatever ends in TRIGGER is a presence sensor, whichever room the
//! rest of its name is about.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

use super::votes::RoleOf;
use crate::naming::{Template, TokenKind, tokenize};

/// How surely a wording tells a role that n of m names of different build have with it: n / (m + this).
const DOUBT: f64 = 2.0;
/// One name proves nothing about its wording.
const FEWEST: usize = 2;

/// The names of different build that were confirmed with each wording, by their roles, each with the first answer about it.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfirmedWords {
    by_wording: HashMap<String, BTreeMap<RoleOf, BTreeMap<Template, Uuid>>>,
}

/// What a name's most telling wording says.
pub(super) struct WordSays {
    /// How many names with it play that role, in each pattern.
    pub names: BTreeMap<RoleOf, f64>,
    /// The answers behind these, by pattern.
    pub answers: BTreeMap<String, BTreeSet<Uuid>>,
    /// 0..1
    pub sureness: f64,
}

impl ConfirmedWords {
    pub fn learn(&mut self, called: &str, template: &Template, role: &RoleOf, answer: Uuid) {
        for wording in wordings(called) {
            self.by_wording
                .entry(wording)
                .or_default()
                .entry(role.clone())
                .or_default()
                .entry(template.clone())
                .or_insert(answer);
        }
    }

    /// By the wording that tells a role most surely.
    pub fn say(&self, called: &str) -> Option<WordSays> {
        let said = wordings(called);
        let said = said.iter().filter_map(|wording| says(self.by_wording.get(wording)?));
        said.max_by(|a, b| a.sureness.total_cmp(&b.sureness))
    }
}

fn says(roles: &BTreeMap<RoleOf, BTreeMap<Template, Uuid>>) -> Option<WordSays> {
    let all: usize = roles.values().map(BTreeMap::len).sum();
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, role), names) in roles {
        *by_name.entry(role).or_default() += names.len();
    }
    let (role, names) = by_name.into_iter().max_by_key(|(_, names)| *names)?;
    let is_telling = names >= FEWEST && 2 * names > all;
    let of_role = || roles.iter().filter(|((_, name), _)| name == role);
    let mut answers: BTreeMap<String, BTreeSet<Uuid>> = BTreeMap::new();
    for ((pattern, _), names) in of_role() {
        answers.entry(pattern.clone()).or_default().extend(names.values());
    }
    is_telling.then(|| WordSays {
        names: of_role().map(|(role, names)| (role.clone(), names.len() as f64)).collect(),
        answers,
        sureness: names as f64 / (all as f64 + DOUBT),
    })
}

/// Words, neighbours and the last word: SRVC says less than GF SRVC. Single letters are what is numbered, Z4 or G10.
fn wordings(called: &str) -> BTreeSet<String> {
    let letters = tokenize(called).into_iter().filter(|t| t.kind == TokenKind::Letters && t.text.len() > 1);
    let words: Vec<String> = letters.map(|token| token.text.to_lowercase()).collect();
    let neighbours: Vec<String> = words.windows(2).map(|pair| pair.join(" ")).collect();
    let last = words.last().map(|word| format!("{word}$"));
    words.into_iter().chain(neighbours).chain(last).collect()
}
