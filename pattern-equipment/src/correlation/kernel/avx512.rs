//! AVX-512 with VNNI: four products of u8 and i8 per lane and instruction, added to 32 bits without saturation.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{COLUMNS, Left, Products, ROWS, Right};

const LANES: usize = 16;
const REGISTERS: usize = COLUMNS / LANES;

#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn products(left: Left, right: Right, out: &mut Products) {
    let mut sums = [[_mm512_setzero_si512(); REGISTERS]; ROWS];
    for (rows, columns) in left.words.iter().zip(right) {
        let mut values = [_mm512_setzero_si512(); REGISTERS];
        for (register, value) in values.iter_mut().enumerate() {
            // SAFETY: each register is 16 of the 48 words, a cache line.
            *value = unsafe { _mm512_load_si512(columns.0.as_ptr().add(register * LANES).cast()) };
        }
        for (sums, row) in sums.iter_mut().zip(rows) {
            let row = _mm512_set1_epi32(*row as i32);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = _mm512_dpbusd_epi32(*sum, value, row);
            }
        }
    }
    for ((out, sums), offset) in out.iter_mut().zip(sums).zip(left.offsets) {
        for (register, sum) in sums.into_iter().enumerate() {
            let sum = _mm512_sub_epi32(sum, _mm512_set1_epi32(offset));
            // SAFETY: each register is 16 of the 48 sums.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(register * LANES).cast(), sum) };
        }
    }
}
