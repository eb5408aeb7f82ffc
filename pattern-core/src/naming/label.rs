use std::collections::BTreeMap;

use super::keys::name_keys;
use super::token::{TokenKind, tokenize};

/// What a person would call these points together: the part that most of the names begin with, without
/// the folders before it; else the number that they share; else the first of them and how many more.
pub fn label(names: &[&str]) -> String {
    let Some(first) = names.iter().min() else { return String::new() };
    shared_start(names).or_else(|| shared_key(names)).unwrap_or_else(|| match names.len() {
        1 => (*first).to_owned(),
        n => format!("{first} and {} more", n - 1),
    })
}

/// The longest beginning, cut at a token's end, that at least six in ten names have and that holds a number.
fn shared_start(names: &[&str]) -> Option<String> {
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
    let enough = (names.len() * 6).div_ceil(10).max(2);
    let longest = starts
        .into_iter()
        .filter(|(start, count)| *count >= enough && start.chars().any(|c| c.is_ascii_digit()))
        .max_by_key(|(start, _)| start.len())?;
    let last_folder = longest.0.rsplit(['/', '\\']).find(|part| part.chars().any(|c| c.is_ascii_digit()))?;
    Some(last_folder.to_owned())
}

fn shared_key(names: &[&str]) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for key in name_keys(names).into_iter().filter_map(|k| k.key) {
        *counts.entry(key).or_default() += 1;
    }
    let (key, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let number = key.rsplit('~').next()?.to_uppercase();
    (count * 10 >= names.len() * 6).then_some(number)
}
