//! What kind of equipment the names and descriptions speak of.

use std::collections::{BTreeMap, BTreeSet};

use super::point::PointReading;
use crate::matching::features::PointFeatures;
use crate::naming::{Phrase, Text, TokenKind, Word, WordClass, class_of, is_known, tokenize};

/// What a code in a single point's name is worth: 421_U10_FCU_FAULT tells what U10 is.
const MENTIONED_ONCE: f64 = 0.6;

/// The equipment's own words: what stands before the points' rests, and in their descriptions.
pub(in crate::matching) struct EquipmentWords {
    /// Per point: the name's head, its codes and those of its description (letters in front of a number, lower
    /// case), its description.
    points: Vec<(Text, Vec<String>, Text)>,
    /// Every word of the points' own names, lower case.
    mentions: BTreeSet<String>,
    /// Kinds of equipment that at least half of the telling points mention.
    kinds: Vec<Word>,
}

/// A keyword of a pattern, prepared.
pub(in crate::matching) struct Keyword {
    text: String,
    /// A code that means nothing but the equipment (fcu), unlike words that also name parts (motor).
    is_code: bool,
    phrase: Phrase,
}

impl Keyword {
    pub fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        let is_code = lower.len() >= 3 && !lower.contains(' ') && !is_known(&lower);
        Self { is_code, phrase: Phrase::new(text), text: lower }
    }

    /// What a point whose texts have it says for the pattern, 0..1. Short codes are shared by many things.
    fn strength(&self) -> f64 {
        match self.text.len() {
            1 => 0.5,
            2 => 0.75,
            _ => 1.0,
        }
    }
}

impl EquipmentWords {
    pub fn new(heads: &[String], features: &[PointFeatures], seen: &[PointReading]) -> Self {
        let points: Vec<(Text, Vec<String>, Text)> = heads
            .iter()
            .zip(features)
            .zip(seen)
            .map(|((head, features), point)| {
                let description = match &point.borrowed {
                    Some(borrowed) if point.words.description.is_empty() => borrowed.clone(),
                    _ => point.words.description.clone(),
                };
                (Text::new(head), [codes(head), codes(&features.description)].concat(), description)
            })
            .collect();
        let mut counts: BTreeMap<Word, usize> = BTreeMap::new();
        for (head, _, description) in &points {
            let mut kinds: Vec<Word> =
                head.tokens.iter().chain(&description.tokens).filter_map(kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            for word in kinds {
                *counts.entry(word).or_default() += 1;
            }
        }
        let telling = points.iter().filter(|(h, _, d)| !h.is_empty() || !d.is_empty()).count();
        let kinds = counts.into_iter().filter(|(_, n)| n * 2 >= telling.max(2)).map(|(word, _)| word);
        let names = seen.iter().flat_map(|point| &point.words.name.tokens);
        let mentions = names.map(|token| token.text.clone()).collect();
        Self { kinds: kinds.collect(), mentions, points }
    }

    /// Share of the points that carry one of the keywords, weighted by its strength, 0..1.
    pub fn call_it(&self, keywords: &[Keyword]) -> f64 {
        let of_keyword = |keyword: &Keyword| {
            let hits = self.points.iter().filter(|(head, codes, description)| {
                codes.contains(&keyword.text)
                    || keyword.text.len() > 2
                        && (keyword.phrase.found_in(head) || keyword.phrase.found_in(description))
            });
            keyword.strength() * hits.count() as f64 / self.points.len().max(1) as f64
        };
        let mentioned = |keyword: &Keyword| keyword.is_code && self.mentions.contains(&keyword.text);
        let code = if keywords.iter().any(mentioned) { MENTIONED_ONCE } else { 0.0 };
        keywords.iter().map(of_keyword).fold(code, f64::max)
    }

    /// Whether most points speak of another kind of equipment than these keywords.
    pub fn is_of_another_kind(&self, keywords: &[Keyword]) -> bool {
        !self.kinds.is_empty()
            && !self.kinds.iter().any(|kind| keywords.iter().any(|k| k.phrase.contains(*kind)))
    }
}

/// The kind of equipment that a token surely names.
fn kind(token: &crate::naming::TextToken) -> Option<Word> {
    let surest = token.meanings.iter().max_by(|a, b| a.certainty.total_cmp(&b.certainty))?;
    let only = surest.words.len() == 1 && surest.certainty >= 0.85;
    (only && class_of(surest.words[0]) == WordClass::Equipment).then(|| surest.words[0])
}

/// Letters directly in front of a number: P of P-305, vav of VAV 12.
fn codes(text: &str) -> Vec<String> {
    let tokens = tokenize(text);
    tokens
        .windows(2)
        .filter(|w| w[0].kind == TokenKind::Letters && w[1].kind == TokenKind::Digits)
        .map(|w| w[0].text.to_lowercase())
        .collect()
}
