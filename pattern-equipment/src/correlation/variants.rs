//! Transforms of the grid on which other associations show than on its levels.

use rayon::prelude::*;

use super::rows::is_rounding;
use pattern_core::series::grid::Grid;

/// Buckets before and after the one that is looked at: of quarters of an hour, three hours in all leave less than 3 % of
/// a daily cycle's amplitude, but all of what a start or a changed load does. (A mean over a whole day would leave all
/// of the cycle.)
const HIGH_PASS_HALF: usize = 6;

/// Each row as its difference to its mean over the 13 buckets around, so that what all points share, the
/// day and the weather, does not tie them together. Gaps stay gaps.
pub fn high_pass(grid: &Grid) -> Grid {
    map_rows(grid, |row, out| {
        let half = HIGH_PASS_HALF;
        let mut sums = vec![(0.0_f64, 0_usize); row.len() + 1];
        for (i, value) in row.iter().enumerate() {
            let (sum, count) = sums[i];
            sums[i + 1] = if value.is_finite() { (sum + f64::from(*value), count + 1) } else { (sum, count) };
        }
        for (i, out) in out.iter_mut().enumerate() {
            let (low, high) = (i.saturating_sub(half), (i + half + 1).min(row.len()));
            let count = sums[high].1 - sums[low].1;
            let mean = (sums[high].0 - sums[low].0) / count.max(1) as f64;
            *out = (f64::from(row[i]) - mean) as f32;
        }
    })
}

/// Each row as its ranks among what it has (ties get their mean rank): r of the ranks of two rows without
/// gaps is Spearman's.
pub fn rank(grid: &Grid) -> Grid {
    map_rows(grid, |row, out| {
        let mut order: Vec<usize> = (0..row.len()).filter(|&i| row[i].is_finite()).collect();
        order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        let mut first = 0;
        for ties in order.chunk_by(|&a, &b| row[a] == row[b]) {
            let mean = first as f32 + (ties.len() - 1) as f32 / 2.0;
            ties.iter().for_each(|&i| out[i] = mean);
            first += ties.len();
        }
    })
}

/// A grid of what `change` writes for each row; what it does not write, and all of a constant row, is a gap.
fn map_rows(grid: &Grid, change: impl Fn(&[f32], &mut [f32]) + Sync) -> Grid {
    let mut values = vec![f32::NAN; grid.values.len()];
    if grid.buckets > 0 {
        values.par_chunks_mut(grid.buckets).enumerate().for_each(|(i, out)| {
            let row = grid.row(i);
            if !is_constant(row) {
                change(row, out);
            }
        });
    }
    Grid { points: grid.points.clone(), values, ..*grid }
}

/// Whether all that moves in a row of levels is the rounding of its numbers. Only there it can be told:
/// the variants have lost what it is small against.
fn is_constant(row: &[f32]) -> bool {
    let finite = || row.iter().filter(|v| v.is_finite()).map(|v| f64::from(*v));
    let count = finite().count().max(1) as f64;
    let mean = finite().sum::<f64>() / count;
    is_rounding(finite().map(|v| (v - mean).powi(2)).sum(), count, mean)
}
