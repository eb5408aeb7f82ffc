use pattern_core::series::{grid::Grid, pairs::Pair};
use pattern_equipment::correlation::{CorrelationOptions, correlate, high_pass, rank};
use proptest::{collection::vec, prelude::*};

use super::support::{Noise, grid};

const MIN_OVERLAP: usize = 8;

fn options(threshold: f64) -> CorrelationOptions {
    CorrelationOptions { threshold, min_overlap: MIN_OVERLAP, strongest_per_point: 1000 }
}

/// Pearson's r over the buckets both have, straight from its definition.
fn naive(a: &[f32], b: &[f32]) -> Option<(f64, usize)> {
    let both: Vec<(f64, f64)> = a
        .iter()
        .zip(b)
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .map(|(x, y)| (f64::from(*x), f64::from(*y)))
        .collect();
    let n = both.len() as f64;
    let (mx, my) = (both.iter().map(|p| p.0).sum::<f64>() / n, both.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| both.iter().map(|(x, y)| f(x - mx, y - my)).sum::<f64>();
    let (xx, yy, xy) = (sum(&|x, _| x * x), sum(&|_, y| y * y), sum(&|x, y| x * y));
    // What is this small against the values themselves is rounding.
    let (size_x, size_y) = (n * mx * mx + xx, n * my * my + yy);
    (both.len() >= MIN_OVERLAP && xx > 1e-11 * size_x && yy > 1e-11 * size_y)
        .then(|| (xy / (xx * yy).sqrt(), both.len()))
}

pub fn all_naive(grid: &Grid, threshold: f64) -> Vec<(usize, usize, f64, usize)> {
    let mut pairs = Vec::new();
    for a in 0..grid.points.len() {
        for b in a + 1..grid.points.len() {
            if let Some((r, n)) = naive(grid.row(a), grid.row(b))
                && r.abs() >= threshold
            {
                pairs.push((a, b, r, n));
            }
        }
    }
    pairs
}

/// Rows of one length; whole numbers, so that ties and constants are common, and some gaps.
fn rows() -> impl Strategy<Value = Vec<Vec<f32>>> {
    let value = prop_oneof![8 => (-4..5_i8).prop_map(f32::from), 1 => Just(f32::NAN)];
    let gappy = vec(value, 24);
    let complete = vec((-4..5_i8).prop_map(f32::from), 24);
    let constant = (-4..5_i8).prop_map(|v| vec![f32::from(v); 24]);
    vec(prop_oneof![4 => gappy, 4 => complete, 1 => constant], 2..12)
}

proptest! {
    #[test]
    fn every_pair_is_as_the_definition_has_it(rows in rows()) {
        let grid = grid(&rows);
        // All pairs, so that none can hide behind the threshold.
        let found = correlate(&grid, &options(0.0));
        let expected = all_naive(&grid, 0.0);
        let at = |p: &Pair| (p.a, p.b, p.samples as usize);
        prop_assert_eq!(
            found.pairs.iter().map(at).collect::<Vec<_>>(),
            expected.iter().map(|(a, b, _, n)| (*a, *b, *n)).collect::<Vec<_>>()
        );
        for (pair, (.., r, _)) in found.pairs.iter().zip(&expected) {
            prop_assert!((f64::from(pair.r) - r).abs() < 1e-6, "{pair:?} is {r}");
        }
        prop_assert_eq!(found.dropped, 0);
    }
}

#[test]
fn rows_beyond_one_block_are_all_compared_with_each_other() {
    // 40 groups of 30 rows, every seventh row with a gap: blocks of both kinds meet in all ways.
    let mut noise = Noise::new(7);
    let shared: Vec<Vec<f64>> = (0..40).map(|_| noise.series(48)).collect();
    let rows: Vec<Vec<f32>> = (0..1200)
        .map(|i| {
            let mut row: Vec<f32> =
                shared[i % 40].iter().map(|v| (1000.0 + v + 0.3 * noise.next()) as f32).collect();
            if i % 7 == 0 {
                row[i % 48] = f32::NAN;
            }
            row
        })
        .collect();
    let grid = grid(&rows);
    let found = correlate(&grid, &options(0.8));
    // A pair whose r is at the threshold itself may fall on either side.
    let clear = |pairs: Vec<(usize, usize, f64)>| -> Vec<(usize, usize)> {
        pairs.into_iter().filter(|p| (p.2.abs() - 0.8).abs() > 1e-6).map(|p| (p.0, p.1)).collect()
    };
    let found = clear(found.pairs.iter().map(|p| (p.a, p.b, f64::from(p.r))).collect());
    let expected = clear(all_naive(&grid, 0.8).into_iter().map(|(a, b, r, _)| (a, b, r)).collect());
    assert!(found.len() > 10_000, "{}", found.len());
    assert!(found == expected, "{} pairs instead of {}", found.len(), expected.len());
}

#[test]
fn constants_correlate_with_nothing_however_large_they_are() {
    // A held 101325 Pa moves by a rounding now and then; that is not movement.
    let wobble = |i: usize| if i.is_multiple_of(2) { 101_325.0 } else { 101_325.01_f32 };
    let rows: Vec<Vec<f32>> =
        vec![vec![0.0; 96], vec![101_325.0; 96], (0..96).map(wobble).collect(), vec![1e-30; 96]];
    let levels = grid(&rows);
    for variant in [levels.clone(), high_pass(&levels), rank(&levels)] {
        assert!(correlate(&variant, &options(0.0)).pairs.is_empty());
    }
}

#[test]
fn windows_of_every_length_find_their_pairs() {
    for length in MIN_OVERLAP..100 {
        let mut noise = Noise::new(length as u64);
        let common = noise.series(length);
        let mut row = |i: usize| -> Vec<f32> {
            let follows = i % 2 * i;
            common.iter().map(|v| (follows as f64 * v + 20.0 * noise.next()) as f32).collect()
        };
        let grid = grid(&(0..60).map(&mut row).collect::<Vec<_>>());
        let found: Vec<(usize, usize)> =
            correlate(&grid, &options(0.75)).pairs.iter().map(|pair| (pair.a, pair.b)).collect();
        let expected: Vec<(usize, usize)> =
            all_naive(&grid, 0.75).into_iter().map(|(a, b, ..)| (a, b)).collect();
        assert!(expected.len() > 50, "{} of length {length}", expected.len());
        assert_eq!(found, expected, "of length {length}");
    }
}

#[test]
fn a_row_that_is_constant_where_it_overlaps_correlates_with_nothing() {
    let mut a = vec![5.0_f32; 40];
    a[..10].copy_from_slice(&[1.0, 9.0, 2.0, 8.0, 3.0, 7.0, 1.5, 9.5, 0.0, 4.0]);
    let b: Vec<f32> = (0..40).map(|i| if i < 10 { f32::NAN } else { i as f32 }).collect();
    assert!(correlate(&grid(&[a, b]), &options(0.0)).pairs.is_empty());
}

#[test]
fn rows_that_overlap_too_little_say_nothing_however_alike_they_are() {
    let wave = |i: usize| (i as f32 / 3.0).sin();
    let apart = |overlap: usize| {
        let a = (0..60).map(|i| if i < 30 { wave(i) } else { f32::NAN }).collect();
        let b = (0..60).map(|i| if i >= 30 - overlap { wave(i) } else { f32::NAN }).collect();
        correlate(&grid(&[a, b]), &options(0.9)).pairs.len()
    };
    assert_eq!((apart(MIN_OVERLAP - 1), apart(MIN_OVERLAP)), (0, 1));
}

#[test]
fn each_point_keeps_its_strongest_pairs_and_the_rest_is_counted() {
    let mut noise = Noise::new(3);
    let shared = noise.series(96);
    let rows: Vec<Vec<f32>> = (0..20)
        .map(|i| shared.iter().map(|v| (v + 0.02 * f64::from(i) * noise.next()) as f32).collect())
        .collect();
    let grid = grid(&rows);
    let all = correlate(&grid, &options(0.5));
    let few = correlate(&grid, &CorrelationOptions { strongest_per_point: 3, ..options(0.5) });
    assert_eq!(few.pairs.len() as u64 + few.dropped, all.pairs.len() as u64);
    for point in 0..20 {
        let of_point = |pairs: &[Pair]| -> Vec<Pair> {
            let mut own: Vec<Pair> = pairs.iter().copied().filter(|p| p.a == point || p.b == point).collect();
            own.sort_by(|x, y| y.r.abs().total_cmp(&x.r.abs()));
            own
        };
        assert_eq!(of_point(&few.pairs)[..3], of_point(&all.pairs)[..3], "point {point}");
    }
}

#[test]
fn a_daily_cycle_that_all_share_ties_nothing_together_once_it_is_high_passed() {
    let mut noise = Noise::new(11);
    let cycle = |i: usize| 10.0 * (i as f64 / 96.0 * std::f64::consts::TAU).sin();
    let own: Vec<Vec<f64>> = (0..2).map(|_| noise.series(672)).collect();
    // Rows 0 and 1 share a signal of their own, row 2 only the day.
    let rows: Vec<Vec<f32>> = [0, 0, 1]
        .iter()
        .map(|&signal| (0..672).map(|i| (cycle(i) + own[signal][i] + 0.2 * noise.next()) as f32).collect())
        .collect();
    let grid = grid(&rows);
    let at_least = |grid: &Grid| -> Vec<(usize, usize)> {
        correlate(grid, &options(0.6)).pairs.iter().map(|p| (p.a, p.b)).collect()
    };
    assert_eq!(at_least(&grid), [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(at_least(&high_pass(&grid)), [(0, 1)]);
}
