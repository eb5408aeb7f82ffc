//! Blocks of the matrix: int8 products decide which pairs are worth the exact r.

use rayon::prelude::*;

use super::{
    CorrelationOptions, Share,
    bounds::{Bounds, SLACK, bounds},
    exact,
    gaps::Gaps,
    kernel::{COLUMNS, Kernel, Products, ROWS},
    masked::{ColumnSums, Sums},
    packed::GROUPS,
    rows::Row,
    spectrum::{PARTS, Parts},
    strongest::Strongest,
};
use pattern_core::series::grid::Grid;

/// Groups of columns in a block, and as many rows: enough to be worth a thread's while. Who changes it changes
/// what a [`Share`] is: workers of two versions may then not share a run.
const BLOCK: usize = 8;
const GROUPS_IN_BLOCK: usize = BLOCK * GROUPS;

/// So many exact r cost less than the products of another part.
const FEW: u32 = 2;

pub(super) struct Screen<'a> {
    pub grid: &'a Grid,
    pub options: &'a CorrelationOptions,
    pub kernel: Kernel,
    /// Those without gaps first.
    pub rows: &'a [Row],
    /// By row: whether its pairs are wanted. A pair is looked at when one of its rows is.
    pub wanted: &'a [bool],
    /// Of the rows without gaps.
    pub spectra: &'a [Parts],
    /// Of all rows; none where no row has a gap.
    pub gaps: &'a [Gaps],
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
            // Over rows without gaps, a column's own sums are the same.
            let mut whole = None;
            // Of a pair, the row is the earlier one.
            let below = last_group.min((rows + 1) * GROUPS_IN_BLOCK).min(last_column.div_ceil(ROWS));
            for group in rows * GROUPS_IN_BLOCK..below {
                let last_row = self.rows.len().min((group + 1) * ROWS);
                if !wanted_columns && !self.wanted[group * ROWS..last_row].contains(&true) {
                    continue;
                }
                let Some(y) = self.gaps.get(panel).filter(|_| last_column > complete) else {
                    self.without_gaps(group, panel);
                    continue;
                };
                let own = || ColumnSums::new(self.kernel, &self.gaps[group / GROUPS], group % GROUPS, y);
                match last_row <= complete {
                    true => self.with_gaps(group, panel, whole.get_or_insert_with(own)),
                    false => self.with_gaps(group, panel, &own()),
                }
            }
        }
    }

    /// Multiplies part by part, as long as there are more pairs that may reach the threshold than are quickly rechecked.
    fn without_gaps(&self, group: usize, panel: usize) {
        let rows = group * ROWS..self.rows.len().min((group + 1) * ROWS);
        let (of_rows, of_columns) = (&self.spectra[group / GROUPS], &self.spectra[panel]);
        let least = (self.options.threshold - SLACK) as f32;
        let mut r = [[0.0; COLUMNS]; ROWS];
        let mut products: Products = [[0; COLUMNS]; ROWS];
        for (part, (x, y)) in of_rows.iter().zip(of_columns).enumerate() {
            self.kernel.products(x.numbers.left(group % GROUPS), y.numbers.right(), &mut products);
            let known = |i: usize| x.known.get(group % GROUPS * ROWS + i);
            let mut reach = [0; ROWS];
            for i in 0..rows.len() {
                reach[i] = self.kernel.add(known(i), &y.known, least, &products[i], &mut r[i]);
            }
            let candidates: u32 = reach.iter().sum();
            if candidates > FEW && part + 1 < PARTS {
                continue;
            }
            for (i, row) in rows.enumerate().filter(|&(i, _)| reach[i] > 0) {
                for (j, &r) in r[i].iter().enumerate() {
                    let bounds = bounds(r, known(i), y.known.get(j));
                    let column = panel * COLUMNS + j;
                    if bounds.high >= self.options.threshold && self.is_wanted(row, column) {
                        self.recheck(row, column, bounds);
                    }
                }
            }
            return;
        }
    }

    fn with_gaps(&self, group: usize, panel: usize, own: &ColumnSums) {
        let (x, y) = (&self.gaps[group / GROUPS], &self.gaps[panel]);
        let sums = Sums::new(self.kernel, x, group % GROUPS, y, own);
        let columns = &y.rounding;
        for (i, row) in (group * ROWS..self.rows.len()).take(ROWS).enumerate() {
            let x = &x.rounding[row % COLUMNS];
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
            Some((self.kernel.exact(a, x, b, y), self.grid.buckets as u32))
        } else {
            exact::common(a, x, b, y, self.options.min_overlap)
        };
        if let Some((r, samples)) = found.filter(|(r, _)| r.abs() >= self.options.threshold) {
            self.strongest.offer(x.point, y.point, r as f32, samples);
        }
    }
}
