//! Points that are called alike but for their numbers.

use std::collections::BTreeMap;

use crate::naming::language::is_loop;
use crate::naming::language::{TokenKind, tokenize};
use crate::naming::point::NamedPoint;
use crate::naming::structure::blank;
use crate::naming::structure::{NameKey, name_keys};

/// Fewer are not worth a question of their own.
const FEWEST: usize = 3;

/// How the names are built, as numbers: points of one template have the same.
pub fn templates(names: &[&str]) -> Vec<u32> {
    let mut numbers = BTreeMap::new();
    let number = |key: NameKey| {
        let next = numbers.len() as u32;
        *numbers.entry(key.template()).or_insert(next)
    };
    name_keys(names).into_iter().map(number).collect()
}

/// Groups of at least three among the points `alone` (by index) that are called alike, and described alike where
/// their names are a loop's: letters as TI are called so all over a plant.
pub fn look_alikes(points: &[NamedPoint], alone: &[usize]) -> Vec<Vec<usize>> {
    let names: Vec<&str> = points.iter().map(|point| point.name.as_str()).collect();
    let keys = name_keys(&names);
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for &i in alone {
        let tokens = tokenize(&keys[i].bare);
        let is_loop = is_loop(&keys[i].bare);
        let described = if is_loop { letters(&points[i].description) } else { String::new() };
        let tells_a_part = tokens.iter().any(|token| token.kind == TokenKind::Letters);
        if tells_a_part && (!is_loop || !described.is_empty()) {
            groups.entry((blank(&tokens), described)).or_default().push(i);
        }
    }
    groups.into_values().filter(|group| group.len() >= FEWEST).collect()
}

fn letters(text: &str) -> String {
    let tokens = tokenize(text).into_iter();
    let words = tokens.filter(|t| t.kind == TokenKind::Letters && t.text.len() > 1);
    words.map(|token| token.text.to_lowercase()).collect::<Vec<_>>().join(" ")
}
