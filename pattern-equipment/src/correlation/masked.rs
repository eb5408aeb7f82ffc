//! The screen of pairs of which a row has gaps.

use super::{
    CorrelationOptions,
    bounds::{Bounds, SLACK},
    gaps::Gaps,
    kernel::{COLUMNS, Kernel, Left, Products, ROWS, Right},
    packed::{Panel, Rounding},
};

/// Length over the common buckets from which a row surely moves there, by the measure of the exact r.
const SURELY_MOVES: f64 = 1e-5;

/// Sums over the common buckets of each row and column of a block; x is the row, y the column, both as their
/// whole numbers q.
pub(super) struct Sums<'a> {
    own: &'a ColumnSums,
    x: Products,
    xy: Products,
    xx: Products,
}

/// Those of the columns alone.
pub(super) struct ColumnSums {
    common: Products,
    y: Products,
    yy: Products,
}

impl ColumnSums {
    /// Of a group of the rows of x.
    pub fn new(kernel: Kernel, x: &Gaps, group: usize, y: &Gaps) -> Self {
        let of = |right| products(kernel, x.mask.left(group), right);
        let yy = squares(&of(y.high.right()), &of(y.low.right()), y.base);
        Self { common: of(y.mask.right()), y: of(y.values.right()), yy }
    }
}

impl<'a> Sums<'a> {
    pub fn new(kernel: Kernel, x: &Gaps, group: usize, y: &Gaps, own: &'a ColumnSums) -> Self {
        let over_common = |left: &Panel| products(kernel, left.left(group), y.mask.right());
        let xx = squares(&over_common(&x.high), &over_common(&x.low), x.base);
        let xy = products(kernel, x.values.left(group), y.values.right());
        Self { own, x: over_common(&x.values), xy, xx }
    }

    /// Whether |r| may reach the threshold: not [`Bounds::high`] < threshold, without its divisions. See "Gaps"
    /// of the module above.
    #[inline]
    pub fn may_reach(
        &self,
        i: usize,
        j: usize,
        x: &Rounding,
        y: &Rounding,
        options: &CorrelationOptions,
    ) -> bool {
        let at = self.at(i, j, x, y);
        let (least_x, least_y) = (at.x - at.lost_x, at.y - at.lost_y);
        let unknown = (least_x <= SURELY_MOVES * at.root) | (least_y <= SURELY_MOVES * at.root);
        let most = at.xy + at.x * at.lost_y + at.lost_x * least_y;
        (at.n >= options.min_overlap.max(2) as f64)
            & (unknown | (most >= (options.threshold - SLACK) * least_x * least_y))
    }

    pub fn bounds(&self, i: usize, j: usize, x: &Rounding, y: &Rounding) -> Bounds {
        let at = self.at(i, j, x, y);
        let (least_x, least_y) = (at.x - at.lost_x, at.y - at.lost_y);
        if least_x <= SURELY_MOVES * at.root || least_y <= SURELY_MOVES * at.root {
            return Bounds { low: 0.0, high: 1.0 };
        }
        let lost = at.x * at.lost_y;
        let error = at.lost_x / least_x + SLACK;
        Bounds {
            low: (at.xy - lost) / ((at.x + at.lost_x) * (at.y + at.lost_y)) - error,
            high: (at.xy + lost) / (least_x * least_y) + error,
        }
    }

    #[inline]
    fn at(&self, i: usize, j: usize, x: &Rounding, y: &Rounding) -> Scaled {
        let of = |products: &Products| f64::from(products[i][j]);
        let (n, sum_x, sum_y) = (of(&self.own.common), of(&self.x), of(&self.own.y));
        let root = n.sqrt();
        // Differences of whole numbers below 2⁵³ are exact, and so never negative.
        Scaled {
            n,
            root,
            x: x.step * (n * of(&self.xx) - sum_x * sum_x).sqrt(),
            y: y.step * (n * of(&self.own.yy) - sum_y * sum_y).sqrt(),
            xy: x.step * y.step * (n * of(&self.xy) - sum_x * sum_y).abs(),
            lost_x: root * x.residual,
            lost_y: root * y.residual,
        }
    }
}

/// Lengths times √n, and their product times n.
struct Scaled {
    n: f64,
    root: f64,
    /// ‖C x̂‖
    x: f64,
    /// ‖C ŷ‖
    y: f64,
    /// |C x̂ · C ŷ|
    xy: f64,
    /// ‖e_x‖
    lost_x: f64,
    lost_y: f64,
}

fn products(kernel: Kernel, left: Left, right: Right) -> Products {
    let mut products = [[0; COLUMNS]; ROWS];
    kernel.products(left, right, &mut products);
    products
}

/// Σq² from its two parts. No row has so many buckets that it would leave i32.
fn squares(high: &Products, low: &Products, base: i32) -> Products {
    std::array::from_fn(|i| std::array::from_fn(|j| base * high[i][j] + low[i][j]))
}
