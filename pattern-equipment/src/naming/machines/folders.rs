//! Folders: the places in a tree (`path`) and the systems (`group`) that an export puts points into. Some are a machine's,
//! others an area, a kind of signal or the whole plant, and exports do not say which.

use std::collections::{BTreeMap, BTreeSet};

use crate::naming::language::Mention;
use crate::naming::language::tokenize;
use crate::naming::point::NamedPoint;
use crate::naming::structure::blank;
use crate::naming::structure::{NameKey, PROOF};

/// As a device tells it.
const SURE: f32 = 1.0;
/// Below this a pair rather belongs apart.
const AS_LIKELY_AS_NOT: f32 = 0.5;
/// No plant has so many levels; a path of a thousand slashes must not cost its square.
const DEEPEST: usize = 16;

/// Points (by index) of a folder that is taken for a machine's, and how much of the weight of a device it has.
pub(in crate::naming) type Folder = (Vec<u32>, f32);

/// The folder in which each of the points `loose` is told to belong to a machine, where there is one. Of a folder inside
/// another the inner counts, and of what says it surely rather than likely, the sure one. `largest`: no machine has more
/// points. Takes O(n log n).
pub(in crate::naming) fn folders(
    points: &[NamedPoint],
    keys: &[NameKey],
    mentions: &[Option<Mention>],
    loose: &[usize],
    largest: usize,
) -> Vec<Folder> {
    let places: Vec<Vec<Place>> = points.iter().map(places).collect();
    let mut members: BTreeMap<&Place, Vec<usize>> = BTreeMap::new();
    for (i, places) in places.iter().enumerate() {
        places.iter().for_each(|place| members.entry(place).or_default().push(i));
    }
    if members.is_empty() {
        return Vec::new();
    }
    let templates: Vec<String> = keys.iter().map(template).collect();
    let is_machine =
        |folder: &[usize]| (2..=largest).contains(&folder.len()) && names_one(folder, keys, mentions);
    let back = come_back(&members, &templates);
    let weight = |(place, folder): (&Place, &Vec<usize>)| {
        let again = back(place, folder);
        if !is_machine(folder) || again < 0.0 {
            0.0
        } else if again >= PROOF.ln() {
            SURE
        } else {
            told(folder.len(), points.len())
        }
    };
    let weights: BTreeMap<&Place, f32> =
        members.iter().map(|(place, folder)| (*place, weight((place, folder)))).collect();
    let mut found: BTreeMap<&Place, Vec<u32>> = BTreeMap::new();
    for &i in loose {
        let sure = places[i].iter().find(|place| weights[place] >= SURE);
        let likely = || places[i].iter().find(|place| weights[place] > AS_LIKELY_AS_NOT);
        if let Some(place) = sure.or_else(likely) {
            found.entry(place).or_default().push(i as u32);
        }
    }
    found.into_iter().map(|(place, folder)| (folder, weights[place])).collect()
}

/// A folder: how deep it lies (0: it is a group), and its way from the root.
type Place = (usize, String);

/// The folders that a point is in, the innermost first, and then its group.
fn places(point: &NamedPoint) -> Vec<Place> {
    let clean = |part: &str| part.trim().to_lowercase();
    let parts = point.path.split(['/', '\\', '|', '>']).map(clean);
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).take(DEEPEST).collect();
    let mut places: Vec<Place> =
        (1..=parts.len()).rev().map(|depth| (depth, parts[..depth].join("/"))).collect();
    let group = clean(&point.group);
    places.extend((!group.is_empty()).then_some((0, group)));
    places
}

/// What a point is called but for its numbers, and for its equipment where the name says that.
fn template(key: &NameKey) -> String {
    if key.key.is_some() { blank(&tokenize(&key.rest)) } else { key.shape.clone() }
}

/// In how many folders beside each other there is what is in this one (a mean of logarithms). What it has several times
/// speaks against it: each machine has a flow, an area one per machine, and a folder of all temperatures nothing else.
fn come_back<'a>(
    members: &BTreeMap<&'a Place, Vec<usize>>,
    templates: &'a [String],
) -> impl Fn(&Place, &[usize]) -> f64 + use<'a> {
    let mut folders: BTreeMap<(usize, &str), BTreeSet<&str>> = BTreeMap::new();
    for ((depth, way), folder) in members {
        for &i in folder {
            folders.entry((*depth, &templates[i])).or_default().insert(way);
        }
    }
    let counts: BTreeMap<(usize, &str), usize> =
        folders.into_iter().map(|(template, folders)| (template, folders.len())).collect();
    move |(depth, _), folder| {
        let mut within: BTreeMap<&str, usize> = BTreeMap::new();
        folder.iter().for_each(|&i| *within.entry(&templates[i]).or_default() += 1);
        let again = |(template, times): (&&str, &usize)| match times {
            1 => (counts[&(*depth, *template)] as f64).ln(),
            several => -(*several as f64) * (*several as f64).ln(),
        };
        within.iter().map(again).sum::<f64>() / folder.len() as f64
    }
}

/// Whether names and descriptions know of no two machines in it.
fn names_one(folder: &[usize], keys: &[NameKey], mentions: &[Option<Mention>]) -> bool {
    let by_name: BTreeSet<&str> = folder.iter().filter_map(|&i| keys[i].key.as_deref()).collect();
    let described = folder.iter().filter_map(|&i| match &mentions[i] {
        Some(Mention::Tag(machine) | Mention::Numbered(machine)) => Some(machine.as_str()),
        _ => None,
    });
    by_name.len() < 2 && described.collect::<BTreeSet<_>>().len() < 2
}

/// What it tells of two points to share one folder of so many: the less of all points it holds, the more; one that holds
/// half of the plant tells nothing.
fn told(in_folder: usize, all: usize) -> f32 {
    (1.0 - 2.0 * in_folder as f32 / all as f32).max(0.0)
}
