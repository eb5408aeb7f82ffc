//! Similar clusters that nothing in the library fits: the draft of a pattern they could be.

use pattern_core::{
    domain::{Cluster, Purpose, Scores},
    library::{EquipmentPattern, RoleSpec},
    units,
};
use pattern_equipment::{
    matching::{PartScores, PointFeatures},
    naming::{TokenKind, tokenize},
};
use pattern_store::{NewSuggestion, SuggestedRoleRow, placed};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use super::question::{member_ids, subject};

/// From this share of common parts on, two clusters look alike.
const ALIKE: f64 = 0.6;
/// Fewer are chance.
const MIN_CLUSTERS: usize = 3;
const MIN_PARTS: usize = 3;
/// Share of the similar clusters that have a part, from which it is a role; and a required one.
const ROLE_SHARE: f64 = 0.5;
const REQUIRED_SHARE: f64 = 0.9;

/// A cluster that no pattern surely fits.
pub(super) struct Unmatched<'a> {
    pub cluster: &'a Cluster,
    pub points: Vec<PointFeatures>,
    /// What each point is by its own words.
    pub said: Vec<Option<String>>,
    pub fit: Fit,
}

/// How far the library has a place for a cluster.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fit {
    None,
    /// The likeliest pattern, and how likely it is, 0..1.
    Nearly(String, f64),
    /// A person said that it is this pattern, which the engine did not see in it.
    Approved(String),
    /// It is of a kind that a person named, or most likely is.
    Settled,
}

/// A question about similar clusters, and all of these.
pub(super) struct NewKind {
    pub question: NewSuggestion,
    pub clusters: Vec<Uuid>,
}

/// A cluster by what its points are called within it.
struct Shape<'a> {
    cluster: &'a Cluster,
    points: &'a [PointFeatures],
    said: &'a [Option<String>],
    fit: &'a Fit,
    /// What all members' names share, letters only.
    stem: String,
    /// Part name to index of the point; ambiguous parts are left out.
    parts: BTreeMap<String, usize>,
}

/// One question per group of similar clusters, about its first that nobody answered. A single answer that takes one
/// of them for something known does not settle what the others are; a second one does.
pub(super) fn questions(unmatched: &[Unmatched]) -> Vec<NewKind> {
    let mut shapes: Vec<Shape> = unmatched.iter().map(shape).filter(|s| s.parts.len() >= MIN_PARTS).collect();
    shapes.sort_by(|a, b| a.cluster.label.cmp(&b.cluster.label).then(a.cluster.id.cmp(&b.cluster.id)));
    let mut groups: Vec<Vec<Shape>> = Vec::new();
    for shape in shapes {
        match groups.iter_mut().find(|group| likeness(&group[0], &shape) >= ALIKE) {
            Some(group) => group.push(shape),
            None => groups.push(vec![shape]),
        }
    }
    let doubted = |shape: &Shape| matches!(shape.fit, Fit::Approved(_));
    for group in &mut groups {
        if group.iter().filter(|shape| doubted(shape)).count() > 1 {
            group.retain(|shape| !doubted(shape));
        }
        group.sort_by_key(doubted);
    }
    let is_asked = |group: &&Vec<Shape>| group.len() >= MIN_CLUSTERS;
    let new_kind = |group: &Vec<Shape>| NewKind {
        question: question(group),
        clusters: group.iter().map(|shape| shape.cluster.id).collect(),
    };
    groups.iter().filter(is_asked).map(new_kind).collect()
}

/// The question about points that are called alike and stand alone: machines of one point, by what they read as.
pub(super) fn about_look_alikes(Unmatched { cluster, points, said, .. }: &Unmatched) -> NewSuggestion {
    let stem = points.first().map_or_else(String::new, |point| join(words(&point.name).iter()));
    let part = said.iter().flatten().next().unwrap_or(&stem);
    let role = RoleSpec { name: part.clone(), words: vec![stem.to_lowercase()], ..RoleSpec::default() };
    let draft = draft(&stem, vec![RoleSpec { required: true, ..role }]);
    let roles = points.iter().map(|point| SuggestedRoleRow {
        point_id: point.id,
        role: part.clone(),
        score: draft.confidence,
    });
    let (content, fits) = placed(roles.collect(), Some(&draft));
    NewSuggestion {
        subject: subject(cluster),
        pattern: None,
        purpose: Purpose::NewPattern,
        priority: 0.0,
        confidence: draft.confidence,
        scores: Scores::default(),
        reason: format!(
            "{} points are called alike, each stands alone, and no pattern fits them. approve to add the pattern",
            points.len()
        ),
        members: member_ids(points),
        content,
        fits,
        draft: Some(draft.into()),
    }
}

fn shape<'a>(Unmatched { cluster, points, said, fit }: &'a Unmatched) -> Shape<'a> {
    let names: Vec<Vec<String>> = points.iter().map(|p| words(&p.name)).collect();
    let shared: BTreeSet<&String> = names
        .first()
        .map(|first| first.iter().filter(|w| names.iter().all(|name| name.contains(*w))).collect())
        .unwrap_or_default();
    let stem = names.first().map(|first| join(first.iter().filter(|w| shared.contains(w))));
    let mut parts = BTreeMap::new();
    let mut ambiguous = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let part = join(name.iter().filter(|w| !shared.contains(w)));
        if part.is_empty() || parts.insert(part.clone(), index).is_some() {
            ambiguous.insert(part);
        }
    }
    parts.retain(|part, _| !ambiguous.contains(part));
    Shape { cluster, points, said, fit, stem: stem.unwrap_or_default(), parts }
}

/// The letters of a name, upper case; numbers tell siblings apart, not parts.
fn words(name: &str) -> Vec<String> {
    let letters = tokenize(name).into_iter().filter(|token| token.kind == TokenKind::Letters);
    letters.map(|token| token.text.to_uppercase()).collect()
}

fn join<'a>(words: impl Iterator<Item = &'a String>) -> String {
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn likeness(a: &Shape, b: &Shape) -> f64 {
    let common = a.parts.keys().filter(|part| b.parts.contains_key(*part)).count();
    common as f64 / (a.parts.len() + b.parts.len() - common).max(1) as f64
}

fn question(group: &[Shape]) -> NewSuggestion {
    let mut holders: BTreeMap<&str, Vec<(&Shape, usize)>> = BTreeMap::new();
    for shape in group {
        for (part, point) in &shape.parts {
            holders.entry(part).or_default().push((shape, *point));
        }
    }
    let share = |held: &[(&Shape, usize)]| held.len() as f64 / group.len() as f64;
    holders.retain(|_, held| share(held) >= ROLE_SHARE);
    let names = role_names(&holders);
    let roles: Vec<RoleSpec> = holders
        .iter()
        .map(|(part, held)| RoleSpec {
            name: names[part].clone(),
            required: share(held) >= REQUIRED_SHARE,
            words: vec![part.to_lowercase()],
            unit: common_unit(held),
            ..RoleSpec::default()
        })
        .collect();
    let agreement = holders.values().map(|held| share(held)).sum::<f64>() / holders.len().max(1) as f64;
    let first = &group[0];
    let draft = draft(&first.stem, roles);
    let assigned = first.parts.iter().filter(|(part, _)| holders.contains_key(part.as_str()));
    let labels: Vec<&str> = group.iter().take(4).map(|s| s.cluster.label.as_str()).collect();
    let parts: Vec<&str> = names.values().take(5).map(String::as_str).collect();
    let roles = assigned.map(|(part, point)| SuggestedRoleRow {
        point_id: first.points[*point].id,
        role: names[part.as_str()].clone(),
        score: share(&holders[part.as_str()]),
    });
    let (content, sureness) = placed(roles.collect(), Some(&draft));
    NewSuggestion {
        subject: subject(first.cluster),
        pattern: None,
        purpose: Purpose::NewPattern,
        priority: 0.0,
        confidence: draft.confidence * agreement,
        scores: PartScores { cohesion: Some(first.cluster.cohesion), ..PartScores::default() }.into(),
        reason: format!(
            "{} groups look alike ({}) and {}; each has {}. approve to add the pattern",
            group.len(),
            labels.join(", "),
            fits(group),
            parts.join(", ")
        ),
        members: member_ids(first.points),
        content,
        fits: sureness,
        draft: Some(draft.into()),
    }
}

/// What the library has for them, in words.
fn fits(group: &[Shape]) -> String {
    let nearest = group.iter().filter_map(|shape| match shape.fit {
        Fit::Nearly(pattern, confidence) => Some((pattern, confidence)),
        _ => None,
    });
    let nearest = nearest.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
    let approved = group.iter().find_map(|shape| match shape.fit {
        Fit::Approved(pattern) => Some(format!(", though {} was approved as {pattern}", shape.cluster.label)),
        _ => None,
    });
    let fits = nearest.map_or("no pattern fits them".into(), |(pattern, confidence)| {
        format!("no pattern surely fits them, {pattern} at {confidence:.2} best")
    });
    fits + &approved.unwrap_or_default()
}

/// What each part is called: as most of its points read spelled out, where no other part reads so, else its letters.
fn role_names<'a>(holders: &BTreeMap<&'a str, Vec<(&Shape, usize)>>) -> BTreeMap<&'a str, String> {
    let mut spelled: BTreeMap<&str, &str> = BTreeMap::new();
    let mut parts_read_so: BTreeMap<&str, usize> = BTreeMap::new();
    for (part, held) in holders {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for said in held.iter().filter_map(|(shape, point)| shape.said[*point].as_deref()) {
            *counts.entry(said).or_default() += 1;
        }
        if let Some((said, _)) = counts.into_iter().rev().max_by_key(|(_, count)| *count) {
            spelled.insert(part, said);
            *parts_read_so.entry(said).or_default() += 1;
        }
    }
    let name = |part: &str| {
        let said = spelled.get(part).filter(|said| parts_read_so[**said] == 1);
        said.map_or(part.to_owned(), |said| (*said).to_owned())
    };
    holders.keys().map(|part| (*part, name(part))).collect()
}

fn draft(stem: &str, roles: Vec<RoleSpec>) -> EquipmentPattern {
    let name = if stem.is_empty() { "New equipment".to_owned() } else { format!("{stem} equipment") };
    let keywords = stem.split(' ').filter(|w| w.len() > 1).map(str::to_lowercase).collect();
    EquipmentPattern {
        keywords,
        ..EquipmentPattern::learned(&name, "found in similar groups of points", roles)
    }
}

/// The unit that all holders agree on, where it is one we know.
fn common_unit(held: &[(&Shape, usize)]) -> Option<String> {
    let mut seen: Vec<&str> = held.iter().map(|(shape, point)| shape.points[*point].unit.as_str()).collect();
    seen.sort_unstable();
    seen.dedup();
    match seen[..] {
        [unit] if units::parse(unit).is_some() => Some(unit.to_owned()),
        _ => None,
    }
}
