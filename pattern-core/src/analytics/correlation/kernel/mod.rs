//! Products of int8 rows, on what the CPU has. Whole numbers: every path gives the same ones.

#[cfg(all(target_arch = "x86_64", target_endian = "little"))]
mod avx2;
#[cfg(all(target_arch = "x86_64", target_endian = "little"))]
mod avx512;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod portable;

use super::{exact, rows::Row};

/// Rows, columns and buckets that a kernel takes at once. 8 × 48 sums fill 24 of the 32 registers of AVX-512,
/// and a week of 48 columns is 32 KiB, which the first cache holds.
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

/// What is known of a row so far, see "In parts" of the module above.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scale {
    pub step: f32,
    /// ‖x̂‖
    pub length: f32,
    /// ‖e‖
    pub residual: f32,
    /// ‖x′‖
    pub rest: f32,
}

/// That of the columns a kernel takes.
#[derive(Default)]
pub(super) struct Scales {
    step: Lanes,
    length: Lanes,
    residual: Lanes,
    rest: Lanes,
}

#[repr(align(64))]
struct Lanes([f32; COLUMNS]);

impl Default for Lanes {
    fn default() -> Self {
        Self([0.0; COLUMNS])
    }
}

impl Scales {
    pub fn get(&self, i: usize) -> Scale {
        let [step, length, residual, rest] =
            [&self.step, &self.length, &self.residual, &self.rest].map(|lanes| lanes.0[i]);
        Scale { step, length, residual, rest }
    }

    pub fn set(&mut self, i: usize, scale: Scale) {
        let Self { step, length, residual, rest } = self;
        (step.0[i], length.0[i], residual.0[i], rest.0[i]) =
            (scale.step, scale.length, scale.residual, scale.rest);
    }

    /// Inlined, so that each path compiles it with what its CPU has.
    #[inline(always)]
    fn add(&self, x: Scale, threshold: f32, products: &[i32; COLUMNS], known: &mut [f32; COLUMNS]) -> u32 {
        let least = threshold - x.residual;
        let mut reach = 0;
        for i in 0..COLUMNS {
            known[i] += x.step * self.step.0[i] * products[i] as f32;
            let most = known[i].abs() + x.length * self.residual.0[i] + x.rest * self.rest.0[i];
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

    /// Adds a part's products of a row to what is known of its r with each column. How many may reach the threshold?
    #[allow(unsafe_code)]
    pub(super) fn add(
        self,
        x: Scale,
        columns: &Scales,
        threshold: f32,
        products: &[i32; COLUMNS],
        known: &mut [f32; COLUMNS],
    ) -> u32 {
        match self.0 {
            // SAFETY: `available` makes these paths only where the CPU has AVX2.
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx512Vnni | Path::Avx2 => unsafe { avx2::add(x, columns, threshold, products, known) },
            // Where NEON is, the compiler uses it everywhere.
            _ => columns.add(x, threshold, products, known),
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
