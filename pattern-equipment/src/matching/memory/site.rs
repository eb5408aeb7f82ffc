//! What one data source taught: the structure of its names, what its descriptions say about points that
//! have none, and which roles its similar points were given.

use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

use super::super::features::PointFeatures;
use super::confirmed::ConfirmedRoles;
use super::manner::{Manner, Manners, behave_alike};
use super::order::{Order, place};
use super::resemblance::Rarity;
use super::votes::{Call, RoleOf, Votes};
use crate::naming::{NameKey, Template, Text, TokenKind, is_loop, name_keys, tokenize};

/// Points that are called alike but for their numbers: what is confirmed of one is confirmed of all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Family(Template);

impl Family {
    /// Numbers behind the equipment tell parts only where its letters do not: TT6031 and TT6032.
    fn of(key: &NameKey) -> Self {
        let (shape, rest) = key.template();
        if key.equipment.is_empty() { Self((shape, rest)) } else { Self((shape, self::shape(&key.rest))) }
    }
}

#[derive(Debug, Clone, Default)]
pub struct SiteMemory {
    keys: HashMap<String, NameKey>,
    /// Descriptions of similar points, per template.
    descriptions: HashMap<Template, Text>,
    /// Descriptions of points whose names end alike, behind equipment of whatever kind.
    codes: HashMap<String, Text>,
    /// How many names are the same but for a single letter behind a number.
    parallel: HashMap<String, u32>,
    /// How many points have each template, and how many are similar points.
    sizes: HashMap<Template, u32>,
    families: HashMap<Family, u32>,
    /// Roles that similar points were given without anybody having said so.
    presumed: HashMap<Template, Vec<Presumed>>,
    manners: Manners,
    pub(in crate::matching) order: Order,
    rarity: Rarity,
    confirmed: ConfirmedRoles,
    /// The points that answers were about.
    answered: HashMap<Uuid, Uuid>,
    /// What was confirmed at other data sources.
    elsewhere: ConfirmedRoles,
    /// How many roles of each pattern were confirmed or presumed here.
    seen: BTreeMap<String, f64>,
}

/// A role that a point was given without anybody having said so.
#[derive(Debug, Clone)]
struct Presumed {
    role: RoleOf,
    sureness: f64,
    manner: Option<Manner>,
}

/// What the site's habits count beside what is known of the point itself.
const USUAL: f64 = 0.4;
/// The point itself and another one.
const SEVERAL: f64 = 1.8;

impl SiteMemory {
    /// Reads the names and descriptions of all points of a data source, before any is matched. Optional:
    /// without it a cluster's names are understood from each other only.
    pub fn observe<'a>(&mut self, points: impl IntoIterator<Item = &'a PointFeatures>) {
        let mut points: Vec<&PointFeatures> = points.into_iter().collect();
        // Whoever asks in whatever order gets the same answer.
        points.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
        let keys = name_keys(&names);
        names.iter().for_each(|name| *self.parallel.entry(parallel(name)).or_default() += 1);
        let mut said: HashMap<Template, Vec<&str>> = HashMap::new();
        let mut of_code: HashMap<String, Vec<&str>> = HashMap::new();
        for (point, key) in points.iter().zip(keys) {
            let key = self.across_units(&point.name, key);
            self.rarity.observe(&called(point, &key));
            if !point.description.trim().is_empty() {
                said.entry(key.template()).or_default().push(&point.description);
                if let Some(code) = code(&key) {
                    of_code.entry(code).or_default().push(&point.description);
                }
            }
            *self.sizes.entry(key.template()).or_default() += 1;
            *self.families.entry(Family::of(&key)).or_default() += 1;
            self.keys.insert(point.name.clone(), key);
        }
        let prints = points.iter().filter_map(|p| Some((p.fingerprint.as_ref()?, p.unit.as_str())));
        self.manners = Manners::new(prints);
        self.codes = of_code.into_iter().filter_map(|(code, texts)| Some((code, agreed(&texts)?))).collect();
        self.descriptions = said.into_iter().filter_map(|(t, texts)| Some((t, agreed(&texts)?))).collect();
    }

    /// Learns from a binding: `point` of an equipment with these siblings (its own name may be among
    /// them) plays this role of that pattern, by that answer.
    pub fn learn(
        &mut self,
        point: &PointFeatures,
        siblings: &[&str],
        (pattern, role): (&str, &str),
        answer: Uuid,
    ) {
        let call = self.call(point, &self.key(&point.name, siblings));
        self.confirmed.learn(call, (pattern.to_owned(), role.to_owned()), answer);
        self.answered.insert(point.id, answer);
        *self.seen.entry(pattern.to_owned()).or_default() += 1.0;
    }

    /// Learns from what was confirmed at other data sources: points that play roles of patterns there, and by which answer.
    /// Names of a sister plant are built alike, so they are understood together with those observed here.
    pub fn learn_elsewhere(&mut self, confirmed: &[(PointFeatures, (String, String), Uuid)]) {
        if confirmed.is_empty() {
            return;
        }
        let mut own: Vec<&str> = self.keys.keys().map(String::as_str).collect();
        own.sort_unstable();
        let names: Vec<&str> = confirmed.iter().map(|(point, ..)| point.name.as_str()).chain(own).collect();
        for ((point, role, answer), key) in confirmed.iter().zip(name_keys(&names)) {
            let key = self.across_units(&point.name, key);
            let call = Call { manner: None, ..self.call(point, &key) };
            self.elsewhere.learn(call, role.clone(), *answer);
        }
    }

    pub(in crate::matching) fn call(&self, point: &PointFeatures, key: &NameKey) -> Call {
        let described = !point.description.trim().is_empty();
        // Letters of a loop alone (FI, TI) tell no part.
        let tells = !key.equipment.is_empty() || described;
        Call {
            template: key.template(),
            shape: self.shape(&point.name, key),
            parallel: parallel(&point.name),
            description: if described { self.rarity.weigh(&point.description) } else { Vec::new() },
            part: tells.then(|| self.rarity.weigh(&called(point, key))),
            called: if tells { called(point, key) } else { String::new() },
            manner: self.manner(point),
            names_equipment: key.key.is_some() || !is_loop(&key.bare),
        }
    }

    /// Where a name tells no equipment, the letter of a unit is not part of how it is built either.
    fn across_units(&self, name: &str, key: NameKey) -> NameKey {
        if key.key.is_some() { key } else { NameKey { shape: self.shape(name, &key), ..key } }
    }

    /// A bare name without its numbers, and without the letter that tells units apart that share a number.
    fn shape(&self, name: &str, key: &NameKey) -> String {
        let is_unit = self.parallel.get(&parallel(name)).is_some_and(|count| *count > 1);
        if is_unit { shape(&parallel(&key.bare)) } else { shape(&key.bare) }
    }

    fn manner(&self, point: &PointFeatures) -> Option<Manner> {
        self.manners.of(point.fingerprint.as_ref()?, &point.unit)
    }

    /// Who is called like a point, and how many they are, the point itself among them.
    pub fn family(&self, point: &PointFeatures) -> (Family, f64) {
        let family = Family::of(&self.key(&point.name, &[]));
        let size = self.families.get(&family).copied().unwrap_or(0);
        (family, f64::from(size))
    }

    /// Whether somebody said what one of these points is, in that answer.
    pub(in crate::matching) fn is_answered_by(&self, answer: Uuid, points: &[PointFeatures]) -> bool {
        points.iter().any(|point| self.answered.get(&point.id) == Some(&answer))
    }

    fn size(&self, template: &Template) -> f64 {
        f64::from(self.sizes.get(template).copied().unwrap_or(0))
    }

    /// The role that most similar points of this point were given, and how sure that makes it, 0..1.
    pub fn likely_role(&self, point: &PointFeatures) -> Option<(String, f64)> {
        let votes = self.votes(&self.call(point, &self.key(&point.name, &[])));
        let mut by_role: BTreeMap<&str, f64> = BTreeMap::new();
        for ((_, role), count) in &votes.by_role {
            *by_role.entry(role).or_default() += count;
        }
        let (role, count) = by_role.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((role.to_owned(), count / votes.total * votes.confirmed()))
    }

    /// Takes note of a sure proposal: its points with their roles, and how sure each is, 0..1. What the others of the
    /// same template seem to be speaks for the one whose own signs are weak.
    pub fn presume(&mut self, pattern: &str, machine: &[(&PointFeatures, &str, f64)]) {
        for (point, role, sureness) in machine {
            let template = self.key(&point.name, &[]).template();
            let role = (pattern.to_owned(), (*role).to_owned());
            let presumed = Presumed { role, sureness: *sureness, manner: self.manner(point) };
            self.presumed.entry(template).or_default().push(presumed);
            *self.seen.entry(pattern.to_owned()).or_default() += sureness;
        }
        self.learn_order(pattern, machine);
    }

    /// Learns how a machine of this pattern is numbered: its points with their roles, and how sure each is, 0..1.
    pub fn learn_order<'a>(&mut self, pattern: &str, points: &[(&PointFeatures, &'a str, f64)]) {
        let placed = |(point, role, sureness): &(&PointFeatures, &'a str, f64)| {
            (place(self.bare(&point.name)), *role, *sureness)
        };
        let placed: Vec<_> = points.iter().map(placed).collect();
        self.order.learn(pattern, &placed);
    }

    /// Logarithmic odds that a point of the site is of this pattern, by what the others are.
    pub(in crate::matching) fn usual(&self, pattern: &str) -> f64 {
        let all: f64 = self.seen.values().sum();
        USUAL * ((self.seen.get(pattern).copied().unwrap_or(0.0) + 1.0) / (all + 1.0)).ln()
    }

    /// What the similar points of this point seem to be, as shares of 1, where there are several; where names tell no
    /// equipment, of all points that are called so.
    pub(in crate::matching) fn presumed(&self, call: &Call) -> BTreeMap<RoleOf, f64> {
        let alike = self.presumed.get(&call.template).map_or(&[][..], Vec::as_slice);
        let mut shares = BTreeMap::new();
        if alike.iter().map(|presumed| presumed.sureness).sum::<f64>() < SEVERAL {
            return shares;
        }
        let manners: Vec<Option<&Manner>> = alike.iter().map(|presumed| presumed.manner.as_ref()).collect();
        let behaving = behave_alike(call.manner.as_ref(), &manners);
        let worth = |(presumed, behaving): (&Presumed, &f64)| presumed.sureness * behaving;
        let mut all: f64 = alike.iter().zip(&behaving).map(worth).sum();
        if !call.names_equipment {
            all = all.max(self.size(&call.template));
        }
        for (presumed, behaving) in alike.iter().zip(&behaving) {
            *shares.entry(presumed.role.clone()).or_default() += worth((presumed, behaving)) / all;
        }
        shares
    }

    /// How the name is built, from the whole site if it was observed, else from the siblings.
    pub(in crate::matching) fn key(&self, name: &str, siblings: &[&str]) -> NameKey {
        let known = self.keys.get(name);
        if let Some(key) = known.filter(|key| key.key.is_some()) {
            return key.clone();
        }
        let siblings: Vec<&str> = siblings.iter().map(|name| self.bare(name)).collect();
        shared_start(self.bare(name), &siblings).or_else(|| known.cloned()).unwrap_or_else(|| NameKey {
            bare: name.to_owned(),
            shape: shape(name),
            rest: name.to_owned(),
            ..NameKey::default()
        })
    }

    fn bare<'a>(&'a self, name: &'a str) -> &'a str {
        self.keys.get(name).map_or(name, |key| &key.bare)
    }

    pub(in crate::matching) fn votes(&self, call: &Call) -> Votes {
        let mut votes = self.confirmed.votes(call);
        votes.add_foreign(&self.elsewhere.votes_elsewhere(call));
        if !call.names_equipment && !votes.by_role.is_empty() {
            votes.total = votes.total.max(self.size(&call.template));
        }
        votes
    }

    /// What the descriptions of similar points say, else those of points that end alike elsewhere.
    pub(in crate::matching) fn description(&self, key: &NameKey) -> Option<&Text> {
        self.descriptions.get(&key.template()).or_else(|| self.codes.get(&code(key)?))
    }
}

/// The letters behind the equipment: RH of KM601ARH.
fn code(key: &NameKey) -> Option<String> {
    let letters = shape(&key.rest).replace('#', "");
    (key.key.is_some() && letters.len() > 1).then_some(letters)
}

/// What tells a point's part: the rest of its name, and its description.
fn called(point: &PointFeatures, key: &NameKey) -> String {
    format!("{} {}", key.rest, point.description)
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
        // A number alone is an area's: 12_TIC_2650.SP.
        let names_equipment = name[..end].chars().any(char::is_alphabetic);
        if names_equipment && rest_tells && alike(&name[..end]) >= enough {
            best = Some((end, shape));
        }
    }
    let (end, shape) = best?;
    Some(NameKey {
        key: Some(name[..end].to_lowercase()),
        shape,
        equipment: name[..end].to_owned(),
        rest: name[end..].to_owned(),
        bare: name.to_owned(),
    })
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

/// A name with a single letter behind a number left open.
fn parallel(name: &str) -> String {
    let tokens = tokenize(name);
    let mut open = String::new();
    for (i, token) in tokens.iter().enumerate() {
        let follows = i > 0 && token.glued && tokens[i - 1].kind == TokenKind::Digits;
        open.push(' ');
        if follows && token.text.chars().count() == 1 { open.push('@') } else { open.push_str(&token.text) }
    }
    open.to_lowercase()
}
