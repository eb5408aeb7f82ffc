//! All pairs whose |r| reaches a threshold, exactly, without ever holding the N×N matrix.
//!
//! Rows without gaps are normalised once (mean 0, length 1); a block of the matrix is then one product.
//! Rows with gaps are correlated over the buckets both have (pairwise complete): with masks M and
//! masked values X, the sums that Pearson's r needs are the products XXᵀ, XMᵀ, X²Mᵀ and MMᵀ.

use super::grid::Grid;

#[derive(Debug, Clone)]
pub struct CorrelationOptions {
    pub threshold: f64,
    /// Fewer common buckets than this say nothing: a day by default.
    pub min_overlap: usize,
    /// Of each point's pairs only the strongest are kept.
    pub strongest_per_point: usize,
}

impl Default for CorrelationOptions {
    fn default() -> Self {
        Self { threshold: 0.6, min_overlap: 96, strongest_per_point: 64 }
    }
}

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

#[derive(Debug, Clone, Default)]
pub struct Correlations {
    /// By (a, b).
    pub pairs: Vec<Pair>,
    /// Pairs above the threshold that were among the strongest of neither point.
    pub dropped: u64,
}

/// Rows of a block of the product: of the N×N matrix 512 × 512 numbers exist at a time. The rows themselves
/// are held as f64, once here and once in the grid.
const BLOCK: usize = 512;
/// Variation below this share of a row's size is the noise of rounding: such a row is constant.
const RELATIVE_VARIANCE: f64 = 1e-12;

/// Correlates every row with every other one. Constant rows correlate with nothing.
pub fn correlate(grid: &Grid, options: &CorrelationOptions) -> Correlations {
    let rows: Vec<Row> = (0..grid.points.len()).filter_map(|i| Row::new(i, grid.row(i), options)).collect();
    let mut strongest = Strongest::new(grid.points.len(), options.strongest_per_point);
    let (complete, gappy): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.complete);
    let length = grid.buckets;
    let complete = blocks(&complete);
    let gappy = blocks(&gappy);
    for (i, a) in complete.iter().enumerate() {
        for b in &complete[i..] {
            complete_block(a, b, length, options, &mut strongest);
        }
        for b in &gappy {
            masked_block(a, b, length, options, &mut strongest);
        }
    }
    for (i, a) in gappy.iter().enumerate() {
        for b in &gappy[i..] {
            masked_block(a, b, length, options, &mut strongest);
        }
    }
    strongest.finish()
}

/// Buckets before and after the one that is looked at: three hours in all leave less than 3 % of a daily
/// cycle's amplitude, but all of what a start or a changed load does. (A mean over a whole day would leave all
/// of the cycle.)
const HIGH_PASS_HALF: usize = 6;

/// Each row as its difference to its mean over the three hours around, so that what all points share, the
/// day and the weather, does not tie them together. Gaps stay gaps.
pub fn high_pass(grid: &Grid) -> Grid {
    map_rows(grid, |row| {
        if is_constant(row) {
            return vec![f32::NAN; row.len()];
        }
        let half = HIGH_PASS_HALF;
        let mut sums = vec![(0.0_f64, 0_usize); row.len() + 1];
        for (i, value) in row.iter().enumerate() {
            let (sum, count) = sums[i];
            sums[i + 1] = if value.is_finite() { (sum + f64::from(*value), count + 1) } else { (sum, count) };
        }
        (0..row.len())
            .map(|i| {
                let (low, high) = (i.saturating_sub(half), (i + half + 1).min(row.len()));
                let count = sums[high].1 - sums[low].1;
                let mean = (sums[high].0 - sums[low].0) / count.max(1) as f64;
                (f64::from(row[i]) - mean) as f32
            })
            .collect()
    })
}

/// Each row as its ranks among what it has (ties get their mean rank): r of the ranks of two rows without
/// gaps is Spearman's.
pub fn rank(grid: &Grid) -> Grid {
    map_rows(grid, |row| {
        if is_constant(row) {
            return vec![f32::NAN; row.len()];
        }
        let mut order: Vec<usize> = (0..row.len()).filter(|&i| row[i].is_finite()).collect();
        order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        let mut ranks = vec![f32::NAN; row.len()];
        let mut first = 0;
        for ties in order.chunk_by(|&a, &b| row[a] == row[b]) {
            let mean = first as f32 + (ties.len() - 1) as f32 / 2.0;
            ties.iter().for_each(|&i| ranks[i] = mean);
            first += ties.len();
        }
        ranks
    })
}

fn map_rows(grid: &Grid, change: impl Fn(&[f32]) -> Vec<f32>) -> Grid {
    let values = (0..grid.points.len()).flat_map(|i| change(grid.row(i))).collect();
    Grid { values, ..grid.clone() }
}

/// Whether all that moves in a row of levels is the rounding of its numbers. Only there it can be told:
/// the variants have lost what it is small against.
fn is_constant(row: &[f32]) -> bool {
    let finite = || row.iter().filter(|v| v.is_finite()).map(|v| f64::from(*v));
    let count = finite().count().max(1) as f64;
    let mean = finite().sum::<f64>() / count;
    is_rounding(finite().map(|v| (v - mean).powi(2)).sum(), count, mean)
}

fn is_rounding(energy: f64, count: f64, mean: f64) -> bool {
    energy <= RELATIVE_VARIANCE * count * (mean * mean).max(f64::MIN_POSITIVE)
}

/// A row made ready: mean 0 over what it has, gaps 0, scaled to length 1.
struct Row {
    point: usize,
    values: Vec<f64>,
    mask: Vec<f64>,
    complete: bool,
}

impl Row {
    fn new(point: usize, row: &[f32], options: &CorrelationOptions) -> Option<Self> {
        let finite = row.iter().filter(|v| v.is_finite());
        let count = finite.clone().count();
        if count < options.min_overlap.max(2) {
            return None;
        }
        let mean = finite.clone().map(|v| f64::from(*v)).sum::<f64>() / count as f64;
        let mut values: Vec<f64> =
            row.iter().map(|v| if v.is_finite() { f64::from(*v) - mean } else { 0.0 }).collect();
        let energy: f64 = values.iter().map(|v| v * v).sum();
        if is_rounding(energy, count as f64, mean) {
            return None;
        }
        let scale = energy.sqrt().recip();
        values.iter_mut().for_each(|v| *v *= scale);
        let mask = row.iter().map(|v| if v.is_finite() { 1.0 } else { 0.0 }).collect();
        Some(Self { point, values, mask, complete: count == row.len() })
    }
}

/// Rows packed for products.
struct Block {
    points: Vec<usize>,
    values: Vec<f64>,
    squares: Vec<f64>,
    mask: Vec<f64>,
}

fn blocks(rows: &[Row]) -> Vec<Block> {
    rows.chunks(BLOCK)
        .map(|rows| Block {
            points: rows.iter().map(|r| r.point).collect(),
            values: rows.iter().flat_map(|r| r.values.iter().copied()).collect(),
            squares: rows.iter().flat_map(|r| r.values.iter().map(|v| v * v)).collect(),
            mask: rows.iter().flat_map(|r| r.mask.iter().copied()).collect(),
        })
        .collect()
}

fn complete_block(a: &Block, b: &Block, length: usize, options: &CorrelationOptions, out: &mut Strongest) {
    let products = product(&a.values, &b.values, a.points.len(), b.points.len(), length);
    for (i, &p) in a.points.iter().enumerate() {
        for (j, &q) in b.points.iter().enumerate() {
            let r = products[i * b.points.len() + j];
            if (p < q || !std::ptr::eq(a, b)) && r.abs() >= options.threshold {
                out.offer(p, q, r, length as u32);
            }
        }
    }
}

fn masked_block(a: &Block, b: &Block, length: usize, options: &CorrelationOptions, out: &mut Strongest) {
    let (rows, columns) = (a.points.len(), b.points.len());
    let of = |left: &[f64], right: &[f64]| product(left, right, rows, columns, length);
    let (n, xy) = (of(&a.mask, &b.mask), of(&a.values, &b.values));
    let (x, y) = (of(&a.values, &b.mask), of(&a.mask, &b.values));
    let (xx, yy) = (of(&a.squares, &b.mask), of(&a.mask, &b.squares));
    for (i, &p) in a.points.iter().enumerate() {
        for (j, &q) in b.points.iter().enumerate() {
            let at = i * columns + j;
            if (std::ptr::eq(a, b) && p >= q) || n[at] < options.min_overlap as f64 {
                continue;
            }
            let covariance = xy[at] - x[at] * y[at] / n[at];
            let (vx, vy) = (xx[at] - x[at] * x[at] / n[at], yy[at] - y[at] * y[at] / n[at]);
            // Over the common buckets a row may be constant although it is not elsewhere.
            if vx <= 1e-12 * xx[at] || vy <= 1e-12 * yy[at] {
                continue;
            }
            let r = (covariance / (vx * vy).sqrt()).clamp(-1.0, 1.0);
            if r.abs() >= options.threshold {
                out.offer(p, q, r, n[at] as u32);
            }
        }
    }
}

/// left (rows × length) · rightᵀ (length × columns).
#[allow(unsafe_code)]
fn product(left: &[f64], right: &[f64], rows: usize, columns: usize, length: usize) -> Vec<f64> {
    assert!(left.len() == rows * length && right.len() == columns * length, "shapes must fit");
    let mut out = vec![0.0; rows * columns];
    // SAFETY: the shapes were checked above and the strides stay within them.
    unsafe {
        matrixmultiply::dgemm(
            rows,
            length,
            columns,
            1.0,
            left.as_ptr(),
            length as isize,
            1,
            right.as_ptr(),
            1,
            length as isize,
            0.0,
            out.as_mut_ptr(),
            columns as isize,
            1,
        );
    }
    out
}

/// Keeps each point's strongest pairs.
struct Strongest {
    per_point: Vec<Vec<Pair>>,
    limit: usize,
    offered: u64,
}

impl Strongest {
    fn new(points: usize, limit: usize) -> Self {
        Self { per_point: vec![Vec::new(); points], limit, offered: 0 }
    }

    fn offer(&mut self, p: usize, q: usize, r: f64, samples: u32) {
        self.offered += 1;
        let pair = Pair { a: p.min(q), b: p.max(q), r: r.clamp(-1.0, 1.0) as f32, samples };
        for point in [p, q] {
            let kept = &mut self.per_point[point];
            kept.push(pair);
            // Trimming at twice the limit keeps an offer cheap on average.
            if kept.len() >= self.limit * 2 {
                trim(kept, self.limit);
            }
        }
    }

    fn finish(mut self) -> Correlations {
        for kept in &mut self.per_point {
            trim(kept, self.limit);
        }
        let mut pairs: Vec<Pair> = self.per_point.into_iter().flatten().collect();
        pairs.sort_by_key(|pair| (pair.a, pair.b));
        pairs.dedup_by_key(|pair| (pair.a, pair.b));
        let dropped = self.offered - pairs.len() as u64;
        Correlations { pairs, dropped }
    }
}

fn trim(pairs: &mut Vec<Pair>, limit: usize) {
    // Ties are broken by the points, so that the result does not depend on the order of the blocks.
    pairs.sort_by(|x, y| y.r.abs().total_cmp(&x.r.abs()).then((x.a, x.b).cmp(&(y.a, y.b))));
    pairs.truncate(limit);
}
