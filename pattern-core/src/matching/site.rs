//! What one data source taught: the structure of its names, what its descriptions say about points that
//! have none, and which roles its look-alikes were given.

use std::collections::{BTreeMap, HashMap};

use super::PointFeatures;
use crate::naming::{NameKey, Text, TokenKind, name_keys, tokenize};

/// What look-alikes share: the shape of their equipment's name, and the rest of their own.
pub(super) type Template = (String, String);

#[derive(Debug, Clone, Default)]
pub struct SiteMemory {
    keys: HashMap<String, NameKey>,
    /// Descriptions of look-alikes, per template.
    descriptions: HashMap<Template, Text>,
    /// How many points have a template that tells no equipment.
    loose: HashMap<Template, u32>,
    /// Bindings per template.
    bindings: HashMap<Template, BTreeMap<(String, String), u32>>,
}

/// How often look-alikes of a point were bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Votes {
    /// Bindings; for names that tell no equipment all points of that template, bound or not: that FI-101
    /// measures a pump's flow says little about FI-204.
    pub total: u32,
    pub by_role: BTreeMap<(String, String), u32>,
}

impl SiteMemory {
    /// Reads the names and descriptions of all points of a data source, before any is matched. Optional:
    /// without it a cluster's names are understood from each other only.
    pub fn observe<'a>(&mut self, points: impl IntoIterator<Item = &'a PointFeatures>) {
        let mut points: Vec<&PointFeatures> = points.into_iter().collect();
        // Whoever asks in whatever order gets the same answer.
        points.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
        let keys = name_keys(&names);
        let mut said: HashMap<Template, Vec<&str>> = HashMap::new();
        for (point, key) in points.iter().zip(keys) {
            if !point.description.trim().is_empty() {
                said.entry(template_of_key(&key)).or_default().push(&point.description);
            }
            if key.key.is_none() {
                *self.loose.entry(template_of_key(&key)).or_default() += 1;
            }
            self.keys.insert(point.name.clone(), key);
        }
        self.descriptions = said.into_iter().filter_map(|(t, texts)| Some((t, agreed(&texts)?))).collect();
    }

    /// Learns from a binding: `point` of an equipment with these siblings (its own name may be among
    /// them) plays this role of that pattern.
    pub fn learn(&mut self, point: &PointFeatures, siblings: &[&str], pattern: &str, role: &str) {
        let template = template_of_key(&self.key(&point.name, siblings));
        let roles = self.bindings.entry(template).or_default();
        *roles.entry((pattern.to_owned(), role.to_owned())).or_default() += 1;
    }

    /// How the name is built, from the whole site if it was observed, else from the siblings.
    pub(super) fn key(&self, name: &str, siblings: &[&str]) -> NameKey {
        match self.keys.get(name) {
            Some(key) if key.key.is_some() => key.clone(),
            known => shared_start(name, siblings).or_else(|| known.cloned()).unwrap_or_else(|| NameKey {
                key: None,
                shape: shape(name),
                rest: name.to_owned(),
            }),
        }
    }

    pub(super) fn votes(&self, template: &Template) -> Votes {
        let by_role = self.bindings.get(template).cloned().unwrap_or_default();
        let bound: u32 = by_role.values().sum();
        let loose = self.loose.get(template).copied().unwrap_or(0);
        Votes { total: bound.max(loose), by_role }
    }

    pub(super) fn description(&self, template: &Template) -> Option<&Text> {
        self.descriptions.get(template)
    }
}

pub(super) fn template_of_key(key: &NameKey) -> Template {
    let rest = if key.key.is_some() { shape_of_rest(&key.rest) } else { String::new() };
    (key.shape.clone(), rest)
}

/// Words that at least half of the descriptions have.
fn agreed(texts: &[&str]) -> Option<Text> {
    let texts: Vec<Text> = texts.iter().map(|text| Text::new(text)).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in &texts {
        let mut seen: Vec<&str> = text.tokens.iter().map(|t| t.text.as_str()).collect();
        seen.sort_unstable();
        seen.dedup();
        for token in seen {
            *counts.entry(token).or_default() += 1;
        }
    }
    let enough = |token: &str| counts[token] * 2 >= texts.len();
    // The words keep the order of the text that agrees most.
    let agreement = |text: &Text| text.tokens.iter().filter(|t| enough(&t.text)).count();
    let best = texts.iter().max_by_key(|text| agreement(text))?;
    let tokens: Vec<_> = best.tokens.iter().filter(|t| enough(&t.text)).cloned().collect();
    (!tokens.is_empty()).then_some(Text { tokens })
}

/// Cuts a name where it and most of its siblings begin alike, up to a number and a letter behind it.
fn shared_start(name: &str, siblings: &[&str]) -> Option<NameKey> {
    let alike = |start: &str| siblings.iter().filter(|s| s.starts_with(start)).count();
    let enough = (siblings.len() * 6).div_ceil(10).max(2);
    let tokens = tokenize(name);
    let mut best: Option<(usize, String)> = None;
    for (i, token) in tokens.iter().enumerate() {
        let before = || shape(&name[..token.start]);
        let (end, shape) = match token.kind {
            TokenKind::Digits => (token.end(), format!("{}#", before())),
            TokenKind::Letters if i > 0 && token.glued && tokens[i - 1].kind == TokenKind::Digits => {
                let letter = token.text.chars().next().map_or(0, char::len_utf8);
                (token.start + letter, format!("{}@", before()))
            }
            TokenKind::Letters => continue,
        };
        let rest_tells = name[end..].chars().any(char::is_alphanumeric);
        if rest_tells && alike(&name[..end]) >= enough {
            best = Some((end, shape));
        }
    }
    let (end, shape) = best?;
    Some(NameKey { key: Some(name[..end].to_lowercase()), shape, rest: name[end..].to_owned() })
}

fn shape(name: &str) -> String {
    let mut shape = String::new();
    for token in tokenize(name) {
        match token.kind {
            TokenKind::Letters => shape.push_str(&token.text.to_lowercase()),
            TokenKind::Digits => shape.push('#'),
        }
    }
    shape
}

fn shape_of_rest(rest: &str) -> String {
    tokenize(rest).iter().map(|t| t.text.to_lowercase()).collect::<Vec<_>>().join("|")
}
