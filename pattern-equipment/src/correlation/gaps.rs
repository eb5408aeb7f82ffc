//! Rows as they are over time, with what is needed to leave their gaps out.

use rayon::prelude::*;

use super::{
    kernel::{COLUMNS, Kernel},
    packed::{Panel, Rounding, levels, round},
    rows::Row,
};
use pattern_core::series::grid::Grid;

pub(super) struct Gaps {
    /// q; 0 in a gap.
    pub values: Panel,
    /// 1 where the row has a value.
    pub mask: Panel,
    /// q² = base · high + low
    pub high: Panel,
    pub low: Panel,
    /// One more than the largest |q|, so that neither part is larger than that.
    pub base: i32,
    pub rounding: [Rounding; COLUMNS],
}

impl Gaps {
    /// A panel for every so many rows.
    pub fn of(kernel: Kernel, grid: &Grid, rows: &[Row]) -> Vec<Self> {
        let levels = levels(kernel, grid.buckets);
        rows.par_chunks(COLUMNS).map(|rows| Self::new(grid, rows, levels)).collect()
    }

    fn new(grid: &Grid, rows: &[Row], levels: i32) -> Self {
        let panel = || Panel::new(grid.buckets);
        let mut new = Self {
            values: panel(),
            mask: panel(),
            high: panel(),
            low: panel(),
            base: levels + 1,
            rounding: [Rounding::default(); COLUMNS],
        };
        let (mut normal, mut whole, mut part) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            let values = grid.row(row.point);
            normal.clear();
            normal.extend(values.iter().map(|&value| row.normal(value) as f32));
            new.rounding[i] = round(&normal, levels, &mut whole);
            // What the f32 had no room for.
            new.rounding[i].residual += f64::from(f32::EPSILON);
            new.values.write(i, &whole);
            let mut write = |panel: &mut Panel, number: &dyn Fn(usize) -> i32| {
                part.clear();
                part.extend((0..values.len()).map(|bucket| number(bucket) as i8));
                panel.write(i, &part);
            };
            let square = |bucket: usize| i32::from(whole[bucket]).pow(2);
            write(&mut new.mask, &|bucket| i32::from(values[bucket].is_finite()));
            write(&mut new.high, &|bucket| square(bucket) / new.base);
            write(&mut new.low, &|bucket| square(bucket) % new.base);
        }
        new
    }
}
