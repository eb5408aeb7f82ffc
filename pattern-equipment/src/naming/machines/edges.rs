//! Affinity by names: which points belong to the same equipment.

use std::collections::{BTreeMap, BTreeSet};

use super::folders::folders;
use super::runs::runs;
use super::shared_numbers::split_shared_numbers;
use crate::naming::language::{Mention, mention};
use crate::naming::language::{TokenKind, tokenize};
use crate::naming::point::NamedPoint;
use crate::naming::structure::{NameKey, keys_of_place};
use crate::naming::structure::{bare_names, by_place};

/// The name itself says so.
const BY_NAME: f32 = 1.0;
/// The description says so.
const BY_TAG: f32 = 0.9;
/// The export says of which device it is. Folders tell the same or less.
const BY_DEVICE: f32 = 0.8;
const BY_NUMBER: f32 = 0.7;
const BY_KIND: f32 = 0.5;
/// The loop numbers around say so.
const BY_RUN: f32 = 0.65;
/// The attributes of one loop belong together, but a loop is not yet a piece of equipment.
const BY_LOOP: f32 = 0.5;
/// A kind of equipment that more points than this mention stands there more than once; what looks like a
/// tag and is as frequent is a part (PT100) or a medium (R410A).
const FEW: usize = 24;
/// Everybody with everybody up to this many points; larger groups get a band of neighbours.
const CLIQUE: usize = 64;

/// Edges (index, index, weight 0..1) between points of the same equipment, by their names and
/// descriptions alone; each pair at most once, smaller index first, sorted. Takes O(n log n).
pub fn name_edges(points: &[NamedPoint]) -> Vec<(u32, u32, f32)> {
    let names: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
    let bare = bare_names(&names);
    let mut edges = Vec::new();
    for members in by_place(&bare).into_values() {
        let bare_point = |&i: &usize| NamedPoint { name: bare[i].text.clone(), ..points[i].clone() };
        let here: Vec<NamedPoint> = members.iter().map(bare_point).collect();
        let found = edges_of_place(&here).into_iter();
        edges.extend(
            found.map(|((a, b), weight)| (members[a as usize] as u32, members[b as usize] as u32, weight)),
        );
    }
    edges.sort_unstable_by_key(|(a, b, _)| (*a, *b));
    edges
}

fn edges_of_place(points: &[NamedPoint]) -> BTreeMap<(u32, u32), f32> {
    let names: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
    let mut keys = keys_of_place(&names);
    let mentions: Vec<Option<Mention>> = points.iter().map(|point| mention(&point.description)).collect();
    split_shared_numbers(&mut keys, &mentions);
    let contradicted = contradicted(&keys, &mentions);
    keys.iter_mut().filter(|key| contradicted.contains(&key.shape)).for_each(|key| key.key = None);
    let areas_tell = areas_tell(points, &mentions);
    let mut groups: BTreeMap<(&'static str, String), Vec<u32>> = BTreeMap::new();
    let mut weights: BTreeMap<&'static str, f32> = BTreeMap::new();
    let mut put = |sort: &'static str, weight: f32, key: String, point: usize| {
        weights.insert(sort, weight);
        groups.entry((sort, key)).or_default().push(point as u32);
    };
    for (i, point) in points.iter().enumerate() {
        if let Some(key) = &keys[i].key {
            put("name", BY_NAME, key.clone(), i);
            continue;
        }
        if !point.device.is_empty() {
            put("device", BY_DEVICE, point.device.clone(), i);
        }
        if let Some(key) = loop_key(&point.name) {
            put("loop", BY_LOOP, key, i);
        }
        let area = if areas_tell { area(&point.name) } else { String::new() };
        match &mentions[i] {
            Some(Mention::Tag(tag)) => put("tag", BY_TAG, tag.clone(), i),
            Some(Mention::Numbered(number)) => put("number", BY_NUMBER, format!("{area}/{number}"), i),
            Some(Mention::Kind(kind)) => put("kind", BY_KIND, format!("{area}/{kind}"), i),
            None => {}
        }
    }
    let loose: Vec<usize> = (0..points.len()).filter(|&i| keys[i].key.is_none()).collect();
    let mut run_of: BTreeMap<u32, usize> = BTreeMap::new();
    for (run, members) in runs(points, &mentions, &loose).into_iter().enumerate() {
        for i in members {
            put("run", BY_RUN, run.to_string(), i as usize);
            run_of.insert(i, run);
        }
    }
    // A controller of many points is no machine.
    groups.retain(|(sort, _), members| *sort != "device" || members.len() <= CLIQUE);
    let of_devices = groups.iter().filter(|((sort, _), _)| *sort == "device");
    let of_devices: BTreeSet<u32> = of_devices.flat_map(|(_, members)| members.iter().copied()).collect();
    let unsaid: Vec<usize> = loose.into_iter().filter(|i| !of_devices.contains(&(*i as u32))).collect();
    let mut edges: BTreeMap<(u32, u32), f32> = BTreeMap::new();
    for (members, told) in folders(points, &keys, &mentions, &unsaid, CLIQUE) {
        connect(&members, BY_DEVICE * told, &mut edges);
    }
    for ((sort, _), members) in &groups {
        let is_said = ["kind", "number", "tag"].contains(sort);
        let is_common = *sort != "number" && members.len() > FEW;
        if is_said && (is_common || is_scattered(members, &run_of)) {
            continue;
        }
        connect(members, weights[sort], &mut edges);
    }
    edges
}

/// Shapes of keys that join points whose descriptions speak of different equipment: numbers that every machine
/// counts for itself (JT4021 of one, PT4021 of the next).
fn contradicted(keys: &[NameKey], mentions: &[Option<Mention>]) -> BTreeSet<String> {
    let mut tags: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (key, mention) in keys.iter().zip(mentions) {
        if let (Some(of), Some(Mention::Tag(tag))) = (&key.key, mention) {
            tags.entry((&key.shape, of)).or_default().push(tag);
        }
    }
    let mut shapes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for ((shape, _), tags) in tags.iter().filter(|(_, tags)| tags.len() > 1) {
        let (keys, at_odds) = shapes.entry(shape).or_default();
        *keys += 1;
        *at_odds += usize::from(tags.iter().any(|tag| *tag != tags[0]));
    }
    let at_odds = shapes.into_iter().filter(|(_, (keys, at_odds))| *at_odds > 1 && at_odds * 2 > *keys);
    at_odds.map(|(shape, _)| shape.to_owned()).collect()
}

/// Whether the points that share a mention stand in as many runs of loop numbers as they are: what they mention is
/// an area (unit 2) that has all of these machines.
fn is_scattered(members: &[u32], run_of: &BTreeMap<u32, usize>) -> bool {
    let runs: Vec<usize> = members.iter().filter_map(|member| run_of.get(member).copied()).collect();
    let distinct = runs.iter().collect::<BTreeSet<_>>().len();
    distinct > 2 && distinct * 2 > runs.len()
}

fn connect(members: &[u32], weight: f32, edges: &mut BTreeMap<(u32, u32), f32>) {
    let members: Vec<u32> = members.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    for (i, a) in members.iter().enumerate() {
        for b in members[i + 1..].iter().take(CLIQUE) {
            let edge = edges.entry((*a, *b)).or_default();
            *edge = edge.max(weight);
        }
    }
}

/// Area and loop number of a name with attributes: 12_TIC_2671.OP → 12 tic 2671.
fn loop_key(name: &str) -> Option<String> {
    let tokens = tokenize(name);
    let number = tokens.iter().rposition(|t| t.kind == TokenKind::Digits && t.text.len() >= 3)?;
    let key: Vec<String> = tokens[..=number].iter().map(|t| t.text.to_lowercase()).collect();
    let unit = tokens.get(number + 1).filter(|t| t.glued && t.text.len() == 1);
    (number + 1 < tokens.len())
        .then(|| format!("{}{}", key.join("|"), unit.map_or(String::new(), |u| u.text.to_lowercase())))
}

/// Whether a machine's points are of one area, as far as descriptions tell. Numbers that mean nothing spread the
/// points of each pump #12 over all of their first digits.
fn areas_tell(points: &[NamedPoint], mentions: &[Option<Mention>]) -> bool {
    let (mut machines, mut in_areas, mut all) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (point, mention) in points.iter().zip(mentions) {
        if let Some(Mention::Numbered(machine)) = mention {
            machines.insert(machine);
            in_areas.insert((machine, area(&point.name)));
            all += 1;
        }
    }
    in_areas.len() < 2 * machines.len() || all >= 2 * in_areas.len()
}

/// Where a name without equipment stands: what is before its letters, and the first digit of its number.
fn area(name: &str) -> String {
    let tokens = tokenize(name);
    let letters = tokens.windows(2).position(|w| {
        w[0].kind == TokenKind::Letters && w[1].kind == TokenKind::Digits && w[1].text.len() >= 3
    });
    let Some(letters) = letters else { return String::new() };
    let before: Vec<&str> = tokens[..letters].iter().map(|t| t.text.as_str()).collect();
    let first = &tokens[letters + 1].text;
    let first = if first.len() >= 4 { &first[..1] } else { "" };
    format!("{}/{first}", before.join("|")).to_lowercase()
}
