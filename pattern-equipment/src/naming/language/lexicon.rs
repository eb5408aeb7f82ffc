//! The vocabulary, read from `data/lexicon.toml` once.

use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// A word of the vocabulary by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(pub(in crate::naming) u32);

/// What a word tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WordClass {
    Quantity,
    Place,
    Modifier,
    Part,
    Equipment,
    Filler,
    /// Not in the vocabulary.
    Other,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    quantity: BTreeMap<String, Vec<String>>,
    place: BTreeMap<String, Vec<String>>,
    modifier: BTreeMap<String, Vec<String>>,
    part: BTreeMap<String, Vec<String>>,
    equipment: BTreeMap<String, Vec<String>>,
    filler: BTreeMap<String, Vec<String>>,
    synonym: BTreeMap<String, String>,
    acronym: BTreeMap<String, Vec<String>>,
    isa_first: BTreeMap<String, Vec<String>>,
    isa_function: BTreeMap<String, String>,
    isa_attribute: BTreeMap<String, String>,
}

/// What a token may mean: one or several words in a row, and how sure that is, 0..1.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    pub words: Vec<Word>,
    pub certainty: f32,
}

// A certainty is a number, never NaN.
impl Eq for Meaning {}

impl std::hash::Hash for Meaning {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.words.hash(state);
        self.certainty.to_bits().hash(state);
    }
}

/// What a word of the vocabulary tells.
pub fn class_of(word: Word) -> WordClass {
    lexicon().class(word)
}

/// Whether the vocabulary has this lower-case word or abbreviation.
pub fn is_known(text: &str) -> bool {
    !lexicon().meanings(text).is_empty()
}

pub(in crate::naming) struct Lexicon {
    texts: Vec<String>,
    classes: Vec<WordClass>,
    /// A synonym's canonical word; itself for all others.
    canonical: Vec<Word>,
    by_text: HashMap<String, Word>,
    meanings: HashMap<String, Vec<Meaning>>,
    /// Spellings per word, the word itself first.
    spellings: Vec<Vec<String>>,
    pub isa_first: BTreeMap<String, Vec<Vec<Word>>>,
    pub isa_function: BTreeMap<String, Vec<Word>>,
    pub isa_attribute: BTreeMap<String, Vec<Word>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let text = include_str!("../../../data/lexicon.toml");
    Lexicon::new(toml::from_str(text).expect("the shipped lexicon is read by a test"))
});

pub(in crate::naming) fn lexicon() -> &'static Lexicon {
    &LEXICON
}

impl Lexicon {
    fn new(file: File) -> Self {
        let mut lexicon = Self {
            texts: Vec::new(),
            classes: Vec::new(),
            canonical: Vec::new(),
            by_text: HashMap::new(),
            meanings: HashMap::new(),
            spellings: Vec::new(),
            isa_first: BTreeMap::new(),
            isa_function: BTreeMap::new(),
            isa_attribute: BTreeMap::new(),
        };
        let classes = [
            (WordClass::Quantity, file.quantity),
            (WordClass::Place, file.place),
            (WordClass::Modifier, file.modifier),
            (WordClass::Part, file.part),
            (WordClass::Equipment, file.equipment),
            (WordClass::Filler, file.filler),
        ];
        let mut abbreviations: BTreeMap<String, Vec<Word>> = BTreeMap::new();
        for (class, words) in classes {
            for (text, short) in words {
                let word = lexicon.add(&text, class);
                for spelling in short {
                    lexicon.spellings[word.0 as usize].push(spelling.clone());
                    abbreviations.entry(spelling).or_default().push(word);
                }
            }
        }
        for (text, same) in &file.synonym {
            let (word, canonical) =
                (lexicon.add(text, WordClass::Other), lexicon.add(same, WordClass::Other));
            lexicon.canonical[word.0 as usize] = canonical;
        }
        for (spelling, words) in abbreviations {
            // An abbreviation of several words means each of them less surely.
            let certainty = [0.97, 0.85, 0.75, 0.7][words.len().min(4) - 1];
            let meanings = lexicon.meanings.entry(spelling).or_default();
            meanings.extend(words.into_iter().map(|w| Meaning { words: vec![w], certainty }));
        }
        for (letters, phrases) in file.acronym {
            let meanings: Vec<Meaning> = phrases
                .iter()
                .map(|phrase| Meaning { words: lexicon.words_of(phrase), certainty: 0.92 })
                .collect();
            lexicon.meanings.entry(letters).or_default().extend(meanings);
        }
        for (letters, phrases) in file.isa_first {
            let words = phrases.iter().map(|p| lexicon.words_of(p)).collect();
            lexicon.isa_first.insert(letters, words);
        }
        lexicon.isa_function =
            file.isa_function.into_iter().map(|(letters, p)| (letters, lexicon.words_of(&p))).collect();
        lexicon.isa_attribute =
            file.isa_attribute.into_iter().map(|(letters, p)| (letters, lexicon.words_of(&p))).collect();
        lexicon
    }

    fn add(&mut self, text: &str, class: WordClass) -> Word {
        if let Some(word) = self.by_text.get(text) {
            return *word;
        }
        let word = Word(self.texts.len() as u32);
        self.texts.push(text.to_owned());
        self.classes.push(class);
        self.canonical.push(word);
        self.spellings.push(vec![text.to_owned()]);
        self.by_text.insert(text.to_owned(), word);
        self.meanings.entry(text.to_owned()).or_default().push(Meaning { words: vec![word], certainty: 1.0 });
        word
    }

    fn words_of(&mut self, phrase: &str) -> Vec<Word> {
        phrase.split_whitespace().map(|text| self.add(text, WordClass::Other)).collect()
    }

    pub fn canonical(&self, word: Word) -> Word {
        self.canonical.get(word.0 as usize).copied().unwrap_or(word)
    }

    pub fn class(&self, word: Word) -> WordClass {
        self.classes.get(word.0 as usize).copied().unwrap_or(WordClass::Other)
    }

    pub fn text(&self, word: Word) -> &str {
        self.texts.get(word.0 as usize).map_or("", String::as_str)
    }

    pub fn word(&self, text: &str) -> Option<Word> {
        self.by_text.get(text).copied()
    }

    /// What a lower-case token means by the vocabulary alone.
    pub fn meanings(&self, token: &str) -> &[Meaning] {
        self.meanings.get(token).map_or(&[], Vec::as_slice)
    }

    /// How people write a word, the word itself first.
    pub fn spellings(&self, word: Word) -> &[String] {
        self.spellings.get(word.0 as usize).map_or(&[], Vec::as_slice)
    }

    pub fn all_words(&self) -> impl Iterator<Item = (Word, &str)> {
        self.texts.iter().enumerate().map(|(i, text)| (Word(i as u32), text.as_str()))
    }
}
