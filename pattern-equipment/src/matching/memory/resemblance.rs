//! How alike two points are called, for similar points that no common template joins: RMTEMP and RM_TMP.
//!
//! Texts are compared by their letter trigrams without digits, rare ones counting more (TF-IDF, cosine).

use std::collections::{BTreeMap, HashMap};

/// Trigrams with their weights, of length 1, sorted.
pub(super) type Trigrams = Vec<([char; 3], f32)>;

/// How often each trigram occurs at a site.
#[derive(Debug, Clone, Default)]
pub(super) struct Rarity {
    texts: f32,
    texts_with: HashMap<[char; 3], f32>,
}

impl Rarity {
    pub fn observe(&mut self, text: &str) {
        self.texts += 1.0;
        for trigram in trigrams(text).into_keys() {
            *self.texts_with.entry(trigram).or_default() += 1.0;
        }
    }

    pub fn weigh(&self, text: &str) -> Trigrams {
        let rarity = |trigram: &[char; 3]| {
            let with = self.texts_with.get(trigram).copied().unwrap_or(0.0);
            ((1.0 + self.texts) / (1.0 + with)).ln() + 1.0
        };
        let mut weighed: Trigrams =
            trigrams(text).into_iter().map(|(trigram, count)| (trigram, count * rarity(&trigram))).collect();
        let length = weighed.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        weighed.iter_mut().for_each(|(_, weight)| *weight /= length);
        weighed
    }
}

/// 0: nothing in common, 1: the same.
pub(super) fn resemblance(a: &Trigrams, b: &Trigrams) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.0.cmp(&y.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += x.1 * y.1;
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    sum
}

fn trigrams(text: &str) -> BTreeMap<[char; 3], f32> {
    let mut letters = vec![' '];
    for c in text.chars() {
        // Whatever separates is a blank, and several are one.
        let c = if c.is_alphabetic() { c.to_ascii_lowercase() } else { ' ' };
        if c != ' ' || letters.last() != Some(&' ') {
            letters.push(c);
        }
    }
    if letters.last() != Some(&' ') {
        letters.push(' ');
    }
    let mut counts = BTreeMap::new();
    for window in letters.windows(3) {
        *counts.entry([window[0], window[1], window[2]]).or_default() += 1.0;
    }
    counts
}
