//! Names that somebody mistyped: WT31ENN and WT30ICGP among WT301E's. A name of a form that hardly any other has is read
//! as the one name next to it that fits a machine.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::cuts::{Cut, cuts, rest_key};
use super::key::NameKey;

/// A form that no more names have may be a mistake …
const RARE: usize = 2;
/// … and one that so many have is a form of the site.
const COMMON: usize = 5;
/// Points that make a machine which a mistyped name may belong to.
const MACHINE: usize = 3;
/// Machines that have such a point.
const OTHERS: usize = 2;
/// Nobody types longer names, and the slips of one are as many as thirty times its characters.
const LONGEST: usize = 32;

/// Gives mistyped names the key that they would have. `keys` are those of the names.
pub(in crate::naming) fn mend(names: &[&str], keys: &mut [NameKey]) {
    let mut forms: HashMap<String, usize> = HashMap::new();
    names.iter().for_each(|name| *forms.entry(form(name)).or_default() += 1);
    let existing: HashSet<&str> = names.iter().copied().collect();
    let mut sizes: HashMap<String, usize> = HashMap::new();
    let mut machines_with: HashMap<(String, String), BTreeSet<String>> = HashMap::new();
    for key in keys.iter() {
        if let Some(machine) = &key.key {
            *sizes.entry(machine.clone()).or_default() += 1;
            machines_with
                .entry((key.shape.clone(), rest_key(&key.rest)))
                .or_default()
                .insert(machine.clone());
        }
    }
    let fits = |cut: &Cut| {
        let others = machines_with.get(&(cut.shape.clone(), cut.rest_key.clone())).map_or(0, BTreeSet::len);
        others >= OTHERS && sizes.get(&cut.key).is_some_and(|size| *size >= MACHINE)
    };
    let alone = |key: &NameKey| key.key.as_ref().is_none_or(|key| sizes[key] < MACHINE);
    let mended: Vec<(usize, Cut)> = (0..names.len())
        .filter(|&i| alone(&keys[i]) && names[i].is_ascii() && names[i].len() <= LONGEST)
        .filter(|&i| forms[&form(names[i])] <= RARE)
        .filter_map(|i| {
            let is_usual = |name: &String| forms.get(&form(name)).is_some_and(|count| *count >= COMMON);
            let meant = next_to(names[i]).into_iter().filter(is_usual);
            let meant = meant.filter(|name| !existing.contains(name.as_str()));
            let fitting: Vec<Cut> = meant.flat_map(|name| cuts(&name)).filter(|cut| fits(cut)).collect();
            let machines: BTreeSet<(&str, &str)> =
                fitting.iter().map(|cut| (cut.key.as_str(), cut.rest_key.as_str())).collect();
            (machines.len() == 1).then(|| (i, fitting[0].clone()))
        })
        .collect();
    for (i, cut) in mended {
        keys[i] = NameKey {
            key: Some(cut.key),
            shape: cut.shape,
            equipment: cut.equipment,
            rest: cut.rest,
            ..NameKey::default()
        };
    }
}

/// Which characters are letters, and which digits.
fn form(name: &str) -> String {
    let kind = |c: char| match c {
        c if c.is_ascii_digit() => '9',
        c if c.is_alphabetic() => 'a',
        c => c,
    };
    name.chars().map(kind).collect()
}

/// The names that one slip turns into this one: a character too much, too few, two swapped, or a letter for a digit.
/// A wrong digit among digits cannot be told from another number.
fn next_to(name: &str) -> BTreeSet<String> {
    let is_lower = name.chars().any(|c| c.is_ascii_lowercase());
    let letters = if is_lower { 'a'..='z' } else { 'A'..='Z' };
    let typed: Vec<char> = ('0'..='9').chain(letters).collect();
    let mut found = BTreeSet::new();
    for at in 0..=name.len() {
        let (before, behind) = name.split_at(at);
        found.extend(typed.iter().map(|c| format!("{before}{c}{behind}")));
        let mut rest = behind.chars();
        let Some(here) = rest.next() else { continue };
        found.insert(format!("{before}{}", rest.as_str()));
        let other_kind = typed.iter().filter(|c| c.is_ascii_digit() != here.is_ascii_digit());
        found.extend(other_kind.map(|c| format!("{before}{c}{}", rest.as_str())));
        if let Some(next) = rest.next() {
            found.insert(format!("{before}{next}{here}{}", rest.as_str()));
        }
    }
    found
}
