//! Which part of a name identifies the equipment: inferred per site, because conventions differ.
//!
//! A cut of a name into key and rest is right where the same rests come back under many keys of the same
//! shape: `PMP16 | FLOW` because PMP14 has a FLOW too, `S1-17 | CTL FLOW MIN` because every box has one.
//! That also tells sequence digits (TT6071 → 607 | TT 1) from plain loop numbers (FI-101).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cuts::{Cut, blank, cuts};
use super::key::NameKey;
use super::typos;
use crate::naming::language::tokenize;

/// Rests that come back under fewer keys than this do not prove a cut that needs proof.
pub(in crate::naming) const PROOF: f64 = 1.5;
/// A loop has up to this many attributes; equipment with a tag like a loop's has more points.
const LOOP_ATTRIBUTES: usize = 4;
/// A number that different letters share is equipment from this many points on. Fewer only have the same place in
/// the sequences of two machines: FT2023 of pump 202, VT2023 of its motor.
const WHOLE_NUMBER: usize = 4;
/// A folder inside a machine's is a machine of its own from this many points on.
const NESTED: usize = 5;
/// The least score of a cut: below it a key is an area rather than a piece of equipment.
const LEAST: f64 = 0.3;

/// Keys for bare names of one place.
pub(in crate::naming) fn keys_of_place(names: &[&str]) -> Vec<NameKey> {
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
    let mut keys: Vec<NameKey> = cuts
        .iter()
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
            let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.key.len().cmp(&b.1.key.len())));
            // A box in a folder of the air handler that feeds it is a machine of its own.
            let nested = best.filter(|(_, best)| best.is_folder).and_then(|(_, best)| {
                let inside = cuts.iter().filter(|cut| {
                    let is_machine =
                        groups[cut.key.as_str()].1 >= NESTED && !unit_lettered.contains(cut.key.as_str());
                    cut.is_folder && is_machine && cut.key.len() > best.key.len()
                });
                inside.max_by_key(|cut| cut.key.len())
            });
            match nested.or(best.map(|(_, cut)| cut)) {
                Some(cut) => NameKey {
                    key: Some(cut.key.clone()),
                    shape: cut.shape.clone(),
                    equipment: cut.equipment.clone(),
                    rest: cut.rest.clone(),
                    ..NameKey::default()
                },
                None => {
                    NameKey { shape: blank(&tokenize(name)), rest: (*name).to_owned(), ..NameKey::default() }
                }
            }
        })
        .collect();
    typos::mend(names, &mut keys);
    keys
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
