//! Places in front of names: a site or an area that many machines share (NORD.PV401INF, SUED.12_TIC_2687A.PV). What is
//! in front of all names tells no machine, and each place has a convention of its own, so the names of a place are
//! understood by themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::of_place::keys_of_place;
use crate::naming::language::Text;
use crate::naming::language::isa_tag;
use crate::naming::language::tokenize;
use crate::naming::language::{Word, WordClass, class_of};

/// A place has so many names: fewer may be one machine's.
pub(in crate::naming) const LARGE: usize = 300;
/// Where this share of all names that have a part in front is of such places, what is in front are places: PRESS_P101
/// and TEMP_P101 are of none.
const NEARLY_ALL: f64 = 0.8;
/// In a place the rests of this share of the names tell machines or loops …
const UNDERSTOOD: f64 = 0.6;
/// … and of at least so many of them.
const SEVERAL: usize = 5;
/// A site, an area of it, a unit of that.
const DEEPEST: usize = 3;

/// Length in bytes of the place in front of each name, with the separator; 0 where there is none.
pub(in crate::naming) fn places(names: &[&str]) -> Vec<usize> {
    let mut lengths = vec![0; names.len()];
    for _ in 0..DEEPEST {
        let mut within: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for (i, name) in names.iter().enumerate() {
            let (place, rest) = name.split_at(lengths[i]);
            if let Some(start) = first_segment(rest) {
                within.entry(place).or_default().entry(start).or_default().push(i);
            }
        }
        let mut found = false;
        for mut inner in within.into_values() {
            let all: usize = inner.values().map(Vec::len).sum();
            inner.retain(|start, _| !tells_something(start));
            let large: usize = inner.values().map(Vec::len).filter(|names| *names >= LARGE).sum();
            if (large as f64) < NEARLY_ALL * all as f64 {
                continue;
            }
            // Beside large places there may be small ones.
            for (start, members) in inner {
                let behind = |&i: &usize| &names[i][lengths[i] + start.len()..];
                if is_place(&members.iter().map(behind).collect::<Vec<_>>()) {
                    members.iter().for_each(|&i| lengths[i] += start.len());
                    found = true;
                }
            }
        }
        if !found {
            break;
        }
    }
    lengths
}

/// A name up to its first separator, or separators.
fn first_segment(name: &str) -> Option<&str> {
    let is_separator = |c: char| !c.is_alphanumeric();
    let segment = name.trim_start_matches(is_separator);
    let rest = segment[segment.find(is_separator)?..].trim_start_matches(is_separator);
    (!rest.is_empty()).then(|| &name[..name.len() - rest.len()])
}

/// Whether the vocabulary knows a word of it: a place has a name of its own.
fn tells_something(start: &str) -> bool {
    let of_machine =
        |w: &Word| !matches!(class_of(*w), WordClass::Place | WordClass::Filler | WordClass::Other);
    let words = Text::new(start).tokens.into_iter().filter(|token| token.text.len() > 2);
    let mut meanings = words.flat_map(|token| token.meanings);
    meanings.any(|meaning| meaning.words.iter().any(of_machine))
}

/// Whether what is in front of these rests is a place: behind it there are machines still.
fn is_place(rests: &[&str]) -> bool {
    let most = UNDERSTOOD * rests.len() as f64;
    let is_loop: Vec<bool> = rests.iter().map(|rest| isa_tag(&tokenize(rest)).is_some()).collect();
    // Numbers belong to what is in front of them: AHU_3_SAT.
    let is_whole = |(rest, is_loop): &(&&str, &bool)| **is_loop || rest.starts_with(char::is_alphabetic);
    if (rests.iter().zip(&is_loop).filter(is_whole).count() as f64) < most {
        return false;
    }
    let keys = keys_of_place(rests);
    let machines: BTreeSet<&str> = keys.iter().filter_map(|key| key.key.as_deref()).collect();
    let understood =
        keys.iter().zip(&is_loop).filter(|(key, is_loop)| key.key.is_some() || **is_loop).count();
    let loops = is_loop.iter().filter(|is_loop| **is_loop).count();
    understood as f64 >= most && machines.len().max(loops) >= SEVERAL
}
