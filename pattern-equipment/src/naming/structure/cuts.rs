//! The ways to read a name as a key, which identifies the equipment, and a rest, which tells the role.

use crate::naming::language::Text;
use crate::naming::language::{Token, TokenKind, tokenize};
use crate::naming::language::{Word, WordClass, class_of};
use crate::naming::language::{is_attribute, isa_tag};

/// A way to read a name.
#[derive(Debug, Clone, Default)]
pub(in crate::naming) struct Cut {
    pub key: String,
    pub shape: String,
    pub equipment: String,
    pub rest: String,
    /// The rest without case and duplicate numbers, for comparison.
    pub rest_key: String,
    /// A cut that needs proof by repetition, since it breaks a number or a word.
    pub needs_proof: bool,
    /// The digit that would count points, and the number it was cut from.
    pub sequence: Option<(u64, u8)>,
    /// The key without the letter that tells parallel machines apart, where it was cut behind one.
    pub head: Option<String>,
    /// A number that the letters in front share: TT4001 and PT4001.
    pub is_whole_number: bool,
    /// The rest is in a folder of the equipment: AHU_901/SATE.
    pub is_folder: bool,
    /// What is before the rest would be a loop (TIC_2671) if it were small.
    pub may_be_loop: bool,
}

/// A code at the end of a name has no more parts than this before its number: AHU_SF_3.
const LONGEST_CODE: usize = 2;
/// Words that tell a role in front of the number of its machine.
const LONGEST_ROLE: usize = 4;

/// All ways to read a name; none of them where it has no number.
pub(in crate::naming) fn cuts(name: &str) -> Vec<Cut> {
    let tokens = tokenize(name);
    let mut cuts = Vec::new();
    for i in 0..tokens.len() {
        if tokens[i].kind != TokenKind::Digits {
            continue;
        }
        prefix_cuts(name, &tokens, i, &mut cuts);
        sequence_cuts(name, &tokens, i, &mut cuts);
    }
    suffix_cuts(name, &tokens, &mut cuts);
    around_cuts(name, &tokens, &mut cuts);
    cuts
}

/// A kind in front and its number at the end, around what tells the role: PUMP_FLOW_3.
fn around_cuts(name: &str, tokens: &[Token], cuts: &mut Vec<Cut>) {
    let Some((number, words)) = tokens.split_last().filter(|(t, _)| t.kind == TokenKind::Digits && !t.glued)
    else {
        return;
    };
    let first_role_word = 1.max(words.len().saturating_sub(LONGEST_ROLE))..words.len();
    for role in first_role_word.filter(|&i| words[i].kind == TokenKind::Letters && !words[i].glued) {
        let has_number = words[role..].iter().any(|t| t.kind == TokenKind::Digits);
        if has_number || words[role - 1].kind == TokenKind::Digits {
            continue;
        }
        let (kind, rest) = (&words[..role], &name[words[role].start..words[words.len() - 1].end()]);
        cuts.push(Cut {
            key: format!("{}|^{}", normal(kind), normal(std::slice::from_ref(number))),
            shape: format!("{}|^#", blank(kind)),
            equipment: format!("{}{}", &name[..words[role].start], number.text),
            rest: rest.to_owned(),
            rest_key: rest_key(rest),
            needs_proof: true,
            ..Cut::default()
        });
    }
}

/// A code with a number at the end of a name, with the letter that tells parallel machines apart and before an
/// attribute: DISCH_PRESS_P101A.SP.
fn suffix_cuts(name: &str, tokens: &[Token], cuts: &mut Vec<Cut>) {
    let attribute = tokens.last().filter(|t| !t.glued && is_attribute(&t.text));
    let tokens = &tokens[..tokens.len() - usize::from(attribute.is_some())];
    let attribute = attribute.map_or("", |t| &t.text);
    let unit = tokens.last().filter(|t| t.glued && t.kind == TokenKind::Letters && t.text.len() == 1);
    let Some(number) = tokens.len().checked_sub(1 + usize::from(unit.is_some())) else { return };
    if tokens[number].kind != TokenKind::Digits {
        return;
    }
    for first in number.saturating_sub(LONGEST_CODE)..number {
        let starts = tokens[first].kind == TokenKind::Letters && !tokens[first].glued;
        let has_rest = tokens[..first].iter().any(|t| t.kind == TokenKind::Letters);
        if !starts || !has_rest || tells_a_value(&tokens[number - 1]) {
            continue;
        }
        let code = &tokens[first..];
        let rest = format!("{}{attribute}", &name[..tokens[first].start]);
        cuts.push(Cut {
            key: format!("^{}", normal(code)),
            shape: format!("^{}", blank(&tokens[first..=number])),
            equipment: name[tokens[first].start..tokens[tokens.len() - 1].end()].to_owned(),
            rest_key: rest_key(&rest),
            rest,
            needs_proof: true,
            ..Cut::default()
        });
    }
}

/// Everything up to a number, with or without the letter that tells parallel machines apart.
fn prefix_cuts(name: &str, tokens: &[Token], i: usize, cuts: &mut Vec<Cut>) {
    let rest_tokens = &tokens[i + 1..];
    if !rest_tokens.iter().any(|t| t.kind == TokenKind::Letters) {
        return;
    }
    let head = &tokens[..=i];
    // A number alone in front of a loop is the area's: 18_TIC_1902.
    if head.iter().all(|t| t.kind == TokenKind::Digits) && isa_tag(rest_tokens).is_some() {
        return;
    }
    cuts.push(Cut {
        key: normal(head),
        shape: blank(head),
        equipment: name[..tokens[i].end()].to_owned(),
        rest: name[tokens[i].end()..].to_owned(),
        rest_key: rest_key(&name[tokens[i].end()..]),
        is_folder: is_in_folder(&name[tokens[i].end()..]),
        may_be_loop: reads_as_loop(head),
        ..Cut::default()
    });
    let next = &tokens[i + 1];
    if !(next.glued && next.kind == TokenKind::Letters) {
        return;
    }
    let letter = next.text.chars().next().filter(char::is_ascii_alphabetic);
    let Some(letter) = letter else { return };
    let rest = &name[next.start + 1..];
    if rest.chars().any(char::is_alphanumeric) {
        cuts.push(Cut {
            key: format!("{}{}", normal(head), letter.to_ascii_lowercase()),
            shape: format!("{}@", blank(head)),
            equipment: name[..=next.start].to_owned(),
            rest: rest.to_owned(),
            rest_key: rest_key(rest),
            needs_proof: next.text.len() > 1,
            is_folder: is_in_folder(rest),
            head: Some(normal(head)),
            may_be_loop: reads_as_loop(head),
            ..Cut::default()
        });
    }
}

/// Whether a word is what is measured, or what kind of value: no machine is called FLOW 3. Short codes (P, FT) may
/// be machines all the same.
fn tells_a_value(word: &Token) -> bool {
    let of_value = |w: &Word| matches!(class_of(*w), WordClass::Quantity | WordClass::Modifier);
    let meanings = Text::new(&word.text).tokens.into_iter().flat_map(|token| token.meanings);
    word.text.len() > 2 && meanings.into_iter().any(|meaning| meaning.words.iter().any(of_value))
}

/// Letters, then a number whose last digit counts points: TT6071, TT601C1.
fn sequence_cuts(name: &str, tokens: &[Token], i: usize, cuts: &mut Vec<Cut>) {
    let number = &tokens[i].text;
    let Some(letters) = i.checked_sub(1).map(|l| &tokens[l]).filter(|t| t.kind == TokenKind::Letters) else {
        return;
    };
    // Only letters of ISA-5.1 directly in front of the number vary within a piece of equipment: PMP-001
    // and HX-001 are two.
    let is_tag = tokens[i].glued && reads_as_loop(&tokens[..=i]);
    if number.len() < 3 || !number.is_ascii() || !is_tag {
        return;
    }
    let area = &tokens[..i - 1];
    let mut push = |identity: &str, shape: String, sequence: &str, tail: &str| {
        let counted = identity.parse().ok().zip(sequence.parse().ok().filter(|d| *d < 10));
        cuts.push(Cut {
            key: format!("{}~{}", normal(area), identity.to_lowercase()),
            shape: format!("{}~{shape}", blank(area)),
            rest: format!("{}{sequence}{tail}", letters.text),
            rest_key: format!("{}{sequence}{}", letters.text.to_lowercase(), rest_key(tail)),
            needs_proof: true,
            sequence: counted,
            is_whole_number: sequence.is_empty(),
            ..Cut::default()
        });
    };
    let tail = &name[tokens[i].end()..];
    if number.len() >= 4 {
        let (identity, sequence) = number.split_at(number.len() - 1);
        push(identity, "#".repeat(identity.len()), sequence, tail);
    }
    if tail.is_empty() || is_attribute(tail.trim_start_matches(|c: char| !c.is_alphanumeric())) {
        push(number, "#".repeat(number.len()), "", tail);
    }
    let letters_behind = |t: &&Token| t.glued && t.text.is_ascii();
    let Some(unit) = tokens.get(i + 1).filter(letters_behind) else { return };
    // XS601CST belongs to FT601C1: its attribute stands directly behind the unit's letter.
    let behind = &name[unit.start + 1..];
    // And XS601A_R, where something separates it.
    let apart = tokens.get(i + 2).is_some_and(|next| !next.glued);
    if is_attribute(&unit.text[1..]) || unit.text.len() == 1 && apart {
        let identity = format!("{number}{}", &unit.text[..1]);
        push(&identity, format!("{}@", "#".repeat(number.len())), "", behind);
    }
    if let Some(sequence) = tokens.get(i + 2)
        && sequence.glued
        && unit.text.len() == 1
        && sequence.text.len() <= 2
    {
        let identity = format!("{number}{}", unit.text);
        push(&identity, format!("{}@", "#".repeat(number.len())), &sequence.text, &name[sequence.end()..]);
    }
}

/// Whether letters and a number at the end of a head read as an ISA-5.1 loop.
fn reads_as_loop(head: &[Token]) -> bool {
    isa_tag(head).is_some_and(|tag| tag.letters + 2 == head.len())
}

/// Tokens in one spelling: case, separators and leading zeros do not count.
fn normal(tokens: &[Token]) -> String {
    let parts = tokens.iter().map(|t| match t.kind {
        TokenKind::Letters => t.text.to_lowercase(),
        TokenKind::Digits => t.text.trim_start_matches('0').to_owned(),
    });
    parts.collect::<Vec<_>>().join("|")
}

/// Tokens with their numbers blanked out.
pub(in crate::naming) fn blank(tokens: &[Token]) -> String {
    let parts = tokens.iter().map(|t| match t.kind {
        TokenKind::Letters => t.text.to_lowercase(),
        TokenKind::Digits => "#".to_owned(),
    });
    parts.collect::<Vec<_>>().join("|")
}

fn is_in_folder(rest: &str) -> bool {
    rest.starts_with(['/', '\\'])
}

pub(in crate::naming) fn rest_key(rest: &str) -> String {
    normal(&tokenize(rest))
}
