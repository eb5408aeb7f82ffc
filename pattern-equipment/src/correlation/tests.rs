//! What cannot be seen from outside: the numbers of the screen.

use chrono::DateTime;
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::{
    CorrelationOptions, Kernel,
    bounds::{SLACK, bounds},
    exact,
    gaps::Gaps,
    kernel::{COLUMNS, Products, ROWS},
    masked::{ColumnSums, Sums},
    rows::Row,
    spectrum::spectra,
};
use pattern_core::series::{frame::ROLLUP_SECONDS, grid::Grid};

/// Rows of one length that rounding is hardest on: far from zero, next to nothing, one spike, steps, few values, gaps,
/// nothing at all in the low frequencies.
fn hard_rows() -> impl Strategy<Value = Vec<Vec<f32>>> {
    prop::sample::select(vec![9, 16, 96, 101]).prop_flat_map(|length| vec(hard_row(length), 2..6))
}

fn hard_row(length: usize) -> impl Strategy<Value = Vec<f32>> {
    let noise = || vec(-1.0_f32..1.0, length);
    prop_oneof![
        noise(),
        noise().prop_map(|row| row.iter().map(|v| 1e7 + v * 100.0).collect()),
        noise().prop_map(|row| row.iter().map(|v| v * 1e-40).collect()),
        noise().prop_map(|row| row.iter().map(|v| v * 1e38).collect()),
        (noise(), 0..length, -1e6_f32..1e6).prop_map(|(mut row, at, spike)| {
            row[at] += spike;
            row
        }),
        (noise(), 1..length, -1e4_f32..1e4).prop_map(|(mut row, from, step)| {
            row[from..].iter_mut().for_each(|v| *v += step);
            row
        }),
        (noise(), 0..45).prop_map(|(mut row, power): (Vec<f32>, i32)| {
            row.iter_mut().for_each(|v| *v *= 10.0_f32.powi(-power));
            row.iter_mut().step_by(4).for_each(|v| *v = 1.0);
            row.iter_mut().skip(2).step_by(4).for_each(|v| *v = -1.0);
            row
        }),
        vec(prop_oneof![Just(0.0_f32), Just(1.0)], length),
        vec(prop_oneof![4 => -1.0_f32..1.0, 6 => Just(f32::NAN)], length),
    ]
}

/// A grid of the rows, and those that may correlate.
fn moving(rows: &[Vec<f32>], options: &CorrelationOptions) -> (Grid, Vec<Row>) {
    let grid = Grid {
        start: DateTime::UNIX_EPOCH,
        bucket_seconds: ROLLUP_SECONDS,
        buckets: rows[0].len(),
        points: (0..rows.len()).map(|i| Uuid::from_u128(i as u128)).collect(),
        values: rows.concat(),
    };
    let rows = (0..rows.len()).filter_map(|i| Row::new(i, grid.row(i), options)).collect();
    (grid, rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn with_gaps_the_exact_r_lies_within_the_bounds_of_the_screen(
        kernel in prop::sample::select(Kernel::available()),
        rows in hard_rows(),
        threshold in 0.0..1.0,
    ) {
        let options = CorrelationOptions { threshold, min_overlap: 8, strongest_per_point: 64 };
        let (grid, rows) = moving(&rows, &options);
        prop_assume!(rows.len() > 1);
        let gaps = &Gaps::of(kernel, &grid, &rows)[0];
        let own = ColumnSums::new(kernel, gaps, 0, gaps);
        let sums = Sums::new(kernel, gaps, 0, gaps, &own);
        for (i, j) in (0..rows.len()).flat_map(|j| (0..j).map(move |i| (i, j))) {
            let (x, y) = (&rows[i], &rows[j]);
            let (of_x, of_y) = (&gaps.rounding[i], &gaps.rounding[j]);
            let exact = exact::common(grid.row(x.point), x, grid.row(y.point), y, options.min_overlap);
            if let Some((r, _)) = exact {
                let r = r.abs();
                let found = sums.bounds(i, j, of_x, of_y);
                prop_assert!(found.low <= r && r <= found.high, "{r} is not within {found:?}");
                prop_assert!(r < threshold || sums.may_reach(i, j, of_x, of_y, &options), "{r} was lost");
            }
        }
    }

    #[test]
    fn the_exact_r_lies_within_what_is_known_after_each_part(
        kernel in prop::sample::select(Kernel::available()),
        rows in hard_rows(),
        threshold in 0.0..1.0,
    ) {
        let options = CorrelationOptions { threshold, min_overlap: 8, strongest_per_point: 64 };
        let (grid, mut rows) = moving(&rows, &options);
        rows.retain(|row| row.complete);
        prop_assume!(rows.len() > 1);
        let mut sums = [[0.0; COLUMNS]; ROWS];
        for part in &spectra(kernel, &grid, &rows)[0] {
            let mut products: Products = [[0; COLUMNS]; ROWS];
            kernel.products(part.numbers.left(0), part.numbers.right(), &mut products);
            for (i, x) in rows.iter().enumerate() {
                let of_x = part.known.get(i);
                let least = (threshold - SLACK) as f32;
                let reach = kernel.add(of_x, &part.known, least, &products[i], &mut sums[i]);
                let mut expected = 0;
                for (j, y) in rows.iter().enumerate() {
                    let r = kernel.exact(grid.row(x.point), x, grid.row(y.point), y).abs();
                    prop_assert_eq!(r, exact::complete(grid.row(x.point), x, grid.row(y.point), y).abs());
                    let found = bounds(sums[i][j], of_x, part.known.get(j));
                    prop_assert!(found.low <= r && r <= found.high, "{r} is not within {found:?}");
                    expected += u32::from(r >= threshold);
                }
                prop_assert!(reach >= expected, "{expected} reach {threshold}, {reach} may");
            }
        }
    }

    #[test]
    fn every_kernel_multiplies_exactly(
        left in vec(any::<i8>(), ROWS * 4 * 13),
        right in vec(any::<i8>(), COLUMNS * 4 * 13),
    ) {
        for kernel in Kernel::available() {
            let limited = |values: &[i8]| -> Vec<i8> {
                values.iter().map(|&v| i32::from(v).clamp(-kernel.largest(), kernel.largest()) as i8).collect()
            };
            multiplies_exactly(kernel, &limited(&left), &limited(&right))?;
        }
    }
}

fn multiplies_exactly(kernel: Kernel, left: &[i8], right: &[i8]) -> Result<(), TestCaseError> {
    use super::kernel::{Columns, Left, OFFSET};
    let word = |bytes: &[i8]| u32::from_le_bytes(std::array::from_fn(|i| bytes[i] as u8));
    let words: Vec<[u32; ROWS]> =
        left.chunks(ROWS * 4).map(|step| std::array::from_fn(|row| word(&step[row * 4..]))).collect();
    let columns: Vec<Columns> = right
        .chunks(COLUMNS * 4)
        .map(|step| Columns(std::array::from_fn(|column| word(&step[column * 4..]) ^ 0x8080_8080)))
        .collect();
    let of = |values: &[i8], width: usize, index: usize| -> Vec<i32> {
        let steps = values.chunks(width * 4);
        steps
            .flat_map(|step| step[index * 4..][..4].iter().map(|&v| i32::from(v)).collect::<Vec<_>>())
            .collect()
    };
    let offsets = std::array::from_fn(|row| OFFSET * of(left, ROWS, row).iter().sum::<i32>());
    let mut products: Products = [[7; COLUMNS]; ROWS];
    kernel.products(Left { words: &words, offsets }, &columns, &mut products);
    for (row, products) in products.iter().enumerate() {
        for (column, product) in products.iter().enumerate() {
            let (x, y) = (of(left, ROWS, row), of(right, COLUMNS, column));
            let expected: i32 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
            prop_assert_eq!(*product, expected, "{} at {} {}", kernel.name(), row, column);
        }
    }
    Ok(())
}

#[test]
fn every_kernel_multiplies_its_largest_numbers() {
    for kernel in Kernel::available() {
        let largest = kernel.largest() as i8;
        for (left, right) in
            [(largest, largest), (-largest, largest), (largest, -largest), (-largest, -largest)]
        {
            multiplies_exactly(kernel, &[left; ROWS * 4 * 13], &[right; COLUMNS * 4 * 13]).expect("exact");
        }
    }
}
