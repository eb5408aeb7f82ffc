//! Rows as int8 in the order that the kernels read them.

use rayon::prelude::*;

use super::{
    kernel::{COLUMNS, Columns, Kernel, Left, OFFSET, ROWS, Right, STEP},
    rows::Row,
};
use crate::analytics::grid::Grid;

/// Largest |q| that the kernel multiplies, and such that no product of two rows, the right one with its offset, leaves
/// i32.
fn levels(kernel: Kernel, buckets: usize) -> i32 {
    let largest = i32::MAX / (2 * OFFSET) / i32::try_from(buckets.max(1)).unwrap_or(i32::MAX);
    assert!(largest > 0, "a row has more than eight million buckets");
    largest.min(kernel.largest())
}

/// One int8 number per row and bucket, once for each side of a product. Rows go in groups of `ROWS`, columns
/// in groups of `COLUMNS`; within a group, `STEP` buckets of each in turn are one word. What pads is zero.
pub(super) struct Layer {
    left: Vec<u32>,
    right: Vec<Columns>,
    offsets: Vec<i32>,
    steps: usize,
}

impl Layer {
    fn new(rows: usize, steps: usize) -> Self {
        let rows = rows.next_multiple_of(COLUMNS);
        let empty = u32::from_le_bytes([OFFSET as u8; STEP]);
        Self {
            left: vec![0; rows * steps],
            right: vec![Columns([empty; COLUMNS]); rows / COLUMNS * steps],
            offsets: vec![0; rows],
            steps,
        }
    }

    pub fn left(&self, group: usize) -> Left<'_> {
        let words = self.left[group * ROWS * self.steps..][..ROWS * self.steps].as_chunks().0;
        Left { words, offsets: std::array::from_fn(|row| self.offsets[group * ROWS + row]) }
    }

    pub fn right(&self, group: usize) -> Right<'_> {
        &self.right[group * self.steps..][..self.steps]
    }
}

/// How a row was rounded: `(value − mean) · scale = step · q + e`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rounding {
    pub step: f64,
    /// ‖step · q‖
    pub length: f64,
    /// ‖e‖
    pub residual: f64,
}

pub(super) struct Packed {
    /// q; 0 in a gap.
    pub values: Layer,
    /// What rows with gaps need besides; `None` where no row has one.
    pub gaps: Option<Gaps>,
    /// By row; whole groups of columns.
    pub rounding: Vec<Rounding>,
}

pub(super) struct Gaps {
    /// 1 where the row has a value.
    pub mask: Layer,
    /// q² = base · high + low
    pub high: Layer,
    pub low: Layer,
    /// One more than the largest |q|, so that neither part is larger than that.
    pub base: i32,
}

impl Packed {
    pub fn new(kernel: Kernel, grid: &Grid, rows: &[Row]) -> Self {
        let steps = grid.buckets.div_ceil(STEP);
        let layer = || Layer::new(rows.len(), steps);
        let mut values = layer();
        let levels = levels(kernel, grid.buckets);
        let base = levels + 1;
        let mut gaps = rows.iter().any(|row| !row.complete).then(|| Gaps {
            mask: layer(),
            high: layer(),
            low: layer(),
            base,
        });
        let mut rounding = vec![Rounding::default(); rows.len().next_multiple_of(COLUMNS)];

        let mut layers: Vec<&mut Layer> = vec![&mut values];
        if let Some(gaps) = &mut gaps {
            layers.extend([&mut gaps.mask, &mut gaps.high, &mut gaps.low]);
        }
        let mut writers: Vec<Vec<Writer>> =
            rows.chunks(COLUMNS).map(|_| Vec::with_capacity(layers.len())).collect();
        for layer in layers {
            let left = layer.left.chunks_mut((COLUMNS * steps).max(1));
            let words = left.zip(layer.right.chunks_mut(steps.max(1)));
            let chunks = words.zip(layer.offsets.chunks_mut(COLUMNS));
            for (writers, ((left, right), offsets)) in writers.iter_mut().zip(chunks) {
                writers.push(Writer { left, right, offsets, steps });
            }
        }
        let groups = rows.par_chunks(COLUMNS).zip(rounding.par_chunks_mut(COLUMNS)).zip(writers);
        groups.for_each_init(
            Default::default,
            |(buffer, part): &mut (Vec<i8>, Vec<i8>), ((rows, rounding), mut writers)| {
                for (i, (row, rounding)) in rows.iter().zip(rounding).enumerate() {
                    let values = grid.row(row.point);
                    *rounding = round(values, row, f64::from(levels), buffer);
                    writers[0].write(i, buffer);
                    if let [_, mask, high, low] = &mut writers[..] {
                        let mut of = |writer: &mut Writer, number: &dyn Fn(usize) -> i32| {
                            part.clear();
                            part.extend((0..values.len()).map(|bucket| number(bucket) as i8));
                            writer.write(i, part);
                        };
                        let square = |bucket: usize| i32::from(buffer[bucket]).pow(2);
                        of(mask, &|bucket| i32::from(values[bucket].is_finite()));
                        of(high, &|bucket| square(bucket) / base);
                        of(low, &|bucket| square(bucket) % base);
                    }
                }
            },
        );
        Self { values, gaps, rounding }
    }
}

/// Writes a row into `out` and says what was lost.
fn round(values: &[f32], row: &Row, levels: f64, out: &mut Vec<i8>) -> Rounding {
    let largest = values.iter().map(|&v| row.normal(v).abs()).fold(0.0, f64::max);
    let (step, inverse) = (largest / levels, levels / largest);
    // Adding it leaves a f64 no room for a fraction: rounds to the nearest whole number, which stands in the
    // lowest bits, in a fraction of the time of `round`.
    let whole = 1.5 * 2.0_f64.powi(52);
    out.clear();
    let (mut length, mut residual) = (0.0, 0.0);
    for &value in values {
        let value = row.normal(value);
        let rounded = value * inverse + whole;
        let kept = step * (rounded - whole);
        length += kept * kept;
        residual += (value - kept) * (value - kept);
        out.push(rounded.to_bits() as i8);
    }
    Rounding { step, length: f64::sqrt(length), residual: f64::sqrt(residual) }
}

/// A group of columns, and the groups of rows that are the same rows.
struct Writer<'a> {
    left: &'a mut [u32],
    right: &'a mut [Columns],
    offsets: &'a mut [i32],
    steps: usize,
}

impl Writer<'_> {
    fn write(&mut self, row: usize, values: &[i8]) {
        let left = &mut self.left[row / ROWS * ROWS * self.steps..];
        let empty = u32::from_le_bytes([OFFSET as u8; STEP]);
        for (step, bytes) in values.chunks(STEP).enumerate() {
            let mut word = [0; STEP];
            bytes.iter().zip(&mut word).for_each(|(&value, byte)| *byte = value as u8);
            let word = u32::from_le_bytes(word);
            left[step * ROWS + row % ROWS] = word;
            // Adding the offset flips the highest bit of a byte.
            self.right[step].0[row] = word ^ empty;
        }
        self.offsets[row] = OFFSET * values.iter().map(|&value| i32::from(value)).sum::<i32>();
    }
}
