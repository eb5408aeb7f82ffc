//! What a name or a description says, spelled out: `Agt_Curr` is Agitator Current.

use super::lexicon::{WordClass, class_of, lexicon};
use super::words::{Text, TextToken};

/// Readings that are tried of a text whose abbreviations mean several words.
const MOST_READINGS: usize = 64;
/// The least certainty of a reading, the product over its words.
const LEAST: f32 = 0.5;
/// More words than this are a sentence about the point rather than what it is.
const MOST_WORDS: usize = 6;
/// From so many letters on a word that the vocabulary lacks stands for itself: Batch.
const WHOLE_WORD: usize = 5;
const WHOLE_WORD_CERTAINTY: f32 = 0.8;
/// What is certain of a reading without a measured quantity and without a kind of value …
const NOTHING_MEASURED: f32 = 0.6;
/// … and of one that is no usual thing to say.
const UNUSUAL: f32 = 0.7;

/// One word or several for one token.
struct Reading {
    words: Vec<String>,
    measures: bool,
    certainty: f32,
}

/// The words that tell the point from its siblings, in full and capitalised; `None` where one of them is not
/// understood. `is_usual` says whether points are called so: it settles what an abbreviation of several words means.
pub fn spelled_out(text: &Text, is_usual: &impl Fn(&str) -> bool) -> Option<String> {
    let tokens: Vec<&TextToken> =
        text.tokens.iter().filter(|token| !token.common && token.text.len() > 1).collect();
    if tokens.is_empty() || tokens.len() > MOST_WORDS {
        return None;
    }
    let mut readings = vec![Reading { words: Vec::new(), measures: false, certainty: 1.0 }];
    for token in tokens {
        let meanings = meanings(token);
        if meanings.is_empty() {
            return None;
        }
        let with = |reading: &Reading, meaning: &Reading| {
            // MOTOR CURR MOTOR 2 says motor once.
            let new = meaning.words.iter().filter(|word| !reading.words.contains(word));
            Reading {
                words: reading.words.iter().chain(new).cloned().collect(),
                measures: reading.measures || meaning.measures,
                certainty: reading.certainty * meaning.certainty,
            }
        };
        readings = readings.iter().flat_map(|r| meanings.iter().map(move |m| with(r, m))).collect();
        readings.sort_by(|a, b| b.certainty.total_cmp(&a.certainty));
        readings.truncate(MOST_READINGS);
    }
    let judged = readings.into_iter().filter(|reading| !reading.words.is_empty()).map(|reading| {
        let said = reading.words.join(" ");
        let measured = if reading.measures { 1.0 } else { NOTHING_MEASURED };
        let usual = if is_usual(&said) { 1.0 } else { UNUSUAL };
        (reading.certainty, reading.certainty * measured * usual, said)
    });
    // Of equals the first, which is the one whose words come first in the vocabulary.
    let best = judged.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.filter(|(certainty, ..)| *certainty >= LEAST).map(|(.., said)| said)
}

/// What a token may be; the kind of equipment and words that say nothing are left out of what it is spelled as.
fn meanings(token: &TextToken) -> Vec<Reading> {
    let itself =
        Reading { words: vec![capitalised(&token.text)], measures: false, certainty: WHOLE_WORD_CERTAINTY };
    let itself = (!token.known && token.text.len() >= WHOLE_WORD).then_some(itself);
    let tells = |class: WordClass| !matches!(class, WordClass::Filler | WordClass::Equipment);
    let of_value = |class: WordClass| matches!(class, WordClass::Quantity | WordClass::Modifier);
    // A word that is written in full means nothing else.
    let in_full = token.meanings.iter().find(|meaning| meaning.certainty == 1.0);
    let meanings = in_full.map_or(token.meanings.as_slice(), std::slice::from_ref);
    meanings
        .iter()
        .map(|meaning| Reading {
            words: meaning
                .words
                .iter()
                .filter(|word| tells(class_of(**word)))
                .map(|word| capitalised(lexicon().text(*word)))
                .collect(),
            measures: meaning.words.iter().any(|word| of_value(class_of(*word))),
            certainty: meaning.certainty,
        })
        .chain(itself)
        .collect()
}

pub(crate) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
