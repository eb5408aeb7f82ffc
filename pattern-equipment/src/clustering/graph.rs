//! Points as nodes, by their places in a list, and what is between two of them.

use std::collections::BTreeMap;

/// An association of two points by index: signed r for signals, weight 0..1 for names.
pub type Edge = (u32, u32, f32);

/// The weight of each pair, the lower place first.
pub(super) type Weights = BTreeMap<(u32, u32), f32>;

/// What is known about points and pairs of them. Any of it may be empty: without names signals form clusters,
/// without samples names do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Associations<'a> {
    pub points: usize,
    /// Correlations. Of the levels only what the ranks confirm counts: the others rest on a few outliers.
    pub level: &'a [Edge],
    pub rank: &'a [Edge],
    pub high_pass: &'a [Edge],
    /// What names and descriptions say.
    pub names: &'a [Edge],
    /// A number per point for how its name is built: points of one template learn from each other. Empty: none does.
    pub templates: &'a [u32],
    /// Points whose equipment a person confirmed, each with a number for that equipment.
    pub confirmed: &'a [(u32, u32)],
    /// Points that a person took out of an equipment, by the same numbers.
    pub excluded: &'a [(u32, u32)],
}
