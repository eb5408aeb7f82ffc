//! Blocks of the matrix: int8 products decide which pairs are worth the exact r.

use rayon::prelude::*;

use super::{
    CorrelationOptions, Share, exact,
    kernel::{COLUMNS, Kernel, Products, ROWS, Scales},
    masked::{ColumnSums, Sums},
    packed::{Gaps, Packed, Rounding},
    rows::Row,
    strongest::Strongest,
};
use crate::analytics::grid::Grid;

/// Groups of columns in a block, and as many rows: enough to be worth a thread's while. Who changes it changes
/// what a [`Share`] is: workers of two versions may then not share a run.
const BLOCK: usize = 8;
const GROUPS_IN_BLOCK: usize = BLOCK * COLUMNS / ROWS;

/// More than all rounding between the numbers below and the exact r, in units of r: a dozen operations on
/// f32 of about 1, and the sums of the recheck.
pub(super) const SLACK: f64 = 1e-5;

/// What |r| lies between, as the screen knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub low: f64,
    pub high: f64,
}

pub(super) struct Screen<'a> {
    pub grid: &'a Grid,
    pub options: &'a CorrelationOptions,
    pub kernel: Kernel,
    /// Those without gaps first.
    pub rows: &'a [Row],
    /// By row: whether its pairs are wanted. A pair is looked at when one of its rows is.
    pub wanted: &'a [bool],
    pub packed: &'a Packed,
    pub strongest: &'a Strongest,
}

impl Screen<'_> {
    pub fn run(&self, share: Share) {
        let blocks = self.rows.len().div_ceil(COLUMNS * BLOCK);
        let all = (0..blocks).flat_map(|a| (a..blocks).map(move |b| (a, b)));
        // Taken in turn, because what lies near each other has as much to do: gaps, and rows that are wanted.
        let ours: Vec<(usize, usize)> = all.skip(share.number).step_by(share.of).collect();
        ours.into_par_iter().for_each(|(a, b)| self.block(a, b));
    }

    fn block(&self, rows: usize, columns: usize) {
        let last_group = self.rows.len().div_ceil(ROWS);
        let last_panel = self.rows.len().div_ceil(COLUMNS);
        let complete = self.rows.partition_point(|row| row.complete);
        for panel in columns * BLOCK..last_panel.min((columns + 1) * BLOCK) {
            let last_column = self.rows.len().min((panel + 1) * COLUMNS);
            let wanted_columns = self.wanted[panel * COLUMNS..last_column].contains(&true);
            let scales = self.scales(panel);
            // Over rows without gaps, a column's own sums are the same.
            let mut whole = None;
            // Of a pair, the row is the earlier one.
            let below = last_group.min((rows + 1) * GROUPS_IN_BLOCK).min(last_column.div_ceil(ROWS));
            for group in rows * GROUPS_IN_BLOCK..below {
                let last_row = self.rows.len().min((group + 1) * ROWS);
                if !wanted_columns && !self.wanted[group * ROWS..last_row].contains(&true) {
                    continue;
                }
                match &self.packed.gaps {
                    Some(gaps) if last_column > complete => {
                        let own = || ColumnSums::new(self.kernel, &self.packed.values, gaps, group, panel);
                        match last_row <= complete {
                            true => self.with_gaps(gaps, group, panel, whole.get_or_insert_with(own)),
                            false => self.with_gaps(gaps, group, panel, &own()),
                        }
                    }
                    _ => self.without_gaps(group, panel, &scales),
                }
            }
        }
    }

    fn scales(&self, panel: usize) -> Scales {
        let of = |i| &self.packed.rounding[panel * COLUMNS + i];
        Scales {
            step: std::array::from_fn(|i| of(i).step as f32),
            residual: std::array::from_fn(|i| of(i).residual as f32),
        }
    }

    /// Finds |step_x · step_y · q_x·q_y| + ‖e_x‖ + ‖x̂‖ ‖e_y‖ + slack ≥ threshold, divided by step_x.
    fn without_gaps(&self, group: usize, panel: usize, scales: &Scales) {
        let values = &self.packed.values;
        let mut products: Products = [[0; COLUMNS]; ROWS];
        self.kernel.products(values.left(group), values.right(panel), &mut products);
        for (row, products) in (group * ROWS..self.rows.len()).zip(&products) {
            let x = &self.packed.rounding[row];
            let weight = (x.length / x.step) as f32;
            let limit = ((self.options.threshold - x.residual - SLACK) / x.step) as f32;
            if !self.kernel.any_reaches(products, scales, weight, limit) {
                continue;
            }
            for i in (0..COLUMNS).filter(|&i| scales.reaches(products, i, weight, limit)) {
                let column = panel * COLUMNS + i;
                if self.is_wanted(row, column) {
                    self.recheck(row, column, bounds(products[i], x, &self.packed.rounding[column]));
                }
            }
        }
    }

    fn with_gaps(&self, gaps: &Gaps, group: usize, panel: usize, own: &ColumnSums) {
        let sums = Sums::new(self.kernel, &self.packed.values, gaps, group, panel, own);
        let columns = &self.packed.rounding[panel * COLUMNS..][..COLUMNS];
        for (i, row) in (group * ROWS..self.rows.len()).take(ROWS).enumerate() {
            let x = &self.packed.rounding[row];
            let reaches = |j: usize| sums.may_reach(i, j, x, &columns[j], self.options);
            if !(0..COLUMNS).fold(false, |any, j| any | reaches(j)) {
                continue;
            }
            for j in (0..COLUMNS).filter(|&j| reaches(j)) {
                let column = panel * COLUMNS + j;
                if self.is_wanted(row, column) {
                    self.recheck(row, column, sums.bounds(i, j, x, &columns[j]));
                }
            }
        }
    }

    fn is_wanted(&self, row: usize, column: usize) -> bool {
        row < column && column < self.rows.len() && (self.wanted[row] || self.wanted[column])
    }

    fn recheck(&self, row: usize, column: usize, bounds: Bounds) {
        let (x, y) = (&self.rows[row], &self.rows[column]);
        if bounds.low >= self.options.threshold
            && self.strongest.is_too_weak(x.point, y.point, bounds.high as f32)
        {
            return self.strongest.count(x.point, y.point);
        }
        let (a, b) = (self.grid.row(x.point), self.grid.row(y.point));
        let found = if x.complete && y.complete {
            Some((exact::complete(a, x, b, y), self.grid.buckets as u32))
        } else {
            exact::common(a, x, b, y, self.options.min_overlap)
        };
        if let Some((r, samples)) = found.filter(|(r, _)| r.abs() >= self.options.threshold) {
            self.strongest.offer(x.point, y.point, r as f32, samples);
        }
    }
}

/// ± ε around the product of two rows without gaps.
pub(super) fn bounds(product: i32, x: &Rounding, y: &Rounding) -> Bounds {
    let estimate = f64::from(product.abs()) * x.step * y.step;
    let error = x.residual + x.length * y.residual + SLACK;
    Bounds { low: estimate - error, high: estimate + error }
}
