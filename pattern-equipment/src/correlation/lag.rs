//! By how much one point of a pair follows the other.

use rayon::prelude::*;
use realfft::{RealFftPlanner, num_complex::Complex32};

use super::{CorrelationOptions, Pair, rows::Row, sums::sums};
use pattern_core::series::grid::Grid;

/// Of quarters of an hour, six hours: what follows later than that cannot be told from what comes every day.
pub const LARGEST_LAG: usize = 24;

/// More than the rounding of the f32 transforms: shifts that are so near the best are compared exactly.
const NEARLY_BEST: f32 = 1e-4;

/// Buckets by which `b` of each pair follows `a` (negative: `a` follows `b`), up to [`LARGEST_LAG`] either way:
/// the shift at which the sum of products, with the sign of r, is greatest; of equal ones the nearest to 0.
/// Both rows keep the means and lengths of the whole window, so a shift that leaves less in common weighs less.
pub fn lags(grid: &Grid, pairs: &[Pair]) -> Vec<i32> {
    let most = LARGEST_LAG.min(grid.buckets.saturating_sub(1));
    // Zeros behind the row keep the end from wrapping around onto the start.
    let length = smooth(grid.buckets + most);
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));

    let any = CorrelationOptions { min_overlap: 0, ..CorrelationOptions::default() };
    let mut paired = vec![false; grid.points.len()];
    pairs.iter().for_each(|pair| [pair.a, pair.b].iter().for_each(|&i| paired[i] = true));
    let spectrum = |scratch: &mut Vec<Complex32>, i: usize| {
        let row = Row::new(i, grid.row(i), &any).filter(|_| paired[i])?;
        let mut padded: Vec<f32> = grid.row(i).iter().map(|v| row.normal(*v) as f32).collect();
        padded.resize(length, 0.0);
        let mut spectrum = forward.make_output_vec();
        forward.process_with_scratch(&mut padded, &mut spectrum, scratch).expect("lengths fit the plan");
        Some((row, spectrum))
    };
    let spectra: Vec<Option<(Row, Vec<Complex32>)>> =
        (0..grid.points.len()).into_par_iter().map_init(|| forward.make_scratch_vec(), spectrum).collect();
    let work = || (inverse.make_input_vec(), inverse.make_output_vec(), inverse.make_scratch_vec());
    let lag_of = |(products, shifted, scratch): &mut (Vec<_>, Vec<f32>, Vec<_>), pair: &Pair| {
        let (Some((x, a)), Some((y, b))) = (&spectra[pair.a], &spectra[pair.b]) else { return 0 };
        products.iter_mut().zip(a.iter().zip(b)).for_each(|(product, (a, b))| *product = a.conj() * b);
        inverse.process_with_scratch(products, shifted, scratch).expect("lengths fit the plan");
        let sign = pair.r.signum();
        let at = |lag: i32| sign * shifted[lag.rem_euclid(length as i32) as usize] / length as f32;
        let all = || -(most as i32)..=most as i32;
        let best = all().map(at).fold(f32::NEG_INFINITY, f32::max);
        let exact = |lag: i32| f64::from(sign) * shifted_product(grid, x, y, lag);
        let near = all().filter(|&lag| at(lag) >= best - NEARLY_BEST).map(|lag| (exact(lag), lag));
        near.min_by(|x, y| y.0.total_cmp(&x.0).then((x.1.abs(), -x.1).cmp(&(y.1.abs(), -y.1))))
            .map_or(0, |(_, lag)| lag)
    };
    pairs.par_iter().map_init(work, lag_of).collect()
}

/// Σ x(t) · y(t + lag)
fn shifted_product(grid: &Grid, x: &Row, y: &Row, lag: i32) -> f64 {
    let by = lag.unsigned_abs() as usize;
    let (a, b) = (grid.row(x.point), grid.row(y.point));
    let (a, b) = if lag >= 0 { (&a[..a.len() - by], &b[by..]) } else { (&a[by..], &b[..b.len() - by]) };
    let [sum] = sums(a, b, |a, b| [x.normal(a) * y.normal(b)]);
    sum
}

/// The first even number from `least` on that has no prime factor above 5: of such a length transforms are fast.
fn smooth(least: usize) -> usize {
    let is_smooth = |mut number: usize| {
        for prime in [2, 3, 5] {
            while number.is_multiple_of(prime) {
                number /= prime;
            }
        }
        number == 1
    };
    (least.max(2)..)
        .find(|&number| number.is_multiple_of(2) && is_smooth(number))
        .expect("numbers do not end")
}
