//! Names, descriptions and phrases as words of the vocabulary, and how well a phrase is found in a text.

use super::abbreviation::abbreviates;
use super::isa::isa_tag;
use super::lexicon::{Meaning, Word, WordClass, lexicon};
use super::token::{Token, TokenKind, tokenize};

/// A token with what it may mean.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextToken {
    /// Lower case.
    pub text: String,
    pub meanings: Vec<Meaning>,
    /// Whether the vocabulary has it as it stands.
    pub known: bool,
    /// Whether it tells nothing about this point alone: its siblings have it too.
    pub common: bool,
}

/// Tokens in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Text {
    pub tokens: Vec<TextToken>,
}

/// What is known of a point in words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PointWords {
    pub name: Text,
    pub description: Text,
    /// What ISA-5.1 letters say: one text per possible measured variable.
    pub isa: Vec<Text>,
}

/// A role's name or another way to say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    words: Vec<PhraseWord>,
}

#[derive(Debug, Clone, PartialEq)]
struct PhraseWord {
    text: String,
    word: Option<Word>,
    weight: f32,
}

/// The words of a point.
pub fn words(name: &str, description: &str) -> PointWords {
    PointWords { name: Text::new(name), description: Text::new(description), isa: isa_texts(name) }
}

fn isa_texts(name: &str) -> Vec<Text> {
    let Some(tag) = isa_tag(&tokenize(name)) else { return Vec::new() };
    tag.quantities
        .iter()
        .map(|quantity| {
            let words = quantity.iter().chain(&tag.kind);
            Text { tokens: words.map(|word| TextToken::of(*word)).collect() }
        })
        .collect()
}

impl Text {
    pub fn new(text: &str) -> Self {
        let tokens = tokenize(text);
        let letters = tokens.iter().enumerate().filter(|(_, t)| t.kind == TokenKind::Letters);
        Self { tokens: letters.map(|(i, t)| TextToken::new(&with_digit(&tokens, i, t))).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Whether anything in it has a meaning of its own.
    pub fn tells_something(&self) -> bool {
        self.tokens.iter().any(|t| !t.common && !t.meanings.is_empty())
    }
}

/// `co2` and `o2` are words although digits end them.
fn with_digit(tokens: &[Token], i: usize, token: &Token) -> String {
    let lower = token.text.to_lowercase();
    match tokens.get(i + 1) {
        Some(next) if next.glued && next.kind == TokenKind::Digits => {
            let whole = format!("{lower}{}", next.text);
            if lexicon().meanings(&whole).is_empty() { lower } else { whole }
        }
        _ => lower,
    }
}

/// What is left of a phrase where the text says that it is the other one.
const DENIED: f32 = 0.4;
const SURELY: f32 = 0.8;
/// Below this certainty a guess at an abbreviation is not one.
const GUESS_FLOOR: f32 = 0.7;

impl TextToken {
    fn new(text: &str) -> Self {
        let text = text.to_lowercase();
        let known = lexicon().meanings(&text);
        let (meanings, known) =
            if known.is_empty() { (guesses(&text), false) } else { (known.to_vec(), true) };
        Self { text, meanings, known, common: false }
    }

    fn of(word: Word) -> Self {
        let text = lexicon().text(word).to_owned();
        let meanings = vec![Meaning { words: vec![word], certainty: 0.9 }];
        Self { text, meanings, known: true, common: false }
    }

    pub fn means(&self, word: Word) -> f32 {
        let lexicon = lexicon();
        let word = lexicon.canonical(word);
        let certain = |m: &Meaning| m.words.iter().any(|w| lexicon.canonical(*w) == word);
        self.meanings.iter().filter(|m| certain(m)).map(|m| m.certainty).fold(0.0, f32::max)
    }

    /// What the token tells, for the benefit of the doubt its most harmless meaning.
    fn penalty_if_unexplained(&self) -> f32 {
        if self.common || self.text.len() == 1 {
            return 1.0;
        }
        let lexicon = lexicon();
        let of_word = |word: &Word| match lexicon.class(*word) {
            WordClass::Modifier => 0.35,
            WordClass::Quantity => 0.5,
            WordClass::Place | WordClass::Part => 0.65,
            WordClass::Equipment | WordClass::Filler => 1.0,
            WordClass::Other => 0.95,
        };
        let of_meaning = |m: &Meaning| m.words.iter().map(of_word).fold(1.0, f32::min);
        self.meanings.iter().map(of_meaning).reduce(f32::max).unwrap_or(0.95)
    }
}

/// What a token outside of the vocabulary may be short for, or be put together from.
fn guesses(token: &str) -> Vec<Meaning> {
    let lexicon = lexicon();
    if token.len() < 3 {
        return Vec::new();
    }
    let mut found: Vec<Meaning> = lexicon
        .all_words()
        .map(|(word, text)| Meaning { words: vec![word], certainty: 0.95 * abbreviates(token, text) })
        .filter(|m| m.certainty >= GUESS_FLOOR)
        .collect();
    found.sort_by(|a, b| b.certainty.total_cmp(&a.certainty).then(a.words.cmp(&b.words)));
    found.truncate(3);
    if found.first().is_none_or(|m| m.certainty < 0.85)
        && let Some(words) = compound(token)
    {
        found.insert(0, Meaning { words, certainty: 0.85 });
    }
    found
}

/// Two or three known spellings glued together, such as `outlpress`.
fn compound(token: &str) -> Option<Vec<Word>> {
    let lexicon = lexicon();
    if !token.is_ascii() || token.len() < 5 {
        return None;
    }
    let known = |part: &str| -> Option<Vec<Word>> {
        let sure = lexicon.meanings(part).first().filter(|m| m.certainty >= 0.7 && part.len() >= 2)?;
        Some(sure.words.clone())
    };
    let mut best: Option<(usize, Vec<Word>)> = None;
    for cut in 2..token.len() - 1 {
        let (Some(mut left), Some(right)) = (known(&token[..cut]), known(&token[cut..])) else { continue };
        let shorter = cut.min(token.len() - cut);
        if best.as_ref().is_none_or(|(length, _)| shorter > *length) {
            left.extend(right);
            best = Some((shorter, left));
        }
    }
    best.filter(|(shorter, _)| *shorter >= 3 || token.len() <= 6).map(|(_, words)| words)
}

impl Phrase {
    pub fn new(text: &str) -> Self {
        let lexicon = lexicon();
        let mut words: Vec<PhraseWord> = Vec::new();
        let mut push = |text: &str, word: Option<Word>| {
            let weight = match word.map(|w| lexicon.class(w)) {
                Some(WordClass::Filler) => 0.25,
                Some(WordClass::Modifier) => 1.3,
                _ => 1.0,
            };
            if !words.iter().any(|w| w.text == text) {
                words.push(PhraseWord { text: text.to_owned(), word, weight });
            }
        };
        for part in text.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()) {
            let lower = part.to_lowercase();
            if let Some(word) = lexicon.word(&lower) {
                push(&lower, Some(word));
                continue;
            }
            // A letter alone tells parallel things apart: Pitch Angle A.
            if lower.len() == 1 {
                push(&lower, None);
                continue;
            }
            // An abbreviation in a phrase means what it means most surely.
            let meanings = lexicon.meanings(&lower);
            match meanings.iter().max_by(|a, b| a.certainty.total_cmp(&b.certainty)) {
                Some(meaning) => {
                    for word in &meaning.words {
                        push(lexicon.text(*word), Some(*word));
                    }
                }
                None => push(&lower, None),
            }
        }
        Self { words }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether the text has every word of it, well told.
    pub fn found_in(&self, text: &Text) -> bool {
        let told = |word: &PhraseWord| text.tokens.iter().any(|token| word.found_in(token) >= 0.7);
        !self.words.is_empty() && self.words.iter().all(told)
    }

    pub fn contains(&self, word: Word) -> bool {
        self.words.iter().any(|w| w.word.is_some_and(|w| lexicon().canonical(w) == lexicon().canonical(word)))
    }

    /// How well a text says this and nothing else, 0..1.
    pub fn score(&self, text: &Text) -> f32 {
        if self.words.is_empty() || text.is_empty() {
            return 0.0;
        }
        let mut found = vec![0.0_f32; self.words.len()];
        let mut explained = vec![false; text.tokens.len()];
        for (t, token) in text.tokens.iter().enumerate() {
            for (w, word) in self.words.iter().enumerate() {
                let quality = word.found_in(token);
                if quality >= 0.4 {
                    explained[t] = true;
                }
                found[w] = found[w].max(quality);
            }
            if let Some(qualities) = self.glued(token) {
                let gains = qualities.iter().zip(&found).any(|(new, old)| new > old);
                explained[t] |= gains;
                for (old, new) in found.iter_mut().zip(qualities) {
                    *old = old.max(new);
                }
            }
        }
        let whole: f32 = self.words.iter().map(|w| w.weight).sum();
        let got: f32 = self.words.iter().zip(&found).map(|(w, q)| w.weight * q).sum();
        let recall = (got / whole).powf(1.5);
        let unexplained: f32 = text
            .tokens
            .iter()
            .zip(&explained)
            .filter(|(_, explained)| !**explained)
            .map(|(token, _)| token.penalty_if_unexplained())
            .product();
        recall * unexplained * if self.is_denied_by(text) { DENIED } else { 1.0 }
    }

    /// NDE is the end that is not the drive's, although it says all of "drive end".
    fn is_denied_by(&self, text: &Text) -> bool {
        let Some(non) = lexicon().word("non") else { return false };
        !self.contains(non) && text.tokens.iter().any(|token| token.means(non) >= SURELY)
    }

    /// Quality per word where the token is pieces of several of the words in their order (`disp`, `fr`).
    fn glued(&self, token: &TextToken) -> Option<Vec<f32>> {
        let letters = token.text.as_str();
        let sure = token.known && token.meanings.iter().any(|m| m.certainty > 0.9);
        if sure || self.words.len() < 2 || !(2..=14).contains(&letters.len()) || !letters.is_ascii() {
            return None;
        }
        let mut best: Option<(f32, Vec<f32>)> = None;
        let mut pieces = vec![0.0; self.words.len()];
        self.glue(letters, 0, &mut pieces, &mut best);
        best.map(|(_, pieces)| pieces)
    }

    fn glue(&self, rest: &str, from: usize, pieces: &mut Vec<f32>, best: &mut Option<(f32, Vec<f32>)>) {
        if rest.is_empty() {
            let used = pieces.iter().filter(|q| **q > 0.0).count();
            let total: f32 = pieces.iter().sum();
            if used >= 2 && best.as_ref().is_none_or(|(t, _)| total > *t) {
                *best = Some((total, pieces.clone()));
            }
            return;
        }
        for w in from..self.words.len() {
            for cut in 1..=rest.len() {
                let quality = self.words[w].piece(&rest[..cut]);
                if quality > 0.3 {
                    pieces[w] = quality;
                    self.glue(&rest[cut..], w + 1, pieces, best);
                    pieces[w] = 0.0;
                }
            }
        }
    }
}

impl PhraseWord {
    fn found_in(&self, token: &TextToken) -> f32 {
        if token.text == self.text {
            return 1.0;
        }
        let by_meaning = self.word.map_or(0.0, |word| token.means(word));
        // A token that means something known is less likely to be a private abbreviation.
        let trust = if token.known { 0.5 } else { 0.9 };
        let by_letters =
            if token.text.len() >= 2 { trust * abbreviates(&token.text, &self.text) } else { 0.0 };
        by_meaning.max(by_letters)
    }

    /// How well a piece of a glued token stands for this word.
    fn piece(&self, piece: &str) -> f32 {
        let spelling = self.word.is_some_and(|w| lexicon().spellings(w).iter().any(|s| s == piece));
        if spelling {
            return match piece.len() {
                1 => 0.5,
                2 => 0.75,
                _ => 0.95,
            };
        }
        if piece.len() == 1 {
            return if self.text.starts_with(piece) { 0.42 } else { 0.0 };
        }
        0.95 * abbreviates(piece, &self.text)
    }
}
