//! Rows as int8 in the order that the kernels read them.

use super::{
    kernel::{COLUMNS, Columns, Kernel, Left, OFFSET, ROWS, Right, STEP},
    sums::sums,
};

pub(super) const GROUPS: usize = COLUMNS / ROWS;

/// Largest |q| that the kernel multiplies, and such that no product of two rows, the right one with its offset, leaves
/// i32.
pub(super) fn levels(kernel: Kernel, buckets: usize) -> i32 {
    let largest = i32::MAX / (2 * OFFSET) / i32::try_from(buckets.max(1)).unwrap_or(i32::MAX);
    assert!(largest > 0, "a row has more than eight million buckets");
    largest.min(kernel.largest())
}

/// As many rows as a kernel takes columns, an int8 number per row and place, once for each side of a product: as
/// columns all together, as rows in groups of `ROWS`. `STEP` places of each in turn are one word. What pads is zero.
pub(super) struct Panel {
    left: Vec<[u32; ROWS]>,
    right: Vec<Columns>,
    offsets: [i32; COLUMNS],
}

impl Panel {
    pub fn new(places: usize) -> Self {
        let steps = places.div_ceil(STEP);
        let empty = u32::from_le_bytes([OFFSET as u8; STEP]);
        Self {
            left: vec![[0; ROWS]; GROUPS * steps],
            right: vec![Columns([empty; COLUMNS]); steps],
            offsets: [0; COLUMNS],
        }
    }

    pub fn left(&self, group: usize) -> Left<'_> {
        let steps = self.right.len();
        let words = &self.left[group * steps..][..steps];
        Left { words, offsets: std::array::from_fn(|row| self.offsets[group * ROWS + row]) }
    }

    pub fn right(&self) -> Right<'_> {
        &self.right
    }

    pub fn write(&mut self, row: usize, values: &[i8]) {
        let left = &mut self.left[row / ROWS * self.right.len()..];
        let empty = u32::from_le_bytes([OFFSET as u8; STEP]);
        for ((left, right), bytes) in left.iter_mut().zip(&mut self.right).zip(values.chunks(STEP)) {
            let mut word = [0; STEP];
            bytes.iter().zip(&mut word).for_each(|(&value, byte)| *byte = value as u8);
            let word = u32::from_le_bytes(word);
            left[row % ROWS] = word;
            // Adding the offset flips the highest bit of a byte.
            right.0[row] = word ^ empty;
        }
        self.offsets[row] = OFFSET * values.iter().map(|&value| i32::from(value)).sum::<i32>();
    }
}

/// How numbers were rounded: `value = step · q + e`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rounding {
    pub step: f64,
    /// ‖step · q‖
    pub length: f64,
    /// ‖e‖
    pub residual: f64,
}

/// Writes q into `out` and says what was lost.
pub(super) fn round(values: &[f32], levels: i32, out: &mut Vec<i8>) -> Rounding {
    let largest = values.iter().fold(0.0, |largest, value| value.abs().max(largest));
    // Of what is smaller the inverse would leave f32; it is lost, and counts as such.
    let (step, inverse) =
        if largest > 1e-30 { (largest / levels as f32, levels as f32 / largest) } else { (0.0, 0.0) };
    // Adding it leaves a f32 no room for a fraction: rounds to the nearest whole number, which stands in the
    // lowest bits, in a fraction of the time of `round`.
    let whole = 1.5 * 2.0_f32.powi(23);
    out.clear();
    out.extend(values.iter().map(|value| (value * inverse + whole).to_bits() as i8));
    let step = f64::from(step);
    let [length, residual] = sums(values, values, |value, _| {
        let kept = step * f64::from((value * inverse + whole) - whole);
        [kept * kept, (f64::from(value) - kept).powi(2)]
    });
    Rounding { step, length: length.sqrt(), residual: residual.sqrt() }
}
