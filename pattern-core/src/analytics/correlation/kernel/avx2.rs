//! AVX2: bytes are multiplied, and the products added in pairs to 16 bits and again to 32. The 16 bits saturate,
//! hence the smaller numbers, [`LARGEST`].
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{COLUMNS, Left, Products, ROWS, Right, Scales};

/// 2 · 79 · (79 + 128), two products of the largest numbers with the offset, still is below 2¹⁵.
pub(super) const LARGEST: i32 = 79;
const LANES: usize = 8;
/// 4 × 16 sums, the values of two registers of columns and one row in both halves: 16 registers hold no more.
const PART_ROWS: usize = 4;
const PART_REGISTERS: usize = 2;
const PART_COLUMNS: usize = PART_REGISTERS * LANES;

#[target_feature(enable = "avx2")]
pub(super) fn products(left: Left, right: Right, out: &mut Products) {
    for first_column in (0..COLUMNS).step_by(PART_COLUMNS) {
        for first_row in (0..ROWS).step_by(PART_ROWS) {
            let sums = part(left, right, first_row, first_column);
            for (row, sums) in (first_row..).zip(sums) {
                for (register, sum) in sums.into_iter().enumerate() {
                    let sum = _mm256_sub_epi32(sum, _mm256_set1_epi32(left.offsets[row]));
                    let columns = &mut out[row][first_column + register * LANES..][..LANES];
                    // SAFETY: the slice has the eight lanes.
                    unsafe { _mm256_storeu_si256(columns.as_mut_ptr().cast(), sum) };
                }
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn part(
    left: Left,
    right: Right,
    first_row: usize,
    first_column: usize,
) -> [[__m256i; PART_REGISTERS]; PART_ROWS] {
    let ones = _mm256_set1_epi16(1);
    let mut sums = [[_mm256_setzero_si256(); PART_REGISTERS]; PART_ROWS];
    for (rows, columns) in left.words.iter().zip(right) {
        let columns = &columns.0[first_column..][..PART_COLUMNS];
        let mut values = [_mm256_setzero_si256(); PART_REGISTERS];
        for (register, value) in values.iter_mut().enumerate() {
            // SAFETY: each register is 8 of the 16 words.
            *value = unsafe { _mm256_loadu_si256(columns.as_ptr().add(register * LANES).cast()) };
        }
        for (sums, row) in sums.iter_mut().zip(&rows[first_row..][..PART_ROWS]) {
            let row = _mm256_set1_epi32(*row as i32);
            for (sum, value) in sums.iter_mut().zip(values) {
                let pairs = _mm256_maddubs_epi16(value, row);
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    sums
}

#[target_feature(enable = "avx2")]
pub(super) fn any_reaches(products: &[i32; COLUMNS], scales: &Scales, weight: f32, limit: f32) -> bool {
    scales.any_reaches(products, weight, limit)
}
