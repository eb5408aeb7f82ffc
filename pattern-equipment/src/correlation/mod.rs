//! All pairs whose |r| reaches a threshold, exactly, without ever holding the N×N matrix.
//!
//! Every pair is *screened* with products of int8 numbers, which the CPU does many at a time; what may reach
//! the threshold is *rechecked* with the f64 r of its definition, and that alone decides and is kept. The
//! screen errs on one side only: it lets pass too much, never too little.
//!
//! # The bound
//!
//! Let x be a row minus its mean, divided by its length, so that ‖x‖ = 1 and r = x·y. It is rounded to whole
//! numbers, |q| ≤ L: x = x̂ + e, x̂ = s·q, where s = max|xᵢ| / L. L is 127, or 46 with AVX2, whose products of bytes
//! have no room for more. The screen computes x̂·ŷ = s_x s_y q_x·q_y, and q_x·q_y is exact. What it misses is, with
//! Cauchy and Schwarz,
//!
//! > |x·y − x̂·ŷ| = |e_x·y + x̂·e_y| ≤ ‖e_x‖ + ‖x̂‖ ‖e_y‖ =: ε
//!
//! The norms are computed per row while it is rounded, so nothing is assumed about how values spread: a row
//! that is one spike has a large step s, but ε is what it is (each ‖e‖ ≤ √T s/2; about 0.008 for normal noise and
//! L = 127). A pair passes when |x̂·ŷ| + ε + slack ≥ threshold. The slack of 10⁻⁵ covers the rounding of the
//! inequality itself (a dozen f32 operations on numbers of about 1: below 10⁻⁶), of the rows and their transforms in
//! f32 (below 10⁻⁶ of a row's length) and of the recheck (f64: below 10⁻¹²).
//!
//! Where |x̂·ŷ| − ε − slack ≥ threshold the pair surely counts. If it is also surely weaker than what both of its
//! points keep already, it is counted without a recheck: a trip of the whole plant stays affordable.
//!
//! # In parts
//!
//! Most pairs are nowhere near the threshold, and a part of their products tells it. Rows without gaps are multiplied as
//! their spectra: the Fourier transform in real numbers is orthonormal, so r stays x·y, and of a row that moves slowly
//! nearly everything stands in a few low frequencies. Cut in parts, each rounded as above with a step of its own, x = x̂ + e + x′,
//! where x′ is what comes after the parts that are multiplied, and again with Cauchy and Schwarz
//!
//! > |x·y − x̂·ŷ| ≤ ‖e_x‖ + ‖x̂‖ ‖e_y‖ + ‖x′‖ ‖y′‖
//!
//! A block of pairs is done as soon as none of them can reach the threshold, or so few that they are rechecked at once.
//!
//! # Gaps
//!
//! With gaps, r is taken over the n buckets S that both have. Let C take the mean over S away; it is a
//! projection, so ‖C v‖ ≤ ‖v_S‖ ≤ ‖v‖. With a = ‖C x̂‖, b = ‖C ŷ‖ and the same Cauchy and Schwarz
//!
//! > |Cx·Cy − Cx̂·Cŷ| ≤ ‖e_x‖ ‖Cy‖ + a ‖e_y‖, and ‖Cx‖ lies within a ± ‖e_x‖, ‖Cy‖ within b ± ‖e_y‖,
//! >
//! > |r| = |Cx·Cy| / (‖Cx‖ ‖Cy‖) ≤ (|Cx̂·Cŷ| + a ‖e_y‖) / ((a − ‖e_x‖)(b − ‖e_y‖)) + ‖e_x‖ / (a − ‖e_x‖)
//!
//! n, a, b and Cx̂·Cŷ follow from n, Σq_x, Σq_y, Σq_xq_y, Σq_x² and Σq_y² over S, which are products of q, of
//! the masks and of q² (in two parts of at most L) and therefore exact. Where a row hardly moves over S
//! (a ≤ ‖e_x‖) nothing can be said, and the pair passes.

use rayon::prelude::*;

use pattern_core::series::{
    frame::FEWEST_BUCKETS,
    grid::Grid,
    pairs::{Correlations, Pair, Share},
};

mod bounds;
mod exact;
mod gaps;
mod incremental;
mod kernel;
mod lag;
mod masked;
mod packed;
mod rows;
mod screen;
mod spectrum;
mod strongest;
mod sums;
#[cfg(test)]
mod tests;
mod variants;

pub use incremental::{
    PairCount, Recorrelated, correlate_changed, correlate_share, merge_shares, rows_to_compute,
};
pub use kernel::Kernel;
pub use lag::{LARGEST_LAG, lags};
pub use variants::{high_pass, rank};

use gaps::Gaps;
use rows::Row;
use screen::Screen;
use spectrum::spectra;
use strongest::Strongest;

#[derive(Debug, Clone)]
pub struct CorrelationOptions {
    pub threshold: f64,
    /// Fewer common buckets than this say nothing.
    pub min_overlap: usize,
    /// Of each point's pairs only the strongest are kept.
    pub strongest_per_point: usize,
}

impl Default for CorrelationOptions {
    fn default() -> Self {
        Self { threshold: 0.6, min_overlap: FEWEST_BUCKETS, strongest_per_point: 64 }
    }
}

/// How many rows could be in a pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Comparable {
    /// Have a value at all.
    pub known: usize,
    /// … in enough buckets.
    pub long: usize,
    /// … that are not all the same.
    pub moving: usize,
}

/// What there is to compare.
pub fn comparable(grid: &Grid, min_overlap: usize) -> Comparable {
    let options = CorrelationOptions { min_overlap, ..CorrelationOptions::default() };
    let mut found = Comparable::default();
    for point in 0..grid.points.len() {
        let count = grid.row(point).iter().filter(|value| value.is_finite()).count();
        found.known += usize::from(count > 0);
        found.long += usize::from(count >= min_overlap);
        found.moving += usize::from(Row::new(point, grid.row(point), &options).is_some());
    }
    found
}

/// Correlates every row with every other one, on all cores. Constant rows correlate with nothing. The result
/// depends neither on the number of threads nor on the CPU.
pub fn correlate(grid: &Grid, options: &CorrelationOptions) -> Correlations {
    correlate_with(Kernel::available()[0], grid, options)
}

/// As [`correlate`], by a way of the caller's choice.
pub fn correlate_with(kernel: Kernel, grid: &Grid, options: &CorrelationOptions) -> Correlations {
    correlate_wanted(kernel, grid, options, &vec![true; grid.points.len()], &[], Share::ALL)
}

/// The pairs of which a row is wanted are found, as far as they belong to the share; those of the others are
/// `known`.
fn correlate_wanted(
    kernel: Kernel,
    grid: &Grid,
    options: &CorrelationOptions,
    wanted: &[bool],
    known: &[Pair],
    share: Share,
) -> Correlations {
    let strongest = Strongest::new(&grid.points, options.strongest_per_point);
    known.iter().for_each(|pair| strongest.offer(pair.a, pair.b, pair.r, pair.samples));
    let mut rows: Vec<Row> = (0..grid.points.len())
        .into_par_iter()
        .filter_map(|point| Row::new(point, grid.row(point), options))
        .collect();
    // What is wanted together: a group of rows and columns of which none is wanted is passed over.
    // What is rough needs more products before it is seen not to be alike: it meets what is as rough. Who changes the
    // order changes what a share is, see `screen::BLOCK`.
    let order = |row: &Row| (!row.complete, !wanted[row.point]);
    rows.sort_by(|a, b| order(a).cmp(&order(b)).then(a.roughness.total_cmp(&b.roughness)));
    let wanted: Vec<bool> = rows.iter().map(|row| wanted[row.point]).collect();
    let complete = rows.partition_point(|row| row.complete);
    let gaps = if complete < rows.len() { Gaps::of(kernel, grid, &rows) } else { Vec::new() };
    let screen = Screen {
        grid,
        options,
        kernel,
        rows: &rows,
        wanted: &wanted,
        spectra: &spectra(kernel, grid, &rows[..complete]),
        gaps: &gaps,
        strongest: &strongest,
    };
    screen.run(share);
    strongest.finish()
}
