//! Numbers that several machines share: FT6031 and XS603ST of pump 603, II6032 of its motor, ZT6034 of valve 603.
//! The letters in front tell what is measured, so only descriptions tell the machines apart; a point without one
//! goes with those that are called as it is at the other numbers.

use std::collections::BTreeMap;

use crate::naming::language::Mention;
use crate::naming::structure::NameKey;

/// As many points have to speak of a machine before a number is split for it.
const SEVERAL: usize = 2;
/// Two words mean one machine if they are said of points that are called alike: cosine of how often each is.
const SAME_MACHINE: f64 = 0.3;
/// A name is of the machine that this share of the points called alike is said to be.
const MOSTLY: f64 = 0.6;

/// Appends the machine to the keys that several share.
pub(in crate::naming) fn split_shared_numbers(keys: &mut [NameKey], mentions: &[Option<Mention>]) {
    let mut shapes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    // Where no letters name the equipment the key is a number alone.
    for (i, key) in keys.iter().enumerate().filter(|(_, k)| k.key.is_some() && k.equipment.is_empty()) {
        shapes.entry(key.shape.clone()).or_default().push(i);
    }
    for members in shapes.values() {
        let said: BTreeMap<usize, &str> = members
            .iter()
            .filter_map(|&i| Some((i, machine(keys[i].key.as_deref()?, mentions[i].as_ref()?)?)))
            .collect();
        let said = with_one_word_per_machine(said, keys);
        let machines = machines_of_names(&said, keys);
        let mut numbers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &i in members {
            numbers.entry(keys[i].key.clone().unwrap_or_default()).or_default().push(i);
        }
        for (number, points) in numbers {
            split(&number, &points, &said, &machines, keys);
        }
    }
}

/// What a description calls the machine, if it speaks of this number: one of another number was copied from there.
fn machine<'a>(key: &str, mention: &'a Mention) -> Option<&'a str> {
    let (Mention::Tag(text) | Mention::Numbered(text)) = mention else { return None };
    let number = key.rsplit('~').next()?;
    let start = text.find(|c: char| c.is_ascii_digit()).or_else(|| text.rfind(' ').map(|at| at + 1))?;
    let (word, id) = (text[..start].trim(), &text[start..]);
    let same = if matches!(mention, Mention::Tag(_)) { number == id } else { number.ends_with(id) };
    (same && !word.is_empty()).then_some(word)
}

/// P-603 and pump #3 are one machine: both are said of names that are alike.
fn with_one_word_per_machine<'a>(
    said: BTreeMap<usize, &'a str>,
    keys: &[NameKey],
) -> BTreeMap<usize, &'a str> {
    let mut names: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for (i, word) in &said {
        *names.entry(word).or_default().entry(&keys[*i].rest).or_default() += 1.0;
    }
    let length = |names: &BTreeMap<&str, f64>| names.values().map(|n| n * n).sum::<f64>().sqrt();
    let mut canonical: BTreeMap<&str, &str> = BTreeMap::new();
    for (word, of_word) in &names {
        let alike = |other: &&str| {
            let shared: f64 =
                of_word.iter().map(|(name, n)| n * names[*other].get(name).unwrap_or(&0.0)).sum();
            shared >= SAME_MACHINE * length(of_word) * length(&names[*other])
        };
        let before = canonical.values().copied().find(alike);
        canonical.insert(word, before.unwrap_or(word));
    }
    said.into_iter().map(|(i, word)| (i, canonical[word])).collect()
}

/// The machine that names of this rest are said to be of.
fn machines_of_names<'a>(said: &BTreeMap<usize, &'a str>, keys: &[NameKey]) -> BTreeMap<String, &'a str> {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (i, machine) in said {
        *counts.entry(&keys[*i].rest).or_default().entry(machine).or_default() += 1;
    }
    let mostly = |machines: BTreeMap<&'a str, usize>| {
        let all: usize = machines.values().sum();
        machines.into_iter().find(|(_, n)| *n as f64 >= MOSTLY * all as f64).map(|(machine, _)| machine)
    };
    counts.into_iter().filter_map(|(rest, machines)| Some((rest.to_owned(), mostly(machines)?))).collect()
}

fn split(
    number: &str,
    points: &[usize],
    said: &BTreeMap<usize, &str>,
    machines: &BTreeMap<String, &str>,
    keys: &mut [NameKey],
) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    points.iter().filter_map(|i| said.get(i)).for_each(|machine| *counts.entry(machine).or_default() += 1);
    counts.retain(|_, count| *count >= SEVERAL);
    let Some(main) = counts.iter().max_by_key(|(_, count)| **count).map(|(machine, _)| *machine) else {
        return;
    };
    if counts.len() < 2 {
        return;
    }
    for &i in points {
        let own = said.get(&i).or_else(|| machines.get(&keys[i].rest)).copied();
        let machine = own.filter(|machine| counts.contains_key(machine)).unwrap_or(main);
        keys[i].key = Some(format!("{number}/{machine}"));
    }
}
