//! NEON: widening products of signed bytes, added in pairs to 32 bits.
#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::{COLUMNS, Left, Products, ROWS, Right};

/// Columns in a register; two lanes of its sums belong to each.
const LANES: usize = 4;
/// 4 × 8 columns in two registers of sums each.
const PART_ROWS: usize = 4;
const PART_REGISTERS: usize = 2;
const PART_COLUMNS: usize = PART_REGISTERS * LANES;

#[target_feature(enable = "neon")]
pub(super) fn products(left: Left, right: Right, out: &mut Products) {
    for first_column in (0..COLUMNS).step_by(PART_COLUMNS) {
        for first_row in (0..ROWS).step_by(PART_ROWS) {
            let sums = part(left, right, first_row, first_column);
            for (row, sums) in (first_row..).zip(sums) {
                for (register, [low, high]) in sums.into_iter().enumerate() {
                    let columns = &mut out[row][first_column + register * LANES..][..LANES];
                    // SAFETY: the slice has the four lanes.
                    unsafe { vst1q_s32(columns.as_mut_ptr(), vpaddq_s32(low, high)) };
                }
            }
        }
    }
}

#[target_feature(enable = "neon")]
fn part(
    left: Left,
    right: Right,
    first_row: usize,
    first_column: usize,
) -> [[[int32x4_t; 2]; PART_REGISTERS]; PART_ROWS] {
    // Flipping the highest bit takes the offset away again: here both factors are signed.
    let offset = vdupq_n_s8(i8::MIN);
    let mut sums = [[[vdupq_n_s32(0); 2]; PART_REGISTERS]; PART_ROWS];
    for (rows, columns) in left.words.iter().zip(right) {
        let columns = &columns.0[first_column..][..PART_COLUMNS];
        let mut values = [offset; PART_REGISTERS];
        for (register, value) in values.iter_mut().enumerate() {
            // SAFETY: each register is 4 of the 8 words.
            let words = unsafe { vld1q_u32(columns.as_ptr().add(register * LANES)) };
            *value = veorq_s8(vreinterpretq_s8_u32(words), offset);
        }
        for (sums, row) in sums.iter_mut().zip(&rows[first_row..][..PART_ROWS]) {
            let row = vreinterpretq_s8_u32(vdupq_n_u32(*row));
            for ([low, high], value) in sums.iter_mut().zip(values) {
                *low = vpadalq_s16(*low, vmull_s8(vget_low_s8(value), vget_low_s8(row)));
                *high = vpadalq_s16(*high, vmull_high_s8(value, row));
            }
        }
    }
    sums
}
