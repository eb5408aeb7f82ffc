//! Correlating again what changed, with the same pairs as if all were.

use uuid::Uuid;

use super::{CorrelationOptions, Correlations, Kernel, Pair, Share, correlate_wanted, strongest::Strongest};
use pattern_core::series::grid::Grid;

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
pub fn correlate_changed(
    grid: &Grid,
    options: &CorrelationOptions,
    known: &[Pair],
    counts: &[Option<PairCount>],
) -> Recorrelated {
    let computed = rows_to_compute(known, counts);
    let known = still_known(known, &computed);
    let found = correlate_wanted(Kernel::available()[0], grid, options, &computed, &known, Share::ALL);
    recorrelated(found, computed, counts)
}

/// The rows that [`correlate_changed`] computes: those without a count, and those of which not all pairs were kept
/// and that lost one, because they may now keep one that was not. The pairs of the latter are what they were, so
/// no other row loses one by that.
pub fn rows_to_compute(known: &[Pair], counts: &[Option<PairCount>]) -> Vec<bool> {
    let kept = count(counts.len(), known.iter().filter(|p| counts[p.a].is_some() && counts[p.b].is_some()));
    let must = |(count, kept): (&Option<PairCount>, &u32)| {
        count.is_none_or(|before| before.not_kept > 0 && *kept < before.kept)
    };
    counts.iter().zip(&kept).map(must).collect()
}

/// A part of what [`correlate_changed`] computes.
pub fn correlate_share(
    grid: &Grid,
    options: &CorrelationOptions,
    computed: &[bool],
    share: Share,
) -> Correlations {
    correlate_wanted(Kernel::available()[0], grid, options, computed, &[], share)
}

/// What [`correlate_changed`] answers, from all shares of it in any order.
///
/// A share keeps the strongest pairs of every row that it saw. A pair that is among the strongest of all is among
/// the strongest of its share, so none is lost; and each pair is in one share, so the counts add up.
pub fn merge_shares(
    points: &[Uuid],
    options: &CorrelationOptions,
    known: &[Pair],
    counts: &[Option<PairCount>],
    computed: Vec<bool>,
    shares: impl IntoIterator<Item = Correlations>,
) -> Recorrelated {
    let strongest = Strongest::new(points, options.strongest_per_point);
    let known = still_known(known, &computed);
    known.iter().for_each(|pair| strongest.offer(pair.a, pair.b, pair.r, pair.samples));
    shares.into_iter().for_each(|share| strongest.add(&share));
    recorrelated(strongest.finish(), computed, counts)
}

fn still_known(known: &[Pair], computed: &[bool]) -> Vec<Pair> {
    known.iter().copied().filter(|pair| !computed[pair.a] && !computed[pair.b]).collect()
}

fn recorrelated(found: Correlations, computed: Vec<bool>, counts: &[Option<PairCount>]) -> Recorrelated {
    let Correlations { pairs, per_point, .. } = found;
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
