//! What of a name tells something: without what an OPC UA server puts in front, without the site, without an end that
//! all names have (.PV, /Value), and in capitals where the site writes everything small.

use std::collections::{BTreeMap, HashMap};

use super::places::{LARGE, places};

/// What this share of the names has in common is a habit of the site.
const ALL_BUT_A_FEW: f64 = 0.98;
/// A device, a property of it, a value of that.
const DEEPEST: usize = 3;

pub(in crate::naming) struct Bare<'a> {
    /// The site or area in front of the name; empty where there is none.
    pub place: &'a str,
    pub text: String,
}

pub(in crate::naming) fn bare_names<'a>(names: &[&'a str]) -> Vec<Bare<'a>> {
    let ids: Vec<&str> = names.iter().map(|name| without_namespace(name)).collect();
    let ids = without_common_ends(ids);
    let places = places(&ids);
    let in_capitals = names.iter().filter(|name| name.contains(char::is_uppercase)).count();
    let small = in_capitals as f64 <= (1.0 - ALL_BUT_A_FEW) * names.len() as f64;
    ids.iter()
        .zip(places)
        .map(|(id, place)| {
            let (place, text) = id.split_at(place);
            Bare { place, text: if small { text.to_ascii_uppercase() } else { text.to_owned() } }
        })
        .collect()
}

/// The indices of the names of each place.
pub(in crate::naming) fn by_place<'a>(bare: &[Bare<'a>]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, name) in bare.iter().enumerate() {
        members.entry(name.place).or_default().push(i);
    }
    members
}

/// The identifier of an OPC UA node id: ns=2;s=TT6017.
fn without_namespace(name: &str) -> &str {
    let id = name.strip_prefix("ns=").and_then(|rest| rest.split_once(';'));
    id.and_then(|(_, id)| id.split_once('=')).map_or(name, |(_, id)| id)
}

fn without_common_ends(mut names: Vec<&str>) -> Vec<&str> {
    for _ in 0..DEEPEST {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        names
            .iter()
            .filter_map(|name| last_segment(name))
            .for_each(|end| *counts.entry(end).or_default() += 1);
        let enough = ALL_BUT_A_FEW * names.len() as f64;
        let common = counts.into_iter().find(|(_, count)| *count >= LARGE && *count as f64 >= enough);
        let Some((end, _)) = common else { break };
        let end = end.to_owned();
        names.iter_mut().for_each(|name| *name = name.strip_suffix(&end).unwrap_or(name));
    }
    names
}

/// A name from its last separator on.
fn last_segment(name: &str) -> Option<&str> {
    let start = name.rfind(|c: char| !c.is_alphanumeric())?;
    (start > 0).then(|| &name[start..])
}
