//! What the words mean that a point shows: two states are 0 and 1, more are numbered in the order in which they come.

use std::collections::HashMap;

use crate::number;

/// Words that say no and yes, in the pairs in which they come.
const PAIRS: [(&str, &str); 61] = [
    ("off", "on"),
    ("false", "true"),
    ("no", "yes"),
    ("n", "y"),
    ("f", "t"),
    ("closed", "open"),
    ("close", "open"),
    ("shut", "open"),
    ("closed", "opened"),
    ("stopped", "running"),
    ("stopped", "started"),
    ("stopped", "run"),
    ("stop", "run"),
    ("stop", "start"),
    ("stop", "running"),
    ("not running", "running"),
    ("idle", "running"),
    ("off", "running"),
    ("idle", "active"),
    ("inactive", "active"),
    ("disabled", "enabled"),
    ("disable", "enable"),
    ("unoccupied", "occupied"),
    ("normal", "alarm"),
    ("ok", "alarm"),
    ("ok", "fault"),
    ("normal", "fault"),
    ("no alarm", "alarm"),
    ("no fault", "fault"),
    ("normal", "tripped"),
    ("normal", "trip"),
    ("healthy", "tripped"),
    ("healthy", "fault"),
    ("manual", "auto"),
    ("man", "auto"),
    ("manual", "automatic"),
    ("local", "remote"),
    ("low", "high"),
    ("down", "up"),
    ("absent", "present"),
    ("unlocked", "locked"),
    ("reset", "set"),
    ("de-energized", "energized"),
    ("deenergized", "energized"),
    ("aus", "ein"),
    ("zu", "auf"),
    ("falsch", "wahr"),
    ("nein", "ja"),
    ("geschlossen", "offen"),
    ("av", "på"),
    ("nei", "ja"),
    ("stengt", "åpen"),
    ("arrêt", "marche"),
    ("fermé", "ouvert"),
    ("non", "oui"),
    ("faux", "vrai"),
    ("꺼짐", "켜짐"),
    ("정지", "운전"),
    ("정지", "가동"),
    ("닫힘", "열림"),
    ("停止", "运行"),
];
/// A point that shows more holds free text, and no states.
pub const MOST_STATES: usize = 64;

/// The words of one point, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    pub words: Vec<ShownWord>,
    pub numbers: u64,
    /// It shows more words than states can be.
    pub is_free_text: bool,
}

#[derive(Debug, Clone)]
pub struct ShownWord {
    /// As it was written first.
    pub word: String,
    pub id: u32,
    pub count: u64,
    /// The file (by its place) and line where it stands first.
    pub first: (usize, u64),
}

/// What becomes of a point's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Meanings {
    /// By the id of the word; of one that is missing no value can be made.
    pub values: HashMap<u32, f64>,
    /// What 0, 1, 2 … mean, where the point shows states.
    pub states: Vec<String>,
}

impl Shown {
    /// `known` are the states that the point has from earlier imports; they keep their numbers.
    pub fn meanings(&self, known: &[String]) -> Meanings {
        let lower: Vec<String> = self.words.iter().map(|shown| shown.word.to_lowercase()).collect();
        if known.is_empty() && self.is_free_text {
            return Meanings::default();
        }
        if known.is_empty() {
            if let Some(two) = self.two_states(&lower) {
                return two;
            }
            if self.numbers == 0 && self.are_numbers() {
                return Meanings::default();
            }
            if self.numbers > 0 {
                return Meanings { values: self.sides(&lower), states: Vec::new() };
            }
        }
        self.numbered(&lower, known)
    }

    /// Whether many of the words are numbers in another dialect: spans of time, or of another decimal sign.
    fn are_numbers(&self) -> bool {
        let numbers = self.words.iter().filter(|shown| number::written_otherwise(&shown.word).is_some());
        numbers.count() * 2 >= self.words.len()
    }

    /// 0 and 1, where all words are of one pair.
    fn two_states(&self, lower: &[String]) -> Option<Meanings> {
        let has = |pair: &(&str, &str)| lower.iter().all(|word| word == pair.0 || word == pair.1);
        let pair = PAIRS.iter().find(|pair| has(pair))?;
        let values = self.values(lower, |word| Some(if word == pair.1 { 1.0 } else { 0.0 }));
        // The other state is there though it never came.
        let spelled = |state: &str| {
            let at = lower.iter().position(|word| word == state);
            at.map_or_else(|| state.to_owned(), |at| self.words[at].word.clone())
        };
        let states = if self.numbers > 0 { Vec::new() } else { vec![spelled(pair.0), spelled(pair.1)] };
        Some(Meanings { values, states })
    }

    /// Among numbers a word can only say no or yes.
    fn sides(&self, lower: &[String]) -> HashMap<u32, f64> {
        self.values(lower, |word| {
            let is_no = PAIRS.iter().any(|pair| pair.0 == word);
            let is_yes = PAIRS.iter().any(|pair| pair.1 == word);
            (is_no != is_yes).then_some(if is_yes { 1.0 } else { 0.0 })
        })
    }

    fn numbered(&self, lower: &[String], known: &[String]) -> Meanings {
        let mut states = match known {
            [] => self.no_and_yes(lower),
            known => known.to_vec(),
        };
        let mut numbers: HashMap<String, usize> =
            states.iter().enumerate().map(|(number, state)| (state.to_lowercase(), number)).collect();
        for (shown, word) in self.words.iter().zip(lower) {
            let may_be = self.numbers == 0 && number::written_otherwise(word).is_none();
            if !numbers.contains_key(word) && may_be && states.len() < MOST_STATES {
                numbers.insert(word.clone(), states.len());
                states.push(shown.word.clone());
            }
        }
        let values = self.values(lower, |word| numbers.get(word).map(|number| *number as f64));
        Meanings { values, states }
    }

    /// The two that are 0 and 1 by themselves, where both came among others.
    fn no_and_yes(&self, lower: &[String]) -> Vec<String> {
        let place = |word: &str| lower.iter().position(|shown| shown == word);
        let both = PAIRS.iter().find_map(|(no, yes)| Some([place(no)?, place(yes)?]));
        both.map_or_else(Vec::new, |both| both.map(|place| self.words[place].word.clone()).to_vec())
    }

    fn values(&self, lower: &[String], value: impl Fn(&str) -> Option<f64>) -> HashMap<u32, f64> {
        let pairs = self.words.iter().zip(lower);
        pairs.filter_map(|(shown, word)| Some((shown.id, value(word)?))).collect()
    }
}

/// Whether a word is one of those that say no or yes.
pub fn is_two_state(word: &str) -> bool {
    let word = word.to_lowercase();
    PAIRS.iter().any(|pair| pair.0 == word || pair.1 == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(words: &[&str], numbers: u64, known: &[&str]) -> (Vec<Option<f64>>, Vec<String>) {
        let shown = |(id, word): (usize, &&str)| ShownWord {
            word: (*word).to_owned(),
            id: id as u32,
            count: 1,
            first: (0, 1),
        };
        let words_shown = words.iter().enumerate().map(shown).collect();
        let shown = Shown { words: words_shown, numbers, is_free_text: words.len() > MOST_STATES };
        let known: Vec<String> = known.iter().map(|word| (*word).to_owned()).collect();
        let found = shown.meanings(&known);
        ((0..words.len()).map(|id| found.values.get(&(id as u32)).copied()).collect(), found.states)
    }

    #[test]
    fn two_states_are_no_and_yes_whichever_comes_first() {
        assert_eq!(
            meanings(&["ON", "OFF"], 0, &[]),
            (vec![Some(1.0), Some(0.0)], vec!["OFF".into(), "ON".into()])
        );
        assert_eq!(meanings(&["Running"], 0, &[]).0, [Some(1.0)]);
        assert_eq!(meanings(&["Closed", "open"], 0, &[]).0, [Some(0.0), Some(1.0)]);
    }

    #[test]
    fn several_states_are_numbered_as_they_come_and_keep_their_numbers() {
        let (values, states) = meanings(&["Auto", "Off", "Hand"], 0, &[]);
        assert_eq!(values, [Some(0.0), Some(1.0), Some(2.0)]);
        assert_eq!(states, ["Auto", "Off", "Hand"]);
        let (values, states) = meanings(&["Hand", "Service", "auto"], 0, &["Auto", "Off", "Hand"]);
        assert_eq!(values, [Some(2.0), Some(3.0), Some(0.0)]);
        assert_eq!(states, ["Auto", "Off", "Hand", "Service"]);
    }

    #[test]
    fn no_and_yes_among_others_are_still_zero_and_one() {
        let (values, states) = meanings(&["Running", "Fault", "Stopped"], 0, &[]);
        assert_eq!(values, [Some(1.0), Some(2.0), Some(0.0)]);
        assert_eq!(states, ["Stopped", "Running", "Fault"]);
    }

    #[test]
    fn a_third_state_leaves_the_first_two_as_they_were() {
        let (_, two) = meanings(&["ON", "OFF"], 0, &[]);
        let known: Vec<&str> = two.iter().map(String::as_str).collect();
        assert_eq!(meanings(&["ON", "FAULT"], 0, &known).0, [Some(1.0), Some(2.0)]);
    }

    #[test]
    fn among_numbers_only_no_and_yes_are_values() {
        let (values, states) = meanings(&["ON", "false", "Open", "12x", "Auto"], 5, &[]);
        assert_eq!(values, [Some(1.0), Some(0.0), Some(1.0), None, Some(1.0)]);
        assert_eq!(states, Vec::<String>::new());
    }

    #[test]
    fn free_text_is_no_state() {
        let words: Vec<String> = (0..65).map(|i| format!("operator's note {i}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert!(meanings(&words, 0, &[]).0.iter().all(Option::is_none));
    }
}
