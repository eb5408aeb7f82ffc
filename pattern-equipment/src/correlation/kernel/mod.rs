//! Products of rows, on what the CPU has: of int8, which are exact, what follows from them for r, and the r of a pair,
//! the same on every path.

#[cfg(all(target_arch = "x86_64", target_endian = "little"))]
mod avx2;
#[cfg(all(target_arch = "x86_64", target_endian = "little"))]
mod avx512;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod portable;

use super::{exact, rows::Row};

/// Rows, columns and buckets that a kernel takes at once. 8 × 48 sums fill 24 of the 32 registers of AVX-512,
/// and a week of 48 columns is 32 KiB, of which the first cache holds the parts that most products need.
pub(super) const ROWS: usize = 8;
pub(super) const COLUMNS: usize = 48;
pub(super) const STEP: usize = 4;

pub(super) type Products = [[i32; COLUMNS]; ROWS];

/// Words of four int8, the first in the lowest byte.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub words: &'a [[u32; ROWS]],
    /// What the offset of the right adds to each row's products.
    pub offsets: [i32; ROWS],
}

/// As the left, each byte with [`OFFSET`] added.
pub(super) type Right<'a> = &'a [Columns];

/// A step of a group of columns, in whole cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Columns(pub [u32; COLUMNS]);

/// Makes the right factor unsigned, as VNNI wants it.
pub(super) const OFFSET: i32 = 128;

/// What is known of a row after a part, see "In parts" of the module above.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KnownPairs {
    /// Of this part alone.
    pub step: f32,
    /// ‖x̂‖
    pub length: f32,
    /// ‖e‖
    pub residual: f32,
    /// ‖x′‖
    pub rest: f32,
}

/// Of the columns a kernel takes, each number side by side.
pub(super) struct KnownColumns {
    step: [f32; COLUMNS],
    length: [f32; COLUMNS],
    residual: [f32; COLUMNS],
    rest: [f32; COLUMNS],
}

impl Default for KnownColumns {
    fn default() -> Self {
        let zeros = [0.0; COLUMNS];
        Self { step: zeros, length: zeros, residual: zeros, rest: zeros }
    }
}

impl KnownColumns {
    pub fn get(&self, i: usize) -> KnownPairs {
        KnownPairs {
            step: self.step[i],
            length: self.length[i],
            residual: self.residual[i],
            rest: self.rest[i],
        }
    }

    pub fn set(&mut self, i: usize, known: KnownPairs) {
        (self.step[i], self.length[i]) = (known.step, known.length);
        (self.residual[i], self.rest[i]) = (known.residual, known.rest);
    }

    /// Inlined, so that each path compiles it with what its CPU has.
    #[inline(always)]
    fn add(&self, x: KnownPairs, least: f32, products: &[i32; COLUMNS], r: &mut [f32; COLUMNS]) -> u32 {
        let least = least - x.residual;
        let mut reach = 0;
        for i in 0..COLUMNS {
            r[i] += x.step * self.step[i] * products[i] as f32;
            let most = r[i].abs() + x.length * self.residual[i] + x.rest * self.rest[i];
            reach += u32::from(most >= least);
        }
        reach
    }
}

/// A way to multiply that this CPU has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Path);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
    Avx512Vnni,
    #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
    Avx2,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon,
    Portable,
}

impl Kernel {
    /// All that run here, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
        {
            let avx2 = is_x86_feature_detected!("avx2");
            if avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
                found.push(Self(Path::Avx512Vnni));
            }
            if avx2 {
                found.push(Self(Path::Avx2));
            }
        }
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        if std::arch::is_aarch64_feature_detected!("neon") {
            found.push(Self(Path::Neon));
        }
        found.push(Self(Path::Portable));
        found
    }

    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx512Vnni => "avx512-vnni",
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx2 => "avx2",
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Path::Neon => "neon",
            Path::Portable => "portable",
        }
    }

    /// The largest |q| that it multiplies.
    pub(super) fn largest(self) -> i32 {
        match self.0 {
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx2 => avx2::LARGEST,
            _ => 127,
        }
    }

    /// Σ left · right of each row with each column.
    #[allow(unsafe_code)]
    pub(super) fn products(self, left: Left, right: Right, out: &mut Products) {
        match self.0 {
            // SAFETY: `available` makes this path only where the CPU has these features.
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx512Vnni => unsafe { avx512::products(left, right, out) },
            // SAFETY: as above.
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx2 => unsafe { avx2::products(left, right, out) },
            // SAFETY: as above.
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Path::Neon => unsafe { neon::products(left, right, out) },
            Path::Portable => portable::products(left, right, out),
        }
    }

    /// Adds a part's products of a row to what is known of its r with each column. How many |r| may reach the least?
    #[allow(unsafe_code)]
    pub(super) fn add(
        self,
        x: KnownPairs,
        columns: &KnownColumns,
        least: f32,
        products: &[i32; COLUMNS],
        r: &mut [f32; COLUMNS],
    ) -> u32 {
        match self.0 {
            // SAFETY: `available` makes these paths only where the CPU has AVX2.
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx512Vnni | Path::Avx2 => unsafe { avx2::add(x, columns, least, products, r) },
            // Where NEON is, the compiler uses it everywhere.
            _ => columns.add(x, least, products, r),
        }
    }

    /// r of two rows without gaps, the same on every path.
    #[allow(unsafe_code)]
    pub(super) fn exact(self, a: &[f32], x: &Row, b: &[f32], y: &Row) -> f64 {
        match self.0 {
            // SAFETY: `available` makes these paths only where the CPU has AVX2.
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx512Vnni | Path::Avx2 => unsafe { avx2::exact(a, x, b, y) },
            _ => exact::complete(a, x, b, y),
        }
    }
}
