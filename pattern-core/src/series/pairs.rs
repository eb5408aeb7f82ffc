//! Pairs of rows that move together, as they are found and kept.

/// An association of two rows, `a < b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    pub a: usize,
    pub b: usize,
    /// Pearson's r, signed.
    pub r: f32,
    /// Buckets that both have.
    pub samples: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Correlations {
    /// By (a, b).
    pub pairs: Vec<Pair>,
    /// Pairs above the threshold that were among the strongest of neither point.
    pub dropped: u64,
    /// Of each row, how many pairs reach the threshold, kept or not.
    pub per_point: Vec<u32>,
}

/// One of so many parts of all pairs, each about as much work as the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    pub number: usize,
    pub of: usize,
}

impl Share {
    pub const ALL: Self = Self { number: 0, of: 1 };
}
