//! Correlating again what changed, with the same pairs as if all were.

use super::{CorrelationOptions, Correlations, Kernel, Pair, correlate_wanted};
use crate::analytics::grid::Grid;

/// Pairs of a row that reach the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairCount {
    pub kept: u32,
    /// Exact where the row was looked at; else at most so many, since what fell away of those that were not
    /// kept is not known.
    pub not_kept: u32,
}

#[derive(Debug, Clone)]
pub struct Recorrelated {
    /// All pairs of the grid, by (a, b).
    pub pairs: Vec<Pair>,
    /// By row: whether its pairs were computed. The other rows' pairs among each other are known ones.
    pub computed: Vec<bool>,
    pub counts: Vec<PairCount>,
}

/// Computes the pairs of the rows that have no count, and merges them with the `known` pairs of those that have
/// one: what an earlier run with the same options left of rows that did not change since.
///
/// A row of which not all pairs were kept, and that lost one, may now keep one that was not: it is computed too.
/// Its pairs are what they were, so no other row loses one by that.
pub fn correlate_changed(
    grid: &Grid,
    options: &CorrelationOptions,
    known: &[Pair],
    counts: &[Option<PairCount>],
) -> Recorrelated {
    let kept = count(counts.len(), known.iter().filter(|p| counts[p.a].is_some() && counts[p.b].is_some()));
    let must = |(count, kept): (&Option<PairCount>, &u32)| {
        count.is_none_or(|before| before.not_kept > 0 && *kept < before.kept)
    };
    let computed: Vec<bool> = counts.iter().zip(&kept).map(must).collect();
    let known: Vec<Pair> = known.iter().copied().filter(|p| !computed[p.a] && !computed[p.b]).collect();

    let Correlations { pairs, per_point, .. } =
        correlate_wanted(Kernel::available()[0], grid, options, &computed, &known);
    let kept = count(counts.len(), pairs.iter());
    let others = counts.len().saturating_sub(1) as u32;
    let counts = counts
        .iter()
        .enumerate()
        .map(|(row, before)| {
            let unseen = before.filter(|_| !computed[row]).map_or(0, |before| before.not_kept);
            let not_kept = (per_point[row] + unseen).min(others) - kept[row];
            PairCount { kept: kept[row], not_kept }
        })
        .collect();
    Recorrelated { pairs, computed, counts }
}

fn count<'a>(rows: usize, pairs: impl Iterator<Item = &'a Pair>) -> Vec<u32> {
    let mut counts = vec![0; rows];
    for pair in pairs {
        counts[pair.a] += 1;
        counts[pair.b] += 1;
    }
    counts
}
