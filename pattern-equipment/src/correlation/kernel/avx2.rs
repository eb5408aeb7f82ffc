//! AVX2: bytes are multiplied, and their products added to 16 bits, twice two of them, before they go on to 32. The
//! 16 bits saturate, hence the smaller numbers, [`LARGEST`].
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::super::{exact, rows::Row};
use super::{COLUMNS, Columns, KnownColumns, KnownPairs, Left, Products, ROWS, Right};

/// 4 · 46 · (46 + 128), four products of the largest numbers with the offset, still is below 2¹⁵.
pub(super) const LARGEST: i32 = 46;
/// Steps whose products are added in 16 bits.
const TOGETHER: usize = 2;
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

type Sums = [[__m256i; PART_REGISTERS]; PART_ROWS];

#[target_feature(enable = "avx2")]
fn part(left: Left, right: Right, first_row: usize, first_column: usize) -> Sums {
    let mut sums = [[_mm256_setzero_si256(); PART_REGISTERS]; PART_ROWS];
    let (words, last_word) = left.words.as_chunks::<TOGETHER>();
    let (columns, last_column) = right.as_chunks::<TOGETHER>();
    for (words, columns) in words.iter().zip(columns) {
        steps(words, columns, first_row, first_column, &mut sums);
    }
    for (word, column) in last_word.iter().zip(last_column) {
        steps(&[*word], std::array::from_ref(column), first_row, first_column, &mut sums);
    }
    sums
}

#[inline]
#[target_feature(enable = "avx2")]
fn steps<const COUNT: usize>(
    words: &[[u32; ROWS]; COUNT],
    columns: &[Columns; COUNT],
    first_row: usize,
    first_column: usize,
    sums: &mut Sums,
) {
    let ones = _mm256_set1_epi16(1);
    for (row, sums) in (first_row..).zip(sums) {
        for (first_column, sum) in (first_column..).step_by(LANES).zip(sums) {
            let mut together = _mm256_setzero_si256();
            for (words, columns) in words.iter().zip(columns) {
                let columns = &columns.0[first_column..][..LANES];
                // SAFETY: the slice has the eight lanes.
                let values = unsafe { _mm256_loadu_si256(columns.as_ptr().cast()) };
                let products = _mm256_maddubs_epi16(values, _mm256_set1_epi32(words[row] as i32));
                together = _mm256_add_epi16(together, products);
            }
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(together, ones));
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn add(
    x: KnownPairs,
    columns: &KnownColumns,
    least: f32,
    products: &[i32; COLUMNS],
    r: &mut [f32; COLUMNS],
) -> u32 {
    columns.add(x, least, products, r)
}

#[target_feature(enable = "avx2")]
pub(super) fn exact(a: &[f32], x: &Row, b: &[f32], y: &Row) -> f64 {
    exact::complete(a, x, b, y)
}
