use std::collections::BTreeMap;

use super::keys::name_keys;
use crate::naming::language::{Token, TokenKind, tokenize};

/// What a group of points is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub text: String,
    /// It only lists the points, and is no name for a machine.
    pub lists_points: bool,
}

/// What a person would call each group of points, no two alike: the part that most of its names begin
/// with, without the folders before it where that still is unique; else the part that they end with; else the
/// number that they share, with what they begin with; else the first of them and how many more. Groups that share no name.
pub fn labels(groups: &[Vec<&str>]) -> Vec<Label> {
    let candidates: Vec<Vec<String>> = groups.iter().map(|names| candidates(names)).collect();
    let mut chosen = vec![0; groups.len()];
    loop {
        let label = |group: usize| candidates[group][chosen[group]].as_str();
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for group in 0..groups.len() {
            *count.entry(label(group)).or_default() += 1;
        }
        let longer: Vec<usize> = (0..groups.len())
            .filter(|&group| count[label(group)] > 1 && chosen[group] + 1 < candidates[group].len())
            .collect();
        if longer.is_empty() {
            let last = |group: usize| chosen[group] + 1 == candidates[group].len();
            return (0..groups.len())
                .map(|group| Label {
                    text: label(group).to_owned(),
                    lists_points: last(group) && groups[group].len() > 1,
                })
                .collect();
        }
        for group in longer {
            chosen[group] += 1;
        }
    }
}

/// From the shortest label to one that no other group can have.
fn candidates(names: &[&str]) -> Vec<String> {
    let Some(first) = names.iter().min() else { return vec![String::new()] };
    let mut candidates = Vec::new();
    if let Some(start) = shared_start(names) {
        candidates.extend(last_folder(start));
        candidates.push(start.to_owned());
    } else {
        let around = || shared_start_and_number(names);
        candidates.extend(shared_end(names).map(str::to_owned).or_else(around).or_else(|| shared_key(names)));
    }
    candidates.push(match names.len() {
        1 => (*first).to_owned(),
        n => format!("{first} and {} more", n - 1),
    });
    candidates.dedup();
    candidates
}

/// The longest beginning, cut at a token's end, that at least six in ten names have and that holds a number.
fn shared_start<'a>(names: &[&'a str]) -> Option<&'a str> {
    let mut starts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        for (i, token) in tokenize(name).iter().enumerate() {
            *starts.entry(&name[..token.end()]).or_default() += 1;
            // Where a letter that tells parallel machines apart is glued to the code behind it.
            let glued_code =
                i > 0 && token.glued && token.kind == TokenKind::Letters && token.text.is_ascii();
            if glued_code && token.text.len() > 1 {
                *starts.entry(&name[..=token.start]).or_default() += 1;
            }
        }
    }
    longest_of_most(starts, names.len())
}

/// The longest ending that begins with a code, as in DISCH_PRESS_P101A, and that at least six in ten names have.
fn shared_end<'a>(names: &[&'a str]) -> Option<&'a str> {
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        let codes = tokenize(name).into_iter().filter(|t| t.kind == TokenKind::Letters && !t.glued);
        codes.for_each(|token| *ends.entry(&name[token.start..]).or_default() += 1);
    }
    longest_of_most(ends, names.len())
}

/// PUMP_3 of PUMP_FLOW_3 and PUMP_SPEED_3: the longest beginning with the number at the end, of six in ten names.
fn shared_start_and_number(names: &[&str]) -> Option<String> {
    let mut frames: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        let tokens = tokenize(name);
        let Some((number, words)) =
            tokens.split_last().filter(|(t, _)| t.kind == TokenKind::Digits && !t.glued)
        else {
            continue;
        };
        let number = &name[words.last().map_or(number.start, Token::end)..];
        for word in words.iter().filter(|t| t.kind == TokenKind::Letters) {
            *frames.entry(format!("{}{number}", &name[..word.end()])).or_default() += 1;
        }
    }
    longest_of_most(frames, names.len())
}

fn longest_of_most<T: AsRef<str>>(parts: BTreeMap<T, usize>, names: usize) -> Option<T> {
    let enough = (names * 6).div_ceil(10).max(2);
    parts
        .into_iter()
        .filter(|(part, count)| *count >= enough && part.as_ref().chars().any(|c| c.is_ascii_digit()))
        .map(|(part, _)| part)
        .max_by_key(|part| part.as_ref().len())
}

fn last_folder(start: &str) -> Option<String> {
    let folder = start.rsplit(['/', '\\']).find(|part| part.chars().any(|c| c.is_ascii_digit()))?;
    Some(folder.to_owned())
}

fn shared_key(names: &[&str]) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for key in name_keys(names).into_iter().filter_map(|k| k.key) {
        *counts.entry(key).or_default() += 1;
    }
    let (key, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count * 10 >= names.len() * 6).then(|| key.replace(['~', '|'], "-").to_uppercase())
}
