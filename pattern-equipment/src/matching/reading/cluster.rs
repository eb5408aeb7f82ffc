//! What the names, descriptions and units of a cluster's points say: all of it that no answer changes, so that it is
//! read once.

use std::collections::{HashMap, HashSet};

use super::keyword::EquipmentWords;
use super::point::PointReading;
use super::wordings::{Said, Wordings};
use crate::matching::features::PointFeatures;
use crate::matching::memory::{SiteMemory, place};
use crate::naming::{Text, words};
use pattern_core::units;

pub(in crate::matching) struct ClusterReading {
    pub points: Vec<PointReading>,
    pub equipment: EquipmentWords,
}

impl ClusterReading {
    pub fn new(features: &[PointFeatures], site: &SiteMemory, wordings: &Wordings) -> Self {
        let names: Vec<&str> = features.iter().map(|p| p.name.as_str()).collect();
        let mut heads = Vec::with_capacity(features.len());
        let mut points: Vec<PointReading> = features
            .iter()
            .map(|point| {
                let key = site.key(&point.name, &names);
                let mut words = words(&key.bare, &point.description);
                if key.equipment.is_empty() {
                    heads.push(key.bare.clone());
                } else {
                    words.name = Text::new(&key.rest);
                    // What is read as an ISA tag are the letters that name the equipment.
                    words.isa.clear();
                    heads.push(key.equipment.clone());
                }
                PointReading {
                    place: place(&key.bare),
                    words,
                    borrowed: site.description(&key).cloned(),
                    said: Said::default(),
                    unit: units::parse(&point.unit),
                    has_no_unit: units::says_none(&point.unit),
                    call: site.call(point, &key),
                }
            })
            .collect();
        mark_common(points.iter_mut().map(|p| &mut p.words.name).collect());
        mark_common(points.iter_mut().map(|p| &mut p.words.description).collect());
        mark_common(points.iter_mut().filter_map(|p| p.borrowed.as_mut()).collect());
        // Only now it is known which words the members share.
        for point in &mut points {
            point.said = wordings.said_of(&point.words, point.borrowed.as_ref(), point.unit);
        }
        let equipment = EquipmentWords::new(&heads, features, &points);
        Self { points, equipment }
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
