//! AVX2: bytes are widened to 16 bits, whose products are added in pairs to 32 bits. (The instruction that
//! multiplies bytes saturates.)
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{COLUMNS, Left, Products, ROWS, Right, Scales};

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
    let low_bytes = _mm256_set1_epi16(0xff);
    let mut sums = [[_mm256_setzero_si256(); PART_REGISTERS]; PART_ROWS];
    for (rows, columns) in left.words.iter().zip(right) {
        let columns = &columns.0[first_column..][..PART_COLUMNS];
        let mut even = [_mm256_setzero_si256(); PART_REGISTERS];
        let mut odd = even;
        for register in 0..PART_REGISTERS {
            // SAFETY: each register is 8 of the 16 words.
            let bytes = unsafe { _mm256_loadu_si256(columns.as_ptr().add(register * LANES).cast()) };
            even[register] = _mm256_and_si256(bytes, low_bytes);
            odd[register] = _mm256_srli_epi16::<8>(bytes);
        }
        for (sums, row) in sums.iter_mut().zip(&rows[first_row..][..PART_ROWS]) {
            let row = _mm256_set1_epi32(*row as i32);
            let row_even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(row));
            let row_odd = _mm256_srai_epi16::<8>(row);
            for (sum, (even, odd)) in sums.iter_mut().zip(even.into_iter().zip(odd)) {
                let pairs =
                    _mm256_add_epi32(_mm256_madd_epi16(even, row_even), _mm256_madd_epi16(odd, row_odd));
                *sum = _mm256_add_epi32(*sum, pairs);
            }
        }
    }
    sums
}

#[target_feature(enable = "avx2")]
pub(super) fn any_reaches(products: &[i32; COLUMNS], scales: &Scales, weight: f32, limit: f32) -> bool {
    scales.any_reaches(products, weight, limit)
}
