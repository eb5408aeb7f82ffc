//! ISA-5.1 tags: letters for what is measured and what is done with it, a loop number, an attribute.

use super::lexicon::{Word, lexicon};
use super::token::{Token, TokenKind, tokenize};

/// A tag read as ISA-5.1.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::naming) struct IsaTag {
    /// Index of the letters' token.
    pub letters: usize,
    /// What it may measure; several where the letter is a matter of agreement.
    pub quantities: Vec<Vec<Word>>,
    /// What kind of value it is, by its function letters and its attribute.
    pub kind: Vec<Word>,
}

/// Finds the first token that reads as ISA letters and is followed by a loop number.
pub(in crate::naming) fn isa_tag(tokens: &[Token]) -> Option<IsaTag> {
    let lexicon = lexicon();
    for (i, pair) in tokens.windows(2).enumerate() {
        let (letters, number) = (&pair[0], &pair[1]);
        let candidate = letters.kind == TokenKind::Letters
            && number.kind == TokenKind::Digits
            && number.text.len() >= 3
            && (1..=4).contains(&letters.text.len())
            && letters.text.chars().all(|c| c.is_ascii_uppercase());
        if !candidate {
            continue;
        }
        let Some((first, function)) = split(&letters.text) else { continue };
        let quantities = lexicon.isa_first.get(first)?.clone();
        let mut kind = lexicon.isa_function.get(function).cloned().unwrap_or_default();
        // The attribute stands at the end: TIC_101.SP, TC1012SP, and also K of XS607_R.
        let attribute = tokens[i + 2..].iter().rev().find(|t| t.kind == TokenKind::Letters);
        if let Some(words) = attribute.and_then(|a| attribute_words(&a.text)) {
            kind.extend(words);
        }
        return Some(IsaTag { letters: i, quantities, kind });
    }
    None
}

/// Whether a name is that of a loop: TIC-101, 12_FI_2601.PV.
pub fn is_loop(name: &str) -> bool {
    isa_tag(&tokenize(name)).is_some()
}

/// Whether letters are the attribute of a loop, such as SP.
pub(in crate::naming) fn is_attribute(text: &str) -> bool {
    lexicon().isa_attribute.contains_key(&text.to_uppercase())
}

fn attribute_words(text: &str) -> Option<&'static Vec<Word>> {
    let upper = text.to_uppercase();
    let lexicon = lexicon();
    // A letter that tells parallel machines apart may stand before it: 2601BSP.
    lexicon
        .isa_attribute
        .get(&upper)
        .or_else(|| upper.get(1..).and_then(|rest| lexicon.isa_attribute.get(rest)))
}

/// Splits ISA letters into the measured variable and its function; `None` if they are something else.
fn split(letters: &str) -> Option<(&str, &str)> {
    let lexicon = lexicon();
    for length in [2, 1] {
        let (Some(first), Some(function)) = (letters.get(..length), letters.get(length..)) else { continue };
        if !lexicon.isa_first.contains_key(first) {
            continue;
        }
        let two_letters_alone = function.is_empty() && length == 2 && letters.len() == 2;
        if two_letters_alone || lexicon.isa_function.contains_key(function) {
            return Some((first, function));
        }
    }
    None
}
