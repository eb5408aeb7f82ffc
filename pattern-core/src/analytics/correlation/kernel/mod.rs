//! Products of int8 rows, on what the CPU has. Whole numbers: every path gives the same ones.

#[cfg(all(target_arch = "x86_64", target_endian = "little"))]
mod avx2;
#[cfg(all(target_arch = "x86_64", target_endian = "little"))]
mod avx512;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod portable;

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

/// How each column of a group was rounded, to compare products with.
pub(super) struct Scales {
    pub step: [f32; COLUMNS],
    pub residual: [f32; COLUMNS],
}

impl Scales {
    /// Inlined, so that each path compiles it with what its CPU has.
    #[inline(always)]
    pub fn reaches(&self, products: &[i32; COLUMNS], i: usize, weight: f32, limit: f32) -> bool {
        products[i].abs() as f32 * self.step[i] + weight * self.residual[i] >= limit
    }

    #[inline(always)]
    fn any_reaches(&self, products: &[i32; COLUMNS], weight: f32, limit: f32) -> bool {
        (0..COLUMNS).fold(false, |any, i| any | self.reaches(products, i, weight, limit))
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

    /// Whether any column of a row's products reaches its limit.
    #[allow(unsafe_code)]
    pub(super) fn any_reaches(
        self,
        products: &[i32; COLUMNS],
        scales: &Scales,
        weight: f32,
        limit: f32,
    ) -> bool {
        match self.0 {
            // SAFETY: `available` makes these paths only where the CPU has AVX2.
            #[cfg(all(target_arch = "x86_64", target_endian = "little"))]
            Path::Avx512Vnni | Path::Avx2 => unsafe { avx2::any_reaches(products, scales, weight, limit) },
            // Where NEON is, the compiler uses it everywhere.
            _ => scales.any_reaches(products, weight, limit),
        }
    }
}
