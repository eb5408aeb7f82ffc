//! Which part of a name identifies the equipment: inferred per site, because conventions differ.
//!
//! A cut of a name into key and rest is right where the same rests come back under many keys of the same
//! shape: `PMP16 | FLOW` because PMP14 has a FLOW too, `S1-17 | CTL FLOW MIN` because every box has one.
//! That also tells sequence digits (TT6071 → 607 | TT 1) from plain loop numbers (FI-101).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::isa::{is_attribute, isa_tag};
use super::token::{Token, TokenKind, tokenize};

/// What the structure of a site's names says about one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameKey {
    /// Identity of the equipment, normalised; `None` where the name has none.
    pub key: Option<String>,
    /// The key with its numbers blanked out: what look-alikes share.
    pub shape: String,
    /// The part of the name that the key is, as it is written; empty where it is not in one piece.
    pub equipment: String,
    /// What is left of the name: the part that tells the role.
    pub rest: String,
}

#[derive(Debug, Clone)]
struct Cut {
    key: String,
    shape: String,
    equipment: String,
    rest: String,
    /// The rest without case and duplicate numbers, for comparison.
    rest_key: String,
    /// A cut that needs proof by repetition, since it breaks a number or a word.
    needs_proof: bool,
    /// The digit that would count points, and the number it was cut from.
    sequence: Option<(u64, u8)>,
    /// The key without the letter that tells parallel machines apart, where it was cut behind one.
    head: Option<String>,
    /// A number that the letters in front share: TT4001 and PT4001.
    is_whole_number: bool,
    /// What is before the rest would be a loop (TIC_2671) if it were small.
    may_be_loop: bool,
}

/// Rests that come back under fewer keys than this do not prove a cut that needs proof.
const PROOF: f64 = 1.5;
/// A loop has up to this many attributes; equipment with a tag like a loop's has more points.
const LOOP_ATTRIBUTES: usize = 4;
/// A number that different letters share is equipment from this many points on. Fewer only have the same place in
/// the sequences of two machines: FT2023 of pump 202, VT2023 of its motor.
const WHOLE_NUMBER: usize = 4;
/// A code at the end of a name has no more parts than this before its number: AHU_SF_3.
const LONGEST_CODE: usize = 2;
/// The least score of a cut: below it a key is an area rather than a piece of equipment.
const LEAST: f64 = 0.3;

/// Keys for all names of a data source.
pub fn name_keys(names: &[&str]) -> Vec<NameKey> {
    let cuts: Vec<Vec<Cut>> = names.iter().map(|name| cuts(name)).collect();
    let mut keys_of_rest: HashMap<(&str, &str), BTreeSet<&str>> = HashMap::new();
    for cut in cuts.iter().flatten() {
        keys_of_rest.entry((&cut.shape, &cut.rest_key)).or_default().insert(&cut.key);
    }
    // Per key: how often its rests come back elsewhere (mean of logarithms), and how many points it has.
    let mut groups: HashMap<&str, (f64, usize)> = HashMap::new();
    for cut in cuts.iter().flatten() {
        let reuse = keys_of_rest[&(cut.shape.as_str(), cut.rest_key.as_str())].len() as f64;
        let group = groups.entry(&cut.key).or_default();
        group.0 += reuse.ln();
        group.1 += 1;
    }
    let running = running_numbers(&cuts);
    let unit_lettered = unit_lettered(&cuts);
    cuts.iter()
        .zip(names)
        .map(|(cuts, name)| {
            let scored = cuts.iter().filter_map(|cut| {
                let (sum, size) = groups[cut.key.as_str()];
                let reuse = sum / size as f64;
                let lettered = cut.head.as_deref().is_some_and(|head| unit_lettered.contains(head));
                let proven = !cut.needs_proof || lettered || reuse >= PROOF.ln();
                let smallest = match cut {
                    cut if cut.may_be_loop => LOOP_ATTRIBUTES + 1,
                    cut if cut.is_whole_number => WHOLE_NUMBER,
                    _ => 2,
                };
                let score = reuse + size_bonus(size);
                let refused = running.contains(cut.key.as_str()) || unit_lettered.contains(cut.key.as_str());
                let fits = size >= smallest && proven && score > LEAST && !refused;
                fits.then_some((score, cut))
            });
            // On a tie the longer key is the more careful answer.
            match scored.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.key.len().cmp(&b.1.key.len()))) {
                Some((_, cut)) => NameKey {
                    key: Some(cut.key.clone()),
                    shape: cut.shape.clone(),
                    equipment: cut.equipment.clone(),
                    rest: cut.rest.clone(),
                },
                None => {
                    NameKey { shape: blank(&tokenize(name)), rest: (*name).to_owned(), ..NameKey::default() }
                }
            }
        })
        .collect()
}

/// Keys behind which nearly every rest begins with one of few letters, first of the alphabet, each of
/// them often: the letters tell parallel machines apart (P503A, P503B) and are no part of the rest.
fn unit_lettered(cuts: &[Vec<Cut>]) -> BTreeSet<&str> {
    let mut letters: HashMap<&str, (usize, BTreeMap<char, usize>)> = HashMap::new();
    for cut in cuts.iter().flatten() {
        let letter = cut.head.as_ref().and_then(|_| cut.key.chars().last());
        if let (Some(head), Some(letter)) = (cut.head.as_deref(), letter) {
            *letters.entry(head).or_default().1.entry(letter).or_default() += 1;
        }
    }
    for cut in cuts.iter().flatten().filter(|cut| cut.head.is_none()) {
        if let Some(entry) = letters.get_mut(cut.key.as_str()) {
            entry.0 += 1;
        }
    }
    // A loop with a letter at each of its points (TIC_2687A, TIC_2687B) is one loop of several machines.
    let mut parallel: HashMap<&str, (usize, BTreeSet<&str>)> = HashMap::new();
    for cut in cuts.iter().flatten().filter(|cut| cut.may_be_loop && !cut.needs_proof) {
        if let Some(head) = cut.head.as_deref() {
            let entry = parallel.entry(head).or_default();
            entry.0 += 1;
            entry.1.insert(&cut.key);
        }
    }
    let is_parallel = |head: &str, size: usize| {
        parallel.get(head).is_some_and(|(points, keys)| keys.len() > 1 && points * 10 >= size * 9)
    };
    let few_first_letters = |size: usize, letters: &BTreeMap<char, usize>| {
        let often: usize = letters.iter().filter(|(l, n)| **l <= 'j' && **n >= 3).map(|(_, n)| n).sum();
        let kinds = letters.values().filter(|n| **n >= 3).count();
        kinds >= 2 && kinds * 3 <= size && often * 10 >= size * 9
    };
    letters
        .into_iter()
        .filter(|(head, (size, letters))| few_first_letters(*size, letters) || is_parallel(head, *size))
        .map(|(head, _)| head)
        .collect()
}

/// Keys whose sequence digits are plain running numbers: all ten digits occur, or the digits go on where
/// the key before ends.
fn running_numbers(cuts: &[Vec<Cut>]) -> BTreeSet<&str> {
    let mut digits: BTreeMap<(&str, u64), (&str, BTreeSet<u8>)> = BTreeMap::new();
    for cut in cuts.iter().flatten() {
        if let Some((identity, digit)) = cut.sequence {
            let entry = digits.entry((&cut.shape, identity)).or_insert_with(|| (&cut.key, BTreeSet::new()));
            entry.1.insert(digit);
        }
    }
    let goes_on = |shape: &str, identity: u64, seen: &BTreeSet<u8>| {
        let before = identity.checked_sub(1).and_then(|before| digits.get(&(shape, before)));
        seen.contains(&0) && before.is_some_and(|(_, before)| before.contains(&9))
    };
    digits
        .iter()
        .filter(|((shape, identity), (_, seen))| seen.len() == 10 || goes_on(shape, *identity, seen))
        .map(|(_, (key, _))| *key)
        .collect()
}

/// Equipment has a handful to some dozens of points; whole areas have hundreds.
fn size_bonus(size: usize) -> f64 {
    let size = size as f64;
    0.5 * size.min(12.0).ln() - (size.max(40.0) / 40.0).ln()
}

fn cuts(name: &str) -> Vec<Cut> {
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
    cuts
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
        if !starts || !tokens[..first].iter().any(|t| t.kind == TokenKind::Letters) {
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
            sequence: None,
            head: None,
            is_whole_number: false,
            may_be_loop: false,
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
        needs_proof: false,
        sequence: None,
        head: None,
        is_whole_number: false,
        may_be_loop: reads_as_loop(head),
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
            sequence: None,
            head: Some(normal(head)),
            is_whole_number: false,
            may_be_loop: reads_as_loop(head),
        });
    }
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
            equipment: String::new(),
            rest: format!("{}{sequence}{tail}", letters.text),
            rest_key: format!("{}{sequence}{}", letters.text.to_lowercase(), rest_key(tail)),
            needs_proof: true,
            sequence: counted,
            head: None,
            is_whole_number: sequence.is_empty(),
            may_be_loop: false,
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
    let Some(unit) = tokens.get(i + 1).filter(|t| t.glued && t.text.is_ascii()) else { return };
    // XS601CST belongs to FT601C1: its attribute stands directly behind the unit's letter.
    if unit.text.len() > 1 && is_attribute(&unit.text[1..]) {
        let identity = format!("{number}{}", &unit.text[..1]);
        push(&identity, format!("{}@", "#".repeat(number.len())), "", &name[unit.start + 1..]);
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

fn blank(tokens: &[Token]) -> String {
    let parts = tokens.iter().map(|t| match t.kind {
        TokenKind::Letters => t.text.to_lowercase(),
        TokenKind::Digits => "#".to_owned(),
    });
    parts.collect::<Vec<_>>().join("|")
}

fn rest_key(rest: &str) -> String {
    normal(&tokenize(rest))
}
