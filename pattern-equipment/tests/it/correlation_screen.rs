//! The screen must lose no pair and add none, on data made to trip it.

use pattern_core::series::{grid::Grid, pairs::Correlations};
use pattern_equipment::correlation::{CorrelationOptions, Kernel, correlate, correlate_with};
use proptest::prelude::*;

use super::{
    correlation::all_naive,
    support::{Noise, grid},
};

const LENGTH: usize = 96;

fn options(threshold: f64) -> CorrelationOptions {
    CorrelationOptions { threshold, min_overlap: 8, strongest_per_point: 1000 }
}

/// What correlates two rows may be hidden behind any of these.
#[derive(Debug, Clone, Copy)]
enum Disguise {
    None,
    HugeOffset,
    Denormal,
    Spike,
    Inverted,
    Constant,
    /// A share of the buckets is missing, in percent.
    Gaps(u8),
}

fn disguise() -> impl Strategy<Value = Disguise> {
    prop_oneof![
        3 => Just(Disguise::None),
        1 => Just(Disguise::HugeOffset),
        1 => Just(Disguise::Denormal),
        1 => Just(Disguise::Spike),
        1 => Just(Disguise::Inverted),
        1 => Just(Disguise::Constant),
        2 => (10..91_u8).prop_map(Disguise::Gaps),
    ]
}

fn disguised(row: &[f64], disguise: Disguise, noise: &mut Noise) -> Vec<f32> {
    let mut row: Vec<f32> = row
        .iter()
        .map(|v| match disguise {
            Disguise::HugeOffset => (3e6 + v * 1000.0) as f32,
            Disguise::Denormal => (v * 1e-41) as f32,
            Disguise::Inverted => (-v) as f32,
            Disguise::Constant => 101_325.0,
            Disguise::Gaps(percent) if noise.uniform() * 100.0 < f64::from(percent) => f32::NAN,
            _ => *v as f32,
        })
        .collect();
    if let Disguise::Spike = disguise {
        row[LENGTH / 3] += 1000.0;
    }
    row
}

/// Rows in groups that share a signal, each mixed so that its r to the signal is about `r`.
fn rows(seed: u64, r: f64, disguises: &[Disguise]) -> Grid {
    let mut noise = Noise::new(seed);
    let shared: Vec<Vec<f64>> = (0..3).map(|_| noise.series(LENGTH)).collect();
    let rows: Vec<Vec<f32>> = disguises
        .iter()
        .enumerate()
        .map(|(i, &disguise)| {
            let own = noise.series(LENGTH);
            let mixed: Vec<f64> =
                shared[i % 3].iter().zip(&own).map(|(s, o)| r * s + (1.0 - r * r).sqrt() * o).collect();
            disguised(&mixed, disguise, &mut noise)
        })
        .collect();
    grid(&rows)
}

/// Pairs but those whose r, as it is kept, is the threshold itself, to the last digits: these may fall on either
/// side.
fn clear(pairs: impl Iterator<Item = (usize, usize, f64)>, threshold: f64) -> Vec<(usize, usize)> {
    pairs.filter(|(.., r)| (r.abs() - threshold).abs() > 1e-7).map(|(a, b, _)| (a, b)).collect()
}

fn is_exact(found: &Correlations, grid: &Grid, threshold: f64) -> Result<(), TestCaseError> {
    let expected = all_naive(grid, threshold);
    prop_assert_eq!(
        clear(found.pairs.iter().map(|p| (p.a, p.b, f64::from(p.r))), threshold),
        clear(expected.iter().map(|&(a, b, r, _)| (a, b, f64::from(r as f32))), threshold)
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_pair_is_lost_or_made_up_whatever_hides_it(
        seed in any::<u64>(),
        r in 0.5..1.0,
        threshold in 0.05..0.98,
        disguises in proptest::collection::vec(disguise(), 2..70),
    ) {
        let grid = rows(seed, r, &disguises);
        is_exact(&correlate(&grid, &options(threshold)), &grid, threshold)?;
    }

    #[test]
    fn pairs_beside_the_threshold_are_decided_by_their_exact_r(
        seed in any::<u64>(),
        threshold in 0.3..0.95,
        gaps in prop_oneof![Just(0_u8), 10..91_u8],
    ) {
        // Every pair of neighbours is within a ten-thousandth of the threshold, which the screen cannot tell.
        let mut noise = Noise::new(seed);
        let mut all = Vec::new();
        for i in 0..30 {
            let (x, own) = (noise.series(LENGTH), noise.series(LENGTH));
            let missing: Vec<bool> = (0..LENGTH).map(|_| noise.uniform() * 100.0 < f64::from(gaps)).collect();
            let r = threshold + 1e-4 * (f64::from(i) / 15.0 - 1.0);
            let y = with_r(&x, &own, &missing, r);
            let hole = |row: Vec<f64>| row.iter().zip(&missing).map(|(v, m)| if *m { f32::NAN } else { *v as f32 }).collect();
            all.extend([hole(x), hole(y)]);
        }
        let grid = grid(&all);
        is_exact(&correlate(&grid, &options(threshold)), &grid, threshold)?;
    }
}

/// Of `own`, what is at a right angle to x, mixed with x so that their correlation over what is not missing is r.
fn with_r(x: &[f64], own: &[f64], missing: &[bool], r: f64) -> Vec<f64> {
    let known: Vec<usize> = (0..x.len()).filter(|&i| !missing[i]).collect();
    let normal = |row: &[f64]| -> Vec<f64> {
        let mean = known.iter().map(|&i| row[i]).sum::<f64>() / known.len() as f64;
        let length = known.iter().map(|&i| (row[i] - mean).powi(2)).sum::<f64>().sqrt();
        row.iter().map(|v| (v - mean) / length).collect()
    };
    let (x, own) = (normal(x), normal(own));
    let along: f64 = known.iter().map(|&i| x[i] * own[i]).sum();
    let across = normal(&x.iter().zip(&own).map(|(x, o)| o - along * x).collect::<Vec<_>>());
    x.iter().zip(&across).map(|(x, a)| r * x + (1.0 - r * r).sqrt() * a).collect()
}

#[test]
fn every_cpu_path_and_any_number_of_threads_find_the_same() {
    let kinds = [Disguise::None, Disguise::None, Disguise::Spike, Disguise::HugeOffset, Disguise::Gaps(40)];
    let disguises: Vec<Disguise> = (0..900).map(|i| kinds[i % kinds.len()]).collect();
    let grid = rows(5, 0.8, &disguises);
    // Few per point, so that which of many are kept depends on nothing but the pairs either.
    let options = CorrelationOptions { strongest_per_point: 5, ..options(0.6) };
    let expected = correlate(&grid, &options);
    assert!(expected.pairs.len() > 1000 && expected.dropped > 1000, "{} kept", expected.pairs.len());
    for kernel in Kernel::available() {
        assert!(correlate_with(kernel, &grid, &options) == expected, "{} differs", kernel.name());
    }
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(|| correlate(&grid, &options)) == expected, "{threads} threads differ");
    }
}

#[test]
fn of_equally_strong_pairs_those_with_the_lowest_ids_are_kept() {
    // Twenty times the same row: all r are 1.
    let mut noise = Noise::new(9);
    let row: Vec<f32> = noise.series(LENGTH).iter().map(|v| *v as f32).collect();
    let grid = grid(&vec![row; 20]);
    let few = CorrelationOptions { strongest_per_point: 2, ..options(0.9) };
    let kept: Vec<(usize, usize)> = correlate(&grid, &few).pairs.iter().map(|p| (p.a, p.b)).collect();
    let expected: Vec<(usize, usize)> =
        (1..20).map(|b| (0, b)).chain([(1, 2)]).chain((3..20).map(|b| (1, b))).collect();
    assert_eq!(kept, {
        let mut e = expected;
        e.sort();
        e
    });
}

#[test]
fn how_many_pairs_a_point_has_is_counted_even_where_few_are_kept() {
    let grid = rows(1, 0.9, &[Disguise::None; 60]);
    let all = correlate(&grid, &options(0.6));
    let few = correlate(&grid, &CorrelationOptions { strongest_per_point: 1, ..options(0.6) });
    assert_eq!(few.per_point, all.per_point);
    for point in 0..60 {
        let of_point = all.pairs.iter().filter(|p| p.a == point || p.b == point).count();
        assert_eq!(all.per_point[point] as usize, of_point);
    }
}
