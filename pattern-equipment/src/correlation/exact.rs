//! The f64 r of one pair: what decides, and what is kept.

use super::{rows::Row, sums::sums};

/// Variation over the common buckets below this share of the row's size there is rounding.
const DEGENERATE: f64 = 1e-12;

/// r of two rows without gaps. Inlined, so that each path compiles it with what its CPU has.
#[inline(always)]
pub(super) fn complete(a: &[f32], x: &Row, b: &[f32], y: &Row) -> f64 {
    let [products] = sums(a, b, |a, b| [(f64::from(a) - x.mean) * (f64::from(b) - y.mean)]);
    (products * x.scale * y.scale).clamp(-1.0, 1.0)
}

/// r over the buckets that both have, and their number. `None` where there are fewer than `min_overlap`, or
/// where one of the rows does not move there.
pub(super) fn common(a: &[f32], x: &Row, b: &[f32], y: &Row, min_overlap: usize) -> Option<(f64, u32)> {
    let both = |a: f32, b: f32| a.is_finite() && b.is_finite();
    let [count, sum_x, sum_y] = sums(a, b, |a, b| {
        let (dx, dy) = (f64::from(a) - x.mean, f64::from(b) - y.mean);
        if both(a, b) { [1.0, dx, dy] } else { [0.0; 3] }
    });
    if count < min_overlap.max(2) as f64 {
        return None;
    }
    // The means over the common buckets are not those of the whole rows.
    let (shift_x, shift_y) = (sum_x / count, sum_y / count);
    let [xx, yy, xy] = sums(a, b, |a, b| {
        let (dx, dy) = (f64::from(a) - x.mean - shift_x, f64::from(b) - y.mean - shift_y);
        if both(a, b) { [dx * dx, dy * dy, dx * dy] } else { [0.0; 3] }
    });
    let moves = |variation: f64, shift: f64| variation > DEGENERATE * (variation + count * shift * shift);
    let r = || (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0);
    (moves(xx, shift_x) && moves(yy, shift_y)).then(|| (r(), count as u32))
}
