//! A cluster as matching looks at it: words and votes per point, prepared once for all patterns.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

use super::PointFeatures;
use super::keyword::EquipmentWords;
use super::order::{Order, Place, place};
use super::site::SiteMemory;
use super::told::{RoleOf, Votes};
use super::wordings::{Said, Wordings};
use crate::naming::{PointWords, Text, words};
use crate::units::{self, Unit};

pub(super) struct ClusterView<'a> {
    pub points: &'a [PointFeatures],
    pub cohesion: Option<f64>,
    pub seen: Vec<PointView>,
    pub equipment: EquipmentWords,
    site: &'a SiteMemory,
}

pub(super) struct PointView {
    pub place: Place,
    pub words: PointWords,
    /// What the descriptions of look-alikes say.
    pub borrowed: Option<Text>,
    /// How well all of these say each role.
    pub said: Said,
    /// `None` where it is not known.
    pub unit: Option<Unit>,
    pub has_no_unit: bool,
    pub votes: Votes,
    /// What look-alikes seem to be, as shares of 1; empty where there are none.
    pub presumed: BTreeMap<RoleOf, f64>,
    /// The name tells more than the letters of a loop, so its look-alikes play the same part in other equipment.
    pub is_of_equipment: bool,
}

impl<'a> ClusterView<'a> {
    pub fn new(
        points: &'a [PointFeatures],
        cohesion: Option<f64>,
        site: &'a SiteMemory,
        wordings: &Wordings,
    ) -> Self {
        let names: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
        let mut heads = Vec::with_capacity(points.len());
        let mut seen: Vec<PointView> = points
            .iter()
            .map(|point| {
                let key = site.key(&point.name, &names);
                let call = site.call(point, &key);
                let mut words = words(&key.bare, &point.description);
                if key.equipment.is_empty() {
                    heads.push(key.bare.clone());
                } else {
                    words.name = Text::new(&key.rest);
                    // What is read as an ISA tag are the letters that name the equipment.
                    words.isa.clear();
                    heads.push(key.equipment.clone());
                }
                let borrowed = site.description(&key).cloned();
                let votes = site.votes(&call);
                let presumed = site.presumed(&call);
                PointView {
                    place: place(&key.bare),
                    words,
                    borrowed,
                    said: Said::default(),
                    unit: units::parse(&point.unit),
                    has_no_unit: units::says_none(&point.unit),
                    votes,
                    presumed,
                    is_of_equipment: call.names_equipment,
                }
            })
            .collect();
        mark_common(seen.iter_mut().map(|p| &mut p.words.name).collect());
        mark_common(seen.iter_mut().map(|p| &mut p.words.description).collect());
        mark_common(seen.iter_mut().filter_map(|p| p.borrowed.as_mut()).collect());
        // Only now it is known which words the members share.
        for point in &mut seen {
            point.said = wordings.said_of(&point.words, point.borrowed.as_ref(), point.unit);
        }
        let equipment = EquipmentWords::new(&heads, points, &seen);
        Self { points, cohesion, seen, equipment, site }
    }

    /// In which order the site numbers the points of a machine.
    pub fn order(&self) -> &'a Order {
        &self.site.order
    }

    /// Bindings of look-alikes to this pattern: share of the points that have votes, each as far as it is of look-alikes,
    /// and how those went.
    pub fn site_votes(&self, pattern: &str) -> (f64, f64) {
        // Letters that many loops of a plant have (FI, PI, TI) say nothing about the machine.
        let look_alikes = self.seen.iter().filter(|p| p.is_of_equipment);
        let voted: Vec<&Votes> = look_alikes.map(|p| &p.votes).filter(|v| v.total > 0.0).collect();
        let all: f64 = voted.iter().map(|votes| votes.likeness).sum();
        if all == 0.0 {
            return (0.0, 0.0);
        }
        let for_it = |v: &&&Votes| {
            let here: f64 = v.by_role.iter().filter(|((p, _), _)| p == pattern).map(|(_, n)| n).sum();
            here / v.total
        };
        let agreement = voted.iter().map(|v| v.likeness * for_it(&v)).sum::<f64>() / all;
        (all / self.seen.len() as f64, agreement)
    }

    /// Whether no more than one answer, and that about other points, says that look-alikes are of this pattern.
    pub fn rests_on_one_answer(&self, pattern: &str) -> bool {
        let answers: BTreeSet<Uuid> = self
            .seen
            .iter()
            .filter_map(|point| point.votes.answers.get(pattern))
            .flatten()
            .copied()
            .collect();
        answers.len() == 1 && !answers.iter().any(|answer| self.site.is_answered_by(*answer, self.points))
    }

    /// As if nobody had answered anything.
    pub fn forget_answers(&mut self) {
        self.seen.iter_mut().for_each(|point| point.votes = Votes::default());
    }

    /// Roles that the site gave to look-alikes in this pattern.
    pub fn roles_of_site(&self, pattern: &str) -> BTreeSet<&str> {
        let votes = self.seen.iter().flat_map(|point| point.votes.by_role.keys());
        votes.filter(|(of, _)| of == pattern).map(|(_, role)| role.as_str()).collect()
    }
}

/// Words that most of the texts have tell the points not apart.
fn mark_common(mut texts: Vec<&mut Text>) {
    let filled = texts.iter().filter(|t| !t.is_empty()).count();
    if filled < 3 {
        return;
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for text in &texts {
        let distinct: HashSet<&String> = text.tokens.iter().map(|t| &t.text).collect();
        for token in distinct {
            *counts.entry(token.clone()).or_default() += 1;
        }
    }
    for token in texts.iter_mut().flat_map(|text| &mut text.tokens) {
        token.common = counts[&token.text] * 10 >= filled * 6;
    }
}
