//! The equipment that a description names.

use super::lexicon::{WordClass, lexicon};
use super::token::{Token, TokenKind, tokenize};

/// How a description tells which equipment it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::naming) enum Mention {
    /// A tag of its own: `vav-210`, `gt403`.
    Tag(String),
    /// A kind and which one of them: `pmp #5`, `fan coil a`. Unique only within an area.
    Numbered(String),
    /// A kind alone: `stripper`. Means something only where there are few of them.
    Kind(String),
}

/// The most exact mention in a description.
pub(in crate::naming) fn mention(description: &str) -> Option<Mention> {
    let tokens = tokenize(description);
    tag(description, &tokens)
        .map(Mention::Tag)
        .or_else(|| numbered(description, &tokens, equipment_word).map(Mention::Numbered))
        .or_else(|| kind(&tokens).map(Mention::Kind))
        .or_else(|| numbered(description, &tokens, unknown_word).map(Mention::Numbered))
}

fn tag(description: &str, tokens: &[Token]) -> Option<String> {
    for (i, pair) in tokens.windows(2).enumerate() {
        let (letters, number) = (&pair[0], &pair[1]);
        let between = &description[letters.end()..number.start];
        let fits = letters.kind == TokenKind::Letters
            && letters.text.len() <= 5
            && number.kind == TokenKind::Digits
            && (2..=4).contains(&number.text.len())
            && (between.is_empty() || between == "-" || between == "_");
        if fits {
            let unit = tokens.get(i + 2).filter(|t| t.glued && t.text.len() == 1);
            let unit = unit.map_or(String::new(), |t| t.text.to_lowercase());
            return Some(format!("{}{}{unit}", letters.text.to_lowercase(), number.text));
        }
    }
    None
}

fn numbered(description: &str, tokens: &[Token], word_of: fn(&str) -> Option<String>) -> Option<String> {
    const NUMBER: [&str; 4] = ["no", "nr", "num", "number"];
    let mut found = None;
    for (i, pair) in tokens.windows(2).enumerate() {
        let (mut word, id) = (&pair[0], &pair[1]);
        if i > 0 && NUMBER.contains(&word.text.to_lowercase().as_str()) {
            word = &tokens[i - 1];
        }
        let short = id.text.len() <= if id.kind == TokenKind::Digits { 3 } else { 1 };
        if word.kind != TokenKind::Letters || !short || id.glued {
            continue;
        }
        let marked = description[word.end()..id.start].contains('#');
        let Some(kind) = word_of(&word.text).or_else(|| marked.then(|| word.text.to_lowercase())) else {
            continue;
        };
        let id = id.text.trim_start_matches('0').to_lowercase();
        if marked {
            return Some(format!("{kind} {id}"));
        }
        found = Some(format!("{kind} {id}"));
    }
    found
}

fn kind(tokens: &[Token]) -> Option<String> {
    let words = tokens.iter().filter(|t| t.kind == TokenKind::Letters && t.text.len() >= 4);
    words.filter_map(|t| equipment_word(&t.text)).next()
}

/// Not a word of the vocabulary, or one that stands for several (AHU).
fn unknown_word(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let is_unknown = lexicon().meanings(&lower).iter().all(|meaning| meaning.words.len() > 1);
    (is_unknown && lower.len() > 1).then_some(lower)
}

/// The kind of equipment that a word names, abbreviations included.
fn equipment_word(text: &str) -> Option<String> {
    const NUMBERED_PARTS: [&str; 6] = ["motor", "exchanger", "coil", "inverter", "compressor", "burner"];
    let lexicon = lexicon();
    let lower = text.to_lowercase();
    let meanings = lexicon.meanings(&lower);
    let best = meanings.iter().filter(|m| m.words.len() == 1).find(|m| {
        let word = m.words[0];
        lexicon.class(word) == WordClass::Equipment || NUMBERED_PARTS.contains(&lexicon.text(word))
    })?;
    Some(lexicon.text(best.words[0]).to_owned())
}
