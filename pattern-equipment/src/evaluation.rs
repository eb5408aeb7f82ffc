//! How good groupings and probabilities are, against what people say. Used to measure, never to decide.
//!
//! Definitions follow scikit-learn; the tests compare with its numbers.

use std::collections::HashMap;

/// Counts from which all scores of a grouping follow. Both groupings name a group per item; an item that
/// belongs to none is given a group of its own.
#[derive(Debug, Clone)]
pub struct Contingency {
    items: f64,
    truth: Vec<f64>,
    found: Vec<f64>,
    cells: Vec<(usize, usize, f64)>,
}

/// Two groupings of the same items, compared; all scores but `ari` are 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupingScores {
    /// Adjusted Rand index: 1 is the same grouping, 0 what chance would do.
    pub ari: f64,
    /// Normalised mutual information, arithmetic mean.
    pub nmi: f64,
    /// Of the pairs that were put together, the share that belongs together.
    pub pair_precision: f64,
    /// Of the pairs that belong together, the share that was put together.
    pub pair_recall: f64,
}

impl Contingency {
    pub fn new(truth: &[usize], found: &[usize]) -> Self {
        assert_eq!(truth.len(), found.len(), "both groupings must be of the same items");
        let mut sizes = (HashMap::<usize, f64>::new(), HashMap::<usize, f64>::new());
        let mut cells = HashMap::<(usize, usize), f64>::new();
        for pair in truth.iter().copied().zip(found.iter().copied()) {
            *sizes.0.entry(pair.0).or_default() += 1.0;
            *sizes.1.entry(pair.1).or_default() += 1.0;
            *cells.entry(pair).or_default() += 1.0;
        }
        let number = |sizes: &HashMap<usize, f64>| -> (HashMap<usize, usize>, Vec<f64>) {
            let mut groups: Vec<usize> = sizes.keys().copied().collect();
            groups.sort_unstable();
            let counts = groups.iter().map(|g| sizes[g]).collect();
            (groups.into_iter().enumerate().map(|(i, g)| (g, i)).collect(), counts)
        };
        let ((truth_index, truth_sizes), (found_index, found_sizes)) = (number(&sizes.0), number(&sizes.1));
        let mut cells: Vec<(usize, usize, f64)> =
            cells.into_iter().map(|((t, f), n)| (truth_index[&t], found_index[&f], n)).collect();
        // Sums of floats depend on their order, and the same input has to give the same bits.
        cells.sort_by_key(|&(t, f, _)| (t, f));
        Self { items: truth.len() as f64, truth: truth_sizes, found: found_sizes, cells }
    }

    pub fn scores(&self) -> GroupingScores {
        let (together, of_truth, of_found) = self.pairs();
        let share = |of: f64| if of > 0.0 { together / of } else { 1.0 };
        GroupingScores {
            ari: self.adjusted_rand(),
            nmi: self.mutual_information(),
            pair_precision: share(of_found),
            pair_recall: share(of_truth),
        }
    }

    /// Pairs in the same group of both, of the truth, of what was found.
    fn pairs(&self) -> (f64, f64, f64) {
        let pairs = |n: &f64| n * (n - 1.0) / 2.0;
        (
            self.cells.iter().map(|(.., n)| pairs(n)).sum(),
            self.truth.iter().map(pairs).sum(),
            self.found.iter().map(pairs).sum(),
        )
    }

    fn adjusted_rand(&self) -> f64 {
        let (together, of_truth, of_found) = self.pairs();
        let all = self.items * (self.items - 1.0) / 2.0;
        let by_chance = if all > 0.0 { of_truth * of_found / all } else { 0.0 };
        let best = 0.5 * (of_truth + of_found);
        if best > by_chance { (together - by_chance) / (best - by_chance) } else { 1.0 }
    }

    fn mutual_information(&self) -> f64 {
        let entropy =
            |sizes: &[f64]| -> f64 { sizes.iter().map(|n| n / self.items).map(|p| -p * p.ln()).sum() };
        let (of_truth, of_found) = (entropy(&self.truth), entropy(&self.found));
        let shared: f64 = self
            .cells
            .iter()
            .map(|&(t, f, n)| n / self.items * (n * self.items / (self.truth[t] * self.found[f])).ln())
            .sum();
        let mean = 0.5 * (of_truth + of_found);
        if mean > 0.0 { (shared / mean).clamp(0.0, 1.0) } else { 1.0 }
    }
}

/// How far stated probabilities (0..1) are from what came true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationScores {
    /// Expected calibration error over ten bins of equal width: mean distance between what was said and how
    /// often it was so, weighted by the bins' sizes.
    pub ece: f64,
    /// Mean squared difference.
    pub brier: f64,
}

/// `None` where nothing was said.
pub fn calibration(said: &[(f64, bool)]) -> Option<CalibrationScores> {
    const BINS: usize = 10;
    if said.is_empty() {
        return None;
    }
    let mut bins = [(0.0, 0.0); BINS];
    for &(probability, right) in said {
        let bin = ((probability * BINS as f64) as usize).min(BINS - 1);
        bins[bin].0 += probability;
        bins[bin].1 += f64::from(u8::from(right));
    }
    let count = said.len() as f64;
    let ece = bins.iter().map(|(said, was)| (said - was).abs()).sum::<f64>() / count;
    let squares = said.iter().map(|&(p, right)| (p - f64::from(u8::from(right))).powi(2));
    Some(CalibrationScores { ece, brier: squares.sum::<f64>() / count })
}
