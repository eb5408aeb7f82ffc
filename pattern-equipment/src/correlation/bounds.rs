//! How far the screen may be from the exact r.

use super::kernel::KnownPairs;

/// More than all rounding between the numbers of the screen and the exact r, in units of r: a dozen operations on
/// f32 of about 1, the transforms in f32, and the sums of the recheck.
pub(super) const SLACK: f64 = 1e-5;

/// What |r| lies between, as the screen knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub low: f64,
    pub high: f64,
}

/// What |r| lies between where so much is known of the rows.
pub(super) fn bounds(r: f32, x: KnownPairs, y: KnownPairs) -> Bounds {
    let r = f64::from(r.abs());
    let error = f64::from(x.residual + x.length * y.residual + x.rest * y.rest) + SLACK;
    Bounds { low: r - error, high: r + error }
}
